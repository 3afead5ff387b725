"""Taking agencies and people in while everything runs."""

from __future__ import annotations

from typing import Annotated

import typer

from cli import enrolment, town
from cli.commands.options import DEFAULT_RUN, Json, RunFolder, running_town
from cli.fixture import Member
from kernel.consent import purposes_of
from runtime.bus.acls import RESERVED
from runtime.register.enrolment import NewAgency, Taken
from schemas.codes import AgencyFlag, AgencyKind, Purpose

Kind = Annotated[AgencyKind, typer.Option(help="what it is")]
Flags = Annotated[list[AgencyFlag] | None, typer.Option("--flag", help="what it is bound by; may be repeated")]
Purposes = Annotated[
    list[Purpose] | None, typer.Option("--purpose", help="may be repeated; if left out, all that its kind may have")
]
Roles = Annotated[list[str], typer.Option("--role", help="may be repeated")]


def add(app: typer.Typer) -> None:
    """Add the commands."""
    agency = typer.Typer(no_args_is_help=True, help="Agencies of the town.")
    agency.command("add")(add_agency)
    agency.command("list")(list_agencies)
    app.add_typer(agency, name="agency")
    person = typer.Typer(no_args_is_help=True, help="People of the town.")
    person.command("add")(add_person)
    person.command("list")(list_people)
    app.add_typer(person, name="person")


def add_agency(
    agency_id: str,
    name: Annotated[str, typer.Option(help="its name, as people know it")],
    kind: Kind,
    flag: Flags = None,
    purpose: Purposes = None,
    run: RunFolder = DEFAULT_RUN,
    json: Json = False,
) -> None:
    """Take an agency in: keys, mailbox, allowances, system client. Nothing is restarted."""
    if agency_id in RESERVED:
        raise typer.BadParameter("one of our own users has this name")
    purposes = frozenset(purpose or purposes_of(kind))
    folder, there = running_town(run)
    made = enrolment.add_agency(folder, there, NewAgency(agency_id, name, kind, frozenset(flag or ()), purposes))
    town.write(folder, town.with_agency(town.read(folder.folder), made))
    print(made.model_dump_json(indent=2) if json else f"{agency_id} is in; its mailbox is {made.mailbox}")


def add_person(
    person_ref: str,
    agency: Annotated[str, typer.Option(help="where they work")],
    name: Annotated[str, typer.Option(help="their name")],
    role: Roles,
    run: RunFolder = DEFAULT_RUN,
    json: Json = False,
) -> None:
    """Take a person in, with a passphrase made for them."""
    folder, there = running_town(run)
    if agency not in {one.id for one in there.agencies}:
        raise typer.BadParameter("no such agency in this town")
    try:
        made = enrolment.add_person(folder, there, Member(person_ref, agency, name, tuple(role)))
    except Taken:
        raise typer.BadParameter("somebody of another agency has this reference") from None
    town.write(folder, town.with_person(town.read(folder.folder), made))
    print(made.model_dump_json(indent=2) if json else f"{person_ref} is in; passphrase in {made.passphrase_file}")


def list_agencies(run: RunFolder = DEFAULT_RUN, json: Json = False) -> None:
    """List the agencies."""
    _, there = running_town(run)
    for one in there.agencies:
        print(one.model_dump_json() if json else f"{one.id:24} {one.kind:18} {one.name}")


def list_people(run: RunFolder = DEFAULT_RUN, json: Json = False) -> None:
    """List the people."""
    _, there = running_town(run)
    for one in there.people:
        print(one.model_dump_json() if json else f"{one.id:16} {one.agency:24} {', '.join(one.roles)}")
