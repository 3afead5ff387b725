"""Reading a sealed body with its key; one that was changed on its way says nothing, and is told to the operator."""

from __future__ import annotations

import logging
from typing import Any

from kernel.sealing.envelope import NotOpenable, Sealed
from kernel.sealing.seal import open_terms, unseal
from runtime.telemetry import log_fields
from runtime.telemetry.error_ids import error_id
from schemas.categories import DataCategory

log = logging.getLogger(__name__)


def fields_of(sealed: Sealed, mask: int, message_key: bytes) -> dict[DataCategory, dict[str, Any]] | None:
    """Return the permitted fields of a fact, or None where the body is not what was sealed."""
    try:
        return unseal(sealed, mask, message_key)
    except NotOpenable as failed:
        _altered(sealed, failed)
        return None


def terms_of(sealed: Sealed, message_key: bytes) -> dict[str, Any] | None:
    """Return the terms of a fact about a directive, or None where the body is not what was sealed."""
    try:
        return open_terms(sealed, message_key)
    except NotOpenable as failed:
        _altered(sealed, failed)
        return None


def _altered(sealed: Sealed, failed: NotOpenable) -> None:
    # An error of ours would say to the asker that there is something, and would take the rest of a bulk with it.
    log.error("body_altered", extra=log_fields(message_ref=sealed.message_ref, error_id=error_id(failed)))
