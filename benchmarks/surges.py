"""A spike, and a broker that is away

TODO
"""

from __future__ import annotations

import threading
import time
from typing import Final

from benchmarks.load import Load, Running, Seen, a_running_town
from benchmarks.mail import TO
from benchmarks.measuring import Goal, keep, percentile, resident
from tests.world.proving import rounds

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
    ours = [kind for kind in now if kind in before and kind not in ("measuring", "PostgreSQL", "Kafka", "python")]
    return {kind: now[kind] - before[kind] for kind in ours}


def told(seen: Seen) -> dict[str, str]:
    """Return what a load came to as text."""
    if not seen.readable:
        return {}
    quantiles = "p50 {:.2f} p95 {:.2f} p99 {:.2f} s".format(*(percentile(seen.readable, p) for p in (50, 95, 99)))
    return {"readable": quantiles}


def figures(name: str, seen: Seen, memory: dict[str, float], drained: float, waited: int) -> None:
    """Keep what was lost, what grew and how fast it drained."""
    keep(
        "surges",
        f"messages lost in {name}",
        seen.lost,
        "messages",
        Goal(0, at_most=True),
        0.0,
        told(seen),
        facts=seen.posted,
        facts_not_taken=seen.refused,
    )
    worst = max(memory, key=lambda kind: memory[kind])
    keep(
        "surges",
        f"most that a process grew in {name}",
        memory[worst],
        "MiB",
        Goal(BOUND, at_most=True),
        MiB=", ".join(f"{kind} {by:+.1f}" for kind, by in sorted(memory.items(), key=lambda one: -one[1])[:6]),
    )
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
    seen = load.run(RATE * SPIKE, SPIKE_FOR, patience=PATIENCE)
    late = sum(one > 0.25 for one in seen.readable)
    figures(f"a spike of {SPIKE}x", seen, grown(before), seen.drained, late)


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
    seen = load.run(RATE / 2, AWAY_FOR, patience=PATIENCE)
    ended = time.monotonic()
    returning.join()
    waited = (seen.posted - seen.refused) * len(TO)
    figures("an outage of the broker", seen, grown(before), ended - back[0], waited)


def main() -> None:
    """Upset a running town twice."""
    with a_running_town() as running:
        load = Load(running)
        load.run(RATE, WARM)
        spike(load)
        outage(running, load)


if __name__ == "__main__":
    main()
