"""Who may open anything: act x role x side, over HTTP, with what each act opened or closed."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from runtime.auth.scopes import SCOPES, Role
from runtime.http.permissions import scopes_required
from runtime.register.enrolment import NewPerson, enrol_person
from schemas.codes import Purpose
from services.consent.api import routes
from services.consent.domain.authority import RULES, Step
from tests.services.consent.conftest import EXPLAINED, Desk, a_denial, a_permit, a_signature, now
from tests.support.town import Town
from tests.support.web import Web

# Who is what to the one subject of the matrix: its home agency is not the custodian of the record in question.
SIDES = {
    "custodian": "bay-hotline",
    "recipient": "harbor-house",
    "home": "lantern-counselling",
    "former_recipient": "riverside-legal",
    "nobody": "county-cell",
}
SIGNERS = {Role.ADVOCATE, Role.CASE_WORKER, Role.COUNSELLOR, Role.ATTORNEY, Role.LIAISON}
STOPPERS = SIGNERS | {Role.PRIVACY_OFFICER, Role.SYSTEM}
KNOWS = {"custodian", "recipient", "home", "former_recipient"}


@dataclass(frozen=True)
class Expected:
    """By whom an act is done, and which way it may move what is open."""

    sides: set[str]
    roles: set[Role]
    opens: bool = False


EXPECTED = {
    Step.DRAFT: Expected({"custodian", "recipient"}, SIGNERS),
    Step.NARROW: Expected({"custodian", "recipient"}, SIGNERS),
    Step.DENY: Expected({"custodian", "home"}, SIGNERS),
    Step.EXCLUDE: Expected(KNOWS, SIGNERS | {Role.PRIVACY_OFFICER}),
    Step.SIGN: Expected({"custodian"}, SIGNERS, opens=True),
    Step.REFUSE: Expected({"custodian"}, SIGNERS),
    Step.LIFT: Expected({"custodian"}, SIGNERS, opens=True),
    Step.CONFIRM: Expected({"custodian"}, SIGNERS, opens=True),
    Step.STOP: Expected({"custodian", "recipient"}, STOPPERS),
    Step.STOP_EVERYTHING: Expected(KNOWS, STOPPERS),
    Step.TAKE_PART: Expected({"home"}, SIGNERS),
    Step.TAKE_NO_PART: Expected(KNOWS, SIGNERS),
    Step.RECORD_DEATH: Expected({"home"}, SIGNERS),
    Step.TAKE_BACK_DEATH: Expected({"home"}, SIGNERS, opens=True),
    Step.CONFIRM_TAKING_BACK: Expected({"home"}, SIGNERS, opens=True),
}


YES = {"participation": "yes", "evidence": EXPLAINED | {"explained_by": "noor"}}
# The others wait for a second person or a signature, or say again what is so.
MOVES = {
    Step.NARROW,
    Step.DENY,
    Step.SIGN,
    Step.CONFIRM,
    Step.STOP,
    Step.STOP_EVERYTHING,
    Step.TAKE_NO_PART,
    Step.RECORD_DEATH,
    Step.CONFIRM_TAKING_BACK,
}
DEAD = {Step.TAKE_BACK_DEATH, Step.CONFIRM_TAKING_BACK}
# What each step is at the door, and what is there to be found by whoever is no side of it.
ROUTES = {
    Step.DRAFT: "draft_directive",
    Step.NARROW: "draft_directive",
    Step.DENY: "draft_directive",
    Step.EXCLUDE: "exclude_person",
    Step.SIGN: "sign_directive",
    Step.REFUSE: "refuse_directive",
    Step.LIFT: "lift_denial",
    Step.CONFIRM: "confirm_directive",
    Step.STOP: "stop_directive",
    Step.STOP_EVERYTHING: "stop_everything",
    Step.TAKE_PART: "choose_participation",
    Step.TAKE_NO_PART: "choose_participation",
    Step.RECORD_DEATH: "record_death",
    Step.TAKE_BACK_DEATH: "correct_death",
    Step.CONFIRM_TAKING_BACK: "confirm_correction",
}


@dataclass
class Scenario:
    """One subject, with a directive of every kind that an act may be tried on, by the custodian's references."""

    case_ref: UUID  # the home agency's
    cases: dict[str, UUID]
    refs: dict[str, str]

    async def ask(self, step: Step, side: str, client: httpx.AsyncClient) -> httpx.Response:
        """Try an act, with everything right about it but perhaps who does it."""
        method, path, body, version = self._request(step, side)
        headers = {} if version is None else {"If-Match": f'"{version}"'}
        return await client.request(method, path, json=body, headers=headers)

    def _request(self, step: Step, side: str) -> tuple[str, str, Any, int | None]:
        case = f"/v1/cases/{self.cases[side]}"
        permit = self.refs["permit" if side != "recipient" else "known"]
        signed = a_signature(explained_by="ana")
        draft = a_permit("children", custodian="bay-hotline", purpose="advocacy")
        narrow = a_permit("needs", custodian="bay-hotline", supersedes_ref=permit, valid_until=None)
        of = {name: f"/v1/directives/{ref}" for name, ref in self.refs.items()}
        return {
            Step.DRAFT: ("POST", f"{case}/directives", draft, None),
            Step.NARROW: ("POST", f"{case}/directives", narrow, None),
            Step.DENY: ("POST", f"{case}/directives", a_denial("needs", custodian="bay-hotline"), None),
            Step.EXCLUDE: ("POST", f"{case}/exclusions", {"person_ref": "kim", "agency_ref": "county-sheriff"}, None),
            Step.SIGN: ("POST", f"{of['draft']}/signature", signed, 1),
            Step.REFUSE: ("POST", f"{of['draft']}/refusal", None, 1),
            Step.LIFT: ("POST", f"{of['denial']}/lifting", signed, 1),
            Step.CONFIRM: ("POST", f"{of['waiting']}/confirmation", None, 2),
            Step.STOP: ("POST", f"/v1/directives/{permit}/revocation", None, None),
            Step.STOP_EVERYTHING: ("POST", f"{case}/revocation", None, None),
            Step.TAKE_PART: ("PUT", f"{case}/participation", YES, None),
            Step.TAKE_NO_PART: ("PUT", f"{case}/participation", {"participation": "no"}, None),
            Step.RECORD_DEATH: ("PUT", f"{case}/death", {"died_on": "2026-11-01"}, None),
            Step.TAKE_BACK_DEATH: ("POST", f"{case}/death/correction", None, None),
            Step.CONFIRM_TAKING_BACK: ("POST", f"{case}/death/confirmation", None, None),
        }[step]

    async def open_now(self, desk: Desk) -> frozenset[tuple[str, str, str]]:
        """Return all that is open of the custodian's record: to whom, why, and which category."""
        opened = set()
        for agency, purposes in (
            ("harbor-house", (Purpose.SHELTER, Purpose.ADVOCACY)),
            ("riverside-legal", (Purpose.LEGAL_REPRESENTATION,)),
            ("county-sheriff", (Purpose.ORDER_ENFORCEMENT,)),
        ):
            for purpose in purposes:
                categories = await desk.opens(self.case_ref, agency, purpose)
                opened |= {(agency, purpose, category) for category in categories}
        return frozenset(opened)


class Cast:
    """Somebody of each role at each of the agencies, each with a client."""

    def __init__(self, clients: dict[tuple[str, Role], httpx.AsyncClient]) -> None:
        self.clients = clients
        self.scenarios: dict[bool, Scenario] = {}

    def may(self, step: Step, side: str, role: Role) -> bool:
        """Tell whether the table of this test lets them."""
        return side in EXPECTED[step].sides and role in EXPECTED[step].roles


@pytest.fixture(scope="module")
async def cast(town: Town, web: Web, app: FastAPI) -> AsyncIterator[Cast]:
    clients = {}
    async with AsyncExitStack() as stack, town.session("accord_admin") as session:
        for side, agency in SIDES.items():
            for role in Role:
                if role is Role.SYSTEM:
                    opened = web.as_system(app, agency)
                else:
                    person = f"{side.replace('_', '-')}-{role.replace('_', '-')}"
                    await enrol_person(session, NewPerson(person, agency, person.title(), (role,)))
                    opened = web.asking(app, web.issuer.person(person, agency=agency, roles=[role]))
                clients[side, role] = await stack.enter_async_context(opened)
        await session.commit()
        yield Cast(clients)


async def a_scenario(desk: Desk, *, died: bool) -> Scenario:
    """Open a case at the counsellor's, of which the hotline keeps a record of its own that others may see."""
    others = [agency for side, agency in SIDES.items() if side not in ("home", "nobody")]
    home = await desk.town.open_case(SIDES["home"], *others)
    cases = {side: await desk.town.case_ref_of(home, agency) for side, agency in SIDES.items() if side != "nobody"}
    cases["nobody"] = home
    case_ref = cases["custodian"]
    paper: dict[str, Any] = {"document_ref": "paper-1", "signed_at": now()}
    refs = {"permit": (await desk.draft(case_ref, a_permit("needs", "children")))["directive_ref"]}
    refs["conference"] = (await desk.draft(case_ref, a_permit("needs", purpose="case_conference")))["directive_ref"]
    for ref in (refs["permit"], refs["conference"]):
        assert (await desk.sign(ref, **paper)).json()["state"] == "active"
    refs["known"] = str(desk.known_as(refs["permit"], "harbor-house"))
    legal = a_permit("needs", recipient="riverside-legal", purpose="legal_representation")
    former = (await desk.draft(case_ref, legal))["directive_ref"]
    await desk.sign(former)
    await desk.stop(former)
    refs["denial"] = (await desk.draft(case_ref, a_denial("medical")))["directive_ref"]
    refs["draft"] = (
        await desk.draft(case_ref, a_permit("needs", recipient="county-sheriff", purpose="order_enforcement"))
    )["directive_ref"]
    refs["waiting"] = (await desk.draft(case_ref, legal))["directive_ref"]
    assert (await desk.sign(refs["waiting"])).json()["state"] == "awaiting_confirmation"
    if died:
        answer = await desk.noor.put(f"/v1/cases/{home}/death", json={"died_on": "2026-11-01"})
        assert answer.status_code == 204
        await desk.noor.post(f"/v1/cases/{home}/death/correction")
    return Scenario(case_ref, cases, refs)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("step", Step)
async def test_c1_h1_h13_who_may_do_what(desk: Desk, cast: Cast, step: Step, side: str) -> None:
    # Refused, an act changes nothing: the next one finds all as it was.
    scenario = cast.scenarios.get(step in DEAD) or await a_scenario(desk, died=step in DEAD)
    cast.scenarios[step in DEAD] = scenario
    before = await scenario.open_now(desk)

    refused = {
        role: await scenario.ask(step, side, cast.clients[side, role])
        for role in Role
        if not cast.may(step, side, role)
    }

    allowed_scope = {role: RULES[step].scope in SCOPES[role] for role in refused}
    assert all((answer.status_code == 403) is not allowed_scope[role] for role, answer in refused.items())
    assert all(answer.status_code in (403, 404, 409, 422) for answer in refused.values())
    assert await scenario.open_now(desk) == before


@pytest.mark.parametrize(
    ("step", "side"), [(step, side) for step in Step for side in SIDES if side in EXPECTED[step].sides]
)
async def test_c1_h1_h13_an_act_moves_one_way(desk: Desk, cast: Cast, step: Step, side: str) -> None:
    roles = sorted(EXPECTED[step].roles)
    role = roles[list(Step).index(step) % len(roles)]
    scenario = await a_scenario(desk, died=step in DEAD)
    before = await scenario.open_now(desk)

    answer = await scenario.ask(step, side, cast.clients[side, role])

    after = await scenario.open_now(desk)
    assert answer.status_code < 300, answer.text
    assert after >= before if EXPECTED[step].opens else after <= before
    assert (after != before) is (step in MOVES and side != "former_recipient")  # of which nothing is left to stop


@pytest.mark.parametrize("step", Step)
def test_the_table_is_what_the_routes_ask_for(step: Step) -> None:
    scopes = {
        str(gate.scope)
        for route in routes.routes
        if isinstance(route, APIRoute) and route.name == ROUTES[step]
        for gate in scopes_required(route.dependant)
    }

    assert scopes == {RULES[step].scope}
    assert RULES[step].opens is EXPECTED[step].opens


def test_what_opens_takes_a_signer_of_one_side() -> None:
    opening = [rule for rule in RULES.values() if rule.opens]

    assert {rule.scope for rule in opening} == {"directives:sign"}
    assert all(len(rule.sides) == 1 for rule in opening)
    assert "directives:sign" not in SCOPES[Role.SYSTEM]
