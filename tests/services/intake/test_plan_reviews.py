"""A plan is looked at again on the day that it names: a task for whoever wrote it, until the next version."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from tests.services.intake.conftest import Desk

TASKS = """
SELECT turn, state, person_ref, due_at FROM carrying.task
WHERE case_ref = %(ref)s AND reason = 'plan_review' ORDER BY turn
"""
JUNE, JULY = datetime(2099, 6, 1, tzinfo=UTC), datetime(2099, 7, 1, tzinfo=UTC)


def reviews(desk: Desk, case_ref: UUID) -> list[Any]:
    return desk.rows(TASKS, ref=case_ref)


async def test_a_plan_is_due_on_the_day_it_names(desk: Desk) -> None:
    case_ref = await desk.case()

    await desk.plan(case_ref, goals=["A bed"], next_review_on="2099-06-01")

    assert reviews(desk, case_ref) == [(1, "open", "ana", JUNE)]


async def test_the_next_version_is_due_instead(desk: Desk) -> None:
    case_ref = await desk.case()
    await desk.plan(case_ref, next_review_on="2099-06-01")

    await desk.plan(case_ref, 1, next_review_on="2099-07-01")
    newer = reviews(desk, case_ref)
    await desk.plan(case_ref, 2, closed=True, next_review_on="2099-07-01")

    assert newer == [(1, "cancelled", "ana", JUNE), (2, "open", "ana", JULY)]
    assert [row[1] for row in reviews(desk, case_ref)] == ["cancelled", "cancelled"]


async def test_a_plan_that_names_no_day_is_not_due(desk: Desk) -> None:
    case_ref = await desk.case()

    await desk.plan(case_ref, goals=["A bed"])

    assert reviews(desk, case_ref) == []
