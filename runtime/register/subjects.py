"""Holding a subject: the fair lock first, then the clock and the consent of now.

Every offer, relay batch and opening holds the subject's advisory lock shared; every change of consent holds
it exclusive.  Advisory, because PostgreSQL's row locks let shared holders pass a waiting writer, and a
revocation starved for seconds; the advisory queue is fair.  Several subjects are locked in one order (by id).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, text
from sqlalchemy.ext.asyncio import AsyncSession

from kernel.consent import Agency, ConsentTable
from runtime.register.agencies import read_agency
from runtime.register.directives import Consent, active_rows, compile_consent
from schemas.codes import Participation, Purpose

# The inner ORDER BY fixes the order in which the locks are taken: no two holders can wait for each other.
LOCK_CASES = text(
    "SELECT held.subject_id, pg_advisory_xact_lock_shared(held.subject_id) FROM (SELECT DISTINCT subject_id "
    'FROM register."case" WHERE case_ref = ANY(:refs) ORDER BY subject_id) AS held'
)
LOCK_SUBJECTS = text(
    "SELECT held.id AS subject_id, pg_advisory_xact_lock_shared(held.id) "
    "FROM (SELECT DISTINCT id FROM unnest(CAST(:ids AS bigint[])) AS id ORDER BY id) AS held"
)
LOCK_EXCLUSIVE = text(
    'SELECT subject_id, pg_advisory_xact_lock(subject_id) FROM register."case" WHERE case_ref = :case_ref'
)
# A second statement, because a snapshot taken before the lock was granted may be older than the lock.
READ = text("""
SELECT s.subject_id, s.sv, s.participation, s.deceased_on IS NOT NULL AS deceased, s.home_agency, s.pseudonym,
    register.instant() AS at,
    (SELECT jsonb_agg(jsonb_build_array(c.agency_id, a.kind, a.flags, a.purposes, c.case_ref, a.pseudonym,
        encode(c.wrapped_key, 'hex'), a.active) ORDER BY c.agency_id)
     FROM register."case" AS c JOIN register.agency AS a USING (agency_id) WHERE c.subject_id = s.subject_id) AS cases
FROM register.subject AS s WHERE s.subject_id = ANY(:ids)
""")
# Two numbers, because a recipient's must count only its own messages: a gap would tell of facts it may not see.
NUMBERS = text("""
WITH wanted AS (
    SELECT * FROM unnest(CAST(:ids AS bigint[]), CAST(:agencies AS text[]), CAST(:counts AS bigint[]))
        AS w (subject_id, agency_id, n)
),
held AS (
    SELECT s.subject_id FROM register.subject AS s WHERE s.subject_id IN (SELECT subject_id FROM wanted)
    ORDER BY s.subject_id FOR NO KEY UPDATE
)
UPDATE register."case" AS c SET sent = c.sent + w.n
FROM wanted AS w JOIN held USING (subject_id) WHERE c.subject_id = w.subject_id AND c.agency_id = w.agency_id
RETURNING c.subject_id, c.agency_id, c.sent - w.n AS before
""")
KEPT_TABLES = 10_000


@dataclass(frozen=True, slots=True)
class CaseOf:
    """One agency's own case of a subject: its reference, and its case key if it is a custodian."""

    agency: Agency
    case_ref: UUID
    pseudonym: str
    wrapped_key: bytes | None
    active: bool


@dataclass(frozen=True, slots=True)
class Subject:
    """A subject whose lock is held: the consent of `at`, the database's clock read after the lock."""

    subject_id: int
    at: datetime
    sv: int
    participation: str
    home_agency: str
    pseudonym: str
    consent: Consent
    cases: Mapping[str, CaseOf]

    @property
    def table(self) -> ConsentTable:
        """Return the compiled consent table."""
        return self.consent.table

    def case(self, case_ref: UUID) -> CaseOf | None:
        """Return the agency's case with this reference, or None."""
        return next((case for case in self.cases.values() if case.case_ref == case_ref), None)

    def purposes(self, custodian: str, recipient: str) -> frozenset[Purpose]:
        """Return the purposes for which a directive of `custodian` permits anything to `recipient`."""
        return self.consent.named.get(custodian, {}).get(recipient, frozenset())


# A table is used only if its `sv` equals the row's, which every change of consent raises under the lock.
_tables: WeakKeyDictionary[Engine, OrderedDict[int, tuple[int, Consent]]] = WeakKeyDictionary()


async def hold(session: AsyncSession, case_ref: UUID) -> Subject | None:
    """Return the subject of an agency's case with its lock held shared, or None where there is no such case."""
    held = await hold_all(session, [case_ref])
    return held.get(case_ref)


async def hold_all(session: AsyncSession, case_refs: Iterable[UUID]) -> dict[UUID, Subject]:
    """Return the subject of each case reference that exists, all locks held shared, taken in one order."""
    wanted = set(case_refs)
    rows = await session.execute(LOCK_CASES, {"refs": list(wanted)})
    subjects = await _read(session, [row.subject_id for row in rows])
    found = {case.case_ref: subject for subject in subjects.values() for case in subject.cases.values()}
    return {case_ref: found[case_ref] for case_ref in wanted if case_ref in found}


async def hold_subjects(session: AsyncSession, subject_ids: Iterable[int]) -> dict[int, Subject]:
    """Return each subject with its lock held shared, taken in one order."""
    wanted = list(set(subject_ids))
    await session.execute(LOCK_SUBJECTS, {"ids": wanted})
    return await _read(session, wanted)


async def hold_exclusive(session: AsyncSession, case_ref: UUID) -> Subject | None:
    """Return the subject with its lock held exclusive: whoever changes consent calls this first."""
    row = (await session.execute(LOCK_EXCLUSIVE, {"case_ref": case_ref})).one_or_none()
    return None if row is None else (await _read(session, [row.subject_id]))[row.subject_id]


async def take_numbers(session: AsyncSession, counts: Mapping[tuple[int, str], int]) -> dict[tuple[int, str], int]:
    """Take `counts[subject_id, agency_id]` message numbers; return the number before the first of each.

    The row lock on the subject that it leaves keeps the facts of one subject in order until the commit.
    """
    ids, agencies = zip(*counts, strict=True)
    wanted = {"ids": list(ids), "agencies": list(agencies), "counts": list(counts.values())}
    rows = await session.execute(NUMBERS, wanted)
    return {(row.subject_id, row.agency_id): row.before for row in rows}


async def _read(session: AsyncSession, subject_ids: list[int]) -> dict[int, Subject]:
    if not subject_ids:
        return {}
    rows = (await session.execute(READ, {"ids": subject_ids})).all()
    consents = await _consents(session, rows)
    return {row.subject_id: _subject(row, consents[row.subject_id]) for row in rows}


async def _consents(session: AsyncSession, rows: Iterable[Any]) -> dict[int, Consent]:
    kept = _tables.setdefault(session.sync_session.get_bind().engine, OrderedDict())
    found = {row.subject_id: kept[row.subject_id][1] for row in rows if kept.get(row.subject_id, (-1,))[0] == row.sv}
    missing = [row for row in rows if row.subject_id not in found]
    if missing:
        directives = await active_rows(session, [row.subject_id for row in missing])
        for row in missing:
            participating = row.participation == Participation.YES
            terms = directives[row.subject_id]
            consent = compile_consent(terms, sv=row.sv, participating=participating, deceased=row.deceased)
            found[row.subject_id] = consent
            kept[row.subject_id] = (row.sv, consent)
    while len(kept) > KEPT_TABLES:
        kept.popitem(last=False)
    return found


def _subject(row: Any, consent: Consent) -> Subject:
    cases = {}
    for agency_id, kind, flags, purposes, case_ref, pseudonym, wrapped, active in row.cases or ():
        agency = read_agency(agency_id, kind, flags, purposes)
        key = None if wrapped is None else bytes.fromhex(wrapped)
        cases[agency_id] = CaseOf(agency, UUID(case_ref), pseudonym, key, active)
    return Subject(
        row.subject_id, row.at, row.sv, row.participation, row.home_agency, str(row.pseudonym), consent, cases
    )
