"""Holding a subject: the fair lock first, then the clock and the consent of now.

Every offer, relay batch and opening holds the subject's advisory lock shared; every change of consent holds
it exclusive.  Advisory, because PostgreSQL's row locks let shared holders pass a waiting writer, and a
revocation starved for seconds; the advisory queue is fair.  Several subjects are locked in one order (by id).
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID
from weakref import WeakKeyDictionary

from sqlalchemy import Engine
from sqlalchemy.ext.asyncio import AsyncSession

from kernel.consent import Agency, ConsentTable
from runtime.database.arrays import bigints, uuids
from runtime.database.hot_path import fetch_all
from runtime.register.agencies import read_agency
from runtime.register.directives import Consent, active_rows, compile_consent
from runtime.register.lock_cache import cache, cached, invalidate
from schemas.codes import Participation, Purpose

# Locks first, and the consent of now by a snapshot taken once they are held: see the functions in 0020_locks.py.
LOCK_CASES = "SELECT * FROM register.hold_cases(%s)"
LOCK_SUBJECTS = "SELECT * FROM register.hold_subjects(%s)"
LOCK_WITHOUT_KEYS = "SELECT * FROM register.hold_subjects_without_keys(%s)"
LOCK_EXCLUSIVE = "SELECT * FROM register.hold_exclusive(%s)"
READ_SUBJECTS = "SELECT * FROM register.read_subjects(%s)"
# Whoever asks for a case of another agency waits for nobody, or the wait would tell that it exists.
LOCK_OWN_CASE = """
SELECT * FROM register.hold_subjects(ARRAY(
    SELECT subject_id FROM register."case" WHERE case_ref = %s AND agency_id = %s
))
"""
MAX_CACHED_TABLES = 10_000
MAX_CACHED_CASES = 2_000


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


class _Registered(NamedTuple):
    """What the register says of a subject whose lock is held."""

    subject_id: int
    sv: int
    participation: str
    deceased: bool
    home_agency: str
    pseudonym: UUID
    at: datetime
    cases: str | None
    keys: list[bytes | None] | None


class Version(NamedTuple):
    """What consent is compiled from besides the directives; `sv` is raised by every change of either."""

    subject_id: int
    sv: int
    participation: str
    deceased: bool


# A table is used only if its `sv` equals the row's, which every change of consent raises under the lock.
_tables: WeakKeyDictionary[Engine, OrderedDict[int, tuple[int, Consent]]] = WeakKeyDictionary()
_NOT_CACHED: tuple[int, None] = (-1, None)


async def lock_shared(session: AsyncSession, case_ref: UUID) -> Subject | None:
    """Return the subject of an agency's case with its lock held shared, or None where there is no such case."""
    subjects = await lock_cases(session, [case_ref])
    return subjects.get(case_ref)


async def lock_own_case(session: AsyncSession, agency_id: str, case_ref: UUID) -> Subject | None:
    """Return the subject of the agency's own case with its lock held shared; the case of another is absent."""
    subjects = await _locked(session, await fetch_all(session, LOCK_OWN_CASE, case_ref, agency_id))
    cache(session, subjects)
    return subjects[0] if subjects else None


async def lock_cases(session: AsyncSession, case_refs: Iterable[UUID]) -> dict[UUID, Subject]:
    """Return the subject of each case reference that exists, all locks held shared, taken in one order."""
    requested = set(case_refs)
    before = cached(session, requested)
    if before is not None:
        return before
    subjects = await _locked(session, await fetch_all(session, LOCK_CASES, uuids(requested)))
    cache(session, subjects)
    by_case = {case.case_ref: subject for subject in subjects for case in subject.cases.values()}
    return {case_ref: by_case[case_ref] for case_ref in requested if case_ref in by_case}


async def lock_subjects(session: AsyncSession, subject_ids: Iterable[int]) -> dict[int, Subject]:
    """Return each subject with its lock held shared, taken in one order."""
    return await subjects_of(session, await fetch_all(session, LOCK_SUBJECTS, bigints(subject_ids)))


async def lock_without_keys(session: AsyncSession, subject_ids: Iterable[int]) -> dict[int, Subject]:
    """Return each subject as `lock_subjects` does, without a case key: for a relay, which opens nothing."""
    return await subjects_of(session, await fetch_all(session, LOCK_WITHOUT_KEYS, bigints(subject_ids)))


async def subjects_of(session: AsyncSession, rows: Iterable[tuple[Any, ...]]) -> dict[int, Subject]:
    """Return each subject of these rows of `register.hold_subjects`, which the caller's own statement called."""
    by_subject = {row[0]: row for row in rows}
    return {subject.subject_id: subject for subject in await _locked(session, list(by_subject.values()))}


async def lock_exclusive(session: AsyncSession, case_ref: UUID) -> Subject | None:
    """Return the subject with its lock held exclusive: whoever changes consent calls this first."""
    subjects = await _locked(session, await fetch_all(session, LOCK_EXCLUSIVE, case_ref))
    invalidate(session)
    return subjects[0] if subjects else None


async def read_again(session: AsyncSession, subject: Subject) -> Subject:
    """Return a subject as it is by now; whoever calls this holds its lock exclusive and has changed it."""
    (changed,) = await _locked(session, await fetch_all(session, READ_SUBJECTS, bigints([subject.subject_id])))
    return changed


async def _locked(session: AsyncSession, rows: Sequence[tuple[Any, ...]]) -> list[Subject]:
    registered = [_Registered(*row) for row in rows]
    compiled = await consents(session, [row[:4] for row in registered])
    return [_subject(row, compiled[row.subject_id]) for row in registered]


async def consents(session: AsyncSession, versions: Iterable[tuple[int, int, str, bool]]) -> dict[int, Consent]:
    """Return the compiled consent of each subject, in the `Version` named or, where no lock is held, a later one.

    A later consent cached under the earlier number is never used again: the register has the later number already.
    """
    cached_tables = _tables.setdefault(session.sync_session.get_bind().engine, OrderedDict())
    compiled, missing = dict[int, Consent](), list[Version]()
    for version in versions:
        sv, consent = cached_tables.get(version[0], _NOT_CACHED)
        if consent is not None and sv == version[1]:
            compiled[version[0]] = consent
        else:
            missing.append(Version(*version))
    if missing:
        directives = await active_rows(session, [row.subject_id for row in missing])
        for row in missing:
            participating = row.participation == Participation.YES
            terms = directives[row.subject_id]
            consent = compile_consent(terms, sv=row.sv, participating=participating, deceased=row.deceased)
            compiled[row.subject_id] = consent
            cached_tables[row.subject_id] = (row.sv, consent)
    while len(cached_tables) > MAX_CACHED_TABLES:
        cached_tables.popitem(last=False)
    return compiled


def _subject(row: _Registered, consent: Consent) -> Subject:
    entries = _parse_cases(row.cases) if row.cases else ()
    cases = {
        agency.agency_id: CaseOf(agency, case_ref, pseudonym, key, active)
        for (agency, case_ref, pseudonym, active), key in zip(entries, row.keys or (), strict=True)
    }
    return Subject(
        row.subject_id, row.at, row.sv, row.participation, row.home_agency, str(row.pseudonym), consent, cases
    )


# By the very text that the register gave, so that what changed is read anew; no key is in it.
@lru_cache(MAX_CACHED_CASES)
def _parse_cases(cases: str) -> tuple[tuple[Agency, UUID, str, bool], ...]:
    return tuple(
        (read_agency(agency_id, kind, flags, purposes), UUID(case_ref), pseudonym, active)
        for agency_id, kind, flags, purposes, case_ref, pseudonym, active in json.loads(cases)
    )
