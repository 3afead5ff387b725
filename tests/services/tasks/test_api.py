"""Tasks at the door: what is left to do, who takes it on, and who never learns of it."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from runtime import clock
from schemas.categories import DataCategory
from schemas.codes import Purpose, TaskQueue, TaskReason
from tests.services.tasks.conftest import Desk, snoozed


async def listed(client: httpx.AsyncClient, query: str = "limit=200") -> list[dict[str, Any]]:
    """Return all that a list shows, page by page."""
    rows: list[dict[str, Any]] = []
    path = f"/v1/tasks?{query}"
    while True:
        answer = await client.get(path)
        assert answer.status_code == 200, answer.text
        rows += answer.json()["tasks"]
        if "next" not in answer.links:
            return rows
        path = "/v1/tasks" + answer.links["next"]["url"]


async def refs(client: httpx.AsyncClient, query: str = "limit=200") -> list[str]:
    return [row["task_ref"] for row in await listed(client, query)]


async def count(client: httpx.AsyncClient, query: str = "") -> int:
    return int((await client.get(f"/v1/tasks/count?{query}")).json()["count"])


def texts(task_refs: Sequence[UUID]) -> list[str]:
    return [str(task_ref) for task_ref in task_refs]


async def test_a_task_says_what_is_due_and_of_nobody(desk: Desk) -> None:
    case_ref, cause = await desk.town.open_case("bay-hotline"), uuid4()
    due_at = clock.utcnow() + timedelta(days=3)
    task_ref = await desk.task(case_ref, cause_ref=cause, due_at=due_at)

    answer = await desk.ana.get(f"/v1/tasks/{task_ref}")

    body = answer.json()
    assert answer.headers["ETag"] == '"1"'
    assert body.pop("opened_at") == body.pop("changed_at")
    assert body == {
        "task_ref": str(task_ref),
        "reason": "plan_review",
        "cause_ref": str(cause),
        "case_ref": str(case_ref),
        "queue": "casework",
        "due_at": due_at.isoformat().replace("+00:00", "Z"),
        "state": "open",
        "flagged": False,
        "snoozes": 0,
        "escalation": "none",
        "version": 1,
    }


async def test_what_is_due_first_comes_first(desk: Desk) -> None:
    case_ref = await desk.town.open_case("bay-hotline")
    now = clock.utcnow()
    late, later, soon = [await desk.task(case_ref, due_at=now + timedelta(days=days)) for days in (2, 3, 1)]

    rows = await refs(desk.ana, f"case_ref={case_ref}&limit=1")

    assert rows == texts([soon, late, later])
    assert await count(desk.ana, f"case_ref={case_ref}") == 3
    assert await refs(desk.ana, f"case_ref={case_ref}&due_within_days=1") == [str(soon)]
    assert await refs(desk.ana, f"case_ref={case_ref}&due_after_days=1") == texts([late, later])
    assert await refs(desk.ana, f"case_ref={case_ref}&due_after_days=1&due_within_days=2") == [str(late)]


async def test_a_list_holds_what_is_asked_for(desk: Desk) -> None:
    case_ref = await desk.town.open_case("bay-hotline")
    review = await desk.task(case_ref)
    recheck = await desk.task(case_ref, reason=TaskReason.CONTACT_RECHECK)
    await desk.do("claim", review)
    await desk.do("flag", recheck, body={"flagged": True})

    of_case = f"case_ref={case_ref}"
    assert await refs(desk.ana, f"{of_case}&mine=true") == [str(review)]
    assert await refs(desk.mia, f"{of_case}&mine=true") == []
    assert await refs(desk.ana, f"{of_case}&state=open") == [str(recheck)]
    assert await refs(desk.ana, f"{of_case}&reason=contact_recheck&reason=dead_letter") == [str(recheck)]
    assert await refs(desk.ana, f"{of_case}&flagged=true") == [str(recheck)]
    assert await refs(desk.ana, f"{of_case}&queue=coordination") == []
    assert await count(desk.ana, f"{of_case}&queue=casework") == 2


async def test_a_task_is_claimed_and_done(desk: Desk) -> None:
    task_ref = await desk.case_task()

    claimed = await desk.do("claim", task_ref)
    done = await desk.do("completion", task_ref, 2, {"outcome_code": "handled"})

    assert (claimed["state"], claimed["person_ref"]) == ("claimed", "ana")
    assert (done["state"], done["outcome"]) == ("done", "handled")
    assert str(task_ref) not in await refs(desk.ana)
    assert (await desk.ana.get(f"/v1/tasks/{task_ref}")).json()["state"] == "done"


async def test_two_who_claim_at_once_are_one_who_has_it(desk: Desk) -> None:
    task_ref = await desk.case_task()
    await desk.do("claim", task_ref)

    late, unseen = await desk.step("claim", task_ref, 2, by="mia"), await desk.step("claim", task_ref, 1, by="mia")
    blind = await desk.mia.post(f"/v1/tasks/{task_ref}/claim")

    assert (late.status_code, late.json()["code"]) == (409, "not_open")
    assert (unseen.status_code, blind.status_code) == (412, 428)


async def test_a_claim_that_is_repeated_is_answered_again(desk: Desk) -> None:
    task_ref = await desk.case_task()
    headers = {"If-Match": '"1"', "Idempotency-Key": str(uuid4())}

    answers = [await desk.ana.post(f"/v1/tasks/{task_ref}/claim", headers=headers) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()


async def test_a_task_is_handed_over_to_a_colleague(desk: Desk) -> None:
    task_ref = await desk.case_task()

    assigned = await desk.do("assignment", task_ref, 1, {"person_ref": "mia"})
    back = await desk.do("assignment", task_ref, 2, {"person_ref": None})

    assert (assigned["state"], assigned["person_ref"]) == ("open", "mia")
    assert "person_ref" not in back


@pytest.mark.parametrize("person_ref", ["sam", "olga", "nobody-of-ours"])
async def test_nobody_but_a_colleague_is_given_a_task(desk: Desk, person_ref: str) -> None:
    """Neither another agency's, nor an administrator, who does none, nor who never was: one answer."""
    answer = await desk.step("assignment", await desk.case_task(), 1, {"person_ref": person_ref})

    assert (answer.status_code, answer.json()["errors"]) == (
        422,
        [{"field": "body.person_ref", "code": "no_colleague"}],
    )


async def test_a_task_is_put_off_for_a_reason(desk: Desk) -> None:
    task_ref = await desk.case_task()
    until = snoozed(13.9, "not_safe_now")

    asleep = await desk.do("snooze", task_ref, 1, until)
    refused = await desk.step("snooze", await desk.case_task(), 1, snoozed(14.1))

    assert (asleep["state"], asleep["snoozed_until"], asleep["snooze_reason"]) == (
        "snoozed",
        until["until"],
        "not_safe_now",
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "not_within_14_days")
    assert str(task_ref) in await refs(desk.ana, "state=snoozed&limit=200")


async def test_a_coordinator_takes_a_task_out_of_a_hand(desk: Desk, oak: str) -> None:
    task_ref, to_tom = await desk.task(agency_id=oak), {"person_ref": f"tom-{oak}"}
    await desk.do("claim", task_ref, by="rosa")

    refused = await desk.step("assignment", task_ref, 2, to_tom, by="tom")
    assigned = await desk.do("assignment", task_ref, 2, to_tom, by="ivy")

    assert (refused.status_code, refused.json()["code"]) == (409, "not_yours")
    assert (assigned["state"], assigned["person_ref"]) == ("open", to_tom["person_ref"])


async def test_a_task_whose_cause_ended_is_absent(desk: Desk) -> None:
    task_ref = await desk.case_task()
    await desk.do("claim", task_ref)

    await desk.cancel(task_ref)

    assert (await desk.ana.get(f"/v1/tasks/{task_ref}")).status_code == 404
    assert (await desk.step("completion", task_ref, 3, {"outcome_code": "handled"})).status_code == 404
    assert str(task_ref) not in await refs(desk.ana)


async def test_a_task_of_another_agency_is_absent(desk: Desk) -> None:
    task_ref = await desk.case_task()

    for client in (desk.sam, desk.lee, desk.cora):
        assert (await client.get(f"/v1/tasks/{task_ref}")).status_code == 404
        assert str(task_ref) not in await refs(client)
    assert (await desk.step("claim", task_ref, 1, by="sam")).status_code == 404


async def test_whom_a_survivor_shuts_out_sees_no_task(desk: Desk) -> None:
    case_ref = await desk.town.open_case("bay-hotline")
    task_ref, before = await desk.task(case_ref), await count(desk.ana)
    await desk.town.direct(case_ref, None, None, effect="deny", excluded="ana")

    assert (await desk.ana.get(f"/v1/tasks/{task_ref}")).status_code == 404
    assert (await desk.step("claim", task_ref)).status_code == 404
    assert await refs(desk.ana, f"case_ref={case_ref}") == []
    assert (await count(desk.ana), await count(desk.ana, f"case_ref={case_ref}")) == (before - 1, 0)
    assert await refs(desk.mia, f"case_ref={case_ref}") == [str(task_ref)]


async def test_whom_a_survivor_shuts_out_is_given_no_task(desk: Desk) -> None:
    case_ref = await desk.town.open_case("bay-hotline")
    task_ref = await desk.task(case_ref)
    await desk.town.direct(case_ref, None, None, effect="deny", excluded="mia")

    single = await desk.step("assignment", task_ref, 1, {"person_ref": "mia"})
    rows = [{"task_ref": str(task_ref), "version": 1}]
    several = await desk.ana.post("/v1/task-assignments", json={"tasks": rows, "person_ref": "mia"})

    assert (single.status_code, single.json()["errors"][0]["code"]) == (422, "no_colleague")
    assert several.json()["results"][0]["code"] == "no_colleague"


async def test_a_task_about_anothers_record_goes_with_the_release(desk: Desk) -> None:
    case_ref = await desk.town.open_case("bay-hotline")
    status = [DataCategory.REFERRAL_STATUS]
    release = await desk.town.direct(case_ref, "harbor-house", Purpose.SHELTER, status)
    about = {"custodian": "bay-hotline", "purpose": Purpose.SHELTER, "reason": TaskReason.REFERRAL_OVERDUE}
    task_ref = await desk.task(case_ref, agency_id="harbor-house", **about)

    row = (await desk.sam.get(f"/v1/tasks/{task_ref}")).json()
    own_ref = await desk.town.case_ref_of(case_ref, "harbor-house")
    listed_before = await refs(desk.sam, f"case_ref={own_ref}")
    await desk.town.revoke(case_ref, release)

    assert row["case_ref"] == str(own_ref)
    assert str(case_ref) not in str(row)
    assert listed_before == [str(task_ref)]
    assert (await desk.sam.get(f"/v1/tasks/{task_ref}")).status_code == 404
    assert (await refs(desk.sam, f"case_ref={own_ref}"), await count(desk.sam, f"case_ref={own_ref}")) == ([], 0)


@pytest.mark.parametrize(("queue", "sees"), [(TaskQueue.PRIVACY, "priya"), (TaskQueue.OPERATIONS, "priya")])
async def test_a_queue_of_few_is_nothing_to_others(desk: Desk, queue: TaskQueue, sees: str) -> None:
    task_ref = await desk.case_task(queue=queue)

    assert (await desk.ana.get(f"/v1/tasks/{task_ref}")).status_code == 404
    assert str(task_ref) not in await refs(desk.ana, f"queue={queue}&limit=200")
    assert str(task_ref) in await refs(getattr(desk, sees), f"queue={queue}&limit=200")
    assigned = await desk.step("assignment", task_ref, 1, {"person_ref": "mia"}, by="priya")
    assert assigned.json()["errors"][0]["code"] == "no_colleague"


async def test_a_task_is_shown_once_a_day_on_record(desk: Desk) -> None:
    case_ref = await desk.town.open_case("bay-hotline")
    await desk.task(case_ref)
    looks = """SELECT count(*) FROM ledger.pending AS p JOIN register.subject AS s ON s.pseudonym = p.subject
        JOIN register."case" AS c USING (subject_id) WHERE c.case_ref = %(ref)s"""
    ((before,),) = desk.rows(looks, ref=case_ref)

    for _ in range(3):
        await refs(desk.ana, f"case_ref={case_ref}")

    assert desk.rows(looks, ref=case_ref) == [(before + 1,)]


async def test_a_bulk_step_tells_of_each_row(desk: Desk) -> None:
    mine, stale, done, anothers = [await desk.case_task() for _ in range(3)] + [uuid4()]
    await desk.do("flag", stale, body={"flagged": True})
    await desk.do("claim", done)
    await desk.do("completion", done, 2, {"outcome_code": "not_needed"})
    rows = [(mine, 1), (stale, 1), (done, 3), (anothers, 1), (mine, 1)]
    form = {"tasks": [{"task_ref": str(ref), "version": version} for ref, version in rows], "person_ref": "mia"}
    headers = {"Idempotency-Key": str(uuid4())}

    answers = [await desk.ana.post("/v1/task-assignments", json=form, headers=headers) for _ in range(2)]

    results = answers[0].json()["results"]
    assert [row["task_ref"] for row in results] == texts([ref for ref, _ in rows])
    assert [row["done"] for row in results] == [True, False, False, False, False]
    assert [row.get("code") for row in results] == [None, "stale", "not_open", "absent", "stale"]
    assert [row["done"] for row in answers[1].json()["results"]] == [True, False, False, False, True]
    assert (await desk.mia.get(f"/v1/tasks/{mine}")).json()["person_ref"] == "mia"


async def test_several_tasks_are_put_off_and_flagged(desk: Desk) -> None:
    task_refs = [await desk.case_task() for _ in range(3)]
    first = [{"task_ref": str(ref), "version": 1} for ref in task_refs]
    second = [{"task_ref": str(ref), "version": 2} for ref in task_refs]

    flagged = await desk.ana.post("/v1/task-flags", json={"tasks": first, "flagged": True})
    asleep = await desk.ana.post("/v1/task-snoozes", json={"tasks": second, **snoozed(2)})

    assert all(row["done"] for row in flagged.json()["results"] + asleep.json()["results"])
    rows = [(await desk.ana.get(f"/v1/tasks/{ref}")).json() for ref in task_refs]
    assert {(row["state"], row["flagged"], row["snooze_reason"]) for row in rows} == {
        ("snoozed", True, "waiting_for_answer")
    }


@pytest.mark.parametrize("rows", [0, 101])
async def test_a_bulk_step_is_of_one_to_a_hundred(desk: Desk, rows: int) -> None:
    form = {"tasks": [{"task_ref": str(uuid4()), "version": 1}] * rows, "flagged": True}

    assert (await desk.ana.post("/v1/task-flags", json=form)).status_code == 422


@pytest.mark.parametrize("name", ["answers", "completions", "claims"])
async def test_there_is_no_bulk_step_that_ends_something(desk: Desk, name: str) -> None:
    assert (await desk.ana.post(f"/v1/task-{name}", json={})).status_code == 404
