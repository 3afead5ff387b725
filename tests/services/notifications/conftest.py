"""Notifications, with a worker that is handed mail, senders that are run by hand, and a clock that can be moved."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI

from runtime import disclosure
from runtime.database.engine import sessions
from schemas.codes import Purpose
from schemas.facts import Fact, IncidentReported, ReferralAccepted
from services.notifications.api import routes
from services.notifications.channels import NoticeChannel, UnsafeFileChannel
from services.notifications.consumers import listen
from services.notifications.dispatcher import NoticeDispatcher
from tests.support.clock import set_clock
from tests.support.delivery import Delivery
from tests.support.mail import mailbox, opened_by
from tests.support.town import Town
from tests.support.web import Web

HOTLINE = "bay-hotline"
ADDRESS = "+1 555 0188"
DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


@pytest.fixture(scope="session")
async def app(web: Web) -> AsyncIterator[FastAPI]:
    async with web.serving("notifications", [routes]) as served:
        yield served


@pytest.fixture(scope="session")
def delivery(town: Town) -> Delivery:
    return Delivery(town, "notifications", listen)


def hours(opens: float, closes: float) -> dict[str, Any]:
    """A window on every day, from so many hours from now until so many."""
    now = datetime.now(UTC)
    first, last = (f"{now + timedelta(hours=offset):%H:%M}" for offset in (opens, closes))
    return {"days": DAYS, "from_local": first, "until_local": last}


def a_channel(**terms: Any) -> dict[str, Any]:
    """A text message to a number that is safe around this hour and for a month."""
    defaults = {
        "kind": "sms",
        "address": ADDRESS,
        "status": "safe",
        "windows": [hours(-1, 3)],
        "time_zone": "UTC",
        "valid_until": f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%dT%H:%M:%SZ}",
    }
    return defaults | terms


@dataclass
class Desk:
    """The hotline's cases, what its notifications do with them, and what went out."""

    town: Town
    delivery: Delivery
    folder: Path
    ana: httpx.AsyncClient

    async def case(self, *channels: dict[str, Any], **contact: Any) -> UUID:
        """Open a case whose survivor said how she may be reached."""
        case_ref = await self.town.open_case(HOTLINE)
        await self.report(case_ref, channels=list(channels), **contact)
        return case_ref

    async def report(self, case_ref: UUID, **fields: Any) -> None:
        """Write down what the survivor says, as intake does, and deliver it."""
        await self.offer(an_incident(case_ref, **fields))
        await self.delivery.deliver(case_ref, HOTLINE)

    async def news(self, case_ref: UUID, deliver: bool = True) -> None:
        """Let the shelter accept a referral of the case."""
        await self.offer(an_acceptance(case_ref))
        if deliver:
            await self.delivery.deliver(case_ref, HOTLINE)

    async def offer(self, *facts: Fact, by: str = HOTLINE, role: str = "accord_intake") -> None:
        async with self.town.unit(role, by) as unit:
            await disclosure.offer_many(unit, facts)
            await unit.session.commit()

    def sender(self, channel: NoticeChannel | None = None) -> NoticeDispatcher:
        bound = sessions(self.town.engine("accord_notifications"))
        return NoticeDispatcher(bound, self.town.keys, channel or UnsafeFileChannel(self.folder, production=False))

    async def send(self, channel: NoticeChannel | None = None) -> int:
        """Deal with all that is due, and return how many notices that were."""
        sender, count = self.sender(channel), 0
        while await sender.send_one():
            count += 1
            assert count < 100, "a notice is taken up again and again"
        return count

    def gone_out(self) -> list[dict[str, Any]]:
        """Return what a provider would have been handed."""
        return [json.loads(file.read_text()) for file in sorted((self.folder / "notices").glob("[!.]*"))]

    async def listed(self, case_ref: UUID) -> list[dict[str, Any]]:
        """Return the notices of a case as an advocate sees them."""
        answer = await self.ana.get(f"/v1/cases/{case_ref}/notices")
        assert answer.status_code == 200, answer.text
        notices: list[dict[str, Any]] = answer.json()["notices"]
        return notices

    async def stands(self, case_ref: UUID) -> tuple[str, str | None]:
        """Return the state of the case's one notice, and why."""
        (notice,) = await self.listed(case_ref)
        return notice["state"], notice["reason"]

    async def facts(self, case_ref: UUID) -> list[str]:
        """Return the types of the facts about notices that wait for the hotline."""
        types = [message.type for message in await mailbox(self.town, case_ref, HOTLINE)]
        return [name.removeprefix("accord.") for name in types if name.startswith("accord.notice.")]

    async def opened(self, case_ref: UUID, kind: str) -> Any:
        """Open the newest fact of a kind as the hotline's advocate."""
        return (await opened_by(self.town, case_ref, HOTLINE, "ana", Purpose.ADVOCACY))[kind].categories

    def rows(self, statement: str, **params: Any) -> list[Any]:
        """Read and change the database as an outside checker would."""
        with self.town.database.superuser() as connection:
            done = connection.execute(statement, params)
            return done.fetchall() if done.description else []

    @contextmanager
    def later(self, **by: float) -> Iterator[None]:
        """Move the database's clock on, for as long as the block lasts."""
        with self.town.database.superuser() as connection:
            set_clock(connection, timedelta(**by).total_seconds())
            try:
                yield
            finally:
                set_clock(connection, 0)

    def leaves(self) -> list[dict[str, Any]]:
        """Return what the ledger says of the sender's own acts, in order."""
        query = """SELECT convert_from(header, 'UTF8')::jsonb FROM ledger.pending
            WHERE convert_from(header, 'UTF8')::jsonb ->> 'actor' = 'system:notifications' ORDER BY id"""
        return [row[0] for row in self.rows(query)]


def an_incident(case_ref: UUID, **fields: Any) -> IncidentReported:
    return IncidentReported(
        case_ref=case_ref, incident_ref=uuid4(), version=1, reported_at="2026-11-21T02:10:00Z", **fields
    )


def an_acceptance(case_ref: UUID) -> ReferralAccepted:
    return ReferralAccepted(
        case_ref=case_ref,
        referral_ref=uuid4(),
        from_agency_ref=HOTLINE,
        to_agency_ref="harbor-house",
        status="accepted",
        advocate_name="Sam Okafor",
        meeting_place="Front office, Elm Street",
    )


@pytest.fixture
async def desk(town: Town, web: Web, app: FastAPI, delivery: Delivery, tmp_path: Path) -> AsyncIterator[Desk]:
    async with web.as_person(app, "ana") as ana:
        new_desk = Desk(town, delivery, tmp_path, ana)
        new_desk.rows("DELETE FROM notifications.due")  # a sender takes what is due in any case
        # Nor does the brake count what earlier tests had planned.
        new_desk.rows("UPDATE notifications.notice SET planned_at = planned_at - interval '40 days'")
        new_desk.rows("UPDATE notifications.notice SET reason = 'fault' WHERE state = 'held'")  # and holds none of it
        yield new_desk
