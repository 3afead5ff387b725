"""Revocation of one directive, or of all of them. Nothing is asked for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from kernel.ledger.entry import Act
from runtime.database.unit_of_work import UnitOfWork
from runtime.register import Subject
from schemas.codes import DirectiveState
from services.consent import change_log, locked_subject, stops, store
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
from services.consent.locked_subject import LockedSubject

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
    locked, place = await locked_subject.directive_to_stop(unit, directive_ref)
    chain = await stops.chain(unit.session, locked.subject.subject_id, place.directive_ref)
    target = next(summary for summary in chain if summary.ref == place.directive_ref)
    check_stoppable(target)
    planned = plan_revocation(target.ref, chain)
    await carry_out(locked, planned, evidence)
    ended = {revocation.standing.ref: STATE_AFTER[revocation.stop] for revocation in planned}
    return Revocation(place.custodian, ended.get(target.ref, target.state), tuple(ended))


async def revoke_everything(unit: UnitOfWork, case_ref: UUID, evidence: Evidence) -> RevocationOfAll:
    """End every permit of the subject; elsewhere than at the home agency, those that this agency is a side of.

    That it was said is kept even where nothing stood: no paper from before it opens anything.
    """
    locked = await locked_subject.own_case(unit, case_ref, patient=True)
    subject = locked.subject
    permits = await stops.live_permits(unit.session, subject.subject_id)
    planned = plan_revocation_of_all(permits, None if locked.is_home else unit.agency_id)
    await stops.stop(unit.session, subject.subject_id, unit.agency_id, subject.at)
    stopped = ChangeEntry(Act.CHANGED, unit.agency_id, reason="everything_stopped", detail=dict(evidence))
    await carry_out(locked, planned, evidence, [] if planned else [stopped])
    return RevocationOfAll(locked.is_home, tuple(revocation.standing.ref for revocation in planned))


async def carry_out(
    locked: LockedSubject,
    planned: Sequence[PlannedRevocation],
    evidence: Evidence,
    entries: Sequence[ChangeEntry] = (),
    reason: str | None = None,
) -> None:
    """Write what ends, raise the version, record it, and enqueue a notice to each who must stop using a copy."""
    unit, session = locked.unit, locked.unit.session
    if not planned and not entries:
        await change_log.tell_late(locked, locked.subject)
        return
    await store.end(session, planned, locked.subject.at, evidence)
    subject = await change_log.raise_version(locked)
    ending = [_entry(revocation, evidence, reason) for revocation in planned]
    await change_log.record(unit, subject, [*entries, *ending])
    await change_log.tell_if_possible(unit, subject, _notices(planned, subject))


def _notices(planned: Sequence[PlannedRevocation], subject: Subject) -> list[ConsentNotice]:
    revoked = [revocation.standing for revocation in planned if revocation.stop is RevocationKind.REVOKE]
    return [
        revocation_notices(summary, subject.cases[summary.custodian].case_ref, subject.at)
        for summary in revoked
        if summary.custodian in subject.cases
    ]


def _entry(revocation: PlannedRevocation, evidence: Evidence, reason: str | None) -> ChangeEntry:
    act = Act.REVOKED if revocation.stop is RevocationKind.REVOKE else Act.REFUSAL_RECORDED
    standing = revocation.standing
    return ChangeEntry(act, standing.custodian, (standing.ref,), reason=reason, detail=dict(evidence))
