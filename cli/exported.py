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
        for number, said in self._lines():
            if "note" in said:
                if not isinstance(said["note"], str):
                    raise NotALine(number)
                yield said["note"]

    def entries(self) -> Iterator[Entry]:
        """Yield the entries as they stand; raises `NotALine`."""
        for number, said in self._lines():
            if "note" not in said:
                yield _entry(number, said)

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
                    said = json.loads(line)
                except (ValueError, RecursionError):
                    raise NotALine(number) from None
                if not isinstance(said, dict):
                    raise NotALine(number)
                yield number, said


def write(file: Path, checkpoints: Iterable[str], entries: Iterable[Entry]) -> tuple[int, int]:
    """Write the file whole or not at all, readable by us alone; return how many checkpoints and entries it holds."""
    fresh = file.with_name(f"{file.name}.new")
    try:
        with open(fresh, "w", encoding="utf-8", opener=_for_us_alone) as opened:
            heads = _put(opened, ({"note": one} for one in checkpoints))
            leaves = _put(opened, map(_line, entries))
        fresh.replace(file)
    finally:
        fresh.unlink(missing_ok=True)
    return heads, leaves


def _put(opened: Any, lines: Iterable[dict[str, Any]]) -> int:
    count = 0
    for said in lines:
        opened.write(json.dumps(said) + "\n")
        count += 1
    return count


def _line(entry: Entry) -> dict[str, Any]:
    index, header, leaf = entry
    return {"index": index, "header": base64.b64encode(header).decode(), "hash": leaf.hex()}


def _entry(number: int, said: dict[str, Any]) -> Entry:
    if said.keys() != LEAF or type(said["index"]) is not int:
        raise NotALine(number)
    try:
        return said["index"], base64.b64decode(said["header"], validate=True), bytes.fromhex(said["hash"])
    except (TypeError, ValueError):
        raise NotALine(number) from None


def _for_us_alone(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
