"""What survivors had said by an instant, told by the journal alone: intervals, and doubt where answers were unclear."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import inf

from tests.faults.journal import Command


@dataclass
class Grant:
    """A permit: perhaps in force from `since`, surely over by `over`."""

    directive: str
    case: str
    recipient: str
    purpose: str
    categories: frozenset[str]
    since: float
    told: float  # when it was answered; never, if its signature stayed unclear
    over: float = inf


@dataclass(frozen=True)
class Denial:
    """A denial, surely in force from `since` on and for ever."""

    case: str
    recipient: str
    categories: frozenset[str]
    since: float


@dataclass
class Said:
    """All that was said."""

    grants: list[Grant] = field(default_factory=list)
    denials: list[Denial] = field(default_factory=list)

    def permits(self, case: str, recipient: str, purpose: str, category: str, began: float, ended: float) -> bool:
        """Tell whether a field might have been permitted at some instant of an interval."""
        if any(one.since < began and self._names(one, case, recipient, category) for one in self.denials):
            return False
        return any(
            one.since <= ended and one.over >= began and one.purpose == purpose
            for one in self.grants
            if self._names(one, case, recipient, category)
        )

    def was_stopped(self, case: str, recipient: str, category: str, began: float) -> bool:
        """Tell whether it had once been permitted, or was denied, and was surely over before `began`."""
        ended = [one.over for one in self.grants if self._names(one, case, recipient, category)]
        denied = [one.since for one in self.denials if self._names(one, case, recipient, category)]
        return any(instant < began for instant in (*ended, *denied))

    def reaches(self, case: str, recipient: str, began: float) -> bool:
        """Tell whether anything at all might still have been permitted from `began` on."""
        grants = [one for one in self.grants if (one.case, one.recipient) == (case, recipient)]
        return any(
            self.permits(case, recipient, one.purpose, category, began, inf)
            for one in grants
            for category in one.categories
        )

    @staticmethod
    def _names(one: Grant | Denial, case: str, recipient: str, category: str) -> bool:
        return (one.case, one.recipient) == (case, recipient) and category in one.categories


def said(commands: Iterable[Command]) -> Said:
    """Return what was said, in a journal in the order it was asked."""
    found = Said()
    for command in commands:
        if command.outcome == "no":
            continue
        asked, sure = command.asked, command.outcome == "yes"
        if command.does == "signature":
            found.grants.append(_grant(command, sure=sure))
        elif command.does == "confirmation" and sure:
            _confirm([one for one in found.grants if one.directive == asked["directive"]], command)
        elif command.does == "denial" and sure:
            denied = frozenset(asked["categories"])
            found.denials.append(Denial(asked["case"], asked["recipient"], denied, command.ended))
        elif command.does == "stop" and sure:
            _stop([one for one in found.grants if one.directive == asked["directive"]], command)
        elif command.does == "stop_all" and sure:
            # What was still being signed may have come after the stop.
            _stop([one for one in found.grants if one.case == asked["case"] and one.told < command.began], command)
    return found


def _grant(signature: Command, *, sure: bool) -> Grant:
    asked, given = signature.asked, signature.asked["provision"]
    parts = given["recipient"], given["purpose"], frozenset(given["categories"])
    told = signature.ended if sure and signature.answer.get("state") != "awaiting_confirmation" else inf
    return Grant(asked["directive"], asked["case"], *parts, signature.began, told)


def _confirm(grants: Iterable[Grant], confirmation: Command) -> None:
    for one in grants:
        one.told = confirmation.ended


def _stop(grants: Iterable[Grant], stop: Command) -> None:
    for one in grants:
        one.over = min(one.over, stop.ended)
