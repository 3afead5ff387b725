"""Revocations: how long a survivor's no takes while agencies go on opening

Six openers in a process of their own open without pause, each on its own connection: all the same subject's message, or
those of a hundred subjects at random. Meanwhile an advocate revokes directives of these subjects, one after another,
over HTTP at `services.consent` as it is run; each answer comes after the commit, and no opening that starts after it
shows what was stopped. Between two of them the directive is put in force again: that is in the rate and not in the
percentiles. Against it: one UPDATE of a row and its commit by bare psycopg, under the same openers.

The limit is the number of statements, fourteen by count: it enters, takes the lock exclusive, reads what stands, ends
it, raises the version, compiles anew, puts it on record and tells the recipient. By CPU the service and the server have
equal parts in that, and the openers, who compile the new version as well, a third part as large.
"""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, contextmanager
from itertools import count, cycle, islice
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import psycopg

from benchmarks.api_requests import Client, Request, an_issuer, serving
from benchmarks.beside import started, the_town
from benchmarks.caseload import RECIPIENTS, Mail, a_desk, a_mailbox
from benchmarks.measurement import Goal, Measured, Work, each, in_turns, keep, ratio
from benchmarks.setup import Ground, a_ground
from runtime import disclosure
from services.exchange import store

AGENCY: Final = "harbor-house"
PERSON: Final = "sam"
OPENERS: Final = 6
SUBJECTS: Final = 100
UNITS: Final = 40  # revocations a round
SAME: Final = "revocation, six openers on the same subject"
AT_RANDOM: Final = "revocation, six openers on a hundred subjects"
BARE: Final = "UPDATE and commit, six openers on the same subject"
# One more to revoke of each subject, beside what the openers open by; and in force again for the next time.
MORE: Final = """
INSERT INTO register.directive (subject_id, custodian, recipient, effect, purpose, categories, valid_from, valid_until,
    state, taxonomy_version, drafted_by, drafted_at, announced)
SELECT d.subject_id, d.custodian, d.recipient, d.effect, 'advocacy', '{needs}', d.valid_from, d.valid_until, d.state,
    d.taxonomy_version, d.drafted_by, d.drafted_at, true
FROM register.directive AS d JOIN register."case" AS c USING (subject_id)
WHERE c.case_ref = %s RETURNING directive_ref
"""
AGAIN: Final = """
WITH again AS (
    UPDATE register.directive SET state = 'active', revoked_at = NULL, revocation = NULL WHERE directive_ref = %s
    RETURNING subject_id
)
UPDATE register.subject AS s SET sv = nextval('register.sv') FROM again WHERE s.subject_id = again.subject_id
"""


class Openers:
    """The process that opens messages, and the choice of those it opens."""

    def __init__(self, ground: Ground, mail: Sequence[Mail]) -> None:
        listed = ground.folder / "messages"
        listed.write_text("\n".join(str(message.message_ref) for message in mail))
        self.process = started(ground, "benchmarks.revocation", str(listed))
        self.opened = 0

    def tell(self, choice: str) -> int:
        """Set the messages that it opens from now on, and return how many it opened before."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{choice}\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def under(self, choice: str, work: Work) -> Work:
        """Return the work as it runs while the openers open the chosen messages."""

        def worked(units: int) -> Sequence[float] | None:
            self.tell(choice)
            took = work(units)
            self.opened += self.tell("rest")
            return took

        return worked


async def serve(host: str, port: str, keys: str, listed: str) -> None:
    """Open whatever the last line that came in says."""
    town = the_town(host, port, keys)
    refs = [UUID(line) for line in Path(listed).read_text().split()]
    among: dict[str, Sequence[UUID]] = {"same": refs[:1], "random": refs, "rest": ()}
    at, opened, lines = "rest", 0, asyncio.get_running_loop()
    going = asyncio.Event()

    async def opener() -> None:
        nonlocal opened
        async with a_desk(town, "accord_exchange", AGENCY, PERSON) as desk:
            while True:
                await going.wait()
                ref = random.choice(among[at])  # noqa: S311 - an order, no secret
                unit = await desk.unit()
                sealed, _ = await store.sealed_messages(unit.session, AGENCY, [ref])
                opened += len(await disclosure.open(unit, sealed, RECIPIENTS[AGENCY]))

    async with AsyncExitStack() as stack:
        group = await stack.enter_async_context(asyncio.TaskGroup())
        tasks = [group.create_task(opener()) for _ in range(OPENERS)]
        while line := await lines.run_in_executor(None, sys.stdin.readline):
            going.clear()
            at = line.strip()
            sys.stdout.write(f"{opened}\n")
            sys.stdout.flush()
            opened = 0
            if among[at]:
                going.set()
        for task in tasks:
            task.cancel()


@contextmanager
def openers(ground: Ground, mail: Sequence[Mail]) -> Iterator[Openers]:
    """Run the openers."""
    running = Openers(ground, mail)
    try:
        yield running
    finally:
        running.process.kill()
        running.process.wait()


def more(outside: psycopg.Connection[Any], mail: Sequence[Mail]) -> list[UUID]:
    """Put one more directive in force for each of these subjects."""
    directive_refs = []
    for message in mail:
        row = outside.execute(MORE, [message.case_ref]).fetchone()
        assert row is not None
        directive_refs.append(row[0])
    return directive_refs


def revoking(outside: psycopg.Connection[Any], client: Client, token: str, directives: Iterator[UUID]) -> Work:
    """Return the work of putting the next directive in force again, untimed, and having it revoked."""

    def work(units: int) -> list[float]:
        took = []
        for ref in islice(directives, units):
            outside.execute(AGAIN, [ref], prepare=True)
            took.append(client.ask(Request("POST", f"/v1/directives/{ref}/revocation", token))[0])
        return took

    return work


def main() -> None:
    """Measure revocations under openings."""
    with a_ground() as ground, an_issuer() as issuer, ExitStack() as stack:
        mail = ground.runner.run(a_mailbox(ground.town, AGENCY, SUBJECTS))
        outside = stack.enter_context(ground.database.superuser())
        directives = more(outside, mail)
        opening = stack.enter_context(openers(ground, mail))
        port = stack.enter_context(serving(ground, issuer, "services.consent.main", "api", role="accord_consent"))
        client, token = Client(port), issuer.person("ana")
        plain = stack.enter_context(psycopg.connect(ground.database.postgres.superuser_url(ground.database.name)))
        plain.execute("CREATE TABLE plain AS SELECT n AS id, 0 AS changed FROM generate_series(1, 1000) AS n")
        plain.execute("ALTER TABLE plain ADD PRIMARY KEY (id)")
        plain.commit()

        def update() -> None:
            plain.execute("UPDATE plain SET changed = changed + 1 WHERE id = 7", prepare=True)
            plain.commit()

        order = random.Random(1)  # noqa: S311 - an order, no secret
        same = revoking(outside, client, token, cycle(directives[:1]))
        at_random = revoking(outside, client, token, (order.choice(directives) for _ in count()))
        same(3)
        candidates = {
            SAME: opening.under("same", same),
            AT_RANDOM: opening.under("random", at_random),
            BARE: opening.under("same", each(update)),
        }
        results = in_turns(candidates, at_once={SAME: UNITS, AT_RANDOM: UNITS, BARE: 200})
        keep_figures(results, opening.opened)


def keep_figures(results: dict[str, Measured], opened: int) -> None:
    """Keep the figures."""
    goal = Goal(50, at_most=True)
    ratio("revocation", "revocation under openings of the same subject", results[SAME], results[BARE], openings=opened)
    keep("revocation", "p99 of a revocation, the same subject", results[SAME].percentile(99), "ms", goal)
    keep("revocation", "p99 of a revocation, a hundred subjects", results[AT_RANDOM].percentile(99), "ms", goal)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        asyncio.run(serve(*sys.argv[1:]))
    else:
        main()
