"""Openings that one person recorded and a second one must confirm, kept for the custodian's own staff."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from runtime import register
from runtime.database.unit_of_work import UnitOfWork
from runtime.disclosure import list_reads
from runtime.disclosure.list_reads import MOST_ROWS, Page
from runtime.register import Subject
from services.consent.domain import ConfirmationWait
from services.consent.domain.confirmation_wait import WAITS

WAIT = text("""
INSERT INTO consent.awaiting (about, agency_id, recorded_by, parties, since, signed_at, evidence)
VALUES (:about, :agency, :recorded_by, :parties, :since, :signed_at, CAST(:evidence AS jsonb))
ON CONFLICT (about) DO UPDATE SET recorded_by = excluded.recorded_by, parties = excluded.parties,
    since = excluded.since, signed_at = excluded.signed_at, evidence = excluded.evidence
""")
OF = text("SELECT recorded_by, parties, since, signed_at, evidence FROM consent.awaiting WHERE about = :about")
# A lifting that a stop of everything came after cannot be confirmed any more, nor can what was stopped itself.
OF_AGENCY = text("""
WITH mine AS (
    SELECT * FROM consent.awaiting WHERE agency_id = :agency AND since > register.instant() - CAST(:least AS interval)
        AND (since, about) > (:since, :about) AND (CAST(:among AS uuid[]) IS NULL OR about = ANY(:among))
)
SELECT CASE WHEN d.effect = 'permit' THEN 'permit' ELSE 'lifting' END AS kind, w.about, c.case_ref, w.recorded_by,
    w.since
FROM mine AS w JOIN register.directive AS d ON d.directive_ref = w.about
JOIN register.subject AS s ON s.subject_id = d.subject_id
JOIN register."case" AS c ON c.subject_id = d.subject_id AND c.agency_id = w.agency_id
WHERE d.state = CASE WHEN d.effect = 'permit' THEN 'awaiting_confirmation' ELSE 'active' END AND NOT EXISTS (
    SELECT FROM consent.stop AS p
    WHERE p.subject_id = d.subject_id AND p.agency_id IN (w.agency_id, s.home_agency) AND p.stopped_at > w.since)
UNION ALL SELECT 'death', w.about, c.case_ref, w.recorded_by, w.since
FROM mine AS w JOIN register."case" AS c ON c.case_ref = w.about
JOIN register.subject AS s ON s.subject_id = c.subject_id WHERE s.deceased_on IS NOT NULL
ORDER BY since, about LIMIT :rows
""")
WAIT_NO_MORE = text("DELETE FROM consent.awaiting WHERE about = :about")

Place = tuple[datetime, UUID]
NAME: Final = "confirmations"
THE_BEGINNING: Final[Place] = (datetime(1970, 1, 1, tzinfo=UTC), UUID(int=0))


@dataclass(frozen=True, slots=True)
class Awaiting:
    """An opening that waits for a second person, by the agency's own references."""

    kind: str
    about: UUID
    case_ref: UUID
    recorded_by: str
    since: datetime

    @property
    def directive_ref(self) -> UUID | None:
        """Return the directive that waits; none does where a death is to be taken back."""
        return None if self.kind == "death" else self.about


async def begin_wait(session: AsyncSession, about: UUID, agency: str, waiting: ConfirmationWait) -> None:
    """Keep who recorded an opening that a second person of the agency must confirm, in place of what waited before."""
    row = {
        "about": about,
        "agency": agency,
        "recorded_by": waiting.recorded_by,
        "parties": sorted(waiting.parties),
        "since": waiting.since,
        "signed_at": waiting.signed_at,
        "evidence": json.dumps(dict(waiting.evidence)),
    }
    await session.execute(WAIT, row)


async def of(session: AsyncSession, about: UUID) -> ConfirmationWait | None:
    """Return the confirmation that this directive or case waits for, if any."""
    row = (await session.execute(OF, {"about": about})).one_or_none()
    if row is None:
        return None
    return ConfirmationWait(
        since=row.since,
        recorded_by=row.recorded_by,
        parties=frozenset(row.parties),
        signed_at=row.signed_at,
        evidence=row.evidence,
    )


async def of_agency(
    session: AsyncSession, agency: str, behind: Place, rows: int, among: Collection[UUID] | None = None
) -> list[Awaiting]:
    """Return up to `rows` openings of the agency's own records that can still be confirmed, the oldest first."""
    since, about = behind
    params = {"agency": agency, "least": WAITS, "since": since, "about": about, "rows": rows}
    listed = None if among is None else list(among)
    return [Awaiting(*row) for row in await session.execute(OF_AGENCY, params | {"among": listed})]


async def page(unit: UnitOfWork, behind: Place, limit: int) -> Page[Awaiting]:
    """Return up to `limit` openings whose survivor does not hide from who asks, and where the next page begins."""
    return await list_reads.page(partial(_fetch, unit, behind), partial(_visible, unit), limit)


async def count(unit: UnitOfWork) -> tuple[int, bool]:
    """Return how many openings the list shows who asks, and whether all were looked at; no row leaves."""
    rows = await of_agency(unit.session, unit.agency_id, THE_BEGINNING, MOST_ROWS)
    await list_reads.record_count(unit, NAME)
    return len(await _visible(unit, rows)), len(rows) < MOST_ROWS


async def hold(unit: UnitOfWork, rows: Sequence[Awaiting]) -> dict[Awaiting, Subject]:
    """Return the rows that still wait once their subjects are locked, and may still be shown, with their subjects."""
    subjects = await register.lock_cases(unit.session, {row.case_ref for row in rows})
    among = [row.about for row in rows]
    still = set(await of_agency(unit.session, unit.agency_id, THE_BEGINNING, len(rows), among)) if rows else set()
    subjects_by_row = {row: subjects[row.case_ref] for row in rows if row in still}
    return {row: subject for row, subject in subjects_by_row.items() if not unit.hidden(subject.table)}


async def end_wait(session: AsyncSession, about: UUID) -> None:
    """Forget that an opening waited: it was confirmed, or said no to."""
    await session.execute(WAIT_NO_MORE, {"about": about})


async def _fetch(unit: UnitOfWork, begin: Place, last: Awaiting | None, rows: int) -> list[Awaiting]:
    behind = begin if last is None else (last.since, last.about)
    return await of_agency(unit.session, unit.agency_id, behind, rows)


async def _visible(unit: UnitOfWork, rows: Sequence[Awaiting]) -> list[Awaiting]:
    now = await register.snapshots(unit.session, {row.case_ref for row in rows})
    return [row for row in rows if row.case_ref in now and not unit.hidden(now[row.case_ref].table)]
