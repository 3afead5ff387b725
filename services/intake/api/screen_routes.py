"""Risk screens: which instruments there are, and a screen from its start to its band."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from uuid import UUID, uuid4

from fastapi import Request, Response

from runtime import disclosure, register
from runtime.database.unit_of_work import UnitOfWork
from runtime.http import (
    Absent,
    CreatedResources,
    FieldError,
    IfMatch,
    Invalid,
    Withheld,
    etag,
    never_replayed,
    replayed_by,
    require_match,
    router,
)
from runtime.register import Subject
from schemas.categories import DataCategory
from schemas.codes import ReviewTrigger
from schemas.facts.risk import RiskBlock
from services.intake import case_status, colleague_openings, domain, plan_reviews, screen_store, store
from services.intake.api.lookup import REFUSALS, MayReadCases, MayWriteCases, own_subject
from services.intake.domain import RiskInstrument, RiskScreen, ScreenState
from services.intake.instrument_packs import OWN_INSTRUMENTS, Key
from services.intake.requests import OverrideRequest, ScreenCompletionRequest, ScreenRequest
from services.intake.screen_responses import InstrumentResponse, InstrumentsResponse, ScreenResponse, ScreensResponse

INSTRUMENTS: Final = "instruments"  # where the application keeps what it read at its start

instrument_routes = router("/v1/risk-instruments")
screen_routes = router("/v1/cases", refusals=REFUSALS)
routes = (instrument_routes, screen_routes)


@instrument_routes.get("", response_model=InstrumentsResponse)
async def list_instruments(request: Request, unit: MayReadCases) -> InstrumentsResponse:
    """List the instruments that are loaded, with their words, and whether the asker may use each; it leaves no leaf."""
    loaded = loaded_instruments(request)
    today = (await register.database_now(unit.session)).date()
    noted = await screen_store.certifications_of(unit.session, unit.agency_id, unit.person_ref or "")
    certified = {instrument_id for instrument_id, until in noted if until >= today}
    instruments = [InstrumentResponse.of(loaded[key], certified=key[0] in certified) for key in sorted(loaded)]
    return InstrumentsResponse(instruments=instruments)


@screen_routes.get("/{case_ref}/risk-screens", response_model=ScreensResponse, response_model_exclude_none=True)
async def list_screens(case_ref: UUID, request: Request, unit: MayReadCases) -> ScreensResponse:
    """List the agency's own screens in a case with their bands, the newest first; the look is on record.

    A case on which only colleagues work is refused (409 `colleagues_case`), as `GET /v1/cases/{case_ref}` is.
    """
    subject = await _readable_results(unit, case_ref)
    await colleague_openings.require_open(unit, case_ref, subject.at)
    screens = await screen_store.screens_of(unit, case_ref, subject.at)
    return ScreensResponse(screens=[ScreenResponse.of(screen, _of(request, screen)) for screen in screens])


async def as_screened(
    case_ref: UUID, screen_ref: CreatedResources, request: Request, unit: MayWriteCases, answer: Response
) -> ScreenResponse:
    """Show the screen as it is now."""
    subject = await _readable_results(unit, case_ref)
    screen = await screen_store.screen_to_change(unit, case_ref, screen_ref, subject.at)
    if screen is None:
        raise Absent
    return _shown(screen, _of(request, screen), answer)


@screen_routes.post(
    "/{case_ref}/risk-screens", status_code=201, response_model=ScreenResponse, response_model_exclude_none=True
)
@replayed_by(as_screened)
async def start_screen(
    case_ref: UUID, form: ScreenRequest, request: Request, unit: MayWriteCases, answer: Response
) -> ScreenResponse:
    """Start a screen. One that is not completed within a day is abandoned, and nothing of it is kept.

    An instrument that asks for a certificate is for persons whose agency noted one (409 `not_certified`).
    """
    subject = await own_subject(unit, case_ref)
    instrument = _named(request, form)
    certified = unit.person_ref is not None and await screen_store.is_certified(
        unit.session, unit.agency_id, unit.person_ref, instrument.instrument_id, subject.at.date()
    )
    screen = domain.start_screen(uuid4(), case_ref, instrument, unit.actor, certified=certified, at=subject.at)
    await screen_store.add(unit, screen)
    unit.created = screen.screen_ref
    await case_status.note_change(unit.session, unit.agency_id, case_ref, subject.at)
    return _shown(screen, instrument, answer)


@screen_routes.post(
    "/{case_ref}/risk-screens/{screen_ref}/completion",
    response_model=ScreenResponse,
    response_model_exclude_none=True,
)
@replayed_by(as_screened)
async def complete_screen(
    case_ref: UUID,
    screen_ref: UUID,
    form: ScreenCompletionRequest,
    request: Request,
    unit: MayWriteCases,
    answer: Response,
    if_match: IfMatch = None,
) -> ScreenResponse:
    """Complete a screen: the band follows from the instrument's rules, and takes the place of the one before.

    An incomplete result takes the place of none.  A raised band, and a first one that is the highest, makes the safety
    plan due for review the same day.  `refer_now` says that the band is the highest: a referral is offered at once.
    """
    subject, screen, instrument = await _to_change(unit, request, case_ref, screen_ref, if_match)
    last = await screen_store.last_completed(unit, case_ref, screen.instrument_id)
    incidents = await store.incidents_of(unit.session, unit.agency_id, case_ref)
    days = [(subject.at - incident.reported_at).days for incident in incidents]
    block = RiskBlock(**form.values_for(RiskBlock))
    earlier = screen_store.as_earlier(last)
    completed, fact = domain.complete_screen(screen, instrument, block, earlier, days, subject.at, belief=form.belief)
    if last is not None and completed.state is ScreenState.COMPLETED:
        await screen_store.supersede(unit.session, unit.agency_id, last.screen_ref, subject.at)
    await screen_store.keep(unit, completed)
    unit.created = screen_ref
    await disclosure.offer(unit, fact)
    if domain.forces_review(completed, instrument):
        await plan_reviews.force(unit, case_ref, ReviewTrigger.RAISED_BAND, subject.at, unit.person_ref)
    await case_status.note_change(unit.session, unit.agency_id, case_ref, subject.at)
    return _shown(completed, instrument, answer)


@screen_routes.post(
    "/{case_ref}/risk-screens/{screen_ref}/override", response_model=ScreenResponse, response_model_exclude_none=True
)
@replayed_by(as_screened)
async def override_band(
    case_ref: UUID,
    screen_ref: UUID,
    form: OverrideRequest,
    request: Request,
    unit: MayWriteCases,
    answer: Response,
    if_match: IfMatch = None,
) -> ScreenResponse:
    """Raise the band of a completed screen, with the reason; a band that was triggered never goes down."""
    subject, screen, instrument = await _to_change(unit, request, case_ref, screen_ref, if_match)
    raised, fact = domain.override_band(screen, instrument, form.override, subject.at)
    await screen_store.keep(unit, raised)
    unit.created = screen_ref
    await disclosure.offer(unit, fact)
    await plan_reviews.force(unit, case_ref, ReviewTrigger.RAISED_BAND, subject.at, unit.person_ref)
    await case_status.note_change(unit.session, unit.agency_id, case_ref, subject.at)
    return _shown(raised, instrument, answer)


@screen_routes.post("/{case_ref}/risk-screens/{screen_ref}/abandonment", status_code=204)
@never_replayed
async def abandon_screen(case_ref: UUID, screen_ref: UUID, unit: MayWriteCases, if_match: IfMatch = None) -> None:
    """Abandon a started screen: nothing of it is kept. A completed one is part of the record (409 `completed`)."""
    subject = await own_subject(unit, case_ref)
    screen = await screen_store.screen_to_change(unit, case_ref, screen_ref, subject.at)
    if screen is None:
        raise Absent
    require_match(if_match, screen.version)
    domain.abandon_screen(screen)
    await screen_store.forget(unit.session, unit.agency_id, screen_ref)
    await case_status.note_change(unit.session, unit.agency_id, case_ref, subject.at)


async def _readable_results(unit: UnitOfWork, case_ref: UUID) -> Subject:
    """Lock the subject of the agency's own case for a look at its bands, which is on record."""
    subject = await register.lock_own_case(unit.session, unit.agency_id, case_ref)
    if subject is None:
        await disclosure.record_not_found(unit, case_ref)
        raise Withheld
    if not await disclosure.read_mask(unit, case_ref, [DataCategory.RISK_RESULT]):
        raise Withheld
    return subject


async def _to_change(
    unit: UnitOfWork, request: Request, case_ref: UUID, screen_ref: UUID, if_match: str | None
) -> tuple[Subject, RiskScreen, RiskInstrument]:
    subject = await own_subject(unit, case_ref)
    screen = await screen_store.screen_to_change(unit, case_ref, screen_ref, subject.at)
    if screen is None:
        raise Absent
    require_match(if_match, screen.version)
    instrument = _of(request, screen)
    if instrument is None:
        raise domain.CaseStepNotPossible("instrument_not_loaded")
    return subject, screen, instrument


def _shown(screen: RiskScreen, instrument: RiskInstrument | None, answer: Response) -> ScreenResponse:
    answer.headers["ETag"] = etag(screen.version)
    return ScreenResponse.of(screen, instrument)


def loaded_instruments(request: Request) -> Mapping[Key, RiskInstrument]:
    loaded: Mapping[Key, RiskInstrument] = getattr(request.app.state, INSTRUMENTS, OWN_INSTRUMENTS)
    return loaded


def _of(request: Request, screen: RiskScreen) -> RiskInstrument | None:
    return loaded_instruments(request).get((screen.instrument_id, screen.instrument_version))


def _named(request: Request, form: ScreenRequest) -> RiskInstrument:
    """Return the instrument that the form names; raises `Invalid` for one that is not loaded."""
    loaded = loaded_instruments(request)
    versions = sorted(version for name, version in loaded if name == form.instrument_id)
    version = form.instrument_version or (versions[-1] if versions else "")
    instrument = loaded.get((form.instrument_id, version))
    if instrument is None:
        raise Invalid([FieldError("body.instrument_id", "unknown_instrument")])
    return instrument
