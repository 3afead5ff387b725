"""Risk screens at the desk: asked, left, completed and raised; and what a result says of itself."""

import pytest

from services.dashboard.navigation import TASKS
from tests.services.dashboard.browser import Browser, Read
from tests.services.dashboard.conftest import Square
from tests.services.dashboard.desk_forms import send
from tests.services.dashboard.test_case_pages import take_in

OURS = "accord-first.1"


async def started(square: Square) -> tuple[Browser, str, str]:
    """Start a screen in a new case; return the browser, the address of the case and of the questions."""
    _, browser, place = await take_in(square)
    answer = await send(browser, f"{place}/risk", "/risk", instrument=OURS)
    assert answer.status_code == 303, answer.text
    return browser, place, str(answer.headers["location"])


async def completed(browser: Browser, questions: str, **answers: str) -> str:
    """Send the answers; return the page of the result."""
    sent = await send(browser, questions, questions, **{f"item_{code}": answer for code, answer in answers.items()})
    assert sent.status_code == 303, sent.text
    return (await browser.get(str(sent.headers["location"]))).text


async def test_a_high_screen_prompts_to_refer_and_is_marked(square: Square) -> None:
    browser, place, questions = await started(square)

    result = await completed(browser, questions, a2="yes", b1="not_sure")

    assert "High" in result
    assert "Not validated:" in result
    assert f"/app/referrals/new?case={place.rpartition('/')[2]}" in Read(result).links
    assert "High" in (await browser.get(f"{place}/risk")).text


async def test_too_few_answers_are_never_low(square: Square) -> None:
    browser, _, questions = await started(square)

    result = await completed(browser, questions, b1="no")

    assert "Incomplete" in result
    assert "This is never to be read as low." in result


async def test_questions_are_asked_in_her_language(square: Square) -> None:
    browser, _, questions = await started(square)

    spanish = await browser.get(f"{questions}?language=es")

    assert '<div lang="es">' in spanish.text
    assert "¿teme por su vida" in spanish.text


async def test_a_band_is_raised_with_a_reason(square: Square) -> None:
    browser, _, questions = await started(square)
    await completed(browser, questions, **{f"b{number}": "no" for number in range(1, 11)})

    silent = await send(browser, questions, "/override", band="high")
    low = await send(browser, questions, "/override", band="standard", reason="Calmer")
    raised = await send(browser, questions, "/override", band="high", reason="He knows where she works")

    assert [silent.status_code, low.status_code, raised.status_code] == [422, 409, 303]
    assert "Say why." in silent.text
    assert "A band only goes up." in low.text
    assert "higher than before" in (await browser.get(questions)).text


async def test_a_screen_is_abandoned(square: Square) -> None:
    browser, place, questions = await started(square)

    answer = await send(browser, questions, "/abandonment")

    assert answer.headers["location"] == f"{place}/risk?done=abandoned"
    assert (await browser.get(questions)).status_code == 404


async def test_a_raised_band_is_due_at_the_plan(square: Square) -> None:
    browser, place, questions = await started(square)
    assert (await browser.submit(f"{place}/plan", goals="A home")).status_code == 303

    await completed(browser, questions, a1="yes")

    assert "the danger is higher than before" in (await browser.get(f"{TASKS}?view=mine")).text


@pytest.mark.parametrize("instrument", ["", "nobodys.1"])
async def test_what_is_not_loaded_cannot_be_asked(square: Square, instrument: str) -> None:
    _, browser, place = await take_in(square)

    answer = await send(browser, f"{place}/risk", "/risk", instrument=instrument)

    assert answer.status_code == 422
    assert "There is a problem" in answer.text
