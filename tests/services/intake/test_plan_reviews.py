"""A plan is reviewed on the day that it names, and the same day after what changed the danger: a task each time."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.services.intake.conftest import Desk

TASKS = """
SELECT state, trigger, due_at FROM carrying.task
WHERE case_ref = %(ref)s AND reason = 'plan_review' ORDER BY turn
"""
TOMORROW = "SELECT (date_trunc('day', register.instant() AT TIME ZONE 'UTC') + interval '1 day') AT TIME ZONE 'UTC'"
LOG = {"happened_on": "2026-02-01", "what_happened": "He stood at the gate", "worked": "The neighbour rang"}
JUNE, JULY = datetime(2099, 6, 1, tzinfo=UTC), datetime(2099, 7, 1, tzinfo=UTC)


def reviews(desk: Desk, case_ref: UUID) -> list[Any]:
    return desk.rows(TASKS, ref=case_ref)


async def logged(desk: Desk, case_ref: UUID, **fields: Any) -> httpx.Response:
    return await desk.ana.post(f"/v1/cases/{case_ref}/near-misses", json=LOG | fields)


async def reviewed(
    desk: Desk, case_ref: UUID, version: int = 1, day: str | None = None, **review: Any
) -> httpx.Response:
    fields = {"held_on": "2026-03-01", "trigger": "asked", "attendees": ["ana"]} | review
    body = {"review": fields} | ({} if day is None else {"next_review_on": day})
    headers = {"If-Match": f'"{version}"'}
    return await desk.ana.post(f"/v1/cases/{case_ref}/plans/reviews", json=body, headers=headers)


async def test_a_plan_is_due_on_the_day_it_names(desk: Desk) -> None:
    case_ref = await desk.case()

    await desk.plan(case_ref, goals=["A bed"], next_review_on="2099-06-01")

    assert reviews(desk, case_ref) == [("open", "due", JUNE)]


async def test_the_next_version_is_due_instead(desk: Desk) -> None:
    case_ref = await desk.case()
    await desk.plan(case_ref, next_review_on="2099-06-01")

    await desk.plan(case_ref, 1, next_review_on="2099-07-01")
    newer = reviews(desk, case_ref)
    await desk.plan(case_ref, 2, closed=True, next_review_on="2099-07-01")

    assert newer == [("cancelled", "due", JUNE), ("open", "due", JULY)]
    assert [row[0] for row in reviews(desk, case_ref)] == ["cancelled", "cancelled"]


async def test_a_plan_that_names_no_day_is_not_due(desk: Desk) -> None:
    case_ref = await desk.case()

    await desk.plan(case_ref, goals=["A bed"])

    assert reviews(desk, case_ref) == []


@pytest.mark.parametrize(("path", "trigger"), [("incidents", "new_incident"), ("near-misses", "near_miss")])
@pytest.mark.parametrize("planned", [{}, {"next_review_on": "2099-06-01"}])
async def test_what_changes_the_danger_forces_a_review_today(
    desk: Desk, path: str, trigger: str, planned: dict[str, Any]
) -> None:
    case_ref = await desk.case()
    await desk.plan(case_ref, goals=["A bed"], **planned)

    for _ in range(2):
        answer = await desk.ana.post(f"/v1/cases/{case_ref}/{path}", json={} if path == "incidents" else LOG)
        assert answer.status_code == 201, answer.text

    ((tomorrow,),) = desk.rows(TOMORROW)
    assert reviews(desk, case_ref) == [("open", trigger, tomorrow)]


async def test_without_a_plan_nothing_is_to_be_reviewed(desk: Desk) -> None:
    case_ref = await desk.case()

    await desk.report(case_ref)
    await logged(desk, case_ref)

    assert reviews(desk, case_ref) == []


async def test_a_review_ends_what_was_due_and_plans_the_next(desk: Desk) -> None:
    case_ref = await desk.case()
    await desk.plan(case_ref, goals=["A bed"])
    await desk.report(case_ref)

    answer = await reviewed(desk, case_ref, trigger="new_incident", day="2099-07-01")
    opened = await desk.opened(case_ref)
    await desk.report(case_ref)

    ((tomorrow,),) = desk.rows(TOMORROW)
    assert (answer.status_code, answer.json()["version"]) == (201, 1)
    assert answer.json()["reviewed_at"]
    assert opened["plan_summary"]["review"]["trigger"] == "new_incident"
    assert [row[0] for row in reviews(desk, case_ref)] == ["cancelled", "open"]
    assert reviews(desk, case_ref)[-1][2] == tomorrow


async def test_a_near_miss_is_reviewed_by_a_version_or_a_reason(desk: Desk) -> None:
    case_ref = await desk.case()
    await desk.plan(case_ref, goals=["A bed"])

    states = []
    for step in ("review", "version"):
        assert (await logged(desk, case_ref)).status_code == 201
        if step == "review":
            silent = await reviewed(desk, case_ref, trigger="near_miss")
            answer = await reviewed(desk, case_ref, trigger="near_miss", changes="The neighbour is told already")
        else:
            answer = await desk.plan(case_ref, 1, goals=["A bed", "A second key"])
        assert answer.status_code == 201, answer.text
        near_misses = (await desk.ana.get(f"/v1/cases/{case_ref}/near-misses")).json()["near_misses"]
        states.append(["reviewed_at" in near_miss for near_miss in near_misses])

    assert (silent.status_code, silent.json()["code"]) == (409, "reason_needed")
    assert states == [[True], [True, True]]


async def test_only_the_number_of_near_misses_is_in_the_summary(desk: Desk) -> None:
    case_ref = await desk.case()

    await logged(desk, case_ref)
    await logged(desk, case_ref)
    opened = await desk.opened(case_ref)

    assert opened["plan_summary"] == {"near_miss_count": 2}
    assert opened["plan_escape"]["worked"] == "The neighbour rang"


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("near-misses", {"happened_on": "2026-02-01"}, 422),
        ("near-misses", {"what_happened": "He stood at the gate", "happened_on": "2999-01-01"}, 409),
        ("plans/reviews", {"review": {"held_on": "2999-01-01", "trigger": "asked"}}, 409),
        ("plans/reviews", {"review": {"held_on": "2026-03-01", "trigger": "asked", "attendees": ["lee"]}}, 422),
        ("plans/reviews", {"review": {"held_on": "2026-03-01"}}, 422),
    ],
)
async def test_what_cannot_be_is_refused(desk: Desk, path: str, body: dict[str, Any], status: int) -> None:
    case_ref = await desk.case()
    await desk.plan(case_ref, goals=["A bed"])

    answer = await desk.ana.post(f"/v1/cases/{case_ref}/{path}", json=body, headers={"If-Match": '"1"'})

    assert answer.status_code == status, answer.text


async def test_a_review_is_of_the_version_that_was_read(desk: Desk) -> None:
    case_ref = await desk.case()
    absent = await reviewed(desk, case_ref)
    await desk.plan(case_ref, goals=["A bed"])
    stale = await reviewed(desk, case_ref, 7)
    await desk.plan(case_ref, 1, closed=True)

    closed = await reviewed(desk, case_ref, 2)

    assert [answer.status_code for answer in (absent, stale, closed)] == [404, 412, 409]
