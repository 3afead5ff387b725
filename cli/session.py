"""One piece of work in the database, in the name of one of its roles."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from cli.errors import SetupError
from runtime.database.engine import engine, sessions
from schemas.town import Town

T = TypeVar("T")
COMMAND_SECONDS: Final = 600  # a whole record is read in one transaction, which holds nobody


class Away(SetupError):
    """The town's database does not answer."""

    def __init__(self, *, also: str = "") -> None:
        super().__init__("The database does not answer", f"Start the town with `accord up`. {also}".rstrip())


def within(town: Town, role: str, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
    """Return what `work` makes of a session as `role`; it commits by itself. Raises `Away`."""

    async def done() -> T:
        bound = engine(town.database.urls[role], pool_size=1, service="cli", seconds=COMMAND_SECONDS)
        try:
            async with sessions(bound)() as session:
                return await work(session)
        finally:
            await bound.dispose()

    try:
        return asyncio.run(done())
    except OperationalError as refusal:
        raise Away from refusal
