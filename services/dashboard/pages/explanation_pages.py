"""Why an agency can or cannot see something of a case, asked of the decision itself at that moment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from starlette.responses import Response

from kernel.consent import Reason
from runtime.http.problems import Absent
from services.dashboard.desk import AtDesk, Desk
from services.dashboard.domain import case_code
from services.dashboard.forms.release_forms import ways_of
from services.dashboard.language import mark, translate
from services.dashboard.navigation import RELEASES
from services.dashboard.releases import agencies, case_releases, releases_of
from services.dashboard.rows.release_rows import ExplanationRow
from services.dashboard.session_auth import session_router

# Why nothing of a category is open, as the custodian's people read it.
REASON_WORDS: Final[Mapping[Reason, str]] = {
    Reason.BLOCKED_PERSON: mark("She shut this person out."),
    Reason.PERSON_NOT_NAMED: mark("She shut somebody out there, and a system that names nobody could be them."),
    Reason.PURPOSE_NOT_STATED: mark("No purpose was given."),
    Reason.PURPOSE_NOT_REGISTERED: mark("This agency is not registered for that purpose."),
    Reason.NOTHING_ASKED: mark("Nothing was asked for."),
    Reason.UNREADABLE_DENIAL: mark(
        "A denial cannot be read, so that everything is closed until somebody has mended it."
    ),
    Reason.NOT_PARTICIPATING: mark("She does not take part: nobody else is told anything."),
    Reason.NOT_PARTY: mark("This agency is no party to the case."),
    Reason.NOT_FOR_A_PERSON: mark("For this purpose only a system asks, and no person."),
    Reason.NOTHING_GRANTED: mark("No release names it."),
    Reason.NOT_STARTED: mark("A release names it that has not started yet."),
    Reason.ENDED: mark("The release that named it is over."),
    Reason.OUTSIDE_CEILING: mark("This kind of agency may never see it for that purpose."),
    Reason.DENIED: mark("She denied it."),
}

routes = session_router(f"{RELEASES}/{{case_ref}}/explanation")


@routes.get("")
async def show_explanation(case_ref: UUID, desk: AtDesk, way: str = "") -> Response:
    """Show what an agency may see of the case now for a purpose, and why not the rest; first, which to ask about."""
    await case_releases(desk, case_ref)
    labels = ways_of(await agencies(desk), desk.visit.agency.agency_id)
    if way and way not in labels:
        raise Absent
    explanation = await _explained(desk, case_ref, way) if way else None
    return desk.page(
        "releases/explanation.html",
        labels=labels,
        way=way,
        explanation=explanation,
        reasons={reason.value: translate(text) for reason, text in REASON_WORDS.items()},
        code=case_code(case_ref),
        place=f"{RELEASES}/{case_ref}",
        here=f"{RELEASES}/{case_ref}/explanation",
    )


async def _explained(desk: Desk, case_ref: UUID, way: str) -> ExplanationRow:
    recipient, _, purpose = way.partition("|")
    query = (("recipient", recipient), ("purpose", purpose))
    return (await desk.read("consent", f"{releases_of(case_ref)}/preview", ExplanationRow, query)).row
