"""One provision of a release as the register keeps it, and how two of them relate."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from kernel.consent import Directive, UnreadableDirective, fields_given
from schemas.codes import DirectiveEffect, DirectiveState, EndsWhen, StartsWhen
from services.consent.domain.confirmation_wait import ConfirmationWait

UNSAID = frozenset(
    {DirectiveState.DRAFT, DirectiveState.AWAITING_CONFIRMATION, DirectiveState.REFUSED}
)  # nothing was ever in force on their word


@dataclass(frozen=True, slots=True, kw_only=True)
class Provision:
    """A directive with its life: who drafted it, what evidences it, what it stands in place of."""

    directive: Directive
    drafted_by: str
    drafting_agency: str
    drafted_at: datetime
    version: int = 1
    starts_when: StartsWhen | None = None
    started_at: datetime | None = None
    ends_when: EndsWhen | None = None
    ended_at: datetime | None = None
    supersedes_ref: UUID | None = None
    adds_to_ref: UUID | None = None
    evidence: Mapping[str, Any] | None = field(default=None, repr=False)
    signed_at: datetime | None = None
    refused_at: datetime | None = None
    revoked_at: datetime | None = None
    relayed: bool = False
    waiting: ConfirmationWait | None = (
        None  # an opening that a second person has not confirmed: of a denial, its lifting
    )

    @property
    def ref(self) -> UUID:
        """Return the directive's reference."""
        return self.directive.directive_ref

    @property
    def state(self) -> DirectiveState:
        """Return the stored state; `state_at` also knows what has expired."""
        return self.directive.state

    @property
    def permits(self) -> bool:
        """Tell whether it is a permit."""
        return self.directive.effect is DirectiveEffect.PERMIT

    @property
    def mask(self) -> int:
        """Return the fields that the directive can open or close; none if it cannot be read."""
        try:
            return fields_given(self.directive)
        except UnreadableDirective:
            return 0

    def state_at(self, at: datetime) -> DirectiveState:
        """Return the state for a reader: an active directive that is over reads `expired`, with no job having run."""
        if self.state is DirectiveState.AWAITING_CONFIRMATION:
            lapsed = self.waiting is not None and not self.waiting.open_at(at)
            return DirectiveState.EXPIRED if lapsed else self.state
        until = self.directive.valid_until
        over = self.directive.ended or (until is not None and until <= at)
        return DirectiveState.EXPIRED if self.state is DirectiveState.ACTIVE and over else self.state

    def seen_by(self, agency: str) -> Provision:
        """Return the provision as an agency may know it: who drafted for another custodian is not told it was signed.

        Until it is confirmed it is to them the draft that it was.
        """
        if agency == self.directive.custodian or self.state is not DirectiveState.AWAITING_CONFIRMATION:
            return self
        draft = replace(self.directive, state=DirectiveState.DRAFT)
        return replace(self, directive=draft, version=1, evidence=None, signed_at=None, waiting=None)

    def standing(self) -> DirectiveSummary:
        """Return the summary that a stop needs."""
        directive = self.directive
        return DirectiveSummary(
            self.ref,
            directive.custodian,
            directive.recipient,
            directive.effect,
            directive.state,
            self.relayed,
            self.supersedes_ref,
        )

    def in_force(self, at: datetime) -> bool:
        """Tell whether the directive is in force at `at`."""
        begun = self.directive.started and self.directive.valid_from <= at
        return begun and self.state_at(at) is DirectiveState.ACTIVE


@dataclass(frozen=True, slots=True)
class DirectiveSummary:
    """The part of a directive that a stop needs, as plain words: an unreadable one can still be stopped."""

    ref: UUID
    custodian: str
    recipient: str | None
    effect: str
    state: str
    relayed: bool
    supersedes_ref: UUID | None

    @property
    def denies(self) -> bool:
        """Tell whether stopping it would open something: whatever is not plainly a permit."""
        return self.effect != DirectiveEffect.PERMIT


def same_way(provision: Provision, other: Provision) -> bool:
    """Tell whether both are permits of one custodian to one recipient for one purpose."""
    directive, other_directive = provision.directive, other.directive
    return (
        provision.permits
        and other.permits
        and (directive.custodian, directive.recipient, directive.purpose)
        == (other_directive.custodian, other_directive.recipient, other_directive.purpose)
    )


def overlapping(new: Provision, standing: Iterable[Provision], at: datetime) -> tuple[Provision, ...]:
    """Return the active permits of the same way and purpose whose period meets that of `new`."""
    return tuple(
        other
        for other in standing
        if other.ref != new.ref
        and same_way(new, other)
        and other.state_at(at) is DirectiveState.ACTIVE
        and _meets(new.directive, other.directive)
    )


def unlabelled(new: Provision, standing: Collection[Provision], at: datetime) -> tuple[Provision, ...]:
    """Return the overlapping permits that `new` neither supersedes nor adds to (R37).

    Naming one of several that were themselves added to each other names them all.
    """
    overlaps = overlapping(new, standing, at)
    named = {ref for ref in (new.supersedes_ref, new.adds_to_ref) if ref is not None}
    links = [(other.ref, other.adds_to_ref) for other in overlaps if other.adds_to_ref is not None]
    while True:
        reached = named | {ref for link in links if named & set(link) for ref in link}
        if reached == named:
            return tuple(other for other in overlaps if other.ref not in named)
        named = reached


def latest(ref: UUID | None, standing: Collection[Provision]) -> Provision | None:
    """Return the provision of this reference, or what has come in its place since it was superseded."""
    current = next((provision for provision in standing if provision.ref == ref), None)
    for _ in standing:
        if current is None or current.state is not DirectiveState.SUPERSEDED:
            break
        old = current.ref
        followed = (
            provision for provision in standing if provision.supersedes_ref == old and provision.state not in UNSAID
        )
        current = next(followed, current)
    return current


def is_narrower(new: Provision, old: Provision) -> bool:
    """Tell whether `new`, standing in place of `old`, can at no instant open what `old` would not."""
    new_directive, old_directive = new.directive, old.directive
    if not same_way(new, old) or new_directive.basis is not old_directive.basis or new_directive.valid_until is None:
        return False
    within = not new.mask & ~old.mask and new_directive.valid_from >= old_directive.valid_from
    ends = old_directive.valid_until is not None and new_directive.valid_until <= old_directive.valid_until
    waits = old_directive.started or (new.starts_when is old.starts_when and not new_directive.started)
    ends_with_it = old.ends_when in (None, new.ends_when) and new_directive.ended >= old_directive.ended
    return within and ends and waits and ends_with_it and new_directive.survives_death <= old_directive.survives_death


def takes_away(new: Provision, old: Provision) -> bool:
    """Tell whether something that `old` opened is no longer open under `new`."""
    ends_earlier = (new.directive.valid_until or old.drafted_at) < (old.directive.valid_until or old.drafted_at)
    return bool(old.mask & ~new.mask) or ends_earlier


def _meets(directive: Directive, other: Directive) -> bool:
    if directive.valid_until is None or other.valid_until is None:
        return True
    return directive.valid_from < other.valid_until and other.valid_from < directive.valid_until
