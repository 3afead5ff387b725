"""What every request of one process uses."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from runtime.auth.principal import Principal
from runtime.http.concurrency_limits import BodyReadLimits, ConcurrencyLimits
from runtime.http.rate_limit import RateLimiter
from runtime.http.response_padding import ResponseTimePadder
from runtime.keyring import Keyring


class Verifies(Protocol):
    """What tells who a token names."""

    async def verify(self, token: str) -> Principal:
        """Return whom `token` names; raises `runtime.auth.tokens.NotVerified`."""


@dataclass(frozen=True, slots=True)
class AppState:
    """The connections, keys and limits of one process; `request.app.state.wiring`."""

    sessions: async_sessionmaker[AsyncSession]
    tokens: Verifies
    keys: Keyring
    rate_limiter: RateLimiter
    audience: str  # what a token, and a claim of a person, must be meant for
    concurrency_limits: ConcurrencyLimits
    body_reads: BodyReadLimits
    sessions_for_stops: async_sessionmaker[AsyncSession]  # connections that nothing else may use up
    trusted_proxies: int = 0
    parsing: asyncio.Lock = field(default_factory=asyncio.Lock)  # of one large body at a time
    response_padder: ResponseTimePadder = field(default_factory=ResponseTimePadder)
