"""The lists that an agency's staff work through: its directives by where they stand, and what waits for a second."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final

from fastapi import Depends, Query, Request, Response

from kernel.ledger.entry import Act
from runtime.database.unit_of_work import UnitOfWork
from runtime.disclosure import list_reads
from runtime.http import Cursor, FieldError, Invalid, Limit
from runtime.http.pagination import CountResponse, link_next
from runtime.http.sealed_cursors import sealed, unsealed_place
from runtime.register import Subject
from services.consent import change_log, confirmations, release_lists
from services.consent.api.permissions import MayRead, routes
from services.consent.change_log import ChangeEntry
from services.consent.confirmations import Awaiting
from services.consent.domain.confirmation_wait import WAITS
from services.consent.release_lists import MOST_DAYS, ListedDirective, ReleaseFilter, ReleaseState
from services.consent.responses import (
    AwaitingResponse,
    AwaitingsResponse,
    ListedDirectiveResponse,
    ListedDirectivesResponse,
)

MOST_COUNTED: Final = 1_000


def _filters(
    state: ReleaseState = ReleaseState.ACTIVE,
    ending_within_days: Annotated[int | None, Query(ge=1, le=MOST_DAYS)] = None,
) -> ReleaseFilter:
    if ending_within_days is not None and state is not ReleaseState.ACTIVE:
        raise Invalid([FieldError("query.ending_within_days", "only_of_active")])
    return ReleaseFilter(state, ending_within_days)


RequestedFilter = Annotated[ReleaseFilter, Depends(_filters)]


@routes.get("/directives", response_model=ListedDirectivesResponse)
async def list_releases(
    request: Request,
    unit: MayRead,
    answer: Response,
    filters: RequestedFilter,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> ListedDirectivesResponse:
    """List the directives of the agency's own records by where they stand; each case is on record once a day.

    Drafts and active permits come with the first to end first, all others with the latest first.  A page may be short
    or empty and still have a next one.
    """
    behind = None if cursor is None else await unsealed_place(unit, filters.name, cursor)
    page = await release_lists.page(unit, filters, behind, limit)
    subjects_by_row = await release_lists.hold(unit, filters, page.rows)
    await _first_looks(unit, filters.name, subjects_by_row)
    last = page.last
    place = None if last is None else (last.place.isoformat(), str(last.directive_ref))
    link_next(request, answer, None if place is None else await sealed(unit, filters.name, *place))
    rows = tuple(ListedDirectiveResponse.of(row, filters.state) for row in subjects_by_row)
    return ListedDirectivesResponse(directives=rows)


@routes.get("/directives/count", response_model=CountResponse)
async def count_releases(unit: MayRead, filters: RequestedFilter) -> CountResponse:
    """Count what the list of the same query would show now, up to 1,000; no row leaves."""
    count, whole = await release_lists.count(unit, filters)
    return CountResponse.of(count, whole=whole)


@routes.get("/confirmations", response_model=AwaitingsResponse)
async def list_awaiting(
    request: Request, unit: MayRead, answer: Response, cursor: Cursor = None, limit: Limit = 50
) -> AwaitingsResponse:
    """List what waits for a second person of the agency, who confirms it; each case is on record once a day.

    A page may be short or empty and still have a next one.
    """
    name = confirmations.NAME
    behind = confirmations.THE_BEGINNING if cursor is None else await unsealed_place(unit, name, cursor)
    page = await confirmations.page(unit, behind, limit)
    subjects_by_row = await confirmations.hold(unit, page.rows)
    await _first_looks(unit, name, subjects_by_row)
    last = page.last
    place = None if last is None else (last.since.isoformat(), str(last.about))
    link_next(request, answer, None if place is None else await sealed(unit, name, *place))
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


@routes.get("/confirmations/count", response_model=CountResponse)
async def count_awaiting(unit: MayRead) -> CountResponse:
    """Count what waits for a second person as the list would show it now, up to 1,000; no row leaves."""
    count, whole = await confirmations.count(unit)
    return CountResponse.of(count, whole=whole)


async def _first_looks(
    unit: UnitOfWork, name: str, subjects_by_row: Mapping[ListedDirective, Subject] | Mapping[Awaiting, Subject]
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
