"""Who left is nobody from the next request on, at every operation of every service."""

import re
from collections.abc import Mapping, Sequence
from secrets import token_hex
from typing import Any
from uuid import uuid4

import pytest
from fastapi import APIRouter

from runtime.auth.scopes import Role
from runtime.http.openapi.document import describe
from runtime.register import enrolment
from runtime.register.enrolment import NewAgency, NewPerson
from schemas.codes import AgencyKind
from schemas.services import SERVICES
from services.audit.api import routes as audit
from services.consent.api import routes as consent
from services.dashboard.api import routes as dashboard
from services.exchange.api import routes as exchange
from services.intake.api import routes as intake
from services.law_enforcement_bridge.api import routes as bridge
from services.notifications.api import routes as notifications
from services.referrals.api import routes as referrals
from services.tasks.api import routes as tasks
from tests.support.town import Town, all_purposes
from tests.support.web import Web

ROUTES: Mapping[str, Sequence[APIRouter]] = {
    "intake": intake,
    "consent": [consent],
    "law_enforcement_bridge": bridge,
    "referrals": referrals,
    "notifications": [notifications],
    "exchange": [exchange],
    "audit": audit,
    "tasks": tasks,
    "dashboard": [dashboard],
}
METHODS = {"get", "put", "post", "patch", "delete"}
ROLES = tuple(str(role) for role in Role if role is not Role.SYSTEM)


class Leaver:
    """An agency of its own with one person who holds every role, so that scopes refuse them nothing."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.agency = f"oak-{token_hex(4)}"
        self.person = f"rosa-{token_hex(4)}"

    async def enrol(self) -> None:
        async with self.town.session("accord_admin") as session:
            agency = NewAgency(self.agency, "Oak House", AgencyKind.SHELTER, purposes=all_purposes())
            await enrolment.enrol_agency(session, agency, {"kty": "EC", "kid": self.agency})
            await enrolment.enrol_person(session, NewPerson(self.person, self.agency, "Rosa", ROLES))
            await session.commit()

    async def person_is_removed(self) -> None:
        async with self.town.session("accord_admin") as session:
            assert await enrolment.remove_person(session, self.agency, self.person)
            await session.commit()

    async def agency_is_closed(self) -> None:
        async with self.town.session("accord_admin") as session:
            assert await enrolment.close_agency(session, self.agency)
            await session.commit()


@pytest.fixture
async def leaver(town: Town) -> Leaver:
    new_leaver = Leaver(town)
    await new_leaver.enrol()
    return new_leaver


async def statuses(web: Web, service: str, token: str) -> dict[str, int]:
    """Return what each operation of a service answers to a token."""
    async with web.serving(service, ROUTES[service]) as app, web.asking(app, token) as client:
        paths: dict[str, Any] = describe(app)["paths"]
        return {
            f"{method} {path}": (await client.request(method, re.sub(r"{\w+}", str(uuid4()), path))).status_code
            for path, item in paths.items()
            for method in item.keys() & METHODS
            if path.startswith("/v1/")
        }


def test_every_service_is_asked() -> None:
    assert set(ROUTES) == set(SERVICES)


@pytest.mark.parametrize("service", SERVICES)
async def test_l12_d18_a_removed_person_is_nobody_at_once(web: Web, leaver: Leaver, service: str) -> None:
    token = web.issuer.person(leaver.person, agency=leaver.agency, roles=ROLES)
    before = await statuses(web, service, token)

    await leaver.person_is_removed()
    after = await statuses(web, service, token)

    assert before
    assert 401 not in before.values()
    assert set(after.values()) == {401}, after


@pytest.mark.parametrize("service", SERVICES)
async def test_l12_d18_a_closed_agency_is_nobody_at_once(web: Web, leaver: Leaver, service: str) -> None:
    tokens = (
        web.issuer.person(leaver.person, agency=leaver.agency, roles=ROLES),
        web.issuer.system(leaver.agency),
    )
    before = [await statuses(web, service, token) for token in tokens]

    await leaver.agency_is_closed()
    after = [await statuses(web, service, token) for token in tokens]

    assert not [answers for answers in before if 401 in answers.values()]
    # What a token has no scope for, it is refused whoever bears it, before the register is asked.
    answered = [
        (first[route], status) for first, now in zip(before, after, strict=True) for route, status in now.items()
    ]
    assert [pair for pair in answered if pair[1] != 401 and pair != (403, 403)] == []
    assert 401 in dict(answered).values()
