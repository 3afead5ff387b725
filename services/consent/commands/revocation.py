"""Revocation of one directive, or of all of them. Nothing is asked for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

from kernel.ledger.entry import Act
from runtime.database.unit_of_work import UnitOfWork
from runtime.register import Subject
from schemas.codes import DirectiveState
from services.consent import change_log, follow_ups, locked_subject, stops, store
from services.consent.change_log import ChangeEntry
from services.consent.domain import (
    ConsentNotice,
    PlannedRevocation,
    RevocationKind,
    check_stoppable,
    plan_revocation,
    plan_revocation_of_all,
    revocation_notices,
)

STATE_AFTER = {
    RevocationKind.REVOKE: DirectiveState.REVOKED,
    RevocationKind.REFUSE: DirectiveState.REFUSED,
}
Evidence = Mapping[str, str | None]  # by whom, on which channel, and who recorded it


@dataclass(frozen=True, slots=True)
class Revocation:
    """What a stop of one directive did: how the directive stands now, and which ones it ended."""

    custodian: str
    state: str
    ended: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class RevocationOfAll:
    """What a stop of everything did: whether it was of all agencies' permits, and which ones it ended."""

    everything: bool
    ended: tuple[UUID, ...]


async def revoke_directive(unit: UnitOfWork, directive_ref: UUID, evidence: Evidence) -> Revocation:
    """End a directive and whatever replaced it; raises `DirectiveStepNotPossible` for a denial."""
    session = unit.session
    place = await store.stoppable(session, unit.agency_id, directive_ref)
    if place is None:
        return await locked_subject.refuse_unknown(unit, directive_ref)
    subject = await locked_subject.lock_for_stop(session, place.case_ref)
    if unit.hidden(subject.table):
        await locked_subject.refuse_hidden(unit, subject)
    chain = await stops.chain(session, subject.subject_id, place.directive_ref)
    target = next(summary for summary in chain if summary.ref == place.directive_ref)
    check_stoppable(target)
    planned = plan_revocation(target.ref, chain)
    if not planned:
        await change_log.tell_late(unit, subject)
        return Revocation(place.custodian, target.state, ())
    await store.end(session, planned, subject.at, evidence)
    changed = await change_log.raise_version(session, subject)
    await change_log.record(unit, changed, revocation_entries(planned, evidence))
    await change_log.tell_if_possible(unit, changed, planned_notices(planned, changed))
    await follow_ups.close_ended(session, [revocation.standing.ref for revocation in planned])
    await follow_ups.open_written(session, changed, unit.agency_id, directive_ref, evidence)
    ended = {revocation.standing.ref: STATE_AFTER[revocation.stop] for revocation in planned}
    return Revocation(place.custodian, ended.get(target.ref, target.state), tuple(ended))


async def revoke_everything(unit: UnitOfWork, case_ref: UUID, evidence: Evidence) -> RevocationOfAll:
    """End every permit of the subject; elsewhere than at the home agency, those that this agency is a side of.

    That it was said is recorded even where nothing stood: no paper from before it opens anything.
    """
    session, agency_id = unit.session, unit.agency_id
    if not await store.is_own_case(session, agency_id, case_ref):
        await locked_subject.refuse_unknown(unit, case_ref)
    subject = await locked_subject.lock_for_stop(session, case_ref)
    if unit.hidden(subject.table):
        await locked_subject.refuse_hidden(unit, subject)
    permits = await stops.live_permits(session, subject.subject_id)
    at_home = agency_id == subject.home_agency
    planned = plan_revocation_of_all(permits, None if at_home else agency_id)
    await stops.stop(session, subject.subject_id, agency_id, subject.at)
    await store.end(session, planned, subject.at, evidence)
    changed = await change_log.raise_version(session, subject)
    stopped = ChangeEntry(Act.CHANGED, agency_id, reason="everything_stopped", detail=dict(evidence))
    await change_log.record(unit, changed, revocation_entries(planned, evidence) or [stopped])
    await change_log.tell_if_possible(unit, changed, planned_notices(planned, changed))
    await follow_ups.close_ended(session, [revocation.standing.ref for revocation in planned])
    if planned:
        await follow_ups.open_written(session, changed, agency_id, uuid4(), evidence)
    return RevocationOfAll(at_home, tuple(revocation.standing.ref for revocation in planned))


def revocation_entries(
    planned: Sequence[PlannedRevocation], evidence: Evidence, reason: str | None = None
) -> list[ChangeEntry]:
    """Return a line of the record for each directive that ends."""
    return [
        ChangeEntry(
            Act.REVOKED if revocation.stop is RevocationKind.REVOKE else Act.REFUSAL_RECORDED,
            revocation.standing.custodian,
            (revocation.standing.ref,),
            reason=reason,
            detail=dict(evidence),
        )
        for revocation in planned
    ]


def planned_notices(planned: Sequence[PlannedRevocation], subject: Subject) -> list[ConsentNotice]:
    """Return a notice for each directive that was in force, to whoever must stop using a copy."""
    revoked = [revocation.standing for revocation in planned if revocation.stop is RevocationKind.REVOKE]
    return [
        revocation_notices(summary, subject.cases[summary.custodian].case_ref, subject.at)
        for summary in revoked
        if summary.custodian in subject.cases
    ]
