"""A case at the desk: taken in on one screen, found again, corrected, planned for, handed over and closed."""

import re
from typing import Any
from uuid import UUID

import httpx

from schemas.codes import AgencyKind
from services.dashboard.domain import case_code
from services.dashboard.navigation import CASES
from tests.services.dashboard.browser import OWN_FORM, Browser, Read, text_without_time
from tests.services.dashboard.conftest import Square

NEW = f"{CASES}/new"
TYPED_FIELDS = {
    "nickname": "Blue door",
    "known_as": "Nela",
    "channel": "hotline",
    "narrative": "He came back <at> night.",
    "occurred_on": "2026-11-02",
    "relationship": "XS",
    "contact_kind": "voice",
    "contact_address": "555 0100",
    "contact_status": "safe",
    "voicemail_ok": "no",
    "days": "tue",
    "from_time": "10:00",
    "until_time": "12:00",
    "children_count": "2",
    "needs": "shelter",
}


async def take_in(square: Square, **fields: str) -> tuple[str, Browser, str]:
    """Take a case in; return the agency, its worker's browser, and the address of the case's page."""
    agency, person = await square.worker()
    browser = await square.sign_in(person)
    answer = await browser.submit(NEW, **(TYPED_FIELDS | fields))
    assert answer.status_code == 303, answer.text
    await square.deliver(agency)
    return agency, browser, str(answer.headers["location"]).partition("?")[0]


def forms_of(text: str) -> list[str]:
    return re.findall(r'action="([^"]+)"', text)


async def send(browser: Browser, text: str, place: str, **fields: Any) -> httpx.Response:
    """Send the form of a page that goes to a place; return the answer."""
    (form,) = re.findall(rf'<form method="post" action="{place}".*?</form>', text, re.DOTALL)
    return await browser.client.post(place, data=Read(form).fields | fields, headers=OWN_FORM)


async def test_a_case_is_taken_in_on_one_screen(square: Square) -> None:
    agency, browser, place = await take_in(square)

    page = await browser.get(place)

    assert "Blue door" in page.text
    assert "Incidents (1)" in page.text
    assert "Incident reported" in page.text
    assert "He came back" not in page.text
    assert square.sql("SELECT count(*) FROM intake.incident WHERE agency_id = %s", agency) == [(1,)]


async def test_an_empty_screen_opens_a_case_and_nothing_else(square: Square) -> None:
    _, person = await square.worker()
    browser = await square.sign_in(person)

    answer = await browser.submit(NEW)

    assert answer.headers["location"].endswith("?done=opened")
    assert "Incidents (0)" in (await browser.get(answer.headers["location"])).text


async def test_half_of_a_way_to_reach_her_is_refused(square: Square) -> None:
    _, person = await square.worker()
    browser = await square.sign_in(person)

    without_kind = await browser.submit(NEW, contact_address="555 0100")
    without_hours = await browser.submit(NEW, contact_kind="voice", days="tue")

    assert [answer.status_code for answer in (without_kind, without_hours)] == [422, 422]
    assert 'href="#contact_kind"' in without_kind.text
    assert 'href="#days"' in without_hours.text
    assert "555 0100" in without_kind.text


async def test_what_intake_refuses_is_told_and_the_form_goes_on(square: Square) -> None:
    agency, person = await square.worker()
    browser = await square.sign_in(person)

    answer = await browser.submit(NEW, **(TYPED_FIELDS | {"children_count": "two"}))
    page = Read(answer.text)
    fields = page.fields | TYPED_FIELDS
    corrected = await browser.client.post(page.action, data=fields, headers=OWN_FORM)

    assert answer.status_code == 422
    assert 'href="#children_count"' in answer.text
    assert "The case is open" in answer.text
    assert corrected.status_code == 303
    assert square.sql('SELECT count(*) FROM register."case" WHERE agency_id = %s', agency) == [(1,)]


async def test_a_correction_keeps_what_its_form_does_not_show(square: Square) -> None:
    agency, browser, place = await take_in(square)
    page = (await browser.get(place)).text
    (act,) = [action for action in forms_of(page) if action.endswith("/correction")]

    form = (await send(browser, page, act)).text
    saved = act.replace("/correction", "/versions")
    answer = await send(browser, form, saved, narrative="He came back at noon.", contact_kind="voice", needs="legal")
    await square.deliver(agency)
    again = (await send(browser, page, act)).text

    assert "He came back &lt;at&gt; night." in form
    assert 'value="555 0100"' in form
    assert 'value="10:00"' in form
    assert answer.headers["location"] == f"{place}?done=corrected"
    assert "He came back at noon." in again
    assert "version 2" in (await browser.get(place)).text


async def test_a_plan_is_written_opened_and_changed(square: Square) -> None:
    agency, browser, place = await take_in(square)

    written = await browser.submit(
        f"{place}/plan", goals="A home\nQuiet", routes="Kitchen door", technology="A new SIM"
    )
    await square.deliver(agency)
    closed = await browser.get(f"{place}/plan")
    opened = await send(browser, closed.text, f"{place}/plan/opening")
    changed = await send(browser, opened.text, f"{place}/plan", goals="A home", routes="Kitchen door\nYard")

    assert written.headers["location"] == f"{place}?done=planned"
    assert "A new SIM" not in closed.text
    assert "A home\nQuiet" in opened.text
    assert changed.headers["location"] == f"{place}?done=planned"


async def test_two_who_change_a_plan_see_both_sides(square: Square) -> None:
    agency, browser, place = await take_in(square)
    await browser.submit(f"{place}/plan", goals="A home", pets="The cat")
    await square.deliver(agency)
    closed = (await browser.get(f"{place}/plan")).text
    first, second = [(await send(browser, closed, f"{place}/plan/opening")).text for _ in range(2)]
    await send(browser, first, f"{place}/plan", goals="A home of her own", pets="The cat")
    await square.deliver(agency)

    conflict = await send(browser, second, f"{place}/plan", goals="A home near her sister", pets="The cat")
    saved = await send(browser, conflict.text, f"{place}/plan", goals="A home near her sister", pets="The cat")

    assert conflict.status_code == 412
    assert "Saved meanwhile: A home of her own" in conflict.text
    assert "A home near her sister" in conflict.text
    assert conflict.text.count("Saved meanwhile: ") == 1
    assert saved.status_code == 303


async def test_a_case_is_handed_over_named_closed_and_opened(square: Square) -> None:
    agency, browser, place = await take_in(square)
    colleague = await square.person(agency, "case_worker")

    answers = [
        await browser.submit(f"{place}/assignment", person_refs=colleague),
        await browser.submit(f"{place}/nickname", nickname="Green door"),
        await browser.submit(f"{place}/closing", reason_code="completed"),
    ]
    page = (await browser.get(place)).text
    answers.append(await browser.submit(f"{place}/reopening"))

    assert [answer.headers["location"].partition("?")[2] for answer in answers] == [
        "done=assigned",
        "done=named",
        "done=closed",
        "done=reopened",
    ]
    assert "Green door" in page
    assert "This case is closed" in page


async def test_a_change_of_what_another_changed_is_refused_first(square: Square) -> None:
    _, browser, place = await take_in(square)
    stale = Read((await browser.get(f"{place}/nickname")).text).fields
    await browser.submit(f"{place}/nickname", nickname="Green door")

    refused = await browser.client.post(f"{place}/nickname", data=stale | {"nickname": "Red"}, headers=OWN_FORM)
    fields = Read(refused.text).fields | {"nickname": "Red"}
    sent_again = await browser.client.post(f"{place}/nickname", data=fields, headers=OWN_FORM)

    assert refused.status_code == 412
    assert "Somebody changed this" in refused.text
    assert sent_again.status_code == 303


async def test_another_agencys_case_is_no_page(square: Square) -> None:
    _, _, place = await take_in(square)
    _, person = await square.worker()
    browser = await square.sign_in(person)

    answers = [await browser.get(f"{place}{end}") for end in ("", "/plan", "/intake", "/assignment", "/closing")]

    assert {answer.status_code for answer in answers} == {404}
    assert len({text_without_time(answer) for answer in answers}) == 1


async def test_a_closing_needs_a_reason(square: Square) -> None:
    _, browser, place = await take_in(square)

    answer = await browser.submit(f"{place}/closing")

    assert answer.status_code == 422
    assert 'href="#reason_code"' in answer.text


async def test_a_view_of_the_cases_is_live_and_what_was_found_is_not(square: Square) -> None:
    _, browser, _ = await take_in(square)

    view = (await browser.get(f"{CASES}?view=agency")).text
    found = (await browser.submit(CASES, words="Blue door")).text
    part = view[view.index('<div id="cases-now">') :]

    assert f'data-hx-get="{CASES}?view=agency" data-hx-trigger="again" data-hx-target="#cases-now"' in view
    assert 'data-gone="A case has left this list.' in view
    assert "Blue door" in part
    assert "<form" not in part  # a name that is being typed stays
    assert "data-hx-get" not in found


async def test_from_a_case_nothing_of_it_is_typed_again(square: Square) -> None:
    agency = await square.agency(AgencyKind.LEGAL_AID)
    browser = await square.sign_in(await square.person(agency, "attorney"))
    case = str((await browser.submit(NEW)).headers["location"]).partition("?")[0]
    ref = case.rpartition("/")[2]
    page = (await browser.read(case)).links
    form = await browser.get(f"/app/orders/new?case={ref}")
    order = await browser.submit(f"/app/orders/new?case={ref}", status="requested")

    assert {
        f"/app/{place}" for place in (f"orders/new?case={ref}", f"referrals/new?case={ref}", f"releases/{ref}/new")
    } <= set(page)
    assert case_code(UUID(ref)) in form.text
    assert order.status_code == 303, order.text
    assert square.sql(ORDER_CASE, str(order.headers["location"]).partition("?")[0].rpartition("/")[2]) == [(UUID(ref),)]


ORDER_CASE = "SELECT case_ref FROM law_enforcement_bridge.protective_order WHERE order_ref = %s"
