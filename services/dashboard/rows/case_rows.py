"""What pages read of intake's answers."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from services.dashboard.domain import case_code
from services.dashboard.rows.service_row import ServiceRow


class ListedCaseRow(ServiceRow):
    """A case in a list."""

    case_ref: UUID
    state: str
    changed_at: datetime
    assigned_to: tuple[str, ...] = ()
    nickname: str | None = None
    incidents: int = 0
    plan_status: str | None = None

    @property
    def code(self) -> str:
        """Return what staff call the case."""
        return case_code(self.case_ref)


class CaseListRow(ServiceRow):
    """One page of cases."""

    cases: tuple[ListedCaseRow, ...]


class OpenedCaseRow(ServiceRow):
    """A case that was opened."""

    case_ref: UUID


class ColleagueRow(ServiceRow):
    """Somebody who works at the agency."""

    person_ref: str
    name: str
    roles: tuple[str, ...] = ()


class ColleagueListRow(ServiceRow):
    """One page of colleagues."""

    colleagues: tuple[ColleagueRow, ...]
