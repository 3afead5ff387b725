"""Why an agency would see what it would see of a case, in plain words, for whoever keeps the record."""

from __future__ import annotations

import json as text
from collections.abc import Iterator
from typing import Annotated, Any, Final
from uuid import UUID

import httpx
import typer

from cli import tokens
from cli.commands.options import DEFAULT_RUN, Json, RunFolder, running_town
from cli.errors import SetupError
from kernel.consent import Reason
from schemas.codes import Purpose
from schemas.town import Town

WORDS: Final = {
    Reason.BLOCKED_PERSON: "the survivor shut out the person who asks",
    Reason.PERSON_NOT_NAMED: "the survivor shut out a person, and a system that names nobody may ask for them",
    Reason.PURPOSE_NOT_STATED: "no purpose is stated",
    Reason.PURPOSE_NOT_REGISTERED: "the recipient is not registered for this purpose",
    Reason.NOTHING_ASKED: "nothing is asked for",
    Reason.UNREADABLE_DENIAL: "a denial cannot be read, which closes everything",
    Reason.NOT_PARTICIPATING: "the survivor has not chosen that other agencies may be told",
    Reason.NOT_PARTY: "the recipient is no party to it",
    Reason.NOT_FOR_A_PERSON: "it is for the agency as such and for no person",
    Reason.NOTHING_GRANTED: "no release permits it",
    Reason.NOT_STARTED: "the release has not started",
    Reason.ENDED: "the release has ended",
    Reason.OUTSIDE_CEILING: "no release can permit it to this kind of agency for this purpose",
    Reason.DENIED: "the survivor denied it",
}
REFUSALS: Final = {
    403: ("{person} may not ask for this", "Name a person whose role may read previews, such as an advocate."),
    404: ("{person} knows no case {case}", "Name the reference under which the person's own agency keeps the case."),
}

Case = Annotated[UUID, typer.Argument(metavar="CASE", help="the reference of the agency that keeps the record")]
Recipient = Annotated[str, typer.Argument(metavar="RECIPIENT", help="an agency, such as harbor-house")]
ForPurpose = Annotated[Purpose, typer.Argument(metavar="PURPOSE", help="why it would look, such as shelter")]
Asker = Annotated[str, typer.Option("--person", help="who asks, of the agency that keeps the record, such as ana")]


def add(app: typer.Typer) -> None:
    """Add the command."""
    app.command("explain")(explain)


def explain(
    case: Case,
    recipient: Recipient,
    purpose: ForPurpose,
    person: Asker,
    run: RunFolder = DEFAULT_RUN,
    json: Json = False,
) -> None:
    """Show what RECIPIENT's system would open of the case now, by which release and until when, or why not.

    The consent service answers, by the right of the person who asks, and the look is on record like any other.
    """
    town = running_town(run)
    response = _preview(town, tokens.person_token(town, person), case, recipient, purpose)
    if response.status_code != 200:
        raise _refusal(response, person, case)
    preview = response.json()
    print(text.dumps(preview, indent=2) if json else "\n".join(explanation(preview)))


def explanation(preview: dict[str, Any]) -> Iterator[str]:
    """Yield the lines that say a preview in plain words: first the categories that are open, then the others."""
    yield f"{preview['recipient']} for {preview['purpose']}, as decided at {preview['at']}"
    categories = preview["categories"]
    if not categories:
        yield f"nothing: {WORDS[Reason.PURPOSE_NOT_REGISTERED]}"
    for category in (entry for entry in categories if entry["open"]):
        word = ", ".join(category["fields"])
        yield f"open    {category['category']:22} {word}; {_word_of(category)}"
    for category in (entry for entry in categories if not entry["open"]):
        yield f"closed  {category['category']:22} {WORDS[Reason(category['reason'])]}"


def _word_of(category: dict[str, Any]) -> str:
    """Return on whose word a category is open, and how long."""
    directives = " and ".join(category["directives"])
    word = f"by directive {directives}" if directives else f"by {category['basis']}"
    return word if category["until"] is None else f"{word} until {category['until']}"


def _preview(town: Town, token: str, case: UUID, recipient: str, purpose: Purpose) -> httpx.Response:
    address = f"{town.services['consent']}/v1/cases/{case}/preview"
    query = {"recipient": recipient, "purpose": purpose.value}
    try:
        return httpx.get(
            address, params=query, headers={"Authorization": f"Bearer {token}"}, timeout=10, trust_env=False
        )
    except httpx.HTTPError as refusal:
        problem = "The consent service does not answer"
        raise SetupError(problem, f"See {town.run}/logs/consent.log, or start the town with `accord up`.") from refusal


def _refusal(response: httpx.Response, person: str, case: UUID) -> SetupError:
    """Return in words why the service did not answer the question."""
    if response.status_code in REFUSALS:
        problem, fix = REFUSALS[response.status_code]
        return SetupError(problem.format(person=person, case=case), fix)
    if response.status_code == 422:
        codes = ", ".join(f"{error['field']} {error['code']}" for error in response.json()["errors"])
        return SetupError(f"The question is not valid: {codes}", "See `accord agency list` for the agencies.")
    problem = f"The consent service answered {response.status_code}"
    return SetupError(
        problem, "Try again; logs/consent.log in the run folder says why, with the `instance` it answered."
    )
