"""The worker of the exchange, against a bare Faust agent

The same sealed messages in mailboxes of their own: the exchange's worker (one inbox row and one kept message each,
up to 256 to a commit, acknowledged after it) against a Faust agent that counts messages and drops them.  Both are
processes of their own, and run all the time.

**Where the limit lies.**  In Faust: it takes the bare agent 130 us of Python to bring a message up from the broker
(fetching, decoding, one event and several futures each), and that is two thirds of the worker's time too (py-spy).  Of
ours, keeping the messages was a seventh while sealed bodies went to the server as text; now the whole of reading
headers, inbox row, kept message and commit is a fifth, the watch for messages passed over and the hand-over a tenth.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, Final, cast

import faust
from faust.auth import SASLCredentials

from benchmarks.mail import BARE, Mail, a_mail, a_process, post
from benchmarks.measurement import Goal, in_turns, ratio
from runtime.messaging.connection import MECHANISM
from runtime.messaging.producer import OutgoingRecord
from schemas.topics import mailbox
from tests.support.broker_env import PASSWORD

MESSAGES: Final = 4_000
WITHIN: Final = 60.0
TOLD_EVERY: Final = 0.02
STORED: Final = "SELECT coalesce(sum(place), 0) FROM exchange.mailbox"


def bare(bootstrap: str, *topics: str) -> None:
    """Only consume, and write the count of messages to standard output: a Faust agent as its manual has it."""
    app = faust.App(
        "exchange.bare",
        broker=[f"kafka://{bootstrap}"],
        broker_credentials=SASLCredentials(username="exchange", password=PASSWORD, mechanism=MECHANISM),
        consumer_auto_offset_reset="earliest",
        value_serializer="raw",
        key_serializer="raw",
        store="memory://",
        stream_wait_empty=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
        autodiscover=False,
    )
    count = 0

    async def read(stream: Any) -> None:
        nonlocal count
        async for _ in stream:
            count += 1

    async def tell() -> None:
        reported = -1
        while True:
            if count != reported:
                reported = count
                sys.stdout.write(f"{reported}\n")
                sys.stdout.flush()
            await asyncio.sleep(TOLD_EVERY)

    raw = {"key_type": bytes, "value_type": bytes}
    app.agent(app.topic(*topics, **cast(Any, raw)), concurrency=1)(read)
    app.task(tell)

    async def run() -> None:
        app.finalize()
        await app.start()
        await app.wait_until_stopped()

    asyncio.run(run())


class Posted:
    """Messages that are written to mailboxes, and the wait until all of them have been read."""

    def __init__(self, mail: Mail, to: Sequence[str] | None = None) -> None:
        self._mail = mail
        self._to = to
        self._producer = mail.producer()
        self._letters: list[OutgoingRecord] = []
        self._expected = 0

    def make(self, count: int) -> None:
        """Make so many letters."""
        self._letters = self._mail.letters(count, self._to)

    def work(self, count: int) -> None:
        """Post them, and return once they were read."""
        self._expected += count
        post(self._producer, self._letters)
        deadline = time.monotonic() + WITHIN
        while self.read() < self._expected:
            if time.monotonic() > deadline:
                raise TimeoutError("not everything was read")

    def read(self) -> int:
        """Return how many were read so far."""
        raise NotImplementedError


class ByTheWorker(Posted):
    """Read by the exchange's worker, and kept in its mailboxes."""

    def __init__(self, mail: Mail) -> None:
        super().__init__(mail)
        self._connection = mail.ground.database.superuser()

    def read(self) -> int:
        """Return how many the exchange keeps."""
        time.sleep(TOLD_EVERY)
        row = self._connection.execute(STORED).fetchone()
        return int(cast(int, row[0])) if row else 0


class ByTheBare(Posted):
    """Read by the bare agent, and dropped."""

    def __init__(self, mail: Mail, process: subprocess.Popen[bytes]) -> None:
        super().__init__(mail, BARE)
        self._process = process

    def read(self) -> int:
        """Return how many the bare agent has counted."""
        assert self._process.stdout is not None
        return int(self._process.stdout.readline() or self._expected)


@contextmanager
def a_bare_agent(mail: Mail) -> Iterator[subprocess.Popen[bytes]]:
    """Run the bare agent, on mailboxes of its own."""
    for agency_id in BARE:
        mail.fabric.open_mailbox(agency_id)
    command = [sys.executable, "-m", "benchmarks.worker", mail.fabric.kafka.bootstrap, *map(mailbox, BARE)]
    with (mail.fabric.folder / "bare.log").open("ab") as log:
        started = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log)
    try:
        yield started
    finally:
        started.kill()
        started.wait()


def main() -> None:
    """Measure both on the same messages."""
    with a_mail() as mail, ExitStack() as ending:
        process = ending.enter_context(a_bare_agent(mail))
        ending.enter_context(a_process(mail.fabric, "exchange", "worker"))
        worker, agent = ByTheWorker(mail), ByTheBare(mail, process)
        for consumer in (worker, agent):
            consumer.make(MESSAGES)
            consumer.work(MESSAGES)
        names = ("worker of the exchange", "bare Faust agent")
        results = in_turns(
            dict(zip(names, (worker.work, agent.work), strict=True)),
            at_once=dict.fromkeys(names, MESSAGES),
            before=dict(zip(names, (worker.make, agent.make), strict=True)),
        )
    size = round(sum(len(row.body) for row in mail.offered_rows) / len(mail.offered_rows))
    ratio(
        "worker",
        "worker of the exchange against a bare Faust agent",
        results[names[0]],
        results[names[1]],
        Goal(0.5),
        messages_a_round=MESSAGES,
        bytes_a_message=size,
    )


if __name__ == "__main__":
    bare(*sys.argv[1:]) if len(sys.argv) > 1 else main()
