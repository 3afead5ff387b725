"""What changed for one agency in the last minutes, bounded: that it did, and of which of its own cases."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

MOST_KEPT: Final = 256  # changes of one agency in memory; whoever is further behind looks at everything again


@dataclass(frozen=True, slots=True)
class Change:
    """One change: its place in the agency's feed, and the case, or None where it is of no case in particular."""

    place: int
    case_ref: UUID | None


class RecentChanges:
    """The latest changes of one agency, and the place of the last one.

    >>> recent = RecentChanges(7, [Change(7, None)])
    >>> recent.since(7), recent.since(6), recent.since(5)
    ([], [Change(place=7, case_ref=None)], None)
    """

    def __init__(self, place: int, changes: Iterable[Change] = ()) -> None:
        self._changes: deque[Change] = deque(changes, maxlen=MOST_KEPT)
        self.place = max([place, *(change.place for change in self._changes)])

    def extend(self, changes: Iterable[Change]) -> None:
        """Add what came since; where places are missing between, what was before them is of no use."""
        for change in changes:
            if change.place != self.place + 1:
                self._changes.clear()
            self._changes.append(change)
            self.place = change.place

    def since(self, place: int) -> list[Change] | None:
        """Return the changes behind a place; None where they are not in memory: too long ago, or not yet."""
        behind = [change for change in self._changes if change.place > place]
        return behind if self.place - place == len(behind) else None
