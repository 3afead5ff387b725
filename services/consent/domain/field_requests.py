"""Asking the survivor for more than a release opens: silence is no, and the requester never learns which no it was.

| from | to | who |
|---|---|---|
| - | open | an agency with a release of the custodian's in force |
| open | granted | the survivor, by a new release of all or part of it |
| open | declined | the survivor; the custodian records it |
| open | withdrawn | the requester |
| open | lapsed | the clock, after 72 hours |

All but open are final.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from kernel.consent import ceiling
from schemas.categories import DataCategory
from schemas.codes import AgencyKind, Purpose
from schemas.taxonomy import category_mask
from services.consent.domain.drafts import refuse_if
from services.consent.domain.provision import Provision
from services.consent.domain.refusal import DirectiveStepNotPossible

ANSWERED_WITHIN: Final = timedelta(hours=72)
MOST_OPEN: Final = 5  # of one agency about one survivor: each is a talk with her


class FieldRequestState(StrEnum):
    """Where a request stands."""

    OPEN = "open"
    GRANTED = "granted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


class RequesterView(StrEnum):
    """What the requester learns of it: every no is the same no, and silence is one."""

    OPEN = "open"
    GRANTED = "granted"
    NOT_AUTHORISED = "not_authorised"


@dataclass(frozen=True, slots=True)
class FieldRequest:
    """What an agency asked to see besides, and what became of it."""

    request_ref: UUID  # as the custodian knows it
    asked_ref: UUID  # as the requester knows it
    custodian: str
    requester: str
    requested_by: str
    purpose: Purpose
    categories: frozenset[DataCategory]
    state: FieldRequestState
    version: int
    requested_at: datetime
    due_at: datetime
    answered_at: datetime | None = None
    evidence: Mapping[str, str | None] | None = None
    reason: str = field(default="", repr=False)

    @property
    def seen_by_requester(self) -> RequesterView:
        """Return what the requester learns."""
        if self.state is FieldRequestState.OPEN:
            return RequesterView.OPEN
        return RequesterView.GRANTED if self.state is FieldRequestState.GRANTED else RequesterView.NOT_AUTHORISED


def check_request(
    kind: AgencyKind | None, purposes: frozenset[Purpose], purpose: Purpose, categories: frozenset[DataCategory]
) -> None:
    """Raise `NotAcceptable` for what could not be released to an agency of this kind anyway."""
    most = ceiling(kind, purpose)
    beyond = sorted(category for category in categories if not most & category_mask(category))
    refuse_if(
        [
            (purpose not in purposes, "purpose", "not_your_purpose"),
            (not categories, "categories", "missing"),
            (bool(beyond), "categories", "out_of_reach"),
        ]
    )


def check_room(open_requests: int) -> None:
    """Raise `DirectiveStepNotPossible` for more than an agency may have open about one survivor."""
    if open_requests >= MOST_OPEN:
        raise DirectiveStepNotPossible("too_many_requests_open")


def end_request(
    request: FieldRequest, state: FieldRequestState, at: datetime, evidence: Mapping[str, str | None]
) -> FieldRequest:
    """Return the request answered; raises `DirectiveStepNotPossible` for one that is not open."""
    if request.state is not FieldRequestState.OPEN:
        raise DirectiveStepNotPossible("not_open")
    return replace(request, state=state, version=request.version + 1, answered_at=at, evidence=dict(evidence))


def is_answered_by(request: FieldRequest, active: Provision) -> bool:
    """Tell whether a release that was signed grants all or part of an open request."""
    directive = active.directive
    way = (directive.custodian, directive.recipient, directive.purpose)
    return (
        request.state is FieldRequestState.OPEN
        and active.permits
        and way == (request.custodian, request.requester, request.purpose)
        and bool(request.categories & directive.categories)
    )
