"""What an agency may read of the say-so it keeps."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import Response

from kernel.ledger.entry import Act
from schemas.codes import DirectiveState, Participation
from services.consent import change_log, locked_subject, store
from services.consent.api.permissions import MayRead, routes
from services.consent.api.replays import directive_response
from services.consent.change_log import ChangeEntry
from services.consent.commands import drafts
from services.consent.domain import DirectiveStepNotPossible, Provision, opens_more, receipt
from services.consent.locked_subject import LockedSubject
from services.consent.responses import (
    DirectiveResponse,
    DirectivesResponse,
)


@routes.get("/cases/{case_ref}/directives", response_model=DirectivesResponse)
async def list_directives(case_ref: UUID, unit: MayRead) -> DirectivesResponse:
    """List the agency's own directives of its case; those of another custodian are not its to know.

    Of each draft it tells whether its signature will wait for a second person: it opens more than its recipient has, or
    had until a stop of late.
    """
    locked = await locked_subject.own_case(unit, case_ref, exclusive=False)
    provisions, unreadable = await drafts.own_provisions(locked)
    deceased = await store.is_deceased(unit.session, locked.subject.subject_id)
    consulted = ChangeEntry(Act.CONSULTED, unit.agency_id, tuple(provision.ref for provision in provisions))
    await change_log.record(unit, locked.subject, [consulted])
    await change_log.tell_late(unit, locked.subject)
    return DirectivesResponse(
        case_ref=case_ref,
        participation=Participation(locked.subject.participation) if locked.is_home else None,
        directives=tuple(
            DirectiveResponse.of(
                provision,
                locked.subject,
                deceased=deceased,
                needs_second_person=_needs_second_person(provision, provisions, locked.subject.at),
            )
            for provision in provisions
        ),
        unreadable=unreadable,
    )


def _needs_second_person(provision: Provision, standing: Sequence[Provision], at: datetime) -> bool | None:
    if provision.state is not DirectiveState.DRAFT or not provision.permits:
        return None
    return opens_more(provision, standing, at)


@routes.get("/directives/{directive_ref}", response_model=DirectiveResponse)
async def read_directive(directive_ref: UUID, unit: MayRead, answer: Response) -> DirectiveResponse:
    """Show a directive of the agency's own records."""
    return await directive_response(directive_ref, unit, answer)


@routes.get("/directives/{directive_ref}/receipt", responses={409: {}})  # nobody has signed it
async def read_receipt(directive_ref: UUID, unit: MayRead) -> dict[str, Any]:
    """Show the receipt of a directive; it goes to the survivor only over a channel marked safe, or by hand."""
    locked, place = await locked_subject.directive(unit, directive_ref, exclusive=False)
    provision = await drafts.provision_of(locked, place.directive_ref)
    parties = await store.parties(unit.session, [provision.directive.custodian, provision.directive.recipient])
    body = receipt(provision, _principal(locked), parties, locked.subject.at, own=place.custodian == unit.agency_id)
    await change_log.record(unit, locked.subject, [ChangeEntry.of_look(provision)])
    return body


def _principal(locked: LockedSubject) -> UUID:
    """Return how the agency that asks knows the survivor: by its own case, never by another's."""
    own = locked.own
    if own is None:
        raise DirectiveStepNotPossible("not_signed")
    return own.case_ref
