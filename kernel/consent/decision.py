"""The decision: pure, total and dated.

    visible = (grants in force) less (denials in force), within the ceiling and what was asked

Silence is refusal.  A denial outranks any number of grants, whatever their age and basis, and a
denial that cannot be read closes every release.
"""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from kernel.consent.ceilings import ceiling, emergency_ceiling
from kernel.consent.decision_types import Decision, Reason, Request
from kernel.consent.parser import Grant
from kernel.consent.table import ConsentTable, Line, weakest_basis
from schemas.codes import AgencyKind, Basis, Purpose
from schemas.taxonomy import ALL


def decide(request: Request, table: ConsentTable, at: datetime) -> Decision:
    """Tell what `request` may see at the instant `at`, and on whose word."""
    line = table.lines.get(request.key)
    if line is not None and line.settled_from <= at < line.not_after:
        opened = line.settled & request.limit
        # Where some grants open nothing of what was asked, each is weighed, to tell on which it relies.
        if opened and (len(line.grants) == 1 or all(grant.mask & opened for grant in line.grants)):
            return Decision(opened, line.directive_refs, table.sv, at, None, line.basis, line.not_after)
    return evaluate_slow(request, table, at)


def mask(request: Request, table: ConsentTable, at: datetime) -> int:
    """Return the mask of `decide`, faster where nothing starts or ends and nothing is special."""
    try:
        line = table.lines[request.key]
    except KeyError:
        return evaluate_slow(request, table, at).mask
    if line.settled_from <= at and at < line.not_after:  # not chained: that takes a twentieth longer
        return line.settled & request.limit
    return evaluate_slow(request, table, at).mask


# The fields open, the directives relied on, why nothing is open, the basis, the earliest end.
Evaluation = tuple[int, tuple[UUID, ...], Reason | None, Basis | None, datetime | None]


class Context(NamedTuple):
    """The grants and denials that bear on a request: computed once, used for each part of it."""

    closed: Reason | None  # to whom nothing is open, and why
    own: bool
    denied: int
    able: list[tuple[Grant, int]]  # the grants in force, with what each could open here
    reached: int  # what they could open together
    granted: int
    in_force: int
    ended: int


def evaluate_slow(request: Request, table: ConsentTable, at: datetime) -> Decision:
    """Return the decision with every directive weighed by itself, nothing taken as settled."""
    opened, relied_on, reason, basis, until = result(build_context(request, table, at), request.requested_mask & ALL)
    return Decision(opened, relied_on, table.sv, at, reason, basis, until)


def build_context(request: Request, table: ConsentTable, at: datetime) -> Context:
    """Return what does not depend on the fields asked for."""
    closed = _closed_to_anyone(request, table)
    own = request.agency.agency_id == request.custodian.agency_id
    if closed is None and not own:
        closed = _closed_to_others(request, table)
    if closed is not None or own:
        return Context(closed, own, 0, [], 0, 0, 0, 0)
    line = table.line(request.custodian.agency_id, request.agency.agency_id, request.purpose)
    return _laid_out(line, request, table, at)


def result(on: Context, requested_mask: int) -> Evaluation:
    """Return which of `requested_mask` is open, by which directives, why nothing is, on which basis and until when."""
    if on.closed is not None:
        return 0, (), on.closed, None, None
    if on.own:
        return requested_mask, (), None, Basis.OWN_RECORD, None
    left = requested_mask & ~on.denied
    opened = on.reached & left
    if not opened:
        return 0, (), _reason(on, requested_mask, left), None, None
    able = on.able
    if len(able) > 1:  # one alone is what opened it
        able = [pair for pair in able if pair[1] & left]
    if len(able) == 1:
        grant = able[0][0]
        return opened, (grant.directive_ref,), None, grant.basis, grant.valid_until
    relied_on = [grant for grant, _ in able]
    refs = tuple(sorted({grant.directive_ref for grant in relied_on}))
    until = min([grant.valid_until for grant in relied_on])
    return opened, refs, None, weakest_basis([grant.basis for grant in relied_on]), until


def _closed_to_anyone(request: Request, table: ConsentTable) -> Reason | None:
    if table.excluded:
        hidden = table.hidden_from(request.agency.agency_id, request.person_ref, unnamed=request.unnamed)
        if hidden is not None:
            return hidden
    if request.purpose is None:
        return Reason.PURPOSE_NOT_STATED
    if request.purpose not in request.agency.purposes:
        return Reason.PURPOSE_NOT_REGISTERED
    return None if request.requested_mask & ALL else Reason.NOTHING_ASKED


def _closed_to_others(request: Request, table: ConsentTable) -> Reason | None:
    if table.unreadable_denials:
        return Reason.UNREADABLE_DENIAL
    if not table.participating:
        return Reason.NOT_PARTICIPATING
    if not request.party and request.agency.kind is not AgencyKind.COORDINATION:
        return Reason.NOT_PARTY
    if request.purpose is Purpose.CONFLICT_CHECK and request.person_ref is not None:
        return Reason.NOT_FOR_A_PERSON
    return None


def _laid_out(line: Line, request: Request, table: ConsentTable, at: datetime) -> Context:
    able: list[tuple[Grant, int]] = []
    granted = in_force = ended = reached = 0
    for grant in line.grants:
        granted |= grant.mask
        if grant.valid_from <= at < grant.valid_until:
            in_force |= grant.mask
            part = grant.mask & _reach(grant.basis, request, table)
            reached |= part
            able.append((grant, part))
        elif grant.valid_until <= at:
            ended |= grant.mask
    return Context(None, False, _denied(line, at), able, reached, granted, in_force, ended)


def _denied(line: Line, at: datetime) -> int:
    denied = 0
    for denial in line.denials:
        if denial.valid_from <= at:
            denied |= denial.mask
    return denied


def _reach(basis: Basis, request: Request, table: ConsentTable) -> int:
    """Return how far a grant on `basis` can reach for this request, whatever it names."""
    kind = request.agency.kind
    if kind is None:
        return 0
    reach = ceiling(kind, request.purpose)
    if basis is Basis.COURT_ORDER:
        reach = ALL
    elif basis is Basis.EMERGENCY:
        reach = 0 if table.no_override else emergency_ceiling(request.custodian)
    return reach if kind is AgencyKind.POLICE else reach & ~request.cji


def _reason(on: Context, requested_mask: int, left: int) -> Reason:
    """Tell why nothing opened: the first thing that would have to be otherwise."""
    if not left:
        return Reason.DENIED
    if not on.granted & requested_mask:
        return Reason.NOTHING_GRANTED
    if not on.in_force & requested_mask:
        return Reason.ENDED if on.ended & requested_mask else Reason.NOT_STARTED
    return Reason.OUTSIDE_CEILING if on.in_force & left else Reason.DENIED
