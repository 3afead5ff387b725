"""Growth: what people ask for all day, with a thousand, ten thousand and a hundred thousand cases in the database

Three databases on one server, asked in turns: an opening, a page of the inbox, one case's file, the lists behind a
board, and a case's accounting, each over the edge of its service, without a socket. Twenty cases are real, told through
the doors; the others are rows of the same shape beside them, made in the database. The baseline is the same question
with a thousand cases; the long form goes to a million. `tests/services/test_growth.py` holds that none of it reads a
table that grows from end to end.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Final

import psycopg
from psycopg import sql

from benchmarks.measurement import ROUNDS, Goal, Measured, each_awaited, in_turns, keep, measured_text
from benchmarks.setup import Ground, a_ground
from tests.support.database import Database
from tests.support.growth import REQUESTS, Day, Grown
from tests.support.town import Town

REAL: Final = 20
SIZES: Final = (1_000, 10_000, 100_000) if ROUNDS < 15 else (1_000, 10_000, 100_000, 1_000_000)
AT_ONCE: Final = 200_000
A_ROUND: Final = 10


def copied(database: Database, cases: int) -> Database:
    """Copy a database that nobody is connected to."""
    copy = replace(database, name=f"{database.name}_{cases}")
    with psycopg.connect(database.postgres.superuser_url(), autocommit=True) as connection:
        named = map(sql.Identifier, (copy.name, database.name))
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(*named))
    return copy


async def grown(ground: Ground) -> dict[int, Grown]:
    """Make the databases, each with so many cases."""
    first = Grown(ground.town)
    await first.begin(REAL)
    databases, cases = {SIZES[0]: first}, REAL
    for size in SIZES:
        first.add(size - cases)
        cases = size
        await ended(ground.town)
        if size != SIZES[-1]:
            town = Town(copied(ground.database, size), ground.town.keys)
            databases[size] = replace(first, town=town)
    databases[SIZES[-1]] = first
    return databases


async def ended(town: Town) -> None:
    """End every connection of the town."""
    for engine in town.engines.values():
        await engine.dispose()
    town.engines.clear()


async def settled(databases: Mapping[int, Grown]) -> None:
    """Write a checkpoint of each database, so that no question pays for the growing."""
    for grown_town in databases.values():
        with grown_town.town.database.superuser() as connection:
            connection.execute("CHECKPOINT")


def main() -> None:
    """Measure the same questions at every size."""
    with a_ground() as ground:
        began = time.perf_counter()
        databases = ground.runner.run(grown(ground))
        ground.runner.run(settled(databases))
        took = time.perf_counter() - began
        stack = AsyncExitStack()
        days = {size: Day(grown_town) for size, grown_town in databases.items()}
        for day in days.values():
            ground.runner.run(day.begin(stack))
        candidates = {
            f"{question}, {size:,} cases": each_awaited(ground.runner, lambda day=day, q=question: day.ask(q))  # type: ignore[misc]
            for question in REQUESTS
            for size, day in days.items()
        }
        for work in candidates.values():
            work(5)
        measured = in_turns(candidates, at_once=dict.fromkeys(candidates, A_ROUND))
        ground.runner.run(stack.aclose())
        for grown_town in databases.values():
            ground.runner.run(ended(grown_town.town))
    for question in REQUESTS:
        keep_figures(question, measured, took)


def keep_figures(question: str, measured: Mapping[str, Measured], took: float) -> None:
    """Keep how a question's p95 with the most cases stands to its p95 with a thousand."""
    by_size = [measured[f"{question}, {size:,} cases"] for size in SIZES]
    value = by_size[-1].percentile(95) / by_size[0].percentile(95)
    compared = {candidate.name: measured_text(candidate) for candidate in by_size}
    keep("growth", f"{question} with {SIZES[-1]:,} cases", value, "x its p95 with 1,000", Goal(1.5, at_most=True),
         by_size[-1].spread, compared, made_in=f"{took:.0f} s")  # fmt: skip


if __name__ == "__main__":
    main()
