"""Saying no: to a draft, to a directive in force, to all of them.  Stopping asks for nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from schemas.codes import DirectiveState
from services.consent.domain.provision import DirectiveSummary, Provision
from services.consent.domain.refusal import DirectiveStepNotPossible

NOT_YET = frozenset({DirectiveState.DRAFT, DirectiveState.AWAITING_CONFIRMATION})
OVER = frozenset({DirectiveState.REFUSED, DirectiveState.REVOKED, DirectiveState.SUPERSEDED})


class RevocationKind(StrEnum):
    """What stopping does to one directive."""

    REVOKE = "revoke"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class PlannedRevocation:
    """One directive that a stop ends, and how."""

    standing: DirectiveSummary
    stop: RevocationKind


def plan_revocation(target: UUID, standing: Sequence[DirectiveSummary]) -> tuple[PlannedRevocation, ...]:
    """Return what a stop of `target` ends: itself, and whatever has come in its place since.

    Whoever says "stop" names what they were told of; they need not know that it was replaced.
    """
    replaced_by: dict[UUID | None, list[UUID]] = {}
    for summary in standing:
        replaced_by.setdefault(summary.supersedes_ref, []).append(summary.ref)
    refs, following = set[UUID](), [target]
    while following:  # each once, so that a chain costs its length
        ref = following.pop()
        if ref not in refs:
            refs.add(ref)
            following += replaced_by.get(ref, [])
    return tuple(_ends(summary for summary in standing if summary.ref in refs))


def plan_revocation_of_all(
    standing: Iterable[DirectiveSummary], only_party: str | None = None
) -> tuple[PlannedRevocation, ...]:
    """Return every permit that a stop of everything ends; denials stay, since they keep things closed.

    With `only_party`, only those that agency gives or receives by.
    """
    permits = (summary for summary in standing if not summary.denies)
    affected = (
        summary for summary in permits if only_party is None or only_party in (summary.custodian, summary.recipient)
    )
    return tuple(_ends(affected))


def check_stoppable(target: DirectiveSummary) -> None:
    """Refuse to end a denial in passing: that opens what was closed, and is a signature of its own, never a stop.

    A state that is in no list of ours counts as in force: a denial that cannot be read closes.
    """
    if target.denies and target.state not in NOT_YET | OVER:
        raise DirectiveStepNotPossible("denial_needs_lifting")


def check_refusable(provision: Provision) -> None:
    """Refuse to record a no to what nobody waits to open: what is in force is revoked."""
    if provision.state not in NOT_YET and provision.waiting is None:
        raise DirectiveStepNotPossible("not_a_draft")


def _ends(standing: Iterable[DirectiveSummary]) -> Iterable[PlannedRevocation]:
    for summary in standing:
        if summary.state in NOT_YET:
            yield PlannedRevocation(summary, RevocationKind.REFUSE)
        elif summary.state not in OVER:
            # Also a state that is in no list of ours: whatever it is, it is over now.
            yield PlannedRevocation(summary, RevocationKind.REVOKE)
