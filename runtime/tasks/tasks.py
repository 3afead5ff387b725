"""Opening a task and ending it: references, codes and instants, and no word of anybody."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from schemas.codes import Purpose, ReviewTrigger, TaskQueue, TaskReason

OPEN = text("""
SELECT carrying.open_task(
    :agency, :case_ref, :custodian, :purpose, :reason, :cause, :turn, :trigger, :due_at, :queue, :person
)
""")
CLOSE = text("SELECT carrying.close_tasks(:agency, CAST(:reasons AS text[]), CAST(:causes AS uuid[]))")
PUT_BACK = text("SELECT carrying.put_back_tasks(:agency, :person)")


@dataclass(frozen=True, slots=True)
class NewTask:
    """A task to open at an agency: about one of its cases or about none, for a person or for whoever takes it.

    `custodian` is the agency whose record the task is about where that is not the agency itself: `case_ref` is then
    the custodian's own, and the task is shown as long as a release of the custodian's opens referral status for
    `purpose`.
    """

    agency_id: str
    reason: TaskReason
    cause_ref: UUID  # as the agency knows it: a referral, a directive, a plan, a dead letter
    due_at: datetime
    case_ref: UUID | None = None
    queue: TaskQueue = TaskQueue.CASEWORK
    person_ref: str | None = None
    turn: int = 0  # of a cause that makes more than one task in its life, such as a plan
    trigger: ReviewTrigger | None = None  # what a plan is to be reviewed after
    custodian: str | None = None
    purpose: Purpose | None = None

    def next_turn(self) -> NewTask:
        """Return the task of the next turn of the same cause."""
        return replace(self, turn=self.turn + 1)


async def open_task(session: AsyncSession, task: NewTask) -> bool:
    """Open a task with the caller's transaction; tell whether it is new.

    One task is opened for an agency, reason, case, cause and turn, however often it is asked for and whatever became
    of it; and none while another turn of the same cause is left to do: that one is due by the earlier of the two
    instants, put off or not.  Nothing is opened where there is no such agency or it has no such case.
    """
    row = {
        "agency": task.agency_id,
        "case_ref": task.case_ref,
        "custodian": task.custodian,
        "purpose": task.purpose,
        "reason": task.reason,
        "cause": task.cause_ref,
        "turn": task.turn,
        "trigger": task.trigger,
        "due_at": task.due_at,
        "queue": task.queue,
        "person": task.person_ref,
    }
    return bool(await session.scalar(OPEN, row))


async def close_tasks(
    session: AsyncSession, agency_id: str | None, causes: Iterable[UUID], *reasons: TaskReason
) -> int:
    """End with the caller's transaction what is left to do about some causes; return how many tasks ended.

    At an agency, or at any where it is None: then the causes are references that no two agencies share.
    """
    row = {"agency": agency_id, "reasons": [reason.value for reason in reasons], "causes": list(causes)}
    return int(await session.scalar(CLOSE, row) or 0)


async def put_back_tasks(session: AsyncSession, agency_id: str, person_ref: str) -> None:
    """Let anybody at the agency take what is left to do of somebody who leaves it, with the caller's transaction."""
    await session.execute(PUT_BACK, {"agency": agency_id, "person": person_ref})
