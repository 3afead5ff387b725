"""What follows from an order's end: releases that were to end with it, ended in the same transaction."""

from __future__ import annotations

from runtime import disclosure
from runtime.database.unit_of_work import UnitOfWork
from schemas.codes import EndsWhen
from services.law_enforcement_bridge import store
from services.law_enforcement_bridge.domain import STANDING, Order


async def keep(unit: UnitOfWork, order: Order) -> None:
    """Keep the order as it now is; with the last one that the agency recorded in the case ends what was to end with it.

    Whoever brings one to its end holds the subject exclusive before reading it.
    """
    await store.keep(unit.session, order)
    if order.status not in STANDING and not await store.stands(unit.session, unit.agency_id, order.case_ref):
        await disclosure.end_with(unit, order.case_ref, EndsWhen.ORDER_ENDED, unit.agency_id)
