"""What staff record of a survivor's say-so, and what their agency may read of it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Request, Response

from kernel.ledger.entry import Act
from runtime.http import (
    Cursor,
    FieldError,
    IfMatch,
    Invalid,
    Limit,
    answered_again_by,
    etag,
    may,
    require_match,
    router,
    stops,
)
from runtime.http.paging import cursor_of, link_next, position_of
from runtime.unit import Unit
from schemas.codes import DirectiveEffect, DirectiveState, Participation, Purpose
from schemas.values import AgencyRef
from services.consent import acts, changing, ending, ground, store
from services.consent.again import (
    MayAskToTakePart,
    MayDraft,
    MayRecordSignatures,
    as_chosen,
    as_drafted,
    as_recorded,
    as_signed,
    rules,
    shown,
)
from services.consent.answers import (
    AllStoppedAnswer,
    CategoryAnswer,
    DirectiveAnswer,
    DirectivesAnswer,
    EndingAnswer,
    EndingsAnswer,
    ParticipationAnswer,
    PreviewAnswer,
    StoppedAnswer,
)
from services.consent.changing import Note
from services.consent.domain import NotPossible, receipt
from services.consent.forms import (
    DeathForm,
    DirectiveForm,
    ParticipationForm,
    RefusalForm,
    RevocationForm,
    SignatureForm,
)
from services.consent.ground import Ground
from services.consent.preview import look_ahead

MayStop = Annotated[Unit, Depends(may("directives:revoke"))]
MayRead = Annotated[Unit, Depends(may("directives:read"))]
MayPreview = Annotated[Unit, Depends(may("preview:read"))]

routes = router("/v1")


@routes.put("/cases/{case_ref}/participation", response_model=ParticipationAnswer)
@answered_again_by(as_chosen, unless=lambda body: body.get("participation") == Participation.NO)
async def choose_participation(case_ref: UUID, form: ParticipationForm, unit: MayAskToTakePart) -> ParticipationAnswer:
    """Record whether the survivor takes part. A no closes everything at once, and needs no evidence."""
    closes = form.participation is Participation.NO
    held = await ground.own_case(unit, case_ref, patient=closes)
    evidence = {} if form.evidence is None else form.evidence.model_dump(mode="json")
    if closes:
        revoked = tuple(await acts.take_no_part(held, case_ref, evidence))
        shown = revoked if held.is_home else ()
        return ParticipationAnswer(
            case_ref=case_ref, participation=form.participation, everything=held.is_home, revoked=shown
        )
    if form.evidence is None:
        raise Invalid([FieldError("body.evidence", "missing")])
    with rules():
        await acts.take_part(held, case_ref, evidence)
    return ParticipationAnswer(case_ref=case_ref, participation=form.participation, everything=True)


@routes.put("/cases/{case_ref}/death", status_code=204)
@answered_again_by(as_recorded)
async def record_death(case_ref: UUID, form: DeathForm, unit: MayAskToTakePart) -> None:
    """Record a death: what does not say that it survives it is over from this answer on."""
    held = await ground.own_case(unit, case_ref)
    with rules():
        await acts.record_death(held, form.died_on)


@routes.post("/cases/{case_ref}/directives", status_code=201, response_model=DirectiveAnswer)
@answered_again_by(as_drafted, unless=lambda body: body.get("effect") == DirectiveEffect.DENY)
async def draft_directive(case_ref: UUID, form: DirectiveForm, unit: MayDraft, answer: Response) -> DirectiveAnswer:
    """Record what the survivor wants permitted or denied: a denial and a narrowing are in force with the answer."""
    closes = form.effect is DirectiveEffect.DENY or form.supersedes_ref is not None
    held = await ground.own_case(unit, case_ref, patient=closes)
    with rules():
        new = await acts.record_said(held, form.said(unit.agency_id))
    unit.made = new.ref
    answer.headers["Location"] = f"/v1/directives/{new.ref}"
    answer.headers["ETag"] = etag(new.version)
    return DirectiveAnswer.of(new, held.subject)


@routes.get("/cases/{case_ref}/directives", response_model=DirectivesAnswer)
async def list_directives(case_ref: UUID, unit: MayRead) -> DirectivesAnswer:
    """List the agency's own directives of its case; those of another custodian are not its to know."""
    held = await ground.own_case(unit, case_ref, exclusive=False)
    found, unreadable = await acts.own_provisions(held)
    deceased = await store.is_deceased(unit.session, held.subject.subject_id)
    consulted = Note(Act.CONSULTED, unit.agency_id, tuple(one.ref for one in found))
    await changing.record(unit, held.subject, [consulted])
    await changing.tell_late(held, held.subject)
    return DirectivesAnswer(
        case_ref=case_ref,
        participation=Participation(held.subject.participation) if held.is_home else None,
        directives=tuple(DirectiveAnswer.of(one, held.subject, deceased=deceased) for one in found),
        unreadable=unreadable,
    )


@routes.get("/cases/{case_ref}/preview", response_model=PreviewAnswer)
async def preview_case(
    case_ref: UUID,
    unit: MayPreview,
    recipient: Annotated[AgencyRef, Query()],
    purpose: Purpose,
    draft: Annotated[list[UUID], Query(default_factory=list, max_length=20)],
) -> PreviewAnswer:
    """Show what an agency would open of this agency's records, with the drafts named as if they were signed."""
    held = await ground.own_case(unit, case_ref, exclusive=False)
    drafts = tuple(draft)
    with rules():
        named, at, outlook = await look_ahead(held, recipient, purpose, drafts)
    await changing.record(unit, held.subject, [Note(Act.CONSULTED, unit.agency_id, drafts, purpose=purpose)])
    return PreviewAnswer(
        case_ref=case_ref,
        recipient=recipient,
        purpose=purpose,
        at=at,
        until=None if outlook is None else outlook.until,
        drafts=drafts,
        categories=() if outlook is None else tuple(CategoryAnswer.of(one, named.kind) for one in outlook.verdicts),
    )


@routes.post("/cases/{case_ref}/revocation", response_model=AllStoppedAnswer)
@stops
async def stop_everything(case_ref: UUID, unit: MayStop, form: RevocationForm | None = None) -> AllStoppedAnswer:
    """Stop everything: every permit, or elsewhere than at the home agency those this agency is a side of."""
    told = form or RevocationForm()
    held = await ground.own_case(unit, case_ref, patient=True)
    ended = tuple(await acts.stop_all(held, store.how_ended(told.by, told.channel, unit.actor)))
    return AllStoppedAnswer(case_ref=case_ref, everything=held.is_home, ended=ended if held.is_home else ())


@routes.get("/directives", response_model=EndingsAnswer)
async def list_ending(
    request: Request,
    unit: MayRead,
    answer: Response,
    ending_within_days: Annotated[int, Query(ge=1, le=90)],
    cursor: Cursor = None,
    limit: Limit = 50,
) -> EndingsAnswer:
    """List the permits of the agency's own records that end soon; each is a look on record."""
    found, subjects = await ending.visible(unit, ending_within_days, _place_of(cursor), limit + 1)
    for one in found[:limit]:
        note = Note(Act.CONSULTED, unit.agency_id, (one.directive_ref,), purpose=one.purpose)
        await changing.record(unit, subjects[one.case_ref], [note])
    last = found[limit - 1] if len(found) > limit else None
    link_next(
        request, answer, None if last is None else cursor_of(last.valid_until.isoformat(), str(last.directive_ref))
    )
    return EndingsAnswer(directives=tuple(map(EndingAnswer.model_validate, found[:limit])))


@routes.get("/directives/{directive_ref}", response_model=DirectiveAnswer)
async def read_directive(directive_ref: UUID, unit: MayRead, answer: Response) -> DirectiveAnswer:
    """Show a directive of the agency's own records."""
    return await shown(directive_ref, unit, answer)


@routes.post("/directives/{directive_ref}/signature", response_model=DirectiveAnswer)
@answered_again_by(as_signed)
async def sign_directive(
    directive_ref: UUID, form: SignatureForm, unit: MayRecordSignatures, answer: Response, if_match: IfMatch = None
) -> DirectiveAnswer:
    """Record the survivor's signature: with the answer the directive is in force."""
    held, place = await ground.directive(unit, directive_ref)
    with rules():
        one = await acts.provision_of(held, place.directive_ref)
        require_match(if_match, one.version)
        active = await acts.record_signature(held, one, form.signature())
    answer.headers["ETag"] = etag(active.version)
    return DirectiveAnswer.of(active, held.subject)


@routes.post("/directives/{directive_ref}/refusal", response_model=DirectiveAnswer)
@stops
async def refuse_directive(
    directive_ref: UUID,
    unit: MayRecordSignatures,
    answer: Response,
    _: RefusalForm | None = None,
    if_match: IfMatch = None,
) -> DirectiveAnswer:
    """Record that the survivor said no to a draft."""
    held, place = await ground.directive(unit, directive_ref)
    with rules():
        one = await acts.provision_of(held, place.directive_ref)
        if one.state is not DirectiveState.REFUSED:  # a no that is said again is the same no
            require_match(if_match, one.version)
            one = await acts.record_refusal(held, one)
    answer.headers["ETag"] = etag(one.version)
    return DirectiveAnswer.of(one, held.subject)


@routes.post("/directives/{directive_ref}/revocation", response_model=StoppedAnswer)
@stops
async def stop_directive(directive_ref: UUID, unit: MayStop, form: RevocationForm | None = None) -> StoppedAnswer:
    """Stop a directive, and whatever has replaced it. No If-Match, no body and no evidence is asked for a stop.

    The commit comes before the answer: no opening that starts after it shows what was stopped.
    """
    told = form or RevocationForm()
    held, place = await ground.directive_to_stop(unit, directive_ref)
    signature = None if told.evidence is None else told.evidence.signature()
    how = store.how_ended(told.by, told.channel, unit.actor)
    with rules():
        standing, ended = await acts.stop_one(held, place, how, signature)
    if place.custodian != unit.agency_id:
        return StoppedAnswer(directive_ref=directive_ref, state=DirectiveState.REVOKED)
    return StoppedAnswer(directive_ref=directive_ref, state=acts.state_of(standing), ended=tuple(ended))


@routes.get("/directives/{directive_ref}/receipt", responses={409: {}})  # nobody has signed it
async def read_receipt(directive_ref: UUID, unit: MayRead) -> dict[str, Any]:
    """Show the receipt of a directive; it goes to the survivor only over a channel marked safe, or by hand."""
    held, place = await ground.directive(unit, directive_ref, exclusive=False)
    with rules():
        one = await acts.provision_of(held, place.directive_ref)
        parties = await store.parties(unit.session, [one.directive.custodian, one.directive.recipient])
        made = receipt(one, _principal(held), parties, held.subject.at)
    await changing.record(unit, held.subject, [Note.of(Act.CONSULTED, one)])
    return made


def _place_of(cursor: str | None) -> ending.Place:
    position = position_of(cursor, str, str)
    if position is None:
        return ending.THE_BEGINNING
    try:
        until, ref = datetime.fromisoformat(position[0]), UUID(position[1])
    except ValueError:
        raise Invalid([FieldError("query.cursor", "malformed")]) from None
    if until.tzinfo is None:
        raise Invalid([FieldError("query.cursor", "malformed")])
    return until, ref


def _principal(held: Ground) -> UUID:
    """Return how the agency that asks knows the survivor: by its own case, never by another's."""
    own = held.own
    if own is None:
        raise NotPossible("not_signed")
    return own.case_ref
