"""What staff record of a survivor's say-so, and how they stop it."""

from __future__ import annotations

from uuid import UUID

from fastapi import Response

from runtime.http import FieldError, Invalid, etag, replayed_by, stops
from schemas.codes import DirectiveEffect, DirectiveState, Participation
from services.consent import draft_commands, locked_subject, participation_commands, revocation_commands, staff, store
from services.consent.api.permissions import MayAskToTakePart, MayDraft, MayRecordSignatures, MayStop, routes, rules
from services.consent.api.replays import as_chosen, as_corrected, as_drafted
from services.consent.requests import (
    ConfirmationForm,
    DeathCorrectionForm,
    DeathForm,
    DirectiveForm,
    ParticipationForm,
    RevocationForm,
)
from services.consent.responses import (
    AllStoppedAnswer,
    DeathAnswer,
    DirectiveAnswer,
    ParticipationAnswer,
    StoppedAnswer,
)


@routes.put("/cases/{case_ref}/participation", response_model=ParticipationAnswer)
@replayed_by(as_chosen, unless=lambda body: body.get("participation") == Participation.NO)
async def choose_participation(case_ref: UUID, form: ParticipationForm, unit: MayAskToTakePart) -> ParticipationAnswer:
    """Record whether the survivor takes part. A no closes everything at once, and needs no evidence."""
    closes = form.participation is Participation.NO
    held = await locked_subject.own_case(unit, case_ref, patient=closes)
    if closes:
        evidence = {} if form.evidence is None else form.evidence.model_dump(mode="json")
        revoked = tuple(await participation_commands.take_no_part(held, case_ref, evidence))
        shown = revoked if held.is_home else ()
        return ParticipationAnswer(
            case_ref=case_ref, participation=form.participation, everything=held.is_home, revoked=shown
        )
    if form.evidence is None:
        raise Invalid([FieldError("body.evidence", "missing")])
    with rules():
        await participation_commands.take_part(held, case_ref, form.evidence)
    return ParticipationAnswer(case_ref=case_ref, participation=form.participation, everything=True)


@routes.put("/cases/{case_ref}/death", status_code=204)
@stops
async def record_death(case_ref: UUID, form: DeathForm, unit: MayAskToTakePart) -> None:
    """Record a death: what does not say that it survives it is over from this answer on."""
    held = await locked_subject.own_case(unit, case_ref)
    with rules():
        await participation_commands.record_death(held, form.died_on)


@routes.post("/cases/{case_ref}/death/correction", response_model=DeathAnswer)
@replayed_by(as_corrected)
async def correct_death(case_ref: UUID, unit: MayRecordSignatures, _: DeathCorrectionForm | None = None) -> DeathAnswer:
    """Record that a death was recorded by mistake: it stands until a second person has confirmed."""
    held = await locked_subject.own_case(unit, case_ref)
    with rules():
        return DeathAnswer.of(case_ref, await participation_commands.take_back_death(held))


@routes.post("/cases/{case_ref}/death/confirmation", response_model=DeathAnswer)
@replayed_by(as_corrected)
async def confirm_correction(
    case_ref: UUID, unit: MayRecordSignatures, _: ConfirmationForm | None = None
) -> DeathAnswer:
    """Confirm, as a second person of the home agency, that a death was recorded by mistake."""
    held = await locked_subject.own_case(unit, case_ref)
    with rules():
        await participation_commands.confirm_taking_back(held)
    return DeathAnswer.of(case_ref, None, deceased=False)


@routes.post("/cases/{case_ref}/directives", status_code=201, response_model=DirectiveAnswer)
@replayed_by(as_drafted, unless=lambda body: body.get("effect") == DirectiveEffect.DENY)
async def draft_directive(case_ref: UUID, form: DirectiveForm, unit: MayDraft, answer: Response) -> DirectiveAnswer:
    """Record what the survivor wants permitted or denied: a denial and a narrowing are in force with the answer."""
    closes = form.effect is DirectiveEffect.DENY or form.supersedes_ref is not None
    held = await locked_subject.own_case(unit, case_ref, patient=closes)
    with rules():
        new = await draft_commands.record_draft(held, form.said(unit.agency_id))
    unit.created = new.ref
    answer.headers["Location"] = f"/v1/directives/{new.ref}"
    answer.headers["ETag"] = etag(new.version)
    return DirectiveAnswer.of(new, held.subject, known=await staff.known(unit, new.directive))


@routes.post("/cases/{case_ref}/revocation", response_model=AllStoppedAnswer)
@stops
async def stop_everything(case_ref: UUID, unit: MayStop, form: RevocationForm | None = None) -> AllStoppedAnswer:
    """Stop everything: every permit, or elsewhere than at the home agency those this agency is a side of."""
    told = form or RevocationForm()
    held = await locked_subject.own_case(unit, case_ref, patient=True)
    ended = tuple(await revocation_commands.stop_all(held, store.how_ended(told.by, told.channel, unit.actor)))
    return AllStoppedAnswer(case_ref=case_ref, everything=held.is_home, ended=ended if held.is_home else ())


@routes.post("/directives/{directive_ref}/revocation", response_model=StoppedAnswer, responses={409: {}})
@stops
async def stop_directive(directive_ref: UUID, unit: MayStop, form: RevocationForm | None = None) -> StoppedAnswer:
    """Stop a directive, and whatever has replaced it. No If-Match, no body and no evidence is asked for a stop.

    A denial is no permit: to end one opens what was closed, which is `POST /v1/directives/{directive_ref}/lifting`.
    The commit comes before the answer: no opening that starts after it shows what was stopped.
    """
    told = form or RevocationForm()
    held, place = await locked_subject.directive_to_stop(unit, directive_ref)
    how = store.how_ended(told.by, told.channel, unit.actor)
    with rules():
        standing, ended = await revocation_commands.stop_one(held, place, how)
    if place.custodian != unit.agency_id:
        return StoppedAnswer(directive_ref=directive_ref, state=DirectiveState.REVOKED)
    return StoppedAnswer(directive_ref=directive_ref, state=DirectiveState(standing.state), ended=tuple(ended))
