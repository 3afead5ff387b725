"""Who looked at a case: every offer, look, refusal and change of a release, as its custodian may read it."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from starlette.responses import Response

from services.dashboard.desk import AtDesk
from services.dashboard.domain import case_code
from services.dashboard.navigation import CASES
from services.dashboard.rows.ledger_rows import LedgerListRow
from services.dashboard.session_auth import session_router

ACCOUNTING: Final = "/{case_ref}/accounting"

routes = session_router(CASES)


@routes.get(ACCOUNTING)
async def show_accounting(desk: AtDesk, case_ref: UUID, everything: str = "", cursor: str = "") -> Response:
    """Show the accounting of a case, the oldest line first; offers that were not made only where they are asked for."""
    query = [("include", "not_sent")] if everything else []
    query += [("cursor", cursor)] if cursor else []
    listed = await desk.read_if_there("audit", f"/v1/cases/{case_ref}/accounting", LedgerListRow, tuple(query))
    return desk.page(
        "ledger/accounting.html",
        status=503 if listed is None else 200,
        code=case_code(case_ref),
        case=f"{CASES}/{case_ref}",
        entries=None if listed is None else listed.row.entries,
        cursor=None if listed is None else listed.cursor,
        everything=bool(everything),
    )
