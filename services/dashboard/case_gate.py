"""A page about a case on which only colleagues work: its reader says why they open it, before any of it (ADR 0044).

One gate for all pages, wherever they learn of the case: from their address, or from what a service answered.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from starlette.requests import Request

from runtime.http.problems import Absent, Problem
from services.dashboard.navigation import CASES, RELEASES
from services.dashboard.places import own_page, page_of
from services.dashboard.rows.service_row import ServiceRow
from services.dashboard.service_client import Ask, NotAuthorised, ServiceClient, ServiceUnavailable

READS_CASES: Final = "cases:read"
# The step itself; and a stop, which waits for nothing.
FREE: Final = re.compile(rf"{CASES}/[^/]+/opening|{RELEASES}/[^/]+/(stop|stopped)")
# Lists narrowed to a case stay lists; these are forms of one.
FORMS_BY_CASE: Final = frozenset({"/app/referrals/new", "/app/orders/new"})


class ColleaguesCase(Problem):
    """Only colleagues work on the case, and its reader has stated no reason."""

    def __init__(self, case_ref: UUID) -> None:
        super().__init__("colleagues_case", status=409)
        self.case_ref = case_ref


class OpeningStepRow(ServiceRow):
    """Whether a case waits for the reason of this reader."""

    reason_needed: bool


@dataclass(frozen=True, slots=True)
class CaseGate:
    """The gate of one page: each case that it is about is asked for once."""

    reach: ServiceClient = field(repr=False)
    token: str = field(repr=False)
    closes: bool
    passed: set[UUID] = field(default_factory=set)

    async def enter(self, case_ref: UUID | None) -> None:
        """Let the page go on with a case; raises `ColleaguesCase` where a reason is needed first.

        Where intake is away, the page goes on: the step is a stop and a record, no wall, and each look is on record.
        """
        if not self.closes or case_ref is None or case_ref in self.passed:
            return
        try:
            step = await self.reach.ask(Ask("intake", f"/v1/cases/{case_ref}/opening"), self.token, OpeningStepRow)
        except (Absent, NotAuthorised, ServiceUnavailable):
            return  # what there is to see, if anything, the page's own service says
        if step.row.reason_needed:
            raise ColleaguesCase(case_ref)
        self.passed.add(case_ref)


def gate_closes(request: Request, scopes: frozenset[str]) -> bool:
    """Tell whether a page is one that waits for a reason, and its reader one who has cases to open."""
    return READS_CASES in scopes and FREE.fullmatch(request.url.path) is None


def case_in_address(request: Request) -> UUID | None:
    """Return the case that a page's address says it is about."""
    by_case = request.url.path in FORMS_BY_CASE
    text = request.path_params.get("case_ref", request.query_params.get("case") if by_case else None)
    try:
        return None if text is None else UUID(str(text))
    except ValueError:
        return None


def reason_address(request: Request, case_ref: UUID) -> str:
    """Return where the reason is asked for, and from where it leads back: to the page, or to the case after an act."""
    page = own_page(page_of(request)) if request.method == "GET" else None
    return f"{CASES}/{case_ref}/opening" + (f"?{urlencode({'to': page})}" if page else "")
