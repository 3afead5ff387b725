"""What pages about risk screens read of intake's answers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from schemas.codes import Band, RiskChange, TriggeredBy
from services.dashboard.rows.service_row import ServiceRow


class InstrumentItemRow(ServiceRow):
    """One question of an instrument, with its words by language."""

    code: str
    group: str
    kind: str
    choices: tuple[str, ...] = ()
    wording: Mapping[str, str]

    def text(self, language: str) -> str:
        """Return the question in a language, or in the first that there is."""
        return self.wording.get(language) or next(iter(self.wording.values()), self.code)


class InstrumentRow(ServiceRow):
    """A risk instrument."""

    instrument_id: str
    version: str
    licensor: str
    validated: bool
    may_use: bool
    languages: tuple[str, ...]
    bands: tuple[Band, ...]
    items: tuple[InstrumentItemRow, ...]

    @property
    def key(self) -> str:
        """Return its id and version as a form holds them."""
        return f"{self.instrument_id}.{self.version}"

    @property
    def name(self) -> str:
        """Return what staff call it."""
        return f"{self.licensor}: {self.instrument_id.replace('-', ' ')}, {self.version}"


class InstrumentListRow(ServiceRow):
    """The instruments that are loaded."""

    instruments: tuple[InstrumentRow, ...]


class ScreenRow(ServiceRow):
    """A risk screen; what was answered is read by an opening."""

    screen_ref: UUID
    instrument_id: str
    instrument_version: str
    validated: bool | None = None
    state: str
    version: int
    started_by: str
    started_at: datetime
    completed_at: datetime | None = None
    valid_until: datetime | None = None
    band: Band | None = None
    triggered_by: tuple[TriggeredBy, ...] = ()
    change: RiskChange | None = None
    refer_now: bool = False

    @property
    def etag(self) -> str:
        """Return its version as a step names it."""
        return f'"{self.version}"'


class ScreenListRow(ServiceRow):
    """The screens of a case, the newest first."""

    screens: tuple[ScreenRow, ...]
