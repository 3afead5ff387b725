"""The coordinator's figures: how the referrals that a coordination cell follows are answered."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Depends
from sqlalchemy import text

from runtime import register
from runtime.database.unit_of_work import UnitOfWork
from runtime.disclosure import list_reads
from runtime.disclosure.list_reads import MOST_ROWS
from runtime.http import require_scope, router
from schemas.codes import Priority, Purpose, ReferralState
from services.referrals import statistics
from services.referrals.api.lookup import STATUS
from services.referrals.responses import AgencyFiguresResponse, ContactFiguresResponse, StateCount, StatisticsResponse
from services.referrals.statistics import FollowedReferral

MayReadBoard = Annotated[UnitOfWork, Depends(require_scope("board:read"))]
LIST: Final = "referrals followed"  # as a count of that list is on record
# As `Direction.COORDINATED`: the wall shows a coordination cell the rows of the cases it knows, anybody else none here.
FOLLOWED: Final = text("""
SELECT r.subject_id, r.sending_agency, r.receiving_agency, a.name, r.state, r.priority,
    r.overdue_since IS NOT NULL AND r.state IN ('sent', 'needs_info') AS overdue,
    r.created_at, r.replied_at, r.contacted_at
FROM referrals.referral AS r JOIN register.agency AS a ON a.agency_id = r.receiving_agency
WHERE r.sending_agency <> :agency AND r.receiving_agency <> :agency LIMIT :rows
""")

routes = router("/v1/referral-statistics", tags=["referrals"])


@routes.get("")
async def read_statistics(unit: MayReadBoard) -> StatisticsResponse:
    """Tell how the referrals that a coordination cell follows are answered, as far as coordination releases reach.

    Each number is the length of a list of followed referrals: by `state`, by `to_agency`, or by both. `accepted` are
    those in the states accepted, in_progress, completed and could_not_contact; `open` those with `closed=false`. Of
    more than 2,000 referrals it tells of 2,000, and that it is not `whole`.
    """
    referrals = await _followed(unit)
    await list_reads.record_count(unit, LIST)
    return StatisticsResponse(
        at=await register.database_now(unit.session),
        whole=len(referrals) < MOST_ROWS,
        states=[StateCount(state=state, count=count) for state, count in statistics.by_state(referrals).items()],
        agencies=[AgencyFiguresResponse.model_validate(figures) for figures in statistics.by_agency(referrals)],
        contacts=[ContactFiguresResponse.model_validate(figures) for figures in statistics.by_priority(referrals)],
    )


async def _followed(unit: UnitOfWork) -> list[FollowedReferral]:
    rows = (await unit.session.execute(FOLLOWED, {"agency": unit.agency_id, "rows": MOST_ROWS})).all()
    decided_by = [(row.subject_id, row.sending_agency, None) for row in rows]
    masks = await list_reads.row_masks(unit, decided_by, lambda _: Purpose.COORDINATION, STATUS, party=False)
    return [
        FollowedReferral(
            row.receiving_agency,
            row.name,
            ReferralState(row.state),
            Priority(row.priority),
            row.overdue,
            row.created_at,
            row.replied_at,
            row.contacted_at,
            mask,
        )
        for row, mask in zip(rows, masks, strict=True)
        if mask
    ]
