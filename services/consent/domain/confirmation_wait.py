"""An opening that one person recorded, and that waits for a second one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

# ADR 0029: an opening that no second person confirmed lapses after these days.
WAITS: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmationWait:
    """Who recorded an opening and when, who is a party to it, and what evidences it."""

    since: datetime
    recorded_by: str
    parties: frozenset[str]  # none of them may confirm it
    signed_at: datetime | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def until(self) -> datetime:
        """Return the instant from which it can no longer be confirmed."""
        return self.since + WAITS

    def open_at(self, at: datetime) -> bool:
        """Tell whether it can still be confirmed."""
        return at < self.until
