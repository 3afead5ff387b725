"""How speed is measured here: against a baseline in the same run, in turns, and told as a ratio.

A figure of one machine on one day says little; how it stands to something well known, measured in the same minute, says
how far from the possible it is.  So each round has every candidate do a share of work, one after the other in an order
that chance decides, and a figure is the median over the rounds with what lay between the best and the worst.

ROUNDS   how many rounds: unset for the short form, `long` for the long one, or a number
"""

from __future__ import annotations

import asyncio
import gc
import json
import random
import statistics
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import psutil

from tests.support.rounds import form, machine, rounds

FOLDER: Final = Path(__file__).parents[1] / ".run" / "bench"
SHARE: Final = 0.25  # seconds that a candidate works in a round, about
ROUNDS: Final = rounds(5, 15)

# Does so many units of work; may return how long each took, in seconds.
Work = Callable[[int], Sequence[float] | None]


@dataclass(frozen=True)
class Goal:
    """What a figure is to be: at least or at most so much."""

    bound: float
    at_most: bool = False

    def is_met(self, value: float) -> bool:
        """Tell whether `value` is as good as that."""
        return value <= self.bound if self.at_most else value >= self.bound

    def __str__(self) -> str:
        return f"{'<=' if self.at_most else '>='} {self.bound:,g}"


@dataclass
class Measured:
    """One candidate over all rounds: units a second in each, and what a unit cost whom."""

    name: str
    rates: list[float] = field(default_factory=list)
    cpu: dict[str, float] = field(default_factory=dict)  # microseconds a unit, by kind of process
    busy: dict[str, float] = field(default_factory=dict)  # of one core, by kind of process
    took: list[float] = field(default_factory=list)  # seconds, of single units

    @property
    def rate(self) -> float:
        """Return units a second: the median over the rounds."""
        return statistics.median(self.rates)

    @property
    def spread(self) -> float:
        """Return what lies between the best and the worst round, as a part of the median."""
        return (max(self.rates) - min(self.rates)) / self.rate

    def percentile(self, percent: float) -> float:
        """Return how many milliseconds so many in a hundred took at most."""
        return percentile(self.took, percent) * 1_000


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the value that so many in a hundred do not exceed (nearest rank)."""
    ranked = sorted(values)
    return ranked[max(0, -(-len(ranked) * percent // 100).__int__() - 1)]


def kind_of(process: psutil.Process) -> str:
    """Return who a process works for: PostgreSQL, Kafka, one of ours by its name, or whoever measures."""
    if process.pid == psutil.Process().pid:
        return "measuring"
    command = process.cmdline()
    if "postgres" in process.name():
        return "PostgreSQL"
    if "java" in process.name():
        return "Kafka"
    named = [" ".join(command[i + 1 : i + 3]) for i, word in enumerate(command[:-1]) if word == "-m"]
    return named[0].replace("services.", "").replace(".main", "") if named else str(process.name())


def cpu_times() -> dict[str, float]:
    """Return the CPU seconds used so far by this process and by each kind of what it started."""
    used: dict[str, float] = defaultdict(float)
    own = psutil.Process()
    for process in [own, *own.children(recursive=True)]:
        try:
            times = process.cpu_times()
            used[kind_of(process)] += times.user + times.system
        except psutil.Error:
            continue  # it ended meanwhile
    return used


def resident() -> dict[str, float]:
    """Return the resident memory in MiB of this process and of each kind of what it started."""
    memory: dict[str, float] = defaultdict(float)
    own = psutil.Process()
    for process in [own, *own.children(recursive=True)]:
        try:
            memory[kind_of(process)] += process.memory_info().rss / 2**20
        except psutil.Error:
            continue
    return memory


def in_turns(
    candidates: Mapping[str, Work],
    *,
    at_once: Mapping[str, int] | None = None,
    before: Mapping[str, Callable[[int], object]] | None = None,
    share: float = SHARE,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, Measured]:
    """Have every candidate work in each round, in random order, and return the measurement of each.

    `at_once` fixes how many units a candidate does in a round; the others do what fills `share` seconds.  `before`
    makes ready what so many units of a candidate's work need, and is not measured.  What only computes, in this
    process alone, may be timed by `time.process_time`: others who use the machine then count less.
    """
    gc.collect()
    gc.freeze()  # as a service does before its first request
    units = {name: (at_once or {}).get(name) or calibrated(work, share, clock) for name, work in candidates.items()}
    results = {name: Measured(name) for name in candidates}
    cpu: dict[str, list[dict[str, float]]] = defaultdict(list)
    wall: dict[str, float] = defaultdict(float)
    for number in range(ROUNDS):
        order = list(candidates)
        random.Random(number).shuffle(order)  # noqa: S311 - an order, no secret
        for name in order:
            (before or {}).get(name, _nothing)(units[name])
            used, began = cpu_times(), clock()
            took = candidates[name](units[name])
            seconds = clock() - began
            after = cpu_times()
            results[name].rates.append(units[name] / seconds)
            results[name].took += took or ()
            wall[name] += seconds
            cpu[name].append({kind: after[kind] - used.get(kind, 0.0) for kind in after})
    for name, result in results.items():
        for kind in sorted({kind for used in cpu[name] for kind in used}):
            spent = sum(used.get(kind, 0.0) for used in cpu[name])
            result.cpu[kind] = spent / (units[name] * ROUNDS) * 1e6
            result.busy[kind] = spent / wall[name]
    return results


def _nothing(_: int) -> None:
    pass


def calibrated(work: Work, share: float = SHARE, clock: Callable[[], float] = time.perf_counter) -> int:
    """Return how many units fill `share` seconds; what is done to find out warms everything up."""
    units = 1
    while True:
        began = clock()
        work(units)
        took = clock() - began
        if took > share / 4:
            return max(1, round(units * share / took))
        units *= 2 if took > share / 20 else 8


def each(do: Callable[[], object]) -> Work:
    """Return the work of doing something over and over, each time timed."""

    def work(units: int) -> list[float]:
        took = []
        for _ in range(units):
            began = time.perf_counter()
            do()
            took.append(time.perf_counter() - began)
        return took

    return work


def each_awaited(runner: asyncio.Runner, do: Callable[[], Awaitable[object]]) -> Work:
    """Return the work of awaiting something over and over on one loop, each time timed."""

    async def several(units: int) -> list[float]:
        took = []
        for _ in range(units):
            began = time.perf_counter()
            await do()
            took.append(time.perf_counter() - began)
        return took

    return lambda units: runner.run(several(units))


@dataclass(frozen=True)
class Figure:
    """One line of docs/performance.md."""

    script: str
    name: str
    value: float
    unit: str
    goal: str
    met: bool | None
    spread: float
    compared: dict[str, str]  # each candidate with its rate, percentiles and costs
    notes: dict[str, Any]
    rounds: int
    machine: str
    ended_at: str
    form: str = "short"

    @property
    def title(self) -> str:
        """Return its name, with the form in which it was measured where that is not the short one."""
        return self.name if self.form == "short" else f"{self.name} ({self.form})"

    def line(self) -> str:
        """Return the figure as one line of text."""
        verdict = "" if self.met is None else (" met" if self.met else " MISSED")
        compared = "; ".join(f"{name} {text}" for name, text in self.compared.items())
        notes = "".join(f"; {name} {text}" for name, text in self.notes.items())
        goal = f" (goal {self.goal}:{verdict})" if self.goal else ""
        figure = f"{self.script}: {self.title}: {self.value:,.3g} {self.unit}{goal}"
        return f"{figure}, spread {self.spread:.0%}: {compared}{notes}"


def measured_text(measured: Measured) -> str:
    """Return a candidate's rate, percentiles and costs as text."""
    parts = [f"{measured.rate:,.0f}/s ± {measured.spread / 2:.0%}"]
    if measured.took:
        parts.append("p50 {:.2f} p95 {:.2f} p99 {:.2f} ms".format(*(measured.percentile(p) for p in (50, 95, 99))))
    costs = [f"{kind} {us:,.3g}" for kind, us in measured.cpu.items() if us and measured.busy[kind] > 0.02]
    parts.append(f"CPU us a unit: {', '.join(costs)}")
    return ", ".join(parts)


def ratio(
    script: str, name: str, measured: Measured, baseline: Measured, goal: Goal | None = None, **notes: Any
) -> Figure:
    """Keep how the rate of one candidate stands to the baseline's, and return it."""
    by_round = [a / b for a, b in zip(measured.rates, baseline.rates, strict=True)]
    value = statistics.median(by_round)
    spread = (max(by_round) - min(by_round)) / value
    compared = {candidate.name: measured_text(candidate) for candidate in (measured, baseline)}
    return keep(script, name, value, "x the baseline", goal, spread, compared, **notes)


def keep(
    script: str,
    name: str,
    value: float,
    unit: str,
    goal: Goal | None = None,
    spread: float = 0.0,
    compared: Mapping[str, str] | None = None,
    **notes: Any,
) -> Figure:
    """Write a figure down in `.run/bench`, show it, and return it."""
    ended = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    verdict = None if goal is None else goal.is_met(value)
    labelled_notes = {key.replace("_", " "): note for key, note in notes.items()}
    compared = dict(compared or {})
    how = ROUNDS, machine(), ended, form()
    figure = Figure(script, name, value, unit, str(goal or ""), verdict, spread, compared, labelled_notes, *how)
    place = FOLDER / script
    place.mkdir(parents=True, exist_ok=True)
    (place / f"{figure.title.replace(' ', '-').replace('/', '-')}.json").write_text(
        json.dumps(asdict(figure), indent=2) + "\n"
    )
    print(figure.line(), flush=True)
    return figure
