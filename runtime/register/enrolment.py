"""Taking agencies, their systems and their people onto the register and off it, while everything runs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from kernel.ledger.entry import Act, Verdict
from runtime.ledger.pending_entries import append, leaf
from runtime.tasks import put_back_tasks
from schemas.codes import AgencyFlag, AgencyKind, Purpose
from schemas.services import RESERVED

AGENCY = text("""
INSERT INTO register.agency (agency_id, name, kind, address, front_door, flags, purposes, profile, time_zone)
VALUES (:agency_id, :name, :kind, :address, :front_door, :flags, :purposes, :profile, :time_zone)
ON CONFLICT (agency_id) DO UPDATE SET name = EXCLUDED.name, kind = EXCLUDED.kind, address = EXCLUDED.address,
    front_door = EXCLUDED.front_door, flags = EXCLUDED.flags, purposes = EXCLUDED.purposes
""")
CLIENT = text("""
INSERT INTO register.client (client_id, agency_id, public_jwk) VALUES (:client_id, :agency_id, CAST(:jwk AS jsonb))
ON CONFLICT (client_id) DO UPDATE SET public_jwk = EXCLUDED.public_jwk
""")
PERSON = text("""
INSERT INTO register.person (person_ref, agency_id, name, roles, passphrase_hash)
VALUES (:person_ref, :agency_id, :name, :roles, :passphrase_hash)
ON CONFLICT (person_ref) DO UPDATE SET name = EXCLUDED.name, roles = EXCLUDED.roles,
    passphrase_hash = EXCLUDED.passphrase_hash, version = person.version + 1
WHERE person.agency_id = EXCLUDED.agency_id RETURNING person_ref
""")
# Who left keeps the row and the pseudonym: the accounting names them for as long as it is kept.
REMOVED = text("""
UPDATE register.person SET active = false, left_at = register.instant(), roles = '{}', passphrase_hash = NULL,
    requested_roles = '{}', requested_by = NULL, version = version + 1
WHERE person_ref = :person_ref AND agency_id = :agency_id AND active RETURNING person_ref
""")
CLOSED = text("""
WITH agency AS (
    UPDATE register.agency SET active = false WHERE agency_id = :agency_id AND active RETURNING agency_id
), people AS (
    UPDATE register.person AS p SET active = false, left_at = register.instant(), roles = '{}', passphrase_hash = NULL,
        requested_roles = '{}', requested_by = NULL, version = p.version + 1
    FROM agency AS a WHERE p.agency_id = a.agency_id AND p.active RETURNING p.person_ref
), clients AS (
    UPDATE register.client AS c SET active = false
    FROM agency AS a WHERE c.agency_id = a.agency_id AND c.active RETURNING c.client_id
)
SELECT (SELECT count(*) FROM people) AS people, (SELECT count(*) FROM clients) AS clients FROM agency
""")
STANDING = text("SELECT home, given, received FROM register.standing_of(:agency_id)")
PROFILE = text("UPDATE register.agency SET profile = :profile WHERE agency_id = :agency_id RETURNING true")
NOTED = text("SELECT pseudonym, register.instant() AS at FROM register.agency WHERE agency_id = :agency_id")
CHANGED = text("""
INSERT INTO register.person_change (agency_id, person_ref, act, roles, by_ref, at)
VALUES (:agency_id, :person_ref, :act, :roles, :by, register.instant())
""")
OPERATOR: Final = "operator"


class PersonAct(StrEnum):
    """One change to who belongs to an agency, or to what they may do there."""

    ADDED = "added"
    ROLES_REQUESTED = "roles_requested"
    ROLES_CHANGED = "roles_changed"
    ROLES_CONFIRMED = "roles_confirmed"
    SESSION_ENDED = "session_ended"
    CERTIFIED = "certified"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Registrar:
    """Who changes the register: an operator, or somebody of the agency by reference and pseudonym."""

    person_ref: str | None = None
    pseudonym: str = OPERATOR


class AlreadyEnrolled(Exception):
    """The reference belongs to somebody of another agency."""


class ReservedName(ValueError):
    """The agency's id is the name of one of our own parts, under which they act and speak to the broker."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The cases of which an agency is home, and the releases in force of its records (granted) and to it (received)."""

    home: int
    granted: int
    received: int


@dataclass(frozen=True, slots=True)
class NewAgency:
    """An agency as its agreement names it; `purposes` are those it is registered for."""

    agency_id: str
    name: str
    kind: AgencyKind
    flags: frozenset[AgencyFlag] = frozenset()
    purposes: frozenset[Purpose] = frozenset()
    address: str = ""
    front_door: str = ""
    profile: str = "default"  # of its jurisdiction; on the register it is changed by `set_profile` alone
    time_zone: str = "UTC"  # that its people read pages in; set once, when the agency is first taken in


@dataclass(frozen=True, slots=True)
class NewPerson:
    """A member of an agency's staff; roles decide what they may do, never what a survivor has allowed."""

    person_ref: str
    agency_id: str
    name: str
    roles: tuple[str, ...]
    passphrase_hash: str | None = field(default=None, repr=False)


async def enrol_agency(session: AsyncSession, agency: NewAgency, public_jwk: Mapping[str, Any]) -> None:
    """Put the agency and its system principal (client id = agency id) on the register.

    Raises `ReservedName` for an id that is one of ours; the tables refuse it as well.
    """
    if agency.agency_id in RESERVED:
        raise ReservedName
    row = {
        "agency_id": agency.agency_id,
        "name": agency.name,
        "kind": agency.kind,
        "address": agency.address,
        "front_door": agency.front_door,
        "flags": sorted(agency.flags),
        "purposes": sorted(agency.purposes),
        "profile": agency.profile,
        "time_zone": agency.time_zone,
    }
    await session.execute(AGENCY, row)
    client = {"client_id": agency.agency_id, "agency_id": agency.agency_id, "jwk": json.dumps(dict(public_jwk))}
    await session.execute(CLIENT, client)
    await _note(session, agency.agency_id, {"agency": agency.agency_id, "kind": agency.kind, "profile": agency.profile})


async def set_profile(session: AsyncSession, agency_id: str, profile: str) -> None:
    """Give the agency the rules of another jurisdiction, for whatever is signed from now on.

    Raises `LookupError` where there is no such agency.
    """
    if (await session.execute(PROFILE, {"agency_id": agency_id, "profile": profile})).one_or_none() is None:
        raise LookupError("no such agency")
    await _note(session, agency_id, {"agency": agency_id, "profile": profile})


async def enrol_person(session: AsyncSession, person: NewPerson) -> None:
    """Put the person on the register; raises `AlreadyEnrolled` if another agency has someone of that reference."""
    row = {
        "person_ref": person.person_ref,
        "agency_id": person.agency_id,
        "name": person.name,
        "roles": list(person.roles),
        "passphrase_hash": person.passphrase_hash,
    }
    if (await session.execute(PERSON, row)).one_or_none() is None:
        raise AlreadyEnrolled
    await note_person(session, person.agency_id, person.person_ref, PersonAct.ADDED, person.roles)


async def remove_person(session: AsyncSession, agency_id: str, person_ref: str, by: Registrar = Registrar()) -> bool:
    """Take a person out: nobody from the next request on, at every service; False if they are not active there."""
    row = {"person_ref": person_ref, "agency_id": agency_id}
    if (await session.execute(REMOVED, row)).one_or_none() is None:
        return False
    await put_back_tasks(session, agency_id, person_ref)
    await note_person(session, agency_id, person_ref, PersonAct.LEFT, (), by)
    return True


async def note_person(
    session: AsyncSession,
    agency_id: str,
    person_ref: str,
    act: PersonAct,
    roles: Sequence[str],
    by: Registrar = Registrar(),
) -> None:
    """Put a change of a person on record: a leaf, and a line that the agency's privacy officer reads."""
    row = {"agency_id": agency_id, "person_ref": person_ref, "act": act, "roles": list(roles), "by": by.person_ref}
    await session.execute(CHANGED, row)
    await _note(session, agency_id, {"person": person_ref, "act": act, "roles": list(roles)}, by.pseudonym)


async def close_agency(session: AsyncSession, agency_id: str) -> bool:
    """Take an agency out, with its people and its system; False if it is not active.

    From the next request on it is nobody, and nothing is offered to it.  What it holds stays as it is.
    """
    row = (await session.execute(CLOSED, {"agency_id": agency_id})).one_or_none()
    if row is None:
        return False
    detail = {"agency": agency_id, "active": False, "people": row.people, "clients": row.clients}
    await _note(session, agency_id, detail)
    return True


async def standing(session: AsyncSession, agency_id: str) -> Standing:
    """Return the cases and releases that closing an agency would affect."""
    row = (await session.execute(STANDING, {"agency_id": agency_id})).one()
    return Standing(row.home, row.given, row.received)


async def _note(session: AsyncSession, agency_id: str, detail: Mapping[str, Any], actor: str = OPERATOR) -> None:
    """Put the act of administration on record: who may ask decides what can be seen."""
    agency = (await session.execute(NOTED, {"agency_id": agency_id})).one()
    header_fields = {"at": agency.at, "act": Act.ADMINISTERED, "actor": actor, "agency": str(agency.pseudonym)}
    await append(session, [leaf(detail, None, **header_fields, verdict=Verdict.PERMIT, sv=0)])
