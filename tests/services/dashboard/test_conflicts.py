"""Two at one page: each editable page shows both sides, field by field, and lets either be kept."""

import httpx

from schemas.codes import AgencyKind
from services.dashboard.conflicts import conflicts_between
from services.dashboard.forms.incident_forms import IncidentForm
from services.dashboard.navigation import CASES, ORDERS, PEOPLE
from tests.services.dashboard.browser import OWN_FORM, Browser
from tests.services.dashboard.conftest import Square
from tests.services.dashboard.desk_forms import PageForms

BOTH = ("It changed while you were at it", "What you were sending", "How it stands now", "Keep it as it stands now")


async def post(browser: Browser, text: str, action: str, **changes: str) -> httpx.Response:
    """Send the form of a page that goes to an address."""
    return await browser.client.post(action, data=PageForms(text).forms[action] | changes, headers=OWN_FORM)


async def overtaken(browser: Browser, page: str, first: dict[str, str], second: dict[str, str]) -> list[httpx.Response]:
    """Show a form twice, and send both: return the answers, and that to the second sent once more."""
    texts = [(await browser.get(page)).text for _ in "ab"]
    answers = [await post(browser, text, page, **changes) for text, changes in zip(texts, (first, second), strict=True)]
    assert [answer.status_code for answer in answers] == [303, 412], answers[1].text
    return [*answers, await post(browser, answers[1].text, page, **second)]


async def case_of(square: Square, browser: Browser, agency: str) -> str:
    answer = await browser.submit(f"{CASES}/new", narrative="He came back.", known_as="Nela")
    await square.deliver(agency)
    return str(answer.headers["location"]).partition("?")[0]


async def test_of_a_corrected_incident_either_side_is_kept(square: Square) -> None:
    agency, person = await square.worker()
    browser = await square.sign_in(person)
    case = await case_of(square, browser, agency)
    (act,) = [action for action in PageForms((await browser.get(case)).text).forms if action.endswith("/correction")]
    save = act.replace("/correction", "/versions")

    async def opened() -> str:
        return (await post(browser, (await browser.get(case)).text, act)).text

    left, right = await opened(), await opened()
    saved = await post(browser, left, save, narrative="At noon.", known_as="Nell")
    await square.deliver(agency)
    conflict = await post(browser, right, save, narrative="At dusk.", known_as="Nela")
    chosen = {"narrative": "At dusk.", "known_as": "Nela", "keep-narrative": "own", "keep-known_as": "other"}
    again = await post(browser, conflict.text, save, **chosen)
    await square.deliver(agency)
    newest = await opened()

    assert [answer.status_code for answer in (saved, conflict, again)] == [303, 412, 303]
    for text in ("Yours: At dusk.", "Saved meanwhile: At noon.", "Yours: Nela", "Saved meanwhile: Nell"):
        assert text in conflict.text
    assert "At dusk." in newest
    assert 'value="Nell"' in newest


async def test_of_a_plan_either_side_is_kept(square: Square) -> None:
    agency, person = await square.worker()
    browser = await square.sign_in(person)
    plan = f"{await case_of(square, browser, agency)}/plan"
    await browser.submit(plan, pets="The cat")
    await square.deliver(agency)

    async def opened() -> str:
        return (await post(browser, (await browser.get(plan)).text, f"{plan}/opening")).text

    left, right = await opened(), await opened()
    await post(browser, left, plan, threat_type="", pets="The dog")
    await square.deliver(agency)
    conflict = await post(browser, right, plan, threat_type="", pets="The bird")
    again = await post(browser, conflict.text, plan, **{"threat_type": "", "pets": "The bird", "keep-pets": "other"})
    await square.deliver(agency)

    assert (conflict.status_code, again.status_code) == (412, 303)
    assert "Saved meanwhile: The dog" in conflict.text
    assert "The dog" in await opened()


async def test_a_step_of_an_order_shows_both_sides(square: Square) -> None:
    browser = await square.sign_in(await square.person(await square.agency(AgencyKind.POLICE), "liaison"))
    order = await browser.submit(f"{ORDERS}/new", status="temporary", respondents="R. Calder")
    page = str(order.headers["location"]).partition("?")[0] + "/step/hearing"

    answers = await overtaken(browser, page, {"hearing_at": "2026-12-07T09:00"}, {"hearing_at": "2026-12-08T09:00"})

    assert [answer.status_code for answer in answers] == [303, 412, 303]
    assert [text for text in (*BOTH, "8 Dec 2026, 09:00") if text not in answers[1].text] == []


async def test_a_change_of_roles_shows_both_sides(square: Square) -> None:
    agency = await square.agency()
    colleague = await square.person(agency, "case_worker", "counsellor")
    browser = await square.sign_in(await square.person(agency, "administrator"))

    answers = await overtaken(browser, f"{PEOPLE}/{colleague}/roles", {"roles": "counsellor"}, {"roles": "case_worker"})

    assert [answer.status_code for answer in answers] == [303, 412, 303]
    assert [text for text in BOTH if text not in answers[1].text] == []
    assert ">Counsellor</dd>" in answers[1].text


async def test_a_change_of_a_case_shows_both_sides(square: Square) -> None:
    agency, person = await square.worker()
    browser = await square.sign_in(person)
    case = await case_of(square, browser, agency)

    answers = await overtaken(browser, f"{case}/nickname", {"nickname": "Blue"}, {"nickname": "Green"})

    assert [answer.status_code for answer in answers] == [303, 412, 303]
    assert [text for text in (*BOTH, ">Blue</dd>", ">Green</dd>") if text not in answers[1].text] == []


def test_what_is_left_empty_in_any_way_is_no_difference() -> None:
    left, right = IncidentForm(data={"narrative": "a \r\nb", "days": []}), IncidentForm(data={"narrative": "a\nb"})

    assert conflicts_between(left, right) == ()
