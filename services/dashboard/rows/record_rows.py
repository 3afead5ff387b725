"""What pages read of the exchange's answers about the agency's own records."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from services.dashboard.rows.service_row import ServiceRow


class RecordRow(ServiceRow):
    """The routing of one record in a case's file."""

    message_ref: UUID
    type: str
    sender: str
    occurred_at: datetime


class RecordListRow(ServiceRow):
    """One page of a case's file."""

    messages: tuple[RecordRow, ...]


class RecordPurposesRow(ServiceRow):
    """For which purposes a record could be opened now."""

    purposes: tuple[str, ...]


class OpenedRecordRow(RecordRow):
    """A record that was opened: permitted fields by category."""

    categories: dict[str, dict[str, Any]]

    @property
    def fields(self) -> dict[str, Any]:
        """Return every field that was opened, by its name."""
        return {name: value for fields in self.categories.values() for name, value in fields.items()}


class OpenedRecordListRow(ServiceRow):
    """Records that were opened together."""

    opened: tuple[OpenedRecordRow, ...]
