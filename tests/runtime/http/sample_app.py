"""A small service with routes of every sort, and a table of its own to see what was kept."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import Depends, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import text

from runtime import clock
from runtime.database.unit_of_work import UnitOfWork
from runtime.http import (
    Absent,
    CreatedResources,
    Cursor,
    IfMatch,
    Limit,
    Refused,
    Withheld,
    etag,
    never_replayed,
    refused_as,
    replayed_by,
    require_match,
    require_scope,
    router,
    stops,
)
from tests.support.database import Database

MayRead = Annotated[UnitOfWork, Depends(require_scope("cases:read"))]
MayWrite = Annotated[UnitOfWork, Depends(require_scope("cases:write"))]
MayRecord = Annotated[UnitOfWork, Depends(require_scope("orders:record"))]

TABLES = """
CREATE SCHEMA IF NOT EXISTS trial;
CREATE TABLE IF NOT EXISTS trial.thing (
    thing_ref uuid PRIMARY KEY,
    agency_id text NOT NULL,
    word      text NOT NULL UNIQUE,
    once      text UNIQUE DEFERRABLE INITIALLY DEFERRED
);
ALTER TABLE trial.thing ENABLE ROW LEVEL SECURITY;
ALTER TABLE trial.thing FORCE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS own ON trial.thing;
CREATE POLICY own ON trial.thing USING (agency_id = current_setting('accord.agency', true));
GRANT USAGE ON SCHEMA trial TO accord_intake;
GRANT SELECT, INSERT ON trial.thing TO accord_intake;
"""
MAKE = text("INSERT INTO trial.thing VALUES (:thing_ref, current_setting('accord.agency'), :word, :once)")


class NotOpen(Exception):
    """What a pure domain would raise."""


routes = router("/v1/things", tags=["things"], refusals={NotOpen: refused_as("not_open")})


class ThingForm(BaseModel):
    model_config = ConfigDict(extra="forbid")

    word: str = Field(max_length=40)
    once: str | None = None
    count: int = Field(0, ge=0)


class Pause:
    """Lets a test hold a request while it does something else."""

    def __init__(self) -> None:
        self.entered = asyncio.Event()
        self.released = asyncio.Event()


async def keep(unit: UnitOfWork, word: str, once: str | None = None) -> UUID:
    thing_ref = uuid4()
    await unit.session.execute(MAKE, {"thing_ref": thing_ref, "word": word, "once": once})
    return thing_ref


def row_count(database: Database, word: str) -> int:
    """Return how often `word` is on the table, seen by an outsider."""
    with database.superuser() as connection:
        row = connection.execute("SELECT count(*) FROM trial.thing WHERE word = %s", (word,)).fetchone()
    assert row is not None
    return int(str(row[0]))


async def as_made(thing_ref: CreatedResources, unit: MayWrite, answer: Response) -> dict[str, str]:
    """Show what was kept, if it is still yours."""
    answer.headers["ETag"] = etag(1)
    return await read_thing(thing_ref, unit)


async def as_it_is(unit: MayWrite) -> None:
    """Say nothing."""


@routes.post("", status_code=201)
@replayed_by(as_made)
async def make_thing(form: ThingForm, unit: MayWrite, answer: Response) -> dict[str, str]:
    """Keep a word."""
    unit.created = thing_ref = await keep(unit, form.word, form.once)
    answer.headers["ETag"] = etag(1)
    return {"thing_ref": str(thing_ref)}


@routes.post("/harmful", status_code=201)
@replayed_by(as_made, key_required=True)
async def make_harm(form: ThingForm, unit: MayWrite) -> dict[str, str]:
    """Keep a word; twice would be bad."""
    unit.created = thing_ref = await keep(unit, form.word)
    return {"thing_ref": str(thing_ref)}


@routes.post("/stop", status_code=201)
@stops
async def stop_things(form: ThingForm, unit: MayWrite) -> dict[str, str]:
    """Keep a word each time, as a stop is carried out each time."""
    return {"thing_ref": str(await keep(unit, f"{form.word}-{uuid4().hex[:8]}"))}


@routes.post("/narrow", status_code=201)
@replayed_by(as_made, unless=lambda body: body.get("count") == 0)
async def narrow_things(form: ThingForm, unit: MayWrite) -> dict[str, str]:
    """Keep a word each time where the count is nothing, else once."""
    unit.created = thing_ref = await keep(unit, f"{form.word}-{uuid4().hex[:8]}")
    return {"thing_ref": str(thing_ref)}


@routes.get("")
async def list_things(unit: MayRead, limit: Limit = 50, cursor: Cursor = None) -> dict[str, int]:
    """Count what this agency may see."""
    return {"seen": int(await unit.session.scalar(text("SELECT count(*) FROM trial.thing")) or 0), "limit": limit}


@routes.get("/whoami")
async def whoami(unit: MayRead) -> dict[str, str | None]:
    """Tell who the unit says is asking."""
    wall = await unit.session.scalar(text("SELECT current_setting('accord.agency', true)"))
    return {"actor": unit.actor, "agency": unit.agency_id, "name": unit.person_name, "wall": wall}


@routes.get("/{thing_ref}")
async def read_thing(thing_ref: UUID, unit: MayRead) -> dict[str, str]:
    """Read a thing, if it is yours."""
    word = await unit.session.scalar(text("SELECT word FROM trial.thing WHERE thing_ref = :r"), {"r": thing_ref})
    if word is None:
        raise Absent
    return {"thing_ref": str(thing_ref)}


@routes.put("/{thing_ref}", status_code=204)
@replayed_by(as_it_is)
async def change_thing(thing_ref: UUID, unit: MayWrite, if_match: IfMatch = None) -> None:
    """Change version 7 of a thing."""
    require_match(if_match, 7)


@routes.post("/{thing_ref}/opening")
@never_replayed
async def open_thing(thing_ref: UUID, unit: MayWrite) -> dict[str, str]:
    """Do what the door does: commit, end the unit, and only then show something."""
    await keep(unit, f"opening-{uuid4()}")
    await unit.session.commit()
    unit.ended = True
    return {"field": "CANARY-OPENED"}


@routes.post("/{thing_ref}/late-opening")
@never_replayed
async def open_late(thing_ref: UUID, unit: MayWrite) -> dict[str, str]:
    """Show something past the deadline, as somebody who was paused behind the door."""
    unit.deadline = clock.monotonic() - 1
    return await open_thing(thing_ref, unit)


@routes.get("/{thing_ref}/late-look")
async def look_late(thing_ref: UUID, unit: MayRead) -> dict[str, str]:
    """Look at a state, and answer past the deadline."""
    unit.deadline = clock.monotonic() - 1
    return {"field": "CANARY-SEEN"}


@routes.post("/{thing_ref}/late-write", status_code=201)
@never_replayed
async def write_late(form: ThingForm, unit: MayWrite) -> dict[str, str]:
    """Look at a state, keep a word, and answer past the deadline."""
    unit.deadline = clock.monotonic() - 1
    return {"thing_ref": str(await keep(unit, form.word))}


@routes.post("/{thing_ref}/acceptance", status_code=204)
@replayed_by(as_it_is)
async def accept_thing(thing_ref: UUID, unit: MayWrite) -> None:
    """Take no body."""


@routes.post("/record", status_code=204)
@replayed_by(as_it_is)
async def record(unit: MayRecord, form: ThingForm) -> None:
    """Need a scope that not everybody has."""


def failing(error: Exception | type[Exception]) -> Callable[[UnitOfWork], Awaitable[None]]:
    async def fail(_: UnitOfWork) -> None:
        raise error

    return fail


def running(*statements: str) -> Callable[[UnitOfWork], Awaitable[None]]:
    async def run(unit: UnitOfWork) -> None:
        for statement in statements:
            await unit.session.execute(text(statement))

    return run


async def answer_of_another_shape(_: UnitOfWork) -> dict[str, str]:
    return {"field": 7}  # type: ignore[dict-item]


TROUBLES: dict[str, Callable[[UnitOfWork], Awaitable[dict[str, str] | None]]] = {
    "absent": failing(Absent),
    "withheld": failing(Withheld),
    "refused": failing(Refused("already_answered")),
    "domain": failing(NotOpen("CANARY-IN-ERROR")),
    "broken": failing(ValueError("CANARY-IN-ERROR")),
    "lock": running("SET LOCAL lock_timeout = '50ms'", "SELECT register.lock_shared(ARRAY[424242::bigint])"),
    "slow": running("SET LOCAL statement_timeout = '50ms'", "SELECT pg_sleep(5)"),
    "cut": running("SELECT pg_terminate_backend(pg_backend_pid())"),
    "cast": running("SELECT CAST('CANARY-IN-ERROR' AS integer)"),
    "shape": answer_of_another_shape,
}


@routes.post("/trouble/{kind}")
@replayed_by(as_it_is)
async def trouble(kind: str, form: ThingForm, unit: MayWrite) -> dict[str, str]:
    """Keep a word, then fail as told."""
    await keep(unit, form.word)
    return await TROUBLES[kind](unit) or {}


def paused(pause: Pause) -> Callable[..., object]:
    """Return an endpoint that keeps a word and then waits for the test."""

    @replayed_by(as_made)
    async def wait(form: ThingForm, unit: MayWrite) -> dict[str, str]:
        """Wait."""
        thing_ref = await keep(unit, form.word)
        pause.entered.set()
        await pause.released.wait()
        return {"thing_ref": str(thing_ref)}

    return wait
