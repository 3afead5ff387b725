"""What becomes of a draft: signed or refused; and how more is opened."""

from __future__ import annotations

from uuid import UUID

from fastapi import Response

from runtime.http import IfMatch, etag, replayed_by, require_match, stops
from schemas.codes import DirectiveState
from services.consent import locked_subject
from services.consent.api.permissions import MayRecordSignatures, routes, rules
from services.consent.api.replays import as_signed
from services.consent.commands import drafts, signatures
from services.consent.requests import ConfirmationRequest, RefusalRequest, SignatureRequest
from services.consent.responses import DirectiveResponse


@routes.post("/directives/{directive_ref}/signature", response_model=DirectiveResponse)
@replayed_by(as_signed)
async def sign_directive(
    directive_ref: UUID, form: SignatureRequest, unit: MayRecordSignatures, answer: Response, if_match: IfMatch = None
) -> DirectiveResponse:
    """Record the survivor's signature: with the answer the directive is in force, or waits for a second person."""
    locked, place = await locked_subject.directive(unit, directive_ref)
    with rules():
        provision = await drafts.provision_of(locked, place.directive_ref)
        require_match(if_match, provision.version)
        active = await signatures.record_signature(locked, provision, form.signature())
    answer.headers["ETag"] = etag(active.version)
    return DirectiveResponse.of(active, locked.subject)


@routes.post("/directives/{directive_ref}/refusal", response_model=DirectiveResponse)
@stops
async def refuse_directive(
    directive_ref: UUID,
    unit: MayRecordSignatures,
    answer: Response,
    _: RefusalRequest | None = None,
    if_match: IfMatch = None,
) -> DirectiveResponse:
    """Record that the survivor said no to a draft."""
    locked, place = await locked_subject.directive(unit, directive_ref)
    with rules():
        provision = await drafts.provision_of(locked, place.directive_ref)
        if provision.state is not DirectiveState.REFUSED:  # a no that is said again is the same no
            require_match(if_match, provision.version)
            provision = await signatures.record_refusal(locked, provision)
    answer.headers["ETag"] = etag(provision.version)
    return DirectiveResponse.of(provision, locked.subject)


@routes.post("/directives/{directive_ref}/lifting", response_model=DirectiveResponse)
@replayed_by(as_signed)
async def lift_denial(
    directive_ref: UUID, form: SignatureRequest, unit: MayRecordSignatures, answer: Response, if_match: IfMatch = None
) -> DirectiveResponse:
    """Record that the survivor signed a denial away: it denies as before until a second person has confirmed."""
    locked, place = await locked_subject.directive(unit, directive_ref)
    with rules():
        provision = await drafts.provision_of(locked, place.directive_ref)
        require_match(if_match, provision.version)
        waiting = await signatures.record_lifting(locked, provision, form.signature())
    answer.headers["ETag"] = etag(waiting.version)
    return DirectiveResponse.of(waiting, locked.subject)


@routes.post("/directives/{directive_ref}/confirmation", response_model=DirectiveResponse)
@replayed_by(as_signed)
async def confirm_directive(
    directive_ref: UUID,
    unit: MayRecordSignatures,
    answer: Response,
    _: ConfirmationRequest | None = None,
    if_match: IfMatch = None,
) -> DirectiveResponse:
    """Confirm, as a second person of the custodian, what a first one recorded: it is in force with the answer."""
    locked, place = await locked_subject.directive(unit, directive_ref)
    with rules():
        provision = await drafts.provision_of(locked, place.directive_ref)
        require_match(if_match, provision.version)
        confirmed = await signatures.confirm_opening(locked, provision)
    answer.headers["ETag"] = etag(confirmed.version)
    return DirectiveResponse.of(confirmed, locked.subject)
