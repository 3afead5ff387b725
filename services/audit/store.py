"""The ledger as one custodian may read it, and the names behind its pseudonyms."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from kernel.ledger.entry import Act, Header, UnreadableEntry, read
from runtime.database.unit_of_work import UnitOfWork
from services.audit.domain import Actor, ActorKind, AgencyContact, ToldStop

LAST = 2**63 - 1

# A person whom the survivor shut out is shut out of the accounting too, and so is a system that may ask for them; like
# `decide`, a denial never lapses.
CASE = text("""
SELECT s.pseudonym, EXISTS (
    SELECT FROM register.directive AS d WHERE d.subject_id = c.subject_id AND d.effect = 'deny'
    AND d.state = 'active' AND (d.excluded_person_ref = :person_ref OR (CAST(:unnamed AS boolean)
        AND d.excluded_person_ref IS NOT NULL AND COALESCE(d.excluded_agency, :agency) = :agency))) AS shut_out
FROM register."case" AS c JOIN register.subject AS s USING (subject_id)
WHERE c.case_ref = :case_ref AND c.agency_id = :agency
""")
# One statement, so that no line is missed on its way into the tree.  The custodian is sought in the canonical text:
# a quotation mark within a value is escaped there, so nothing else can look like this.
LINES = text("""
SELECT number, index, header FROM (
    (SELECT number, CASE WHEN index < (SELECT max(size) FROM ledger.published) THEN index END, header FROM ledger.leaf
     WHERE subject = :subject AND number > :after AND number <= :until AND position(:custodian IN header) > 0
     AND substring(header FOR :width) <> :folded ORDER BY number LIMIT :rows)
    UNION ALL
    (SELECT id, NULL, header FROM ledger.pending
     WHERE subject = :subject AND id > :after AND id <= :until AND position(:custodian IN header) > 0
     AND substring(header FOR :width) <> :folded ORDER BY id LIMIT :rows)
) AS said (number, index, header) ORDER BY number LIMIT :rows
""")
NEWEST = text("""
SELECT max(number) FROM (
    SELECT max(number) AS number FROM ledger.leaf WHERE subject = :subject
    UNION ALL SELECT max(id) FROM ledger.pending WHERE subject = :subject) AS said
""")
TOLD_STOPS = text("""
SELECT directive_ref, told_at, revoked_at FROM register.directive
WHERE directive_ref = ANY(CAST(:refs AS uuid[])) AND told_at < revoked_at
""")
AGENCIES = text("SELECT pseudonym, agency_id, name, address FROM register.agency WHERE pseudonym = ANY(:names)")
ACTORS = text("""
SELECT pseudonym, 'person' AS kind, person_ref AS ref, name, roles, agency_id
FROM register.person WHERE pseudonym = ANY(:names)
UNION ALL
SELECT pseudonym, 'system', client_id, client_id, ARRAY['system'], agency_id
FROM register.client WHERE pseudonym = ANY(:names)
""")


@dataclass(frozen=True, slots=True)
class Case:
    """An agency's own case: the subject's pseudonym in the ledger, and whether this person may not know of it."""

    subject: UUID
    shut_out: bool


@dataclass(frozen=True, slots=True)
class AccountingLine:
    """A line of the ledger by the number it was written under; `index` is its place in the tree, once it is published.

    `header` is None where the line is not one that the ledger would have written: the verifier names it.
    """

    number: int
    index: int | None
    header: Header | None


async def own_case(unit: UnitOfWork, case_ref: UUID) -> Case | None:
    """Return the agency's own case; any other agency's is absent."""
    params = {"agency": unit.agency_id, "case_ref": case_ref, "person_ref": unit.person_ref, "unnamed": unit.unnamed}
    row = (await unit.session.execute(CASE, params)).one_or_none()
    return None if row is None else Case(row.pseudonym, row.shut_out)


async def lines_of(
    session: AsyncSession, subject: UUID, custodian: str, *, after: int, until: int, rows: int, folded: Act | None
) -> list[AccountingLine]:
    """Return up to `rows` lines about the subject's record at the agency `custodian` (its pseudonym), oldest first.

    Lines of the act `folded` are left out.
    Lines that still wait for the tree are among them, so that what is on record is told at once.
    """
    begins = b"-" if folded is None else f'{{"act":"{folded}",'.encode()  # the act stands first in a canonical header
    params = {
        "subject": subject,
        "custodian": f'"custodian":"{custodian}"'.encode(),
        "after": after,
        "until": until,
        "rows": rows,
        "folded": begins,
        "width": len(begins),
    }
    rows_found = await session.execute(LINES, params)
    return [AccountingLine(number, index, _header(bytes(body))) for number, index, body in rows_found]


async def newest_number(session: AsyncSession, subject: UUID) -> int:
    """Return the number of the newest line about the subject."""
    return int(await session.scalar(NEWEST, {"subject": subject}) or 0)


async def agencies_behind(session: AsyncSession, names: Collection[UUID]) -> dict[str, AgencyContact]:
    """Return the agencies that these pseudonyms stand for."""
    rows = await session.execute(AGENCIES, {"names": list(names)})
    return {str(row.pseudonym): AgencyContact(row.agency_id, row.name, row.address) for row in rows}


async def actors_behind(session: AsyncSession, names: Collection[UUID]) -> dict[str, Actor]:
    """Return the people and systems that these pseudonyms stand for."""
    rows = await session.execute(ACTORS, {"names": list(names)})
    return {
        str(row.pseudonym): Actor(ActorKind(row.kind), row.ref, row.name, tuple(row.roles), row.agency_id)
        for row in rows
    }


async def told_stops(session: AsyncSession, directives: Collection[str]) -> dict[str, ToldStop]:
    """Return, of these directives, the stops that were said before they were recorded."""
    rows = await session.execute(TOLD_STOPS, {"refs": list(directives)}) if directives else ()
    return {str(row.directive_ref): ToldStop(row.told_at, row.revoked_at) for row in rows}


def _header(body: bytes) -> Header | None:
    try:
        return read(body)
    except UnreadableEntry:
        return None
