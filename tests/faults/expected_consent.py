"""The consent that survivors had given by an instant, by the journal alone: intervals, with doubt for unclear tries."""

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
    answered_at: float  # when it was answered; never, if its signature stayed unclear
    over: float = inf


@dataclass(frozen=True)
class Denial:
    """A denial, surely in force from `since` on and for ever."""

    case: str
    recipient: str
    categories: frozenset[str]
    since: float


@dataclass
class ExpectedConsent:
    """All grants and denials of a journal."""

    grants: list[Grant] = field(default_factory=list)
    denials: list[Denial] = field(default_factory=list)

    def permits(self, case: str, recipient: str, purpose: str, category: str, began: float, ended: float) -> bool:
        """Tell whether a field might have been permitted at some instant of an interval."""
        if any(denial.since < began and self._names(denial, case, recipient, category) for denial in self.denials):
            return False
        return any(
            grant.since <= ended and grant.over >= began and grant.purpose == purpose
            for grant in self.grants
            if self._names(grant, case, recipient, category)
        )

    def was_stopped(self, case: str, recipient: str, category: str, began: float) -> bool:
        """Tell whether a field had once been permitted, or was denied, and was surely over before `began`."""
        ended = [grant.over for grant in self.grants if self._names(grant, case, recipient, category)]
        denied = [denial.since for denial in self.denials if self._names(denial, case, recipient, category)]
        return any(instant < began for instant in (*ended, *denied))

    def reaches(self, case: str, recipient: str, began: float) -> bool:
        """Tell whether anything at all might still have been permitted from `began` on."""
        grants = [grant for grant in self.grants if (grant.case, grant.recipient) == (case, recipient)]
        return any(
            self.permits(case, recipient, grant.purpose, category, began, inf)
            for grant in grants
            for category in grant.categories
        )

    @staticmethod
    def _names(directive: Grant | Denial, case: str, recipient: str, category: str) -> bool:
        return (directive.case, directive.recipient) == (case, recipient) and category in directive.categories


def expected_consent(commands: Iterable[Command]) -> ExpectedConsent:
    """Return the grants and denials of a journal that is in the order it was asked."""
    consent = ExpectedConsent()
    for command in commands:
        if command.outcome == "no":
            continue
        params, sure = command.params, command.outcome == "yes"
        if command.does == "signature":
            consent.grants.append(_grant(command, sure=sure))
        elif command.does == "confirmation" and sure:
            _confirm([grant for grant in consent.grants if grant.directive == params["directive"]], command)
        elif command.does == "denial" and sure:
            denied = frozenset(params["categories"])
            consent.denials.append(Denial(params["case"], params["recipient"], denied, command.ended))
        elif command.does == "stop" and sure:
            _stop([grant for grant in consent.grants if grant.directive == params["directive"]], command)
        elif command.does == "stop_all" and sure:
            # What was still being signed may have come after the stop.
            grants = [grant for grant in consent.grants if grant.case == params["case"]]
            _stop([grant for grant in grants if grant.answered_at < command.began], command)
    return consent


def _grant(signature: Command, *, sure: bool) -> Grant:
    params, provision = signature.params, signature.params["provision"]
    parts = provision["recipient"], provision["purpose"], frozenset(provision["categories"])
    answered_at = signature.ended if sure and signature.answer.get("state") != "awaiting_confirmation" else inf
    return Grant(params["directive"], params["case"], *parts, signature.began, answered_at)


def _confirm(grants: Iterable[Grant], confirmation: Command) -> None:
    for grant in grants:
        grant.answered_at = confirmation.ended


def _stop(grants: Iterable[Grant], stop: Command) -> None:
    for grant in grants:
        grant.over = min(grant.over, stop.ended)
