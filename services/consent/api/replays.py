"""What a repeat of a write is answered by: what there is now, under the consent of now, the look being on record."""

from __future__ import annotations

from uuid import UUID

from fastapi import Response

from runtime.database.unit_of_work import UnitOfWork
from runtime.http import CreatedResources, etag
from schemas.codes import Participation
from services.consent import change_log, confirmations, locked_subject, store
from services.consent.api.permissions import MayAskToTakePart, MayDraft, MayRecordSignatures
from services.consent.change_log import ChangeEntry
from services.consent.commands import drafts, participation
from services.consent.responses import DeathResponse, DirectiveResponse, ParticipationResponse


async def as_chosen(case_ref: UUID, unit: MayAskToTakePart) -> ParticipationResponse:
    """Show what the survivor chose, as it is now."""
    locked = await locked_subject.own_case(unit, case_ref, exclusive=False)
    return ParticipationResponse(
        case_ref=case_ref, participation=Participation(locked.subject.participation), everything=locked.is_home
    )


async def as_corrected(case_ref: UUID, unit: MayRecordSignatures) -> DeathResponse:
    """Show whether a death is on record now, and whether its correction waits."""
    locked = await locked_subject.own_case(unit, case_ref, exclusive=False)
    deceased = await store.is_deceased(unit.session, locked.subject.subject_id)
    waiting = await confirmations.of(unit.session, participation.own_case(locked)) if deceased else None
    return DeathResponse.of(case_ref, waiting, deceased=deceased)


async def as_drafted(directive_ref: CreatedResources, unit: MayDraft, answer: Response) -> DirectiveResponse:
    """Show what was recorded, as it is now."""
    answer.headers["Location"] = f"/v1/directives/{directive_ref}"
    return await directive_response(directive_ref, unit, answer)


async def as_signed(directive_ref: UUID, unit: MayRecordSignatures, answer: Response) -> DirectiveResponse:
    """Show what was signed, as it is now."""
    return await directive_response(directive_ref, unit, answer)


async def directive_response(directive_ref: UUID, unit: UnitOfWork, answer: Response) -> DirectiveResponse:
    """Return a directive of the agency's own records as it is now."""
    locked, place = await locked_subject.directive(unit, directive_ref, exclusive=False)
    provision = await drafts.provision_of(locked, place.directive_ref)
    await change_log.record(unit, locked.subject, [ChangeEntry.of_look(provision)])
    answer.headers["ETag"] = etag(provision.version)
    deceased = await store.is_deceased(unit.session, locked.subject.subject_id)
    return DirectiveResponse.of(provision, locked.subject, deceased=deceased)
