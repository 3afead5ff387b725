"""The end of an order: releases that end with the order are ended in the same transaction."""

from __future__ import annotations

from runtime import disclosure
from runtime.database.unit_of_work import UnitOfWork
from schemas.codes import EndsWhen
from services.law_enforcement_bridge import store
from services.law_enforcement_bridge.domain import STANDING, Order


async def keep(unit: UnitOfWork, order: Order) -> None:
    """Store the order; with the last standing order of the agency in the case end the releases bound to it.

    A caller that ends an order locks the subject exclusively before reading the order.
    """
    await store.keep(unit.session, order)
    if order.status not in STANDING and not await store.stands(unit.session, unit.agency_id, order.case_ref):
        await disclosure.end_with(unit, order.case_ref, EndsWhen.ORDER_ENDED, unit.agency_id)
