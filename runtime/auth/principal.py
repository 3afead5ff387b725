"""Whom a verified token names."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """Whether a person asks, the records system of an agency, or a service of ours, which no token ever names."""

    PERSON = "person"
    SYSTEM = "system"
    SERVICE = "service"


IN_TOKENS: Final = frozenset({Kind.PERSON, Kind.SYSTEM})


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks, as their token says; the register is asked again in every request."""

    subject: str
    agency_id: str
    kind: Kind
    person_ref: str | None
    name: str
    scopes: frozenset[str]
    roles: frozenset[str]
    until: datetime | None = field(default=None, compare=False)  # when the token ends: a stream ends with it

    @property
    def actor(self) -> str:
        """Return who acts: a person's reference, or "system:" and the client."""
        return self.person_ref if self.person_ref is not None else f"system:{self.subject}"
