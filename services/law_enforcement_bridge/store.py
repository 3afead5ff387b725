"""The tables of orders. Each query carries in its WHERE whose record the row is; to any other it is absent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    DateTime,
    Integer,
    LargeBinary,
    MetaData,
    RowMapping,
    Select,
    Table,
    Text,
    Uuid,
    func,
    insert,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession

from schemas.codes import OrderStatus, ServiceStatus
from services.law_enforcement_bridge.domain import IN_FORCE, STANDING, Order, Service

INSTANT = DateTime(timezone=True)
METADATA = MetaData(schema="law_enforcement_bridge")
ORDERS = Table(
    "protective_order",
    METADATA,
    Column("order_ref", Uuid, primary_key=True),
    Column("agency_id", Text),
    Column("case_ref", Uuid),
    Column("status", Text),
    Column("version", Integer),
    Column("recorded_at", INSTANT),
    Column("changed_at", INSTANT),
    Column("ends_at", INSTANT),
    Column("ends_offset", Integer),
    Column("next_at", INSTANT),
    Column("entered", postgresql.ARRAY(Text)),
    Column("number_index", LargeBinary),
)
SERVICE = Table(
    "service",
    METADATA,
    Column("order_ref", Uuid, primary_key=True),
    Column("respondent_ref", Uuid, primary_key=True),
    Column("agency_id", Text),
    Column("place", Integer),
    Column("status", Text),
    Column("entered", postgresql.ARRAY(Text)),
)
NOW = func.register.instant(type_=INSTANT)
STEPS = ("status", "version", "changed_at", "ends_at", "ends_offset", "next_at")
DUE = text("SELECT agency FROM law_enforcement_bridge.agencies_due() AS agency ORDER BY agency")


OrderPagePosition = tuple[datetime, UUID]


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """Which of the agency's orders a list is to hold: in one of these states, served so on a respondent, of a number.

    The number is an index that only the agency can compute.
    """

    status: tuple[OrderStatus, ...] = ()
    service_status: tuple[ServiceStatus, ...] = ()
    number_index: bytes | None = None


async def order_recorded_by(
    session: AsyncSession, agency: str, order_ref: UUID, *, to_change: bool = False
) -> Order | None:
    """Return the order if `agency` recorded it; to any other it is absent."""
    query = select(ORDERS).where(ORDERS.c.agency_id == agency, ORDERS.c.order_ref == order_ref)
    orders = await _orders(session, query.with_for_update() if to_change else query)
    return orders[0] if orders else None


async def put(session: AsyncSession, order: Order) -> None:
    """Keep a new order and its service."""
    new = {"order_ref": order.order_ref, "agency_id": order.agency_id, "case_ref": order.case_ref}
    row = new | {"recorded_at": order.recorded_at} | _steps(order)
    await session.execute(insert(ORDERS).values(**row))
    await _keep_service(session, order)


async def keep(session: AsyncSession, order: Order) -> None:
    """Keep the order and its service as they now are."""
    await session.execute(update(ORDERS).where(ORDERS.c.order_ref == order.order_ref).values(**_steps(order)))
    await _keep_service(session, order)


async def orders_of(
    session: AsyncSession, agency: str, filters: OrderFilter, behind: OrderPagePosition | None, rows: int
) -> list[Order]:
    """Return up to `rows` orders that the agency recorded behind a place, oldest first."""
    query = select(ORDERS).where(*_conditions(agency, filters))
    if behind is not None:
        query = query.where(tuple_(ORDERS.c.recorded_at, ORDERS.c.order_ref) > tuple_(*behind))
    return await _orders(session, query.order_by(ORDERS.c.recorded_at, ORDERS.c.order_ref).limit(rows))


async def cases_with_orders(session: AsyncSession, agency: str, filters: OrderFilter, rows: int) -> list[UUID]:
    """Return the case of each of up to `rows` orders that the agency recorded, as a count needs them."""
    return list(await session.scalars(select(ORDERS.c.case_ref).where(*_conditions(agency, filters)).limit(rows)))


async def agencies_due(session: AsyncSession) -> list[str]:
    """Return the agencies with an order that the scheduled job is to look at now."""
    return list(await session.scalars(DUE))


async def order_due(session: AsyncSession, agency: str) -> Order | None:
    """Return the order of the agency whose time came first."""
    query = select(ORDERS).where(ORDERS.c.agency_id == agency, ORDERS.c.next_at <= NOW, ORDERS.c.status.in_(IN_FORCE))
    orders = await _orders(session, query.order_by(ORDERS.c.next_at).limit(1))
    return orders[0] if orders else None


async def stands(session: AsyncSession, agency: str, case_ref: UUID) -> bool:
    """Tell whether an order that the agency recorded in this case stands."""
    query = select(ORDERS.c.order_ref).where(ORDERS.c.agency_id == agency, ORDERS.c.case_ref == case_ref)
    return (await session.execute(query.where(ORDERS.c.status.in_(STANDING)).limit(1))).first() is not None


def _conditions(agency: str, filters: OrderFilter) -> list[Any]:
    conditions = [ORDERS.c.agency_id == agency]
    if filters.status:
        conditions.append(ORDERS.c.status.in_(filters.status))
    if filters.number_index is not None:
        conditions.append(ORDERS.c.number_index == filters.number_index)
    if filters.service_status:
        of_it = select(SERVICE.c.order_ref).where(SERVICE.c.agency_id == agency)
        conditions.append(ORDERS.c.order_ref.in_(of_it.where(SERVICE.c.status.in_(filters.service_status))))
    return conditions


def _steps(order: Order) -> dict[str, Any]:
    return {name: getattr(order, name) for name in STEPS} | {"entered": sorted(order.entered)}


async def _keep_service(session: AsyncSession, order: Order) -> None:
    if not order.service:
        return
    rows = [
        {
            "order_ref": order.order_ref,
            "respondent_ref": line.respondent_ref,
            "agency_id": order.agency_id,
            "place": place,
            "status": line.status,
            "entered": sorted(line.entered),
        }
        for place, line in enumerate(order.service)
    ]
    upsert = postgresql.insert(SERVICE).values(rows)
    key = [SERVICE.c.order_ref, SERVICE.c.respondent_ref]
    changed = {"status": upsert.excluded.status, "entered": upsert.excluded.entered}
    await session.execute(upsert.on_conflict_do_update(index_elements=key, set_=changed))


async def _orders(session: AsyncSession, query: Select[Any]) -> list[Order]:
    rows = (await session.execute(query)).mappings().all()
    if not rows:
        return []
    service = await _service(session, [row["order_ref"] for row in rows])
    return [_order(row, service[row["order_ref"]]) for row in rows]


async def _service(session: AsyncSession, order_refs: Sequence[UUID]) -> dict[UUID, list[Service]]:
    lines: dict[UUID, list[Service]] = {ref: [] for ref in order_refs}
    query = select(SERVICE).where(SERVICE.c.order_ref.in_(order_refs)).order_by(SERVICE.c.place)
    for row in (await session.execute(query)).mappings():
        status = None if row["status"] is None else ServiceStatus(row["status"])
        lines[row["order_ref"]].append(Service(row["respondent_ref"], status, frozenset(row["entered"])))
    return lines


def _order(row: RowMapping, service: Iterable[Service]) -> Order:
    read = {name: value for name, value in row.items() if name != "number_index"} | {
        "status": OrderStatus(row["status"]),
        "service": tuple(service),
    }
    return Order(**read | {"entered": frozenset(row["entered"])})
