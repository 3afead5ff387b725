"""What the brake holds at an agency: shown to a person, who lets it go or drops it.

A person sees and decides what the survivor lets them see.  What is hidden from them is for another, or for the day.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from kernel.ledger.entry import Act
from runtime import disclosure, register
from runtime.database.unit_of_work import UnitOfWork
from runtime.disclosure import audit_entries, list_reads
from runtime.disclosure.list_reads import MOST_ROWS, Page
from runtime.disclosure.state_reads import ReadRequest
from runtime.http.pagination import MOST
from runtime.ledger.pending_entries import append
from runtime.telemetry import log_fields
from schemas.categories import DataCategory
from services.notifications.store import Notice, as_notice

NAME: Final = "braked notices"
CATEGORIES: Final = (DataCategory.SAFE_CONTACT,)
log = logging.getLogger(__name__)

# By case, since consent is.
CASES = text("""
SELECT source, kind, case_ref, count(*) AS notices, min(planned_at) AS first_planned_at,
    max(planned_at) AS last_planned_at, min(planned_for) AS until
FROM notifications.notice WHERE agency_id = :agency AND state = 'held' AND reason = 'brake'
    AND (CAST(:source AS text) IS NULL OR source = :source AND kind = :kind
        AND planned_at <= CAST(:until AS timestamptz))
GROUP BY source, kind, case_ref ORDER BY min(planned_at), case_ref LIMIT :rows
""")
NOTICES = text("""
SELECT * FROM notifications.notice
WHERE agency_id = :agency AND source = :source AND kind = :kind AND state = 'held' AND reason = 'brake'
    AND (CAST(:behind_at AS timestamptz) IS NULL OR (planned_at, notice_ref) > (:behind_at, CAST(:behind_ref AS uuid)))
ORDER BY planned_at, notice_ref LIMIT :rows
""")
# The rows before their subjects, and in one order, as a sender has them: so that none waits for another in a circle.
LOCK = text("""
SELECT notice_ref, case_ref FROM notifications.notice
WHERE agency_id = :agency AND source = :source AND kind = :kind AND state = 'held' AND reason = 'brake'
    AND planned_at <= :until AND handing_on_at IS NULL AND case_ref = ANY(CAST(:cases AS uuid[]))
ORDER BY notice_ref FOR NO KEY UPDATE
""")
RELEASE = text("""
WITH decided AS (
    UPDATE notifications.notice SET state = 'planned', reason = NULL, planned_for = NULL, decided_by = :by,
        decided_at = :at, decision_ref = :decision_ref
    WHERE notice_ref = ANY(CAST(:refs AS uuid[])) RETURNING notice_ref
)
UPDATE notifications.due AS d SET due_at = :at FROM decided WHERE d.notice_ref = decided.notice_ref
""")
DROP = text("""
WITH decided AS (
    UPDATE notifications.notice SET state = 'dropped', planned_for = NULL, decided_by = :by, decided_at = :at,
        decision_ref = :decision_ref
    WHERE notice_ref = ANY(CAST(:refs AS uuid[])) RETURNING notice_ref
)
DELETE FROM notifications.due AS d USING decided WHERE d.notice_ref = decided.notice_ref
""")
DECIDED = text("""
SELECT case_ref, count(*) AS notices FROM notifications.notice
WHERE agency_id = :agency AND decision_ref = :decision_ref GROUP BY case_ref
""")


class BrakeDecision(StrEnum):
    """A person's decision on braked notices, by its name in the log and on record."""

    RELEASED = "notices_released"
    DROPPED = "notices_dropped"


@dataclass(frozen=True, slots=True)
class Flood:
    """The news of one kind from one agency, as far as a person saw it."""

    source: str
    kind: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Braked:
    """What the brake holds of one kind from one agency, in one case or in several."""

    source_agency_ref: str
    kind: str
    notices: int
    cases: int
    first_planned_at: datetime
    last_planned_at: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class BrakeOutcome:
    """How many notices a decision was about, and in how many cases."""

    notices: int
    cases: int


async def groups(unit: UnitOfWork) -> tuple[list[Braked], bool]:
    """Return the notices that the brake holds, by agency and kind, and whether that is all; no case is named.

    The count is on record, once an hour.
    """
    rows = await _cases(unit.session, unit.agency_id, None, MOST_ROWS)
    visible = await _visible(unit, {case_ref for case_ref, _ in rows})
    await list_reads.record_count(unit, NAME)
    merged: dict[tuple[str, str], Braked] = {}
    for case_ref, group in rows:
        if case_ref in visible:
            place = group.source_agency_ref, group.kind
            merged[place] = _together(merged[place], group) if place in merged else group
    return list(merged.values()), len(rows) < MOST_ROWS


async def page(
    unit: UnitOfWork, source: str, kind: str, behind: tuple[datetime, UUID] | None, limit: int
) -> Page[Notice]:
    """Return a page of the notices held of one kind from one agency; each case shown is on record once a day."""
    fetched = await list_reads.page(partial(_fetch, unit, source, kind, behind), partial(_choose, unit), limit)
    visible = await _record_visible(unit, {row.case_ref for row in fetched.rows})
    return Page([row for row in fetched.rows if row.case_ref in visible], fetched.last)


async def decide(unit: UnitOfWork, flood: Flood, decision: BrakeDecision) -> BrakeOutcome | None:
    """Release or drop what the brake holds of a flood, in 200 cases at most; None if there is nothing to decide.

    Each case's survivor reads of it in their accounting.
    """
    rows = await _cases(unit.session, unit.agency_id, flood, MOST_ROWS)
    visible = await _visible(unit, {case_ref for case_ref, _ in rows})
    chosen = [case_ref for case_ref, _ in rows if case_ref in visible][:MOST]
    params = {"agency": unit.agency_id, "source": flood.source, "kind": flood.kind, "until": flood.until}
    locked = (await unit.session.execute(LOCK, params | {"cases": chosen})).all()
    cases = await _record_visible(unit, {row.case_ref for row in locked})
    refs = [row.notice_ref for row in locked if row.case_ref in cases]
    if not refs:
        return None
    unit.created = uuid4()
    row = {
        "refs": refs,
        "by": unit.person_ref,
        "at": await register.database_now(unit.session),
        "decision_ref": unit.created,
    }
    await unit.session.execute(RELEASE if decision is BrakeDecision.RELEASED else DROP, row)
    await _record(unit, cases, decision)
    fields = {"agency": flood.source, "recipient": unit.agency_id, "actor": unit.actor, "code": flood.kind}
    log.warning(decision, extra=log_fields(**fields, count=len(refs)))
    return BrakeOutcome(len(refs), len(cases))


async def decided(unit: UnitOfWork, decision_ref: UUID) -> BrakeOutcome | None:
    """Return how much of a decision this person may see now; None if nothing, which is on record, too."""
    params = {"agency": unit.agency_id, "decision_ref": decision_ref}
    counts = {row.case_ref: row.notices for row in await unit.session.execute(DECIDED, params)}
    cases = await _record_visible(unit, counts)
    if not cases:
        for case_ref, subject in (await register.lock_cases(unit.session, set(counts))).items():
            await _note_blocked(unit, case_ref, subject)
        return None
    return BrakeOutcome(sum(counts[case_ref] for case_ref in cases), len(cases))


async def is_left(unit: UnitOfWork, flood: Flood) -> bool:
    """Tell whether the brake still holds something of a flood that this person may see."""
    rows = await _cases(unit.session, unit.agency_id, flood, MOST_ROWS)
    return bool(await _visible(unit, {case_ref for case_ref, _ in rows}))


async def _cases(session: AsyncSession, agency: str, flood: Flood | None, rows: int) -> list[tuple[UUID, Braked]]:
    """Return the notices held in each case, the longest held first."""
    params: dict[str, str | datetime | None] = {"source": None, "kind": None, "until": None}
    if flood is not None:
        params = {"source": flood.source, "kind": flood.kind, "until": flood.until}
    result = await session.execute(CASES, {"agency": agency, "rows": rows} | params)
    return [
        (
            row.case_ref,
            Braked(row.source, row.kind, row.notices, 1, row.first_planned_at, row.last_planned_at, row.until),
        )
        for row in result
    ]


def _together(first: Braked, second: Braked) -> Braked:
    return Braked(
        first.source_agency_ref,
        first.kind,
        first.notices + second.notices,
        first.cases + second.cases,
        min(first.first_planned_at, second.first_planned_at),
        max(first.last_planned_at, second.last_planned_at),
        min(first.until, second.until),
    )


async def _fetch(
    unit: UnitOfWork, source: str, kind: str, begin: tuple[datetime, UUID] | None, last: Notice | None, rows: int
) -> list[Notice]:
    behind = (last.planned_at, last.notice_ref) if last is not None else begin or (None, None)
    params = {"agency": unit.agency_id, "source": source, "kind": kind, "rows": rows}
    result = await unit.session.execute(NOTICES, params | {"behind_at": behind[0], "behind_ref": behind[1]})
    return [as_notice(row) for row in result.mappings()]


async def _choose(unit: UnitOfWork, rows: Sequence[Notice]) -> list[Notice]:
    visible = await _visible(unit, {row.case_ref for row in rows})
    return [row for row in rows if row.case_ref in visible]


async def _visible(unit: UnitOfWork, cases: Collection[UUID]) -> set[UUID]:
    masks = await list_reads.read_masks(unit, map(ReadRequest, cases), CATEGORIES)
    return {request.case_ref for request, mask in masks.items() if mask}


async def _record_visible(unit: UnitOfWork, cases: Collection[UUID]) -> set[UUID]:
    """Return the cases of which this person may see notices, each locked and the look on record."""
    masks = await list_reads.record_rows(unit, map(ReadRequest, cases), CATEGORIES, NAME)
    return {request.case_ref for request, mask in masks.items() if mask}


async def _record(unit: UnitOfWork, cases: Collection[UUID], decision: BrakeDecision) -> None:
    by, subjects = await audit_entries.resolve_actor(unit), await register.lock_cases(unit.session, set(cases))
    noted = [
        audit_entries.act_entry(
            Act.CHANGED, by, subject, custodian=subject.case(case_ref), reason=str(decision), detail=unit.asker
        )
        for case_ref, subject in subjects.items()
    ]
    await append(unit.session, noted)


async def _note_blocked(unit: UnitOfWork, case_ref: UUID, subject: register.Subject) -> None:
    custodian = subject.case(case_ref)
    if custodian is not None:
        await disclosure.record_blocked(unit, subject, custodian)
