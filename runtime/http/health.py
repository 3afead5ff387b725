"""Whether a process is alive, and whether it can do its work; both without a token, neither says anything else."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from fastapi import APIRouter
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from runtime import clock
from runtime.http.problems import FieldError, Problem

Check = Callable[[], Awaitable[bool]]

BEAT = text("SELECT carrying.beat()")
SECONDS = 3.0
KEPT_SECONDS = 1.0


class Readiness:
    """The parts a process needs, each with a check; asked at most once a second."""

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = dict(checks)
        self._missing: list[str] = []
        self._checked_at: float | None = None
        self._asking = asyncio.Lock()

    async def missing(self) -> list[str]:
        """Return the names of the parts that are not there."""
        async with self._asking:  # however many ask, the parts are asked once
            if self._checked_at is None or clock.monotonic() - self._checked_at > KEPT_SECONDS:
                results = await asyncio.gather(*(_is_there(check) for check in self._checks.values()))
                self._missing = [name for name, passed in zip(self._checks, results, strict=True) if not passed]
                self._checked_at = clock.monotonic()
        return self._missing


def health(readiness: Callable[[], Readiness]) -> APIRouter:
    """Return the two routes."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/healthz")
    async def alive() -> dict[str, bool]:
        return {"alive": True}

    @routes.get("/readyz")
    async def ready() -> dict[str, bool]:
        missing = await readiness().missing()
        if missing:
            errors = [FieldError(name, "missing") for name in missing]
            raise Problem("unavailable", errors=errors, headers={"Retry-After": "2"})
        return {"ready": True}

    return routes


def database_check(sessions: async_sessionmaker[AsyncSession]) -> Check:
    """Return the check that the database keeps what is written: one with a full disk still answers questions."""

    async def keeps() -> bool:
        async with sessions() as session:
            await session.execute(BEAT)
            await session.commit()
            return True

    return keeps


async def _is_there(check: Check) -> bool:
    try:
        async with asyncio.timeout(SECONDS):
            return await check()
    except Exception:  # whatever it was, the part is not there; its text stays here
        return False
