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
    held: LockedSubject, place: Place, how: Mapping[str, str | None]
) -> tuple[DirectiveSummary, Sequence[UUID]]:
    """End a directive and whatever replaced it; return it as it stands now, and what this act ended."""
    unit = held.unit
    standing = await stops.chain(unit.session, held.subject.subject_id, place.directive_ref)
    target = next(one for one in standing if one.ref == place.directive_ref)
    check_stoppable(target)
    ended = plan_revocation(target.ref, standing)
    await end(held, ended, how)
    after = await stops.chain(unit.session, held.subject.subject_id, place.directive_ref)
    return next(one for one in after if one.ref == target.ref), [one.standing.ref for one in ended]


async def stop_all(held: LockedSubject, how: Mapping[str, str | None]) -> Sequence[UUID]:
    """End every permit of the subject; elsewhere than at the home agency, those that this agency is a side of.

    That it was said is kept even where nothing stood: no paper from before it opens anything.
    """
    unit = held.unit
    standing = await stops.live_permits(unit.session, held.subject.subject_id)
    ended = plan_revocation_of_all(standing, None if held.is_home else unit.agency_id)
    await stops.stop(unit.session, held.subject.subject_id, unit.agency_id, held.subject.at)
    notes = [] if ended else [ChangeEntry(Act.CHANGED, unit.agency_id, reason="everything_stopped", detail=dict(how))]
    await end(held, ended, how, notes)
    return [one.standing.ref for one in ended]


async def end(
    held: LockedSubject,
    ended: Iterable[PlannedRevocation],
    how: Mapping[str, str | None],
    notes: Sequence[ChangeEntry] = (),
    reason: str | None = None,
) -> None:
    """End directives for good: rows and version first, and only then who must be told."""
    ending = tuple(ended)
    subject, session = held.subject, held.unit.session

    async def rows() -> None:
        await store.end(session, ending, subject.at, how)

    if not ending and not notes:
        await change_log.tell_late(held, subject)
        return
    record = [*notes, *(_note_of(one, how, reason) for one in ending)]
    now = await change_log.change(held, rows, record)
    revoked = [one.standing for one in ending if one.stop is RevocationKind.REVOKE]
    told = [
        revocation_notices(one, now.cases[one.custodian].case_ref, now.at)
        for one in revoked
        if one.custodian in now.cases
    ]
    await change_log.tell_if_possible(held.unit, now, told)


def _note_of(one: PlannedRevocation, how: Mapping[str, str | None], reason: str | None) -> ChangeEntry:
    act = Act.REVOKED if one.stop is RevocationKind.REVOKE else Act.REFUSAL_RECORDED
    return ChangeEntry(act, one.standing.custodian, (one.standing.ref,), reason=reason, detail=dict(how))
