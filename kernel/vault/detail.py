"""What a ledger line does not say in the open, closed under the case key."""

from collections.abc import Mapping
from typing import Any

from pydantic_core import from_json, to_json

from kernel.vault.keys import derive, unwrap, wrap

BLOCK = 256
USE = "ledger.detail"


def seal_detail(case_key: bytes, detail: Mapping[str, Any]) -> bytes:
    """Return `detail` closed under the case key; it is gone when that key is shredded."""
    return wrap(derive(case_key, USE), padded(detail), USE.encode())


def open_detail(case_key: bytes, sealed: bytes) -> dict[str, Any]:
    """Return the detail of a ledger line; refuse it without its case key."""
    detail: dict[str, Any] = from_json(unwrap(derive(case_key, USE), sealed, USE.encode()))
    return detail


def padded(said: Mapping[str, Any] | bytes) -> bytes:
    """Return compact JSON with blanks up to the next whole block, so that its length tells little.

    Bytes are JSON that was written before.
    """
    plain = said if isinstance(said, bytes) else to_json(said)
    return plain.ljust(-(-len(plain) // BLOCK) * BLOCK)
