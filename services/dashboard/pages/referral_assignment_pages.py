"""Assigning referrals, one or many: a recommended colleague a row, and after Save what became of each row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final
from uuid import UUID

from fastapi import Query as Param
from starlette.responses import Response

from runtime.http.problems import Absent
from services.dashboard.colleagues import answering_colleagues
from services.dashboard.desk import AtDesk, Desk
from services.dashboard.forms.assignment_forms import Choice, ReferralAssignmentForm
from services.dashboard.language import mark, translate
from services.dashboard.navigation import REFERRALS
from services.dashboard.pages.referral_list_pages import ASSIGNABLE, PATH, SOON
from services.dashboard.recommendation import recommended
from services.dashboard.releases import key_for
from services.dashboard.rows.referral_rows import LoadListRow, ReferralDetailRow, ReferralListRow
from services.dashboard.service_client import Ask, NotAuthorised, ServiceRefusal, ServiceUnavailable
from services.dashboard.session_auth import session_router

PLACE: Final = f"{REFERRALS}/assignment"
MOST: Final = 50  # services.referrals.api.read_routes.MOST_FOUND
REFUSED: Final[Mapping[str, str]] = {
    "not_open": mark("It is closed by now."),
    "assigned_meanwhile": mark("Somebody else was assigned meanwhile."),
    "invalid": mark("This colleague cannot answer it."),
}
UNFIT: Final = mark("This was refused as things stand now. Nothing was changed.")
GONE: Final = mark("No longer available.")
AWAY: Final = mark("The service that keeps this does not answer. Look at the list whether it is saved.")

routes = session_router(PLACE)


@dataclass(frozen=True, slots=True)
class RowOutcome:
    """What became of one row: the referral, if it may still be seen, who has it now, or why it was refused."""

    referral: ReferralDetailRow | None
    person: str
    refused: str = ""


@routes.get("")
async def show_assignment(desk: AtDesk, row: Annotated[tuple[UUID, ...], Param()] = (), view: str = "") -> Response:
    """Show the ticked referrals with a recommended colleague each; nothing happens before Save."""
    referrals = await _open_referrals(desk, row[:MOST])
    people = await answering_colleagues(desk)
    loads = await _loads(desk)
    unassigned = [referral.referral_ref for referral in referrals if not referral.assigned_to]
    return desk.page(
        "referrals/assignment.html",
        referrals=referrals,
        people=people,
        loads=loads,
        chosen=recommended(unassigned, people, loads),
        choice=Choice.written,
        agencies=await desk.agency_names(referral.from_agency_ref for referral in referrals),
        form=ReferralAssignmentForm(),
        left_out=len(set(row)) - len(referrals),
        soon=SOON,
        place=PLACE,
        list_place=_list_place(view),
        view=view,
    )


@routes.post("")
async def assign_referrals(desk: AtDesk, view: str = "") -> Response:
    """Assign each row by itself, whole or not at all, and show what became of each."""
    form = await desk.submitted(ReferralAssignmentForm)
    choices = form.choices()
    referrals = {row.referral_ref: row for row in await _open_referrals(desk, [choice.ref for choice in choices])}
    people = await answering_colleagues(desk)
    outcomes = [await _assign(desk, str(form.key.data), choice, referrals.get(choice.ref)) for choice in choices]
    if any(not outcome.refused for outcome in outcomes):
        await desk.announce()
    return desk.page("referrals/assigned.html", outcomes=outcomes, people=people, list_place=_list_place(view))


async def _assign(desk: Desk, key: str, choice: Choice, referral: ReferralDetailRow | None) -> RowOutcome:
    path, body = f"{PATH}/{choice.ref}/assignment", {"person_ref": choice.person, "instead_of": choice.instead_of}
    try:
        await desk.ask(
            Ask("referrals", path, method="PUT", body=body, key=key_for(key, str(choice.ref))), ReferralDetailRow
        )
    except ServiceRefusal as refusal:
        return RowOutcome(referral, "", translate(REFUSED.get(refusal.code, UNFIT)))
    except (Absent, NotAuthorised):
        return RowOutcome(None, "", translate(GONE))
    except ServiceUnavailable:
        return RowOutcome(referral, "", translate(AWAY))
    return RowOutcome(referral, choice.person or "")


async def _open_referrals(desk: Desk, refs: Sequence[UUID]) -> Sequence[ReferralDetailRow]:
    """Return those of the agency's received referrals that are open, the closest deadline first."""
    if not refs:
        return ()
    named = [("referral_ref", str(ref)) for ref in dict.fromkeys(refs)]
    query = (("direction", "received"), ("closed", "false"), ("order", "deadline"), ("limit", "200"), *named)
    return (await desk.read("referrals", PATH, ReferralListRow, query)).row.referrals


async def _loads(desk: Desk) -> dict[str, int]:
    people = (await desk.read("referrals", f"{PATH}/workload", LoadListRow)).row.people
    return {person.person_ref: person.open for person in people}


def _list_place(view: str) -> str:
    return f"{REFERRALS}?view={view}" if view in ASSIGNABLE else REFERRALS
