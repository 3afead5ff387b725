"""What pages about releases ask of consent, each in one step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final
from uuid import NAMESPACE_OID, UUID, uuid5

from services.dashboard.desk import Desk
from services.dashboard.domain import Query
from services.dashboard.language import mark, translate
from services.dashboard.rows.case_rows import ColleagueListRow, ColleagueRow
from services.dashboard.rows.release_rows import (
    AgencyListRow,
    CaseReleasesRow,
    NamedAgencyRow,
    ReleaseTextListRow,
    ReleaseTextRow,
)

# Why a release cannot be written down or signed, in words; the codes are consent's own.
REFUSAL_WORDS: Final[Mapping[str, str]] = {
    "overlaps_another": mark("She has signed for this agency and purpose already. Replace it, or add to it."),
    "not_participating": mark("She does not take part yet. Ask her first, then come back."),
    "ask_the_home_agency": mark("Ask the agency where her case was opened first."),
    "outside_ceiling": mark("This kind of agency may never see some of this for that purpose."),
    "conflict_check_first": mark("Legal aid sees this only after its conflict check was clear."),
    "too_long": mark("The last day is too far away. At most 90 days."),
    "already_over": mark("The last day is over already."),
    "unknown_agency": mark("There is no such agency now."),
    "not_registered": mark("This agency is not registered for that purpose."),
    "needs_its_own_yes": mark("She has to be asked about some of this one by one."),
    "too_many_directives": mark("There are too many drafts and releases in this case. End some first."),
    "signed_before_it_was_stopped": mark("She stopped or denied this after the time of this signature."),
    "unknown_person": mark("Whoever explained it has to work here now."),
    "in_the_future": mark("This lies in the future."),
    "confirmation_lapsed": mark("Nobody confirmed this within seven days. Take a new signature."),
    "stopped_since_it_was_recorded": mark("She stopped this after it was recorded. It stays closed."),
    "deceased": mark("A death is on record. Nothing new can be signed."),
    "survivor_signs": mark("She signs for herself here."),
    "party_to_the_first_act": mark(
        "Somebody else has to confirm this: not who wrote it down, explained or witnessed it."
    ),
    "nothing_awaits_confirmation": mark("This does not wait for a second person any more."),
    "superseded_not_active": mark("The release that this was to replace is over."),
    "not_a_draft": mark("This was signed or refused already."),
    "not_a_denial_in_force": mark("This denial is over already."),
}
OTHER_REFUSAL: Final = mark("This is not possible as things stand now.")
MOST_AGENCIES: Final = 600


def in_words(codes: Iterable[str]) -> str:
    """Return in words why something is not possible."""
    return " ".join(dict.fromkeys(translate(REFUSAL_WORDS.get(code, OTHER_REFUSAL)) for code in codes))


def releases_of(case_ref: UUID) -> str:
    """Return where consent keeps what is about a case."""
    return f"/v1/cases/{case_ref}"


async def case_releases(desk: Desk, case_ref: UUID) -> CaseReleasesRow:
    """Return the directives of the agency's own case, the look being on record."""
    return (await desk.read("consent", f"{releases_of(case_ref)}/directives", CaseReleasesRow)).row


async def agencies(desk: Desk) -> list[NamedAgencyRow]:
    """Return the active agencies by name."""
    listed: list[NamedAgencyRow] = []
    query: Query = (("limit", "200"),)
    while len(listed) < MOST_AGENCIES:
        reply = await desk.read("consent", "/v1/agencies", AgencyListRow, query)
        listed += reply.row.agencies
        if reply.cursor is None:
            break
        query = (("limit", "200"), ("cursor", reply.cursor))
    return listed


async def release_texts(desk: Desk) -> tuple[ReleaseTextRow, ...]:
    """Return the words of a release in each language."""
    return (await desk.read("consent", "/v1/release-texts", ReleaseTextListRow)).row.texts


async def colleagues(desk: Desk) -> tuple[ColleagueRow, ...]:
    """Return who works at the agency."""
    return (await desk.read("intake", "/v1/colleagues", ColleagueListRow, (("limit", "200"),))).row.colleagues


def key_for(key: str, part: str) -> str:
    """Return the key of one of several acts that a form makes: sent again, each is the same act."""
    return str(uuid5(NAMESPACE_OID, f"{key} {part}"))
