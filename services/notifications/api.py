"""What an advocate sees of notices: that one waits, why it is held, when it went out; never an address."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends
from pydantic import BaseModel, ConfigDict

from runtime import disclosure
from runtime.http import Withheld, may, router
from runtime.unit import Unit
from schemas.categories import DataCategory
from schemas.codes import ChannelKind, NoticeKind, NoticeState
from services.notifications import store

MayReadCases = Annotated[Unit, Depends(may("cases:read"))]
routes = router("/v1")


class NoticeAnswer(BaseModel):
    """Where one notice stands."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    notice_ref: UUID
    kind: NoticeKind
    state: NoticeState
    reason: str | None
    channel_kind: ChannelKind | None
    planned_at: datetime
    planned_for: datetime | None
    sent_at: datetime | None
    coalesced_into: UUID | None  # the notice that went out in its place
    coalesced: int  # how many others this one stands for


class NoticesAnswer(BaseModel):
    """The notices of one case, in the order they were planned."""

    notices: list[NoticeAnswer]


@routes.get("/cases/{case_ref}/notices")
async def read_notices(case_ref: UUID, unit: MayReadCases) -> NoticesAnswer:
    """List the notices of the agency's own case."""
    if not await store.is_own_case(unit.session, unit.agency_id, case_ref):
        await disclosure.note_absent(unit, case_ref)
        raise Withheld
    if not await disclosure.look(unit, case_ref, [DataCategory.SAFE_CONTACT]):
        raise Withheld
    rows = await store.notices_of(unit.session, unit.agency_id, case_ref)
    return NoticesAnswer(notices=[NoticeAnswer.model_validate(row) for row in rows])
