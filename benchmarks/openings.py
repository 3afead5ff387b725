"""Openings: a message shown to one person, by the consent of now and on record

In process: one unit of work on one connection puts up the agency's wall, reads the sealed message, takes the subject's
lock, decides, writes the leaf, commits, and only then decrypts; against one SELECT of the message by its primary key,
on a connection of the same kind. In batches: a hundred messages of a hundred subjects in one commit, against one
SELECT of the same hundred rows. Over HTTP: `services.exchange` as it is run, its tokens and its edge included, asked
over four connections that are kept; against a FastAPI route that makes only that SELECT, on an engine of the same
settings in a server of the same kind.

The limit is round trips and what Python does around each: BEGIN, the wall with who asks, the message, the offer with
its subject, the leaf, COMMIT.  The driver's pipeline would send BEGIN with the first statement, but costs more CPU than
the round trip it saves.  By py-spy over HTTP a quarter of the CPU is psycopg's (a third of that is the system's sending
of a statement), the rest is spread over FastAPI, the guard and the edge, SQLAlchemy's connection and commit (an
eighth), unsealing and the leaf (a tenth), h11 and the token (a twentieth each): no part of it is large enough to bring
2.4 ms of CPU near the 1.6 that half the bare route's rate would need.  Tried besides: asyncpg needs no less for a
statement than psycopg (91 to 111 us against 81 to 91), and a leaner wait of our own for psycopg would save 16 of them.

In a batch a third is unsealing, one derived key for each category, and a fifth is leaves; 8,000 a second leave 125 us
for a message, which needs 160 and 40 in the server.  Two processes on two cores reach it.  The worst in a hundred
over HTTP are the first of a young process, which wait for their connections and for all that a new one reads.
"""

from __future__ import annotations

import asyncio
import random
import sys
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import cycle
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from benchmarks.api_requests import Clients, Request, an_issuer, serving
from benchmarks.beside import CORES, at_once, obeying, several, the_town
from benchmarks.caseload import RECIPIENTS, Desk, Mail, a_desk, a_mailbox
from benchmarks.measurement import Goal, Measured, each_awaited, in_turns, keep, ratio
from benchmarks.plain import chunks
from benchmarks.setup import Ground, a_ground
from runtime import disclosure
from runtime.database.engine import engine, sessions
from runtime.http import serve
from runtime.settings import Settings, read
from services.exchange import store

AGENCY: Final = "harbor-house"
PERSON: Final = "sam"
PURPOSE: Final = RECIPIENTS[AGENCY]
CASES: Final = 100
AT_ONCE: Final = 100
CONNECTIONS: Final = 4
SINGLE: Final = "opening one, in process"
ROW: Final = "SELECT by primary key"
MANY: Final = "opening 100 at once"
TWO_PROCESSES: Final = "opening 100 at once in two processes"
ROWS: Final = "SELECT of 100 rows"
ROUTE: Final = "opening over HTTP"
BARE: Final = "a bare route with the SELECT"
BY_KEY: Final = text("SELECT message_ref, type, body FROM exchange.message WHERE message_ref = :ref")
BY_KEYS: Final = text("SELECT message_ref, type, body FROM exchange.message WHERE message_ref = ANY(:refs)")


async def opened(desk: Desk, refs: Sequence[UUID]) -> int:
    """Open these messages as the exchange does, and return how many were shown."""
    unit = await desk.unit()
    sealed, _ = await store.sealed_messages(unit.session, AGENCY, refs)
    return len(await disclosure.open(unit, sealed, PURPOSE))


async def looked_up(session: AsyncSession, refs: Sequence[UUID]) -> int:
    """Read these messages, sealed as they are."""
    if len(refs) == 1:
        rows = (await session.execute(BY_KEY, {"ref": refs[0]})).all()
    else:
        rows = (await session.execute(BY_KEYS, {"refs": list(refs)})).all()
    await session.rollback()
    return len(rows)


def bare() -> FastAPI:
    """Return an application whose one route reads a row, and nothing else that a service does."""
    new_session = sessions(engine(read(Settings).database, pool_size=read(Settings).database_pool))
    app = FastAPI()

    @app.get("/readyz")
    async def ready() -> dict[str, str]:
        return {}

    @app.post("/messages/{message_ref}")
    async def message(message_ref: UUID) -> dict[str, Any]:
        async with new_session() as session:
            row = (await session.execute(BY_KEY, {"ref": message_ref})).one()
        return {"message_ref": row.message_ref, "type": row.type, "body": b64encode(row.body).decode()}

    return app


async def in_batches(do: Any, by: Any, refs: Sequence[UUID], units: int) -> None:
    """Have so many messages opened or read, up to a hundred at a time."""
    for size in chunks(units, AT_ONCE):
        if await do(by, refs[:size]) != size:
            raise AssertionError("not all were shown")


async def beside(place: Sequence[str], listed: str) -> None:
    """Open in batches as the process that measures says."""
    refs = [UUID(line) for line in Path(listed).read_text().split()]
    async with a_desk(the_town(*place), "accord_exchange", AGENCY, PERSON) as desk:
        await obeying(lambda _, units: in_batches(opened, desk, refs, units))


def in_process(ground: Ground, desk: Desk, reader: AsyncSession, mail: Sequence[Mail]) -> dict[str, Measured]:
    """Measure openings without HTTP, one and a hundred at a time."""
    ones = cycle(random.Random(1).sample(mail, len(mail)))  # noqa: S311 - an order, no secret
    refs = [message.message_ref for message in mail[:AT_ONCE]]

    async def open_one() -> None:
        if await opened(desk, [next(ones).message_ref]) != 1:
            raise AssertionError("it was not shown")

    async def read_one() -> None:
        await looked_up(reader, [next(ones).message_ref])

    listed = ground.folder / "messages"
    listed.write_text("\n".join(map(str, refs)))
    with several(ground, "benchmarks.openings", [[str(listed)]] * CORES) as processes:
        return in_turns(
            {
                SINGLE: each_awaited(ground.runner, open_one),
                ROW: each_awaited(ground.runner, read_one),
                MANY: lambda units: ground.runner.run(in_batches(opened, desk, refs, units)),
                ROWS: lambda units: ground.runner.run(in_batches(looked_up, reader, refs, units)),
                TWO_PROCESSES: at_once(processes, "many"),
            }
        )


@contextmanager
def servers(ground: Ground, mail: Sequence[Mail]) -> Iterator[tuple[Clients, Clients]]:
    """Run the exchange and the bare route, and give clients of both."""
    with an_issuer() as issuer, ExitStack() as stack:
        token = issuer.person(PERSON)
        body = f'{{"purpose":"{PURPOSE}"}}'.encode()
        exchange_port = stack.enter_context(
            serving(ground, issuer, "services.exchange.main", "api", role="accord_exchange")
        )
        superuser = ground.database.postgres.superuser_url(ground.database.name, scheme="postgresql+psycopg")
        beside = serving(ground, issuer, "benchmarks.openings", "bare", role="accord_exchange", database=superuser)
        bare_port = stack.enter_context(beside)
        openings = [Request("POST", f"/v1/messages/{message.message_ref}/opening", token, body) for message in mail]
        read = [Request("POST", f"/messages/{message.message_ref}", token) for message in mail]
        yield Clients(exchange_port, openings, CONNECTIONS), Clients(bare_port, read, CONNECTIONS)


def main() -> None:
    """Measure openings in process, in batches and over HTTP."""
    with a_ground() as ground, ExitStack() as stack:
        mail = ground.runner.run(a_mailbox(ground.town, AGENCY, CASES))
        holding = a_desk(ground.town, "accord_exchange", AGENCY, PERSON)
        desk = ground.runner.run(holding.__aenter__())
        superuser = ground.database.postgres.superuser_url(ground.database.name, scheme="postgresql+psycopg")
        bound = engine(superuser)
        reader = sessions(bound)()
        results = in_process(ground, desk, reader, mail)
        ground.runner.run(reader.close())
        ground.runner.run(bound.dispose())
        ground.runner.run(holding.__aexit__(None, None, None))
        exchange_clients, bare_clients = stack.enter_context(servers(ground, mail))
        results |= in_turns({ROUTE: exchange_clients.ask, BARE: bare_clients.ask}, at_once={ROUTE: 100, BARE: 200})
    keep_figures(results)


def keep_figures(results: dict[str, Measured]) -> None:
    """Keep the figures."""
    ratio("openings", "opening one in process", results[SINGLE], results[ROW])
    keep("openings", "p99 of opening one in process", results[SINGLE].percentile(99), "ms", Goal(10, at_most=True))
    ratio("openings", "openings in batches", results[MANY], results[ROWS], messages_a_commit=AT_ONCE)
    many = results[MANY]
    keep("openings", "messages a second in batches", many.rate, "messages/s", Goal(8_000), many.spread)
    two_processes = results[TWO_PROCESSES]
    keep(
        "openings",
        "messages a second in batches, two processes",
        two_processes.rate,
        "messages/s",
        None,
        two_processes.spread,
    )
    ratio("openings", "opening over HTTP", results[ROUTE], results[BARE], Goal(0.5), connections=CONNECTIONS)
    keep("openings", "p99 of opening over HTTP", results[ROUTE].percentile(99), "ms", Goal(25, at_most=True))


if __name__ == "__main__":
    if sys.argv[1:] == ["bare"]:
        serve(bare(), read(Settings))
    elif len(sys.argv) > 1:
        asyncio.run(beside(sys.argv[1:4], sys.argv[4]))
    else:
        main()
