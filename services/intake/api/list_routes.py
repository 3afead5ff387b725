"""The agency's own cases that the asker may see, page by page, and how many they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated

from fastapi import Depends, Request, Response

from runtime import register
from runtime.database.unit_of_work import UnitOfWork
from runtime.disclosure import list_reads
from runtime.disclosure.list_reads import MOST_ROWS
from runtime.disclosure.state_reads import ReadRequest
from runtime.http import Cursor, FieldError, Invalid, Limit, never_replayed, router
from runtime.http.pagination import CountResponse, link_next
from runtime.http.sealed_cursors import sealed, unsealed_place
from runtime.register import Subject
from schemas.codes import Participation
from schemas.values import Instant
from services.intake import case_status, nicknames
from services.intake.api.lookup import STATES, MayReadCases
from services.intake.case_status import AssignedTo, CaseDetails, CaseFilter, CasePagePosition
from services.intake.domain import CaseState, CaseStatus
from services.intake.requests import CaseSearchRequest
from services.intake.responses import CasesResponse, ListedCaseResponse

NAME = "cases"
MOST_FOUND = 200

routes = router("/v1/cases")


def _query(
    assigned: AssignedTo | None = None,
    state: CaseState | None = None,
    changed_since: Instant | None = None,
) -> CaseFilter:
    return CaseFilter(assigned, state, changed_since)


RequestedFilter = Annotated[CaseFilter, Depends(_query)]


@routes.get("", response_model=CasesResponse, response_model_exclude_none=True)
async def list_cases(
    request: Request,
    unit: MayReadCases,
    answer: Response,
    query: RequestedFilter,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> CasesResponse:
    """List the agency's own cases that this person may see now, newest change first.

    They are the cases that it opened, and those that it was joined to since it did something in them.  Each case shown
    is on record once a day.  A page may be short or empty and still have a next one.  A case that changes while the
    pages are read moves to the front: `changed_since` with the instant of the first page finds it there.
    """
    filters = _of_asker(unit, query)
    behind = None if cursor is None else CasePagePosition(*await unsealed_place(unit, NAME, cursor))
    page = await list_reads.page(partial(_fetch, unit, filters, behind), partial(_visible, unit), limit)
    responses = await _show(unit, page.rows)
    link_next(request, answer, None if page.last is None else await _cursor_of(unit, page.last))
    return CasesResponse(cases=responses)


@routes.get("/count", response_model=CountResponse)
async def count_cases(unit: MayReadCases, query: RequestedFilter) -> CountResponse:
    """Count the cases that the list of the same query would show now, up to 1,000; no row leaves."""
    filters = _of_asker(unit, query)
    rows = await case_status.cases_counted(unit.session, unit.agency_id, filters, MOST_ROWS)
    count = await list_reads.count_open(unit, rows, lambda _: None, STATES)
    await list_reads.record_count(unit, NAME)
    return CountResponse.of(count, whole=len(rows) < MOST_ROWS)


@routes.post("/search", response_model=CasesResponse, response_model_exclude_none=True)
@never_replayed
async def search_cases(form: CaseSearchRequest, unit: MayReadCases) -> CasesResponse:
    """Find the agency's own cases by what its people call them, the whole name, or by their code: up to 200 of them.

    Both stand in the body, as addresses are kept in logs and histories.
    """
    if form.nickname is None:
        filters = CaseFilter(code=form.case_code)
    else:
        filters = CaseFilter(nickname_index=await nicknames.index_of(unit, form.nickname))
    page = await list_reads.page(partial(_fetch, unit, filters, None), partial(_visible, unit), MOST_FOUND)
    return CasesResponse(cases=await _show(unit, page.rows))


def _of_asker(unit: UnitOfWork, filters: CaseFilter) -> CaseFilter:
    """Return the filter with who asks; a system that names nobody works on no case."""
    if filters.assigned is AssignedTo.ME and unit.person_ref is None:
        raise Invalid([FieldError("query.assigned", "no_person")])
    return replace(filters, person_ref=unit.person_ref)


async def _fetch(
    unit: UnitOfWork, filters: CaseFilter, begin: CasePagePosition | None, last: CaseStatus | None, rows: int
) -> list[CaseStatus]:
    behind = begin if last is None else CasePagePosition(last.changed_at, last.case_ref)
    return await case_status.cases_of(unit.session, unit.agency_id, filters, behind, rows)


async def _visible(unit: UnitOfWork, rows: Sequence[CaseStatus]) -> list[CaseStatus]:
    masks = await list_reads.read_masks(unit, [ReadRequest(row.case_ref) for row in rows], STATES)
    return [row for row in rows if masks[ReadRequest(row.case_ref)]]


async def _show(unit: UnitOfWork, rows: Sequence[CaseStatus]) -> list[ListedCaseResponse]:
    """Return the rows that present consent opens, their subjects locked and the looks on record."""
    masks = await list_reads.record_rows(unit, [ReadRequest(row.case_ref) for row in rows], STATES, NAME)
    refs = [request.case_ref for request, mask in masks.items() if mask]
    subjects = await register.lock_cases(unit.session, refs)
    details = await case_status.details_of(unit.session, unit.agency_id, refs)
    names = await nicknames.nicknames_of(unit, refs)
    return [
        _listed(unit, row, subjects[row.case_ref], details[row.case_ref], names.get(row.case_ref))
        for row in rows
        if row.case_ref in details
    ]


def _listed(
    unit: UnitOfWork, row: CaseStatus, subject: Subject, details: CaseDetails, nickname: str | None
) -> ListedCaseResponse:
    home = subject.home_agency == unit.agency_id
    return ListedCaseResponse(
        case_ref=row.case_ref,
        state=row.state,
        reason_code=row.reason,
        version=row.version,
        changed_at=row.changed_at,
        nickname=nickname,
        assigned_to=list(details.assigned_to),
        incidents=details.incidents,
        plan_status=details.plan_status,
        participation=Participation(subject.participation) if home else None,
        opened_at=details.opened_at,
    )


async def _cursor_of(unit: UnitOfWork, last: CaseStatus) -> str:
    return await sealed(unit, NAME, last.changed_at.isoformat(), str(last.case_ref))
