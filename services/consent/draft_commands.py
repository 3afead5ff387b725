"""What staff record of a survivor's say-so. Each act holds the subject exclusive before it reads anything."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from uuid import UUID, uuid4

from kernel.ledger.entry import Act
from runtime.database.unit_of_work import UnitOfWork
from schemas.codes import DirectiveState
from services.consent import change_log, pending_notices, stops, store
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


async def record_draft(held: LockedSubject, said: RequestedDirective) -> Provision:
    """Record a provision: a permit waits for its signature, a denial and a narrowing are in force at once."""
    unit = held.unit
    named = await _resolved(unit, said)
    around = await draft_context(held, named.custodian, named.recipient, agencies=[named.excluded_agency])
    new = draft(named, around, uuid4())
    if new.state is DirectiveState.DRAFT:
        await store.add(unit.session, held.subject.subject_id, new)
        asked = {"asked_one_by_one": sorted(said.asked_one_by_one)}
        await change_log.record(unit, held.subject, [ChangeEntry.of(Act.CHANGED, new, reason="drafted", detail=asked)])
    elif new.permits:
        old = next(one for one in around.standing if one.ref == new.supersedes_ref)
        await _narrow(held, new, old)
    else:
        await _deny(held, new, around.standing)
    return new


async def own_provisions(held: LockedSubject) -> tuple[list[Provision], int]:
    """Return the provisions of which the agency is custodian, and its open drafts of others; and the unreadable."""
    provisions, unreadable = await store.provisions(held.unit.session, held.subject.subject_id)
    mine = held.unit.agency_id
    view = await _view(held)
    found = [
        view(one)
        for one in provisions
        if one.directive.custodian == mine or (one.drafting_agency == mine and one.state in READABLE)
    ]
    return found, unreadable if held.is_home else 0


async def provision_of(held: LockedSubject, ref: UUID) -> Provision:
    """Return the provision, read under the lock; one that cannot be read can be stopped and nothing else."""
    provisions, _ = await store.provisions(held.unit.session, held.subject.subject_id)
    found = next((one for one in provisions if one.ref == ref), None)
    if found is None:
        raise DirectiveStepNotPossible("unreadable")
    return (await _view(held))(found)


async def _view(held: LockedSubject) -> Callable[[Provision], Provision]:
    """Return how the agency may know a provision.

    That a survivor died is the home agency's to know: to any other, what her death closed reads as it was told of it,
    revoked.
    """
    unit, subject = held.unit, held.subject
    closed_at = None
    if not held.is_home and await store.is_deceased(unit.session, subject.subject_id):
        closed_at = (await stops.stops(unit.session, subject.subject_id)).get(subject.home_agency, subject.at)

    def view(one: Provision) -> Provision:
        if closed_at is not None and one.permits and one.in_force(subject.at) and not one.directive.survives_death:
            return replace(one, directive=replace(one.directive, state=DirectiveState.REVOKED), revoked_at=closed_at)
        return one.seen_by(unit.agency_id)

    return view


async def _narrow(held: LockedSubject, new: Provision, old: Provision) -> None:
    session = held.unit.session

    async def rows() -> None:
        await store.add(session, held.subject.subject_id, new)
        await store.keep(session, superseded(old))

    now = await change_log.change(held, rows, [ChangeEntry.of(Act.CHANGED, new, old.ref, reason="narrowed")])
    told = narrowing_notices(new, old, now.cases[new.directive.custodian].case_ref, now.at)
    if new.in_force(now.at):
        # Its recipient knows of the old one; that it was narrowed is told only where something was relayed.
        await pending_notices.announce(session, new.ref)
    await change_log.tell_if_possible(held.unit, now, [] if told is None else [told])


async def _deny(held: LockedSubject, new: Provision, standing: Sequence[Provision]) -> None:
    async def rows() -> None:
        await store.add(held.unit.session, held.subject.subject_id, new)

    now = await change_log.change(held, rows, [ChangeEntry.of(Act.CHANGED, new, reason="denied")])
    case = now.cases.get(new.directive.custodian)
    if case is None:
        return
    # To its custodian alone: what a recipient hears is what is left to it, never that somebody said no.
    told = [grant_notices(new, case.case_ref, now.at), *denial_notices(new, standing, case.case_ref, now.at)]
    await change_log.tell_if_possible(held.unit, now, told)


async def _resolved(unit: UnitOfWork, said: RequestedDirective) -> RequestedDirective:
    """Return `said` with the register's own references, where it names a directive as a recipient knows it."""
    supersedes = await _known(unit, said.supersedes_ref)
    return replace(said, supersedes_ref=supersedes, adds_to_ref=await _known(unit, said.adds_to_ref))


async def _known(unit: UnitOfWork, ref: UUID | None) -> UUID | None:
    """Return the register's reference; one that is not this agency's to name leads nowhere, like one never given."""
    if ref is None:
        return None
    place = await store.stoppable(unit.session, unit.agency_id, ref)
    return uuid4() if place is None else place.directive_ref
