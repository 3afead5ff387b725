"""A fact on its way from one agency to four others, against the bare steps of it

An incident is posted at intake over HTTP; four agencies may see parts of it.  It is readable when the last of their
copies lies committed in its mailbox at the exchange, from where an opening finds it (some are opened over HTTP to show
it).  First one fact at a time at instants of chance, against its bare steps in turn: insert and commit five rows of the
same bytes, produce them, consume them.  Then facts at fixed instants, whatever became of those before: what a fact
takes counts from its instant, so a town that stands still does not look fast.

**Where the limit lies.**  One at a time it is waiting as much as work: with each step's instants written down, a fifth
is the answer to the post, an eighth until the relay looks (every 10 ms), a quarter its deciding and the broker's
answer, a quarter the broker and Faust until the last of five copies is read (each copy is a request of its own), and
the rest keeping them, the first ones in a round of their own.  The bare steps wait for nobody.

Under load it is CPU: what all processes spend on a fact (the notes) times the rate must stay below the machine's cores,
and near them queues grow at once. 200 facts a second on two cores leave 10 ms of CPU for a fact to four agencies, over
an HTTP edge with tokens, a ledger, a broker with SASL, two Faust workers and the load itself; it takes 11 to 14 where
rounds are full, and thrice that at 20 facts a second, each a round of its own. A third of it is intake's, a third of
that in statements (of seven round trips) and a quarter in deciding and sealing (py-spy); a quarter is the two workers',
half of that Faust's.

What was tried: one sender for all shards (a third less in all), a relay that begins a batch every 100 ms and workers
that are free when it comes (another fifth; both at 40 ms met every batch with two half rounds), a round's mailboxes
kept in one round trip (a tenth of a worker), batches that come later the longer the last one took (no better), a longer
wait for the copies of one fact (no better), no connections made for a moment (under load each was a process of the
server and two handshakes), one partition a mailbox in place of three (a twentieth, not taken: ADR 0022), no statement
for mailboxes where nothing follows, uvloop (no less), psycopg's pipeline (more), asyncpg (no less a statement). Beyond
what the machine can do, half as many requests let in at a time takes as many facts and answers in two thirds of the
time. What is left: a broker that takes the five copies in one request, fewer round trips in an answer, a third core.
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from typing import Any, Final

import httpx
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]  # its re-exports are implicit

from benchmarks.caseload import RECIPIENTS
from benchmarks.load import INCIDENT, Eyes, Load
from benchmarks.measurement import Goal, Measured, cpu_times, in_turns, keep, percentile
from benchmarks.running_town import Running, a_running_town
from devstack.story.speaker import Speaker
from tests.support.fault_injection import superuser
from tests.support.rounds import rounds

RATE: Final = 200.0
SECONDS: Final = float(rounds(15, 60))
WARM: Final = 3.0
STEP: Final = float(rounds(6, 30))
RATES: Final = (20.0, 40.0, 60.0, 80.0, 100.0, 120.0, 140.0, 160.0, 180.0, RATE)
LATEST: Final = Goal(250, at_most=True)
AT_ONCE: Final = 12
LONGEST_PAUSE: Final = 0.15
READERS: Final = {"harbor-house": "sam", "county-sheriff": "lee"}
OPENED: Final = 40


class Bare:
    """The steps without what makes them safe: rows committed, the same bytes sent and read."""

    def __init__(self, running: Running) -> None:
        self._connection = superuser(running.started)
        self._connection.execute("CREATE TABLE public.bare (id bigserial PRIMARY KEY, body bytea NOT NULL)")
        rows = self._connection.execute("SELECT body FROM exchange.message ORDER BY place DESC LIMIT 5").fetchall()
        self._bodies: list[bytes] = [bytes(row[0]) for row in rows]
        kafka = running.started.kafka.settings()
        self._topics = [f"bare-{number}" for number in range(len(self._bodies))]
        admin = AdminClient(kafka)
        for future in admin.create_topics([NewTopic(name, 3, 1) for name in self._topics]).values():
            future.result()
        self._producer = Producer(kafka | {"enable.idempotence": True, "acks": "all", "linger.ms": 0})
        settings: dict[str, Any] = {"group.id": "bare", "auto.offset.reset": "earliest"}
        self._consumer = Consumer(kafka | settings)
        self._consumer.subscribe(self._topics)
        self.produce()

    def produce(self) -> None:
        """Insert and commit, produce, and consume all of it."""
        with self._connection.transaction():
            for body in self._bodies:
                self._connection.execute("INSERT INTO public.bare (body) VALUES (%s)", (body,))
        for topic, body in zip(self._topics, self._bodies, strict=True):
            self._producer.produce(topic, body, key=b"key")
        self._producer.flush()
        consumed = 0
        while consumed < len(self._bodies):
            consumed += len(self._consumer.consume(len(self._bodies) - consumed, 5.0))

    def work(self, facts: int) -> Sequence[float]:
        """Carry so many facts, one after the other."""
        return [timed(self.produce) for _ in range(facts)]

    def close(self) -> None:
        """Let go of everything."""
        self._consumer.close()
        self._connection.close()


class Whole:
    """The whole product, one fact at a time."""

    def __init__(self, running: Running, client: httpx.Client) -> None:
        self._running = running
        self._ana = Speaker(running.started.town, "ana", "advocacy", client)
        self._eyes = Eyes(running)
        self._next = 0
        self._chance = random.Random(1)  # noqa: S311 - a pause, no secret

    def produce(self) -> None:
        """Post an incident, and return once all four agencies could open their part of it."""
        case = self._running.cases[self._next % len(self._running.cases)]
        self._next += 1
        target = self._eyes.count + len(RECIPIENTS)
        self._ana.does("intake", "POST", f"/v1/cases/{case.case_ref}/incidents", INCIDENT)
        deadline = time.monotonic() + 20
        while self._eyes.count < target:
            self._eyes.look()
            if time.monotonic() > deadline:
                raise TimeoutError("the fact did not arrive")
            time.sleep(0.001)

    def work(self, facts: int) -> Sequence[float]:
        """Carry so many facts, each at an instant of chance: whoever polls must not be met in step."""
        took = []
        for _ in range(facts):
            time.sleep(self._chance.random() * LONGEST_PAUSE)
            took.append(timed(self.produce))
        return took

    def close(self) -> None:
        """Let go of everything."""
        self._eyes.close()


def timed(work: Any) -> float:
    """Return how long it took."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def one_at_a_time(running: Running) -> None:
    """Measure both, one fact at a time."""
    with httpx.Client(trust_env=False, timeout=20) as client:
        whole = Whole(running, client)
        whole.work(10)
        bare = Bare(running)
        bare.work(10)
        results = in_turns(
            {"the product": whole.work, "the bare steps": bare.work},
            at_once={"the product": AT_ONCE, "the bare steps": AT_ONCE},
        )
        whole.close()
        bare.close()
    product, steps = results["the product"], results["the bare steps"]
    value = product.percentile(50) / steps.percentile(50)
    keep(
        "delivery",
        "one fact from its posting to all four agencies against the bare steps, p50",
        value,
        "x the baseline",
        Goal(5, at_most=True),
        0.0,
        {candidate.name: _times(candidate) for candidate in (product, steps)},
        facts=AT_ONCE * len(product.rates),
    )


def _times(measured: Measured) -> str:
    return "p50 {:.1f} p95 {:.1f} p99 {:.1f} ms".format(*(measured.percentile(p) for p in (50, 95, 99)))


def costs(used: dict[str, float], facts: int) -> str:
    """Return the CPU time of a fact in milliseconds, by process."""
    by_cost = sorted(((seconds / max(1, facts) * 1e3, kind) for kind, seconds in used.items()), reverse=True)
    return ", ".join(f"{kind} {ms:.2f}" for ms, kind in by_cost if ms >= 0.05)


def since(before: dict[str, float]) -> dict[str, float]:
    """Return the CPU seconds used since."""
    return {kind: seconds - before.get(kind, 0.0) for kind, seconds in cpu_times().items()}


def under_load(running: Running) -> None:
    """Post facts at a fixed rate, and measure until each can be read."""
    load = Load(running)
    load.run(RATE / 4, WARM)
    sustained(load)
    before = cpu_times()
    result = load.run(RATE, SECONDS)
    used = since(before)
    opened, refused = openings(running)
    keep(
        "delivery",
        f"readable at the other agency at {RATE:.0f} facts a second to {len(RECIPIENTS)} agencies, p99",
        percentile(result.readable, 99) * 1e3,
        "ms",
        LATEST,
        0.0,
        {"answered": _quantiles(result.answers), "readable": _quantiles(result.readable)},
        facts=result.posted,
        seconds=round(SECONDS),
        facts_not_taken=result.refused,
        messages_lost=result.lost,
        opened_over_HTTP_afterwards=f"{opened}, {refused} of them refused",
        CPU_ms_a_fact_taken=costs(used, result.posted - result.refused),
        cores_busy=round(sum(used.values()) / result.seconds, 2),
    )


def sustained(load: Load) -> None:
    """Raise the rate until it is too much, and keep the last at which facts still came in time."""
    best, compared = 0.0, {}
    for rate in RATES:
        before = cpu_times()
        result = load.run(rate, STEP)
        took = percentile(result.readable, 99) * 1e3 if result.readable else float("inf")
        name = f"at {rate:.0f} facts a second"
        compared[name] = f"readable {_quantiles(result.readable)}, CPU ms a fact {costs(since(before), result.posted)}"
        if result.refused or not LATEST.is_met(took):
            break
        best = rate
    keep(
        "delivery",
        f"facts a second at which {len(RECIPIENTS)} agencies can read within {LATEST.bound:.0f} ms, p99",
        best,
        "facts/s",
        Goal(RATE),
        0.0,
        compared,
        seconds_a_step=round(STEP),
    )


def _quantiles(took: Sequence[float]) -> str:
    return "p50 {:.0f} p95 {:.0f} p99 {:.0f} ms".format(*(percentile(took, p) * 1e3 for p in (50, 95, 99)))


def openings(running: Running) -> tuple[int, int]:
    """Open the newest messages over HTTP; return how many openings were tried and how many refused."""
    tried = refused = 0
    with httpx.Client(trust_env=False, timeout=20) as client, superuser(running.started) as connection:
        for agency_id, person in READERS.items():
            reader = Speaker(running.started.town, person, RECIPIENTS[agency_id].value, client)
            newest = connection.execute(
                "SELECT message_ref FROM exchange.message WHERE recipient = %s ORDER BY place DESC LIMIT %s",
                (agency_id, OPENED // len(READERS)),
            )
            for (message_ref,) in newest.fetchall():
                body = {"purpose": RECIPIENTS[agency_id].value}
                answer = reader.ask("exchange", "POST", f"/v1/messages/{message_ref}/opening", body)
                tried += 1
                refused += answer.status_code != 200
    return tried, refused


def main() -> None:
    """Measure one at a time, then many."""
    with a_running_town() as running:
        one_at_a_time(running)
        under_load(running)


if __name__ == "__main__":
    main()
