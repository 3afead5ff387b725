"""The relay, against a bare producer of the same bytes

Rows as real offers leave them (sealed copies of one incident for its custodian and four agencies, about 1.3 KB, of a
hundred survivors) wait in a real outbox; the relay of the exchange decides each again under its subject's lock, sends
it, awaits the broker's report and forgets the row.  The baseline is a producer with the same settings (idempotent,
acks=all) that only sends the same bytes.  One shard alone shows what one claim, the locks and one commit for each 200
rows come to; all shards are what one relay carries, in the same batches.  Then four relays run while sixteen writers
commit rows in transactions that overlap and now and then last long, and the mailboxes are read for letters that stand
behind a later one of their key.

**Where the limit lies.**  A relay does one thing after the other, so its rate is the sum of what the relay, PostgreSQL
and the broker spend on a row (the CPU figures), plus the waits between them; it is not the relay's CPU alone.  It was:
of 270 us a row a third went into reading each agency's kind and purposes again for each case of each subject, a third
into SQLAlchemy and lists written as text (py-spy).  Both are gone, and what is left is a quarter of that: headers and
letters, the decision, and the driver.  On the server half of a batch is the change of the offers' state, which takes no
index any more where the page has room beside the row (EXPLAIN: 8 ms for 200 rows before).  At the broker each
partition of a batch costs a request.  Batches of 400 rows carry a third more, and a survivor's stop would wait 80 ms in
place of 40 for the batch that holds her.  A sender for each shard carried a third more at the most, and cost three
times the CPU where facts come one by one, since the copies of a fact fell into several shards (ADR 0025).  To claim
ahead while the broker answers was tried and gained nothing that could be measured.  What would: to hold no lock while
the broker answers; but a row that is sent after its consent ended is what the lock is for.

Since numbers are given here and not when an offer is made, so that a silent no leaves no gap (ADR 0030), each batch has
a transaction more.  Measured beside the commit before (df1d0f0) on one machine, a shard carried 30 % fewer rows where
the bare producer, too, was 17 % slower, with a third more CPU a row in the relay and in PostgreSQL.
"""

from __future__ import annotations

import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final

import psycopg

from benchmarks.caseload import RECIPIENTS
from benchmarks.mail import BARE, Mail, a_mail, a_process, post
from benchmarks.measurement import Goal, in_turns, keep, ratio
from runtime.messaging.outbox.queue import SHARDS
from runtime.messaging.producer import OutgoingRecord
from tests.support.broker_env import header
from tests.support.rounds import rounds

ROWS: Final = 4_000
WITHIN: Final = 60.0
RELAYS: Final = 4
WRITERS: Final = 4 * SHARDS
ORDERED: Final = rounds(6_000, 200_000)
LONGEST: Final = 0.4
ANYTHING: Final = "SELECT EXISTS (SELECT FROM carrying.outbox)"


class Waiting:
    """Rows that are there as soon as one transaction commits, and the wait until they are sent and forgotten."""

    def __init__(self, mail: Mail, of: int) -> None:
        self._mail = mail
        self._of = of
        self._connection = mail.ground.database.superuser()

    def make(self, rows: int) -> None:
        """Write the rows, not yet for the relay to see."""
        self._connection.execute("BEGIN")
        self._mail.wait(rows, of=self._of, within=self._connection)

    def work(self, _: int) -> None:
        """Let the relay see them, and return when none is left."""
        self._connection.execute("COMMIT")
        until_empty(self._connection)

    def close(self) -> None:
        """Let go of the database."""
        self._connection.close()


def until_empty(connection: psycopg.Connection[Any]) -> None:
    """Return once nothing waits in the outbox."""
    deadline = time.monotonic() + WITHIN
    while (connection.execute(ANYTHING).fetchone() or (True,))[0]:
        if time.monotonic() > deadline:
            raise TimeoutError("the relay has not sent everything")
        time.sleep(0.005)


def rates(mail: Mail) -> None:
    """Measure one shard, all shards, and the bare producer."""
    bare = mail.producer()
    for agency_id in BARE:
        mail.fabric.open_mailbox(agency_id)
    ready: list[OutgoingRecord] = []

    def letters(count: int) -> None:
        ready[:] = mail.letters(count, BARE)

    with ExitStack() as ending:
        one_shard, all_of_them = Waiting(mail, SHARDS), Waiting(mail, 1)
        ending.callback(one_shard.close)
        ending.callback(all_of_them.close)
        ending.enter_context(a_process(mail.fabric, "exchange", "relay"))
        one_shard.make(ROWS)
        one_shard.work(ROWS)
        names = ("relay, one shard", f"relay, {SHARDS} shards", "bare producer")
        results = in_turns(
            dict(zip(names, (one_shard.work, all_of_them.work, lambda _: post(bare, ready)), strict=True)),
            at_once=dict.fromkeys(names, ROWS),
            before=dict(zip(names, (one_shard.make, all_of_them.make, letters), strict=True)),
        )
    shard, whole, producing = (results[name] for name in names)
    size = round(sum(len(row.body) for row in mail.offered_rows) / len(mail.offered_rows))
    keep("relay", "rows a second a shard", shard.rate, "rows/s", Goal(5_000), shard.spread, bytes_a_row=size)
    ratio("relay", "one shard against a bare producer", shard, producing, rows_a_round=ROWS, bytes_a_row=size)
    ratio("relay", "all shards of one relay against a bare producer", whole, producing)


@contextmanager
def slow_writers(mail: Mail, rows: int) -> Iterator[Callable[[], None]]:
    """Write rows in transactions of random length that overlap, as offers of different cases do; give the wait."""
    written = [0]
    counting = threading.Lock()

    def write(number: int) -> None:
        chance = random.Random(number)  # noqa: S311 - how long a transaction lasts, no secret
        with mail.ground.database.superuser() as connection:
            while True:
                with counting:
                    if written[0] >= rows:
                        return
                    count = chance.randint(1, 40)
                    written[0] += count
                with connection.transaction():
                    # Facts of one case commit in their order, so no two writers share a case.
                    mail.wait(count, part=number, of=WRITERS, within=connection)
                    time.sleep(chance.random() * LONGEST * (chance.random() < 0.1))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
    for thread in threads:
        thread.start()

    def wait() -> None:
        for thread in threads:
            thread.join()

    try:
        yield wait
    finally:
        wait()


def violations(mail: Mail) -> tuple[int, int, int]:
    """Return, over all mailboxes, how many letters stand behind a later one of their key, how many twice, and all."""
    late = twice = letters = 0
    for agency_id in RECIPIENTS:
        newest: dict[str, int] = defaultdict(int)
        refs = set()
        for message in mail.fabric.mail(agency_id, 1_000_000, within=3.0):
            number, key, ref = (header(message, name) for name in ("ce_sequence", "ce_subject", "ce_id"))
            letters += 1
            if ref in refs:
                twice += 1
                continue
            refs.add(ref)
            late += int(number) < newest[key]
            newest[key] = max(newest[key], int(number))
    return late, twice, letters


def order(mail: Mail) -> None:
    """Look for violations of the order with several relays."""
    began = time.monotonic()
    with ExitStack() as ending:
        for _ in range(RELAYS):
            ending.enter_context(a_process(mail.fabric, "exchange", "relay"))
        with slow_writers(mail, ORDERED) as written, mail.ground.database.superuser() as connection:
            written()
            until_empty(connection)
    seconds = time.monotonic() - began
    late, twice, letters = violations(mail)
    keep(
        "relay",
        f"letters out of order within a key with {RELAYS} relays",
        late,
        "letters",
        Goal(0, at_most=True),
        letters_read=letters,
        came_twice=twice,
        seconds=round(seconds, 1),
    )


def main() -> None:
    """Measure the rate and the order."""
    with a_mail() as mail:
        rates(mail)
        order(mail)


if __name__ == "__main__":
    main()
