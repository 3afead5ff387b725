"""Offers: a fact decided, cut, sealed and on record for four recipients

One connection offers an incident of eight categories to four agencies that the survivor named, and to the record of its
own custodian: each offer takes the subject's lock, decides, cuts, seals five copies, and commits five offers, five rows
of the outbox and five leaves. Against it: the same rows, bytes and all, inserted into plain tables by bare psycopg, one
statement a table, and committed. Batches are fifty facts of ten subjects in one commit, against COPY of the same rows.

The limit is Python: the server takes a third of an offer's CPU. By cProfile of the process that offers, deciding,
cutting and writing leaves are a fifth of its part, sealing another, the two statements a third one, and the commit and
the connection SQLAlchemy keeps for it a quarter. Of four round trips two are BEGIN and COMMIT. A batch saves those and
not the sealing, which is then a third: two passes of HMAC and one of AES for each of some forty categories a fact. For
each fact of a batch Python takes some 500 us and the server, which waits meanwhile, some 220: that is 1,300 facts a
second and not the goal of 2,000.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import cycle, islice
from pathlib import Path
from typing import Final
from uuid import UUID

from benchmarks.caseload import CUSTODIAN, RECIPIENTS, Desk, a_case, a_desk, an_incident
from benchmarks.ground import Ground, a_ground
from benchmarks.measuring import Goal, Measured, Work, each, each_awaited, in_turns, keep, ratio
from benchmarks.plain import Plain, chunks
from infra.embedded.postgres import Postgres
from runtime import disclosure
from runtime.keys import UnsafeLocalKeyring
from tests.world.database import Database
from tests.world.town import Town

BATCH: Final = 50
SUBJECTS: Final = 10
PROCESSES: Final = 4
COPIES: Final = len(RECIPIENTS) + 1
ONE: Final = "offer to four, one connection"
ROWS: Final = "the same rows, bare insert and commit"
ALONE: Final = "one process"
TOGETHER: Final = "four processes"
MANY: Final = "offer_many, 50 facts a commit"
COPIED: Final = "the same rows by COPY, 50 facts a commit"


async def offer(desk: Desk, case_ref: UUID) -> None:
    """Offer one incident and commit, as the edge does."""
    unit = desk.unwalled()
    await disclosure.offer(unit, an_incident(case_ref))
    await unit.session.commit()


async def offer_many(desk: Desk, case_refs: Sequence[UUID], units: int) -> None:
    """Offer so many incidents of several subjects, a batch in one commit."""
    for size in chunks(units, BATCH):
        unit = desk.unwalled()
        await disclosure.offer_many(unit, [an_incident(ref) for ref in islice(cycle(case_refs), size)])
        await unit.session.commit()


class Offerer:
    """A process of its own that offers when told to."""

    def __init__(self, ground: Ground, case_ref: UUID) -> None:
        server = ground.database.postgres
        told = [server.host, str(server.port), str(ground.keys), str(case_ref)]
        command = [sys.executable, "-W", "ignore", "-m", "benchmarks.offers", *told]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.done()

    def begin(self, units: int) -> None:
        """Have it offer so many times."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{units}\n")
        self.process.stdin.flush()

    def done(self) -> None:
        """Wait until it has."""
        assert self.process.stdout is not None
        if self.process.stdout.readline() != "done\n":
            raise ChildProcessError("an offering process ended")

    def end(self) -> None:
        """End it."""
        self.process.kill()
        self.process.wait()


@contextmanager
def offerers(ground: Ground, case_refs: Sequence[UUID]) -> Iterator[list[Offerer]]:
    """Run a process for each of these cases."""
    with ExitStack() as stack:
        started = []
        for case_ref in case_refs:
            started.append(Offerer(ground, case_ref))
            stack.callback(started[-1].end)
        yield started


def at_once(processes: Sequence[Offerer]) -> Work:
    """Return the work of offering in all of these processes at once."""

    def work(units: int) -> None:
        for process in processes:
            process.begin(-(-units // len(processes)))
        for process in processes:
            process.done()

    return work


async def serve(host: str, port: str, keys: str, case_ref: str) -> None:
    """Offer as often as each line that comes in says."""
    database = Database(Postgres(host, int(port), "", ""))
    town = Town(database, UnsafeLocalKeyring(Path(keys), production=False))
    async with a_desk(town, "accord_intake", CUSTODIAN, "ana") as desk:
        await offer(desk, UUID(case_ref))
        sys.stdout.write("done\n")
        sys.stdout.flush()
        for line in sys.stdin:
            for _ in range(int(line)):
                await offer(desk, UUID(case_ref))
            sys.stdout.write("done\n")
            sys.stdout.flush()


def measured(ground: Ground, desk: Desk, case_refs: Sequence[UUID]) -> dict[str, Measured]:
    """Measure all of it in turns."""
    ground.runner.run(offer(desk, case_refs[0]))
    plain = Plain(ground.database, COPIES)

    def copy(units: int) -> None:
        for size in chunks(units, BATCH):
            plain.copy(size)

    with offerers(ground, case_refs[:PROCESSES]) as processes:
        return in_turns(
            {
                ROWS: each(plain.insert),
                ONE: each_awaited(ground.runner, lambda: offer(desk, case_refs[-1])),
                ALONE: at_once(processes[:1]),
                TOGETHER: at_once(processes),
                MANY: lambda units: ground.runner.run(offer_many(desk, case_refs, units)),
                COPIED: copy,
            }
        )


def main() -> None:
    """Measure offers, one, at once and in batches."""
    with a_ground() as ground:
        case_refs = [ground.runner.run(a_case(ground.town)) for _ in range(SUBJECTS)]
        holding = a_desk(ground.town, "accord_intake", CUSTODIAN, "ana")
        desk = ground.runner.run(holding.__aenter__())
        found = measured(ground, desk, case_refs)
        ground.runner.run(holding.__aexit__(None, None, None))
    ratio("offers", "offer to four recipients", found[ONE], found[ROWS], Goal(0.3), copies=COPIES)
    ratio("offers", "four processes on two cores", found[TOGETHER], found[ALONE], Goal(1.7))
    ratio("offers", "offers in batches", found[MANY], found[COPIED], Goal(0.1), facts_a_commit=BATCH)
    many = found[MANY]
    keep("offers", "facts a second in batches", many.rate, "facts/s", Goal(2_000), many.spread)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        asyncio.run(serve(*sys.argv[1:]))
    else:
        main()
