"""Near misses and reviews at the desk: written down, opened on a person's wish, and what follows for the plan."""

import pytest

from services.dashboard.navigation import TASKS
from tests.services.dashboard.browser import Browser
from tests.services.dashboard.conftest import Square
from tests.services.dashboard.desk_forms import send
from tests.services.dashboard.test_case_pages import take_in

NEAR_MISS = {"happened_on": "2026-02-01", "what_happened": "He stood at the gate", "worked": "The neighbour rang"}


async def planned(square: Square) -> tuple[str, Browser, str]:
    """Take a case in and make a plan; return the agency, its worker's browser and the address of the case."""
    agency, browser, place = await take_in(square)
    answer = await browser.submit(f"{place}/plan", goals="A home")
    assert answer.status_code == 303, answer.text
    return agency, browser, place


async def test_a_near_miss_is_written_down_and_opened(square: Square) -> None:
    agency, browser, place = await planned(square)

    logged = await send(browser, f"{place}/near-misses/new", "/near-misses/new", **NEAR_MISS)
    await square.deliver(agency)
    closed = await browser.get(f"{place}/near-misses")
    opened = await send(browser, f"{place}/near-misses", "/near-misses/opening")

    assert logged.headers["location"] == f"{place}/near-misses?done=logged"
    assert "Not reviewed yet" in closed.text
    assert "He stood at the gate" not in closed.text
    assert "He stood at the gate" in opened.text
    assert "The neighbour rang" in opened.text


async def test_a_near_miss_makes_the_plan_due_until_it_is_reviewed(square: Square) -> None:
    _, browser, place = await planned(square)
    await send(browser, f"{place}/near-misses/new", "/near-misses/new", **NEAR_MISS)
    due = await browser.get(place)

    form = await browser.read(f"{place}/plan/review")
    silent = await browser.submit(f"{place}/plan/review", held_on="2026-03-01")
    reviewed = await browser.submit(f"{place}/plan/review", held_on="2026-03-01", changes="The neighbour knows it")

    assert "something nearly went wrong" in due.text
    assert form.fields["trigger"] == "near_miss"
    assert silent.status_code == 409
    assert "Say why nothing changes after a near miss." in silent.text
    assert reviewed.headers["location"] == f"{place}?done=reviewed"
    assert "Nothing is due in this case this week." in (await browser.get(place)).text
    assert "Not reviewed yet" not in (await browser.get(f"{place}/near-misses")).text
    assert "Last looked at" in (await browser.get(f"{place}/plan")).text


async def test_a_review_leaves_the_plan_to_be_read(square: Square) -> None:
    agency, browser, place = await planned(square)
    reviewed = await send(browser, f"{place}/plan/review", "/plan/review", trigger="asked", next_review_on="2099-01-01")
    await square.deliver(agency)

    opened = await send(browser, f"{place}/plan", "/plan/opening")

    assert reviewed.status_code == 303, reviewed.text
    assert "A home" in opened.text
    assert "Look at the safety plan again" in (await browser.get(f"{TASKS}?view=later")).text


@pytest.mark.parametrize(
    ("page", "fields", "text"),
    [
        ("near-misses/new", {"what_happened": ""}, "Say what happened."),
        ("near-misses/new", {"what_happened": "x", "happened_on": "2999-01-01"}, "This day is yet to come. Check it."),
        ("plan/review", {"held_on": "2999-01-01", "trigger": "asked"}, "This day is yet to come. Check it."),
        ("plan/review", {"held_on": "", "trigger": "asked"}, "Say when."),
    ],
)
async def test_what_cannot_be_is_said_at_its_field(
    square: Square, page: str, fields: dict[str, str], text: str
) -> None:
    _, browser, place = await planned(square)

    answer = await send(browser, f"{place}/{page}", f"/{page}", **fields)

    assert answer.status_code in (409, 422)
    assert "There is a problem" in answer.text
    assert text in answer.text


async def test_without_a_plan_there_is_nothing_to_review(square: Square) -> None:
    _, browser, place = await take_in(square)

    page = await browser.get(f"{place}/plan/review")
    near_misses = await browser.read(f"{place}/near-misses")

    assert page.status_code == 404
    assert near_misses.headings == ["Near misses (0)"]
