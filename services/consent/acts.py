"""What staff record of a survivor's say-so. Each act holds the subject exclusive before it reads anything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from kernel.ledger.entry import Act
from runtime import register
from runtime.unit import Unit
from schemas.codes import DirectiveState, Participation, RevokedBy
from services.consent import changing, due, store
from services.consent.changing import Note
from services.consent.domain import (
    NotPossible,
    Provision,
    Said,
    Scene,
    Signature,
    Standing,
    Stop,
    Stopped,
    check_lifting,
    check_refusable,
    draft,
    of_denial,
    of_grant,
    of_narrowing,
    of_refusal,
    of_revocation,
    sign,
    stopped,
    stopped_all,
    superseded,
)
from services.consent.ground import Ground
from services.consent.profiles import profile
from services.consent.store import Place


async def record_said(held: Ground, said: Said) -> Provision:
    """Record a provision: a permit waits for its signature, a denial and a narrowing are in force at once."""
    unit = held.unit
    named = await _resolved(unit, said)
    persons = await store.persons(unit.session, [said.excluded_person_ref])
    scene = await _scene(held, named.custodian, named.recipient, persons)
    new = draft(named, scene, uuid4())
    if new.state is DirectiveState.DRAFT:
        await store.add(unit.session, held.subject.subject_id, new)
        await changing.record(unit, held.subject, [Note.of(Act.CHANGED, new, reason="drafted")])
    elif new.permits:
        old = next(one for one in scene.standing if one.ref == new.supersedes_ref)
        await _narrow(held, new, old)
    else:
        await _deny(held, new, scene)
    return new


async def record_signature(held: Ground, one: Provision, signature: Signature) -> Provision:
    """Put a draft in force on a signature; from the answer on, the recipient may open what it permits."""
    unit, subject, said = held.unit, held.subject, one.directive
    session = unit.session
    persons = await store.persons(session, [signature.explained_by])
    scene = await _scene(held, said.custodian, said.recipient, persons)
    active, replaced = sign(one, signature, scene)

    async def rows() -> None:
        for name in (said.custodian, said.recipient):
            await register.join_case(session, subject.subject_id, str(name))
        for changed in filter(None, (active, replaced)):
            await store.keep(session, changed)

    evidence = signature.evidence() | {"signed_at": signature.signed_at.isoformat(), "part2": signature.part2}
    note = Note.of(Act.GRANTED, active, *_ref_of(replaced), detail={"evidence": evidence})
    now = await changing.change(held, rows, [note])
    case_ref = now.cases[said.custodian].case_ref
    if replaced is not None:
        told = of_narrowing(active, replaced, case_ref, now.at)
        await changing.tell_if_possible(unit, now, [] if told is None else [told])
    await changing.tell(unit, now, [of_grant(active, case_ref, now.at)])
    if active.in_force(now.at):
        await due.announce(session, active.ref)
    return active


async def record_refusal(held: Ground, one: Provision) -> Provision:
    """Record that the survivor said no to a draft; its recipient can never tell that from silence."""
    unit = held.unit
    check_refusable(one)
    await store.end(unit.session, [Stopped(one.standing(), Stop.REFUSE)], held.subject.at, {})
    await changing.record(unit, held.subject, [Note.of(Act.REFUSAL_RECORDED, one)])
    case = held.subject.cases.get(one.directive.custodian)
    if case is not None:
        told = of_refusal(one, case.case_ref, held.subject.at)
        await changing.tell_if_possible(unit, held.subject, [told])
    refused = replace(one.directive, state=DirectiveState.REFUSED)
    return replace(one, directive=refused, refused_at=held.subject.at, version=one.version + 1)


async def stop_one(
    held: Ground, place: Place, how: Mapping[str, str | None], signature: Signature | None
) -> tuple[Standing, Sequence[UUID]]:
    """End a directive and whatever replaced it; return it as it stands now, and what this act ended."""
    unit = held.unit
    standing = await store.standing(unit.session, held.subject.subject_id)
    target = next(one for one in standing if one.ref == place.directive_ref)
    if target.denies and target.state == DirectiveState.ACTIVE:
        persons = await store.persons(unit.session, [None if signature is None else signature.explained_by])
        scene = await _scene(held, target.custodian, target.recipient, persons)
        check_lifting(RevokedBy(how["by"] or ""), signature, scene)
    ended = stopped(target.ref, standing)
    await _end(held, ended, how)
    after = await store.standing(unit.session, held.subject.subject_id)
    return next(one for one in after if one.ref == target.ref), [one.standing.ref for one in ended]


async def stop_all(held: Ground, how: Mapping[str, str | None]) -> Sequence[UUID]:
    """End every permit of the subject; elsewhere than at the home agency, those that this agency is a side of."""
    unit = held.unit
    standing = await store.standing(unit.session, held.subject.subject_id)
    ended = stopped_all(standing, None if held.is_home else unit.agency_id)
    await _end(held, ended, how)
    return [one.standing.ref for one in ended]


async def take_part(held: Ground, case_ref: UUID, evidence: Mapping[str, Any]) -> None:
    """Record that the survivor chose to take part; nothing is open by that alone."""
    if not held.is_home:
        raise NotPossible("held_elsewhere")
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
    standing = await store.standing(unit.session, subject.subject_id)
    ended = stopped_all(standing, None if held.is_home else unit.agency_id)
    note = Note(Act.CHANGED, unit.agency_id, reason="participation_no", detail={"evidence": dict(evidence)})
    await _end(held, ended, store.how_ended(RevokedBy.SURVIVOR, None, unit.actor), [note])
    return [one.standing.ref for one in ended]


async def record_death(held: Ground, died_on: date) -> None:
    """Record a death: from now on only directives that say they survive it are in force (R20)."""
    if not held.is_home:
        raise NotPossible("held_elsewhere")
    unit, subject = held.unit, held.subject
    provisions, _ = await store.provisions(unit.session, subject.subject_id)
    over = [one for one in provisions if one.permits and one.in_force(subject.at) and not one.directive.survives_death]

    async def rows() -> None:
        await store.die(unit.session, subject.subject_id, died_on)

    now = await changing.change(held, rows, [Note(Act.CHANGED, subject.home_agency, reason="death")])
    told = [of_revocation(one.standing(), now.cases[one.directive.custodian].case_ref, now.at) for one in over]
    await changing.tell_if_possible(unit, now, told)


async def own_provisions(held: Ground) -> tuple[list[Provision], int]:
    """Return the provisions of which the agency is custodian, and its open drafts of others; and the unreadable."""
    provisions, unreadable = await store.provisions(held.unit.session, held.subject.subject_id)
    mine = held.unit.agency_id
    found = [
        one
        for one in provisions
        if one.directive.custodian == mine
        or (one.drafting_agency == mine and one.state in (DirectiveState.DRAFT, DirectiveState.ACTIVE))
    ]
    return found, unreadable if held.is_home else 0


def state_of(standing: Standing) -> DirectiveState:
    """Return the state of what was stopped, as its custodian reads it."""
    return DirectiveState(standing.state)


async def provision_of(held: Ground, ref: UUID) -> Provision:
    """Return the provision, read under the lock; one that cannot be read can be stopped and nothing else."""
    provisions, _ = await store.provisions(held.unit.session, held.subject.subject_id)
    found = next((one for one in provisions if one.ref == ref), None)
    if found is None:
        raise NotPossible("unreadable")
    return found


async def _narrow(held: Ground, new: Provision, old: Provision) -> None:
    session = held.unit.session

    async def rows() -> None:
        await store.add(session, held.subject.subject_id, new)
        await store.keep(session, superseded(old))

    now = await changing.change(held, rows, [Note.of(Act.CHANGED, new, old.ref, reason="narrowed")])
    told = of_narrowing(new, old, now.cases[new.directive.custodian].case_ref, now.at)
    if new.in_force(now.at):
        # Its recipient knows of the old one; that it was narrowed is told only where something was relayed.
        await due.announce(session, new.ref)
    await changing.tell_if_possible(held.unit, now, [] if told is None else [told])


async def _deny(held: Ground, new: Provision, scene: Scene) -> None:
    async def rows() -> None:
        await store.add(held.unit.session, held.subject.subject_id, new)

    now = await changing.change(held, rows, [Note.of(Act.CHANGED, new, reason="denied")])
    case = now.cases.get(new.directive.custodian)
    if case is None:
        return
    # To its custodian alone: what a recipient hears is what is left to it, never that somebody said no.
    told = [of_grant(new, case.case_ref, now.at), *of_denial(new, scene.standing, case.case_ref, now.at)]
    await changing.tell_if_possible(held.unit, now, told)


async def _end(
    held: Ground, ended: Iterable[Stopped], how: Mapping[str, str | None], notes: Sequence[Note] = ()
) -> None:
    """End directives for good: rows and version first, and only then who must be told."""
    ending = tuple(ended)
    subject, session = held.subject, held.unit.session

    async def rows() -> None:
        await store.end(session, ending, subject.at, how)

    if not ending and not notes:
        await changing.tell_late(held, subject)
        return
    record = [*notes, *(_note_of(one, how) for one in ending)]
    now = await changing.change(held, rows, record)
    revoked = [one.standing for one in ending if one.stop is Stop.REVOKE]
    told = [
        of_revocation(one, now.cases[one.custodian].case_ref, now.at) for one in revoked if one.custodian in now.cases
    ]
    await changing.tell_if_possible(held.unit, now, told)


def _note_of(one: Stopped, how: Mapping[str, str | None]) -> Note:
    act = Act.REVOKED if one.stop is Stop.REVOKE else Act.REFUSAL_RECORDED
    return Note(act, one.standing.custodian, (one.standing.ref,), detail=dict(how))


def _ref_of(one: Provision | None) -> tuple[UUID, ...]:
    return () if one is None else (one.ref,)


async def _chosen(held: Ground, case_ref: UUID, word: Participation, evidence: Mapping[str, Any]) -> None:
    unit = held.unit
    await store.choose(unit.session, unit.agency_id, case_ref, word, evidence, unit.actor, held.subject.at)


async def _resolved(unit: Unit, said: Said) -> Said:
    """Return `said` with the register's own references, where it names a directive as a recipient knows it."""
    supersedes = await _known(unit, said.supersedes_ref)
    return replace(said, supersedes_ref=supersedes, adds_to_ref=await _known(unit, said.adds_to_ref))


async def _known(unit: Unit, ref: UUID | None) -> UUID | None:
    """Return the register's reference; one that is not this agency's to name leads nowhere, like one never given."""
    if ref is None:
        return None
    place = await store.stoppable(unit.session, unit.agency_id, ref)
    return uuid4() if place is None else place.directive_ref


async def _scene(held: Ground, custodian: str, recipient: str | None, persons: frozenset[str]) -> Scene:
    session, subject = held.unit.session, held.subject
    provisions, _ = await store.provisions(session, subject.subject_id)
    agencies = await store.agencies(session, [custodian, recipient])
    parties = await store.parties(session, [custodian])
    return Scene(
        at=subject.at,
        by_agency=held.unit.agency_id,
        by_actor=held.unit.actor,
        home_agency=subject.home_agency,
        participation=subject.participation,
        agencies=agencies,
        known_persons=persons,
        profile=profile(parties[custodian].profile if custodian in parties else ""),
        standing=provisions,
    )
