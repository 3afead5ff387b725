"""What there is in the town, and whose it is."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from secrets import token_hex
from typing import Any
from uuid import UUID, uuid4

import httpx
from fastapi import FastAPI
from sqlalchemy import text

from runtime.register.enrolment import NewAgency, NewPerson, enrol_agency, enrol_person
from schemas.categories import DataCategory
from schemas.codes import AgencyKind, Purpose
from services.audit.api import routes as audit
from services.consent.api import routes as consent
from services.exchange.api import routes as exchange
from services.exchange.consumers import listen
from services.intake.api import routes as intake
from services.law_enforcement_bridge.api import routes as bridge
from services.law_enforcement_bridge.main import REFUSALS as BRIDGE_REFUSALS
from services.notifications.api import routes as notifications
from services.referrals.api import routes as referrals
from services.referrals.main import REFUSALS
from tests.leaks.endpoints import EXPLAINED
from tests.support.delivery import Delivery
from tests.support.town import Town, all_purposes
from tests.support.web import Web

# What every other problem is told by, so that it can be talked about; an absent one has none of its own.
INSTANCE = re.compile(rb"urn:uuid:[0-9a-f-]{36}")
WAITING = text("SELECT message_ref FROM carrying.outbox WHERE key = :key AND recipient = :to ORDER BY id")
SERVICES: Mapping[str, tuple[Sequence[Any], Mapping[type[Exception], str]]] = {
    "intake": ([intake], {}),
    "consent": ([consent], {}),
    "law_enforcement_bridge": (bridge, BRIDGE_REFUSALS),
    "referrals": (referrals, REFUSALS),
    "notifications": ([notifications], {}),
    "exchange": ([exchange], {}),
    "audit": ([audit], {}),
}


RENEWED = 240  # seconds; the long form outlives a token, and a system's is good for 300


@dataclass
class Asker:
    """A person or a system, and who signs its tokens."""

    name: str
    agency: str
    sign: Callable[[], str]
    _kept: str = ""
    _signed_at: float = -RENEWED

    @property
    def token(self) -> str:
        """Return a token that is good for a while yet."""
        if time.monotonic() - self._signed_at >= RENEWED:
            self._kept, self._signed_at = self.sign(), time.monotonic()
        return self._kept


@dataclass
class Existing:
    """A town with one of everything: whose each thing is, and which own things are closed to whom."""

    town: Town
    web: Web
    apps: dict[str, FastAPI]
    shelter: str = field(default_factory=lambda: f"shelter-{token_hex(4)}")
    police: str = field(default_factory=lambda: f"police-{token_hex(4)}")
    things: dict[str, set[UUID]] = field(default_factory=dict)  # by the agency whose reference it is
    named: dict[str, UUID] = field(default_factory=dict)
    askers: dict[str, Asker] = field(default_factory=dict)
    clients: dict[str, httpx.AsyncClient] = field(default_factory=dict)

    def keep(self, agency: str, name: str, ref: UUID | str) -> UUID:
        """Keep a reference under a name, as one of an agency's."""
        self.named[name] = UUID(str(ref))
        self.things.setdefault(agency, set()).add(self.named[name])
        return self.named[name]

    def anothers(self, agency: str) -> list[UUID]:
        """Return every reference that is not this agency's own."""
        mine = self.things.get(agency, set())
        return sorted(set().union(*self.things.values()) - mine)

    async def does(self, asker: str, service: str, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Do something that must succeed, and return what was answered."""
        answer = await self.ask(asker, service, method, path, body, headers)
        assert answer.status_code < 300, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else {}

    async def ask(
        self,
        asker: str,
        service: str,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Send one request and return the answer, whatever it is."""
        named = {"Authorization": f"Bearer {self.askers[asker].token}"} | dict(headers or {})
        return await self.clients[service].request(method, path, json=body, headers=named)


@asynccontextmanager
async def existing(town: Town, web: Web) -> AsyncIterator[Existing]:
    """Serve every service, and put one of everything into the town."""
    async with AsyncExitStack() as stack:
        apps = {
            name: await stack.enter_async_context(web.serving(name, routers, refusals=refusals))
            for name, (routers, refusals) in SERVICES.items()
        }
        made = Existing(town, web, apps)
        for name, app in apps.items():
            made.clients[name] = await stack.enter_async_context(web.asking(app))
        await _enrol(made)
        await _tell(made)
        await _refer(made)
        await _record(made)
        yield made


async def _enrol(made: Existing) -> None:
    people = {
        "sam": (made.shelter, "case_worker"),
        "lee": (made.police, "liaison"),
        "kim": (made.police, "liaison"),
    }
    async with made.town.session("accord_admin") as session:
        for agency, kind in ((made.shelter, AgencyKind.SHELTER), (made.police, AgencyKind.POLICE)):
            made.town.keys.create(agency)
            new = NewAgency(agency, agency.title(), kind, purposes=all_purposes())
            await enrol_agency(session, new, {"kty": "EC", "kid": agency})
        for name, (agency, role) in people.items():
            await enrol_person(session, NewPerson(f"{name}-{agency}", agency, name.title(), (role,)))
        await session.commit()
    issuer = made.web.issuer
    askers = [
        Asker(name, agency, partial(issuer.person, f"{name}-{agency}", agency=agency, roles=[role]))
        for name, (agency, role) in people.items()
    ]
    askers += [Asker(name, "bay-hotline", partial(issuer.person, name)) for name in ("ana", "priya")]
    askers.append(Asker("jude", "riverside-legal", partial(issuer.person, "jude")))
    for agency in (made.shelter, made.police, "bay-hotline", "riverside-legal"):
        askers.append(Asker(f"system of {agency}", agency, partial(issuer.system, agency)))
    made.askers |= {asker.name: asker for asker in askers}


async def _tell(made: Existing) -> None:
    """Put a case with an incident, a plan, a release and its messages; and one whose survivor hides from Ana."""
    town = made.town
    delivery = Delivery(town, "exchange", listen)
    for prefix in ("open", "revoked", "hidden"):
        opened = await made.does("ana", "intake", "POST", "/v1/cases", {})
        case = made.keep("bay-hotline", f"{prefix} case", opened["case_ref"])
        taken = {"participation": "yes", "evidence": EXPLAINED}
        await made.does("ana", "consent", "PUT", f"/v1/cases/{case}/participation", taken)
        allowed = [DataCategory.REFERRAL_STATUS, DataCategory.NEEDS]
        shelter = await town.direct(case, made.shelter, Purpose.SHELTER, allowed)
        police = await town.direct(case, made.police, Purpose.ORDER_ENFORCEMENT, [DataCategory.IDENTITY])
        made.keep("bay-hotline", f"{prefix} directive", shelter)
        made.keep("bay-hotline", f"{prefix} directive to the police", police)
        told = {"given_name": "Marisol", "needs": ["shelter"], "narrative": "He came back."}
        incident = await made.does("ana", "intake", "POST", f"/v1/cases/{case}/incidents", told)
        made.keep("bay-hotline", f"{prefix} incident", incident["incident_ref"])
        plan = {"threat_type": "intimate_partner", "goals": ["A safe bed"]}
        await made.does("ana", "intake", "POST", f"/v1/cases/{case}/plans", plan)
        for agency in ("bay-hotline", made.shelter, made.police):
            await delivery.deliver(case, agency)
            made.keep(agency, f"{prefix} case of {agency}", await town.case_ref_of(case, agency))
            for ref in await _messages(town, case, agency):
                made.keep(agency, f"{prefix} message to {agency}", ref)


async def _messages(town: Town, case: UUID, agency: str) -> list[UUID]:
    theirs = await town.case_ref_of(case, agency)
    async with town.session("accord_relay") as session:
        return list(await session.scalars(WAITING, {"key": theirs, "to": agency}))


async def _refer(made: Existing) -> None:
    """Put a referral of the hotline's to the shelter for each case."""
    for prefix in ("open", "revoked", "hidden"):
        asked = {
            "case_ref": str(made.named[f"{prefix} case"]),
            "to_agency_ref": made.shelter,
            "mode": "live",
            "service_code": "shelter",
            "priority": "urgent",
            "purpose": "shelter",
        }
        sent = await made.does("ana", "referrals", "POST", "/v1/referrals", asked)
        made.keep("bay-hotline", f"{prefix} referral", sent["referral_ref"])
        received = await made.does("sam", "referrals", "GET", "/v1/referrals?direction=received&limit=200")
        made.keep(made.shelter, f"{prefix} referral received", received["referrals"][-1]["referral_ref"])


async def _record(made: Existing) -> None:
    """Put orders of the police's, one of them hidden from Kim; and take back and hide what is to be closed."""
    town = made.town
    for prefix in ("open", "hidden"):
        order = await made.does("lee", "law_enforcement_bridge", "POST", "/v1/orders", {"status": "temporary"})
        made.keep(made.police, f"{prefix} order", order["order_ref"])
        made.keep(made.police, f"case of the {prefix} order", order["case_ref"])
    order = await made.does("jude", "law_enforcement_bridge", "POST", "/v1/orders", {"status": "temporary"})
    made.keep("riverside-legal", "order of legal aid", order["order_ref"])
    kim = f"kim-{made.police}"
    await town.direct(made.named["case of the hidden order"], None, None, effect="deny", excluded=kim)
    for name in ("revoked directive", "revoked directive to the police"):
        await town.revoke(made.named["revoked case"], made.named[name])
    for hidden_from in ("ana", kim, f"sam-{made.shelter}"):
        await town.direct(made.named["hidden case"], None, None, effect="deny", excluded=hidden_from)


def absent() -> UUID:
    """Return a reference that leads nowhere."""
    return uuid4()
