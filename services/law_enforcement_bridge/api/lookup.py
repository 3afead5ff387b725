"""Who may record orders, and finding one for whoever asks: absent, and not for you, are one answer."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends

from runtime import disclosure, register
from runtime.database.unit_of_work import UnitOfWork
from runtime.http import Absent, Forbidden, Withheld, require_scope
from schemas.categories import DataCategory
from schemas.codes import AgencyKind
from services.law_enforcement_bridge import store
from services.law_enforcement_bridge.domain import Order

ORDER = (DataCategory.ORDER_TERMS, DataCategory.ORDER_SERVICE)
RECORDING = frozenset({AgencyKind.POLICE, AgencyKind.LEGAL_AID})

MayRead = Annotated[UnitOfWork, Depends(require_scope("orders:read"))]


def recording(unit: Annotated[UnitOfWork, Depends(require_scope("orders:record"))]) -> UnitOfWork:
    """Return the unit of an agency that records orders; refuse any other."""
    if unit.agency.kind not in RECORDING:
        raise Forbidden
    return unit


def policing(unit: Annotated[UnitOfWork, Depends(require_scope("orders:record"))]) -> UnitOfWork:
    """Return the unit of a police agency, which alone serves orders and records violations."""
    if unit.agency.kind is not AgencyKind.POLICE:
        raise Forbidden
    return unit


MayRecord = Annotated[UnitOfWork, Depends(recording)]
MayServe = Annotated[UnitOfWork, Depends(policing)]


async def case_for(unit: UnitOfWork, case_ref: UUID | None) -> UUID:
    """Return the agency's own case with this reference, or one opened now; any other case is absent."""
    if case_ref is None:
        return await register.open_case(unit.session, unit.keys, unit.agency_id)
    if await register.lock_own_case(unit.session, unit.agency_id, case_ref) is None:
        raise Absent
    await look(unit, case_ref)
    return case_ref


async def order_for(unit: UnitOfWork, order_ref: UUID, *, to_change: bool = False, closes: bool = False) -> Order:
    """Return the order that the unit's agency recorded, the look being on record.

    For a change the subject is held before the row, in every transaction: of two who took them in turn, each would wait
    for the other.  Exclusive where the step may end a release with the order.
    """
    order = await store.order_recorded_by(unit.session, unit.agency_id, order_ref)
    if order is not None and to_change:
        await (register.lock_exclusive if closes else register.lock_shared)(unit.session, order.case_ref)
        order = await store.order_recorded_by(unit.session, unit.agency_id, order_ref, to_change=True)
    if order is None:
        raise Absent
    await look(unit, order.case_ref)
    return order


async def look(unit: UnitOfWork, case_ref: UUID) -> None:
    """Refuse a person from whom the survivor keeps everything, in an own record too."""
    if not await disclosure.read_mask(unit, case_ref, ORDER):
        raise Withheld
