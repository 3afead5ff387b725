"""Why a task is there, as people read it, and why a step with it was refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from schemas.codes import ReviewTrigger, TaskReason
from services.dashboard.language import mark, translate
from services.dashboard.rows.task_rows import TaskRow

REASONS: Final[Mapping[TaskReason, str]] = {
    TaskReason.PLAN_REVIEW: mark("Look at the safety plan again: its day has come"),
    TaskReason.CONTACT_RECHECK: mark("Ask whether her safe contacts are still safe"),
    TaskReason.PLAN_REHEARSAL: mark("Rehearse the safety plan with her"),
    TaskReason.WRITTEN_FOLLOWUP: mark("She said stop by word: have it in writing"),
    TaskReason.FIELD_REQUEST: mark("Another agency asks for more: ask her"),
    TaskReason.RELEASE_ENDING: mark("A release ends: ask her whether it goes on"),
    TaskReason.ACKNOWLEDGE_STOP: mark("She stopped a release to you: confirm that you use it no more"),
    TaskReason.STOP_UNACKNOWLEDGED: mark("An agency has not confirmed a stop: call it"),
    TaskReason.REFERRAL_OVERDUE: mark("A referral is late: nobody has answered"),
    TaskReason.BLOCKED_COLLEAGUE: mark("She shut a person out: keep them away from the case"),
    TaskReason.DEAD_LETTER: mark("A message is stuck"),
}
TRIGGERS: Final[Mapping[ReviewTrigger, str]] = {
    ReviewTrigger.NEW_INCIDENT: mark("Look at the safety plan today: an incident was written down"),
    ReviewTrigger.ORDER_SERVED: mark("Look at the safety plan today: an order was served"),
    ReviewTrigger.ORDER_ENDED: mark("Look at the safety plan today: an order has ended"),
    ReviewTrigger.ORDER_VIOLATED: mark("Look at the safety plan today: an order was broken"),
    ReviewTrigger.ALERT_CLOSED: mark("Look at the safety plan today: an alert was closed"),
    ReviewTrigger.NEAR_MISS: mark("Look at the safety plan today: something nearly went wrong"),
    ReviewTrigger.RAISED_BAND: mark("Look at the safety plan today: the danger is higher than before"),
    ReviewTrigger.OFFENDER_RELEASED: mark("Look at the safety plan today: he was released"),
}
REFUSED: Final[Mapping[str, str]] = {
    "stale": mark("Somebody changed it meanwhile."),
    "not_open": mark("Somebody has it already, or it is put off or done."),
    "not_claimed": mark("Take it on first."),
    "not_yours": mark("A colleague has it. They, or a coordinator, can do this."),
    "snoozed_twice": mark("It was put off twice before. Do it, or hand it over."),
    "not_within_14_days": mark("Choose a time after now and within 14 days."),
    "no_colleague": mark("This colleague cannot be given it."),
}
UNFIT: Final = mark("This was refused as things stand now. Nothing was changed.")
GONE: Final = mark("No longer available.")


def reason_text(task: TaskRow) -> str:
    """Return why a task is there, in English as the catalogue has it."""
    return TRIGGERS.get(task.trigger, REASONS[task.reason]) if task.trigger else REASONS[task.reason]


def why(task: TaskRow) -> str:
    """Return in the reader's language why a task is there."""
    return translate(reason_text(task))


def refusal_words(code: str) -> str:
    """Return in the reader's language why a step was refused."""
    return translate(REFUSED.get(code, GONE if code == "absent" else UNFIT))
