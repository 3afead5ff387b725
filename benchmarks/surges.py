"""A spike, and a broker that is away

A running town gets thrice its load for a while; then its broker is stopped while facts are posted, and started again.
Nothing that was answered may be missing in any of four mailboxes afterwards, no process may have grown past a bound,
and how fast what waited became readable is a figure: from the end of the spike, and from the broker's return.

**Where the limit lies.**  What waits, waits in the outbox, on disk: the relay holds at most a batch, and a worker what
it fetches at once, 512 KiB of each partition.  At the usual 1 MiB it grew by 73 MiB and drained no faster; at 256 KiB
the drain took half as long again.  The drain after an outage begins only once the broker answers, the relay's producer
has connected anew and the workers have joined their groups again; after that it is the rate of relay and worker
together, on cores that intake uses too.
"""

from __future__ import annotations

import threading
import time
from typing import Final

from benchmarks.load import Load, LoadResult
from benchmarks.measurement import Goal, keep, percentile, resident
from benchmarks.running_town import Running, a_running_town
from tests.support.rounds import rounds

RATE: Final = 60.0
SPIKE: Final = 3
SPIKE_FOR: Final = float(rounds(10, 60))
AWAY_FOR: Final = float(rounds(20, 300))
WARM: Final = 3.0
BOUND: Final = 64.0  # MiB that one process may grow by: its buffers are bounded, whatever waits
PATIENCE: Final = 120.0


def grown(before: dict[str, float]) -> dict[str, float]:
    """Return by how many MiB each process of ours grew."""
    now = resident()
    kinds = [kind for kind in now if kind in before and kind not in ("measuring", "PostgreSQL", "Kafka", "python")]
    return {kind: now[kind] - before[kind] for kind in kinds}


def readable_quantiles(result: LoadResult) -> dict[str, str]:
    """Return the quantiles of a load as text."""
    if not result.readable:
        return {}
    quantiles = "p50 {:.2f} p95 {:.2f} p99 {:.2f} s".format(*(percentile(result.readable, p) for p in (50, 95, 99)))
    return {"readable": quantiles}


def figures(name: str, result: LoadResult, memory: dict[str, float], over_at: float) -> None:
    """Keep the figures of lost messages, of growing memory and of draining."""
    keep(
        "surges",
        f"messages lost in {name}",
        result.lost,
        "messages",
        Goal(0, at_most=True),
        0.0,
        readable_quantiles(result),
        facts=result.posted,
        facts_not_taken=result.refused,
    )
    worst = max(memory, key=lambda kind: memory[kind])
    keep(
        "surges",
        f"most that a process grew in {name}",
        memory[worst],
        "MiB",
        Goal(BOUND, at_most=True),
        MiB=", ".join(f"{kind} {by:+.1f}" for kind, by in sorted(memory.items(), key=lambda item: -item[1])[:6]),
    )
    waited, drained = result.drained(over_at)
    keep(
        "surges",
        f"drained after {name}",
        waited / drained if drained else 0.0,
        "messages/s",
        waited=waited,
        seconds=round(drained, 1),
    )


def spike(load: Load) -> None:
    """Post thrice as much for a while."""
    before = resident()
    result = load.run(RATE * SPIKE, SPIKE_FOR, patience=PATIENCE)
    figures(f"a spike of {SPIKE}x", result, grown(before), result.last_due)


def outage(running: Running, load: Load) -> None:
    """Stop the broker while facts are posted, start it again, and wait until all is readable."""
    started = running.started
    before = resident()
    started.kafka.stop()
    back: list[float] = []

    def return_it() -> None:
        time.sleep(AWAY_FOR)
        started.keep_alive()
        back.append(time.monotonic())

    returning = threading.Thread(target=return_it)
    returning.start()
    result = load.run(RATE / 2, AWAY_FOR, patience=PATIENCE)
    returning.join()
    figures("an outage of the broker", result, grown(before), back[0])


def main() -> None:
    """Upset a running town twice."""
    with a_running_town() as running:
        load = Load(running)
        load.run(RATE, WARM)
        spike(load)
        outage(running, load)


if __name__ == "__main__":
    main()
