"""A risk screen: started, then completed or abandoned; a triggered band goes up by a person's word and never down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from schemas.codes import Band, RiskChange, TriggeredBy
from schemas.facts import RiskAssessed
from schemas.facts.incident import WeaponsBlock
from schemas.facts.risk import Override, RiskBlock
from services.intake.domain.instruments import RiskInstrument, check_answers, result_of
from services.intake.domain.refusal import CaseStepNotPossible

IDLE_AT_MOST: Final = timedelta(hours=24)
REPEATS_WITHIN: Final = timedelta(days=365)


class ScreenState(StrEnum):
    """Where a screen stands; an abandoned one keeps nothing, and so has no state."""

    STARTED = "started"
    COMPLETED = "completed"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True)
class RiskScreen:
    """A screen as intake keeps it: what was answered lies sealed with the custodian, and so does the band."""

    screen_ref: UUID
    case_ref: UUID
    instrument_id: str
    instrument_version: str
    state: ScreenState
    version: int
    started_by: str
    started_at: datetime
    changed_at: datetime
    completed_at: datetime | None = None
    valid_until: datetime | None = None
    band: Band | None = None
    triggered_by: tuple[TriggeredBy, ...] = ()
    change: RiskChange | None = None

    @property
    def is_complete(self) -> bool:
        """Tell whether it has a band that a later one can be held against."""
        return self.band is not None and self.band is not Band.INCOMPLETE


@dataclass(frozen=True, slots=True)
class EarlierScreen:
    """The last screen of the same instrument in the case that was not incomplete."""

    band: Band
    completed_at: datetime


def start_screen(
    ref: UUID, case_ref: UUID, instrument: RiskInstrument, by: str, *, certified: bool, at: datetime
) -> RiskScreen:
    """Return a screen begun; raises `CaseStepNotPossible` where the instrument asks for a certificate nobody has."""
    if instrument.certification_required and not certified:
        raise CaseStepNotPossible("not_certified")
    return RiskScreen(
        ref,
        case_ref,
        instrument.instrument_id,
        instrument.version,
        ScreenState.STARTED,
        1,
        started_by=by,
        started_at=at,
        changed_at=at,
    )


def abandon_screen(screen: RiskScreen) -> None:
    """Check that a screen may be forgotten: one that was completed is part of the record."""
    if screen.state is not ScreenState.STARTED:
        raise CaseStepNotPossible("completed")


def complete_screen(
    screen: RiskScreen,
    instrument: RiskInstrument,
    form: RiskBlock,
    earlier: EarlierScreen | None,
    incident_days_ago: Sequence[int],
    at: datetime,
    *,
    belief: bool = False,
) -> tuple[RiskScreen, RiskAssessed]:
    """Return the screen completed and its fact; raises `CaseStepNotPossible` for answers that were not asked for.

    An incomplete one takes the place of none: where there is an `earlier` one, that stands.

    `incident_days_ago` says for each of the agency's own incidents in the case how many days ago it was reported.
    """
    if screen.state is not ScreenState.STARTED or at - screen.started_at > IDLE_AT_MOST:
        raise CaseStepNotPossible("not_started")
    answers = check_answers(instrument, form.answers or ())
    result = result_of(instrument, answers, belief=belief, incident_days_ago=incident_days_ago)
    band = result.band if form.override is None else raised_band(instrument, result.band, form.override)
    stands = band is not Band.INCOMPLETE or earlier is None
    completed = replace(
        screen,
        state=ScreenState.COMPLETED if stands else ScreenState.SUPERSEDED,
        version=screen.version + 1,
        changed_at=at,
        completed_at=at,
        valid_until=at + instrument.result_valid_for,
        band=band,
        triggered_by=result.triggered_by,
        change=_change(instrument, band, earlier),
    )
    return completed, _fact(completed, instrument, form, earlier, at)


def forces_review(screen: RiskScreen, instrument: RiskInstrument) -> bool:
    """Tell whether a result makes the safety plan due for review: a raised band, or a first one that is the highest."""
    first_and_highest = screen.change is RiskChange.FIRST and screen.band is instrument.bands[-1]
    return screen.change is RiskChange.RAISED or first_and_highest


def override_band(
    screen: RiskScreen, instrument: RiskInstrument, override: Override, at: datetime
) -> tuple[RiskScreen, RiskAssessed]:
    """Return the screen with its band raised and the fact of it; a band never goes down."""
    if screen.state is not ScreenState.COMPLETED or screen.band is None or screen.valid_until is None:
        raise CaseStepNotPossible("not_completed")
    band = raised_band(instrument, screen.band, override)
    newer = replace(screen, version=screen.version + 1, changed_at=at, band=band, change=RiskChange.RAISED)
    return newer, RiskAssessed(
        case_ref=screen.case_ref,
        screen_ref=screen.screen_ref,
        instrument_id=screen.instrument_id,
        instrument_version=screen.instrument_version,
        validated=instrument.validated,
        band=band,
        override=override,
        change=newer.change,
        valid_until=screen.valid_until,
    )


def raised_band(instrument: RiskInstrument, band: Band, override: Override) -> Band:
    """Return the band of an override; raises `CaseStepNotPossible` unless it is one of the instrument's, and higher."""
    if override.band not in instrument.bands:
        raise CaseStepNotPossible("unknown_band")
    if _rank(instrument, override.band) <= _rank(instrument, band):
        raise CaseStepNotPossible("band_not_raised")
    return override.band


def _rank(instrument: RiskInstrument, band: Band) -> int:
    """Return the place of a band; incomplete stands below all, and one of a former version with it."""
    return instrument.bands.index(band) if band in instrument.bands else -1


def _change(instrument: RiskInstrument, band: Band, earlier: EarlierScreen | None) -> RiskChange | None:
    """Return the band against the one before; None of an incomplete result, which is not to be read as any band."""
    if band is Band.INCOMPLETE:
        return None
    if earlier is None:
        return RiskChange.FIRST
    difference = _rank(instrument, band) - _rank(instrument, earlier.band)
    if difference == 0:
        return RiskChange.SAME
    return RiskChange.RAISED if difference > 0 else RiskChange.LOWERED


def _fact(
    screen: RiskScreen,
    instrument: RiskInstrument,
    form: RiskBlock,
    earlier: EarlierScreen | None,
    at: datetime,
) -> RiskAssessed:
    assert screen.band is not None  # noqa: S101 - a completed screen has one
    weapons = {name: getattr(form, name) for name in WeaponsBlock.model_fields}
    return RiskAssessed(
        **weapons,
        case_ref=screen.case_ref,
        screen_ref=screen.screen_ref,
        instrument_id=screen.instrument_id,
        instrument_version=screen.instrument_version,
        validated=instrument.validated,
        band=screen.band,
        triggered_by=screen.triggered_by,
        override=form.override,
        answers=form.answers,
        change=screen.change,
        repeat=earlier is not None and at - earlier.completed_at <= REPEATS_WITHIN,
        valid_until=screen.valid_until,
    )
