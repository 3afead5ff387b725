"""What travels between agencies, closed.

Carriers import this module and never `kernel.sealing.seal`: they can move a message and
cannot read it.
"""

from dataclasses import dataclass, field
from uuid import UUID


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
