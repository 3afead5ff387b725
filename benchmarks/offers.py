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
second and not the goal of 2,000, which two processes on two cores reach.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from itertools import cycle, islice
from typing import Final
from uuid import UUID

from benchmarks.beside import CORES, at_once, obeying, several, the_town
from benchmarks.caseload import CUSTODIAN, RECIPIENTS, Desk, a_case, a_desk, an_incident
from benchmarks.measurement import Goal, Measured, each, each_awaited, in_turns, keep, ratio
from benchmarks.plain import Plain, chunks
from benchmarks.setup import Ground, a_ground
from runtime import disclosure

BATCH: Final = 50
SUBJECTS: Final = 10
PROCESSES: Final = 4
COPIES: Final = len(RECIPIENTS) + 1
SINGLE: Final = "offer to four, one connection"
ROWS: Final = "the same rows, bare insert and commit"
ALONE: Final = "one process"
TOGETHER: Final = "four processes"
MANY: Final = "offer_many, 50 facts a commit"
TWO_PROCESSES: Final = "offer_many in two processes"
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


async def serve(place: Sequence[str], case_refs: Sequence[UUID]) -> None:
    """Offer as the process that measures says."""
    async with a_desk(the_town(*place), "accord_intake", CUSTODIAN, "ana") as desk:
        await offer(desk, case_refs[0])

        async def do(task: str, units: int) -> None:
            if task == "many":
                await offer_many(desk, case_refs, units)
                return
            for _ in range(units):
                await offer(desk, case_refs[0])

        await obeying(do)


def measured(ground: Ground, desk: Desk, case_refs: Sequence[UUID]) -> dict[str, Measured]:
    """Measure all of it in turns."""
    ground.runner.run(offer(desk, case_refs[0]))
    plain = Plain(ground.database, COPIES)

    def copy(units: int) -> None:
        for size in chunks(units, BATCH):
            plain.copy(size)

    parts = [list(map(str, case_refs[number::PROCESSES])) for number in range(PROCESSES)]
    with several(ground, "benchmarks.offers", parts) as processes:
        return in_turns(
            {
                ROWS: each(plain.insert),
                SINGLE: each_awaited(ground.runner, lambda: offer(desk, case_refs[-1])),
                ALONE: at_once(processes[:1], "one"),
                TOGETHER: at_once(processes, "one"),
                MANY: lambda units: ground.runner.run(offer_many(desk, case_refs, units)),
                TWO_PROCESSES: at_once(processes[:CORES], "many"),
                COPIED: copy,
            }
        )


def main() -> None:
    """Measure offers, one, at once and in batches."""
    with a_ground() as ground:
        case_refs = [ground.runner.run(a_case(ground.town)) for _ in range(SUBJECTS)]
        holding = a_desk(ground.town, "accord_intake", CUSTODIAN, "ana")
        desk = ground.runner.run(holding.__aenter__())
        results = measured(ground, desk, case_refs)
        ground.runner.run(holding.__aexit__(None, None, None))
    ratio("offers", "offer to four recipients", results[SINGLE], results[ROWS], Goal(0.3), copies=COPIES)
    ratio("offers", "four processes on two cores", results[TOGETHER], results[ALONE], Goal(1.7))
    ratio("offers", "offers in batches", results[MANY], results[COPIED], Goal(0.1), facts_a_commit=BATCH)
    many = results[MANY]
    keep("offers", "facts a second in batches", many.rate, "facts/s", Goal(2_000), many.spread)
    two_processes = results[TWO_PROCESSES]
    keep(
        "offers", "facts a second in batches, two processes", two_processes.rate, "facts/s", None, two_processes.spread
    )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        asyncio.run(serve(sys.argv[1:4], list(map(UUID, sys.argv[4:]))))
    else:
        main()
