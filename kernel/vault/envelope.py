"""What travels between agencies, closed and opened.

Carriers import this module and never `kernel.vault.seal`: they can move a message and
cannot read it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from schemas.categories import DataCategory


class NotOpenable(Exception):
    """The key, the place or the bytes do not fit; it says no more than that."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """One recipient's copy of a fact.  Its repr tells where it goes, no more."""

    message_ref: UUID
    recipient: str
    type: str
    mask: int = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Opened:
    """What consent let one recipient see of a fact, at one instant."""

    message_ref: UUID
    recipient: str
    type: str
    mask: int = field(repr=False)
    parts: Mapping[DataCategory, Mapping[str, Any]] = field(repr=False)
