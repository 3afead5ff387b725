"""Acknowledgements over HTTP: a recipient's word that it uses its copy no more, and who has not given it yet."""

from __future__ import annotations

from uuid import UUID

from kernel.ledger.entry import Act
from runtime.http import Absent, never_replayed
from services.consent import acknowledgement_store, change_log, locked_subject
from services.consent.acknowledgement_responses import AcknowledgementResponse, AcknowledgementsResponse
from services.consent.api.permissions import MayOpen, MayRead, routes
from services.consent.change_log import ChangeEntry
from services.consent.commands import acknowledgements


@routes.post(
    "/directives/{directive_ref}/acknowledgement",
    response_model=AcknowledgementResponse,
    response_model_exclude_none=True,
)
@never_replayed
async def acknowledge_ending(directive_ref: UUID, unit: MayOpen) -> AcknowledgementResponse:
    """Say that the asker's agency uses its copy no more, of a release whose end it was told of.

    The release is named as `accord.consent.revoked` or `accord.consent.narrowed` named it. Saying it again changes
    nothing. Whoever was told of no such end finds nothing.
    """
    case_ref = await acknowledgement_store.case_of(unit.session, unit.agency_id, directive_ref)
    if case_ref is None:
        await locked_subject.refuse_unknown(unit, directive_ref)
    locked = await locked_subject.own_case(unit, case_ref, exclusive=False)
    endings = await acknowledgements.acknowledge(locked, directive_ref)
    if not endings:
        raise Absent
    return AcknowledgementResponse.of(endings[-1], unit.agency_id)


@routes.get(
    "/cases/{case_ref}/acknowledgements", response_model=AcknowledgementsResponse, response_model_exclude_none=True
)
async def list_acknowledgements(case_ref: UUID, unit: MayRead) -> AcknowledgementsResponse:
    """List the ends of releases about the agency's case that a recipient was told of; the look is on record.

    The custodian reads who has acknowledged which, a recipient what it was told of itself; oldest first.
    """
    locked = await locked_subject.own_case(unit, case_ref, exclusive=False)
    endings = await acknowledgements.endings_of(locked)
    await change_log.record(unit, locked.subject, [ChangeEntry(Act.CONSULTED, unit.agency_id)])
    rows = [AcknowledgementResponse.of(ending, unit.agency_id) for ending in endings]
    return AcknowledgementsResponse(acknowledgements=rows)
