"""Referrals at the desk: by their clock, with their answers as buttons, and no more of her than she allowed."""

import re
from html import unescape
from typing import Any
from uuid import UUID, uuid4

import pytest

from schemas.categories import DataCategory
from schemas.codes import AgencyKind, Purpose
from services.dashboard.session_auth import BACKGROUND
from tests.services.dashboard.browser import OWN_FORM, Browser, Read, text_without_time
from tests.services.dashboard.conftest import PLACES, Square
from tests.services.dashboard.desk_forms import PageForms, send

LIST = "/app/referrals"
STATUS = [DataCategory.REFERRAL_STATUS]
DEADLINE = "UPDATE referrals.referral SET answer_by = now() - interval '20 minutes' WHERE receiving_agency = %s"
NAME = "Marisol"


async def a_desk(square: Square, *priorities: str, **fields: Any) -> tuple[str, Browser]:
    """Take in a shelter that was sent referrals; return it, with its case worker signed in."""
    agency, person = await square.worker()
    for priority in priorities or ("urgent",):
        await square.referral(agency, priority=priority, **fields)
    return agency, await square.sign_in(person)


def pages_of(text: str) -> list[str]:
    return re.findall(rf'href="({LIST}/[0-9a-f-]{{36}}[^"]*)"', text)


async def page_of(browser: Browser, view: str = "") -> str:
    """Return the address of the first referral's page."""
    return pages_of((await browser.get(f"{LIST}?view={view}")).text)[0]


def counts_of(text: str) -> dict[str, int]:
    """Return the number behind each view."""
    counts = re.findall(r'sub-navigation__link" href="[^"]*view=([a-z-]+)[^"]*"[^>]*>[^<(]*\((\d+)\)', text)
    return {name: int(number) for name, number in counts}


async def test_the_closest_deadline_stands_on_top(square: Square) -> None:
    _, browser = await a_desk(square, "routine", "on_scene", "day")

    text = (await browser.get(LIST)).text

    order = [text.index(word) for word in (">On scene<", ">Within a day<", ">Routine<")]
    assert order == sorted(order)
    assert "Soon: " in text, "in words, and by its shape"
    assert len(pages_of(text)) == Read(text).rows == 3


async def test_a_late_referral_says_so(square: Square) -> None:
    agency, browser = await a_desk(square)
    square.sql(DEADLINE, agency)

    assert "20 min late" in (await browser.get(LIST)).text


async def test_each_view_is_as_long_as_its_number(square: Square) -> None:
    _, browser = await a_desk(square, "urgent", "day", "soon")
    for answer, fields in (("acceptance", {}), ("decline", {"reason_code": "no_capacity"})):
        assert (await send(browser, await page_of(browser), answer, **fields)).status_code == 303

    counts = counts_of((await browser.get(LIST)).text)
    lengths = {view: Read((await browser.get(f"{LIST}?view={view}")).text).rows for view in counts}

    assert counts == lengths == {"mine": 0, "agency": 2, "unassigned": 2, "sent": 0, "closed": 1}


async def test_the_address_holds_the_filters(square: Square) -> None:
    _, browser = await a_desk(square, "urgent", "day", "day")

    chosen = (await browser.get(f"{LIST}?view=agency&priority=day")).text
    nothing = (await browser.get(f"{LIST}?view=agency&priority=routine&late=y")).text

    assert Read(chosen).rows == counts_of(chosen)["agency"] == 2
    assert "No referral here fits that." in nothing
    assert f'href="{LIST}?view=agency"' in nothing, "and how to see all again"


async def test_a_list_is_of_one_case_or_one_other_agency(square: Square) -> None:
    agency, browser = await a_desk(square, "urgent", "day")
    page = await page_of(browser)
    (ref,) = square.sql("SELECT case_ref FROM referrals.referral WHERE receiving_agency = %s LIMIT 1", agency)[0]
    case = await square.town.case_ref_of(ref, agency)

    lists = [
        (await browser.get(f"{LIST}?{query}")).text for query in (f"case={case}", "agency=bay-hotline", "agency=none")
    ]

    assert [Read(text).rows for text in lists] == [1, 2, 0]
    assert page in pages_of(lists[1])


async def test_a_referral_is_accepted_in_two_clicks(square: Square) -> None:
    _, browser = await a_desk(square)
    page = await page_of(browser)  # one

    answered = await send(browser, page, "/acceptance")  # two
    text = (await browser.get(answered.headers["location"])).text

    assert answered.status_code == 303
    assert "You accepted it." in text
    assert "Accepted" in text
    assert set(PageForms(text).forms) >= {f"{page}/start", f"{page}/completion", f"{page}/contact-failure"}


async def test_the_outcome_is_added_later(square: Square) -> None:
    _, browser = await a_desk(square)
    page = await page_of(browser)
    await send(browser, page, "/acceptance")
    await send(browser, page, "/start")

    first = await send(browser, page, "/completion", outcome_code="got_help", she_knows="not_yet")
    done = await send(browser, page, "/completion", outcome_code="got_help", she_knows="yes")
    text = (await browser.get(page)).text

    assert (first.status_code, done.status_code) == (422, 303)
    assert 'href="#she_knows"' in first.text
    assert "Got help" in text
    assert not [action for action in PageForms(text).forms if action.startswith(page)]


@pytest.mark.parametrize(
    ("answer", "state"),
    [("question", "Asked for more"), ("decline", "Declined")],
)
async def test_the_other_answers_are_buttons_too(square: Square, answer: str, state: str) -> None:
    _, browser = await a_desk(square)
    page = await page_of(browser)

    sent = await send(browser, page, f"/{answer}", **({"reason_code": "no_capacity"} if answer == "decline" else {}))

    assert sent.status_code == 303
    assert state in (await browser.get(page)).text


async def test_a_decline_without_a_reason_is_asked_for_it(square: Square) -> None:
    _, browser = await a_desk(square)
    page = await page_of(browser)

    answer = await send(browser, page, "/decline")

    assert answer.status_code == 422
    assert 'href="#reason_code"' in answer.text
    assert "Not answered yet" in answer.text


async def test_who_was_overtaken_sees_both_sides(square: Square) -> None:
    agency, browser = await a_desk(square)
    page = await page_of(browser)
    form = PageForms((await browser.get(page)).text).forms[f"{page}/acceptance"]
    colleague = await square.sign_in(await square.person(agency, "case_worker"))
    await send(colleague, page, "/decline", reason_code="no_capacity")

    typed = form | {"advocate_name": "Robin at the door"}
    answer = await browser.client.post(f"{page}/acceptance", data=typed, headers=OWN_FORM)

    assert answer.status_code in (409, 412)
    assert "It changed while you were at it" in answer.text
    assert "Robin at the door" in answer.text
    assert "Declined" in answer.text


async def opened(browser: Browser, page: str) -> str:
    return (await send(browser, page, "/opening", purpose="shelter")).text


async def referred(square: Square, *categories: DataCategory) -> tuple[str, UUID, UUID, Browser]:
    """Have a shelter told of somebody by name and need; return it, the case, the release and its case worker."""
    agency, person = await square.worker()
    case_ref = await square.town.open_case("bay-hotline")
    directive_ref = await square.town.direct(case_ref, agency, Purpose.SHELTER, [*STATUS, *categories])
    await square.referral(agency, case_ref, given_name=NAME, needs=["shelter"])
    await square.deliver(agency)
    return agency, case_ref, directive_ref, await square.sign_in(person)


async def test_what_she_allowed_is_shown_at_a_button_and_no_more(square: Square) -> None:
    _, _, _, browser = await referred(square, DataCategory.NEEDS)
    page = await page_of(browser)

    before = (await browser.get(page)).text
    page_text = await opened(browser, page)

    assert "Open for: Shelter" in before
    assert "Needs" not in before
    assert "You may see it until" in page_text
    assert "You may not pass it on" in page_text
    assert "Needs" in page_text
    assert NAME not in page_text


async def test_of_several_referrals_the_right_one_is_opened(square: Square) -> None:
    agency, person = await square.worker()
    case_ref = await square.town.open_case("bay-hotline")
    await square.town.direct(case_ref, agency, Purpose.SHELTER, [*STATUS, DataCategory.IDENTITY])
    for name, priority in ((NAME, "urgent"), ("Another name", "on_scene")):
        await square.referral(agency, case_ref, given_name=name, priority=priority)
    await square.deliver(agency)
    browser = await square.sign_in(person)

    names = [await opened(browser, page) for page in pages_of((await browser.get(LIST)).text)]

    assert ["Another name" in text for text in names] == [True, False]
    assert [NAME in text for text in names] == [False, True]


async def test_a_stop_closes_what_is_open_and_leaves_what_is_typed(square: Square) -> None:
    _, case_ref, directive_ref, browser = await referred(square, DataCategory.IDENTITY)
    page = await page_of(browser)
    shown = await opened(browser, page)
    (still,) = [unescape(place) for place in re.findall(r'data-hx-get="([^"]+)"', shown)]
    part = shown[shown.index('<div id="opened">') :].partition("</section>\n</div>")[0]

    before = await browser.client.get(still, headers={BACKGROUND: "1"})
    await square.town.revoke(case_ref, directive_ref)
    after = await browser.client.get(still, headers={BACKGROUND: "1"})

    assert NAME in part
    assert "<form" not in part  # what is replaced holds nothing that somebody types into
    assert f'action="{page}/acceptance"' in shown
    assert (before.status_code, before.text) == (204, "")
    assert after.status_code == 200
    assert after.text.startswith('<div id="opened">')
    assert NAME not in after.text
    assert "what she allows has changed" in after.text


async def test_a_page_that_was_opened_leads_back_after_signing_in(square: Square) -> None:
    _, browser = await a_desk(square)
    page = await page_of(browser)

    led = [await browser.get(f"{page}/{act}") for act in ("opening", "acceptance")]

    assert [answer.headers["location"] for answer in led] == [page, page]


async def test_after_a_stop_the_page_is_as_if_it_never_was(square: Square) -> None:
    _, case_ref, directive_ref, browser = await referred(square, DataCategory.IDENTITY)
    page = await page_of(browser)
    assert NAME in await opened(browser, page)

    await square.town.revoke(case_ref, directive_ref)

    withdrawn, never = await browser.get(page), await browser.get(f"{LIST}/{uuid4()}")
    assert withdrawn.status_code == never.status_code == 404
    assert text_without_time(withdrawn) == text_without_time(never)


async def test_a_spoken_code_leads_to_the_page(square: Square) -> None:
    agency, browser = await a_desk(square)
    (code,) = square.sql("SELECT spoken_code FROM referrals.referral WHERE receiving_agency = %s", agency)[0]

    answer = await send(browser, LIST, "/search", spoken_code=code.title().replace(" ", "-"))
    nothing = await send(browser, LIST, "/search", spoken_code="zebra zebra 99")
    no_code = await send(browser, LIST, "/search", spoken_code="hello")

    assert (answer.status_code, answer.headers["location"]) == (303, await page_of(browser))
    assert code in (await browser.get(answer.headers["location"])).text
    assert "No referral that you may see has that code" in nothing.text
    assert (no_code.status_code, 'href="#spoken_code"' in no_code.text) == (422, True)


async def test_the_sender_calls_back_what_was_sent(square: Square) -> None:
    shelter, sender = await square.agency(), await square.agency()
    browser = await square.sign_in(await square.person(sender, "case_worker"))
    case_ref = await square.town.open_case(sender)
    await square.town.direct(case_ref, shelter, Purpose.SHELTER, STATUS)
    fields = {"to_agency_ref": shelter, "service_code": "shelter", "purpose": "shelter", "priority": "urgent"}

    sent = await send(browser, f"{LIST}/new?case={case_ref}", "/new", **fields)
    page = sent.headers["location"].partition("?")[0]
    text = (await browser.get(sent.headers["location"])).text
    called_back = await send(browser, page, "/withdrawal", reason_code="sender", she_knows="yes")

    assert (sent.status_code, called_back.status_code) == (303, 303)
    assert "On the telephone, call it" in text
    assert "Send one elsewhere" in (await browser.get(page)).text


async def test_a_referral_without_a_release_is_refused_and_kept(square: Square) -> None:
    shelter, sender = await square.agency(), await square.agency()
    browser = await square.sign_in(await square.person(sender, "case_worker"))
    case_ref = await square.town.open_case(sender)
    fields = {"to_agency_ref": shelter, "service_code": "housing", "purpose": "shelter", "priority": "day"}
    new = f"{LIST}/new?case={case_ref}"

    refused = await send(browser, new, "/new", **fields)
    logged = await send(browser, new, "/new", **fields | {"mode": "logged", "purpose": ""})
    unsaid = await send(browser, new, "/new", **fields | {"purpose": ""})

    assert refused.status_code == 422
    assert "No release allows this" in refused.text
    assert re.search(r'value="housing"\s+selected', refused.text), "what was chosen is kept"
    assert logged.status_code == 303
    assert 'href="#purpose"' in unsaid.text


async def test_a_cell_reaches_what_was_released_to_it(square: Square) -> None:
    cell, shelter = await square.agency(AgencyKind.COORDINATION), await square.agency()
    browser = await square.sign_in(await square.person(cell, "coordinator"))
    case_ref = await square.town.open_case("bay-hotline")
    await square.town.direct(case_ref, shelter, Purpose.SHELTER, STATUS)
    await square.town.direct(case_ref, cell, Purpose.COORDINATION, STATUS)
    await square.referral(shelter, case_ref)

    page = await page_of(browser)
    text = (await browser.get(page)).text

    assert f"House {shelter[4:]}" in text
    assert not [action for action in PageForms(text).forms if "/acceptance" in action]
    assert (await browser.get(page.partition("?")[0])).status_code == 404


async def test_a_page_speaks_spanish_where_it_was_chosen(square: Square) -> None:
    _, browser = await a_desk(square)
    page = await page_of(browser)
    await browser.get("/app/language/es")

    words = " ".join(Read((await browser.get(page)).text).words)

    assert {"Su respuesta", "Refugio", "Aceptar"} <= set(re.findall("Su respuesta|Refugio|Aceptar", words))
    assert "Decline" not in words


async def test_where_referrals_is_away_no_number_stands(square: Square) -> None:
    _, browser = await a_desk(square)
    square.streets.away.add("referrals.test")

    answer = await browser.get(LIST)

    assert answer.status_code == 503
    assert "Not available just now" in answer.text
    assert not counts_of(answer.text)


async def test_where_the_exchange_is_away_a_referral_is_answered(square: Square) -> None:
    _, browser = await a_desk(square)
    page = await page_of(browser)
    square.streets.away.add("exchange.test")

    assert (await send(browser, page, "/acceptance")).status_code == 303


@pytest.mark.parametrize(
    "path",
    [
        "/not-a-referral",
        "?view=nothing",
        "?priority=soonest",
        "?cursor=%00",
        "/00000000-0000-4000-8000-000000000000",
    ],
)
async def test_an_address_that_is_none_is_a_page_that_says_so(square: Square, path: str) -> None:
    _, browser = await a_desk(square)

    answer = await browser.get(LIST + path)

    assert answer.status_code in (404, 405, 422)
    assert PLACES["referrals_url"] not in answer.text
