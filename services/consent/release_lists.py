"""The directives of an agency's own records by where they stand, page by page: what its staff work through."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from typing import Final
from uuid import UUID

from sqlalchemy import RowMapping, TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from runtime import register
from runtime.database.unit_of_work import UnitOfWork
from runtime.disclosure import list_reads
from runtime.disclosure.list_reads import MOST_ROWS, Page
from runtime.register import Subject
from runtime.register.snapshots import consents_now
from schemas.categories import DataCategory
from schemas.codes import DirectiveEffect, Purpose


class ReleaseState(StrEnum):
    """Where a directive stands, as a list of them is asked for."""

    DRAFT = "draft"  # nobody has signed it yet
    ACTIVE = "active"  # a permit that is not over
    EXPIRED = "expired"  # a permit that is over by its date or its condition
    REVOKED = "revoked"
    REFUSED = "refused"
    DENIAL = "denial"


@dataclass(frozen=True, slots=True)
class ReleaseFilter:
    """Which of the agency's directives a list is to hold; those that end within so many days, of the active ones."""

    state: ReleaseState = ReleaseState.ACTIVE
    ending_within_days: int | None = None

    @property
    def name(self) -> str:
        """Return the name by which the looks of this list are on record."""
        return "releases ending" if self.ending_within_days is not None else f"releases {self.state}"


# By what a list is ordered and its pages are told apart, and what is in it.  The instant is read once, in a subquery:
# asked row by row it would forbid the index.  Subject and case are read by one of their own: joined, the server may
# read all of them instead.  What a death has closed is in no list: it is neither in force nor over by its own terms.
ALIVE: Final = """(d.survives_death OR
    (SELECT s.deceased_on IS NULL FROM register.subject AS s WHERE s.subject_id = d.subject_id))"""
PERMIT: Final = "d.effect = 'permit' AND d.state ="
ORDER_KEY: Final = {
    ReleaseState.DRAFT: "COALESCE(d.valid_until, d.drafted_at)",
    ReleaseState.ACTIVE: "d.valid_until",
    ReleaseState.EXPIRED: "LEAST(d.valid_until, d.ended_at)",
    ReleaseState.REVOKED: "d.revoked_at",
    ReleaseState.REFUSED: "d.refused_at",
    ReleaseState.DENIAL: "d.drafted_at",
}
CONDITION: Final = {
    ReleaseState.DRAFT: f"{PERMIT} 'draft'",
    ReleaseState.ACTIVE: f"{PERMIT} 'active' AND d.ended_at IS NULL AND {ALIVE}"
    " AND d.valid_until > (SELECT register.instant())",
    ReleaseState.EXPIRED: f"{PERMIT} 'active' AND LEAST(d.valid_until, d.ended_at) <= (SELECT register.instant())",
    ReleaseState.REVOKED: f"{PERMIT} 'revoked'",
    ReleaseState.REFUSED: f"{PERMIT} 'refused'",
    ReleaseState.DENIAL: "d.effect = 'deny' AND d.state = 'active'",
}
OVER: Final = frozenset({ReleaseState.EXPIRED, ReleaseState.REVOKED, ReleaseState.REFUSED})
FIRST_TO_END_FIRST: Final = frozenset({ReleaseState.DRAFT, ReleaseState.ACTIVE})
ENDING: Final = "d.valid_until <= (SELECT register.instant()) + make_interval(days => :days)"
LISTED: Final = """
SELECT d.directive_ref, c.case_ref, {key} AS place, d.effect, d.recipient, d.purpose, d.categories,
    d.excluded_person_ref, d.excluded_agency AS excluded_agency_ref, d.valid_from, d.valid_until, d.drafted_at,
    d.signed_at,
    d.valid_from <= (SELECT register.instant()) AND (d.starts_when IS NULL OR d.started_at IS NOT NULL) AS begun
FROM register.directive AS d
CROSS JOIN LATERAL (SELECT k.case_ref FROM register."case" AS k
    WHERE k.subject_id = d.subject_id AND k.agency_id = d.custodian LIMIT 1) AS c
WHERE d.custodian = :agency AND {condition} AND ({key}, d.directive_ref) {behind} (:place, :ref)
ORDER BY {key} {order}, d.directive_ref {order} LIMIT :rows
"""
# In the order of the list, so that the index of the list finds them; what has no place in it is not counted either.
COUNTED: Final = """
SELECT d.subject_id, d.effect, d.purpose, d.categories FROM register.directive AS d
WHERE d.custodian = :agency AND {condition} AND {key} IS NOT NULL
ORDER BY {key} {order}, d.directive_ref {order} LIMIT :rows
"""
STILL: Final = "SELECT d.directive_ref FROM register.directive AS d WHERE d.directive_ref = ANY(:refs) AND {condition}"
MOST_DAYS: Final = 90
EFFECTS: Final = frozenset[str](DirectiveEffect)
PURPOSES: Final = frozenset[str | None]((None, *Purpose))
CATEGORIES: Final = frozenset[str](DataCategory)


@dataclass(frozen=True, slots=True)
class ListedDirective:
    """A directive in a list, by the custodian's own references."""

    directive_ref: UUID
    case_ref: UUID
    place: datetime
    effect: str
    recipient: str | None
    purpose: str | None
    categories: tuple[str, ...]
    excluded_person_ref: str | None
    excluded_agency_ref: str | None
    valid_from: datetime
    valid_until: datetime | None
    drafted_at: datetime
    signed_at: datetime | None
    begun: bool

    @property
    def readable(self) -> bool:
        """Tell whether each code of it is one that we know; one that is not is for a person to mend, in its case."""
        return is_readable(self.effect, self.purpose, self.categories)


def is_readable(effect: str, purpose: str | None, categories: Collection[str]) -> bool:
    """Tell whether each code of a directive is one that we know."""
    return effect in EFFECTS and purpose in PURPOSES and CATEGORIES.issuperset(categories)


Place = tuple[datetime, UUID]
THE_BEGINNING: Final[Place] = (datetime(1970, 1, 1, tzinfo=UTC), UUID(int=0))
THE_END: Final[Place] = (datetime(9999, 1, 1, tzinfo=UTC), UUID(int=2**128 - 1))


async def of_agency(
    session: AsyncSession, agency: str, filters: ReleaseFilter, behind: Place | None = None, rows: int = 50
) -> list[ListedDirective]:
    """Return up to `rows` directives of the agency's records behind a place, in the order of the list.

    Drafts and active permits come with the first to end first, all others with the last that happened first.
    """
    place, ref = behind or (THE_BEGINNING if filters.state in FIRST_TO_END_FIRST else THE_END)
    params = {"agency": agency, "place": place, "ref": ref, "rows": rows} | _days(filters)
    listed = await session.execute(_statement(LISTED, filters), params)
    return [_listed(row) for row in listed.mappings()]


async def page(unit: UnitOfWork, filters: ReleaseFilter, behind: Place | None, limit: int) -> Page[ListedDirective]:
    """Return up to `limit` directives whose survivor does not hide from who asks, and where the next page begins."""
    return await list_reads.page(partial(_fetch, unit, filters, behind), partial(_visible, unit), limit)


async def hold(
    unit: UnitOfWork, filters: ReleaseFilter, rows: Sequence[ListedDirective]
) -> dict[ListedDirective, Subject]:
    """Return the rows that stand so still once their subjects are locked, and may be shown; each with its subject."""
    subjects = await register.lock_cases(unit.session, {row.case_ref for row in rows})
    params = {"refs": [row.directive_ref for row in rows]} | _days(filters)
    still = set(await unit.session.scalars(_statement(STILL, filters), params)) if rows else set()
    return {
        row: subjects[row.case_ref]
        for row in rows
        if row.directive_ref in still and not unit.hidden(subjects[row.case_ref].table)
    }


async def count(unit: UnitOfWork, filters: ReleaseFilter) -> tuple[int, bool]:
    """Return how many there are whose survivor does not hide from who asks, and whether all were looked at."""
    params = {"agency": unit.agency_id, "rows": MOST_ROWS} | _days(filters)
    rows = (await unit.session.execute(_statement(COUNTED, filters), params)).all()
    await list_reads.record_count(unit, filters.name)
    now = await consents_now(unit.session, (row.subject_id for row in rows))
    readable = [row for row in rows if is_readable(row.effect, row.purpose, row.categories)]
    return sum(not unit.hidden(now[row.subject_id].table) for row in readable), len(rows) < MOST_ROWS


def _listed(row: RowMapping) -> ListedDirective:
    return ListedDirective(**{**row, "categories": tuple(row["categories"])})


def _statement(template: str, filters: ReleaseFilter) -> TextClause:
    condition = CONDITION[filters.state]
    if filters.ending_within_days is not None:
        condition += f" AND {ENDING}"
    first = filters.state in FIRST_TO_END_FIRST
    behind, order = (">", "ASC") if first else ("<", "DESC")
    return text(template.format(condition=condition, key=ORDER_KEY[filters.state], behind=behind, order=order))


def _days(filters: ReleaseFilter) -> dict[str, int]:
    return {} if filters.ending_within_days is None else {"days": filters.ending_within_days}


async def _fetch(
    unit: UnitOfWork, filters: ReleaseFilter, begin: Place | None, last: ListedDirective | None, rows: int
) -> list[ListedDirective]:
    behind = begin if last is None else (last.place, last.directive_ref)
    return await of_agency(unit.session, unit.agency_id, filters, behind, rows)


async def _visible(unit: UnitOfWork, rows: Sequence[ListedDirective]) -> list[ListedDirective]:
    now = await register.snapshots(unit.session, {row.case_ref for row in rows})
    return [row for row in rows if row.readable and row.case_ref in now and not unit.hidden(now[row.case_ref].table)]
