"""What a ledger line does not say in the open, closed under the case key."""

from collections.abc import Mapping
from typing import Any

from pydantic_core import to_json

from kernel.sealing.keys import Wrapping, derive

BLOCK_BYTES = 256
USE = "ledger.detail"
_PLACE = USE.encode()


class Details:
    """The details of one case, closed under its key: derived once for as long as the work lasts that closes several."""

    __slots__ = ("_key",)

    def __init__(self, case_key: bytes) -> None:
        self._key = Wrapping(derive(case_key, USE))

    def seal(self, detail: Mapping[str, Any]) -> bytes:
        """Return `detail` closed; it is gone when the case key is shredded."""
        return self._key.wrap(padded(detail), _PLACE)


def padded(content: Mapping[str, Any] | bytes) -> bytes:
    """Return compact JSON with blanks up to the next whole block, so that its length tells little.

    Bytes are JSON that was written before.
    """
    plain = content if isinstance(content, bytes) else to_json(content)
    return plain.ljust(-(-len(plain) // BLOCK_BYTES) * BLOCK_BYTES)
