"""Who is on call, and to whom a task goes that nobody took in time."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from runtime import clock
from runtime.register.enrolment import remove_person
from services.tasks.jobs import run_jobs
from tests.services.tasks.conftest import Desk, snoozed
from tests.support.web import Web


def a_shift(person_ref: str, start: float, end: float, queue: str = "casework") -> dict[str, str]:
    now = clock.utcnow()
    starts, ends = [(now + timedelta(hours=hours)).isoformat().replace("+00:00", "Z") for hours in (start, end)]
    return {"queue": queue, "person_ref": person_ref, "starts_at": starts, "ends_at": ends}


async def write(desk: Desk, *shifts: dict[str, str], by: str = "olga", status: int = 200) -> Any:
    """Put the shifts on the roster as it is now."""
    client = getattr(desk, by)
    tag = (await desk.ana.get("/v1/duty-roster")).headers["ETag"]
    answer = await client.put("/v1/duty-roster", json={"shifts": list(shifts)}, headers={"If-Match": tag})
    assert answer.status_code == status, answer.text
    return answer.json()


async def task_of(desk: Desk, task_ref: UUID) -> Any:
    return (await desk.mia.get(f"/v1/tasks/{task_ref}")).json()


@pytest.fixture
async def jobs(web: Web, desk: Desk) -> Any:
    async def run() -> None:
        await run_jobs(web.app_state("accord_tasks"))

    yield run
    await write(desk)


async def test_an_administrator_says_who_is_on_call(desk: Desk, jobs: Any) -> None:
    shifts = [a_shift("ana", 1, 9), a_shift("mia", 9, 17), a_shift("priya", 1, 9, "privacy")]

    written = await write(desk, *shifts)

    assert written["shifts"] == [shifts[0], shifts[2], shifts[1]]
    assert (await desk.ana.get("/v1/duty-roster")).json() == written
    assert (await desk.sam.get("/v1/duty-roster")).json()["shifts"] == []


async def test_a_roster_is_changed_as_it_was_read(desk: Desk, jobs: Any) -> None:
    await write(desk, a_shift("ana", 1, 9))

    stale = await desk.olga.put("/v1/duty-roster", json={"shifts": []}, headers={"If-Match": '"0"'})
    blind = await desk.olga.put("/v1/duty-roster", json={"shifts": []})

    assert (stale.status_code, blind.status_code) == (412, 428)


async def test_shifts_that_overlap_are_refused(desk: Desk, jobs: Any) -> None:
    refused = await write(desk, a_shift("ana", 1, 9), a_shift("mia", 8, 16), status=422)

    assert refused["errors"] == [{"field": "body.shifts.1", "code": "overlap"}]


@pytest.mark.parametrize(("person_ref", "queue"), [("sam", "casework"), ("olga", "casework"), ("ana", "privacy")])
async def test_who_may_not_do_the_tasks_is_not_on_call(desk: Desk, jobs: Any, person_ref: str, queue: str) -> None:
    refused = await write(desk, a_shift(person_ref, 1, 9, queue), status=422)

    assert refused["errors"] == [{"field": "body.shifts.0.person_ref", "code": "no_colleague"}]


async def test_an_advocate_reads_the_roster_and_does_not_write_it(desk: Desk, jobs: Any) -> None:
    await write(desk, by="ana", status=403)


async def test_a_late_task_goes_to_whoever_is_on_call(desk: Desk, jobs: Any) -> None:
    await write(desk, a_shift("ana", -1, 1))
    late, in_time, claimed = [await desk.case_task() for _ in range(3)]
    await desk.do("claim", claimed)
    for task_ref in (late, claimed):
        desk.move(task_ref, due_at="-1 minute")

    await jobs()
    await jobs()

    row = await task_of(desk, late)
    assert (row["person_ref"], row["escalation"], row["queue"], row["version"]) == ("ana", "duty", "casework", 2)
    assert [(await task_of(desk, ref))["escalation"] for ref in (in_time, claimed)] == ["none", "none"]


async def test_an_hour_later_it_goes_to_the_coordinators_once(desk: Desk, jobs: Any) -> None:
    await write(desk, a_shift("ana", -1, 1))
    late = await desk.case_task()
    desk.move(late, due_at="-2 hours")
    await jobs()
    desk.move(late, escalated_at="-61 minutes")

    await jobs()
    await jobs()

    row = await task_of(desk, late)
    assert (row["escalation"], row["queue"], row["version"]) == ("coordination", "coordination", 3)
    assert "person_ref" not in row


async def test_whom_the_survivor_shuts_out_is_not_called(desk: Desk, jobs: Any) -> None:
    await write(desk, a_shift("ana", -1, 1))
    case_ref = await desk.town.open_case("bay-hotline")
    late = await desk.task(case_ref)
    await desk.town.direct(case_ref, None, None, effect="deny", excluded="ana")
    desk.move(late, due_at="-1 minute")

    await jobs()

    row = await task_of(desk, late)
    assert (row["escalation"], row.get("person_ref")) == ("coordination", None)


async def test_what_was_put_off_comes_back_by_itself(desk: Desk, jobs: Any) -> None:
    task_ref = await desk.case_task()
    await desk.do("snooze", task_ref, 1, snoozed(3))
    await jobs()
    asleep = await task_of(desk, task_ref)
    desk.move(task_ref, snoozed_until="-1 second")

    await jobs()

    row = await task_of(desk, task_ref)
    assert asleep["state"] == "snoozed"
    assert (row["state"], row["person_ref"], row["snoozes"]) == ("open", "ana", 1)
    assert "snoozed_until" not in row


async def test_what_came_back_late_waits_an_hour_for_its_holder(desk: Desk, jobs: Any) -> None:
    task_ref = await desk.case_task()
    await desk.do("snooze", task_ref, 1, snoozed(3))
    desk.move(task_ref, snoozed_until="-1 second", due_at="-1 day")

    await jobs()
    await jobs()
    back = await task_of(desk, task_ref)
    desk.move(task_ref, changed_at="-61 minutes")
    await jobs()

    assert (back["state"], back["person_ref"], back["escalation"]) == ("open", "ana", "none")
    assert (await task_of(desk, task_ref))["escalation"] == "coordination"


async def test_whoever_leaves_has_no_task_and_no_shift(desk: Desk, web: Web, oak: str) -> None:
    claimed, asleep, late = [await desk.task(agency_id=oak) for _ in range(3)]
    await desk.do("claim", claimed, by="rosa")
    await desk.do("snooze", asleep, 1, snoozed(3), by="rosa")
    shift = a_shift(f"rosa-{oak}", -1, 1)
    written = await desk.ivy.put("/v1/duty-roster", json={"shifts": [shift]}, headers={"If-Match": '"0"'})
    assert written.status_code == 200, written.text
    desk.move(late, due_at="-1 minute")

    async with desk.town.session("accord_admin") as session:
        assert await remove_person(session, oak, f"rosa-{oak}")
        await session.commit()
    await run_jobs(web.app_state("accord_tasks"))

    rows = [(await desk.tom.get(f"/v1/tasks/{ref}")).json() for ref in (claimed, asleep, late)]
    assert [(row["state"], row.get("person_ref")) for row in rows] == [
        ("open", None),
        ("snoozed", None),
        ("open", None),
    ]
    assert rows[2]["escalation"] == "coordination"
