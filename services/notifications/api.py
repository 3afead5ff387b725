"""What an advocate sees of notices: that one waits, why it is held, when it went out; never an address."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Request, Response
from pydantic import BaseModel, ConfigDict

from runtime import disclosure
from runtime.database.unit_of_work import UnitOfWork
from runtime.http import (
    Absent,
    CreatedResources,
    Cursor,
    Limit,
    Withheld,
    replayed_by,
    require_scope,
    router,
)
from runtime.http.pagination import link_next
from runtime.http.sealed_cursors import sealed, unsealed_place
from schemas.categories import DataCategory
from schemas.codes import ChannelKind, NoticeKind, NoticeState
from schemas.strict_model import StrictModel
from schemas.values import AgencyRef, Instant, Slug
from services.notifications import braked, store
from services.notifications.braked import BrakeDecision, BrakeOutcome, Flood

MayReadCases = Annotated[UnitOfWork, Depends(require_scope("cases:read"))]
MayRelease = Annotated[UnitOfWork, Depends(require_scope("notices:release"))]
Source = Annotated[AgencyRef, Path(description="the agency whose news it is")]
Kind = Annotated[Slug, Path(description="a kind of notice")]
routes = router("/v1")


class NoticeResponse(BaseModel):
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
    decided_by: str | None  # who let it go, or dropped it, when the brake held it
    decided_at: datetime | None


class NoticesResponse(BaseModel):
    """The notices of one case, in the order they were planned."""

    notices: list[NoticeResponse]


class BrakedResponse(BaseModel):
    """What the brake holds of one kind from one agency; its notices are listed one by one."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    source_agency_ref: str
    kind: NoticeKind
    notices: int
    cases: int
    first_planned_at: datetime
    last_planned_at: datetime
    until: datetime  # when the first of them goes out by itself


class BrakedGroupsResponse(BaseModel):
    """All that the brake holds and the asker may see; not `whole` where it goes on beyond what is counted."""

    braked: list[BrakedResponse]
    whole: bool


class BrakedNoticeResponse(NoticeResponse):
    """A notice that the brake holds, and whose it is."""

    case_ref: UUID


class BrakedNoticesResponse(BaseModel):
    """A page of the notices that the brake holds of one kind from one agency."""

    notices: list[BrakedNoticeResponse]


class DecisionRequest(StrictModel):
    """Up to where the person looked: what was planned later stays held."""

    planned_until: Instant


class DecisionResponse(BaseModel):
    """How many notices the decision was about; not `whole` where some that it names are left for another."""

    notices: int
    cases: int
    whole: bool


@routes.get("/cases/{case_ref}/notices")
async def read_notices(case_ref: UUID, unit: MayReadCases) -> NoticesResponse:
    """List the notices of the agency's own case."""
    if not await store.is_own_case(unit.session, unit.agency_id, case_ref):
        await disclosure.record_not_found(unit, case_ref)
        raise Withheld
    if not await disclosure.read_mask(unit, case_ref, [DataCategory.SAFE_CONTACT]):
        raise Withheld
    rows = await store.notices_of(unit.session, unit.agency_id, case_ref)
    return NoticesResponse(notices=[NoticeResponse.model_validate(row) for row in rows])


@routes.get("/braked-notices")
async def list_braked(unit: MayRelease) -> BrakedGroupsResponse:
    """Count what the brake holds for a person to look at, by the agency it came from and its kind."""
    groups, whole = await braked.groups(unit)
    return BrakedGroupsResponse(braked=[BrakedResponse.model_validate(group) for group in groups], whole=whole)


@routes.get("/braked-notices/{source_agency_ref}/{kind}")
async def list_braked_notices(
    source_agency_ref: Source,
    kind: Kind,
    unit: MayRelease,
    request: Request,
    response: Response,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> BrakedNoticesResponse:
    """List the notices that the brake holds of one kind from one agency, oldest first; each case is on record a day.

    A page may be short or empty and still have a next one.
    """
    name = f"{braked.NAME} {source_agency_ref} {kind}"
    behind = None if cursor is None else await unsealed_place(unit, name, cursor)
    page = await braked.page(unit, source_agency_ref, kind, behind, limit)
    if not page.rows and page.last is None and cursor is None:
        raise Absent
    last = page.last
    place = None if last is None else (last.planned_at.isoformat(), str(last.notice_ref))
    link_next(request, response, None if place is None else await sealed(unit, name, *place))
    return BrakedNoticesResponse(notices=[BrakedNoticeResponse.model_validate(row) for row in page.rows])


async def as_decided(
    source_agency_ref: Source, kind: Kind, form: DecisionRequest, unit: MayRelease, decision_ref: CreatedResources
) -> DecisionResponse:
    """Tell what a decision was about, as far as this person may see it now."""
    flood = Flood(source_agency_ref, kind, form.planned_until)
    return await _answer(unit, flood, await braked.decided(unit, decision_ref))


@routes.post("/braked-notices/{source_agency_ref}/{kind}/release")
@replayed_by(as_decided)
async def release_braked(
    source_agency_ref: Source, kind: Kind, form: DecisionRequest, unit: MayRelease
) -> DecisionResponse:
    """Let go what the brake holds, up to where the person looked: each case has its notice as if there were no brake.

    It concerns 200 cases at most; where it is not `whole`, ask again.
    """
    flood = Flood(source_agency_ref, kind, form.planned_until)
    return await _answer(unit, flood, await braked.decide(unit, flood, BrakeDecision.RELEASED))


@routes.post("/braked-notices/{source_agency_ref}/{kind}/drop")
@replayed_by(as_decided)
async def drop_braked(
    source_agency_ref: Source, kind: Kind, form: DecisionRequest, unit: MayRelease
) -> DecisionResponse:
    """Drop what the brake holds, up to where the person looked: it never goes out, and stays listed with its case.

    It concerns 200 cases at most; where it is not `whole`, ask again.
    """
    flood = Flood(source_agency_ref, kind, form.planned_until)
    return await _answer(unit, flood, await braked.decide(unit, flood, BrakeDecision.DROPPED))


async def _answer(unit: UnitOfWork, flood: Flood, decided: BrakeOutcome | None) -> DecisionResponse:
    if decided is None:
        raise Withheld
    return DecisionResponse(notices=decided.notices, cases=decided.cases, whole=not await braked.is_left(unit, flood))
