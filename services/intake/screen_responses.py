"""What intake answers about risk screens."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from schemas.codes import Band, RiskChange, TriggeredBy
from schemas.strict_model import StrictModel
from services.intake.domain import RiskInstrument, RiskItem, RiskScreen, ScreenState


class InstrumentItemResponse(StrictModel):
    """One question of an instrument, with its words by language."""

    code: str
    group: str
    kind: str
    choices: list[str]
    wording: dict[str, str]

    @classmethod
    def of(cls, item: RiskItem) -> InstrumentItemResponse:
        """Return the answer for an item."""
        return cls(
            code=item.code, group=item.group, kind=item.kind, choices=list(item.choices), wording=dict(item.wording)
        )


class InstrumentResponse(StrictModel):
    """A risk instrument that may be used here; of one not validated, every result says so."""

    instrument_id: str
    version: str
    licensor: str
    licence: str
    validated: bool
    certification_required: bool
    may_use: bool
    languages: list[str]
    bands: list[Band]
    least_answered: int
    items: list[InstrumentItemResponse]

    @classmethod
    def of(cls, instrument: RiskInstrument, *, certified: bool) -> InstrumentResponse:
        """Return the answer for an instrument, to somebody who is certified for it or is not."""
        return cls(
            instrument_id=instrument.instrument_id,
            version=instrument.version,
            licensor=instrument.licensor,
            licence=instrument.licence,
            validated=instrument.validated,
            certification_required=instrument.certification_required,
            may_use=certified or not instrument.certification_required,
            languages=list(instrument.languages),
            bands=list(instrument.bands),
            least_answered=instrument.least_answered,
            items=[InstrumentItemResponse.of(item) for item in instrument.items],
        )


class InstrumentsResponse(StrictModel):
    """The instruments that are loaded, by id and version."""

    instruments: list[InstrumentResponse]


class ScreenResponse(StrictModel):
    """A risk screen of the agency's own case; the answers behind the band are read by an opening."""

    screen_ref: UUID
    instrument_id: str
    instrument_version: str
    validated: bool | None = None
    state: ScreenState
    version: int
    started_by: str
    started_at: datetime
    changed_at: datetime
    completed_at: datetime | None = None
    valid_until: datetime | None = None
    band: Band | None = None
    triggered_by: list[TriggeredBy] | None = None
    change: RiskChange | None = None
    refer_now: bool | None = None

    @classmethod
    def of(cls, screen: RiskScreen, instrument: RiskInstrument | None) -> ScreenResponse:
        """Return the answer for a screen; of an instrument that is no longer loaded, the band alone is known."""
        highest = None if instrument is None else instrument.bands[-1]
        return cls(
            screen_ref=screen.screen_ref,
            instrument_id=screen.instrument_id,
            instrument_version=screen.instrument_version,
            validated=None if instrument is None else instrument.validated,
            state=screen.state,
            version=screen.version,
            started_by=screen.started_by,
            started_at=screen.started_at,
            changed_at=screen.changed_at,
            completed_at=screen.completed_at,
            valid_until=screen.valid_until,
            band=screen.band,
            triggered_by=None if screen.band is None else list(screen.triggered_by),
            change=screen.change,
            refer_now=None if screen.band is None or highest is None else screen.band is highest,
        )


class ScreensResponse(StrictModel):
    """The agency's risk screens in a case, the newest first."""

    screens: list[ScreenResponse]


class CertificationResponse(StrictModel):
    """Until when, the day included, a person may use an instrument that asks for a certificate."""

    person_ref: str
    instrument_id: str
    certified_until: date


class CertificationsResponse(StrictModel):
    """The certificates of one person, by instrument."""

    certifications: list[CertificationResponse]
