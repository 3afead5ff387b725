"""The people of one agency as its administrator sees and changes them; whose agency it is stands in each WHERE."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

FIELDS: Final = (
    """person_ref, name, roles, active, joined_at, left_at, requested_roles, requested_by, version, pseudonym"""
)
PERSON = text(
    f"SELECT {FIELDS} FROM register.person "  # noqa: S608 - a list of our own columns
    "WHERE person_ref = :person_ref AND agency_id = :agency"
)
PERSON_TO_CHANGE = text(PERSON.text + " FOR UPDATE")
PERSON_BEHIND = text(
    f"SELECT {FIELDS} FROM register.person WHERE pseudonym = :pseudonym AND agency_id = :agency"  # noqa: S608 - as above
)
PEOPLE = text(
    f"SELECT {FIELDS} FROM register.person "  # noqa: S608 - as above
    "WHERE agency_id = :agency AND active = :active AND (name, person_ref) > (:name, :ref) "
    "ORDER BY name, person_ref LIMIT :rows"
)
COUNT = text("""
SELECT count(*) FROM (SELECT FROM register.person WHERE agency_id = :agency AND active = :active LIMIT :rows) AS counted
""")
ADD = text("""
INSERT INTO register.person (person_ref, agency_id, name, roles, requested_roles, requested_by)
VALUES (:person_ref, :agency, :name, '{}', :roles, :by) ON CONFLICT DO NOTHING RETURNING pseudonym
""")
KEEP = text("""
UPDATE register.person SET roles = :roles, requested_roles = :requested_roles, requested_by = :requested_by,
    version = version + 1
WHERE person_ref = :person_ref AND agency_id = :agency AND active
""")
PASSPHRASE = text("""
UPDATE register.person SET passphrase_hash = :hashed WHERE person_ref = :person_ref AND agency_id = :agency AND active
""")
# Held in one order, so that of two administrators who take each other out, the second is refused.
HOLDERS = text("""
SELECT person_ref FROM register.person WHERE agency_id = :agency AND active AND :role = ANY(roles)
ORDER BY person_ref FOR UPDATE
""")
CHANGES = text("""
SELECT c.change_id, c.person_ref, p.name, c.act, c.roles, c.by_ref, b.name AS by_name, c.at
FROM register.person_change AS c
LEFT JOIN register.person AS p ON p.person_ref = c.person_ref AND p.agency_id = c.agency_id
LEFT JOIN register.person AS b ON b.person_ref = c.by_ref AND b.agency_id = c.agency_id
WHERE c.agency_id = :agency AND c.change_id < :before ORDER BY c.change_id DESC LIMIT :rows
""")
SYSTEMS = text("""
SELECT client_id, active, public_jwk FROM register.client WHERE agency_id = :agency AND client_id > :behind
ORDER BY client_id LIMIT :rows
""")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who works or worked at the agency; `requested_roles` wait for a second person."""

    person_ref: str
    name: str
    roles: tuple[str, ...]
    active: bool
    joined_at: datetime
    left_at: datetime | None
    requested_roles: tuple[str, ...]
    requested_by: str | None
    version: int
    pseudonym: UUID


@dataclass(frozen=True, slots=True)
class PersonChange:
    """One change of one person, as it is on record; without `by_ref` an operator made it."""

    change_id: int
    person_ref: str
    name: str | None
    act: str
    roles: tuple[str, ...]
    by_ref: str | None
    by_name: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class System:
    """A system of the agency's own, and the public key with which it proves who it is."""

    client_id: str
    active: bool
    public_jwk: dict[str, Any]


async def person_of(session: AsyncSession, agency: str, person_ref: str) -> Person | None:
    """Return who of this reference works or worked at the agency; anybody of another is None."""
    row = (await session.execute(PERSON, {"agency": agency, "person_ref": person_ref})).one_or_none()
    return None if row is None else _person(row)


async def person_behind(session: AsyncSession, agency: str, pseudonym: UUID) -> Person | None:
    """Return whom the ledger knows by this pseudonym, if it is somebody of the agency."""
    row = (await session.execute(PERSON_BEHIND, {"agency": agency, "pseudonym": pseudonym})).one_or_none()
    return None if row is None else _person(row)


async def person_to_change(session: AsyncSession, agency: str, person_ref: str) -> Person | None:
    """Return who of this reference works or worked at the agency, held until the end."""
    row = (await session.execute(PERSON_TO_CHANGE, {"agency": agency, "person_ref": person_ref})).one_or_none()
    return None if row is None else _person(row)


async def people_of(
    session: AsyncSession, agency: str, behind: tuple[str, str], rows: int, *, active: bool
) -> list[Person]:
    """Return up to `rows` people who work at the agency, or left it, by name, behind a name and reference."""
    place = {"name": behind[0], "ref": behind[1]}
    result = await session.execute(PEOPLE, {"agency": agency, "active": active, "rows": rows} | place)
    return [_person(row) for row in result]


async def people_counted(session: AsyncSession, agency: str, rows: int, *, active: bool) -> int:
    """Return how many people work at the agency, or left it, up to `rows`."""
    return int(await session.scalar(COUNT, {"agency": agency, "active": active, "rows": rows}) or 0)


async def add_person(
    session: AsyncSession, agency: str, person_ref: str, name: str, roles: Collection[str], by: str
) -> UUID | None:
    """Put somebody on the register whose roles wait; return the pseudonym, or None where the reference is taken."""
    row = {"agency": agency, "person_ref": person_ref, "name": name, "roles": list(roles), "by": by}
    pseudonym: UUID | None = (await session.execute(ADD, row)).scalar_one_or_none()
    return pseudonym


async def keep_person(session: AsyncSession, agency: str, person: Person) -> None:
    """Keep what a person may do from now on, and what waits, as the next version."""
    row = {
        "agency": agency,
        "person_ref": person.person_ref,
        "roles": list(person.roles),
        "requested_roles": list(person.requested_roles),
        "requested_by": person.requested_by,
    }
    await session.execute(KEEP, row)


async def keep_passphrase(session: AsyncSession, agency: str, person_ref: str, hashed: str) -> None:
    """Let a person of the agency sign in with a new passphrase, in place of any other."""
    await session.execute(PASSPHRASE, {"agency": agency, "person_ref": person_ref, "hashed": hashed})


async def holders_of(session: AsyncSession, agency: str, role: str) -> frozenset[str]:
    """Return who of the agency holds a role now, all of them held until the end."""
    return frozenset(await session.scalars(HOLDERS, {"agency": agency, "role": role}))


async def changes_of(session: AsyncSession, agency: str, before: int, rows: int) -> list[PersonChange]:
    """Return up to `rows` changes of the agency's people, the newest first, before a number."""
    result = await session.execute(CHANGES, {"agency": agency, "before": before, "rows": rows})
    return [
        PersonChange(
            row.change_id, row.person_ref, row.name, row.act, tuple(row.roles), row.by_ref, row.by_name, row.at
        )
        for row in result
    ]


async def systems_of(session: AsyncSession, agency: str, behind: str, rows: int) -> list[System]:
    """Return up to `rows` systems of the agency behind a client id."""
    result = await session.execute(SYSTEMS, {"agency": agency, "behind": behind, "rows": rows})
    return [System(row.client_id, row.active, dict(row.public_jwk)) for row in result]


def _person(row: Any) -> Person:
    return Person(
        row.person_ref,
        row.name,
        tuple(row.roles),
        row.active,
        row.joined_at,
        row.left_at,
        tuple(row.requested_roles),
        row.requested_by,
        row.version,
        row.pseudonym,
    )
