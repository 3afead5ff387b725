"""What may be done to a running town from outside: its clock moved, its broker read again, a process stood still."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition

from devstack import stack
from devstack.processes import PROGRAMS
from tests.support import clock
from tests.support.broker import administrator


def superuser(started: stack.Stack) -> "psycopg.Connection[tuple[Any, ...]]":
    """Return a connection that nothing is forbidden to: what an outside checker reads with."""
    return psycopg.connect(started.postgres.superuser_url("accord"), autocommit=True)


def set_clock(started: stack.Stack, hours: int) -> None:
    """Let the town's clock be so many hours ahead of the machine's."""
    with superuser(started) as connection:
        clock.set_clock(connection, hours * 3600)


def replay_from_the_start(started: stack.Stack) -> None:
    """Put the exchange's reader back to the first offset of every mailbox."""
    program = next(program for program in PROGRAMS if program.name == "exchange-worker")
    started.running[program.name].stop()
    client = administrator(started.kafka)
    places = [TopicPartition(agency.mailbox, number, 0) for agency in started.town.agencies for number in range(3)]
    offsets = ConsumerGroupTopicPartitions("exchange", places)
    for moved in client.alter_consumer_group_offsets([offsets]).values():
        moved.result()
    started.launch(program)
    started.wait_until_ready(lambda _: None)


@contextmanager
def standing_still(pid: int) -> Iterator[None]:
    """Let a process stand still, as on a machine that swaps."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def stands_still(pid: int) -> bool:
    """Tell whether a process was stopped, by itself or by another."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
