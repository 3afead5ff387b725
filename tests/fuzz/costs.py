"""What a request costs: the rows that it reads, the subjects that it holds, the leaves and the bytes that it leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from unittest.mock import patch

import httpx
import psycopg

from tests.fuzz.all_services import Street

HOLDS: Final = "register.hold_"
LEAVES: Final = "SELECT (SELECT count(*) FROM ledger.pending) + (SELECT count(*) FROM ledger.leaf)"


@dataclass
class Cost:
    """What one request cost."""

    rows: int = 0
    locked: int = 0
    leaves: int = 0
    bytes: int = 0


def cost_of(street: Street, ask: Callable[[], httpx.Response]) -> tuple[Cost, httpx.Response]:
    """Return the cost of a request that runs alone, and its answer."""
    before = _leaves(street)
    with _metered() as cost:
        answer = ask()
    cost.leaves, cost.bytes = _leaves(street) - before, len(answer.content)
    return cost, answer


@contextmanager
def _metered() -> Iterator[Cost]:
    """Count the rows of every statement that goes to the driver, and those of the statements that hold a subject."""
    cost, execute = Cost(), psycopg.AsyncCursor.execute

    async def counting(cursor: psycopg.AsyncCursor[Any], query: Any, *args: Any, **more: Any) -> Any:
        done = await execute(cursor, query, *args, **more)
        cost.rows += max(0, cursor.rowcount)
        cost.locked += max(0, cursor.rowcount) if HOLDS in str(query) else 0
        return done

    with patch.object(psycopg.AsyncCursor, "execute", counting):
        yield cost


def _leaves(street: Street) -> int:
    with street.town.database.superuser() as connection:
        row: Any = connection.execute(LEAVES).fetchone()
    return int(row[0])
