"""The sender: takes what is due, asks the survivor's own words of now, and hands on or waits."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from runtime import disclosure, register
from runtime.disclosure import OWN_WORK
from runtime.keys import Keyring
from runtime.telemetry import facts
from runtime.unit import Unit
from schemas.categories import DataCategory
from schemas.codes import ChannelKind, NoticeState
from schemas.facts import NoticeFailed, NoticeSent
from schemas.facts.notice import NoticeFact
from schemas.taxonomy import category_mask
from services.notifications import domain, store
from services.notifications.channels import Channel
from services.notifications.domain import Hold, Send, Wait

ACTOR = "system:notifications"
PAUSE = 1.0
TRIES = 3
RETRY_AFTER = timedelta(minutes=1)
ENTER = text("SELECT set_config('accord.agency', :agency, true)")
log = logging.getLogger(__name__)


class Sender:
    """Sends what is due, one notice at a time."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession], keys: Keyring, channel: Channel) -> None:
        self.well = True
        self._sessions = sessions
        self._keys = keys
        self._channel = channel
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Send until `stop`; what fails is tried again, and readiness says so."""
        while not self._stopping.is_set():
            try:
                found = await self.send_one()
                self.well = True
            except Exception as failed:
                self.well, found = False, False
                log.warning("notices_wait", extra=facts(reason=type(failed).__name__))
            if not found:
                await self._pause()

    def stop(self) -> None:
        """Return from `run` once the notice under way is done."""
        self._stopping.set()

    async def send_one(self) -> bool:
        """Settle one notice that is due, or put it off; tell whether there was one."""
        async with self._sessions() as session:
            due = await store.next_due(session)
            if due is None:
                return False
            unit = await self._unit(session, due[1])
            notice = await store.notice(session, due[0])
            if notice is None:
                raise LookupError("a due notice that is not there")
            choice = await self._choose(unit, notice)
        await self._follow(notice, choice)
        return True

    async def _choose(self, unit: Unit, notice: store.Notice) -> domain.Choice:
        """Open the case's safe contact and nothing else; the look is on record and the notice marked as under way."""
        sealed = await store.contact(unit.session, notice.agency_id, notice.case_ref)
        at = await store.instant(unit.session)
        kind = unit.agency.kind
        if sealed is None or kind is None:
            return Hold("no_safe_channel")
        await store.change(unit.session, notice.notice_ref, "sending", again_at=at + RETRY_AFTER, tries=1)
        only = category_mask(DataCategory.SAFE_CONTACT)
        opened = await disclosure.open(unit, [sealed], OWN_WORK[kind], only)
        contact = opened[0].categories.get(DataCategory.SAFE_CONTACT, {}) if opened else {}
        return domain.choose(contact, notice.kind, at)

    async def _follow(self, notice: store.Notice, choice: domain.Choice) -> None:
        failed = isinstance(choice, Send) and not await self._handed_on(notice.notice_ref, choice)
        async with self._sessions() as session:
            unit = await self._unit(session, notice.agency_id)
            at = await store.instant(session)
            if isinstance(choice, Wait):
                await store.change(session, notice.notice_ref, "held", reason="outside_window", again_at=choice.until)
            elif isinstance(choice, Hold):
                again = at + domain.LOOK_AGAIN
                await store.change(session, notice.notice_ref, "held", reason=choice.reason, again_at=again)
            elif not failed:
                await self._settle(unit, notice, NoticeSent, NoticeState.SENT, choice.channel.kind)
            elif notice.attempts + 1 >= TRIES:
                await self._settle(unit, notice, NoticeFailed, NoticeState.FAILED, choice.channel.kind)
            await session.commit()

    async def _settle(
        self, unit: Unit, notice: store.Notice, fact: type[NoticeFact], state: NoticeState, channel: ChannelKind
    ) -> None:
        await store.change(unit.session, notice.notice_ref, state, channel_kind=channel)
        said = fact(case_ref=notice.case_ref, notice_ref=notice.notice_ref, channel_kind=channel, notice_state=state)
        await disclosure.offer(unit, said)

    async def _handed_on(self, notice_ref: UUID, send: Send) -> bool:
        try:
            await asyncio.to_thread(self._channel.hand_on, notice_ref, send)
        except OSError:
            log.warning("notice_not_handed_on", extra=facts(notice_ref=notice_ref))
            return False
        return True

    async def _unit(self, session: AsyncSession, agency_id: str) -> Unit:
        await session.execute(ENTER, {"agency": agency_id})
        agency = await register.agency(session, agency_id)
        if agency is None:
            raise LookupError("an agency that is not active")
        return Unit(session, agency, ACTOR, self._keys)

    async def _pause(self) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), PAUSE)
        except TimeoutError:
            return
