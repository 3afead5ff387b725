"""Whatever a form tells of a survivor opens again as it was told: no field is taken and forgotten."""

import importlib
import json
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from schemas.categories import DataCategory
from schemas.codes import Purpose
from tests.architecture.test_fields import forms
from tests.leaks.canaries import CanaryPool
from tests.leaks.canary_generator import ABSENT, Sower
from tests.services.referrals.conftest import a_referral
from tests.support.mail import opened_by
from tests.support.town import Town
from tests.support.web import Web

PEOPLE = {
    "intake": ("ana", "bay-hotline", Purpose.ADVOCACY),
    "referrals": ("ana", "bay-hotline", Purpose.ADVOCACY),
    "law_enforcement_bridge": ("lee", "county-sheriff", Purpose.ORDER_ENFORCEMENT),
}
ROOT = Path(__file__).parents[2]


@dataclass
class FormCase:
    """One form, where it goes, and the fact in which it is to be found again."""

    service: str
    form: str
    fact: str
    fixed: Mapping[str, Any] = field(default_factory=dict)


ORDER = {
    "cji_fields": [],
    "expiry": "dated",
    "court_time_zone": "America/Los_Angeles",
    "expires_on": "2640-02-03",
    "respondents.0.respondent_ref": ABSENT,
}
INCIDENT = {"occurred_on": "2026-01-02", "police_report": "not_wanted"}
REVIEW = {"review.held_on": "2026-03-01", "review.attendees": ["ana"]}
SCREEN = {"answers": [{"code": "b1", "answer": "no"}], "override.band": "high", "belief": False}
TO_SHELTER = a_referral(UUID(int=0))
ALL = [
    FormCase("intake", "IncidentRequest", "incident.reported", INCIDENT),
    FormCase("intake", "IncidentVersionRequest", "incident.updated", INCIDENT | {"changed": ["correction"]}),
    FormCase("intake", "PlanRequest", "safety_plan.created", {"closed": False}),
    FormCase("intake", "ReviewRequest", "safety_plan.reviewed", REVIEW),
    FormCase("intake", "NearMissRequest", "near_miss.logged", {"happened_on": "2026-02-01"}),
    FormCase("intake", "ScreenCompletionRequest", "risk.assessed", SCREEN),
    FormCase("law_enforcement_bridge", "OrderRequest", "protective_order.requested", ORDER | {"status": "requested"}),
    FormCase("law_enforcement_bridge", "IssuanceRequest", "protective_order.issued", ORDER | {"status": "temporary"}),
    FormCase(
        "law_enforcement_bridge",
        "ModificationRequest",
        "protective_order.modified",
        ORDER | {"status": ABSENT, "modification": "correction"},
    ),
    FormCase(
        "law_enforcement_bridge",
        "ServiceRequest",
        "protective_order.served",
        {"service_status": "served", "served_at": "2026-03-02T07:52:00Z", "failure_reason": ABSENT, "cji_fields": []},
    ),
    FormCase("law_enforcement_bridge", "HearingRequest", "protective_order.hearing_set", {"cji_fields": []}),
    FormCase("law_enforcement_bridge", "ViolationRequest", "protective_order.violated", {"cji_fields": []}),
    FormCase("law_enforcement_bridge", "EndRequest", "protective_order.vacated", {"cji_fields": []}),
    FormCase("referrals", "ReferralRequest", "referral.created", {**TO_SHELTER, **INCIDENT, "follows_ref": ABSENT}),
    FormCase("referrals", "AcceptanceBlock", "referral.accepted"),
    FormCase("referrals", "DeclineBlock", "referral.declined"),
    FormCase("referrals", "CompletionBlock", "referral.completed"),
    FormCase("referrals", "ContactFailureBlock", "referral.contact_failed"),
    FormCase("referrals", "WithdrawalBlock", "referral.withdrawn"),
]
PLACES = {
    "IncidentRequest": "incidents",
    "IncidentVersionRequest": "incidents",
    "PlanRequest": "plans",
    "ReviewRequest": "plans/reviews",
    "NearMissRequest": "near-misses",
    "ScreenCompletionRequest": "risk-screens",
}
STEPS = {
    "IssuanceRequest": "issuance",
    "ModificationRequest": "modification",
    "ServiceRequest": "service",
    "HearingRequest": "hearing",
    "ViolationRequest": "violation",
    "EndRequest": "end",
    "AcceptanceBlock": "acceptance",
    "DeclineBlock": "decline",
    "CompletionBlock": "completion",
    "ContactFailureBlock": "contact-failure",
    "WithdrawalBlock": "withdrawal",
}
AFTER_ACCEPTANCE = {"CompletionBlock", "ContactFailureBlock"}


@dataclass
class Desk:
    """The three services to which something is told, and who tells it."""

    town: Town
    web: Web
    apps: dict[str, Any] = field(default_factory=dict)

    async def post(self, service: str, who: str, path: str, body: Any, version: int | None = None) -> Any:
        headers = {} if version is None else {"If-Match": f'"{version}"'}
        async with self.web.as_person(self.apps[service], who) as client:
            answer = await client.post(path, json=body, headers=headers)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    async def tell(self, form_case: FormCase, body: dict[str, Any]) -> UUID:
        """Bring a case to where the form can be sent, send it, and return the case."""
        return await {"intake": self._incident, "law_enforcement_bridge": self._order, "referrals": self._referral}[
            form_case.service
        ](form_case, body)

    async def _incident(self, form_case: FormCase, body: dict[str, Any]) -> UUID:
        case_ref = await self.town.open_case("bay-hotline")
        path, version = f"/v1/cases/{case_ref}/{PLACES[form_case.form]}", None
        if form_case.form == "IncidentVersionRequest":
            path += f"/{(await self.post('intake', 'ana', path, {}))['incident_ref']}/versions"
        elif form_case.form == "ReviewRequest":
            await self.post("intake", "ana", path.removesuffix("/reviews"), {})
            version = 1
        elif form_case.form == "ScreenCompletionRequest":
            started = await self.post("intake", "ana", path, {"instrument_id": "accord-first"})
            path, version = f"{path}/{started['screen_ref']}/completion", 1
        await self.post("intake", "ana", path, body, version)
        return case_ref

    async def _order(self, form_case: FormCase, body: dict[str, Any]) -> UUID:
        case_ref = await self.town.open_case("county-sheriff")
        recorded = {
            "case_ref": str(case_ref),
            "status": "requested" if form_case.form == "IssuanceRequest" else "final",
        }
        if form_case.form == "OrderRequest":
            await self.post(form_case.service, "lee", "/v1/orders", body | {"case_ref": str(case_ref)})
            return case_ref
        order = await self.post(form_case.service, "lee", "/v1/orders", recorded)
        if form_case.form == "ServiceRequest":
            path = f"/v1/orders/{order['order_ref']}/service"
            order = await self.post(form_case.service, "lee", path, {"service_status": "in_hand"}, order["version"])
        for line in order["service"]:
            for respondent in body.get("respondents", [body] if form_case.form == "ServiceRequest" else []):
                respondent["respondent_ref"] = line["respondent_ref"]
        path = f"/v1/orders/{order['order_ref']}/{STEPS[form_case.form]}"
        await self.post(form_case.service, "lee", path, body, order["version"])
        return case_ref

    async def _referral(self, form_case: FormCase, body: dict[str, Any]) -> UUID:
        case_ref = await self.town.open_case("bay-hotline")
        await self.town.direct(case_ref, "harbor-house", Purpose.SHELTER, [DataCategory.REFERRAL_STATUS])
        referral = a_referral(case_ref) | (body if form_case.form == "ReferralRequest" else {})
        sent = await self.post("referrals", "ana", "/v1/referrals", referral | {"case_ref": str(case_ref)})
        if form_case.form == "ReferralRequest":
            return case_ref
        if form_case.form == "WithdrawalBlock":
            await self.post("referrals", "ana", f"/v1/referrals/{sent['referral_ref']}/withdrawal", body)
            return case_ref
        with self.town.database.superuser() as connection:
            query = "SELECT receiver_ref FROM referrals.referral WHERE referral_ref = %s"
            row = connection.execute(query, [sent["referral_ref"]]).fetchone()
        assert row is not None
        path, version = f"/v1/referrals/{row[0]}", 1
        if form_case.form in AFTER_ACCEPTANCE:
            await self.post("referrals", "sam", f"{path}/acceptance", {"advocate_name": "Sam"}, version)
            version = 2
        await self.post("referrals", "sam", f"{path}/{STEPS[form_case.form]}", body, version)
        return case_ref


@pytest.fixture(scope="module")
async def desk(town: Town, web: Web) -> AsyncIterator[Desk]:
    new_desk = Desk(town, web)
    async with AsyncExitStack() as stack:
        for service in PEOPLE:
            routes = importlib.import_module(f"services.{service}.api").routes
            routers = routes if isinstance(routes, tuple) else (routes,)
            new_desk.apps[service] = await stack.enter_async_context(web.serving(service, routers))
        yield new_desk


def filled(form_case: FormCase) -> dict[str, Any]:
    """Return a body in which every field of the form that can be said is said."""
    document = json.loads((ROOT / "services" / form_case.service / "openapi.json").read_text())
    nursery = CanaryPool(random.Random(7))  # noqa: S311 - no secret
    body: dict[str, Any] = Sower(document, nursery, "told", form_case.form, form_case.fixed).sow(
        document["components"]["schemas"][form_case.form]
    )
    return body


def lacking(sent: Any, opened: Any) -> bool:
    """Tell whether something that was sent is not there as it was sent; what the service adds is no matter."""
    if isinstance(sent, dict):
        return not isinstance(opened, dict) or any(lacking(value, opened.get(name)) for name, value in sent.items())
    if isinstance(sent, list):
        return not isinstance(opened, list) or len(sent) != len(opened) or any(map(lacking, sent, opened))
    return bool(sent != opened)


def test_every_form_that_tells_something_is_tried_here() -> None:
    telling = {name for name, form in forms().items() if getattr(form, "field_categories", None)}

    assert telling == {form_case.form for form_case in ALL}


@pytest.mark.parametrize("form_case", ALL, ids=lambda form_case: form_case.form)
async def test_what_is_told_opens_again(desk: Desk, form_case: FormCase) -> None:
    body = filled(form_case)
    fields = set(getattr(forms()[form_case.form], "field_categories", {}))
    left_out = {name for name, value in form_case.fixed.items() if value is ABSENT}

    case_ref = await desk.tell(form_case, body)

    person, agency, purpose = PEOPLE[form_case.service]
    opening = (await opened_by(desk.town, case_ref, agency, person, purpose))[form_case.fact]
    opened = json.loads(
        json.dumps({k: v for part in opening.categories.values() for k, v in part.items()}, default=str)
    )
    assert fields - body.keys() <= left_out
    assert sorted(name for name in fields & body.keys() if lacking(body[name], opened.get(name))) == []
