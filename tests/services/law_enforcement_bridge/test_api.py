"""Orders over the wire: who records, reads and serves, against the real database."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from kernel.consent import Request, decide
from runtime import register
from schemas.categories import DataCategory
from schemas.codes import EndsWhen, Purpose
from schemas.taxonomy import ALL, categories_of
from services.law_enforcement_bridge.api import routes
from services.law_enforcement_bridge.jobs import run_jobs, scheduled_jobs
from tests.services.law_enforcement_bridge.conftest import Desk
from tests.support.mail import mailbox, opened_by
from tests.support.web import Web

WATCH = [DataCategory.ORDER_TERMS, DataCategory.ORDER_SERVICE]
SERVED = {"service_status": "served", "served_at": "2026-03-02T07:52:00Z"}
IN_HAND = {"service_status": "in_hand"}
HEARING = {"hearing_at": "2026-04-01T09:00:00Z"}


async def types(desk: Desk, case_ref: str, agency_id: str = "county-sheriff") -> list[str]:
    messages = await mailbox(desk.town, UUID(case_ref), agency_id)
    return [message.type.removeprefix("accord.protective_order.").removesuffix(".v1") for message in messages]


async def test_an_order_without_a_case_is_given_one_of_its_own(desk: Desk) -> None:
    answer = await desk.lee.post("/v1/orders", json={"status": "temporary", "court_name": "County Court"})

    order = answer.json()
    assert (answer.status_code, answer.headers["ETag"]) == (201, '"1"')
    assert answer.headers["Location"] == f"/v1/orders/{order['order_ref']}"
    opening = (await opened_by(desk.town, UUID(order["case_ref"]), "county-sheriff", "lee", Purpose.ORDER_ENFORCEMENT))[
        "protective_order.issued"
    ]
    assert opening.categories[DataCategory.ORDER_TERMS]["court_name"] == "County Court"
    assert opening.categories[DataCategory.ORDER_SERVICE] == {"service_status": "pending"}


async def test_several_orders_stand_in_one_case(desk: Desk) -> None:
    first = await desk.record(status="requested")
    second = await desk.record(case_ref=first["case_ref"])

    assert second["case_ref"] == first["case_ref"]
    assert await types(desk, first["case_ref"]) == ["requested", "issued"]


async def test_police_record_an_order_in_their_own_case(desk: Desk) -> None:
    police_ref = await desk.town.case_ref_of(
        await desk.town.open_case("bay-hotline", "county-sheriff"), "county-sheriff"
    )

    order = await desk.record(case_ref=str(police_ref))

    assert await types(desk, order["case_ref"]) == ["issued"]
    assert await types(desk, order["case_ref"], "bay-hotline") == []


async def test_nobody_records_in_another_agencys_case(desk: Desk) -> None:
    case_ref = await desk.town.open_case("bay-hotline", "county-sheriff")

    answers = [
        await desk.lee.post("/v1/orders", json={"status": "final", "case_ref": str(ref)}) for ref in (case_ref, uuid4())
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1


async def test_service_of_a_temporary_order_reaches_the_advocate(desk: Desk) -> None:
    case_ref = str(await desk.town.open_case("county-sheriff"))
    await desk.town.direct(UUID(case_ref), "bay-hotline", Purpose.ADVOCACY, WATCH)
    order = await desk.record(case_ref=case_ref, respondents=[{"name": "R"}], stay_away_places=[{"city": "Elm"}])

    in_hand = await desk.do(order, "service", IN_HAND)
    served = await desk.do(in_hand.json(), "service", SERVED)

    assert served.json()["service"][0]["service_status"] == "served"
    assert await types(desk, case_ref, "bay-hotline") == ["issued", "served"]
    opened = await opened_by(desk.town, UUID(case_ref), "bay-hotline", "ana", Purpose.ADVOCACY)
    assert set(opened["protective_order.issued"].categories) == {"order_terms", "order_service"}
    issued, served_on = (opened[f"protective_order.{step}"].categories for step in ("issued", "served"))
    assert served_on[DataCategory.ORDER_SERVICE]["served_at"] == "2026-03-02T07:52:00Z"
    hotline_order_ref = served_on[DataCategory.ORDER_TERMS]["order_ref"]
    assert hotline_order_ref == issued[DataCategory.ORDER_TERMS]["order_ref"] != order["order_ref"]


@pytest.mark.parametrize("name", ["order_terms.order_number", "order_number"])
async def test_criminal_justice_values_go_to_no_nonprofit(desk: Desk, name: str) -> None:
    case_ref = await desk.town.open_case("county-sheriff")
    await desk.town.direct(case_ref, "bay-hotline", Purpose.ADVOCACY, WATCH)

    await desk.record(case_ref=str(case_ref), order_number="PNO-1", court_name="County Court", cji_fields=[name])

    opening = (await opened_by(desk.town, case_ref, "bay-hotline", "ana", Purpose.ADVOCACY))["protective_order.issued"]
    assert opening.categories[DataCategory.ORDER_TERMS]["court_name"] == "County Court"
    assert "order_number" not in opening.categories[DataCategory.ORDER_TERMS]


async def test_a_service_that_failed_is_tried_again(desk: Desk) -> None:
    order = await desk.record()
    order = (await desk.do(order, "service", IN_HAND)).json()
    failed = await desk.do(order, "service", {"service_status": "failed", "failure_reason": "avoided"})
    again = await desk.do(failed.json(), "service", IN_HAND)

    assert (failed.json()["service"][0]["service_status"], again.status_code) == ("failed", 200)
    assert await types(desk, order["case_ref"]) == ["issued", "service_failed"]


async def test_what_is_not_in_hand_is_not_served(desk: Desk) -> None:
    answer = await desk.do(await desk.record(), "service", SERVED)

    assert (answer.status_code, answer.json()["code"]) == (409, "not_possible")


async def test_a_request_is_granted_changed_broken_and_ended(desk: Desk) -> None:
    order = await desk.record(status="requested")
    statuses = []
    for step, body in (
        ("hearing", {"hearing_at": "2026-04-01T09:00:00Z"}),
        ("issuance", {"status": "temporary"}),
        ("issuance", {"status": "final", "expiry": "none"}),
        ("modification", {"modification": "terms", "brady": "yes"}),
        ("violation", {"violated_on": "2026-05-01"}),
        ("end", {"end_reason": "terminated"}),
    ):
        answer = await desk.do(order, step, body)
        order = answer.json()
        statuses.append(order["status"])

    assert statuses == ["requested", "temporary", "final", "final", "final", "vacated"]
    facts = ["requested", "hearing_set", "issued", "issued", "modified", "violated", "vacated"]
    assert await types(desk, order["case_ref"]) == facts


@pytest.mark.parametrize(("match", "status"), [(None, 428), ("*", 422), ('"9"', 412), ('W/"1"', 412), ("1", 422)])
@pytest.mark.parametrize(
    ("step", "body"),
    [("service", IN_HAND), ("modification", {"modification": "terms"}), ("issuance", {"status": "final"})],
)
async def test_a_change_names_the_version_it_changes(
    desk: Desk, step: str, body: dict[str, str], match: str | None, status: int
) -> None:
    order = await desk.record()

    headers = {} if match is None else {"If-Match": match}
    answer = await desk.lee.post(f"/v1/orders/{order['order_ref']}/{step}", json=body, headers=headers)

    assert answer.status_code == status
    now = (await desk.lee.get(f"/v1/orders/{order['order_ref']}")).json()
    assert (now["version"], await types(desk, order["case_ref"])) == (1, ["issued"])


@pytest.mark.parametrize(("step", "body"), [("violation", {}), ("end", {"end_reason": "dismissed"})])
async def test_a_violation_and_an_end_are_refused_for_no_formality(desk: Desk, step: str, body: dict[str, str]) -> None:
    order = await desk.record()

    answer = await desk.lee.post(f"/v1/orders/{order['order_ref']}/{step}", json=body)

    assert answer.status_code == 200


async def test_legal_aid_records_and_police_alone_serve(desk: Desk) -> None:
    answer = await desk.jude.post("/v1/orders", json={"status": "temporary"})
    path = f"/v1/orders/{answer.json()['order_ref']}"

    served = await desk.jude.post(f"{path}/service", json=IN_HAND, headers={"If-Match": '"1"'})
    broken = await desk.jude.post(f"{path}/violation", json={})

    assert (answer.status_code, served.status_code, broken.status_code) == (201, 403, 403)


async def test_a_shelters_system_records_no_order(web: Web, app: FastAPI) -> None:
    async with web.as_system(app, "harbor-house") as system:
        answer = await system.post("/v1/orders", json={"status": "temporary"})

    assert answer.status_code == 403


async def test_only_who_recorded_an_order_finds_it_here(desk: Desk) -> None:
    order = await desk.record()
    await desk.town.direct(UUID(order["case_ref"]), "bay-hotline", Purpose.ADVOCACY, WATCH)
    path, nowhere = f"/v1/orders/{order['order_ref']}", f"/v1/orders/{uuid4()}"

    answers = [await client.get(address) for client in (desk.ana, desk.jude) for address in (path, nowhere)]

    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert (await desk.kim.get(path)).status_code == 200


async def test_without_a_token_known_and_absent_orders_answer_alike(desk: Desk, web: Web, app: FastAPI) -> None:
    order = await desk.record()

    async with web.asking(app) as anonymous:
        answers = [
            await anonymous.request(method, f"/v1/orders/{ref}{step}")
            for ref in (order["order_ref"], uuid4())
            for method, step in (("GET", ""), ("POST", "/service"), ("POST", "/end"))
        ]

    assert {answer.status_code for answer in answers} == {401}
    assert len({tuple(sorted(without_instance(answer).items())) for answer in answers}) == 1


def without_instance(answer: httpx.Response) -> dict[str, str]:
    return {name: str(value) for name, value in answer.json().items() if name != "instance"}


async def test_from_an_excluded_officer_the_record_is_absent(desk: Desk) -> None:
    order = await desk.record()
    await desk.town.direct(UUID(order["case_ref"]), None, None, effect="deny", excluded="kim")
    path = f"/v1/orders/{order['order_ref']}"

    answers = [
        await desk.kim.get(path),
        await desk.kim.post(f"{path}/service", json=IN_HAND, headers={"If-Match": '"1"'}),
        await desk.kim.post(f"{path}/end", json={"end_reason": "dismissed"}),
        await desk.kim.post("/v1/orders", json={"status": "final", "case_ref": order["case_ref"]}),
    ]

    assert [answer.status_code for answer in answers] == [404] * 4
    listed = await all_of(desk.kim, "limit=200")
    assert order["order_ref"] not in {row["order_ref"] for row in listed}
    assert (await desk.lee.get(path)).status_code == 200


async def all_of(client: httpx.AsyncClient, query: str) -> list[dict[str, Any]]:
    answer = await client.get(f"/v1/orders?{query}")
    orders: list[dict[str, Any]] = answer.json()["orders"]
    while "next" in answer.links:
        answer = await client.get("/v1/orders" + answer.links["next"]["url"])
        orders += answer.json()["orders"]
    return orders


async def test_the_queue_holds_each_order_once_and_filters(desk: Desk) -> None:
    orders = [await desk.record() for _ in range(5)]
    in_hand = (await desk.do(orders[3], "service", IN_HAND)).json()
    withdrawn = (await desk.do(orders[4], "end", {"end_reason": "withdrawn"})).json()

    refs = [order["order_ref"] for order in await all_of(desk.lee, "limit=2")]
    waiting = {order["order_ref"] for order in await all_of(desk.lee, "service_status=in_hand&limit=3")}
    over = {order["order_ref"] for order in await all_of(desk.lee, "status=vacated&limit=200")}

    assert len(refs) == len(set(refs))
    assert {order["order_ref"] for order in orders} <= set(refs)
    assert in_hand["order_ref"] in waiting
    assert orders[0]["order_ref"] not in waiting
    assert withdrawn["order_ref"] in over


async def test_an_order_warns_ends_and_says_so_once(desk: Desk, web: Web) -> None:
    order = await desk.record(expires_on="2999-01-01", court_time_zone="America/Chicago")

    for before in ("30 days", "0 days", "0 days"):
        let_time_pass(desk, order["order_ref"], before)
        await run_jobs(web.app_state("accord_law_enforcement_bridge"))
        await run_jobs(web.app_state("accord_law_enforcement_bridge"))

    assert await types(desk, order["case_ref"]) == ["issued", "expiring", "expired"]
    assert (await desk.lee.get(f"/v1/orders/{order['order_ref']}")).json()["status"] == "expired"


def let_time_pass(desk: Desk, order_ref: str, left: str) -> None:
    """Make an order one that ends in a while, or a moment ago, and is due for the clock."""
    moved = """UPDATE law_enforcement_bridge.protective_order SET ends_at = clock_timestamp() + %s::interval,
        next_at = clock_timestamp() WHERE order_ref = %s AND next_at IS NOT NULL"""
    with desk.town.database.superuser() as connection:
        connection.execute(moved, (left, order_ref))


async def opens(desk: Desk, case_ref: str, to: str, purpose: Purpose, of: str = "county-sheriff") -> set[str]:
    """Return the categories that an agency's system would open of a custodian's records at this moment."""
    async with desk.town.session("accord_exchange") as session:
        subject = await register.lock_shared(session, UUID(case_ref))
    assert subject is not None
    request = Request(subject.cases[to].agency, subject.cases[of].agency, purpose, ALL)
    return {str(category) for category in categories_of(decide(request, subject.table, subject.at).mask)}


async def watched(desk: Desk) -> str:
    """Open a case of the police's of which the hotline watches the orders while one stands, and the other way round."""
    case_ref = await desk.town.open_case("county-sheriff")
    await desk.town.direct(case_ref, "bay-hotline", Purpose.ADVOCACY, WATCH, ends_when=EndsWhen.ORDER_ENDED)
    hotline_ref = await desk.town.case_ref_of(case_ref, "bay-hotline")
    needs, until = [DataCategory.NEEDS], EndsWhen.ORDER_ENDED
    await desk.town.direct(hotline_ref, "county-sheriff", Purpose.ORDER_ENFORCEMENT, needs, ends_when=until)
    return str(case_ref)


async def both_open(desk: Desk, case_ref: str) -> tuple[set[str], set[str]]:
    by_police = await opens(desk, case_ref, "county-sheriff", Purpose.ORDER_ENFORCEMENT, of="bay-hotline")
    return await opens(desk, case_ref, "bay-hotline", Purpose.ADVOCACY), by_police


async def test_h11_an_order_that_ends_ends_its_releases(desk: Desk) -> None:
    case_ref = await watched(desk)
    first, second = await desk.record(case_ref=case_ref), await desk.record(case_ref=case_ref)

    await desk.do(first, "end", {"end_reason": "dismissed"})
    assert await both_open(desk, case_ref) == ({"order_terms", "order_service"}, {"needs"})

    await desk.do(second, "end", {"end_reason": "vacated"})
    assert await both_open(desk, case_ref) == (set(), set())


async def test_h11_an_order_the_clock_ends_ends_its_releases(desk: Desk, web: Web) -> None:
    case_ref = await watched(desk)
    order = await desk.record(case_ref=case_ref, expires_on="2099-01-01", court_time_zone="UTC")
    let_time_pass(desk, order["order_ref"], "-1 second")

    await run_jobs(web.app_state("accord_law_enforcement_bridge"))

    assert await both_open(desk, case_ref) == (set(), set())
    assert "expired" in await types(desk, case_ref)


async def test_h11_no_other_step_of_an_order_ends_a_release(desk: Desk) -> None:
    case_ref = await watched(desk)
    order = await desk.record(case_ref=case_ref)

    for step, body in (("violation", {}), ("modification", {"modification": "terms"}), ("hearing", HEARING)):
        order = (await desk.do(order, step, body)).json()

    assert await both_open(desk, case_ref) == ({"order_terms", "order_service"}, {"needs"})


async def test_the_clock_runs_beside_the_routes(web: Web) -> None:
    async with (
        web.serving("law_enforcement_bridge", routes, around=scheduled_jobs) as app,
        web.as_person(app, "lee") as lee,
    ):
        answer = await lee.get("/v1/orders?limit=1")

    assert answer.status_code == 200


async def test_the_tables_hold_no_word_that_was_told(desk: Desk) -> None:
    order = await desk.record(
        court_name="Heron Court", respondents=[{"name": "Rook"}], service_caution="dog", expires_on="2031-07-19"
    )

    with desk.town.database.superuser() as connection:
        stored = str(
            [
                connection.execute("SELECT * FROM law_enforcement_bridge.protective_order").fetchall(),
                connection.execute("SELECT * FROM law_enforcement_bridge.service").fetchall(),
            ]
        )
    assert order["order_ref"] in stored
    assert not any(word in stored for word in ("Heron", "Rook", "dog", "2031-07-19"))


async def test_the_wall_stands_where_a_query_forgets_it(desk: Desk) -> None:
    await desk.record()
    tables = ("protective_order", "service")

    for agency_id, sees in (("county-sheriff", True), ("riverside-legal", False)):
        async with desk.town.unit("accord_law_enforcement_bridge", agency_id) as unit:
            for table in tables:
                query = text(f"SELECT count(*) FROM law_enforcement_bridge.{table} WHERE agency_id = 'county-sheriff'")  # noqa: S608
                assert bool(await unit.session.scalar(query)) is sees


@pytest.mark.parametrize("change", [{"court_time_zone": "0"}, {"expires_on": "9999-12-31"}])
async def test_a_change_is_held_to_the_same_rules_as_the_order(desk: Desk, change: dict[str, str]) -> None:
    order = await desk.record()

    answer = await desk.do(order, "modification", {"modification": "terms", "expires_on": "2026-12-01"} | change)

    assert answer.status_code == 422


async def test_h12_a_system_sees_no_hidden_order_for_nobody(desk: Desk, web: Web, app: FastAPI) -> None:
    order = await desk.record()
    await desk.town.direct(UUID(order["case_ref"]), None, None, effect="deny", excluded="kim")
    path = f"/v1/orders/{order['order_ref']}"

    async with web.as_system(app, "county-sheriff") as system, web.as_system(app, "county-sheriff", "lee") as named:
        codes = [(await client.get(path)).status_code for client in (system, named)]
        end = await system.post(f"{path}/end", json={"end_reason": "dismissed"})
        listed = {row["order_ref"] for row in await all_of(system, "limit=200")}

    assert (codes, end.status_code) == ([404, 200], 404)
    assert order["order_ref"] not in listed
