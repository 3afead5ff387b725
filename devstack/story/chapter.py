"""One chapter: what was done, what each agency then sees, and what must hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Step:
    """What somebody did, in words, and the staff page where it shows to a person of the town."""

    words: str
    person: str
    page: str


@dataclass
class Chapter:
    """Some steps of the story, and what came of them; `holds` is false as soon as one claim is."""

    title: str
    steps: list[Step] = field(default_factory=list)
    views: dict[str, str] = field(default_factory=dict)
    claims: list[tuple[str, bool]] = field(default_factory=list)

    def tell(self, words: str, person: str, page: str) -> None:
        """Say what was done, and at which page whom it shows."""
        self.steps.append(Step(words, person, page))

    def claim(self, words: str, true: bool) -> None:
        """Say what must be true here, and whether it is."""
        self.claims.append((words, true))

    @property
    def holds(self) -> bool:
        """Tell whether every claim is true."""
        return all(true for _, true in self.claims)


def opening_text(opened: dict[str, Any] | None) -> str:
    """Return an opening as a person would read it: a category a line, its fields behind it."""
    if opened is None:
        return "not found"
    if "terms" in opened:
        return "a directive: " + ", ".join(f"{name} {value}" for name, value in opened["terms"].items())
    return "\n".join(f"{category}: {_values(fields)}" for category, fields in opened["categories"].items())


def _values(fields: dict[str, Any]) -> str:
    return ", ".join(f"{name}={_value(value)}" for name, value in fields.items())


def _value(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, dict):
        return "{" + _values(value) + "}"
    return str(value) if len(str(value)) <= 36 else str(value)[:33] + "..."
