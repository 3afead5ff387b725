"""Every page about a colleague's case waits for the reason why it is opened, at one gate."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi.routing import APIRoute

from schemas.categories import DataCategory
from schemas.codes import AgencyKind, Purpose
from services.dashboard.main import ROUTES
from services.dashboard.session_auth import SessionRoute
from tests.services.dashboard.browser import OWN_FORM, Browser
from tests.services.dashboard.conftest import PLACES, Square
from tests.services.dashboard.desk_forms import PageForms

CASES, RELEASES = "/app/cases", "/app/releases"
# What a page is bound to a case by, and what it is not.
OF_A_CASE = {"case_ref", "referral_ref", "message_ref", "order_ref", "directive_ref", "incident_ref", "screen_ref"}
OF_A_CASE |= {"request_ref"}
OF_NO_CASE = {
    "name",
    "group",
    "person_ref",
    "session_ref",
    "parked_ref",
    "state",
    "version",
    "rest",
    "client_id",
    "task_ref",
}
WITHIN = {"answer": "acceptance", "step": "hearing"}
# The step itself, and a stop, which waits for nothing.
FREE = {f"{CASES}/{{case_ref}}/opening", f"{RELEASES}/{{case_ref}}/stop", f"{RELEASES}/{{case_ref}}/stopped"}
# Any message of the case will do; only what came from elsewhere is handled.
FROM_ELSEWHERE = """
UPDATE exchange.message SET sender = 'bay-hotline' WHERE message_ref = (
    SELECT message_ref FROM exchange.message WHERE recipient = %s ORDER BY occurred_at DESC LIMIT 1)
RETURNING message_ref
"""
HELD = "UPDATE intake.colleague_opening SET open_until = now() WHERE case_ref = %s"


def case_routes() -> Iterator[tuple[str, str]]:
    """Return method and path of each page that is bound to a case."""
    for route in (route for router in ROUTES for route in router.routes):
        assert isinstance(route, APIRoute)
        names = set(route.param_convertors)
        assert names <= OF_A_CASE | OF_NO_CASE | set(WITHIN), f"{route.path}: is it of a case?"
        if isinstance(route, SessionRoute) and names & OF_A_CASE and route.path not in FREE:
            yield from ((method, route.path) for method in sorted(route.methods or ()) if method != "HEAD")


@dataclass
class Colleagues:
    """A police agency whose liaison works on a case, and the other one, who does not."""

    square: Square
    refs: dict[str, str]
    worker: Browser
    other: Browser
    forms: dict[str, dict[str, str]] = field(default_factory=dict)

    def address(self, path: str) -> str:
        return path.format(**self.refs)

    @property
    def step(self) -> str:
        return self.address(f"{CASES}/{{case_ref}}/opening")

    async def send(self, method: str, path: str) -> httpx.Response:
        """Ask for a page as the one who does not work on the case, or send it the form that stands on another."""
        if method == "GET":
            return await self.other.get(self.address(path))
        form = self.forms.get(self.address(path), {"token": "x"}) | {"purpose": "advocacy", "handled": "yes"}
        return await self.other.client.post(self.address(path), data=form, headers=OWN_FORM)

    async def read_forms(self, *paths: str) -> None:
        """Open the case for a reason, read the forms of pages, and let the reason run out."""
        assert (await self.other.submit(self.step, reason_code="covering")).status_code == 303
        for path in paths:
            self.forms |= PageForms((await self.other.get(self.address(path))).text).forms
        self.square.sql(HELD, UUID(self.refs["case_ref"]))


@pytest.fixture
async def colleagues(square: Square) -> Colleagues:
    """Have a liaison open a case, record an order in it, take a release and send a referral."""
    agency, shelter = await square.agency(AgencyKind.POLICE), await square.agency()
    person, other = [await square.person(agency, "liaison") for _ in range(2)]
    token = square.web.issuer.person(person, agency=agency, roles=["liaison"])
    case_ref = str(await square.town.open_case(agency))
    worker, colleague = await square.sign_in(person), await square.sign_in(other)
    assert (await worker.submit(f"{CASES}/{case_ref}/assignment", person_refs=person)).status_code == 303
    status = [DataCategory.REFERRAL_STATUS]
    directive_ref = await square.town.direct(UUID(case_ref), shelter, Purpose.SHELTER, status)
    form = {"case_ref": case_ref, "to_agency_ref": shelter, "mode": "live", "service_code": "shelter"}
    form |= {"priority": "urgent", "purpose": "shelter"}
    referral = await square.ask(token, PLACES["referrals_url"], "/v1/referrals", form)
    order = {"case_ref": case_ref, "status": "requested", "order_type": "ex_parte"}
    recorded = await square.ask(token, PLACES["law_enforcement_bridge_url"], "/v1/orders", order)
    await square.deliver(agency)
    ((message_ref,),) = square.sql(FROM_ELSEWHERE, agency)
    refs = {
        "case_ref": case_ref,
        "directive_ref": str(directive_ref),
        "referral_ref": referral["referral_ref"],
        "order_ref": recorded["order_ref"],
        "message_ref": str(message_ref),
        "incident_ref": str(uuid4()),
        "screen_ref": str(uuid4()),
        "request_ref": str(uuid4()),
    } | WITHIN
    return Colleagues(square, refs, worker, colleague)


LEAD_ON = (
    ("GET", "/app/cases/{case_ref}/incidents/{incident_ref}/correction"),
    ("GET", "/app/cases/{case_ref}/plan/opening"),
    ("GET", "/app/cases/{case_ref}/near-misses/opening"),
    ("GET", "/app/messages/{message_ref}/opening"),
    ("GET", "/app/referrals/{referral_ref}/opening"),
    ("GET", "/app/referrals/{referral_ref}/{answer}"),
)


async def test_every_page_of_a_colleagues_case_asks_why(colleagues: Colleagues) -> None:
    await colleagues.read_forms(
        "/app/referrals/{referral_ref}",
        "/app/messages/{message_ref}",
        "/app/orders/{order_ref}",
        "/app/orders/{order_ref}/step/{step}",
    )
    withdrawal = colleagues.address("/app/referrals/{referral_ref}/withdrawal")
    colleagues.refs["answer"] = withdrawal.rsplit("/", 1)[1]

    answers = {route: await colleagues.send(*route) for route in case_routes()}

    led = {route: (answer.status_code, answer.headers.get("location", "")) for route, answer in answers.items()}
    assert len(led) > 30
    for route in LEAD_ON:  # to the page that the form stands on, which asks
        status, place = led.pop(route)
        assert (status, colleagues.step in (await colleagues.other.get(place)).headers["location"]) == (303, True)
    assert {route: place for route, place in led.items() if place[0] != 303 or colleagues.step not in place[1]} == {}
    state = "SELECT state FROM referrals.referral WHERE referral_ref = %s"
    assert colleagues.square.sql(state, UUID(colleagues.refs["referral_ref"])) == [("sent",)], "nothing was done"


async def test_the_reason_leads_back_and_holds_everywhere(colleagues: Colleagues) -> None:
    page = colleagues.address("/app/referrals/{referral_ref}")
    led = (await colleagues.other.get(page)).headers["location"]

    answer = await colleagues.other.submit(led, reason_code="covering")
    away = await colleagues.other.submit(f"{colleagues.step}?to=//elsewhere.test", reason_code="covering")

    assert answer.headers["location"] == page
    assert away.headers["location"] == colleagues.address(f"{CASES}/{{case_ref}}")
    for path in ("/app/referrals/{referral_ref}", "/app/orders/{order_ref}", f"{RELEASES}/{{case_ref}}"):
        assert (await colleagues.other.get(colleagues.address(path))).status_code == 200


async def test_lists_stops_and_own_cases_wait_for_no_reason(colleagues: Colleagues) -> None:
    stop = colleagues.address(f"{RELEASES}/{{case_ref}}/stop")
    lists = ["/app/referrals?view=sent", CASES, RELEASES, "/app/orders", "/app/messages", "/app/board"]

    answers = [await colleagues.other.get(path) for path in (stop, *lists)]
    own = [await colleagues.worker.get(colleagues.address(path)) for path in (f"{CASES}/{{case_ref}}", stop)]

    assert [answer.status_code for answer in answers + own] == [200] * 9
    assert stop in (await colleagues.other.get(colleagues.step)).text


async def test_where_intake_is_away_the_gate_stands_open(colleagues: Colleagues) -> None:
    colleagues.square.streets.away.add("intake.test")

    assert (await colleagues.other.get(colleagues.address("/app/referrals/{referral_ref}"))).status_code == 200
