"""The decision: pure, total and dated.

    visible = (grants in force) less (denials in force), within the ceiling and what was asked

Silence is refusal.  A denial outranks any number of grants, whatever their age and basis, and a
denial that cannot be read closes every release.
"""

from datetime import datetime
from typing import Final

from kernel.consent.answers import Decision, Reason, Request
from kernel.consent.ceilings import CEILINGS, ceiling, emergency_ceiling
from kernel.consent.reading import Grant
from kernel.consent.table import ConsentTable, Line
from schemas.codes import AgencyKind, Basis, Purpose
from schemas.taxonomy import ALL

_FURTHEST: Final = (Basis.RELEASE, Basis.STATUTE, Basis.COURT_ORDER, Basis.EMERGENCY)


def decide(request: Request, table: ConsentTable, at: datetime) -> Decision:
    """Tell what `request` may see at the instant `at`, and on whose word."""
    asked = request.asked & ALL
    closed = _closed_to_anyone(request, table, asked)
    if closed is not None:
        return Decision(0, (), table.sv, at, closed)
    if request.agency.agency_id == request.custodian.agency_id:
        return Decision(asked, (), table.sv, at, None, Basis.OWN_RECORD)
    closed = _closed_to_others(request, table)
    if closed is not None:
        return Decision(0, (), table.sv, at, closed)
    line = table.line(request.custodian.agency_id, request.agency.agency_id, request.purpose)
    return _weigh(line, request, table, at)


def mask(request: Request, table: ConsentTable, at: datetime) -> int:
    """Return the mask of `decide`, faster where nothing starts or ends and nothing is special."""
    agency, purpose = request.agency, request.purpose
    line = table.lines.get((request.custodian.agency_id, agency.agency_id, purpose))
    if (
        line is None
        or not line.settled_from <= at < line.not_after
        or request.person_ref in table.excluded
        or not request.party
        or request.cji
        or purpose not in agency.purposes
    ):
        return decide(request, table, at).mask
    return line.settled & CEILINGS.get((agency.kind, purpose), 0) & request.asked


def _closed_to_anyone(request: Request, table: ConsentTable, asked: int) -> Reason | None:
    if request.person_ref in table.excluded:
        return Reason.BLOCKED_PERSON
    if request.purpose is None:
        return Reason.PURPOSE_NOT_STATED
    if request.purpose not in request.agency.purposes:
        return Reason.PURPOSE_NOT_REGISTERED
    return None if asked else Reason.NOTHING_ASKED


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


def _weigh(line: Line, request: Request, table: ConsentTable, at: datetime) -> Decision:
    left = request.asked & ALL & ~_denied(line, at)
    relied_on: list[Grant] = []
    opened = 0
    for grant in line.grants:
        part = grant.mask & left & _reach(grant.basis, request, table)
        if part and grant.valid_from <= at < grant.valid_until:
            relied_on.append(grant)
            opened |= part
    if not relied_on:
        return Decision(0, (), table.sv, at, _why(line, request.asked, left, at))
    return Decision(
        opened,
        tuple(sorted({grant.directive_ref for grant in relied_on})),
        table.sv,
        at,
        None,
        max((grant.basis for grant in relied_on), key=_FURTHEST.index),
        min(grant.valid_until for grant in relied_on),
    )


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


def _why(line: Line, asked: int, left: int, at: datetime) -> Reason:
    """Tell why nothing opened: the first thing that would have to be otherwise."""
    if not left:
        return Reason.DENIED
    given = [grant for grant in line.grants if grant.mask & asked]
    if not given:
        return Reason.NOTHING_GRANTED
    in_force = [grant for grant in given if grant.valid_from <= at < grant.valid_until]
    if not in_force:
        return Reason.ENDED if any(grant.valid_until <= at for grant in given) else Reason.NOT_STARTED
    return Reason.OUTSIDE_CEILING if any(grant.mask & left for grant in in_force) else Reason.DENIED
