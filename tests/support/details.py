"""The details of ledger lines, opened: the product closes them and has nobody who opens one."""

from typing import Any

from pydantic_core import from_json

from kernel.sealing.detail import USE
from kernel.sealing.keys import derive, unwrap


def open_detail(case_key: bytes, sealed: bytes) -> dict[str, Any]:
    """Return the detail of a ledger line; refuse it without its case key."""
    detail: dict[str, Any] = from_json(unwrap(derive(case_key, USE), sealed, USE.encode()))
    return detail
