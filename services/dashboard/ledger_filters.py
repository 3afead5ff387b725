"""Which lines of the ledger a page lists: what stands in its address, and what is asked of audit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from starlette.datastructures import QueryParams

from services.dashboard.domain import Query
from services.dashboard.forms.ledger_forms import LedgerFilterForm
from services.dashboard.local_clock import LocalClock

NARROWING: Final = ("case_ref", "person", "agency")  # by a row's own links
FORM_FIELDS: Final = ("act", "since", "until", "refused")


@dataclass(frozen=True, slots=True)
class LedgerAddress:
    """The filters of a page of the ledger, as its address holds them."""

    place: str
    params: Mapping[str, str]

    @classmethod
    def of(cls, place: str, query: QueryParams) -> LedgerAddress:
        """Return the filters of an address; anything else in it is left out."""
        params = {name: query[name] for name in (*NARROWING, *FORM_FIELDS) if query.get(name)}
        if "case_ref" in params and not _is_reference(params["case_ref"]):
            del params["case_ref"]
        return cls(place, params)

    @property
    def narrowed(self) -> dict[str, str]:
        """Return the filters that rows' links set."""
        return {name: value for name, value in self.params.items() if name in NARROWING}

    def having(self, name: str, value: str) -> str:
        """Return the address of the same list narrowed further."""
        return self._address({**self.params, name: value})

    def without(self, name: str) -> str:
        """Return the address of the same list without one filter."""
        return self._address({other: value for other, value in self.params.items() if other != name})

    def at(self, place: str) -> str:
        """Return the address of another page about the same lines."""
        return LedgerAddress(place, self.params)._address(self.params)

    def query_for(self, form: LedgerFilterForm, clock: LocalClock) -> Query:
        """Return what is asked of audit: days of the agency's own zone, the last one whole."""
        parameters = [(name, self.params[name]) for name in NARROWING if name in self.params]
        if form.act.data:
            parameters.append(("act", form.act.data))
        if form.since.data:
            parameters.append(("from", _midnight(form.since.data, clock)))
        if form.until.data:
            parameters.append(("to", _midnight(form.until.data + timedelta(days=1), clock)))
        if form.refused.data:
            parameters.append(("refused", "true"))
        return tuple(parameters)

    def _address(self, params: Mapping[str, str]) -> str:
        return f"{self.place}?{urlencode(params)}" if params else self.place


def _midnight(day: date, clock: LocalClock) -> str:
    local = datetime.combine(day, time.min, tzinfo=clock.zone)
    return local.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _is_reference(text: str) -> bool:
    try:
        return bool(UUID(text))
    except ValueError:
        return False
