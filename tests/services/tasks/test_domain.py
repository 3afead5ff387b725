"""What a task may become at whose hands: every step in every state, and nothing else."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import UUID

import pytest

from schemas.codes import SnoozeReason, TaskOutcome, TaskQueue, TaskReason
from services.tasks import domain
from services.tasks.domain import Escalation, Shift, Task, TaskActor, TaskState, TaskStepNotPossible

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ANA, MIA, CHIEF = TaskActor("ana"), TaskActor("mia"), TaskActor("cora", coordinates=True)
WAITING = SnoozeReason.WAITING_FOR_ANSWER


def a_task(state: TaskState = TaskState.OPEN, **other: object) -> Task:
    task = Task(
        task_ref=UUID(int=1),
        subject_id=1,
        case_ref=UUID(int=2),
        custodian="bay-hotline",
        decided_ref=UUID(int=2),
        purpose=None,
        reason=TaskReason.PLAN_REVIEW,
        cause_ref=UUID(int=3),
        trigger=None,
        queue=TaskQueue.CASEWORK,
        person_ref=None if state is TaskState.OPEN else "ana",
        due_at=NOON - HOUR,
        state=state,
        flagged=False,
        snoozed_until=NOON if state is TaskState.SNOOZED else None,
        snooze_reason=WAITING if state is TaskState.SNOOZED else None,
        snoozes=0,
        escalation=Escalation.NONE,
        escalated_at=None,
        outcome=TaskOutcome.HANDLED if state is TaskState.DONE else None,
        version=1,
        opened_at=NOON - 2 * HOUR,
        changed_at=NOON - 2 * HOUR,
    )
    return replace(task, **other)  # type: ignore[arg-type]


Step = Callable[[Task, TaskActor], Task]
STEPS: dict[str, Step] = {
    "claim": lambda task, actor: domain.claim(task, actor, NOON),
    "hand over": lambda task, actor: domain.hand_over(task, actor, "lou", NOON),
    "put back": lambda task, actor: domain.hand_over(task, actor, None, NOON),
    "snooze": lambda task, actor: domain.snooze(task, actor, NOON + HOUR, WAITING, NOON),
    "flag": lambda task, _: domain.flag(task, True, NOON),
    "complete": lambda task, actor: domain.complete(task, actor, TaskOutcome.HANDLED, NOON),
    "wake": lambda task, _: domain.wake(task, NOON),
    "escalate": lambda task, _: domain.escalate(task, "lou", NOON),
}
OPEN, CLAIMED, SNOOZED, DONE = TaskState.OPEN, TaskState.CLAIMED, TaskState.SNOOZED, TaskState.DONE
EVERYBODY, HOLDER = (ANA, MIA, CHIEF), (ANA, CHIEF)
# Every step that there is: from which state, by whom, and to which.  A snoozed or claimed task is Ana's.
POSSIBLE = {
    ("claim", OPEN): (EVERYBODY, CLAIMED),
    ("hand over", OPEN): (EVERYBODY, OPEN),
    ("hand over", CLAIMED): (HOLDER, OPEN),
    ("hand over", SNOOZED): (HOLDER, OPEN),
    ("put back", OPEN): (EVERYBODY, OPEN),
    ("put back", CLAIMED): (HOLDER, OPEN),
    ("put back", SNOOZED): (HOLDER, OPEN),
    ("snooze", OPEN): (EVERYBODY, SNOOZED),
    ("snooze", CLAIMED): (HOLDER, SNOOZED),
    ("flag", OPEN): (EVERYBODY, OPEN),
    ("flag", CLAIMED): (EVERYBODY, CLAIMED),
    ("flag", SNOOZED): (EVERYBODY, SNOOZED),
    ("complete", CLAIMED): (HOLDER, DONE),
    ("wake", SNOOZED): (EVERYBODY, OPEN),
    ("escalate", OPEN): (EVERYBODY, OPEN),
}


@pytest.mark.parametrize(("name", "state", "actor"), list(product(STEPS, TaskState, EVERYBODY)))
def test_a_step_is_possible_where_it_is_listed(name: str, state: TaskState, actor: TaskActor) -> None:
    actors, after = POSSIBLE.get((name, state), ((), None))
    task = a_task(state)
    if actor in actors:
        changed = STEPS[name](task, actor)
        assert (changed.state, changed.version, changed.changed_at) == (after, 2, NOON)
    else:
        with pytest.raises(TaskStepNotPossible):
            STEPS[name](task, actor)


def test_who_claims_a_task_has_it() -> None:
    assert domain.claim(a_task(person_ref="ana"), MIA, NOON).person_ref == "mia"


def test_a_task_that_is_handed_over_waits_at_the_colleague() -> None:
    changed = domain.hand_over(a_task(SNOOZED), ANA, "lou", NOON)

    assert (changed.person_ref, changed.snoozed_until, changed.snooze_reason) == ("lou", None, None)


@pytest.mark.parametrize(
    ("until", "possible"),
    [
        (NOON - HOUR, False),
        (NOON, False),
        (NOON + timedelta(seconds=1), True),
        (NOON + 14 * 24 * HOUR, True),
        (NOON + 14 * 24 * HOUR + timedelta(seconds=1), False),
    ],
)
def test_a_task_is_put_off_for_14_days_at_most(until: datetime, possible: bool) -> None:
    if possible:
        assert domain.snooze(a_task(), ANA, until, WAITING, NOON).snoozed_until == until
    else:
        with pytest.raises(TaskStepNotPossible, match="not_within_14_days"):
            domain.snooze(a_task(), ANA, until, WAITING, NOON)


def test_a_task_is_put_off_twice_and_no_more() -> None:
    task = a_task()
    for _ in range(2):
        task = domain.wake(domain.snooze(task, ANA, NOON + HOUR, WAITING, NOON), NOON + HOUR)

    assert (task.state, task.person_ref, task.snoozes) == (OPEN, "ana", 2)
    with pytest.raises(TaskStepNotPossible, match="snoozed_twice"):
        domain.snooze(task, ANA, NOON + HOUR, WAITING, NOON)


def test_a_task_sleeps_until_its_very_instant() -> None:
    asleep = a_task(SNOOZED, snoozed_until=NOON + HOUR)

    with pytest.raises(TaskStepNotPossible):
        domain.wake(asleep, NOON + HOUR - timedelta(microseconds=1))
    assert domain.wake(asleep, NOON + HOUR).state is OPEN


def test_a_late_task_goes_to_duty_and_then_to_coordination() -> None:
    called = domain.escalate(a_task(), "lou", NOON)
    assert (called.person_ref, called.queue, called.escalation) == ("lou", TaskQueue.CASEWORK, Escalation.DUTY)

    with pytest.raises(TaskStepNotPossible):
        domain.escalate(called, "lou", NOON + HOUR - timedelta(seconds=1))
    passed_on = domain.escalate(called, "lou", NOON + HOUR)

    assert (passed_on.person_ref, passed_on.queue) == (None, TaskQueue.COORDINATION)
    with pytest.raises(TaskStepNotPossible):
        domain.escalate(passed_on, "lou", NOON + 100 * HOUR)


def test_where_nobody_is_on_duty_coordination_has_it() -> None:
    passed_on = domain.escalate(a_task(person_ref="ana"), None, NOON)

    assert (passed_on.person_ref, passed_on.queue) == (None, TaskQueue.COORDINATION)


def test_what_came_back_is_late_an_hour_later() -> None:
    back = domain.wake(a_task(SNOOZED, snoozes=1), NOON)

    assert not domain.is_to_escalate(back, NOON + HOUR - timedelta(seconds=1))
    assert domain.is_to_escalate(back, NOON + HOUR)


@pytest.mark.parametrize("queue", [TaskQueue.PRIVACY, TaskQueue.OPERATIONS])
def test_what_few_may_see_stays_in_its_queue(queue: TaskQueue) -> None:
    assert domain.escalate(a_task(queue=queue), None, NOON).queue is queue


def test_a_task_is_late_at_the_very_instant_it_is_due() -> None:
    assert domain.is_to_escalate(a_task(due_at=NOON), NOON)
    assert not domain.is_to_escalate(a_task(due_at=NOON + timedelta(microseconds=1)), NOON)


def a_shift(start: int, end: int, person: str = "lou", queue: TaskQueue = TaskQueue.CASEWORK) -> Shift:
    return Shift(queue, person, NOON + start * HOUR, NOON + end * HOUR)


@pytest.mark.parametrize(
    ("shifts", "bad"),
    [
        ([], None),
        ([a_shift(0, 8), a_shift(8, 16)], None),
        ([a_shift(8, 16), a_shift(0, 9)], (0, "overlap")),
        ([a_shift(0, 8), a_shift(4, 6, queue=TaskQueue.PRIVACY)], None),
        ([a_shift(0, 8), a_shift(0, 8, "mia")], (1, "overlap")),
        ([a_shift(0, 1), a_shift(3, 3)], (1, "not_within_7_days")),
        ([a_shift(4, 3)], (0, "not_within_7_days")),
        ([a_shift(0, 7 * 24)], None),
        ([a_shift(0, 7 * 24 + 1)], (0, "not_within_7_days")),
    ],
)
def test_shifts_of_a_queue_follow_one_another(shifts: list[Shift], bad: tuple[int, str] | None) -> None:
    assert domain.first_bad_shift(shifts) == bad


@pytest.mark.parametrize(("hour", "person"), [(-1, None), (0, "lou"), (7, "lou"), (8, "mia"), (16, None)])
def test_who_is_on_duty_is_the_shift_of_that_instant(hour: int, person: str | None) -> None:
    shifts = [a_shift(0, 8), a_shift(8, 16, "mia"), a_shift(0, 99, "eve", TaskQueue.PRIVACY)]

    assert domain.on_duty(shifts, TaskQueue.CASEWORK, NOON + hour * HOUR) == person
