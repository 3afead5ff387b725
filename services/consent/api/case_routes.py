"""What staff record of a survivor's say-so, and how they stop it."""

from __future__ import annotations

from uuid import UUID

from fastapi import Response

from runtime.http import FieldError, Invalid, etag, replayed_by, stops
from schemas.codes import DirectiveEffect, DirectiveState, Participation
from services.consent import locked_subject, staff, store
from services.consent.api.permissions import (
    MayAskToTakePart,
    MayDraft,
    MayExclude,
    MayRecordSignatures,
    MayStop,
    routes,
)
from services.consent.api.replays import as_chosen, as_corrected, as_drafted
from services.consent.commands import drafts, participation, revocation
from services.consent.domain import RequestedDirective
from services.consent.locked_subject import LockedSubject
from services.consent.requests import (
    ConfirmationRequest,
    DeathCorrectionRequest,
    DeathRequest,
    DirectiveRequest,
    ExclusionRequest,
    ParticipationRequest,
    RevocationRequest,
)
from services.consent.responses import (
    AllStoppedResponse,
    DeathResponse,
    DirectiveResponse,
    ParticipationResponse,
    StoppedResponse,
)


@routes.put("/cases/{case_ref}/participation", response_model=ParticipationResponse)
@replayed_by(as_chosen, unless=lambda body: body.get("participation") == Participation.NO)
async def choose_participation(
    case_ref: UUID, form: ParticipationRequest, unit: MayAskToTakePart
) -> ParticipationResponse:
    """Record whether the survivor takes part. A no closes everything at once, and needs no evidence."""
    closes = form.participation is Participation.NO
    locked = await locked_subject.own_case(unit, case_ref, patient=closes)
    if closes:
        evidence = {} if form.evidence is None else form.evidence.model_dump(mode="json")
        revoked = tuple(await participation.take_no_part(locked, case_ref, evidence))
        visible = revoked if locked.is_home else ()
        return ParticipationResponse(
            case_ref=case_ref, participation=form.participation, everything=locked.is_home, revoked=visible
        )
    if form.evidence is None:
        raise Invalid([FieldError("body.evidence", "missing")])
    await participation.take_part(locked, case_ref, form.evidence)
    return ParticipationResponse(case_ref=case_ref, participation=form.participation, everything=True)


@routes.put("/cases/{case_ref}/death", status_code=204)
@stops
async def record_death(case_ref: UUID, form: DeathRequest, unit: MayAskToTakePart) -> None:
    """Record a death: what does not say that it survives it is over from this answer on."""
    locked = await locked_subject.own_case(unit, case_ref)
    await participation.record_death(locked, form.died_on)


@routes.post("/cases/{case_ref}/death/correction", response_model=DeathResponse)
@replayed_by(as_corrected)
async def correct_death(
    case_ref: UUID, unit: MayRecordSignatures, _: DeathCorrectionRequest | None = None
) -> DeathResponse:
    """Record that a death was recorded by mistake: it stands until a second person has confirmed."""
    locked = await locked_subject.own_case(unit, case_ref)
    return DeathResponse.of(case_ref, await participation.take_back_death(locked))


@routes.post("/cases/{case_ref}/death/confirmation", response_model=DeathResponse)
@replayed_by(as_corrected)
async def confirm_correction(
    case_ref: UUID, unit: MayRecordSignatures, _: ConfirmationRequest | None = None
) -> DeathResponse:
    """Confirm, as a second person of the home agency, that a death was recorded by mistake."""
    locked = await locked_subject.own_case(unit, case_ref)
    await participation.confirm_taking_back(locked)
    return DeathResponse.of(case_ref, None, deceased=False)


@routes.post("/cases/{case_ref}/directives", status_code=201, response_model=DirectiveResponse)
@replayed_by(as_drafted, unless=lambda body: body.get("effect") == DirectiveEffect.DENY)
async def draft_directive(
    case_ref: UUID, form: DirectiveRequest, unit: MayDraft, answer: Response
) -> DirectiveResponse:
    """Record what the survivor wants permitted or denied: a denial and a narrowing are in force with the answer."""
    closes = form.effect is DirectiveEffect.DENY or form.supersedes_ref is not None
    locked = await locked_subject.own_case(unit, case_ref, patient=closes)
    return await _drafted(locked, form.requested_directive(unit.agency_id), answer)


@routes.post("/cases/{case_ref}/exclusions", status_code=201, response_model=DirectiveResponse)
@stops
async def exclude_person(
    case_ref: UUID, form: ExclusionRequest, unit: MayExclude, answer: Response
) -> DirectiveResponse:
    """Shut a person out of everything of the survivor: with the answer they find nothing of it, at any agency.

    Of the agency's own staff, `excluded_person_known` says whether somebody of that reference works there.
    """
    locked = await locked_subject.own_case(unit, case_ref, patient=True)
    return await _drafted(locked, form.requested_directive(unit.agency_id), answer)


@routes.post("/cases/{case_ref}/revocation", response_model=AllStoppedResponse)
@stops
async def stop_everything(case_ref: UUID, unit: MayStop, form: RevocationRequest | None = None) -> AllStoppedResponse:
    """Stop everything: every permit, or elsewhere than at the home agency those this agency is a side of."""
    request = form or RevocationRequest()
    evidence = store.how_ended(request.by, request.channel, unit.actor, request.told_at)
    revoked = await revocation.revoke_everything(unit, case_ref, evidence)
    visible = revoked.ended if revoked.everything else ()
    return AllStoppedResponse(case_ref=case_ref, everything=revoked.everything, ended=visible)


@routes.post("/directives/{directive_ref}/revocation", response_model=StoppedResponse, responses={409: {}})
@stops
async def stop_directive(directive_ref: UUID, unit: MayStop, form: RevocationRequest | None = None) -> StoppedResponse:
    """Stop a directive, and whatever has replaced it. No If-Match, no body and no evidence is asked for a stop.

    A denial is no permit: to end one opens what was closed, which is `POST /v1/directives/{directive_ref}/lifting`.
    The commit comes before the answer: no opening that starts after it shows what was stopped.
    """
    request = form or RevocationRequest()
    evidence = store.how_ended(request.by, request.channel, unit.actor, request.told_at)
    revoked = await revocation.revoke_directive(unit, directive_ref, evidence)
    if revoked.custodian != unit.agency_id:
        return StoppedResponse(directive_ref=directive_ref, state=DirectiveState.REVOKED)
    return StoppedResponse(directive_ref=directive_ref, state=DirectiveState(revoked.state), ended=revoked.ended)


async def _drafted(locked: LockedSubject, requested: RequestedDirective, answer: Response) -> DirectiveResponse:
    """Record a provision and show it."""
    new = await drafts.record_draft(locked, requested)
    locked.unit.created = new.ref
    answer.headers["Location"] = f"/v1/directives/{new.ref}"
    answer.headers["ETag"] = etag(new.version)
    person_known = await staff.excluded_person_known(locked.unit, new.directive)
    return DirectiveResponse.of(new, locked.subject, excluded_person_known=person_known)
