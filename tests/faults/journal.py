"""What clients of the town asked and were answered, written down by them as it happens, and read when all is over.

One line a try.  A command that stays unclear (a dropped connection, a 5xx, no answer in time) is asked again under the
same Idempotency-Key, and all its tries are one command: done, not done, or perhaps done.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

Outcome = Literal["yes", "no", "maybe"]


@dataclass(frozen=True)
class Try:
    """One request as its client saw it; `status` is 0 where no answer came."""

    command: str
    does: str
    who: str
    agency: str
    began: float  # by the clock on the wall, which is the database's too
    ended: float
    status: int
    reached: bool  # false only where there was nobody to connect to
    asked: dict[str, Any] = field(default_factory=dict)
    answer: dict[str, Any] = field(default_factory=dict)

    @property
    def outcome(self) -> Outcome:
        """Return what the client may believe of it."""
        if 200 <= self.status < 300:
            return "yes"
        unclear = self.status == 0 or self.status >= 500 or self.answer.get("code") == "still_running"
        return "maybe" if unclear and self.reached else "no"


@dataclass(frozen=True)
class Command:
    """All tries of one command."""

    tries: tuple[Try, ...]

    @property
    def does(self) -> str:
        return self.tries[0].does

    @property
    def who(self) -> str:
        return self.tries[0].who

    @property
    def agency(self) -> str:
        return self.tries[0].agency

    @property
    def began(self) -> float:
        return self.tries[0].began

    @property
    def ended(self) -> float:
        return self.tries[-1].ended

    @property
    def params(self) -> dict[str, Any]:
        return self.tries[0].asked

    @property
    def answer(self) -> dict[str, Any]:
        """Return what was answered in the end."""
        return self.tries[-1].answer

    @property
    def outcome(self) -> Outcome:
        outcomes = {attempt.outcome for attempt in self.tries}
        return "yes" if "yes" in outcomes else "maybe" if "maybe" in outcomes else "no"


class Journal:
    """A file that several clients of one process write to; a line is there whole before its client goes on."""

    def __init__(self, file: Path) -> None:
        self._file = file.open("a", encoding="utf-8")
        self._turn = threading.Lock()

    def write(self, tried: Try) -> None:
        line = json.dumps(asdict(tried))
        with self._turn:
            self._file.write(line + "\n")
            self._file.flush()

    def close(self) -> None:
        self._file.close()


def read(*files: Path) -> list[Command]:
    """Return the commands of some journals in the order they were first asked."""
    tries: dict[str, list[Try]] = {}
    for file in files:
        for attempt in _tries(file):
            tries.setdefault(attempt.command, []).append(attempt)
    return sorted((Command(tuple(attempts)) for attempts in tries.values()), key=lambda command: command.began)


def _tries(file: Path) -> Iterator[Try]:
    for line in file.read_text(encoding="utf-8").splitlines():
        yield Try(**json.loads(line))
