"""Revocations race whoever opens, on the running town: after the answer nothing that was stopped is shown.

Clients time what they send and get by one clock.  A look that began before the answer may show what was open then; one
that began after it may not, whoever was paused, whatever is read again, and however long a message lay aside.
"""

import json
import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest
from confluent_kafka import ConsumerGroupTopicPartitions

from devstack import stack
from tests.faults.races import STOPS, Paused, Races, Town, more_exchanges
from tests.faults.survivors import ALLOWED, POLICE, SHELTER, Opener, Opening, Survivor, waits_until
from tests.support.broker import administrator
from tests.support.fault_injection import replay_from_the_start, set_clock, superuser
from tests.support.rounds import proof, rounds, seed
from tests.support.run_folders import accord
from tests.support.shared_towns import clock_town

__all__ = ["clock_town"]  # a fixture is found by its name in this module

A_WEEK = 7 * 24
RACES_OF_ONE = 40  # of one survivor: her directives are read whole by each that changes


@pytest.fixture(scope="module")
def town(clock_town: stack.Stack) -> Iterator[Town]:
    """The town whose clock is moved and whose processes are stopped, which no other test should meet."""
    with (
        httpx.Client(timeout=60, trust_env=False) as client,
        more_exchanges(clock_town, {"exchange-two": None}) as second,
    ):
        yield Town(clock_town, client, second["exchange-two"])


def test_no_look_after_an_answered_stop_shows_a_stopped_field(town: Town) -> None:
    races, left = Races(town, random.Random(seed())), rounds(40, 10_000)  # noqa: S311 - to be had again
    relied_on = 0
    while left:
        survivor, openers = town.survivor(), town.six_openers()
        for opener in openers:
            opener.looks_at(survivor)
        with Opening(openers) as opening:
            for _ in range(min(left, RACES_OF_ONE)):
                races.run(survivor, opening)
                left -= 1
        races.tally.unanswered += opening.unanswered
        openings, late = survivor.late_leaves()
        assert late == 0, "the record has an opening by a directive that was decided after its revocation"
        relied_on += openings

    tally = races.tally
    kinds = {name: count for name, count in tally.raced.items()} | {
        f"{name} paused": n for name, n in tally.paused.items()
    }
    proof(
        "faults",
        "fence races",
        schedules=tally.raced.total(),
        fields_after_the_answer=0,
        looks_after=tally.looks_after,
        overlapped=tally.overlapped,
        in_flight=tally.in_flight,
        shown_in_flight=tally.shown_in_flight,
        paused_between_decision_and_commit=tally.caught,
        leaves_relied_on_revoked=relied_on,
        unanswered=tally.unanswered.total(),
        kinds=json.dumps(kinds, sort_keys=True),
    )
    assert tally.overlapped > 0, "no look was under way when a stop was answered: nothing raced"
    assert tally.caught > 0, "no pause caught an opener between decision and commit"
    assert set(tally.raced) == {stop.__name__ for stop in STOPS}
    assert relied_on > 0
    assert tally.unanswered.total() * 10 <= tally.looks_after, tally.unanswered


POINTS = ("opening.before_commit", "opening.after_commit", "answer.before_sending")


def test_an_opener_paused_past_its_deadline_gives_nothing(town: Town) -> None:
    """Before the commit it is evicted, so that the stop is answered; behind it, and at the very end, it is too late."""
    tries = rounds(1, 20)
    points: dict[str, str | None] = {f"exchange-paused-{number}": point for number, point in enumerate(POINTS)}
    with more_exchanges(town.started, points) as urls, ThreadPoolExecutor(len(points)) as pool:
        paused = [Paused(town, str(points[name]), name, urls[name], town.survivor()) for name in points]
        for opener, look in zip(paused, pool.map(Paused.a_moment, paused), strict=True):
            assert look.categories == set(ALLOWED[SHELTER][1]), f"{opener.point}: a moment is not too long"
        late = pool.map(lambda opener: [opener.past_its_deadline() for _ in range(tries)], paused)
        outcomes = dict(zip(POINTS, late, strict=True))

    for point, pauses in outcomes.items():
        assert all(answered for _, answered in pauses), f"{point}: it went on before the stop was answered"
        assert [(look.status, set(look.categories)) for look, _ in pauses] == [(503, set())] * tries, point
    proof("faults", "fence paused opener", points=len(POINTS), pauses=tries * len(POINTS), fields=0)


def test_a_replay_from_the_first_offset_shows_no_stopped_field(town: Town) -> None:
    survivor = town.survivor()
    openers = [Opener(town.started, "sam", SHELTER, town.first), Opener(town.started, "lee", POLICE, town.first)]
    for opener in openers:
        opener.looks_at(survivor)
    before = counted(town)

    survivor.stops(survivor.permits[SHELTER])
    answered = time.monotonic()
    with Opening(openers) as opening, opening.without_pause():
        replay_from_the_start(town.started)
        waits_until(lambda: read_again(town), "the end of every mailbox")
    sam, lee = ([look for look in opener.looks if look.began > answered] for opener in openers)

    assert (len(sam) > 0, [look for look in sam if look.categories]) == (True, [])
    assert {look.categories for look in lee} == {frozenset({"identity"})}
    proof("faults", "fence replay", messages_read_again=before, looks=len(sam), fields=0)


def counted(town: Town) -> int:
    """Return how many messages the exchange keeps."""
    with superuser(town.started) as connection:
        row = connection.execute("SELECT count(*) FROM exchange.message").fetchone()
    assert row is not None
    return int(row[0])


def read_again(town: Town) -> bool:
    """Tell whether the exchange's reader has read as many messages as it keeps, from the first offsets on."""
    client = administrator(town.started.kafka)  # kept: with it, what it was asked would be forgotten
    (offsets,) = client.list_consumer_group_offsets([ConsumerGroupTopicPartitions("exchange")]).values()
    read: int = sum(max(0, place.offset) for place in offsets.result(timeout=20).topic_partitions or [])
    return read >= counted(town)


@contextmanager
def forbidden(town: Town, deed: str, role: str) -> Iterator[None]:
    """Take a right away from a role of the database, so that what needs it fails, and give it back."""
    with superuser(town.started) as connection:
        connection.execute(f"REVOKE {deed} FROM {role}")
        try:
            yield
        finally:
            connection.execute(f"GRANT {deed} TO {role}")


@pytest.mark.parametrize(
    ("consumer", "deed", "role"),
    [
        ("exchange", "INSERT ON exchange.message", "accord_exchange"),
        ("relay", "SELECT ON register.subject", "accord_relay"),
    ],
)
def test_a_dead_letter_retried_a_week_on_shows_nothing_stopped(town: Town, consumer: str, deed: str, role: str) -> None:
    stopped, allowed = town.survivor(), town.survivor()
    before = set(parked(town, consumer))
    with forbidden(town, deed, role):
        for survivor in (stopped, allowed):
            survivor.tells(known_as="Mari")
        waits_until(lambda: len(set(parked(town, consumer)) - before) >= 6, "that all is parked")
    stopped.stops(stopped.permits[SHELTER])
    try:
        set_clock(town.started, A_WEEK)
        for ref in set(parked(town, consumer)) - before:
            assert accord("dead-letters", "retry", ref, "--run", town.started.town.run).exit_code == 0
        waits_until(lambda: not set(parked(town, consumer)) - before, "that nothing is parked any more")
        waits_until(lambda: newest_arrived(allowed), "what is still allowed")
        categories = [looks_once(town, survivor) for survivor in (stopped, allowed)]
    finally:
        set_clock(town.started, 0)

    assert categories == [set(), set(ALLOWED[SHELTER][1])]
    proof("faults", f"fence parked by the {consumer}", tried_again_after_hours=A_WEEK, fields=0)


def parked(town: Town, consumer: str) -> list[str]:
    with superuser(town.started) as connection:
        statement = "SELECT parked_ref FROM carrying.parked WHERE consumer = %s AND resolved_at IS NULL"
        return [str(row[0]) for row in connection.execute(statement, [consumer]).fetchall()]


def newest_arrived(survivor: Survivor) -> bool:
    """Tell whether what was parked lies in the mailbox."""
    before = survivor.messages[SHELTER]
    survivor.arrived()
    return survivor.messages[SHELTER] != before


def looks_once(town: Town, survivor: Survivor) -> set[str]:
    """Return what Sam is shown of the newest message that there is, arrived or not."""
    rows = survivor.rows(
        'SELECT message_ref FROM carrying.offer AS o JOIN register."case" AS c USING (subject_id) '
        "LEFT JOIN carrying.outbox AS b USING (message_ref) "
        "WHERE c.case_ref = %s AND o.recipient = %s AND o.type LIKE 'accord.incident%%' "
        "ORDER BY b.id DESC NULLS LAST, o.sequence DESC NULLS LAST LIMIT 1",
        survivor.case_ref,
        SHELTER,
    )
    opener = Opener(town.started, "sam", SHELTER, town.first, message_ref=str(rows[0][0]))
    return set(opener.opens_once().categories)
