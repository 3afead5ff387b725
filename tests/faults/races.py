"""Races between whoever stops something and whoever opens, on a town with two enforcement points."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
import pytest

from devstack import stack
from devstack.ports import free_port
from devstack.processes import Program
from runtime.settings import KeyringSettings
from tests.faults.survivors import ALLOWED, POLICE, SHELTER, Look, Opener, Opening, Survivor, waits_until
from tests.support.fault_injection import standing_still, stands_still, superuser

DEADLINE = 5.0  # seconds that an opening may take, as the product promises
Undo = Callable[[], None]
Stop = Callable[[Survivor], Undo]  # how something is stopped; what it returns opens it again

# Sessions of an exchange that hold a survivor and do nothing: their process stands between decision and commit.
STALLED_SESSIONS = """
SELECT count(DISTINCT pid) FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE locktype = 'advisory' AND objsubid = 1 AND granted AND state = 'idle in transaction'
AND application_name LIKE 'accord-exchange%'
"""


@dataclass
class Town:
    """The town, with a second exchange beside the first: two enforcement points."""

    started: stack.Stack
    client: httpx.Client
    second: str

    @property
    def first(self) -> str:
        return self.started.town.services["exchange"]

    def survivor(self) -> Survivor:
        return Survivor.of(self.started, self.client)

    def six_openers(self) -> list[Opener]:
        return [
            Opener(self.started, "sam", SHELTER, self.first),
            Opener(self.started, "sam", SHELTER, self.second),
            Opener(self.started, SHELTER, SHELTER, self.first, together=True),
            Opener(self.started, "lee", POLICE, self.first),
            Opener(self.started, "kim", POLICE, self.second),
            Opener(self.started, POLICE, POLICE, self.second, together=True),
        ]


@contextmanager
def more_exchanges(started: stack.Stack, points: dict[str, str | None]) -> Iterator[dict[str, str]]:
    """Run more processes of the exchange, by name; with a point, one that stands still there whenever it passes."""
    for name, point in points.items():
        program = Program(name, ("services.exchange.main", "api"), "accord_exchange", "exchange", KeyringSettings)
        started.ports[name] = free_port()
        with pytest.MonkeyPatch.context() as patch:
            if point is not None:
                patch.setenv("ACCORD_CRASH_AT", f"{point}:stop")
            started.launch(program)
    try:
        for name in points:
            waits_until(lambda name=name: started.ready(name), name)  # type: ignore[misc]
        yield {name: f"http://127.0.0.1:{started.ports[name]}" for name in points}
    finally:
        for name in points:
            started.running.pop(name).stop()
            del started.ports[name]


def stop_one(survivor: Survivor) -> Undo:
    survivor.stops(survivor.permits[SHELTER])
    return lambda: survivor.allows(SHELTER)


def stop_everything(survivor: Survivor) -> Undo:
    survivor.stops_everything()
    return lambda: survivor.allows(*ALLOWED)


def take_no_part(survivor: Survivor) -> Undo:
    survivor.takes_part("no")

    def undo() -> None:
        survivor.takes_part("yes")
        survivor.allows(*ALLOWED)

    return undo


def block_an_officer(survivor: Survivor) -> Undo:
    directive = survivor.says({"effect": "deny", "excluded_person_ref": "kim", "excluded_agency_ref": "county-sheriff"})
    return lambda: survivor.lifts(directive["directive_ref"])


def deny_a_category(survivor: Survivor) -> Undo:
    directive = survivor.says({"effect": "deny", "recipient": SHELTER, "categories": ["identity"]})
    return lambda: survivor.lifts(directive["directive_ref"])


STOPS = (stop_one, stop_everything, take_no_part, block_an_officer, deny_a_category)


def closed(stop: Stop, opener: Opener) -> set[str]:
    """Return the categories that a stop closes to somebody."""
    everything = set(ALLOWED[opener.agency][1])
    of_each: dict[Stop, set[str]] = {
        stop_one: everything if opener.agency == SHELTER else set(),
        stop_everything: everything,
        take_no_part: everything,
        block_an_officer: everything if opener.who == "kim" else set(),
        deny_a_category: {"identity"} if opener.agency == SHELTER else set(),
    }
    return of_each[stop]


@dataclass
class Tally:
    """What the races saw."""

    raced: Counter[str] = field(default_factory=Counter)
    in_flight: int = 0  # looks under way when a stop was answered
    shown_in_flight: int = 0  # of these, that showed what was stopped: decided before
    overlapped: int = 0  # races in which there was at least one
    looks_after: int = 0
    paused: Counter[str] = field(default_factory=Counter)
    unanswered: Counter[str] = field(default_factory=Counter)  # looks that no answer came to, by what ended them
    caught: int = 0  # pauses that caught a process between decision and commit


@dataclass
class Races:
    """One race after the other, from one seed."""

    town: Town
    chance: random.Random
    tally: Tally = field(default_factory=Tally)

    def run(self, survivor: Survivor, opening: Opening) -> None:
        """Let everybody open, stop something, and judge all that is shown from the answer on."""
        stop = self.chance.choice(STOPS)
        touched = [opener for opener in opening.openers if closed(stop, opener)]
        began = time.monotonic()
        with opening.without_pause():
            waits_until(
                lambda: opening.goes_on() and all(sees_all(opener, began) for opener in touched), "that all is open"
            )
            with self._disturbed():
                time.sleep(self.chance.uniform(0, 0.01))
                undo = stop(survivor)
                answered = time.monotonic()
            waits_until(
                lambda: opening.goes_on() and all(opener.looks[-1].began > answered for opener in touched),
                "a look after the answer",
            )
        self._judge(stop, touched, answered)
        undo()

    def _judge(self, stop: Stop, touched: Sequence[Opener], answered: float) -> None:
        pairs = [(opener, look) for opener in touched for look in list(opener.looks)]
        after = [(opener, look) for opener, look in pairs if look.began > answered]
        late = [
            (opener.who, sorted(look.categories & closed(stop, opener)))
            for opener, look in after
            if look.categories & closed(stop, opener)
        ]
        assert not late, f"after {stop.__name__} was answered: {late}"
        assert {look.status for _, look in pairs} <= {200, 404, 503}
        flying = [(opener, look) for opener, look in pairs if look.began < answered < look.ended]
        self.tally.raced[stop.__name__] += 1
        self.tally.looks_after += len(after)
        self.tally.in_flight += len(flying)
        self.tally.overlapped += bool(flying)
        self.tally.shown_in_flight += sum(bool(look.categories & closed(stop, opener)) for opener, look in flying)
        for opener in touched:
            del opener.looks[:-1]

    @contextmanager
    def _disturbed(self) -> Iterator[None]:
        """Let a process stand still somewhere about the stop, or none."""
        name = self.chance.choice(["exchange", "exchange-two", "exchange-relay", "nobody"])
        if name == "nobody":
            yield
            return
        before, for_so_long = self.chance.uniform(0, 0.008), self.chance.uniform(0.005, 0.04)
        pid = self.town.started.running[name].pid

        def pause() -> None:
            time.sleep(before)
            with standing_still(pid):
                self.tally.caught += self._count_caught() if name != "exchange-relay" else 0
                time.sleep(for_so_long)

        pausing = threading.Thread(target=pause)
        pausing.start()
        try:
            yield
        finally:
            pausing.join()
            self.tally.paused[name] += 1

    def _count_caught(self) -> int:
        with superuser(self.town.started) as connection:
            row = connection.execute(STALLED_SESSIONS).fetchone()
        assert row is not None
        return int(row[0] > 0)


def sees_all(opener: Opener, since: float) -> bool:
    newest = opener.newest()
    return newest is not None and newest.began > since and newest.categories == set(ALLOWED[opener.agency][1])


@dataclass
class Paused:
    """An opener whose exchange stands still at one point, and what came of the looks that it was given."""

    town: Town
    point: str
    name: str
    url: str
    survivor: Survivor
    looks: list[Look] = field(default_factory=list)

    @property
    def pid(self) -> int:
        return self.town.started.running[self.name].pid

    @contextmanager
    def looking(self) -> Iterator[None]:
        """Begin a look, wait until it stands still, and let it go on behind the block."""
        opener = Opener(self.town.started, "sam", SHELTER, self.url)
        opener.looks_at(self.survivor)

        thread = threading.Thread(target=lambda: self.looks.append(opener.opens_once()))
        thread.start()
        try:
            waits_until(lambda: stands_still(self.pid), self.point)
            yield
        finally:
            with standing_still(self.pid):
                pass  # what ends is that it stands still
            thread.join()

    def a_moment(self) -> Look:
        """Look once, held up for a moment only and nothing being stopped."""
        with self.looking():
            pass
        return self.looks[-1]

    def past_its_deadline(self) -> tuple[Look, bool]:
        """Look once, held up until the stop was answered and the deadline is over; tell whether it was answered."""
        with self.looking():
            began = time.monotonic()
            self.survivor.stops(self.survivor.permits[SHELTER])
            answered = stands_still(self.pid)
            time.sleep(max(0.0, began + DEADLINE + 0.5 - time.monotonic()))
        self.survivor.allows(SHELTER)
        return self.looks[-1], answered
