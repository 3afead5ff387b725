"""The consent of one subject, compiled: one line for each custodian, recipient and purpose."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from kernel.consent.decision_types import Reason
from kernel.consent.directive import Directive, Flow, key_of
from kernel.consent.parser import Denial, Grant, UnreadableDirective, read_denial, read_grant
from schemas.codes import Basis, DirectiveEffect, DirectiveState, Purpose

MIN_INSTANT: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)  # final, not frozen: mypy refuses a write, and making one costs a fourth
class Line:
    """All that was said about one custodian, recipient and purpose.

    In [settled_from, not_after) nothing starts and nothing ends, so the ordinary grants less the
    denials are `settled`, already computed, and so is on whose word they are if all are relied on.
    Outside it every directive is weighed by itself, and so it always is where a person is shut out.
    """

    grants: Final[tuple[Grant, ...]]
    denials: Final[tuple[Denial, ...]]
    settled: Final[int]
    settled_from: Final[datetime]
    not_after: Final[datetime]
    directive_refs: Final[tuple[UUID, ...]]
    basis: Final[Basis | None]


@dataclass(frozen=True, slots=True)
class ConsentTable:
    """The consent of one subject at version `sv`.  Nothing is added to it: a change compiles a new one."""

    sv: int
    participating: bool
    unreadable_denials: int
    unreadable_grants: int
    excluded: frozenset[str]  # persons from whom everything of this subject is hidden
    excluded_at: frozenset[str | None]  # the agencies they work at; None: somebody may work anywhere
    no_override: bool
    lines: Mapping[
        str, Line
    ]  # by `key_of` the agencies and purpose; empty where nothing may leave the custodian at all

    def hidden_from(self, agency_id: str, person_ref: str | None, *, unnamed: bool) -> Reason | None:
        """Return why everything of this subject is hidden from who asks, or None where it is not.

        Whoever sits before a system may be the person who is shut out: so where that person works, a system that
        does not say for whom it asks is shut out as well.
        """
        if not self.excluded:
            return None
        if person_ref in self.excluded:
            return Reason.BLOCKED_PERSON
        if unnamed and (agency_id in self.excluded_at or None in self.excluded_at):
            return Reason.PERSON_NOT_NAMED
        return None

    def line(self, custodian: str, recipient: str, purpose: Purpose | None) -> Line:
        """Return what was said about this way and purpose; silence is an empty line."""
        own = self.lines.get(key_of(custodian, recipient, purpose))
        return own or self.lines.get(key_of(custodian, recipient, None), EMPTY_LINE)


def compile_table(
    directives: Iterable[Directive],
    *,
    sv: int,
    participating: bool,
    deceased: bool = False,
    no_override: bool = False,
    unreadable_denials: int = 0,
    unreadable_grants: int = 0,
) -> ConsentTable:
    """Return the table of the active directives among `directives`.

    What cannot be read is counted, so that somebody is told: a grant is then as if never given,
    and a denial closes every release of this subject.
    """
    builder = _TableBuilder(deceased)
    for directive in directives:
        if directive.state is DirectiveState.ACTIVE:
            builder.add(directive)
    closed = bool(unreadable_denials or builder.unreadable_denials or not participating)
    return ConsentTable(
        sv=sv,
        participating=participating,
        unreadable_denials=unreadable_denials + builder.unreadable_denials,
        unreadable_grants=unreadable_grants + builder.unreadable_grants,
        excluded=frozenset(builder.excluded),
        excluded_at=frozenset(builder.excluded_at),
        no_override=no_override,
        lines={} if closed else builder.lines(),
    )


class _TableBuilder:
    """The directives heard so far, by way and purpose."""

    def __init__(self, deceased: bool) -> None:
        self.deceased = deceased
        self.unreadable_denials = 0
        self.unreadable_grants = 0
        self.excluded: set[str] = set()
        self.excluded_at: set[str | None] = set()
        self.grants: defaultdict[Flow, list[Grant]] = defaultdict(list)
        self.denials: defaultdict[tuple[str, str], list[tuple[Purpose | None, Denial]]] = defaultdict(list)

    def add(self, directive: Directive) -> None:
        if directive.effect is DirectiveEffect.PERMIT:
            self._add_permit(directive)
        elif directive.excluded_person_ref:
            # At once and from every custodian: a start, a purpose or a category would only leave a gap.
            self.excluded.add(directive.excluded_person_ref)
            self.excluded_at.add(directive.excluded_agency)
        else:
            self._add_denial(directive)

    def _add_permit(self, directive: Directive) -> None:
        if not directive.started or (self.deceased and not directive.survives_death):  # R20
            return
        try:
            key, grant = read_grant(directive)
        except UnreadableDirective:
            self.unreadable_grants += 1
        else:
            self.grants[key].append(grant)

    def _add_denial(self, directive: Directive) -> None:
        try:
            denial = read_denial(directive)
        except UnreadableDirective:
            self.unreadable_denials += 1
        else:
            self.denials[directive.custodian, str(directive.recipient)].append((directive.purpose, denial))

    def lines(self) -> dict[str, Line]:
        if not self.denials:
            return {key_of(*on): self._settled(tuple(grants), (), on[2]) for on, grants in self.grants.items()}
        ways = set(self.grants)
        for (custodian, recipient), denials in self.denials.items():
            ways |= {(custodian, recipient, purpose) for purpose, _ in denials}
        return {key_of(*on): self._line(on) for on in ways}

    def _line(self, on: Flow) -> Line:
        custodian, recipient, purpose = on
        spoken = self.denials.get((custodian, recipient), ())
        about = tuple(denial for named, denial in spoken if named is None or named is purpose)
        return self._settled(tuple(self.grants.get(on, ())), about, purpose)

    def _settled(self, grants: tuple[Grant, ...], denials: tuple[Denial, ...], purpose: Purpose | None) -> Line:
        # Who asks is for the scales to see: where a person is shut out, nothing may be settled for everybody.
        return unsettled(grants, denials) if self.excluded else settle(grants, denials, purpose)


def weakest_basis(bases: Iterable[Basis]) -> Basis:
    """Return the basis that is furthest from the survivor's own word."""
    return max(bases, key=_BASES_BY_WEAKNESS.index)


def settle(grants: tuple[Grant, ...], denials: tuple[Denial, ...], purpose: Purpose | None) -> Line:
    """Return the line of these grants and denials, with what can be computed once computed."""
    if not grants or purpose is Purpose.CONFLICT_CHECK:
        return unsettled(grants, denials)
    if len(grants) == 1 and not denials:
        (only,) = grants
        if only.basis is Basis.RELEASE or only.basis is Basis.STATUTE:
            refs = (only.directive_ref,)
            return Line(grants, denials, only.mask, only.valid_from, only.valid_until, refs, only.basis)
    if not all(grant.basis in _ORDINARY for grant in grants):
        return unsettled(grants, denials)
    granted = denied = 0
    for grant in grants:
        granted |= grant.mask
    for denial in denials:
        denied |= denial.mask
    starts = [grant.valid_from for grant in grants] + [denial.valid_from for denial in denials]
    return Line(
        grants,
        denials,
        granted & ~denied,
        max(starts),
        min(grant.valid_until for grant in grants),
        tuple(sorted({grant.directive_ref for grant in grants})),
        weakest_basis(grant.basis for grant in grants),
    )


def unsettled(grants: tuple[Grant, ...], denials: tuple[Denial, ...]) -> Line:
    """Return the line of what has to be weighed at every instant."""
    return Line(grants, denials, 0, MIN_INSTANT, MIN_INSTANT, (), None)


_BASES_BY_WEAKNESS: Final = (Basis.RELEASE, Basis.STATUTE, Basis.COURT_ORDER, Basis.EMERGENCY)
_ORDINARY: Final = frozenset({Basis.RELEASE, Basis.STATUTE})
EMPTY_LINE: Final = unsettled((), ())
