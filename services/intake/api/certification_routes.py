"""Who may use a risk instrument that asks for a certificate: noted by an administrator, on record."""

from __future__ import annotations

from datetime import date

from fastapi import Request

from runtime.disclosure import audit_entries
from runtime.http import Absent, FieldError, Invalid, never_replayed, router
from runtime.register import people
from runtime.register.enrolment import PersonAct, Registrar, note_person
from services.intake import screen_store
from services.intake.api.people_routes import MayManagePeople, MayReadPeople
from services.intake.api.screen_routes import loaded_instruments
from services.intake.requests import CertificationRequest
from services.intake.screen_responses import CertificationResponse, CertificationsResponse

routes = router("/v1/people")


@routes.get("/{person_ref}/certifications", response_model=CertificationsResponse)
async def list_certifications(person_ref: str, unit: MayReadPeople) -> CertificationsResponse:
    """List for which instruments one of the agency's own people is certified, and until when."""
    if await people.person_of(unit.session, unit.agency_id, person_ref) is None:
        raise Absent
    rows = await screen_store.certifications_of(unit.session, unit.agency_id, person_ref)
    return CertificationsResponse(certifications=[_response(person_ref, *row) for row in rows])


@routes.put("/{person_ref}/certifications/{instrument_id}", response_model=CertificationResponse)
@never_replayed
async def certify_person(
    person_ref: str, instrument_id: str, form: CertificationRequest, request: Request, unit: MayManagePeople
) -> CertificationResponse:
    """Note until when a colleague may use an instrument, in place of what was noted; a day that went by ends it."""
    if instrument_id not in {name for name, _ in loaded_instruments(request)}:
        raise Invalid([FieldError("path.instrument_id", "unknown_instrument")])
    if await people.person_to_change(unit.session, unit.agency_id, person_ref) is None:
        raise Absent
    await screen_store.certify(unit.session, unit.agency_id, person_ref, instrument_id, form.certified_until)
    registrar = Registrar(unit.actor, (await audit_entries.resolve_actor(unit)).actor)
    await note_person(unit.session, unit.agency_id, person_ref, PersonAct.CERTIFIED, (), registrar)
    return _response(person_ref, instrument_id, form.certified_until)


def _response(person_ref: str, instrument_id: str, until: date) -> CertificationResponse:
    return CertificationResponse(person_ref=person_ref, instrument_id=instrument_id, certified_until=until)
