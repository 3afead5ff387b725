"""What becomes of a draft: signed or refused; and how more is opened."""

from __future__ import annotations

from uuid import UUID

from fastapi import Response

from runtime.database.unit_of_work import UnitOfWork
from runtime.http import IfMatch, etag, replayed_by, require_match, stops
from schemas.codes import DirectiveState
from services.consent import locked_subject
from services.consent.api.permissions import MayRecordSignatures, routes
from services.consent.api.replays import as_signed
from services.consent.commands import drafts, signatures
from services.consent.domain import Provision
from services.consent.locked_subject import LockedSubject
from services.consent.requests import ConfirmationRequest, RefusalRequest, SignatureRequest
from services.consent.responses import DirectiveResponse


@routes.post("/directives/{directive_ref}/signature", response_model=DirectiveResponse)
@replayed_by(as_signed)
async def sign_directive(
    directive_ref: UUID, form: SignatureRequest, unit: MayRecordSignatures, answer: Response, if_match: IfMatch = None
) -> DirectiveResponse:
    """Record the survivor's signature: with the answer the directive is in force, or waits for a second person."""
    locked, provision = await _lock_provision(unit, directive_ref, if_match)
    active = await signatures.record_signature(locked, provision, form.signature())
    return _response(locked, active, answer)


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
    provision = await drafts.provision_of(locked, place.directive_ref)
    if provision.state is not DirectiveState.REFUSED:  # a no that is said again is the same no
        require_match(if_match, provision.version)
        provision = await signatures.record_refusal(locked, provision)
    return _response(locked, provision, answer)


@routes.post("/directives/{directive_ref}/lifting", response_model=DirectiveResponse)
@replayed_by(as_signed)
async def lift_denial(
    directive_ref: UUID, form: SignatureRequest, unit: MayRecordSignatures, answer: Response, if_match: IfMatch = None
) -> DirectiveResponse:
    """Record that the survivor signed a denial away: it denies as before until a second person has confirmed."""
    locked, provision = await _lock_provision(unit, directive_ref, if_match)
    waiting = await signatures.record_lifting(locked, provision, form.signature())
    return _response(locked, waiting, answer)


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
    locked, provision = await _lock_provision(unit, directive_ref, if_match)
    confirmed = await signatures.confirm_opening(locked, provision)
    return _response(locked, confirmed, answer)


async def _lock_provision(unit: UnitOfWork, ref: UUID, if_match: str | None) -> tuple[LockedSubject, Provision]:
    """Lock a directive's subject and return it with the provision, which must be the version that the caller saw."""
    locked, place = await locked_subject.directive(unit, ref)
    provision = await drafts.provision_of(locked, place.directive_ref)
    require_match(if_match, provision.version)
    return locked, provision


def _response(locked: LockedSubject, provision: Provision, answer: Response) -> DirectiveResponse:
    answer.headers["ETag"] = etag(provision.version)
    return DirectiveResponse.of(provision, locked.subject)
