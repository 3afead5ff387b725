"""The ledger's pages: an officer reads who looked, checks a line and the whole, and takes a file along."""

import json
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from runtime.ledger.sequencer import integrate, publish
from schemas.categories import DataCategory
from schemas.codes import Purpose
from services.dashboard.navigation import LEDGER
from tests.services.audit.accounting import offer, open_all
from tests.services.dashboard.browser import Browser, Read, text_without_time
from tests.services.dashboard.conftest import Square
from tests.support.run_folders import accord

STOPPED_LATER = """
UPDATE register.directive
SET state = 'revoked', told_at = now() - interval '1 hour', revoked_at = now() + interval '1 hour'
WHERE recipient = 'harbor-house' AND subject_id = (SELECT subject_id FROM register."case" WHERE case_ref = %s)
"""


@pytest.fixture
async def officer(square: Square) -> tuple[str, Browser]:
    """A hotline of this test's own, and its privacy officer who is also its auditor."""
    agency = await square.agency()
    person = await square.person(agency, "privacy_officer", "auditor")
    return agency, await square.sign_in(person)


async def a_case(square: Square, agency: str) -> UUID:
    """A case of the agency with a release on record."""
    case_ref = await square.town.open_case(agency)
    await square.town.direct(case_ref, "bay-hotline", Purpose.ADVOCACY, [DataCategory.NEEDS])
    return case_ref


async def sign(square: Square, ledger_keys: tuple[str, str]) -> None:
    """Put what waits into the tree and publish its head."""
    async with square.town.session("accord_audit") as session:
        while await integrate(session, ledger_keys[0]):
            pass
        await publish(session, ledger_keys[0], timedelta(0))


async def test_lines_lead_to_those_of_a_case_a_person_or_an_agency(
    square: Square, officer: tuple[str, Browser]
) -> None:
    agency, browser = officer
    case_ref = await a_case(square, agency)

    page = await browser.read(f"{LEDGER}?act=granted")
    narrowed = await browser.read(f"{LEDGER}?case_ref={case_ref}")

    assert page.rows == 1
    assert f"{LEDGER}?act=granted&case_ref={case_ref}" in page.links
    assert narrowed.rows == 1
    assert "1 in all" in " ".join(narrowed.words)
    assert LEDGER in narrowed.links


async def test_a_choice_that_finds_nothing_says_what_is_not_proven(officer: tuple[str, Browser]) -> None:
    answer = await officer[1].get(f"{LEDGER}?act=opened&refused=y")

    assert "Nothing is on record for this choice" in answer.text
    assert "does not prove that nothing is missing" in answer.text


@pytest.mark.parametrize("query", ["since=yesterday", "act=sideways", "until=2026-13-40"])
async def test_a_choice_that_cannot_be_read_is_told_at_its_field(officer: tuple[str, Browser], query: str) -> None:
    answer = await officer[1].get(f"{LEDGER}?{query}")

    assert answer.status_code == 422
    assert "There is a problem" in answer.text


async def test_one_line_and_the_whole_are_checked(
    square: Square, officer: tuple[str, Browser], ledger_keys: tuple[str, str]
) -> None:
    agency, browser = officer
    case_ref = await a_case(square, agency)
    await sign(square, ledger_keys)

    page = await browser.read(f"{LEDGER}?case_ref={case_ref}")
    (first, *_) = [link for link in page.links if "/entry?" in link]
    entry, check = await browser.get(first), await browser.get(f"{LEDGER}/check")

    assert "This entry is in the ledger, word for word" in entry.text
    assert "Whole: nothing was changed" in check.text


async def test_a_file_of_lines_is_checked_without_us(
    square: Square, officer: tuple[str, Browser], ledger_keys: tuple[str, str], tmp_path: Path
) -> None:
    agency, browser = officer
    case_ref = await a_case(square, agency)
    await sign(square, ledger_keys)
    file = tmp_path / "excerpt.jsonl"

    answer = await browser.get(f"{LEDGER}/export?case_ref={case_ref}")
    file.write_text(answer.text, encoding="utf-8")

    assert answer.headers["content-disposition"] == 'attachment; filename="ledger-excerpt.jsonl"'
    done = accord("ledger", "verify", "--from", file, "--vkey", ledger_keys[1], "--json")
    assert (done.exit_code, json.loads(done.output)["entries"]) == (0, 1)


async def test_the_accounting_shows_who_looked(square: Square, officer: tuple[str, Browser]) -> None:
    agency, browser = officer
    case_ref = await a_case(square, agency)

    page = await browser.read(f"/app/cases/{case_ref}/accounting")
    case = await browser.read(f"/app/cases/{case_ref}")

    assert f"/app/cases/{case_ref}/accounting" in case.links
    assert "Release given" in " ".join(page.words)
    assert page.rows == 1
    again = await browser.get(f"/app/cases/{case_ref}/accounting")
    assert "Ledger read" in again.text
    assert "Robin Vale" in again.text


async def test_what_was_opened_after_she_said_stop_is_marked(square: Square, officer: tuple[str, Browser]) -> None:
    agency, browser = officer
    case_ref = await a_case(square, agency)
    place = f"/app/cases/{case_ref}/accounting"
    assert "After she said stop" not in (await browser.get(place)).text
    await square.town.direct(case_ref, "harbor-house", Purpose.SHELTER, [DataCategory.NEEDS])
    await offer(square.town, case_ref, agency, await square.person(agency, "advocate"))
    await open_all(square.town, case_ref, "harbor-house", "sam", Purpose.SHELTER)
    square.sql(STOPPED_LATER, case_ref)

    assert (await browser.get(place)).text.count("After she said stop") == 1


async def test_anothers_case_has_no_accounting(square: Square, officer: tuple[str, Browser]) -> None:
    theirs = await square.town.open_case("bay-hotline")

    answers = [await officer[1].get(f"/app/cases/{ref}/accounting") for ref in (theirs, UUID(int=7))]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert len({text_without_time(answer) for answer in answers}) == 1


@pytest.mark.parametrize("place", [LEDGER, f"{LEDGER}/check", f"{LEDGER}/entry?index=1"])
async def test_where_audit_is_away_nothing_is_told(square: Square, officer: tuple[str, Browser], place: str) -> None:
    square.streets.away.add("audit.test")

    answer = await officer[1].get(place)

    assert answer.status_code == 503
    assert "Not available just now" in answer.text
    assert "0 in all" not in answer.text


async def test_the_ledger_is_no_page_of_a_case_worker(square: Square) -> None:
    _, person = await square.worker()
    browser = await square.sign_in(person)

    assert LEDGER not in (await browser.read("/app/cases")).links
    assert (await browser.get(LEDGER)).status_code == 403
    assert Read((await browser.get(LEDGER)).text).headings
