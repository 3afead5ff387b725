"""The one judgement that both doors, the relay and the lists pass: the decision, and what follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from kernel.consent import ConsentTable, Decision, Reason, Request, decide
from runtime.register.directives import Consent
from schemas.registry import CONTRACTS, ends_with_its_directive, is_directive_fact

HIDDEN: Final = frozenset({Reason.BLOCKED_PERSON, Reason.PERSON_NOT_NAMED})


class SubjectConsent(Protocol):
    """A subject's consent at an instant: of a subject that is held, or of a snapshot."""

    @property
    def consent(self) -> Consent:
        """Return the compiled directives, and whom they name."""

    @property
    def table(self) -> ConsentTable:
        """Return the compiled consent table."""

    @property
    def at(self) -> datetime:
        """Return the instant of it."""


def evaluate(type_name: str, request: Request, subject: SubjectConsent) -> Decision:
    """Return what consent now lets `request` see of a fact of this type.

    What was computed from a field that is closed goes with it, though it may lie in the copy (law R29).  A type that
    is not among our contracts opens nothing.
    """
    decision = decide(request, subject.table, subject.at)
    contract = CONTRACTS.get(type_name)
    mask = 0 if contract is None else contract.with_inputs(decision.mask, request.requested_mask)
    if mask == decision.mask:
        return decision
    reason = None if mask else Reason.NOTHING_GRANTED
    return decision._replace(mask=mask, relied_on=decision.relied_on if mask else (), reason=reason)


class DirectiveOffer(Protocol):
    """An offer, as far as it is asked whether its recipient is told of a directive by it."""

    @property
    def type(self) -> str:
        """Return the type of the fact."""

    @property
    def custodian(self) -> str:
        """Return whose record it is of."""

    @property
    def recipient(self) -> str:
        """Return to whom it was offered."""

    @property
    def directives(self) -> Sequence[UUID]:
        """Return the directives that it tells of, or relies on."""


def is_notice(offer: DirectiveOffer, decision: Decision, subject: SubjectConsent) -> bool:
    """Tell whether this is of a directive and its recipient may read it, nothing being hidden from who asks.

    What a directive permits is told to its recipient while it stands; that it is over, at any time.
    """
    if not is_directive_fact(offer.type) or decision.reason in HIDDEN:
        return False
    if offer.custodian == offer.recipient or not ends_with_its_directive(offer.type):
        return True
    return all(subject.consent.stands(ref, subject.at) for ref in offer.directives)
