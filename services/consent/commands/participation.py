"""Whether a survivor takes part, and that she died: what is about all of her directives at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from kernel.ledger.entry import Act
from runtime.auth.principal import Kind
from schemas.codes import Participation, RevokedBy
from services.consent import change_log, confirmations, stops, store
from services.consent.change_log import ChangeEntry
from services.consent.commands.revocation import planned_notices, revocation_entries
from services.consent.commands.signatures import ALONE
from services.consent.domain import (
    ConfirmationWait,
    DirectiveStepNotPossible,
    Step,
    check_died_on,
    confirmed_alone,
    grant_notices,
    plan_revocation_of_all,
    refuse_if,
    require,
    revocation_notices,
    unexplained,
)
from services.consent.domain.authority import sides_of
from services.consent.draft_context import draft_context
from services.consent.locked_subject import LockedSubject
from services.consent.requests import ChoiceEvidence


async def take_part(locked: LockedSubject, case_ref: UUID, choice: ChoiceEvidence) -> None:
    """Record that the survivor chose to take part; nothing is open by that alone."""
    _require(locked, Step.TAKE_PART)
    unit, subject = locked.unit, locked.subject
    context = await draft_context(locked, subject.home_agency, None, [choice.explained_by])
    refuse_if(unexplained(context, choice.language, choice.text_version, choice.explained_by, "evidence."))
    evidence = choice.model_dump(mode="json") | {"text_sha256": context.text_hash(choice.language, choice.text_version)}
    await store.participate(unit.session, subject.subject_id, Participation.YES)
    await _chosen(locked, case_ref, Participation.YES, evidence)
    changed = await change_log.raise_version(locked.unit.session, locked.subject)
    entry = ChangeEntry(Act.CHANGED, subject.home_agency, reason="participation_yes", detail={"evidence": evidence})
    await change_log.record(unit, changed, [entry])


async def take_no_part(locked: LockedSubject, case_ref: UUID, evidence: Mapping[str, Any]) -> Sequence[UUID]:
    """Record that the survivor takes no part: everything closes at once, and a later yes opens nothing again.

    Told by another agency than the home agency, it ends what that agency is a side of: no stop is turned away.
    """
    unit, subject = locked.unit, locked.subject
    if locked.is_home:
        await store.participate(unit.session, subject.subject_id, Participation.NO)
    await _chosen(locked, case_ref, Participation.NO, evidence)
    await stops.stop(unit.session, subject.subject_id, unit.agency_id, subject.at)
    standing = await stops.live_permits(unit.session, subject.subject_id)
    ended = plan_revocation_of_all(standing, None if locked.is_home else unit.agency_id)
    note = ChangeEntry(Act.CHANGED, unit.agency_id, reason="participation_no", detail={"evidence": dict(evidence)})
    revocation = store.how_ended(RevokedBy.SURVIVOR, None, unit.actor)
    await store.end(unit.session, ended, subject.at, revocation)
    changed = await change_log.raise_version(unit.session, subject)
    await change_log.record(unit, changed, [note, *revocation_entries(ended, revocation)])
    await change_log.tell_if_possible(unit, changed, planned_notices(ended, changed))
    return [planned.standing.ref for planned in ended]


async def record_death(locked: LockedSubject, died_on: date) -> None:
    """Record a death: from now on only directives that say they survive it are in force (R20).

    One person's word closes at once; `take_back_death` is the way back.
    """
    _require(locked, Step.RECORD_DEATH)
    unit, subject = locked.unit, locked.subject
    check_died_on(died_on, subject.at)
    provisions, _ = await store.provisions(unit.session, subject.subject_id)
    over = [
        provision
        for provision in provisions
        if provision.permits and provision.in_force(subject.at) and not provision.directive.survives_death
    ]
    await store.die(unit.session, subject.subject_id, died_on)
    await stops.stop(unit.session, subject.subject_id, unit.agency_id, subject.at)
    await confirmations.end_wait(unit.session, own_case(locked))
    now = await change_log.raise_version(locked.unit.session, locked.subject)
    await change_log.record(unit, now, [ChangeEntry(Act.CHANGED, subject.home_agency, reason="death")])
    notices = [
        revocation_notices(provision.standing(), now.cases[provision.directive.custodian].case_ref, now.at)
        for provision in over
    ]
    await change_log.tell_if_possible(unit, now, notices)


async def take_back_death(locked: LockedSubject) -> ConfirmationWait:
    """Record that a death was recorded by mistake; until a second person has confirmed, it stands."""
    _require(locked, Step.TAKE_BACK_DEATH)
    unit, subject = locked.unit, locked.subject
    await _require_death(locked)
    actor = unit.actor
    waiting = ConfirmationWait(since=subject.at, recorded_by=actor, parties=frozenset({actor}))
    await confirmations.begin_wait(unit.session, own_case(locked), unit.agency_id, waiting)
    note = ChangeEntry(Act.CHANGED, subject.home_agency, reason="death_correction_awaits_confirmation")
    await change_log.record(unit, subject, [note])
    return waiting


async def confirm_taking_back(locked: LockedSubject) -> None:
    """Take a death back on a second person's word: what it closed, and nothing else ended, is in force again."""
    _require(locked, Step.CONFIRM_TAKING_BACK)
    unit, subject = locked.unit, locked.subject
    await _require_death(locked)
    about = own_case(locked)
    waiting = await confirmations.of(unit.session, about)
    if waiting is None:
        raise DirectiveStepNotPossible("nothing_awaits_confirmation")
    context = await draft_context(locked, subject.home_agency, None)
    alone = confirmed_alone(waiting, unit.actor, context.profile, subject.at)
    await store.die(unit.session, subject.subject_id, None)
    await confirmations.end_wait(unit.session, about)
    now = await change_log.raise_version(locked.unit.session, locked.subject)
    detail = {"recorded_by": waiting.recorded_by, "confirmed_by": unit.actor}
    reason = ALONE if alone else "death_taken_back"
    await change_log.record(unit, now, [ChangeEntry(Act.CHANGED, subject.home_agency, reason=reason, detail=detail)])
    reopened = [
        provision
        for provision in context.standing
        if provision.permits
        and provision.in_force(now.at)
        and not provision.directive.survives_death
        and now.table.participating
    ]
    notices = [
        grant_notices(provision, now.cases[provision.directive.custodian].case_ref, now.at) for provision in reopened
    ]
    await change_log.tell(unit, now, notices)


def own_case(locked: LockedSubject) -> UUID:
    """Return the agency's own reference; raises `LookupError` where it has no case."""
    if locked.own is None:
        raise LookupError("an agency without a case")
    return locked.own.case_ref


async def _require_death(locked: LockedSubject) -> None:
    if not await store.is_deceased(locked.unit.session, locked.subject.subject_id):
        raise DirectiveStepNotPossible("no_death_on_record")


async def _chosen(
    locked: LockedSubject, case_ref: UUID, participation: Participation, evidence: Mapping[str, Any]
) -> None:
    unit = locked.unit
    await store.choose(unit.session, unit.agency_id, case_ref, participation, evidence, unit.actor, locked.subject.at)


def _require(locked: LockedSubject, step: Step) -> None:
    unit = locked.unit
    sides = sides_of(unit.agency_id, home=locked.subject.home_agency)
    require(step, sides, person=unit.kind is Kind.PERSON)
