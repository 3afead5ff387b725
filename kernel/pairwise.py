"""Pairwise references: each agency has its own name for the same thing, and no two can be joined."""

from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

_LABEL: Final = b"accord pairwise reference v1"
_VERSION_AND_VARIANT: Final = 0xF << 76 | 0x3 << 62
_VERSION_8_RFC_9562: Final = 0x8 << 76 | 0x2 << 62
KEY_BYTES: Final = 32
_SHA256: Final = SHA256()


class PairwiseIds:
    """The references under one case key, for as long as the work lasts that needs several of them.

    Without the case key nobody can tell a reference from a random one, link it to another agency's, or find what it
    refers to; it says nothing of time or order.  Refuses a key that is not 32 bytes.
    """

    __slots__ = ("_keyed",)

    def __init__(self, case_key: bytes) -> None:
        if len(case_key) != KEY_BYTES:
            raise ValueError("a case key has 32 bytes")
        own_key = HMAC(case_key, _SHA256)  # the case key itself is kept for sealing
        own_key.update(_LABEL)
        self._keyed = HMAC(own_key.finalize(), _SHA256)

    def as_text(self, agency_id: str, ref: UUID) -> str:
        """Return the reference by which `agency_id` alone knows `ref`, as text."""
        drawn = f"{self._derive(agency_id, ref):032x}"
        return f"{drawn[:8]}-{drawn[8:12]}-{drawn[12:16]}-{drawn[16:20]}-{drawn[20:]}"

    def for_agency(self, agency_id: str, ref: UUID) -> UUID:
        """Return the reference by which `agency_id` alone knows `ref`."""
        return UUID(int=self._derive(agency_id, ref))

    def _derive(self, agency_id: str, ref: UUID) -> int:
        # The reference has a fixed length and comes first, so that no other pair gives the same input.
        mac = self._keyed.copy()
        mac.update(ref.bytes + agency_id.encode())
        drawn = int.from_bytes(mac.finalize()[:16])
        return drawn & ~_VERSION_AND_VARIANT | _VERSION_8_RFC_9562


def pairwise(case_key: bytes, agency_id: str, ref: UUID) -> UUID:
    """Return the one reference that `PairwiseIds` gives, where no other is needed."""
    return PairwiseIds(case_key).for_agency(agency_id, ref)
