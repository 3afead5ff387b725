"""Tasks at the desk: what is due and why, the steps with one and with several, and who is on call."""

import re
from datetime import timedelta
from uuid import UUID

import pytest

from runtime import clock
from schemas.codes import AgencyKind, ReviewTrigger
from services.dashboard.navigation import TASKS
from tests.services.dashboard.browser import OWN_FORM, Browser, Read
from tests.services.dashboard.conftest import Square
from tests.services.dashboard.desk_forms import PageForms, send

STATE = "SELECT state, person_ref, flagged, outcome FROM carrying.task WHERE task_ref = %s"
LATE = timedelta(hours=-1)
DUTY = f"{TASKS}/duty"


async def advocate(square: Square) -> tuple[Browser, str, str]:
    agency = await square.agency(AgencyKind.HOTLINE)
    person = await square.person(agency, "advocate")
    return await square.sign_in(person), agency, person


async def case_task(square: Square, agency: str, **other: object) -> UUID:
    return await square.task(agency, await square.town.open_case(agency), **other)


async def length(browser: Browser, view: str) -> int:
    """Return how long a view of the list is, which is what its tab says."""
    page = await browser.get(f"{TASKS}?view={view}")
    assert page.status_code == 200, page.text
    rows = Read(page.text).rows
    assert re.search(rf'aria-current="page">[^<]*\({rows}\)', page.text)
    return rows


async def test_each_view_counts_what_it_lists(square: Square) -> None:
    browser, agency, person = await advocate(square)
    await case_task(square, agency, person_ref=person)
    await case_task(square, agency, due_at=clock.utcnow() + LATE)

    lengths = {view: await length(browser, view) for view in ("mine", "unassigned", "overdue", "agency", "put-off")}

    assert lengths == {"mine": 1, "unassigned": 1, "overdue": 1, "agency": 2, "put-off": 0}


async def test_a_task_says_why_and_leads_to_where_it_is_done(square: Square) -> None:
    browser, agency, _ = await advocate(square)
    case_ref = await square.town.open_case(agency)
    task = await square.task(agency, case_ref, trigger=ReviewTrigger.NEW_INCIDENT)

    page = await browser.get(f"{TASKS}/{task}")

    assert Read(page.text).headings == ["Look at the safety plan today: an incident was written down"]
    assert f"/app/cases/{case_ref}/plan" in Read(page.text).links


async def test_a_task_is_taken_on_and_done(square: Square) -> None:
    browser, agency, person = await advocate(square)
    task = await case_task(square, agency)
    place = f"{TASKS}/{task}"

    answers = [
        await send(browser, place, "/claim"),
        await send(browser, place, "/flag", flagged="y"),
        await send(browser, place, "/completion", outcome_code="handled"),
    ]

    assert [answer.status_code for answer in answers] == [303, 303, 303]
    assert square.sql(STATE, task) == [("done", person, True, "handled")]
    assert "Take it on" not in (await browser.get(place)).text


async def test_a_task_is_handed_over_and_put_off(square: Square) -> None:
    browser, agency, _ = await advocate(square)
    other = await square.person(agency, "advocate")
    task = await case_task(square, agency)
    place, later = f"{TASKS}/{task}", f"{clock.utcnow() + timedelta(days=2):%Y-%m-%dT%H:%M}"

    handed = await send(browser, place, "/assignment", person_ref=other)
    snoozed = await send(browser, place, "/snooze", until=later, reason_code="appointment_made")

    assert [handed.status_code, snoozed.status_code] == [303, 303]
    assert square.sql(STATE, task) == [("snoozed", other, False, None)]


@pytest.mark.parametrize(
    ("step", "fields", "text"),
    [
        ("snooze", {"until": "2099-01-01T08:00", "reason_code": "appointment_made"}, "within 14 days"),
        ("snooze", {"until": "", "reason_code": "appointment_made"}, "Choose a time."),
        ("flag", {}, "Choose one."),
    ],
)
async def test_a_step_that_is_refused_says_why(square: Square, step: str, fields: dict[str, str], text: str) -> None:
    browser, agency, _ = await advocate(square)
    task = await case_task(square, agency)
    place = f"{TASKS}/{task}"

    answer = await send(browser, place, f"/{step}", **fields)

    assert answer.status_code in (409, 422)
    assert text in answer.text


async def test_what_somebody_took_meanwhile_is_not_taken_again(square: Square) -> None:
    browser, agency, _ = await advocate(square)
    other = await square.sign_in(await square.person(agency, "advocate"))
    place = f"{TASKS}/{await case_task(square, agency)}"
    form = PageForms((await browser.get(place)).text).forms[f"{place}/claim"]
    assert (await send(other, place, "/claim")).status_code == 303

    answer = await browser.client.post(f"{place}/claim", data=form, headers=OWN_FORM)

    assert answer.status_code == 412
    assert "Somebody changed it meanwhile." in answer.text


async def test_several_are_done_or_refused_each_for_itself(square: Square) -> None:
    browser, agency, person = await advocate(square)
    tasks = [await case_task(square, agency) for _ in range(3)]
    assert (await send(browser, f"{TASKS}/{tasks[2]}", "/claim")).status_code == 303
    rows = [f"{task}.1" for task in tasks]
    place = f"{TASKS}/several?{'&'.join(f'row={row}' for row in rows)}"

    answer = await send(browser, place, "/assignments", person_ref=person, row=rows)

    assert answer.status_code == 200, answer.text
    assert answer.text.count("Not saved") == 1
    assert [square.sql(STATE, task)[0][1] for task in tasks] == [person] * 3


async def test_nothing_ticked_changes_nothing(square: Square) -> None:
    browser, _, _ = await advocate(square)

    page = await browser.get(f"{TASKS}/several?row=x&row=0b8e6f0e-1f8b-4a68-b0e8-6f6f0b5ad1c4.1")

    assert "No task is ticked." in page.text


async def test_a_coordinator_puts_somebody_on_call_and_off(square: Square) -> None:
    _, agency, person = await advocate(square)
    coordinator = await square.sign_in(await square.person(agency, "coordinator"))
    shift = {"queue": "casework", "starts_at": "2099-06-01T18:00", "ends_at": "2099-06-02T08:00", "person_ref": person}

    added = await send(coordinator, f"{DUTY}/shift", "/shift", **shift)
    twice = await send(coordinator, f"{DUTY}/shift", "/shift", **shift)
    backwards = await send(coordinator, f"{DUTY}/shift", "/shift", **shift | {"ends_at": "2099-06-01T08:00"})
    on_call = Read((await coordinator.get(DUTY)).text).rows
    removed = await send(coordinator, DUTY, "/removal", place="0")

    assert [added.status_code, on_call, removed.status_code] == [303, 1, 303]
    assert "on call for these tasks at that time already" in twice.text
    assert "A shift ends after it begins" in backwards.text
    assert Read((await coordinator.get(DUTY)).text).rows == 0


async def test_staff_read_who_is_on_call_and_change_nothing(square: Square) -> None:
    browser, _, _ = await advocate(square)

    page = await browser.get(DUTY)

    assert "Nobody is on call" in page.text
    assert "Put somebody on call" not in page.text
