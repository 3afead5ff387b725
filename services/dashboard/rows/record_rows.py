"""What pages read of the exchange's answers about the agency's own records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from services.dashboard.rows.mail_rows import MailRow
from services.dashboard.rows.service_row import ServiceRow


class OpenedRecordRow(MailRow):
    """A record that was opened: permitted fields by category."""

    categories: Mapping[str, Mapping[str, Any]] = Field(repr=False)

    @property
    def fields(self) -> dict[str, Any]:
        """Return every field that was opened, by its name."""
        return {name: value for fields in self.categories.values() for name, value in fields.items()}


class OpenedRecordListRow(ServiceRow):
    """Records that were opened together."""

    opened: tuple[OpenedRecordRow, ...]
