"""What a directive leaves to do: to ask her before it ends, to write down a spoken stop, to keep somebody away."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from runtime.database.unit_of_work import UnitOfWork
from runtime.register import Subject
from runtime.tasks import NewTask, close_tasks, open_task
from schemas.codes import TaskQueue, TaskReason
from services.consent import change_log
from services.consent.domain import Provision
from services.consent.pending_notices import ConsentNoticeKind, PendingNotice

# Law R7: a stop is spoken, and what follows is written. No source says when; a week is ours.
WRITTEN_WITHIN: Final = timedelta(days=7)
# Channels on which the survivor's own words are there already.
WRITTEN: Final = frozenset({"email", "letter", "paper", "portal", "post", "sms", "written"})
SYSTEM: Final = "system:"  # before what acts for nobody: runtime.auth.principal
DAY: Final = timedelta(days=1)
ENDED_WITH: Final = (TaskReason.RELEASE_ENDING, TaskReason.BLOCKED_COLLEAGUE)


async def open_ending(unit: UnitOfWork, provision: Provision, notice: PendingNotice) -> None:
    """Open a task about a release that ends soon: due a day before the end, on the last day at the end itself."""
    ends_at = provision.directive.valid_until
    if ends_at is None:
        return
    last_day = notice.kind is ConsentNoticeKind.ENDS_IN_A_DAY
    due_at = ends_at if last_day else ends_at - DAY
    task = NewTask(unit.agency_id, TaskReason.RELEASE_ENDING, provision.ref, due_at, notice.case_ref)
    await open_task(unit.session, task if not last_day else task.next_turn())


async def close_ended(session: AsyncSession, refs: Iterable[UUID]) -> None:
    """End the tasks about directives that were stopped or replaced; the change stands, whatever becomes of them."""
    await change_log.attempt(session, "task_not_closed", close_tasks(session, None, refs, *ENDED_WITH))


async def open_written(
    session: AsyncSession, subject: Subject, agency_id: str, cause_ref: UUID, evidence: Mapping[str, str | None]
) -> None:
    """Open a task at the agency that recorded a spoken stop; the stop stands, whatever becomes of it.

    It is for whoever recorded it. `cause_ref` is a directive as the agency knows it, or a new reference of a stop of
    everything.
    """
    own = subject.cases.get(agency_id)
    if own is None or evidence.get("channel") in WRITTEN:
        return
    reason, due_at = TaskReason.WRITTEN_FOLLOWUP, subject.at + WRITTEN_WITHIN
    recorded_by = evidence.get("recorded_by") or ""
    person_ref = None if recorded_by.startswith(SYSTEM) else recorded_by or None
    task = NewTask(agency_id, reason, cause_ref, due_at, own.case_ref, person_ref=person_ref)
    await change_log.attempt(session, "task_not_opened", open_task(session, task))


async def open_warning(unit: UnitOfWork, subject: Subject, denial: Provision) -> None:
    """Open a task for the privacy officers where a person is shut out: whoever it is must not work on the case.

    Whether that person works at the agency makes no difference to it, nor to how long it takes.
    """
    own = subject.cases.get(unit.agency_id)
    if own is None or denial.directive.excluded_person_ref is None:
        return
    reason, due_at = TaskReason.BLOCKED_COLLEAGUE, subject.at + DAY
    task = NewTask(unit.agency_id, reason, denial.ref, due_at, own.case_ref, TaskQueue.PRIVACY)
    await change_log.attempt(unit.session, "task_not_opened", open_task(unit.session, task))
