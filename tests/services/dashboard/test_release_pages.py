"""Releases at the desk: from the talk to her signature, side by side, and a stop told by phone in one step."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from schemas.codes import AgencyKind
from services.dashboard.navigation import RELEASES
from tests.services.dashboard.browser import OWN_FORM, Browser, Read
from tests.services.dashboard.conftest import Square

SHELTER = "harbor-house|shelter"
SHELTER_ADVOCACY = "harbor-house|advocacy"
POLICE = "county-sheriff|order_enforcement"
STATES = 'SELECT recipient, state FROM register.directive JOIN register."case" USING (subject_id) WHERE case_ref = %s'


async def desk_of(square: Square) -> tuple[Browser, UUID, str]:
    """Sign in somebody of a new hotline with a case whose survivor takes part."""
    agency = await square.agency(AgencyKind.HOTLINE)
    browser = await square.sign_in(await square.person(agency, "advocate"))
    return browser, await square.town.open_case(agency), agency


def states(square: Square, case_ref: UUID) -> dict[str, str]:
    return dict(square.sql(STATES, case_ref))


def last_day(days: int = 30) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).date().isoformat()


def form_at(page: httpx.Response, action: str) -> dict[str, Any]:
    """Return the hidden fields and choices of the form of a page that is sent to this address."""
    (form,) = (part for part in page.text.split("<form")[1:] if f'action="{action}"' in part.partition(">")[0])
    form = form.partition("</form>")[0]
    boxes = {name: re.findall(rf'type="hidden" name="{name}" value="([^"]*)"', form) for name in ("ways", "categories")}
    return Read(f"<form{form}").fields | {name: values for name, values in boxes.items() if values}


async def post(browser: Browser, page: httpx.Response, fields: dict[str, Any], action: str = "") -> httpx.Response:
    """Send a form of a page, its own unless another is named; a list ticks several boxes."""
    action = action or page.url.path
    answer = await browser.client.post(action, data=form_at(page, action) | fields, headers=OWN_FORM)
    browser.pages.append(answer)
    return answer


async def considered(browser: Browser, case_ref: UUID, **fields: Any) -> httpx.Response:
    """Go from the talk to the side-by-side preview; return that page."""
    page = await browser.get(f"{RELEASES}/{case_ref}/new")
    terms = {"ways": [SHELTER, POLICE], "categories": ["needs", "identity"], "until": last_day()} | fields
    card = await post(browser, page, terms)
    assert card.status_code == 200, card.text
    assert "Turn the screen to her" in card.text
    return await post(browser, card, {"step": "compare"})


async def signed(browser: Browser, case_ref: UUID, yes: list[str] | None = None) -> httpx.Response:
    """Go the whole way: compare, write down her yes, and record her signature on all of it."""
    compared = await considered(browser, case_ref)
    drafted = await post(browser, compared, {"step": "drafts", "yes": yes or [SHELTER, POLICE], "asked": ["needs"]})
    assert drafted.status_code == 303, drafted.text
    page = await browser.get(drafted.headers["location"])
    refs = re.findall(r'name="refs"[^>]*value="([0-9a-f-]{36})"', page.text)
    assert refs, page.text
    answer = await post(browser, page, evidence(page) | {"refs": refs})
    assert answer.status_code == 303, answer.text[answer.text.index("<main") :][:1500]
    return answer


def evidence(page: httpx.Response) -> dict[str, str]:
    at = re.search(r'name="signed_at"[^>]*value="([^"]+)"', page.text)
    assert at is not None
    return {"method": "e_signed", "signed_at": at.group(1)}


async def test_nothing_is_ticked_before_she_says_so(square: Square) -> None:
    browser, case_ref, _ = await desk_of(square)

    text = (await browser.get(f"{RELEASES}/{case_ref}/new")).text

    assert "Harbor House" in text or "harbor-house|shelter" in text
    assert "checked" not in text


async def test_every_agency_stands_side_by_side_with_its_gain(square: Square) -> None:
    browser, case_ref, _ = await desk_of(square)

    page = await considered(browser, case_ref)

    assert page.status_code == 200, page.text
    assert page.text.count("Would newly see") == 4  # two agencies, two groups each
    assert states(square, case_ref) == {}


async def test_her_yes_becomes_drafts_and_her_signature_opens(square: Square) -> None:
    browser, case_ref, _ = await desk_of(square)

    answer = await signed(browser, case_ref, [SHELTER])

    assert answer.status_code == 303, answer.text
    assert states(square, case_ref) == {"harbor-house": "active"}
    page = await browser.read(answer.headers["location"])
    assert "In force" in " ".join(page.words)


async def test_what_she_said_no_to_is_refused(square: Square) -> None:
    browser, case_ref, _ = await desk_of(square)
    compared = await considered(browser, case_ref)
    await post(browser, compared, {"step": "drafts", "yes": [SHELTER]})
    page = await browser.get(f"{RELEASES}/{case_ref}/sign")

    action = re.search(r'action="([^"]*/refusal)"', page.text)
    assert action is not None
    answer = await post(browser, page, {}, action.group(1))

    assert answer.status_code == 303, answer.text
    assert states(square, case_ref) == {"harbor-house": "refused"}


async def test_a_draft_that_is_sent_twice_is_one(square: Square) -> None:
    browser, case_ref, _ = await desk_of(square)
    compared = await considered(browser, case_ref)

    for _ in range(2):
        assert (await post(browser, compared, {"step": "drafts", "yes": [SHELTER]})).status_code == 303

    assert len(square.sql(STATES, case_ref)) == 1


async def test_a_stop_told_by_phone_takes_one_button(square: Square) -> None:
    browser, case_ref, _ = await desk_of(square)
    await signed(browser, case_ref)
    page = await browser.get(f"{RELEASES}/{case_ref}/stop")
    assert page.text.index("Stop all") < page.text.index("Stop this one")

    answer = await post(browser, page, {"ref": ""})

    assert answer.status_code == 303, answer.text
    assert set(states(square, case_ref).values()) == {"revoked"}
    receipt = (await browser.get(answer.headers["location"])).text
    assert re.search(r"\d\d:\d\d:\d\d", receipt)
    assert "No other release is in force" in receipt
    (channel,) = {row[0] for row in square.sql(CHANNEL, case_ref)}
    assert channel == "voice"


CHANNEL = """
SELECT revocation ->> 'channel' FROM register.directive JOIN register."case" USING (subject_id) WHERE case_ref = %s
"""


async def test_one_release_can_be_stopped_by_itself(square: Square) -> None:
    browser, case_ref, _ = await desk_of(square)
    await signed(browser, case_ref)
    page = await browser.get(f"{RELEASES}/{case_ref}/stop")
    refs = re.findall(r'name="ref" value="([0-9a-f-]{36})"', page.text)

    answer = await post(browser, page, {"ref": refs[0]})

    assert sorted(states(square, case_ref).values()) == ["active", "revoked"]
    assert "Still in force" in (await browser.get(answer.headers["location"])).text


async def test_a_stop_says_when_she_said_it(square: Square) -> None:
    browser, case_ref, _ = await desk_of(square)
    await signed(browser, case_ref)
    page = await browser.get(f"{RELEASES}/{case_ref}/stop")

    answer = await post(browser, page, {"ref": "", "told_at": "2026-01-02T10:00"})

    assert answer.status_code == 303, answer.text
    assert {row[0] for row in square.sql(TOLD_AT, case_ref)} == {"2026-01-02 10:00:00"}


TOLD_AT = """
SELECT (told_at AT TIME ZONE 'UTC')::text FROM register.directive JOIN register."case" USING (subject_id)
WHERE case_ref = %s
"""


async def test_each_tab_counts_what_it_lists(square: Square) -> None:
    browser, case_ref, _ = await desk_of(square)
    await signed(browser, case_ref, [SHELTER])
    await post(browser, await considered(browser, case_ref), {"step": "drafts", "yes": [POLICE], "asked": ["needs"]})

    for tab, length in (("to-sign", 1), ("in-force", 1), ("stopped", 0)):
        page = await browser.get(f"{RELEASES}?tab={tab}")
        assert Read(page.text).rows == length
        assert re.search(rf'aria-current="page">[^<]*\({length}\)', page.text)


async def test_a_denial_is_recorded_and_taken_back_by_two(square: Square) -> None:
    browser, case_ref, agency = await desk_of(square)
    page = await browser.get(f"{RELEASES}/{case_ref}/deny")
    denied = await post(browser, page, {"recipient": "harbor-house", "categories": ["location"]})
    assert denied.status_code == 303, denied.text
    hub = await browser.get(f"{RELEASES}/{case_ref}")
    (place,) = set(re.findall(rf'href="({RELEASES}/{case_ref}/release/[0-9a-f-]+)"', hub.text))

    lifting = await browser.get(f"{place}/lift")
    lifted = await post(browser, lifting, evidence(lifting))
    assert lifted.status_code == 303, lifted.text
    assert states(square, case_ref) == {"harbor-house": "active"}
    other = await square.sign_in(await square.person(agency, "advocate"))
    confirmed = await post(other, await other.get(place), {}, f"{place}/confirmation")

    assert confirmed.status_code == 303, confirmed.text
    assert states(square, case_ref) == {"harbor-house": "revoked"}


async def test_an_agency_is_denied_everything_in_one_word(square: Square) -> None:
    browser, case_ref, _ = await desk_of(square)
    page = await browser.get(f"{RELEASES}/{case_ref}/deny")

    silent = await post(browser, page, {"recipient": "harbor-house"})
    denied = await post(browser, page, {"recipient": "harbor-house", "everything": "y"})

    assert silent.status_code == 422
    assert denied.status_code == 303, denied.text
    assert "everything" in (await browser.get(f"{RELEASES}/{case_ref}")).text


async def test_the_sign_page_says_that_it_takes_two_and_who_can(square: Square) -> None:
    browser, case_ref, agency = await desk_of(square)
    await signed(browser, case_ref, [SHELTER])
    other = await square.sign_in(await square.person(agency, "advocate"))
    fields = {"step": "drafts", "yes": [SHELTER_ADVOCACY], "asked": ["needs"]}
    await post(browser, await considered(browser, case_ref, ways=[SHELTER_ADVOCACY]), fields)

    page = await browser.get(f"{RELEASES}/{case_ref}/sign")
    (ref,) = re.findall(r'name="refs"[^>]*value="([0-9a-f-]{36})"', page.text)
    await post(browser, page, evidence(page) | {"refs": [ref]}, f"{RELEASES}/{case_ref}/sign")
    waiting = (await other.get(f"{RELEASES}?tab=to-confirm")).text
    (place,) = set(re.findall(rf'href="({RELEASES}/{case_ref}/release/[0-9a-f-]+)"', waiting))
    confirmed = await post(other, await other.get(place), {}, f"{place}/confirmation")

    assert "It opens nothing before a second person here confirms it" in page.text
    assert "Who may confirm it: Robin Vale" in page.text
    assert "To confirm (1)" in waiting
    assert confirmed.status_code == 303


async def test_taking_part_is_her_choice_and_a_no_needs_nothing(square: Square) -> None:
    browser, case_ref, _ = await desk_of(square)
    place = f"{RELEASES}/{case_ref}/participation"

    no = await post(browser, await browser.get(place), {"participation": "no", "explained_by": ""})
    hub = (await browser.get(no.headers["location"])).text
    yes = await post(browser, await browser.get(place), {"participation": "yes", "spoken": "spoken"})

    assert "She takes no part" in hub
    assert yes.status_code == 303, yes.text
    assert "She takes part" in (await browser.get(yes.headers["location"])).text


@pytest.mark.parametrize("fields", [{"ways": []}, {"categories": []}, {"until": ""}, {"until": "soon"}])
async def test_what_is_missing_is_told_at_its_field(square: Square, fields: dict[str, Any]) -> None:
    browser, case_ref, _ = await desk_of(square)
    page = await browser.get(f"{RELEASES}/{case_ref}/new")
    terms = {"ways": [SHELTER], "categories": ["needs"], "until": last_day()} | fields

    answer = await post(browser, page, terms)

    assert answer.status_code == 422
    assert "There is a problem" in answer.text


async def test_one_that_is_not_possible_says_why(square: Square) -> None:
    browser, case_ref, _ = await desk_of(square)
    await signed(browser, case_ref, [SHELTER])

    page = await considered(browser, case_ref)

    assert "Replace it, or add to it" in page.text
    assert "Not possible" in page.text


async def test_her_words_stand_in_her_language(square: Square) -> None:
    browser, case_ref, _ = await desk_of(square)
    await post(browser, await considered(browser, case_ref), {"step": "drafts", "yes": [SHELTER]})

    page = (await browser.get(f"{RELEASES}/{case_ref}/sign?language=es")).text

    assert "PERMISO PARA COMPARTIR" in page
    assert 'lang="es"' in page


async def test_where_consent_is_away_no_number_stands(square: Square) -> None:
    browser, _, _ = await desk_of(square)
    square.streets.away.add("consent.test")

    answer = await browser.get(RELEASES)

    assert answer.status_code == 503
    assert "Not available just now" in answer.text
    assert "(0)" not in answer.text


async def test_anothers_case_has_no_page(square: Square) -> None:
    browser, _, _ = await desk_of(square)
    theirs = await square.town.open_case("bay-hotline")

    for page in ("", "/new", "/stop", "/sign", "/stopped"):
        assert (await browser.get(f"{RELEASES}/{theirs}{page}")).status_code == 404
