"""Tasks: what is due at an agency, opened by any service in its own transaction; `services.tasks` shows them.

>>> from datetime import datetime
>>> from uuid import UUID
>>> from runtime.database.unit_of_work import UnitOfWork
>>> from runtime.tasks import NewTask, close_tasks, open_task
>>> from schemas.codes import TaskReason
>>> async def release_ends_soon(unit: UnitOfWork, case_ref: UUID, directive_ref: UUID, ends_at: datetime) -> None:
...     task = NewTask(unit.agency_id, TaskReason.RELEASE_ENDING, directive_ref, ends_at, case_ref=case_ref)
...     await open_task(unit.session, task)
"""

from runtime.tasks.tasks import NewTask as NewTask
from runtime.tasks.tasks import close_tasks as close_tasks
from runtime.tasks.tasks import open_task as open_task
from runtime.tasks.tasks import put_back_tasks as put_back_tasks
