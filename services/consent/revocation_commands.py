"""Stopping: one directive, or all of them. Nothing is asked for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from kernel.ledger.entry import Act
from services.consent import change_log, stops, store
from services.consent.change_log import ChangeEntry
from services.consent.domain import (
    DirectiveSummary,
    PlannedRevocation,
    RevocationKind,
    check_stoppable,
    plan_revocation,
    plan_revocation_of_all,
    revocation_notices,
)
from services.consent.locked_subject import LockedSubject
from services.consent.store import Place


async def stop_one(
    locked: LockedSubject, place: Place, revocation: Mapping[str, str | None]
) -> tuple[DirectiveSummary, Sequence[UUID]]:
    """End a directive and whatever replaced it; return it as it stands now, and what this act ended."""
    unit = locked.unit
    standing = await stops.chain(unit.session, locked.subject.subject_id, place.directive_ref)
    target = next(summary for summary in standing if summary.ref == place.directive_ref)
    check_stoppable(target)
    ended = plan_revocation(target.ref, standing)
    await end(locked, ended, revocation)
    after = await stops.chain(unit.session, locked.subject.subject_id, place.directive_ref)
    return next(summary for summary in after if summary.ref == target.ref), [planned.standing.ref for planned in ended]


async def stop_all(locked: LockedSubject, revocation: Mapping[str, str | None]) -> Sequence[UUID]:
    """End every permit of the subject; elsewhere than at the home agency, those that this agency is a side of.

    That it was said is kept even where nothing stood: no paper from before it opens anything.
    """
    unit = locked.unit
    standing = await stops.live_permits(unit.session, locked.subject.subject_id)
    ended = plan_revocation_of_all(standing, None if locked.is_home else unit.agency_id)
    await stops.stop(unit.session, locked.subject.subject_id, unit.agency_id, locked.subject.at)
    notes = (
        []
        if ended
        else [ChangeEntry(Act.CHANGED, unit.agency_id, reason="everything_stopped", detail=dict(revocation))]
    )
    await end(locked, ended, revocation, notes)
    return [planned.standing.ref for planned in ended]


async def end(
    locked: LockedSubject,
    ended: Iterable[PlannedRevocation],
    revocation: Mapping[str, str | None],
    notes: Sequence[ChangeEntry] = (),
    reason: str | None = None,
) -> None:
    """End directives for good: rows and version first, and only then who must be told."""
    ending = tuple(ended)
    subject, session = locked.subject, locked.unit.session

    async def rows() -> None:
        await store.end(session, ending, subject.at, revocation)

    if not ending and not notes:
        await change_log.tell_late(locked, subject)
        return
    record = [*notes, *(_note_of(planned, revocation, reason) for planned in ending)]
    now = await change_log.change(locked, rows, record)
    revoked = [planned.standing for planned in ending if planned.stop is RevocationKind.REVOKE]
    notices = [
        revocation_notices(summary, now.cases[summary.custodian].case_ref, now.at)
        for summary in revoked
        if summary.custodian in now.cases
    ]
    await change_log.tell_if_possible(locked.unit, now, notices)


def _note_of(planned: PlannedRevocation, revocation: Mapping[str, str | None], reason: str | None) -> ChangeEntry:
    act = Act.REVOKED if planned.stop is RevocationKind.REVOKE else Act.REFUSAL_RECORDED
    return ChangeEntry(act, planned.standing.custodian, (planned.standing.ref,), reason=reason, detail=dict(revocation))
