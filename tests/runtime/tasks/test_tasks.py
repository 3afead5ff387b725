"""Opening a task and ending it: once, in the caller's transaction, and by the agency's own reference."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

import psycopg
import pytest

from runtime.tasks import NewTask, close_tasks, open_task
from schemas.codes import TaskReason
from tests.support.town import Town

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
ROWS = (
    "SELECT agency_id, case_ref, state, turn, due_at FROM carrying.task WHERE cause_ref = %s ORDER BY agency_id, turn"
)


async def opened(town: Town, task: NewTask, role: str = "accord_referrals", *, commit: bool = True) -> bool:
    async with town.unit(role, "bay-hotline") as unit:
        new = await open_task(unit.session, task)
        if commit:
            await unit.session.commit()
    return new


def rows(town: Town, cause_ref: UUID) -> list[tuple[object, ...]]:
    with town.database.superuser() as connection:
        return connection.execute(ROWS, [cause_ref]).fetchall()


def a_review(case_ref: UUID | None) -> NewTask:
    return NewTask("bay-hotline", TaskReason.PLAN_REVIEW, uuid4(), NOON, case_ref)


async def test_a_task_is_opened_once(town: Town) -> None:
    task = a_review(await town.open_case())

    new = [await opened(town, task), await opened(town, replace(task, due_at=datetime(2027, 1, 1, tzinfo=UTC)))]

    assert new == [True, False]
    assert rows(town, task.cause_ref) == [("bay-hotline", task.case_ref, "open", 0, NOON)]


async def test_a_task_of_no_case_is_opened_once_too(town: Town) -> None:
    task = a_review(None)

    assert [await opened(town, task), await opened(town, task)] == [True, False]


async def test_a_cause_makes_one_task_at_a_time(town: Town) -> None:
    task = a_review(await town.open_case())

    assert [await opened(town, replace(task, turn=turn)) for turn in (1, 2)] == [True, False]
    async with town.unit("accord_intake", "bay-hotline") as unit:
        await close_tasks(unit.session, None, [task.cause_ref], TaskReason.PLAN_REVIEW)
        await unit.session.commit()
    assert await opened(town, replace(task, turn=2))
    assert [(row[2], row[3]) for row in rows(town, task.cause_ref)] == [("cancelled", 1), ("open", 2)]


async def test_an_agency_that_never_was_gets_no_task(town: Town) -> None:
    assert not await opened(town, replace(a_review(None), agency_id="nobody-of-ours"))


async def test_what_rolls_back_leaves_no_task(town: Town) -> None:
    task = a_review(await town.open_case())

    assert await opened(town, task, commit=False)
    assert rows(town, task.cause_ref) == []


async def test_a_task_names_the_case_as_its_agency_does(town: Town) -> None:
    case_ref = await town.open_case("bay-hotline", "harbor-house")
    task = replace(a_review(case_ref), agency_id="harbor-house", custodian="bay-hotline")

    assert await opened(town, task)
    assert rows(town, task.cause_ref)[0][1] == await town.case_ref_of(case_ref, "harbor-house")


@pytest.mark.parametrize("agency_id", ["harbor-house", "county-cell"])
async def test_an_agency_without_the_case_gets_no_task(town: Town, agency_id: str) -> None:
    task = replace(a_review(await town.open_case()), agency_id=agency_id, custodian="bay-hotline")

    assert not await opened(town, task)
    assert rows(town, task.cause_ref) == []


async def test_a_cause_that_ends_ends_what_is_left_to_do(town: Town) -> None:
    task = a_review(await town.open_case())
    await opened(town, task)
    async with town.unit("accord_intake", "bay-hotline") as unit:
        counts = [
            await close_tasks(unit.session, agency, [task.cause_ref], *reasons)
            for agency, reasons in (
                ("harbor-house", [TaskReason.PLAN_REVIEW]),
                ("bay-hotline", [TaskReason.DEAD_LETTER]),
                ("bay-hotline", [TaskReason.DEAD_LETTER, TaskReason.PLAN_REVIEW]),
                ("bay-hotline", [TaskReason.PLAN_REVIEW]),
            )
        ]
        await unit.session.commit()

    assert counts == [0, 0, 1, 0]
    assert not await opened(town, task)  # a cause that ended does not come back


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("accord_referrals", "SELECT * FROM carrying.task"),
        ("accord_referrals", "DELETE FROM carrying.task"),
        ("accord_tasks", "INSERT INTO carrying.task (agency_id) VALUES ('bay-hotline')"),
        ("accord_tasks", "UPDATE carrying.task SET case_ref = NULL"),
        ("accord_tasks", "SELECT carrying.close_tasks('bay-hotline', '{}', '{}')"),
        ("accord_admin", "SELECT carrying.close_tasks('bay-hotline', '{}', '{}')"),
    ],
)
def test_who_opens_tasks_reads_none_and_the_reverse(town: Town, role: str, statement: str) -> None:
    with (
        psycopg.connect(town.database.url(role).replace("+psycopg", "")) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement)
