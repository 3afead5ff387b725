"""What pages read of the exchange's answers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from schemas.codes import Purpose
from schemas.facts import ConsentNarrowed, ConsentRevoked
from services.dashboard.code_words import fact_words
from services.dashboard.domain import case_code
from services.dashboard.rows.service_row import ServiceRow


class MailRow(ServiceRow):
    """The routing of a message, and what the agency did about it."""

    message_ref: UUID
    type: str
    case_ref: UUID
    sender: str
    occurred_at: datetime
    opened_at: datetime | None = None
    handled_at: datetime | None = None
    handled_by: str = ""

    @property
    def code(self) -> str:
        """Return what staff call the case."""
        return case_code(self.case_ref)

    @property
    def title(self) -> str:
        """Return what happened, in words."""
        return fact_words(self.type)

    @property
    def ends_a_release(self) -> bool:
        """Tell whether it asks for an acknowledgement: a release is over, or part of it."""
        return self.type in (ConsentRevoked.type, ConsentNarrowed.type)


class MailListRow(ServiceRow):
    """One page of a mailbox."""

    messages: tuple[MailRow, ...]


class OpenableMailRow(MailRow):
    """A message, and for which purposes it could be opened now."""

    purposes: tuple[Purpose, ...]


class OpeningScopeRow(ServiceRow):
    """For what something was opened, on whose word and until when."""

    purpose: Purpose
    basis: str = ""
    until: datetime | None = None


class OpeningNoticeRow(ServiceRow):
    """What may not be done with what was opened."""

    codes: tuple[str, ...] = ()


class OpenedMailRow(MailRow):
    """A message that was opened: its permitted fields, by category."""

    categories: Mapping[str, Mapping[str, Any]] = Field(default_factory=dict, repr=False)
    terms: Mapping[str, Any] | None = Field(default=None, repr=False)
    scope: OpeningScopeRow
    notice: OpeningNoticeRow

    @property
    def referral_ref(self) -> str:
        """Return which referral it is about, as far as that is open; empty where it is not, or it is about none."""
        return str(self.categories.get("referral_status", {}).get("referral_ref", ""))
