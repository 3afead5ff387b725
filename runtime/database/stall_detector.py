"""A server that stands still: found out from outside, as it cannot say so itself.

A statement that waits for a lock and one whose server is stopped look alike to the client, so a limit on waiting would
end either both or none.  Whoever waits for more than a moment has the server asked on a connection of its own: where
it answers, the wait goes on under the server's own limits; where it does not, all who wait are told.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from typing import Any, Final

import psycopg
from psycopg.abc import PQGen

from runtime.telemetry import log_fields

SUSPECT_SECONDS: Final = 2.0  # of silence, after which the server is asked
ANSWER_SECONDS: Final = 2.0  # that it has to answer in; with a rest of its own, less than five in all
KNOWN_SECONDS: Final = 1.0  # that a standstill is taken for granted
log = logging.getLogger(__name__)


class StandsStill(psycopg.OperationalError):
    """The server did not answer anybody just now."""


class Server:
    """Whether one server answers; it is asked only on behalf of connections that wait."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._waiting: dict[Patient, float] = {}
        self._asking: asyncio.Task[None] | None = None
        self._still_until = 0.0

    def stands_still(self) -> bool:
        """Tell whether it did not answer a moment ago."""
        return asyncio.get_running_loop().time() < self._still_until

    def note_standstill(self) -> None:
        """Take it for granted for a moment that the server does not answer."""
        self._still_until = asyncio.get_running_loop().time() + KNOWN_SECONDS

    def suspect(self, connection: Patient) -> None:
        """Have the server asked on behalf of a connection that waits."""
        self._waiting[connection] = asyncio.get_running_loop().time()
        if self._asking is None:
            self._asking = asyncio.get_running_loop().create_task(self._ask())

    def forget(self, connection: Patient) -> None:
        """Note that a connection waits no longer."""
        self._waiting.pop(connection, None)

    async def _ask(self) -> None:
        try:
            answers = await self._answers()
        finally:
            self._asking = None
        waiting, self._waiting = list(self._waiting), {}
        if answers:
            for connection in waiting:
                connection.suspect_later()
            return
        self.note_standstill()
        log.error("database_stalled", extra=log_fields(count=len(waiting)))
        for connection in waiting:
            connection.hang_up()

    async def _answers(self) -> bool:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                probe = await psycopg.AsyncConnection.connect(self._conninfo)
        except TimeoutError:
            return False
        except psycopg.Error:
            return True  # a refusal is an answer; what is gone ends by itself
        await probe.close()
        return True


class Patient(psycopg.AsyncConnection[Any]):
    """A connection that waits as long as its server is there."""

    server: Server
    _timer: asyncio.TimerHandle | None = None

    async def wait(self, gen: PQGen[Any], interval: float = 0.1, timeout: float | None = None) -> Any:
        """Wait for a step of the conversation; raises `psycopg.OperationalError` where the server stands still."""
        delay = SUSPECT_SECONDS if not self.server.stands_still() else SUSPECT_SECONDS / 4
        self._timer = asyncio.get_running_loop().call_later(delay, self.server.suspect, self)
        try:
            return await super().wait(gen, interval, timeout)
        finally:
            self._timer.cancel()
            self._timer = None
            self.server.forget(self)

    def suspect_later(self) -> None:
        """Have the server asked again, if this still waits then."""
        if self._timer is not None:
            self._timer = asyncio.get_running_loop().call_later(SUSPECT_SECONDS, self.server.suspect, self)

    def hang_up(self) -> None:
        """End the conversation from our side: whoever waits reads the end of it."""
        with contextlib.suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(self.pgconn.socket)) as end:
            end.shutdown(socket.SHUT_RDWR)


def connecting(conninfo: str) -> Any:
    """Return what makes connections to one server that wait as long as it is there."""
    server = Server(conninfo)

    class PatientOfOne(Patient):
        """A connection to this server."""

    PatientOfOne.server = server

    async def connect(*arguments: Any, **named: Any) -> Patient:
        if server.stands_still():
            raise StandsStill("the server does not answer")
        try:
            return await PatientOfOne.connect(*arguments, **named)
        except psycopg.errors.ConnectionTimeout:
            server.note_standstill()
            raise

    return connect
