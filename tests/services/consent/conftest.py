"""Consent, served, with the town's people at its door."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from kernel.consent import Request, decide
from runtime import register
from schemas.codes import Purpose
from schemas.taxonomy import ALL, categories_of
from services.consent.api import routes
from tests.support.town import Town
from tests.support.web import AtTheDoor, Web

EXPLAINED = {"method": "e_signed", "language": "es", "text_version": "2026-1", "explained_by": "ana"}
TAKES_PART = {"participation": "yes", "evidence": EXPLAINED}


def now(**later: float) -> str:
    """Return this instant, or one so much later, as a form asks for it."""
    return (datetime.now(UTC) + timedelta(**later)).isoformat(timespec="seconds").replace("+00:00", "Z")


def a_signature(**terms: Any) -> dict[str, Any]:
    return EXPLAINED | {"signed_at": now(), "signer_role": "survivor"} | terms


def a_permit(*categories: str, **terms: Any) -> dict[str, Any]:
    """A permit to the shelter for thirty days."""
    default = {
        "effect": "permit",
        "recipient": "harbor-house",
        "purpose": "shelter",
        "categories": list(categories or ("needs",)),
        "valid_until": now(days=30),
    }
    return default | terms


def a_denial(*categories: str, **terms: Any) -> dict[str, Any]:
    """A denial to the shelter, for every purpose."""
    return {"effect": "deny", "recipient": "harbor-house", "categories": list(categories or ("needs",))} | terms


@pytest.fixture(scope="session")
async def app(web: Web) -> AsyncIterator[FastAPI]:
    async with web.serving("consent", [routes]) as served:
        yield served


class Desk(AtTheDoor):
    """People of the town, each with a client of their own, and what the decision says meanwhile."""

    async def case(self, agency_id: str = "bay-hotline", *, takes_part: bool = True) -> UUID:
        """Open a case; unless told otherwise its survivor takes part."""
        async with self.town.unit("accord_intake", agency_id) as unit:
            case_ref = await register.open_case(unit.session, unit.keys, agency_id)
            await unit.session.commit()
        if takes_part:
            await self.takes_part(case_ref)
        return case_ref

    async def takes_part(self, case_ref: UUID, by: str = "ana") -> None:
        body = TAKES_PART | {"evidence": EXPLAINED | {"explained_by": by}}
        answer = await self.people[by].put(f"/v1/cases/{case_ref}/participation", json=body)
        assert answer.status_code == 200, answer.text

    async def draft(self, case_ref: UUID, terms: dict[str, Any], by: str = "ana") -> dict[str, Any]:
        answer = await self.people[by].post(f"/v1/cases/{case_ref}/directives", json=terms)
        assert answer.status_code == 201, answer.text
        drafted: dict[str, Any] = answer.json()
        assert answer.headers["etag"] == f'"{drafted["version"]}"'
        return drafted

    async def sign(self, ref: str, by: str = "ana", version: int = 1, **signature: Any) -> httpx.Response:
        path = f"/v1/directives/{ref}/signature"
        return await self.people[by].post(path, json=a_signature(**signature), headers={"If-Match": f'"{version}"'})

    async def permit(self, case_ref: UUID, *categories: str, by: str = "ana", **terms: Any) -> str:
        """Draft and sign a permit, and have it confirmed where that takes a second person; return its reference."""
        drafted = await self.draft(case_ref, a_permit(*categories, **terms), by)
        answer = await self.sign(drafted["directive_ref"], by, explained_by=by)
        assert answer.status_code == 200, answer.text
        if answer.json()["state"] == "awaiting_confirmation":
            confirmed = await self.confirm(drafted["directive_ref"])
            assert confirmed.status_code == 200, confirmed.text
        return str(drafted["directive_ref"])

    async def lift(self, denial: str, by: str = "ana", version: int = 1, **signature: Any) -> httpx.Response:
        path = f"/v1/directives/{denial}/lifting"
        return await self.people[by].post(path, json=a_signature(**signature), headers={"If-Match": f'"{version}"'})

    async def confirm(self, ref: str, by: str = "mia", version: int = 2) -> httpx.Response:
        path = f"/v1/directives/{ref}/confirmation"
        return await self.people[by].post(path, headers={"If-Match": f'"{version}"'})

    async def stop(self, ref: str | UUID, recorded_by: str = "ana", **terms: Any) -> httpx.Response:
        return await self.people[recorded_by].post(f"/v1/directives/{ref}/revocation", json=terms or None)

    async def opens(
        self,
        case_ref: UUID,
        agency_id: str = "harbor-house",
        purpose: Purpose = Purpose.SHELTER,
        of: str = "bay-hotline",
    ) -> set[str]:
        """Return the categories that an agency's system would open of a custodian's records at this moment."""
        async with self.town.session("accord_exchange") as session:
            subject = await register.lock_shared(session, case_ref)
        assert subject is not None
        if agency_id not in subject.cases or of not in subject.cases:
            return set()
        request = Request(subject.cases[agency_id].agency, subject.cases[of].agency, purpose, ALL)
        return {str(category) for category in categories_of(decide(request, subject.table, subject.at).mask)}

    def rows(self, statement: str, **params: Any) -> list[Any]:
        """Read the database as an outside checker would."""
        with self.town.database.superuser() as connection:
            return connection.execute(statement, params).fetchall()

    async def facts_of(self, case_ref: UUID, agency_id: str) -> list[str]:
        """Return the types of the directive facts that wait for an agency, in order."""
        their_case = await self.town.case_ref_of(case_ref, agency_id)
        query = "SELECT type FROM carrying.outbox WHERE key = %(key)s AND recipient = %(to)s ORDER BY id"
        return [row[0].removeprefix("accord.consent.") for row in self.rows(query, key=their_case, to=agency_id)]

    def relayed(self, ref: str) -> None:
        """Let something have been relayed under a directive, as the relay notes it."""
        with self.town.database.superuser() as connection:
            connection.execute("UPDATE register.directive SET relayed = true WHERE directive_ref = %s", [ref])

    def known_as(self, ref: str, agency_id: str) -> UUID:
        """Return the reference by which a recipient was told of a directive."""
        query = "SELECT known_ref FROM consent.known_as WHERE directive_ref = %(ref)s AND agency_id = %(agency)s"
        known_ref: UUID = self.rows(query, ref=ref, agency=agency_id)[0][0]
        return known_ref


@pytest.fixture
async def desk(town: Town, web: Web, app: FastAPI) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as stack:
        desk = Desk(town)
        for name in ("ana", "mia", "priya", "sam", "lee", "kim", "noor", "jude", "cora"):
            desk.people[name] = await stack.enter_async_context(web.as_person(app, name))
        desk.people["hotline-system"] = await stack.enter_async_context(web.as_system(app, "bay-hotline"))
        yield desk
