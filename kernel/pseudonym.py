"""Pairwise references: each agency has its own name for the same thing, and no two can be joined."""

from hmac import digest
from typing import Final
from uuid import UUID

_LABEL: Final = b"accord pairwise reference v1"
_VERSION_AND_VARIANT: Final = 0xF << 76 | 0x3 << 62
_VERSION_8_RFC_9562: Final = 0x8 << 76 | 0x2 << 62
KEY_BYTES: Final = 32


def pairwise(case_key: bytes, agency_id: str, ref: UUID) -> UUID:
    """Return the reference by which `agency_id` alone knows `ref`.

    Without the case key nobody can tell it from a random one, link it to another agency's, or
    find `ref` from it; it says nothing of time or order.  Refuses a key that is not 32 bytes.
    """
    if len(case_key) != KEY_BYTES:
        raise ValueError("a case key has 32 bytes")
    own_key = digest(case_key, _LABEL, "sha256")  # the case key itself is kept for sealing
    # The reference has a fixed length and comes first, so that no other pair gives the same input.
    drawn = int.from_bytes(digest(own_key, ref.bytes + agency_id.encode(), "sha256")[:16])
    return UUID(int=drawn & ~_VERSION_AND_VARIANT | _VERSION_8_RFC_9562)
