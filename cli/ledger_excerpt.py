"""An agency's excerpt of a ledger in a file: what it is as `excerpt`, one `note`, lines with a `path`, and `names`."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.ledger_export import NotALine
from kernel.ledger.excerpt import ExcerptEntry

LINE = {"index", "header", "hash", "path"}


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The lines that a file holds. Nothing in it is to be believed before it was verified."""

    note: str
    entries: list[ExcerptEntry]


def read(file: Path) -> Excerpt | None:
    """Return the excerpt in the file, None where it begins as none does; raises `NotALine`."""
    with file.open("rb") as lines:
        if "excerpt" not in _record(1, lines.readline() or b"{}"):
            return None
        others = [_record(number, line) for number, line in enumerate(lines, start=2)]
    notes = [record["note"] for record in others if isinstance(record.get("note"), str)]
    if len(notes) != 1:
        raise NotALine(2)
    numbered = enumerate(others, start=2)
    return Excerpt(notes[0], [_entry(number, record) for number, record in numbered if "index" in record])


def _record(number: int, line: bytes) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        raise NotALine(number) from None
    if not isinstance(record, dict):
        raise NotALine(number)
    return record


def _entry(number: int, record: dict[str, Any]) -> ExcerptEntry:
    if record.keys() != LINE or type(record["index"]) is not int or not isinstance(record["path"], list):
        raise NotALine(number)
    try:
        path = tuple(base64.b64decode(digest, validate=True) for digest in record["path"])
        body = base64.b64decode(record["header"], validate=True)
        return ExcerptEntry(record["index"], body, bytes.fromhex(record["hash"]), path)
    except (TypeError, ValueError):
        raise NotALine(number) from None
