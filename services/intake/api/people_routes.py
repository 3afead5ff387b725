"""The agency's own people and systems: who works there, who comes, who leaves, and the record of it (ADR 0043)."""

from __future__ import annotations

import asyncio
import secrets
from enum import StrEnum
from typing import Annotated, Final
from uuid import UUID

from fastapi import Depends, Request, Response

from runtime.auth import passwords
from runtime.auth.scopes import Role
from runtime.database.unit_of_work import UnitOfWork
from runtime.disclosure import audit_entries
from runtime.http import (
    Absent,
    CreatedResources,
    Cursor,
    FieldError,
    IfMatch,
    Invalid,
    Limit,
    Refusals,
    Refused,
    etag,
    replayed_by,
    require_match,
    require_scope,
    router,
)
from runtime.http.pagination import MOST_COUNTED, CountResponse, link_next
from runtime.http.sealed_cursors import sealed, unsealed
from runtime.register import people
from runtime.register.enrolment import PersonAct, Registrar, note_person, remove_person
from runtime.register.people import Person
from services.intake.hand_over import case_counts, hand_over_cases
from services.intake.people import (
    SUFFIX_BYTES,
    PersonStepNotPossible,
    change_roles,
    check_administrators,
    check_leaving,
    confirm_roles,
    reference_from,
)
from services.intake.people_responses import (
    PeopleResponse,
    PersonChangeResponse,
    PersonChangesResponse,
    PersonResponse,
    SystemResponse,
    SystemsResponse,
)
from services.intake.requests import LeavingRequest, PersonRequest, RolesRequest

MayReadPeople = Annotated[UnitOfWork, Depends(require_scope("people:read"))]
MayManagePeople = Annotated[UnitOfWork, Depends(require_scope("people:manage"))]
MayConfirmPeople = Annotated[UnitOfWork, Depends(require_scope("people:confirm"))]
REFUSALS: Refusals = {PersonStepNotPossible: lambda error: Refused(error.code)}
PASSPHRASE_BYTES: Final = 9  # short enough to be told by telephone
MOST_CHANGES: Final = 2**63 - 1

person_routes = router("/v1/people", refusals=REFUSALS)
system_routes = router("/v1/systems")
routes = (person_routes, system_routes)


class PersonState(StrEnum):
    """Which people a list holds: those who work at the agency, or those who left it."""

    ACTIVE = "active"
    LEFT = "left"


@person_routes.get("", response_model=PeopleResponse, response_model_exclude_none=True)
async def list_people(
    request: Request,
    unit: MayReadPeople,
    answer: Response,
    state: PersonState = PersonState.ACTIVE,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> PeopleResponse:
    """List the agency's own people by name, each with the number of open cases on which they are named."""
    name, ref = await _place(unit, f"people.{state}", cursor, ("", ""))
    active = state is PersonState.ACTIVE
    rows = await people.people_of(unit.session, unit.agency_id, (str(name), str(ref)), limit + 1, active=active)
    page = rows[:limit]
    counts = await case_counts(unit.session, unit.agency_id, [person.person_ref for person in page])
    if len(rows) > limit:
        link_next(request, answer, await sealed(unit, f"people.{state}", page[-1].name, page[-1].person_ref))
    return PeopleResponse(people=[PersonResponse.of(person, counts.get(person.person_ref, 0)) for person in page])


@person_routes.get("/count", response_model=CountResponse)
async def count_people(unit: MayReadPeople, state: PersonState = PersonState.ACTIVE) -> CountResponse:
    """Count the people whom the list of the same query would show now, up to 1,000."""
    active = state is PersonState.ACTIVE
    count = await people.people_counted(unit.session, unit.agency_id, MOST_COUNTED + 1, active=active)
    return CountResponse.of(count, whole=count <= MOST_COUNTED)


@person_routes.get("/changes", response_model=PersonChangesResponse, response_model_exclude_none=True)
async def list_person_changes(
    request: Request, unit: MayReadPeople, answer: Response, cursor: Cursor = None, limit: Limit = 50
) -> PersonChangesResponse:
    """List what changed of the agency's people, the newest first; each is a leaf of the ledger as well."""
    (before,) = await _place(unit, "people.changes", cursor, (MOST_CHANGES,))
    rows = await people.changes_of(unit.session, unit.agency_id, int(before), limit + 1)
    page = rows[:limit]
    if len(rows) > limit:
        link_next(request, answer, await sealed(unit, "people.changes", page[-1].change_id))
    return PersonChangesResponse(changes=[PersonChangeResponse.of(change) for change in page])


async def as_added(created: CreatedResources, unit: MayManagePeople, answer: Response) -> PersonResponse:
    """Show the person who was added, as they are now."""
    person = await people.person_behind(unit.session, unit.agency_id, created)
    if person is None:
        raise Absent
    answer.headers["Location"] = f"/v1/people/{person.person_ref}"
    return await _response(unit, person, answer)


async def as_they_are(person_ref: str, unit: MayManagePeople, answer: Response) -> PersonResponse:
    """Show the person as they are now."""
    return await _response(unit, await _person(unit, person_ref), answer)


async def as_confirmed(person_ref: str, unit: MayConfirmPeople, answer: Response) -> PersonResponse:
    """Show the person as they are now; a passphrase is shown once and not again."""
    return await _response(unit, await _person(unit, person_ref), answer)


@person_routes.post("", status_code=201, response_model=PersonResponse, response_model_exclude_none=True)
@replayed_by(as_added)
async def add_person(form: PersonRequest, unit: MayManagePeople, answer: Response) -> PersonResponse:
    """Put somebody on the register: they may do nothing before a privacy officer has confirmed their roles.

    The reference by which they sign in is made for them.
    """
    person_ref, pseudonym = await _add(unit, form)
    await note_person(
        unit.session, unit.agency_id, person_ref, PersonAct.ADDED, sorted(set(form.roles)), await _registrar(unit)
    )
    unit.created = pseudonym
    answer.headers["Location"] = f"/v1/people/{person_ref}"
    return await _response(unit, await _person(unit, person_ref), answer)


@person_routes.get("/{person_ref}", response_model=PersonResponse, response_model_exclude_none=True)
async def read_person(person_ref: str, unit: MayReadPeople, answer: Response) -> PersonResponse:
    """Show one of the agency's own people; `ETag` is the version that a change names."""
    return await _response(unit, await _person(unit, person_ref), answer)


@person_routes.put("/{person_ref}/roles", response_model=PersonResponse, response_model_exclude_none=True)
@replayed_by(as_they_are)
async def set_roles(
    person_ref: str, form: RolesRequest, unit: MayManagePeople, answer: Response, if_match: IfMatch = None
) -> PersonResponse:
    """Say what a colleague may do: what is taken away ends with the answer, what is new waits for a second person."""
    person = await _lock_person(unit, person_ref, if_match)
    changed = change_roles(person, form.roles, unit.actor)
    administrators = await people.holders_of(unit.session, unit.agency_id, Role.ADMINISTRATOR)
    check_administrators(person, changed.roles, administrators)
    await people.keep_person(unit.session, unit.agency_id, changed)
    if changed.roles != person.roles:
        await _note(unit, person_ref, PersonAct.ROLES_CHANGED, changed.roles)
    if changed.requested_roles:
        await _note(unit, person_ref, PersonAct.ROLES_REQUESTED, changed.requested_roles)
    return await _response(unit, await _person(unit, person_ref), answer)


@person_routes.post("/{person_ref}/confirmation", response_model=PersonResponse, response_model_exclude_none=True)
@replayed_by(as_confirmed)
async def confirm_person(
    person_ref: str, unit: MayConfirmPeople, answer: Response, if_match: IfMatch = None
) -> PersonResponse:
    """Confirm, as a privacy officer, the roles that an administrator asked for.

    Whoever had none before gets a passphrase, which this answer shows and no other.
    """
    person = await _lock_person(unit, person_ref, if_match)
    confirmed = confirm_roles(person, unit.actor)
    await people.keep_person(unit.session, unit.agency_id, confirmed)
    await _note(unit, person_ref, PersonAct.ROLES_CONFIRMED, confirmed.roles)
    passphrase = None if person.roles else await _new_passphrase(unit, person_ref)
    return await _response(unit, await _person(unit, person_ref), answer, passphrase)


@person_routes.post("/{person_ref}/leaving", response_model=PersonResponse, response_model_exclude_none=True)
@replayed_by(as_they_are)
async def take_out_person(
    person_ref: str,
    unit: MayManagePeople,
    answer: Response,
    form: LeavingRequest | None = None,
    if_match: IfMatch = None,
) -> PersonResponse:
    """Take a colleague out: nobody from the next request on, at every service; their open cases go to a successor."""
    person = await _lock_person(unit, person_ref, if_match)
    check_leaving(person, unit.actor)
    administrators = await people.holders_of(unit.session, unit.agency_id, Role.ADMINISTRATOR)
    check_administrators(person, (), administrators)
    await hand_over_cases(unit, person_ref, None if form is None else form.successor_ref)
    await remove_person(unit.session, unit.agency_id, person_ref, await _registrar(unit))
    return await _response(unit, await _person(unit, person_ref), answer)


@system_routes.get("", response_model=SystemsResponse, response_model_exclude_none=True)
async def list_systems(
    request: Request, unit: MayReadPeople, answer: Response, cursor: Cursor = None, limit: Limit = 50
) -> SystemsResponse:
    """List the agency's own systems, each with the thumbprint of its public key."""
    (behind,) = await _place(unit, "systems", cursor, ("",))
    rows = await people.systems_of(unit.session, unit.agency_id, str(behind), limit + 1)
    page = rows[:limit]
    link_next(request, answer, await sealed(unit, "systems", page[-1].client_id) if len(rows) > limit else None)
    return SystemsResponse(systems=[SystemResponse.of(system) for system in page])


async def _place(
    unit: UnitOfWork, name: str, cursor: str | None, begin: tuple[str | int, ...]
) -> tuple[str | int, ...]:
    place = begin if cursor is None else await unsealed(unit, name, cursor)
    if place is None:
        raise Invalid([FieldError("query.cursor", "malformed")])
    return place


async def _person(unit: UnitOfWork, person_ref: str) -> Person:
    person = await people.person_of(unit.session, unit.agency_id, person_ref)
    if person is None:
        raise Absent
    return person


async def _lock_person(unit: UnitOfWork, person_ref: str, if_match: str | None) -> Person:
    """Lock one of the agency's own people, who must be the version that the caller saw."""
    person = await people.person_to_change(unit.session, unit.agency_id, person_ref)
    if person is None:
        raise Absent
    require_match(if_match, person.version)
    return person


async def _add(unit: UnitOfWork, form: PersonRequest) -> tuple[str, UUID]:
    while True:
        person_ref = reference_from(form.name, secrets.token_hex(SUFFIX_BYTES))
        roles = sorted(set(form.roles))
        added = await people.add_person(unit.session, unit.agency_id, person_ref, form.name, roles, unit.actor)
        if added is not None:
            return person_ref, added


async def _new_passphrase(unit: UnitOfWork, person_ref: str) -> str:
    passphrase = secrets.token_urlsafe(PASSPHRASE_BYTES)
    hashed = await asyncio.to_thread(passwords.hash_passphrase, passphrase)
    await people.keep_passphrase(unit.session, unit.agency_id, person_ref, hashed)
    return passphrase


async def _registrar(unit: UnitOfWork) -> Registrar:
    return Registrar(unit.actor, (await audit_entries.resolve_actor(unit)).actor)


async def _note(unit: UnitOfWork, person_ref: str, act: PersonAct, roles: tuple[str, ...]) -> None:
    await note_person(unit.session, unit.agency_id, person_ref, act, roles, await _registrar(unit))


async def _response(
    unit: UnitOfWork, person: Person, answer: Response, passphrase: str | None = None
) -> PersonResponse:
    counts = await case_counts(unit.session, unit.agency_id, [person.person_ref])
    answer.headers["ETag"] = etag(person.version)
    return PersonResponse.of(person, counts.get(person.person_ref, 0), passphrase)
