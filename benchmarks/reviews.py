"""From an order that was served to the review of her plan on the advocate's desk

A running town.  The sheriff's officer records over HTTP that an order was served; the hotline, which may know, has a
plan in use for the case, and the review of that plan is due when its task is committed, from where the next page shows
it.  First one after the other, against the bare steps of carrying (`delivery`); then at instants of chance, counted
from the instant, while the hotline posts incidents of other cases to four agencies at fifty a second.
"""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import httpx

from benchmarks.caseload import CUSTODIAN
from benchmarks.delivery import Bare, timed
from benchmarks.load import Load, LoadResult
from benchmarks.measurement import ROUNDS, Goal, in_turns, keep, measured_text, percentile
from benchmarks.running_town import Running, a_running_town, registered_town, survivors
from devstack.stack import Stack
from devstack.story import words
from devstack.story.speaker import Speaker
from schemas.categories import DataCategory
from schemas.codes import Purpose
from tests.support.fault_injection import superuser
from tests.support.rounds import rounds

POLICE: Final = "county-sheriff"
RATE: Final = 50.0  # facts a second
SERVED_RATE: Final = 4.0  # orders a second among them
SECONDS: Final = float(rounds(30, 120))
WARM: Final = 5
AT_ONCE: Final = 6
LOOK_EVERY: Final = 0.005
PATIENCE: Final = 20.0
DUE: Final = """
SELECT case_ref FROM carrying.task WHERE agency_id = %s AND trigger = 'order_served' AND case_ref = ANY(%s)
"""


@dataclass(frozen=True)
class IssuedOrder:
    """An order that the sheriff has in hand, and the case as the hotline knows it."""

    case_ref: UUID
    path: str
    etag: str


async def issued_orders(started: Stack, count: int) -> list[IssuedOrder]:
    """Put in force, for so many new cases, that the hotline hears of the order, and record a plan and an order."""
    cases = await survivors(started, count, {POLICE: Purpose.ORDER_ENFORCEMENT})
    async with registered_town(started) as town:
        for case in cases:
            categories = [DataCategory.ORDER_SERVICE]
            await town.direct(case.refs[POLICE], CUSTODIAN, Purpose.ADVOCACY, categories)
    orders = []
    with httpx.Client(trust_env=False, timeout=20) as client:
        ana = Speaker(started.town, "ana", Purpose.ADVOCACY, client)
        lee = Speaker(started.town, "lee", Purpose.ORDER_ENFORCEMENT, client)
        for case in cases:
            ana.does("intake", "POST", f"/v1/cases/{case.case_ref}/plans", {"goals": ["A bed"]})
            order = lee.does("law_enforcement_bridge", "POST", "/v1/orders", words.order(str(case.refs[POLICE])))
            path = f"/v1/orders/{order['order_ref']}/service"
            held = lee.does(
                "law_enforcement_bridge", "POST", path, {"service_status": "in_hand"}, If_Match=order["etag"]
            )
            orders.append(IssuedOrder(case.case_ref, path, held["etag"]))
    return orders


class Served:
    """Orders that are served, and the instants at which the reviews of the plans are due on the desk."""

    def __init__(self, running: Running, orders: Sequence[IssuedOrder], client: httpx.Client) -> None:
        self._lee = Speaker(running.started.town, "lee", Purpose.ORDER_ENFORCEMENT, client)
        self._orders: Iterator[IssuedOrder] = iter(orders)
        self._connection = superuser(running.started)
        self._chance = random.Random(1)  # noqa: S311 - a pause, no secret

    def serve(self) -> UUID:
        """Record that the next order was served, and return the hotline's case."""
        order = next(self._orders)
        news: dict[str, Any] = {"service_status": "served", "served_at": words.now()}
        self._lee.does("law_enforcement_bridge", "POST", order.path, news, If_Match=order.etag)
        return order.case_ref

    def due(self, cases: Sequence[UUID]) -> set[UUID]:
        """Return those cases whose plan is to be reviewed because the order was served."""
        return {ref for (ref,) in self._connection.execute(DUE, [CUSTODIAN, list(cases)]).fetchall()}

    def one(self) -> None:
        """Serve an order, and return once the review is due."""
        case_ref = self.serve()
        deadline = time.monotonic() + PATIENCE
        while not self.due([case_ref]):
            if time.monotonic() > deadline:
                raise TimeoutError("no review became due")
            time.sleep(LOOK_EVERY / 5)

    def work(self, count: int) -> Sequence[float]:
        """Serve so many orders, one after the other."""
        return [timed(self.one) for _ in range(count)]

    def among(self, rate: float, seconds: float) -> list[float]:
        """Serve orders at instants of chance; return the seconds from each instant until its review was due."""
        began, waiting, took = time.monotonic(), dict[UUID, float](), list[float]()
        instants = sorted(began + self._chance.random() * seconds for _ in range(round(rate * seconds)))
        ended = began + seconds + PATIENCE
        while (instants or waiting) and time.monotonic() < ended:
            if instants and time.monotonic() >= instants[0]:
                instant = instants.pop(0)
                waiting[self.serve()] = instant
            for case_ref in self.due(list(waiting)):
                took.append(time.monotonic() - waiting.pop(case_ref))
            time.sleep(LOOK_EVERY)
        if waiting:
            raise TimeoutError(f"{len(waiting)} reviews did not become due")
        return took

    def close(self) -> None:
        """Let go of the database."""
        self._connection.close()


def under_load(running: Running, served: Served) -> tuple[LoadResult, list[float]]:
    """Serve orders while facts of other cases pass, and return what became of both."""
    results: list[LoadResult] = []
    load = Load(running)
    load.run(RATE / 4, 2.0)
    posting = threading.Thread(target=lambda: results.append(load.run(RATE - SERVED_RATE, SECONDS)))
    posting.start()
    took = served.among(SERVED_RATE, SECONDS)
    posting.join()
    return results[0], took


def main() -> None:
    """Measure one after the other against the bare steps, then among fifty facts a second."""
    count = WARM + AT_ONCE * ROUNDS + round(SERVED_RATE * SECONDS)
    with a_running_town() as running, httpx.Client(trust_env=False, timeout=30) as client:
        served = Served(running, asyncio.run(issued_orders(running.started, count)), client)
        served.work(WARM)
        bare = Bare(running)
        try:
            alone = in_turns(
                {"an order served": served.work, "the bare steps": bare.work},
                at_once={"an order served": AT_ONCE, "the bare steps": AT_ONCE},
            )
            posted, took = under_load(running, served)
        finally:
            bare.close()
            served.close()
    chain, steps = alone.values()
    compared = {candidate.name: measured_text(candidate) for candidate in (chain, steps)}
    value = chain.percentile(50) / steps.percentile(50)
    keep(
        "reviews",
        "an order served until the review is due, p50",
        value,
        "x the bare steps",
        None,
        chain.spread,
        compared,
    )
    p50, p95, p99 = (percentile(took, percent) * 1_000 for percent in (50, 95, 99))
    keep(
        "reviews",
        f"an order served until the review is due at {RATE:.0f} facts a second, p99",
        p99,
        "ms",
        Goal(2_000, at_most=True),
        0.0,
        compared,
        p50_ms=round(p50),
        p95_ms=round(p95),
        orders=len(took),
        facts=posted.posted,
        facts_refused=posted.refused,
    )


if __name__ == "__main__":
    main()
