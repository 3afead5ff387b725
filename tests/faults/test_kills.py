"""Processes die and stand still at random and at every named point, while clients act and write down each answer.

Afterwards a judge who shares no code with the product looks at Kafka, the database and the API: nothing that was
acknowledged is lost, nothing has its effect twice, nothing was shown that was not permitted, and the record is whole.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from devstack.processes import PROGRAMS
from tests.devstack.watcher import comes_true
from tests.faults.crash_runs import TURNS, points
from tests.faults.kills import SERVERS, Keeper, Killer
from tests.faults.process_control import Place
from tests.faults.rng import chance
from tests.support.fork_server import forking
from tests.support.rounds import proof, rounds, seed
from tests.support.shared_towns import a_town_of_its_own

AT_ONCE, AT_LEISURE = 0.03, 0.3  # seconds between two commands of a client
DIES_WITHIN = 90.0
LAPSES_EVERY = 2.0
DIED = 137  # what the points end a process with


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A town on servers of its own, whatever the other suites use: they are killed here."""
    folder = tmp_path_factory.mktemp("faults")
    with forking() as spawn, a_town_of_its_own(folder / "town", spawn) as started:
        yield Place(started, folder)


def test_kills_lose_nothing_acknowledged_double_and_show_nothing(place: Place) -> None:
    keeper = Keeper(place.started)
    killer = Killer(keeper, chance(seed(), "kills"), rounds(36, 1000))
    began = time.monotonic()

    with keeper.keeping():
        with place.clients(seed(), AT_ONCE):
            killer.go()
            killed_in = time.monotonic() - began
        left, drained_in = place.drain()
        findings = left + place.judged()

    commands = place.commands()
    counted = {outcome: sum(command.outcome == outcome for command in commands) for outcome in ("yes", "maybe")}
    opened = sum(
        len(command.answer.get("opened", [command]))
        for command in commands
        if command.does == "opening" and command.outcome == "yes"
    )
    proof(
        "faults",
        "kills",
        kills=len(killer.fired),
        by_kind=" ".join(f"{name}:{count}" for name, count in sorted(killer.by_name().items())),
        stopped=sum(fired.signum.name == "SIGSTOP" for fired in killer.fired),
        acknowledged=counted["yes"],
        unclear=counted["maybe"],
        opened=opened,
        violations=len(findings),
        lost=sum(finding.invariant == "I1" for finding in findings),
        killed_in=round(killed_in, 1),
        drained_in=round(drained_in, 1),
        took=round(time.monotonic() - began, 1),
    )
    assert not findings, findings[:20]
    assert killer.by_name().keys() == {*SERVERS, *(program.name for program in PROGRAMS)}
    assert counted["yes"] > 100  # so many even where other suites keep both cores busy
    assert opened > 50


def test_a_process_dies_at_every_failpoint_and_recovers(place: Place) -> None:
    keeper, began = Keeper(place.started), time.monotonic()

    def die(name: str) -> list[str]:
        return [point for point in TURNS[name] if dies(place, keeper, name, point)]

    with keeper.keeping():
        with place.clients(seed() + 1, AT_LEISURE), ThreadPoolExecutor(len(TURNS)) as pool:
            died = dict(zip(TURNS, pool.map(die, TURNS), strict=True))
        left, drained_in = place.drain()
        findings = left + place.judged()

    took = {"drained_in": round(drained_in, 1), "took": round(time.monotonic() - began, 1)}
    deaths = sum(map(len, died.values()))
    proof("faults", "crash points", points=len(points()), deaths=deaths, violations=len(findings), **took)
    assert died == TURNS
    assert not findings, findings[:20]


def test_each_point_in_the_code_has_a_process_that_dies_there() -> None:
    assert {point for turn in TURNS.values() for point in turn} == points()


def dies(place: Place, keeper: Keeper, name: str, point: str) -> bool:
    """Tell whether a process that is armed with `point` dies there; then another takes its place."""
    armed, until = keeper.arm(name, point), time.monotonic() + DIES_WITHIN
    while armed.status() is None and time.monotonic() < until:
        place.lapse()  # again and again: whoever is not armed yet takes what is due, too
        comes_true(lambda: armed.status() is not None, LAPSES_EVERY)
    return armed.status() == DIED
