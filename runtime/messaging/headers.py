"""What stands on the envelope: CloudEvents 1.0 in binary mode.

Routing only.  A purpose, a release or a category is never a header: the broker and its operators read these.  Nor is a
trace: it would be the same for every recipient of a fact.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

SPEC_VERSION: Final = "1.0"
CONTENT_TYPE: Final = "application/vnd.accord.sealed"
SOURCE: Final = re.compile(r"/agencies/([a-z0-9][a-z0-9-]{1,39})")
TYPE: Final = re.compile(r"accord\.[a-z_]+\.[a-z_]+\.v[1-9][0-9]{0,3}")
SCHEMA: Final = "urn:accord:contract:{type}"
INSTANT: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z", re.ASCII)
NUMBER: Final = re.compile(r"[0-9]{20}")
LONGEST: Final = 200

Headers = list[tuple[str, bytes]]


class UnreadableHeaders(Exception):
    """The headers do not say what a letter of ours says; which one is at fault is named, never its value."""

    def __init__(self, header: str) -> None:
        super().__init__(header)
        self.header = header


@dataclass(frozen=True, slots=True)
class Routing:
    """Who sent which kind of fact to whom, about which of the recipient's cases, and when."""

    message_ref: UUID
    type: str
    sender: str
    case_ref: UUID  # the recipient's own
    occurred_at: datetime
    sequence: int


def write(routing: Routing) -> Headers:
    """Return the headers of a letter; anything else a caller carries, trace and baggage too, is left behind."""
    fields = [
        ("ce_specversion", SPEC_VERSION),
        ("ce_id", str(routing.message_ref)),
        ("ce_type", routing.type),
        ("ce_source", f"/agencies/{routing.sender}"),
        ("ce_subject", str(routing.case_ref)),
        ("ce_time", routing.occurred_at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")),
        ("ce_sequence", f"{routing.sequence:020d}"),  # the extension compares it as text
        ("ce_dataschema", SCHEMA.format(type=routing.type)),
        ("content-type", CONTENT_TYPE),
    ]
    return [(name, value.encode("ascii")) for name, value in fields]


def read(headers: Iterable[tuple[str, bytes | None]]) -> Routing:
    """Return the routing of the headers; raises `UnreadableHeaders` where one is missing, doubled or malformed."""
    fields = _texts(headers)
    _must_be(fields, "ce_specversion", SPEC_VERSION)
    _must_be(fields, "content-type", CONTENT_TYPE)
    source = SOURCE.fullmatch(_required(fields, "ce_source"))
    if source is None:
        raise UnreadableHeaders("ce_source")
    if TYPE.fullmatch(_required(fields, "ce_type")) is None:
        raise UnreadableHeaders("ce_type")
    return Routing(
        message_ref=_uuid(fields, "ce_id"),
        type=fields["ce_type"],
        sender=source[1],
        case_ref=_uuid(fields, "ce_subject"),
        occurred_at=_instant(fields, "ce_time"),
        sequence=_number(fields, "ce_sequence"),
    )


def _texts(headers: Iterable[tuple[str, bytes | None]]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for name, value in headers:
        if name in fields:
            raise UnreadableHeaders(name if name.startswith("ce_") else "doubled")
        fields[name] = _text(value)
    return fields


def _text(value: bytes | None) -> str:
    # Cut short, what is too long could read as something that was never said.
    return "" if value is None or len(value) > LONGEST else value.decode("ascii", errors="replace")


def _required(fields: dict[str, str], name: str) -> str:
    if name not in fields:
        raise UnreadableHeaders(name)
    return fields[name]


def _must_be(fields: dict[str, str], name: str, expected: str) -> None:
    if _required(fields, name) != expected:
        raise UnreadableHeaders(name)


def _uuid(fields: dict[str, str], name: str) -> UUID:
    written = _required(fields, name)
    try:
        value = UUID(written)
    except ValueError:
        raise UnreadableHeaders(name) from None
    if str(value) != written:  # one spelling only: braces and capitals would be a second identity
        raise UnreadableHeaders(name)
    return value


def _instant(fields: dict[str, str], name: str) -> datetime:
    # One spelling here, too: of the many that Python takes, some drop digits and some are another instant elsewhere.
    written = _required(fields, name)
    if INSTANT.fullmatch(written) is None:
        raise UnreadableHeaders(name)
    try:
        return datetime.fromisoformat(written)
    except ValueError:
        raise UnreadableHeaders(name) from None


def _number(fields: dict[str, str], name: str) -> int:
    written = _required(fields, name)
    if NUMBER.fullmatch(written) is None:
        raise UnreadableHeaders(name)
    return int(written)
