"""Taking agencies, their systems and their people onto the register, while everything runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from kernel.ledger.entry import Act, Verdict
from runtime.ledger.pending import append, leaf
from runtime.names import RESERVED
from schemas.codes import AgencyFlag, AgencyKind, Purpose

AGENCY = text("""
INSERT INTO register.agency (agency_id, name, kind, address, front_door, flags, purposes)
VALUES (:agency_id, :name, :kind, :address, :front_door, :flags, :purposes)
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
    passphrase_hash = EXCLUDED.passphrase_hash
WHERE person.agency_id = EXCLUDED.agency_id RETURNING person_ref
""")
NOTED = text("SELECT pseudonym, register.instant() AS at FROM register.agency WHERE agency_id = :agency_id")


class Taken(Exception):
    """The reference belongs to somebody of another agency."""


class ReservedName(ValueError):
    """The agency's id is the name of one of our own parts, under which they act and speak to the broker."""


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
    }
    await session.execute(AGENCY, row)
    client = {"client_id": agency.agency_id, "agency_id": agency.agency_id, "jwk": json.dumps(dict(public_jwk))}
    await session.execute(CLIENT, client)
    await _note(session, agency.agency_id, {"agency": agency.agency_id, "kind": agency.kind})


async def enrol_person(session: AsyncSession, person: NewPerson) -> None:
    """Put the person on the register; raises `Taken` if another agency has someone of that reference."""
    row = {
        "person_ref": person.person_ref,
        "agency_id": person.agency_id,
        "name": person.name,
        "roles": list(person.roles),
        "passphrase_hash": person.passphrase_hash,
    }
    if (await session.execute(PERSON, row)).one_or_none() is None:
        raise Taken
    await _note(session, person.agency_id, {"person": person.person_ref, "roles": list(person.roles)})


async def _note(session: AsyncSession, agency_id: str, detail: Mapping[str, Any]) -> None:
    """Put the act of administration on record: who may ask decides what can be seen."""
    agency = (await session.execute(NOTED, {"agency_id": agency_id})).one()
    says = {"at": agency.at, "act": Act.ADMINISTERED, "actor": "operator", "agency": str(agency.pseudonym)}
    await append(session, [leaf(detail, None, **says, verdict=Verdict.PERMIT, sv=0)])
