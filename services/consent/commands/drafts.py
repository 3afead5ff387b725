"""What staff record of a survivor's say-so. Each command locks the subject exclusive before it reads anything."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from uuid import UUID, uuid4

from kernel.ledger.entry import Act
from runtime.database.unit_of_work import UnitOfWork
from schemas.codes import DirectiveState
from services.consent import change_log, follow_ups, pending_notices, stops, store
from services.consent.change_log import ChangeEntry
from services.consent.domain import (
    DirectiveStepNotPossible,
    Provision,
    RequestedDirective,
    denial_notices,
    draft,
    grant_notices,
    narrowing_notices,
    superseded,
)
from services.consent.draft_context import draft_context
from services.consent.locked_subject import LockedSubject

READABLE = (DirectiveState.DRAFT, DirectiveState.AWAITING_CONFIRMATION, DirectiveState.ACTIVE)  # for another's drafter


async def record_draft(locked: LockedSubject, requested: RequestedDirective) -> Provision:
    """Record a provision: a permit waits for its signature, a denial and a narrowing are in force at once."""
    unit = locked.unit
    request = await resolved(unit, requested)
    context = await draft_context(locked, request.custodian, request.recipient, agencies=[request.excluded_agency])
    new = draft(request, context, uuid4())
    if new.state is DirectiveState.DRAFT:
        await store.add(unit.session, locked.subject.subject_id, new)
        detail = {"asked_one_by_one": sorted(requested.asked_one_by_one)}
        await change_log.record(
            unit, locked.subject, [ChangeEntry.of(Act.CHANGED, new, reason="drafted", detail=detail)]
        )
    elif new.permits:
        old = next(provision for provision in context.standing if provision.ref == new.supersedes_ref)
        await _narrow(locked, new, old)
    else:
        await _deny(locked, new, context.standing)
    return new


async def own_provisions(locked: LockedSubject) -> tuple[list[Provision], int]:
    """Return the provisions of which the agency is custodian, and its open drafts of others; and the unreadable."""
    provisions, unreadable = await store.provisions(locked.unit.session, locked.subject.subject_id)
    agency_id = locked.unit.agency_id
    view = await _view(locked)
    visible = [
        view(provision)
        for provision in provisions
        if provision.directive.custodian == agency_id
        or (provision.drafting_agency == agency_id and provision.state in READABLE)
    ]
    return visible, unreadable if locked.is_home else 0


async def provision_of(locked: LockedSubject, ref: UUID) -> Provision:
    """Return the provision, read under the lock; one that cannot be read can be stopped and nothing else."""
    provisions, _ = await store.provisions(locked.unit.session, locked.subject.subject_id)
    provision = next((candidate for candidate in provisions if candidate.ref == ref), None)
    if provision is None:
        raise DirectiveStepNotPossible("unreadable")
    return (await _view(locked))(provision)


async def _view(locked: LockedSubject) -> Callable[[Provision], Provision]:
    """Return how the agency may know a provision.

    That a survivor died is the home agency's to know: to any other, what her death closed reads as it was told of it,
    revoked.
    """
    unit, subject = locked.unit, locked.subject
    closed_at = None
    if not locked.is_home and await store.is_deceased(unit.session, subject.subject_id):
        closed_at = (await stops.stops(unit.session, subject.subject_id)).get(subject.home_agency, subject.at)

    def view(provision: Provision) -> Provision:
        if (
            closed_at is not None
            and provision.permits
            and provision.in_force(subject.at)
            and not provision.directive.survives_death
        ):
            return replace(
                provision, directive=replace(provision.directive, state=DirectiveState.REVOKED), revoked_at=closed_at
            )
        return provision.seen_by(unit.agency_id)

    return view


async def _narrow(locked: LockedSubject, new: Provision, old: Provision) -> None:
    session = locked.unit.session
    await store.add(session, locked.subject.subject_id, new)
    await store.keep(session, superseded(old))
    now = await change_log.raise_version(locked.unit.session, locked.subject)
    await change_log.record(locked.unit, now, [ChangeEntry.of(Act.CHANGED, new, old.ref, reason="narrowed")])
    notice = narrowing_notices(new, old, now.cases[new.directive.custodian].case_ref, now.at)
    if new.in_force(now.at):
        # Its recipient knows of the old one; that it was narrowed is told only where something was relayed.
        await pending_notices.announce(session, new.ref)
    await change_log.tell_if_possible(locked.unit, now, [] if notice is None else [notice])
    await follow_ups.close_ended(session, [old.ref])


async def _deny(locked: LockedSubject, new: Provision, standing: Sequence[Provision]) -> None:
    await store.add(locked.unit.session, locked.subject.subject_id, new)
    now = await change_log.raise_version(locked.unit.session, locked.subject)
    await change_log.record(locked.unit, now, [ChangeEntry.of(Act.CHANGED, new, reason="denied")])
    await follow_ups.open_warning(locked.unit, locked.subject, new)
    case = now.cases.get(new.directive.custodian)
    if case is None:
        return
    # To its custodian alone: what a recipient hears is what is left to it, never that somebody said no.
    notices = [grant_notices(new, case.case_ref, now.at), *denial_notices(new, standing, case.case_ref, now.at)]
    await change_log.tell_if_possible(locked.unit, now, notices)


async def resolved(unit: UnitOfWork, requested: RequestedDirective) -> RequestedDirective:
    """Return `requested` with the register's own references, where it names a directive as a recipient knows it."""
    supersedes = await _register_ref(unit, requested.supersedes_ref)
    return replace(requested, supersedes_ref=supersedes, adds_to_ref=await _register_ref(unit, requested.adds_to_ref))


async def _register_ref(unit: UnitOfWork, ref: UUID | None) -> UUID | None:
    """Return the register's reference; a reference that is not this agency's to name leads nowhere."""
    if ref is None:
        return None
    place = await store.stoppable(unit.session, unit.agency_id, ref)
    return uuid4() if place is None else place.directive_ref
