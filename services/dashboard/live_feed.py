"""The live feed of one process: it tells open pages that something changed, and never what.

Streams share the changes of their agency and hold a place in them: a stream costs no more memory however far its
browser is behind.  One look at the database, a few times a second and only while a page is open, serves them all.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from runtime import clock
from runtime.http.problems import Unavailable
from runtime.scheduler import log_and_continue
from services.dashboard import live_store
from services.dashboard.live_changes import RecentChanges

LOOK_SECONDS: Final = 0.1
LOOK_AGAIN_SECONDS: Final = 1.0  # after a look that failed
SESSIONS_EVERY: Final = 10  # looks
BLIND_SECONDS: Final = 5.0  # after which a stream that cannot know of changes ends, and its page says so
GAP_SECONDS: Final = 0.5  # from one event of a stream to the next, however much changes
HEARTBEAT_SECONDS: Final = 15.0
STREAM_SECONDS: Final = 50.0  # then the browser comes again, past the door: answers end after 60 s
EARLIER: Final = 0.4  # of that time, by session
MOST_OF_PERSON: Final = 4  # streams: a browser opens six connections to one host, and pages need some
MOST: Final = 256


class End(StrEnum):
    """Why a page is told that its stream is over."""

    GONE = "gone"  # the session is over: the page leads to the start
    CROWDED = "crowded"  # the person opened more pages since: this one stands still


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """One event for a page: something changed, up to this place, in the page's own case or in any."""

    name: str
    place: int


@dataclass(eq=False, slots=True)
class Stream:
    """One open page: whose it is, which case it shows if it shows one, and up to where it was told."""

    agency_id: str
    person_ref: str
    session: bytes = field(repr=False)  # digest
    place: int
    case_ref: UUID | None = None
    end: End | None = None
    closing: bool = False
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    def close(self, end: End | None = None) -> None:
        """End the stream with the reason for its page."""
        self.end, self.closing = self.end or end, True
        self.woken.set()


class _Feed:
    def __init__(self, recent: RecentChanges) -> None:
        self.recent = recent
        self.streams: list[Stream] = []


class LiveFeed:
    """The open pages of this process, by agency."""

    def __init__(
        self,
        sessions: async_sessionmaker[AsyncSession],
        *,
        stream_seconds: float = STREAM_SECONDS,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
        most: int = MOST,
        monotonic: Callable[[], float] = clock.monotonic,
    ) -> None:
        self._sessions = sessions
        self._stream_seconds = stream_seconds
        self._heartbeat_seconds = heartbeat_seconds
        self._most = most
        self._monotonic = monotonic
        self._feeds: dict[str, _Feed] = {}
        self._looking: asyncio.Task[None] | None = None

    @property
    def count(self) -> int:
        """Return how many streams are open."""
        return sum(len(feed.streams) for feed in self._feeds.values())

    def check_room(self) -> None:
        """Raise `Unavailable` where there are too many streams."""
        if self.count >= self._most:
            raise Unavailable

    @asynccontextmanager
    async def open(self, stream: Stream) -> AsyncIterator[AsyncIterator[LiveEvent | None]]:
        """Give the events of a stream; where its person has too many, the oldest ends."""
        feed = await self._feed(stream.agency_id)
        own = [other for other in feed.streams if other.person_ref == stream.person_ref and not other.closing]
        if len(own) >= MOST_OF_PERSON:
            own[0].close(End.CROWDED)
        feed.streams.append(stream)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._keep_looking())
        try:
            yield self._events(feed, stream)
        finally:
            feed.streams.remove(stream)
            if not feed.streams:
                self._feeds.pop(stream.agency_id, None)

    async def stop(self) -> None:
        """End every stream."""
        self._close_all()
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)

    async def _feed(self, agency_id: str) -> _Feed:
        """Return the feed of an agency; the first page of it has it loaded."""
        if agency_id not in self._feeds:
            async with self._sessions() as session:
                recent = await live_store.recent(session, agency_id)
            self._feeds.setdefault(agency_id, _Feed(recent))
        return self._feeds[agency_id]

    async def _events(self, feed: _Feed, stream: Stream) -> AsyncIterator[LiveEvent | None]:
        """Yield what happens, and None where nothing did for a while, until the stream is to end."""
        until = self._monotonic() + self._stream_seconds * _share(stream)
        while not stream.closing and self._monotonic() < until:
            stream.woken.clear()
            names = _names(feed.recent, stream)
            stream.place = feed.recent.place
            for name in names:
                yield LiveEvent(name, stream.place)
            if names:
                await asyncio.sleep(GAP_SECONDS)
            elif not await self._woken(stream, until):
                yield None
        if stream.end is not None:
            yield LiveEvent(stream.end, stream.place)

    async def _woken(self, stream: Stream, until: float) -> bool:
        """Wait for a change or the end of the stream; tell whether one came before the next heartbeat."""
        try:
            await asyncio.wait_for(
                stream.woken.wait(), min(self._heartbeat_seconds, max(0.0, until - self._monotonic()))
            )
        except TimeoutError:
            return False
        return True

    async def _keep_looking(self) -> None:
        looks, good_at = 0, self._monotonic()
        while self._feeds:
            pause = LOOK_AGAIN_SECONDS
            with log_and_continue():
                await self._look()
                if looks % SESSIONS_EVERY == 0:
                    await self._look_at_sessions()
                pause, good_at = LOOK_SECONDS, self._monotonic()
            if self._monotonic() - good_at > BLIND_SECONDS:
                self._close_all()
            looks += 1
            await asyncio.sleep(pause)

    async def _look(self) -> None:
        places = {agency_id: feed.recent.place for agency_id, feed in self._feeds.items()}
        async with self._sessions() as session:
            changed = await live_store.changes_since(session, places)
        for agency_id, changes in changed.items():
            feed = self._feeds.get(agency_id)
            if feed is not None:
                feed.recent.extend(change for change in changes if change.place > feed.recent.place)
                for stream in feed.streams:
                    stream.woken.set()

    async def _look_at_sessions(self) -> None:
        streams = [stream for feed in self._feeds.values() for stream in feed.streams]
        async with self._sessions() as session:
            over = await live_store.sessions_over(session, {stream.session for stream in streams})
        for stream in streams:
            if stream.session in over:
                stream.close(End.GONE)

    def _close_all(self) -> None:
        for feed in self._feeds.values():
            for stream in feed.streams:
                stream.close()


def _share(stream: Stream) -> float:
    """Return what part of its time a stream uses: streams that were opened together do not all come again together."""
    return 1 - EARLIER * (stream.session[0] / 255 if stream.session else 0)


def _names(recent: RecentChanges, stream: Stream) -> list[str]:
    """Return the event names for what changed since a stream's place; for everything where it is too far behind."""
    changes = recent.since(stream.place)
    if changes == []:
        return []
    names = ["board"]
    if stream.case_ref is not None and (changes is None or stream.case_ref in {change.case_ref for change in changes}):
        names.append("case")
    return names
