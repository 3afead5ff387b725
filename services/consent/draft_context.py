"""The circumstances that a rule judges by, read under the subject's lock."""

from __future__ import annotations

from collections.abc import Iterable

from runtime.auth.principal import Kind
from services.consent import staff, stops, store
from services.consent.domain import DraftContext
from services.consent.locked_subject import LockedSubject
from services.consent.profiles import profile
from services.consent.texts import HASHES


async def draft_context(
    locked: LockedSubject,
    custodian: str,
    recipient: str | None,
    named: Iterable[str | None] = (),
    *,
    agencies: Iterable[str | None] = (),
) -> DraftContext:
    """Return the context of a directive between these two; a form names persons and other agencies besides."""
    session, subject = locked.unit.session, locked.subject
    provisions, _ = await store.provisions(session, subject.subject_id)
    parties = await store.parties(session, [custodian])
    return DraftContext(
        at=subject.at,
        by_agency=locked.unit.agency_id,
        by_actor=locked.unit.actor,
        by_person=locked.unit.person_ref if locked.unit.kind is Kind.PERSON else None,
        home_agency=subject.home_agency,
        participation=subject.participation,
        agencies=await store.agencies(session, [custodian, recipient, *agencies]),
        explainers=await staff.working_at(session, custodian, named) - subject.table.excluded,
        profile=profile(parties[custodian].profile if custodian in parties else ""),
        standing=provisions,
        texts=HASHES,
        deceased=await store.is_deceased(session, subject.subject_id),
        stops=await stops.stops(session, subject.subject_id),
    )
