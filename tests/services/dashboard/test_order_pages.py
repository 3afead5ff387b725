"""Orders at the desk: recorded, issued, served, broken, heard and ended, and found by the court's number."""

import re
from typing import Any
from uuid import uuid4

import httpx
import pytest

from schemas.codes import AgencyKind
from services.dashboard.navigation import ORDERS
from tests.services.dashboard.browser import OWN_FORM, Browser, Read
from tests.services.dashboard.conftest import Square

STATUS = "SELECT status, version FROM law_enforcement_bridge.protective_order WHERE order_ref = %s"


async def liaison(square: Square, kind: AgencyKind = AgencyKind.POLICE, role: str = "liaison") -> tuple[Browser, str]:
    agency = await square.agency(kind)
    return await square.sign_in(await square.person(agency, role)), agency


async def send(browser: Browser, place: str, **fields: Any) -> httpx.Response:
    """Send the last form of a page, filled in."""
    return await browser.client.post(place, data=(await form_fields(browser, place)) | fields, headers=OWN_FORM)


async def form_fields(browser: Browser, place: str) -> dict[str, str]:
    page = await browser.get(place)
    assert page.status_code == 200, page.text
    typed = dict(re.findall(r'name="(\w+)" type="(?:date|datetime-local)" value="([^"]+)"', page.text))
    return Read(page.text).fields | typed


async def recorded(browser: Browser, **fields: Any) -> str:
    """Record an order; return its page."""
    answer = await send(browser, f"{ORDERS}/new", **{"status": "temporary", "respondents": "R. Calder", **fields})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"]).partition("?")[0]


async def test_an_order_goes_its_way_step_by_step(square: Square) -> None:
    browser, _ = await liaison(square)
    place = await recorded(browser, status="requested", court_name="County Court")
    steps: tuple[tuple[str, dict[str, str]], ...] = (
        ("hearing", {"hearing_at": "2026-12-07T09:00"}),
        ("issuance", {"status": "temporary", "expires_on": "2027-03-01"}),
        ("service", {"service_status": "in_hand"}),
        ("service", {"service_status": "served"}),
        ("violation", {"violated_on": "2026-11-29"}),
        ("modification", {"modification": "clerical", "court_name": "High Court"}),
        ("end", {"end_reason": "vacated"}),
    )

    for step, fields in steps:
        answer = await send(browser, f"{place}/step/{step}", **fields)
        assert answer.status_code == 303, (step, answer.text)

    assert square.sql(STATUS, place.rpartition("/")[2]) == [("vacated", len(steps) + 1)]
    page = (await browser.get(place)).text
    assert "Vacated" in page
    assert "It was broken" not in page


async def test_each_tab_counts_what_it_lists(square: Square) -> None:
    browser, _ = await liaison(square)
    await recorded(browser)
    await recorded(browser, status="requested")

    for tab, length in (("to-serve", 1), ("in-force", 1), ("requested", 1), ("ended", 0)):
        page = await browser.get(f"{ORDERS}?tab={tab}")
        assert Read(page.text).rows == length
        assert re.search(rf'aria-current="page">[^<]*\({length}\)', page.text)


async def test_an_order_is_found_by_its_number_and_not_by_an_address(square: Square) -> None:
    browser, _ = await liaison(square)
    number = f"26-PO-{uuid4().hex[:8]}"
    place = await recorded(browser, order_number=number, cji="y")

    fields = await form_fields(browser, ORDERS)
    answer = await browser.client.post(f"{ORDERS}/search", data=fields | {"order_number": number}, headers=OWN_FORM)
    nothing = await browser.client.post(f"{ORDERS}/search", data=fields | {"order_number": "26"}, headers=OWN_FORM)

    assert place in answer.text
    assert Read(nothing.text).rows == 0
    assert "No order of your records has that number" in nothing.text


async def test_the_papers_are_opened_on_a_persons_wish_alone(square: Square) -> None:
    browser, agency = await liaison(square)
    place = await recorded(browser, court_name="County Court")
    await square.deliver(agency)

    closed = (await browser.get(place)).text
    opened = await send(browser, place)

    assert "Protective order issued" in closed, closed[closed.index("<main") :]
    assert "County Court" not in closed
    assert opened.status_code == 200, opened.text
    assert "County Court" in opened.text
    assert "R. Calder" in opened.text


async def test_two_who_change_an_order_see_each_others_change(square: Square) -> None:
    browser, agency = await liaison(square)
    other = await square.sign_in(await square.person(agency, "liaison"))
    place = await recorded(browser)
    before = await form_fields(browser, f"{place}/step/service")
    await send(other, f"{place}/step/service", service_status="in_hand")

    fields = before | {"service_status": "in_hand"}
    answer = await browser.client.post(f"{place}/step/service", data=fields, headers=OWN_FORM)

    assert answer.status_code == 412
    assert "It changed while you were at it" in answer.text
    assert "An officer has it" in answer.text
    assert re.search(r'value="in_hand" checked', answer.text)


async def test_an_attorney_records_and_serves_nothing(square: Square) -> None:
    browser, _ = await liaison(square, AgencyKind.LEGAL_AID, "attorney")
    place = await recorded(browser)

    page = (await browser.get(place)).text

    assert "It was changed" in page
    assert "/step/service" not in page
    assert (await send(browser, f"{place}/step/service", service_status="in_hand")).status_code == 403


async def test_an_order_of_two_is_served_on_each(square: Square) -> None:
    browser, _ = await liaison(square)
    place = await recorded(browser, respondents="R. Calder\nS. Calder")
    page = (await browser.get(f"{place}/step/service")).text
    refs = re.findall(r'<option value="([0-9a-f-]{36})"', page)

    answer = await send(browser, f"{place}/step/service", service_status="in_hand", respondent_ref=refs[1])

    assert answer.status_code == 303, answer.text
    text = (await browser.get(place)).text
    assert "Respondent 1: Not served yet" in text
    assert "Respondent 2: An officer has it" in text


@pytest.mark.parametrize(
    ("step", "fields"), [("service", {}), ("hearing", {}), ("end", {}), ("service", {"service_status": "failed"})]
)
async def test_what_is_missing_is_told(square: Square, step: str, fields: dict[str, str]) -> None:
    browser, _ = await liaison(square)
    place = await recorded(browser)

    answer = await send(browser, f"{place}/step/{step}", **fields)

    assert answer.status_code == 422
    assert "There is a problem" in answer.text


async def test_where_the_bridge_is_away_no_number_stands(square: Square) -> None:
    browser, _ = await liaison(square)
    square.streets.away.add("bridge.test")

    answer = await browser.get(ORDERS)

    assert answer.status_code == 503
    assert "(0)" not in answer.text


async def test_who_records_no_order_has_no_such_pages(square: Square) -> None:
    _, person = await square.worker()
    browser = await square.sign_in(person)

    assert ORDERS not in (await browser.get("/app/cases")).text
