"""A ledger in a file, JSON line by JSON line: checkpoints as `note`, leaves as `index`, `header` and `hash`."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kernel.ledger.entry import UnreadableEntry, read
from kernel.ledger.verify import Entry

LEAF = {"index", "header", "hash"}


class NotALine(Exception):
    """A line of the file is not one of an exported ledger."""

    def __init__(self, number: int) -> None:
        super().__init__(f"line {number} is not a line of an exported ledger")


@dataclass(frozen=True, slots=True)
class Exported:
    """The ledger that a file holds. Nothing in it is to be believed before it was verified."""

    file: Path

    def checkpoints(self) -> Iterator[str]:
        """Yield the signed notes; raises `NotALine`."""
        for number, record in self._lines():
            if "note" in record:
                if not isinstance(record["note"], str):
                    raise NotALine(number)
                yield record["note"]

    def entries(self) -> Iterator[Entry]:
        """Yield the entries as they stand; raises `NotALine`."""
        for number, record in self._lines():
            if "note" not in record:
                yield _entry(number, record)

    def at(self) -> datetime:
        """Return the newest instant that an entry bears: what was promised for later may be in what came after."""
        newest = datetime.min.replace(tzinfo=UTC)
        for _, body, _ in self.entries():
            with suppress(UnreadableEntry):
                newest = max(newest, read(body).at)
        return newest

    def _lines(self) -> Iterator[tuple[int, dict[str, Any]]]:
        with self.file.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                try:
                    record = json.loads(line)
                except (ValueError, RecursionError):
                    raise NotALine(number) from None
                if not isinstance(record, dict):
                    raise NotALine(number)
                yield number, record


def write(file: Path, checkpoints: Iterable[str], entries: Iterable[Entry]) -> tuple[int, int]:
    """Write the file whole or not at all, readable by us alone; return how many checkpoints and entries it holds."""
    fresh = file.with_name(f"{file.name}.new")
    try:
        with open(fresh, "w", encoding="utf-8", opener=_for_us_alone) as opened:
            heads = _put(opened, ({"note": note} for note in checkpoints))
            leaves = _put(opened, map(_line, entries))
        fresh.replace(file)
    finally:
        fresh.unlink(missing_ok=True)
    return heads, leaves


def _put(opened: Any, lines: Iterable[dict[str, Any]]) -> int:
    count = 0
    for record in lines:
        opened.write(json.dumps(record) + "\n")
        count += 1
    return count


def _line(entry: Entry) -> dict[str, Any]:
    index, header, leaf = entry
    return {"index": index, "header": base64.b64encode(header).decode(), "hash": leaf.hex()}


def _entry(number: int, record: dict[str, Any]) -> Entry:
    if record.keys() != LEAF or type(record["index"]) is not int:
        raise NotALine(number)
    try:
        return record["index"], base64.b64decode(record["header"], validate=True), bytes.fromhex(record["hash"])
    except (TypeError, ValueError):
        raise NotALine(number) from None


def _for_us_alone(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
