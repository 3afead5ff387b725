"""Whether a survivor takes part, and that she died: what is about all of her directives at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from kernel.ledger.entry import Act
from runtime.access.principal import Kind
from schemas.codes import Participation, RevokedBy
from services.consent import changing, stops, store
from services.consent.changing import Note
from services.consent.closing import end
from services.consent.domain import Step, of_revocation, require, stopped_all
from services.consent.domain.authority import sides_of
from services.consent.ground import Ground


async def take_part(held: Ground, case_ref: UUID, evidence: Mapping[str, Any]) -> None:
    """Record that the survivor chose to take part; nothing is open by that alone."""
    _require(held, Step.TAKE_PART)
    unit, subject = held.unit, held.subject

    async def rows() -> None:
        await store.participate(unit.session, subject.subject_id, Participation.YES)
        await _chosen(held, case_ref, Participation.YES, evidence)

    note = Note(Act.CHANGED, subject.home_agency, reason="participation_yes", detail={"evidence": dict(evidence)})
    await changing.change(held, rows, [note])


async def take_no_part(held: Ground, case_ref: UUID, evidence: Mapping[str, Any]) -> Sequence[UUID]:
    """Record that the survivor takes no part: everything closes at once, and a later yes opens nothing again.

    Told by another agency than the home agency, it ends what that agency is a side of: no stop is turned away.
    """
    unit, subject = held.unit, held.subject
    if held.is_home:
        await store.participate(unit.session, subject.subject_id, Participation.NO)
    await _chosen(held, case_ref, Participation.NO, evidence)
    await stops.stop(unit.session, subject.subject_id, unit.agency_id, subject.at)
    standing = await store.standing(unit.session, subject.subject_id)
    ended = stopped_all(standing, None if held.is_home else unit.agency_id)
    note = Note(Act.CHANGED, unit.agency_id, reason="participation_no", detail={"evidence": dict(evidence)})
    await end(held, ended, store.how_ended(RevokedBy.SURVIVOR, None, unit.actor), [note])
    return [one.standing.ref for one in ended]


async def record_death(held: Ground, died_on: date) -> None:
    """Record a death: from now on only directives that say they survive it are in force (R20)."""
    _require(held, Step.RECORD_DEATH)
    unit, subject = held.unit, held.subject
    provisions, _ = await store.provisions(unit.session, subject.subject_id)
    over = [one for one in provisions if one.permits and one.in_force(subject.at) and not one.directive.survives_death]

    async def rows() -> None:
        await store.die(unit.session, subject.subject_id, died_on)

    now = await changing.change(held, rows, [Note(Act.CHANGED, subject.home_agency, reason="death")])
    told = [of_revocation(one.standing(), now.cases[one.directive.custodian].case_ref, now.at) for one in over]
    await changing.tell_if_possible(unit, now, told)


async def _chosen(held: Ground, case_ref: UUID, word: Participation, evidence: Mapping[str, Any]) -> None:
    unit = held.unit
    await store.choose(unit.session, unit.agency_id, case_ref, word, evidence, unit.actor, held.subject.at)


def _require(held: Ground, step: Step) -> None:
    unit = held.unit
    sides = sides_of(unit.agency_id, home=held.subject.home_agency)
    require(step, sides, person=unit.kind is Kind.PERSON)
