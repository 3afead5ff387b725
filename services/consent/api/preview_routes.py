"""What agencies would open, shown before the survivor signs; nothing is changed by it, and each look is on record."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Query

from kernel.consent import CategoryVerdict, Reason
from kernel.ledger.entry import Act
from runtime.http import never_replayed
from schemas.codes import AgencyKind, Purpose
from schemas.values import AgencyRef
from services.consent import change_log, locked_subject
from services.consent.api.permissions import MayPreview, routes
from services.consent.change_log import ChangeEntry
from services.consent.locked_subject import LockedSubject
from services.consent.preview import build_preview, compare
from services.consent.preview_responses import (
    CategoryResponse,
    ComparisonResponse,
    ComparisonsResponse,
    PreviewResponse,
)
from services.consent.requests import ComparisonRequest


@routes.get("/cases/{case_ref}/preview", response_model=PreviewResponse)
async def preview_case(
    case_ref: UUID,
    unit: MayPreview,
    recipient: Annotated[AgencyRef, Query()],
    purpose: Purpose,
    draft: Annotated[list[UUID], Query(default_factory=list, max_length=20)],
) -> PreviewResponse:
    """Show what an agency would open of this agency's records, with the drafts named as if they were signed."""
    locked = await locked_subject.own_case(unit, case_ref, exclusive=False)
    drafts = tuple(draft)
    named, at, outlook = await build_preview(locked, recipient, purpose, drafts)
    await change_log.record(unit, locked.subject, [ChangeEntry(Act.CONSULTED, unit.agency_id, drafts, purpose=purpose)])
    return PreviewResponse(
        case_ref=case_ref,
        recipient=recipient,
        purpose=purpose,
        at=at,
        until=None if outlook is None else outlook.until,
        drafts=drafts,
        categories=()
        if outlook is None
        else tuple(_category_response(locked, verdict, named.kind) for verdict in outlook.verdicts),
    )


@routes.post("/cases/{case_ref}/previews", response_model=ComparisonsResponse)
@never_replayed
async def compare_agencies(case_ref: UUID, form: ComparisonRequest, unit: MayPreview) -> ComparisonsResponse:
    """Show, side by side, what each agency considered opens of this agency's records now, and if she signed for it.

    Nothing is drafted.  A grant that could not be drafted says why, by the codes of a draft, beside the others.
    """
    locked = await locked_subject.own_case(unit, case_ref, exclusive=False)
    considered = [grant.requested_directive(unit.agency_id) for grant in form.considered]
    comparisons = await compare(locked, considered)
    looks = [
        ChangeEntry(Act.CONSULTED, unit.agency_id, purpose=purpose)
        for purpose in dict.fromkeys(grant.purpose for grant in form.considered)
    ]
    await change_log.record(unit, locked.subject, looks)
    return ComparisonsResponse(
        case_ref=case_ref,
        considered=tuple(
            ComparisonResponse.of(comparison, grant.recipient, grant.purpose, is_home=locked.is_home)
            for comparison, grant in zip(comparisons, form.considered, strict=True)
        ),
    )


def _category_response(locked: LockedSubject, verdict: CategoryVerdict, kind: AgencyKind | None) -> CategoryResponse:
    """Return a category's answer; whether the survivor takes part is the home agency's to know."""
    response = CategoryResponse.of(verdict, kind)
    if locked.is_home or response.reason != Reason.NOT_PARTICIPATING:
        return response
    return response.model_copy(update={"reason": Reason.NOTHING_GRANTED})
