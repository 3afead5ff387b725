"""What each process holds in memory under load

A running town takes facts at an even rate, and each process is weighed once a second (resident memory; processes of
one kind together).  The figure is the steepest slope over the later two thirds.  The short form is too short for a
verdict: caches of consent (10,000 subjects), of cases and of keys fill, arenas grow to their working size, and what is
filled once looks like growth.  The long form, half an hour, is held to a bound.

**Where the limit lies.**  Everything that is kept in memory is bounded: tables of consent, cases and buckets of
rates by number, queues of the reader and of the producer by number and bytes.
"""

from __future__ import annotations

import statistics
import threading
import time
from typing import Final

from benchmarks.load import Load
from benchmarks.measurement import Goal, keep, resident
from benchmarks.running_town import a_running_town
from tests.support.rounds import rounds

RATE: Final = 100.0
SECONDS: Final = float(rounds(30, 1800))
WARM: Final = 5.0
EVERY: Final = 1.0
SHORT: Final = 300.0  # in less than this a slope says little: what is kept once is still being filled
BOUND: Final = 0.5  # MiB a minute, of one process
OTHER_KINDS: Final = frozenset({"measuring", "PostgreSQL", "Kafka", "python"})


class Scale:
    """Weighs every process once a second."""

    def __init__(self) -> None:
        self.samples: list[tuple[float, dict[str, float]]] = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._weigh)

    def __enter__(self) -> Scale:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def _weigh(self) -> None:
        while not self._stopping.wait(EVERY):
            self.samples.append((time.monotonic(), resident()))

    def slope(self, kind: str) -> float:
        """Return MiB a minute, over the later two thirds."""
        later = self.samples[len(self.samples) // 3 :]
        at = [moment / 60 for moment, sample in later if kind in sample]
        sizes = [sample[kind] for _, sample in later if kind in sample]
        return statistics.linear_regression(at, sizes).slope if len(at) > 2 else 0.0


def main() -> None:
    """Load a town evenly and weigh it."""
    with a_running_town() as running:
        load = Load(running)
        load.run(RATE / 2, WARM)
        with Scale() as scale:
            result = load.run(RATE, SECONDS)
        last = scale.samples[-1][1]
        own_kinds = sorted(set(last) - OTHER_KINDS)
        slopes = {kind: scale.slope(kind) for kind in own_kinds}
    worst = max(slopes, key=lambda kind: slopes[kind])
    short = SECONDS < SHORT
    keep(
        "memory",
        f"steepest growth of a process at {RATE:.0f} facts a second",
        slopes[worst],
        "MiB/min",
        None if short else Goal(BOUND, at_most=True),
        process=worst,
        seconds=f"{SECONDS:.0f}{', too short to tell growth from what is filled once' if short else ''}",
        facts=result.posted,
        facts_not_taken=result.refused,
        MiB_and_MiB_a_minute=", ".join(f"{kind} {last[kind]:.0f} {slopes[kind]:+.1f}" for kind in own_kinds),
        servers_MiB=", ".join(f"{kind} {last[kind]:.0f}" for kind in ("PostgreSQL", "Kafka") if kind in last),
    )


if __name__ == "__main__":
    main()
