"""What an agency may read of the say-so it keeps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response

from kernel.consent import CategoryVerdict, Reason
from kernel.ledger.entry import Act
from runtime.database.unit_of_work import UnitOfWork
from runtime.disclosure import list_reads
from runtime.http import Cursor, Limit
from runtime.http.pagination import CountResponse, link_next
from runtime.http.sealed_cursors import sealed, unsealed_place
from runtime.register import Subject
from schemas.codes import AgencyKind, Participation, Purpose
from schemas.values import AgencyRef
from services.consent import change_log, confirmations, expiry, locked_subject, store
from services.consent.api.permissions import MayPreview, MayRead, routes
from services.consent.api.replays import directive_response
from services.consent.change_log import ChangeEntry
from services.consent.commands import drafts
from services.consent.confirmations import Awaiting
from services.consent.domain import DirectiveStepNotPossible, receipt
from services.consent.domain.confirmation_wait import WAITS
from services.consent.expiry import Ending
from services.consent.locked_subject import LockedSubject
from services.consent.preview import build_preview
from services.consent.responses import (
    AwaitingResponse,
    AwaitingsResponse,
    CategoryResponse,
    DirectiveResponse,
    DirectivesResponse,
    EndingResponse,
    EndingsResponse,
    PreviewResponse,
)


@routes.get("/cases/{case_ref}/directives", response_model=DirectivesResponse)
async def list_directives(case_ref: UUID, unit: MayRead) -> DirectivesResponse:
    """List the agency's own directives of its case; those of another custodian are not its to know."""
    locked = await locked_subject.own_case(unit, case_ref, exclusive=False)
    provisions, unreadable = await drafts.own_provisions(locked)
    deceased = await store.is_deceased(unit.session, locked.subject.subject_id)
    consulted = ChangeEntry(Act.CONSULTED, unit.agency_id, tuple(provision.ref for provision in provisions))
    await change_log.record(unit, locked.subject, [consulted])
    await change_log.tell_late(locked, locked.subject)
    return DirectivesResponse(
        case_ref=case_ref,
        participation=Participation(locked.subject.participation) if locked.is_home else None,
        directives=tuple(
            DirectiveResponse.of(provision, locked.subject, deceased=deceased) for provision in provisions
        ),
        unreadable=unreadable,
    )


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


@routes.get("/directives", response_model=EndingsResponse)
async def list_ending(
    request: Request,
    unit: MayRead,
    answer: Response,
    ending_within_days: Annotated[int, Query(ge=1, le=90)],
    cursor: Cursor = None,
    limit: Limit = 50,
) -> EndingsResponse:
    """List the permits of the agency's own records that end soon; each case is on record once a day.

    A page may be short or empty and still have a next one.
    """
    behind = await _place_of(unit, expiry.NAME, cursor)
    page = await expiry.page(unit, ending_within_days, behind, limit)
    subjects_by_row = await expiry.hold(unit, page.rows)
    await _first_looks(unit, expiry.NAME, subjects_by_row)
    last = page.last
    place = None if last is None else (last.valid_until.isoformat(), str(last.directive_ref))
    link_next(request, answer, None if place is None else await sealed(unit, expiry.NAME, *place))
    return EndingsResponse(directives=tuple(map(EndingResponse.model_validate, subjects_by_row)))


@routes.get("/directives/count", response_model=CountResponse)
async def count_ending(unit: MayRead, ending_within_days: Annotated[int, Query(ge=1, le=90)]) -> CountResponse:
    """Count what the list of the same query would show now, up to 1,000; no row leaves."""
    count, whole = await expiry.count(unit, ending_within_days)
    return CountResponse.of(count, whole=whole)


@routes.get("/confirmations", response_model=AwaitingsResponse)
async def list_awaiting(
    request: Request, unit: MayRead, answer: Response, cursor: Cursor = None, limit: Limit = 50
) -> AwaitingsResponse:
    """List what waits for a second person of the agency, who confirms it; each case is on record once a day.

    A page may be short or empty and still have a next one.
    """
    page = await confirmations.page(unit, await _place_of(unit, confirmations.NAME, cursor), limit)
    subjects_by_row = await confirmations.hold(unit, page.rows)
    await _first_looks(unit, confirmations.NAME, subjects_by_row)
    last = page.last
    place = None if last is None else (last.since.isoformat(), str(last.about))
    link_next(request, answer, None if place is None else await sealed(unit, confirmations.NAME, *place))
    return AwaitingsResponse(
        awaiting=tuple(
            AwaitingResponse(
                kind=row.kind,
                directive_ref=row.directive_ref,
                case_ref=row.case_ref,
                recorded_by=row.recorded_by,
                awaiting_since=row.since,
                awaiting_until=row.since + WAITS,
            )
            for row in subjects_by_row
        )
    )


@routes.get("/directives/{directive_ref}", response_model=DirectiveResponse)
async def read_directive(directive_ref: UUID, unit: MayRead, answer: Response) -> DirectiveResponse:
    """Show a directive of the agency's own records."""
    return await directive_response(directive_ref, unit, answer)


@routes.get("/directives/{directive_ref}/receipt", responses={409: {}})  # nobody has signed it
async def read_receipt(directive_ref: UUID, unit: MayRead) -> dict[str, Any]:
    """Show the receipt of a directive; it goes to the survivor only over a channel marked safe, or by hand."""
    locked, place = await locked_subject.directive(unit, directive_ref, exclusive=False)
    provision = await drafts.provision_of(locked, place.directive_ref)
    parties = await store.parties(unit.session, [provision.directive.custodian, provision.directive.recipient])
    body = receipt(provision, _principal(locked), parties, locked.subject.at, own=place.custodian == unit.agency_id)
    await change_log.record(unit, locked.subject, [ChangeEntry.of_look(provision)])
    return body


async def _first_looks(
    unit: UnitOfWork, name: str, subjects_by_row: Mapping[Ending, Subject] | Mapping[Awaiting, Subject]
) -> None:
    """Record one look for each case that this person is shown in this list for the first time today."""
    first = await list_reads.first_cases_today(
        unit, name, {row.case_ref: subject.sv for row, subject in subjects_by_row.items()}
    )
    subjects = {row.case_ref: subject for row, subject in subjects_by_row.items()}
    for case_ref in first:
        refs = tuple(
            row.directive_ref for row in subjects_by_row if row.case_ref == case_ref and row.directive_ref is not None
        )
        await change_log.record(unit, subjects[case_ref], [ChangeEntry(Act.CONSULTED, unit.agency_id, refs)])


def _category_response(locked: LockedSubject, verdict: CategoryVerdict, kind: AgencyKind | None) -> CategoryResponse:
    """Return a category's answer; whether the survivor takes part is the home agency's to know."""
    response = CategoryResponse.of(verdict, kind)
    if locked.is_home or response.reason != Reason.NOT_PARTICIPATING:
        return response
    return response.model_copy(update={"reason": Reason.NOTHING_GRANTED})


async def _place_of(unit: UnitOfWork, name: str, cursor: str | None) -> expiry.Place:
    if cursor is None:
        return expiry.THE_BEGINNING
    return await unsealed_place(unit, name, cursor)


def _principal(locked: LockedSubject) -> UUID:
    """Return how the agency that asks knows the survivor: by its own case, never by another's."""
    own = locked.own
    if own is None:
        raise DirectiveStepNotPossible("not_signed")
    return own.case_ref
