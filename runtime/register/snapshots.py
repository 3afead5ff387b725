"""The consent of now without a lock: enough to choose what a list is worth holding for, and to count.

Nobody waits for a snapshot and a snapshot waits for nobody.  It is read after the request came, so what a stop closed
that was answered before is closed in it; a stop that commits later is in the next.  Nothing is shown by it alone where
the look is on record: the rows of a page are held and decided once more.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from kernel.consent import Agency, ConsentTable
from runtime.database.arrays import bigints, texts, uuids
from runtime.database.hot_path import fetch_all
from runtime.register.agencies import read_agency
from runtime.register.directives import Consent
from runtime.register.subjects import consents

# Looked up one by one, by the limit: joined, the server may read all subjects instead.
OF_CASES = """
SELECT c.case_ref, c.agency_id, s.subject_id, s.sv, s.participation, s.deceased
FROM register."case" AS c CROSS JOIN LATERAL (
    SELECT s.subject_id, s.sv, s.participation, s.deceased_on IS NOT NULL AS deceased
    FROM register.subject AS s WHERE s.subject_id = c.subject_id LIMIT 1
) AS s WHERE c.case_ref = ANY(%s)
"""
OF_SUBJECTS = """
SELECT subject_id, sv, participation, deceased_on IS NOT NULL FROM register.subject WHERE subject_id = ANY(%s)
"""
AGENCIES = """
SELECT agency_id, kind, flags, purposes, register.instant() FROM register.agency WHERE agency_id = ANY(%s)
"""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A custodian's case with the consent of `at`; no lock is held."""

    subject_id: int
    custodian: Agency
    consent: Consent
    at: datetime

    @property
    def table(self) -> ConsentTable:
        """Return the compiled consent table."""
        return self.consent.table


async def snapshots(session: AsyncSession, case_refs: Iterable[UUID]) -> dict[UUID, Snapshot]:
    """Return the snapshot of each case reference that exists."""
    cases = await fetch_all(session, OF_CASES, uuids(set(case_refs)))
    custodians = await custodians_now(session, {case[1] for case in cases})
    compiled = await consents(session, [case[2:] for case in cases])
    by_case = {}
    for case_ref, agency_id, subject_id, *_ in cases:
        custodian, at = custodians[agency_id]
        by_case[case_ref] = Snapshot(subject_id, custodian, compiled[subject_id], at)
    return by_case


async def consents_now(session: AsyncSession, subject_ids: Iterable[int]) -> dict[int, Consent]:
    """Return the consent of each subject that exists, for a count: nothing but numbers is read of thousands."""
    return await consents(session, await fetch_all(session, OF_SUBJECTS, bigints(set(subject_ids))))


async def custodians_now(session: AsyncSession, agency_ids: Iterable[str]) -> dict[str, tuple[Agency, datetime]]:
    """Return each agency that exists, and the database's instant."""
    named = await fetch_all(session, AGENCIES, texts(set(agency_ids)))
    return {row[0]: (read_agency(*row[:4]), row[4]) for row in named}
