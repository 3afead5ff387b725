"""Taking agencies and people in and out while everything runs."""

from __future__ import annotations

import json as text
import re
from collections.abc import Iterable
from typing import Annotated
from zoneinfo import available_timezones

import typer
from pydantic import BaseModel

from cli.commands.options import DEFAULT_RUN, Json, RunFolder, running_town
from cli.completion import names_of
from cli.run import Run
from kernel.consent import purposes_of
from runtime.auth.scopes import Role
from schemas.codes import AgencyFlag, AgencyKind, Purpose
from schemas.strict_json import BadJson, safe_text

NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,39}")
LONGEST_NAME = 120
Kind = Annotated[AgencyKind, typer.Option(help="what it is")]
Flags = Annotated[list[AgencyFlag] | None, typer.Option("--flag", help="what it is bound by; may be repeated")]
Purposes = Annotated[
    list[Purpose] | None, typer.Option("--purpose", help="may be repeated; if left out, all that its kind may have")
]
Address = Annotated[str, typer.Option(help="where it is, as an accounting tells it; a shelter's stands nowhere")]
Roles = Annotated[list[Role], typer.Option("--role", help="may be repeated")]


def add(app: typer.Typer) -> None:
    """Add the commands."""
    agency = typer.Typer(no_args_is_help=True, help="Agencies of the town.")
    agency.command("add")(add_agency)
    agency.command("close")(close_agency)
    agency.command("set")(set_agency)
    agency.command("list")(list_agencies)
    app.add_typer(agency, name="agency")
    person = typer.Typer(no_args_is_help=True, help="People of the town.")
    person.command("add")(add_person)
    person.command("remove")(remove_person)
    person.command("list")(list_people)
    app.add_typer(person, name="person")


def _id(value: str) -> str:
    if NAME.fullmatch(value) is None:
        raise typer.BadParameter("2 to 40 of a-z, 0-9 and -, and not - first")
    return value


def _words(value: str) -> str:
    try:
        plain = safe_text(value).isprintable()
    except BadJson:
        plain = False
    if not plain or not value.strip() or len(value) > LONGEST_NAME:
        raise typer.BadParameter(f"1 to {LONGEST_NAME} characters that can be printed")
    return value


def _profile(value: str) -> str:
    from services.consent.profiles import PROFILES  # slow to import

    if value not in PROFILES:
        raise typer.BadParameter(f"one of {', '.join(sorted(PROFILES))}")
    return value


def _time_zone(value: str) -> str:
    if value not in available_timezones():
        raise typer.BadParameter("the name of a time zone, such as America/Los_Angeles")
    return value


Profile = Annotated[str, typer.Option(callback=_profile, help="of its jurisdiction, as services/consent/profiles.toml")]
TimeZone = Annotated[str, typer.Option(callback=_time_zone, help="that its people read pages in")]
Id = Annotated[str, typer.Argument(callback=_id, help="as it stands in addresses: 2 to 40 of a-z, 0-9 and -")]
KnownAgency = Annotated[
    str, typer.Argument(metavar="AGENCY", callback=_id, help="its id", autocompletion=names_of("agencies"))
]
Name = Annotated[str, typer.Option(callback=_words, help="the name, as people know it")]


def add_agency(
    agency_id: Id,
    name: Name,
    kind: Kind,
    flag: Flags = None,
    purpose: Purposes = None,
    address: Address = "",
    profile: Profile = "default",
    time_zone: TimeZone = "UTC",
    run: RunFolder = DEFAULT_RUN,
    json: Json = False,
) -> None:
    """Take an agency in: keys, mailbox, allowances, system client. Nothing is restarted."""
    from cli import enrolment  # slow to import
    from runtime.register.enrolment import NewAgency
    from schemas.services import RESERVED

    if agency_id in RESERVED:
        raise typer.BadParameter(f"{agency_id} is the name of one of our own parts")
    purposes = frozenset(purpose or purposes_of(kind))
    if beyond := purposes - purposes_of(kind):
        raise typer.BadParameter(f"an agency of the kind {kind} is never registered for {', '.join(sorted(beyond))}")
    agency = NewAgency(agency_id, name, kind, frozenset(flag or ()), purposes, address, "", profile, time_zone)
    town_agency = enrolment.take_in_agency(Run(run), agency)
    print(town_agency.model_dump_json(indent=2) if json else f"{agency_id} is in; its mailbox is {town_agency.mailbox}")


def set_agency(agency_id: KnownAgency, profile: Profile, run: RunFolder = DEFAULT_RUN, json: Json = False) -> None:
    """Give an agency the rules of another jurisdiction, for whatever is signed from now on."""
    from cli import enrolment  # slow to import

    changed = enrolment.change_profile(Run(run), agency_id, profile)
    print(changed.model_dump_json(indent=2) if json else f"{agency_id} goes by the profile {profile}")


def add_person(
    person_ref: Id,
    agency: Annotated[str, typer.Option(help="where they work", autocompletion=names_of("agencies"))],
    name: Name,
    role: Roles,
    run: RunFolder = DEFAULT_RUN,
    json: Json = False,
) -> None:
    """Take a person in, with a passphrase made for them."""
    from cli import enrolment  # slow to import
    from cli.member import Member

    if Role.SYSTEM in role:
        raise typer.BadParameter("system is no person's role: it is what an agency's records system is")
    person = enrolment.take_in_person(Run(run), Member(person_ref, agency, name, tuple(role)))
    print(person.model_dump_json(indent=2) if json else f"{person_ref} is in; passphrase in {person.passphrase_file}")


def close_agency(
    agency_id: KnownAgency,
    yes: Annotated[bool, typer.Option("--yes", help="close it although cases or releases hang on it")] = False,
    run: RunFolder = DEFAULT_RUN,
) -> None:
    """Close an agency: its people, its system and its mailbox's user are nobody at once. Its records stay."""
    from cli import enrolment  # slow to import

    enrolment.close_agency(Run(run), agency_id, sure=yes)
    print(f"{agency_id} is closed; its records stay, and nothing is offered to it any more")


def remove_person(
    agency: KnownAgency,
    person_ref: Annotated[
        str, typer.Argument(metavar="PERSON", callback=_id, help="their id", autocompletion=names_of("people"))
    ],
    run: RunFolder = DEFAULT_RUN,
) -> None:
    """Remove a person: no token of theirs is good any more. The accounting still names them."""
    from cli import enrolment  # slow to import

    enrolment.take_out_person(Run(run), agency, person_ref)
    print(f"{person_ref} is out; the reference is given to nobody else")


def list_agencies(run: RunFolder = DEFAULT_RUN, json: Json = False) -> None:
    """List the agencies."""
    agencies = running_town(run).agencies
    _list(
        agencies,
        [f"{agency.id:24} {agency.kind:18} {agency.name}{_closed(agency.active)}" for agency in agencies],
        json=json,
    )


def list_people(run: RunFolder = DEFAULT_RUN, json: Json = False) -> None:
    """List the people."""
    people = running_town(run).people
    _list(
        people,
        [f"{person.id:16} {person.agency:24} {', '.join(person.roles)}{_closed(person.active)}" for person in people],
        json=json,
    )


def _closed(active: bool) -> str:
    return "" if active else "  (inactive)"


def _list(entries: Iterable[BaseModel], lines: Iterable[str], *, json: bool) -> None:
    if json:
        print(text.dumps([entry.model_dump(mode="json") for entry in entries], indent=2))
        return
    for line in lines:
        print(line)
