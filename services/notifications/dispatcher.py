"""The sender: takes what is due, asks the survivor's own words of now, and hands on or waits."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from runtime import disclosure, failpoints, register
from runtime.database.unit_of_work import UnitOfWork
from runtime.disclosure import OWN_WORK
from runtime.error_kinds import ErrorKind, classify, safe_error_name
from runtime.keyring import Keyring, KeyringError
from runtime.retry import pause
from runtime.scheduler import WALL, agency_unit_of_work
from runtime.telemetry import log_fields
from runtime.telemetry.error_ids import error_id
from schemas.categories import DataCategory
from schemas.codes import ChannelKind, NoticeState
from schemas.facts import NoticeFailed, NoticeSent
from schemas.facts.notice import NoticeFact
from services.notifications import domain, store
from services.notifications.channels import NoticeChannel
from services.notifications.domain import Hold, Send, Wait
from services.notifications.store import ContactMessage, Due, Notice

ACTOR: Final = "system:notifications"
PAUSE_SECONDS: Final = 1.0
TRIES: Final = 3
LEASE: Final = timedelta(minutes=1)  # what a sender left unfinished is taken up again after it
PUT_OFF: Final = timedelta(hours=1)
PASSING: Final = (disclosure.TooLate, KeyringError)
log = logging.getLogger(__name__)


class InactiveAgency(Exception):
    """The notice belongs to no active agency, so that nobody may send it."""


class NoticeDispatcher:
    """Sends what is due, one notice at a time."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession], keys: Keyring, channel: NoticeChannel) -> None:
        self.healthy = True
        self._sessions = sessions
        self._keys = keys
        self._channel = channel
        self._served: list[str] = []  # the agencies whose news had its turn
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Send until `stop`; what fails is tried again, and readiness says so."""
        while not self._stopping.is_set():
            try:
                handled = await self.send_one()
                self.healthy = True
            except Exception as failed:
                self.healthy, handled = False, False
                log.warning(
                    "dispatcher_blocked", extra=log_fields(reason=safe_error_name(failed), error_id=error_id(failed))
                )
            if not handled:
                await pause(self._stopping, PAUSE_SECONDS)

    def stop(self) -> None:
        """Return from `run` once the notice under way is done."""
        self._stopping.set()

    async def send_one(self) -> bool:
        """Settle one notice that is due, or put it off; tell whether any was due.

        A notice that fails stands in the way of no other.
        """
        due = await self._claim()
        if due is None:
            return False
        failpoints.hit("sender.after_claim")
        try:
            await self._deal_with(due)
        except Exception as failed:
            if classify(failed) is not ErrorKind.PERMANENT:
                raise
            log.warning(
                "notice_deferred",
                extra=log_fields(agency=due.agency_id, reason=safe_error_name(failed), error_id=error_id(failed)),
            )
            if not isinstance(failed, PASSING):
                await self._put_off(due)
        return True

    async def _claim(self) -> Due | None:
        """Return a due notice, each sending agency in its turn: an agency with much news waits for the others."""
        async with self._sessions() as session:
            due = await store.claim(session, LEASE, self._served)
            if due is None and self._served:
                self._served.clear()
                due = await store.claim(session, LEASE)
            await session.commit()
        if due is not None:
            self._served.append(due.source)
        return due

    async def _deal_with(self, due: Due) -> None:
        async with self._entered(due.agency_id) as unit:
            notice = await store.notice(unit.session, due.notice_ref)
            if notice is None:
                raise LookupError("a due notice that is not there")
            if await _braked(unit, notice):
                await _commit(unit.session)
                return
            messages = await store.contact(unit.session, notice.agency_id, notice.case_ref)
            contact = await _contact(unit, messages)
            choice = domain.choose(contact, notice.kind, await register.database_now(unit.session))
        if isinstance(choice, Send) and not await self._allowed(notice, contact):
            return
        handed_on = isinstance(choice, Send) and await self._handed_on(due, choice)
        failpoints.hit("sender.after_hand_on")
        async with self._entered(due.agency_id) as unit:
            await _follow(unit, due, notice, choice, handed_on)
            await _commit(unit.session)

    async def _allowed(self, notice: Notice, contact: Mapping[str, Any]) -> bool:
        """Tell whether the case may have a notice now, and take its place; else the notice waits with its kind."""
        only = notice.kind if domain.wanted_at_any_hour(contact, notice.kind) else None
        async with self._entered(notice.agency_id) as unit:
            earlier = await store.handed_on(unit.session, notice, only)
            wait = domain.next_allowed(earlier, await register.database_now(unit.session))
            allowed = wait is None or notice.handing_on_at is not None
            if allowed:
                allowed = await store.handing_on(unit.session, notice.notice_ref)
            elif wait is not None:
                await store.wait(unit.session, notice, wait[1], wait[0])
            await _commit(unit.session)
        return allowed

    async def _handed_on(self, due: Due, send: Send) -> bool:
        try:
            await asyncio.to_thread(self._channel.hand_on, due.notice_ref, send)
        except OSError as failed:
            log.warning("notice_not_handed_on", extra=log_fields(agency=due.agency_id, error_id=error_id(failed)))
            return False
        return True

    async def _put_off(self, due: Due) -> None:
        async with self._sessions() as session:
            await session.execute(WALL, {"agency": due.agency_id})
            await store.hold(session, due, "fault", await register.database_now(session) + PUT_OFF)
            await _commit(session)

    @asynccontextmanager
    async def _entered(self, agency_id: str) -> AsyncIterator[UnitOfWork]:
        async with agency_unit_of_work(self._sessions, self._keys, agency_id, ACTOR) as unit:
            if unit is None:
                raise InactiveAgency
            yield unit


async def _commit(session: AsyncSession) -> None:
    failpoints.hit("sender.before_commit")
    await session.commit()
    failpoints.hit("sender.after_commit")


async def _braked(unit: UnitOfWork, notice: Notice) -> bool:
    """Hold a flood of this kind from one agency for a person to look at; tell whether the notice is held."""
    if notice.handing_on_at is not None or notice.decided_at is not None:
        return False
    if await register.database_now(unit.session) >= notice.planned_at + domain.HELD_BY_THE_BRAKE:
        return False
    if not domain.is_flood(await store.volume(unit.session, notice)):
        return False
    log.warning("notices_braked", extra=log_fields(agency=notice.source, recipient=notice.agency_id, code=notice.kind))
    await store.brake(unit.session, notice)
    return True


async def _contact(unit: UnitOfWork, messages: Sequence[ContactMessage]) -> Mapping[str, Any]:
    """Open the fields on how to reach the survivor and no others; empty where any message cannot be opened."""
    kind = unit.agency.kind
    if not messages or kind is None:
        return {}
    only = sum(domain.CONTACT.values())
    opened = await disclosure.open(unit, [message.sealed for message in messages], OWN_WORK[kind], only)
    contacts = {opening.message_ref: opening.categories.get(DataCategory.SAFE_CONTACT, {}) for opening in opened}
    if any(message.sealed.message_ref not in contacts for message in messages):
        return {}
    return {field: contacts[message.sealed.message_ref].get(field) for message in messages for field in message.fields}


async def _follow(unit: UnitOfWork, due: Due, notice: Notice, choice: domain.Choice, handed_on: bool) -> None:
    """Record the outcome of a notice."""
    match choice:
        case Wait(until=until):
            await store.hold(unit.session, due, "outside_window", until, planned_for=until)
        case Hold(reason=reason):
            await store.hold(unit.session, due, reason, await register.database_now(unit.session) + domain.LOOK_AGAIN)
        case Send(channel=channel) if handed_on:
            await _settle(unit, due, notice, NoticeSent, NoticeState.SENT, channel.kind)
        case Send(channel=channel) if await store.tried(unit.session, due) >= TRIES:
            await _settle(unit, due, notice, NoticeFailed, NoticeState.FAILED, channel.kind)


async def _settle(
    unit: UnitOfWork, due: Due, notice: Notice, fact: type[NoticeFact], state: NoticeState, channel: ChannelKind
) -> None:
    await store.handed_on(unit.session, notice, None)  # for its lock: coalesced after, the rows come in no order
    if await store.settle(unit.session, due, state, channel):
        if state is NoticeState.SENT:
            await store.coalesce(unit.session, due)
        notice_fact = fact(
            case_ref=notice.case_ref, notice_ref=notice.notice_ref, channel_kind=channel, notice_state=state
        )
        await disclosure.offer(unit, notice_fact)
