"""The orders of a plan: one in each state, in the cases of police and legal aid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from devstack.town_life.steps import PlannedOrder
from schemas.codes import OrderStatus, OrderType

# Only police serve an order and record that it was broken.
OF_POLICE: Final = (
    PlannedOrder(OrderType.EX_PARTE, OrderStatus.REQUESTED),
    PlannedOrder(OrderType.EX_PARTE, OrderStatus.REQUESTED, ("hearing",)),
    PlannedOrder(OrderType.EX_PARTE, OrderStatus.TEMPORARY),
    PlannedOrder(OrderType.EMERGENCY, OrderStatus.TEMPORARY),
    PlannedOrder(OrderType.EX_PARTE, OrderStatus.TEMPORARY, ("in_hand",)),
    PlannedOrder(OrderType.EX_PARTE, OrderStatus.TEMPORARY, ("in_hand", "failed")),
    PlannedOrder(OrderType.EX_PARTE, OrderStatus.TEMPORARY, ("in_hand", "served")),
    PlannedOrder(OrderType.EX_PARTE, OrderStatus.TEMPORARY, ("in_hand", "served", "hearing")),
    PlannedOrder(OrderType.EMERGENCY, OrderStatus.TEMPORARY, ("in_hand", "served", "violation")),
    PlannedOrder(OrderType.FINAL, OrderStatus.FINAL, ("in_hand", "served")),
    PlannedOrder(OrderType.FINAL, OrderStatus.FINAL, ("in_hand", "served", "violation")),
    PlannedOrder(OrderType.OUT_OF_STATE, OrderStatus.FINAL),
    PlannedOrder(OrderType.EX_PARTE, OrderStatus.REQUESTED, ("end",)),
    PlannedOrder(OrderType.EX_PARTE, OrderStatus.TEMPORARY, ("in_hand", "served", "end")),
)
OF_LEGAL_AID: Final = (
    PlannedOrder(OrderType.EX_PARTE, OrderStatus.REQUESTED, ("hearing",)),
    PlannedOrder(OrderType.FINAL, OrderStatus.FINAL),
)
RECORDED_BY: Final = {"lee": OF_POLICE, "kim": OF_POLICE, "jude": OF_LEGAL_AID}


def orders_of_cases(authors: Sequence[str]) -> list[tuple[PlannedOrder, ...]]:
    """Return the orders of each case, by who opened it: each of an agency's orders in one of its cases."""
    recorders = [RECORDED_BY.get(author, ()) for author in authors]
    return [_share(recorders, number) for number in range(len(authors))]


def _share(recorders: Sequence[tuple[PlannedOrder, ...]], number: int) -> tuple[PlannedOrder, ...]:
    """Return every n-th order of an agency with n cases, beginning with the place of this case among them."""
    orders = recorders[number]
    cases = [index for index, entry in enumerate(recorders) if orders and entry is orders]
    return orders[cases.index(number) :: len(cases)] if orders else ()
