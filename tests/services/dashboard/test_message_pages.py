"""Messages at the desk: a queue that falls, each opened for a purpose and marked as dealt with."""

import re
from uuid import uuid4

from schemas.categories import DataCategory
from schemas.codes import Purpose
from tests.services.dashboard.browser import Browser, Read, text_without_time
from tests.services.dashboard.conftest import Square
from tests.services.dashboard.desk_forms import send

LIST = "/app/messages"
NAME = "Marisol"


async def mail(square: Square, number: int = 1) -> tuple[str, Browser]:
    """Have a new shelter told of so many referrals; return it, with its case worker signed in."""
    agency, person = await square.worker()
    for _ in range(number):
        case_ref = await square.town.open_case("bay-hotline")
        categories = [DataCategory.REFERRAL_STATUS, DataCategory.IDENTITY]
        await square.town.direct(case_ref, agency, Purpose.SHELTER, categories)
        await square.referral(agency, case_ref, given_name=NAME)
    await square.deliver(agency)
    return agency, await square.sign_in(person)


def rows_of(text: str) -> list[str]:
    return re.findall(rf'href="({LIST}/[0-9a-f-]{{36}})"', text)


def counts_of(text: str) -> dict[str, int]:
    counts = re.findall(r'href="[^"]*queue=([a-z]+)"[^>]*>[^<(]*\((\d+)\)', text)
    return {name: int(number) for name, number in counts}


async def test_the_queue_falls_as_messages_are_opened_and_handled(square: Square) -> None:
    _, browser = await mail(square, 3)
    messages = rows_of((await browser.get(LIST)).text)

    opened = await send(browser, messages[0], "/opening", purpose="shelter")
    handled = await send(browser, messages[1], "/handling", handled="yes")
    pages = {queue: (await browser.get(f"{LIST}?queue={queue}")).text for queue in ("unread", "opened", "handled")}

    assert (opened.status_code, handled.status_code) == (200, 303)
    assert {queue: rows_of(text) for queue, text in pages.items()} == {
        "unread": messages[2:], "opened": messages[:1], "handled": messages[1:2]
    }  # fmt: skip
    assert counts_of(pages["unread"]) == {"unread": 1, "opened": 1, "handled": 1}


async def test_a_message_shows_its_fields_at_a_button_alone(square: Square) -> None:
    _, browser = await mail(square)
    (message,) = rows_of((await browser.get(LIST)).text)

    before = (await browser.get(message)).text
    page = (await send(browser, message, "/opening", purpose="shelter")).text

    assert "Open for: Shelter" in before
    assert NAME not in before
    assert NAME in page
    assert "You may see it until" in page
    assert "You may not pass it on" in page
    assert NAME not in (await browser.get(message)).text, "a look is a look: it is not kept"


async def test_a_mark_can_be_taken_away(square: Square) -> None:
    _, browser = await mail(square)
    (message,) = rows_of((await browser.get(LIST)).text)
    await send(browser, message, "/handling", handled="yes")

    answer = await send(browser, message, "/handling", handled="no")

    assert answer.headers["location"].startswith(message)
    assert rows_of((await browser.get(LIST)).text) == [message]


async def test_a_message_that_is_not_ours_is_a_page_that_never_was(square: Square) -> None:
    _, browser = await mail(square)
    _, other = await mail(square)
    (theirs,) = rows_of((await other.get(LIST)).text)

    answers = [await browser.get(place) for place in (theirs, f"{LIST}/{uuid4()}")]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert text_without_time(answers[0]) == text_without_time(answers[1])


async def test_an_empty_queue_says_so(square: Square) -> None:
    _, person = await square.worker()
    browser = await square.sign_in(person)

    text = (await browser.get(LIST)).text

    assert "Somebody of your agency has looked at every message." in text
    assert Read(text).rows == 0


async def test_where_the_exchange_is_away_no_number_stands(square: Square) -> None:
    _, browser = await mail(square)
    square.streets.away.add("exchange.test")

    answer = await browser.get(LIST)

    assert answer.status_code == 503
    assert "Not available just now" in answer.text
    assert not counts_of(answer.text)
