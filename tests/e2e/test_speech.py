"""What somebody who listens to the pages hears: the main tables, and a form that was refused.

The screen reader is a simulated one, @guidepup/virtual-screen-reader 0.33.0 (MIT; `screen_reader/`), as its browser
bundle without the line that names its source map.  It says what the specifications of accessible names and roles ask
for; it is no substitute for somebody with a real one.
"""

from hashlib import sha256
from pathlib import Path

from playwright.async_api import Page, Route

from tests.e2e.conftest import Sit

READER = Path(__file__).parent / "screen_reader" / "virtual-screen-reader.js"
HASH = "046ace113bbaa64f6dd04bcb51bfae203db5545552cea8dd3ae5a0dc6aee1f67"
PLACE = "/app/ui/screen-reader.js"
MOST_PHRASES = 400
READ_ALOUD = """async ([place, selector, most]) => {
  const {virtual} = await import(place);
  const container = document.querySelector(selector);
  await virtual.start({container});
  const begin = await virtual.lastSpokenPhrase();
  for (let said = 0; said < most && await virtual.lastSpokenPhrase() !== `end of ${begin}`; said++) {
    await virtual.next();
  }
  const log = await virtual.spokenPhraseLog();
  await virtual.stop();
  return log;
}"""


async def read_aloud(page: Page, selector: str) -> list[str]:
    """Return what is said of a part of the page from its beginning to its end."""

    async def answer(route: Route) -> None:
        await route.fulfill(path=READER, content_type="text/javascript")

    await page.route(f"**{PLACE}", answer)
    log: list[str] = await page.evaluate(READ_ALOUD, [PLACE, selector, MOST_PHRASES])
    return log


def headers(log: list[str]) -> list[str]:
    """Return the headings of a table's columns, as they are said."""
    return [phrase.removeprefix("columnheader, ") for phrase in log if phrase.startswith("columnheader, ")]


def test_the_screen_reader_is_the_one_on_record() -> None:
    assert sha256(READER.read_bytes()).hexdigest() == HASH


async def test_the_list_of_cases_is_heard_as_a_table(sit: Sit, referred_case: str) -> None:
    sitting = await sit("ana", script=True)
    await sitting.page.goto(f"{sitting.board}/app/cases?view=agency")

    log = await read_aloud(sitting.page, "main table")

    assert log[0] == "table, All open, newest change first"
    named = "Name" in headers(log)  # a column that no row fills is left out
    assert [name for name in headers(log) if name != "Name"] == [
        "Case",
        "Works on it",
        "Incidents",
        "Last change, sorted in descending order",
    ]
    code = f"{referred_case[:4]}-{referred_case[4:8]}".upper()
    row = log.index(f"rowheader, {code}")
    assert log[row + 1] == f"link, {code}"
    assert sum(phrase.startswith("cell") for phrase in log[row : row + 14]) == 3 + named
    assert log[-1] == f"end of {log[0]}"


async def test_the_list_of_referrals_is_heard_with_its_clock(sit: Sit) -> None:
    sitting = await sit("sam", script=True)
    await sitting.page.goto(f"{sitting.board}/app/referrals")

    log = await read_aloud(sitting.page, "main table")

    assert log[0] == "table, My agency"
    assert [name for name in headers(log) if name != "Tick"][:3] == [
        "Case",
        "Reply by, sorted in ascending order",
        "Need",
    ]
    assert any(phrase.startswith("cell, Soon:") or phrase.endswith("late") for phrase in log), "urgent, in words"


async def test_the_table_by_agency_is_heard_with_its_numbers(sit: Sit) -> None:
    sitting = await sit("cora", script=True)

    log = await read_aloud(sitting.page, "main .desk-figures table")

    assert log[0] == "table, By agency that was asked"
    assert headers(log)[:2] == ["Agency", "Overdue, sorted in descending order"]
    assert headers(log)[2:] == ["Open", "Sent", "Accepted", "Declined", "Hours to reply, median"]
    row = log.index("rowheader, Harbor House")
    assert log[row + 1].startswith("cell, "), "the number follows its agency"


async def test_a_refused_form_is_heard_with_links_to_its_fields(sit: Sit) -> None:
    sitting = await sit("ana", script=True)
    page = sitting.page
    await page.goto(f"{sitting.board}/app/cases")
    await page.get_by_role("button", name="Find").click()
    await page.locator(".govuk-error-summary").wait_for()

    log = await read_aloud(page, "main")

    assert await page.evaluate("() => document.activeElement.className") == "govuk-error-summary"
    begin = log.index("alert")
    assert log[begin + 1] == "heading, There is a problem, level 2"
    (link,) = [phrase for phrase in log[begin : log.index("end of alert")] if phrase.startswith("link, ")]
    assert link.startswith("link, Find a case by its code or its name: ")
    assert any(phrase.startswith("textbox, Find a case by its code or its name, Error: ") for phrase in log)
