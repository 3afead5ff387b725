"""What pages read of intake's answers."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from services.dashboard.domain import case_code
from services.dashboard.rows.service_row import ServiceRow


class ListedCaseBase(ServiceRow):
    """A case by what staff call it, and who works on it."""

    case_ref: UUID
    state: str
    assigned_to: tuple[str, ...] = ()
    nickname: str | None = None

    @property
    def code(self) -> str:
        """Return what staff call the case."""
        return case_code(self.case_ref)


class ListedCaseRow(ListedCaseBase):
    """A case in a list."""

    changed_at: datetime
    incidents: int = 0
    plan_status: str | None = None


class CaseListRow(ServiceRow):
    """One page of cases."""

    cases: tuple[ListedCaseRow, ...]


class IncidentRow(ServiceRow):
    """Where an incident stands; what was told of it is read by an opening."""

    incident_ref: UUID
    version: int
    state: str
    reported_at: datetime
    changed_at: datetime


class PlanRow(ServiceRow):
    """Where a safety plan stands."""

    plan_ref: UUID
    version: int
    status: str
    changed_at: datetime
    reviewed_at: datetime | None = None

    @property
    def etag(self) -> str:
        """Return its version as a change names it."""
        return f'"{self.version}"'


class NearMissRow(ServiceRow):
    """A near miss; what was told of it is read by an opening."""

    near_miss_ref: UUID
    logged_at: datetime
    reviewed_at: datetime | None = None


class NearMissListRow(ServiceRow):
    """The near misses of a case, oldest first."""

    near_misses: tuple[NearMissRow, ...]


class CaseRow(ListedCaseBase):
    """The agency's own case."""

    version: int
    reason_code: str | None = None
    participation: str | None = None
    opened_at: datetime | None = None
    channel: str | None = None
    incidents: tuple[IncidentRow, ...] = ()
    plan: PlanRow | None = None

    @property
    def etag(self) -> str:
        """Return the version of what the agency decides about the case, as a change names it."""
        return f'"{self.version}"'


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
