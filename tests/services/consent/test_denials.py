"""Denials, blocks of a person and narrowings: in force at once, and silent."""

from secrets import token_hex
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI

from runtime.register.enrolment import NewPerson, enrol_person
from schemas.categories import DataCategory
from schemas.codes import Purpose
from tests.services.consent.conftest import Desk, a_denial, a_permit, now
from tests.support.web import Web


async def test_a_denial_is_in_force_at_once_and_outlasts_any_grant(desk: Desk) -> None:
    case_ref = await desk.case()
    await desk.permit(case_ref, "needs", "children")

    denial = await desk.draft(case_ref, a_denial("children"))

    assert (denial["state"], denial["in_force"], denial["valid_until"]) == ("active", True, None)
    assert await desk.opens(case_ref) == {"needs"}
    await desk.permit(case_ref, "children", purpose="advocacy")
    assert await desk.opens(case_ref, purpose=Purpose.ADVOCACY) == set()


async def test_everything_is_denied_in_one_word(desk: Desk) -> None:
    case_ref = await desk.case()
    await desk.permit(case_ref, "needs", "children")

    denial = await desk.draft(case_ref, {"effect": "deny", "recipient": "harbor-house", "everything": True})
    await desk.permit(case_ref, "identity", purpose="advocacy")

    assert set(denial["categories"]) == set(DataCategory)
    assert await desk.opens(case_ref) == set()
    assert await desk.opens(case_ref, purpose=Purpose.ADVOCACY) == set()


@pytest.mark.parametrize("terms", [a_permit(everything=True), a_denial("needs", everything=True)])
async def test_everything_is_denied_and_named_by_nothing_else(desk: Desk, terms: dict[str, Any]) -> None:
    answer = await desk.ana.post(f"/v1/cases/{await desk.case()}/directives", json=terms)

    assert answer.status_code == 422
    assert [error["code"] for error in answer.json()["errors"]] == ["everything"]


async def test_the_recipient_hears_what_is_left_never_of_the_denial(desk: Desk) -> None:
    case_ref = await desk.case()
    ref = await desk.permit(case_ref, "needs", "children")
    desk.relayed(ref)

    await desk.draft(case_ref, a_denial("children"))

    assert await desk.facts_of(case_ref, "harbor-house") == ["granted.v1", "narrowed.v1"]
    assert await desk.facts_of(case_ref, "bay-hotline") == ["granted.v1", "granted.v1", "narrowed.v1"]


async def test_it_hears_nothing_where_nothing_was_relayed(desk: Desk) -> None:
    case_ref = await desk.case()
    await desk.permit(case_ref, "needs", "children")

    await desk.draft(case_ref, a_denial("children"))

    assert await desk.facts_of(case_ref, "harbor-house") == ["granted.v1"]


async def test_a_denial_needs_nobody_to_take_part(desk: Desk) -> None:
    case_ref = await desk.case(takes_part=False)

    assert (await desk.draft(case_ref, a_denial("location")))["in_force"]


async def test_h1_a_denial_is_never_lifted_by_a_stop(desk: Desk) -> None:
    case_ref = await desk.case()
    await desk.permit(case_ref, "needs", "children")
    denial = (await desk.draft(case_ref, a_denial("children")))["directive_ref"]

    answers = [await desk.stop(denial, by, by="survivor") for by in ("ana", "priya", "hotline-system")]

    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(409, "denial_needs_lifting")}
    assert await desk.opens(case_ref) == {"needs"}


@pytest.mark.parametrize("by", ["priya", "hotline-system"])
async def test_h1_who_may_only_stop_cannot_lift_a_denial(desk: Desk, by: str) -> None:
    case_ref = await desk.case()
    await desk.permit(case_ref, "needs", "children")
    denial = (await desk.draft(case_ref, a_denial("children")))["directive_ref"]

    lifted, confirmed = await desk.lift(denial, by), await desk.confirm(denial, by, version=1)

    assert (lifted.status_code, confirmed.status_code) == (403, 403)
    assert await desk.opens(case_ref) == {"needs"}


async def test_h1_a_lifted_denial_holds_until_a_second_person_confirms(desk: Desk) -> None:
    case_ref = await desk.case()
    await desk.permit(case_ref, "needs", "children")
    denial = (await desk.draft(case_ref, a_denial("children")))["directive_ref"]

    waiting = await desk.lift(denial)
    alone = await desk.confirm(denial, "ana")
    before = await desk.opens(case_ref)
    confirmed = await desk.confirm(denial, "mia")

    assert (waiting.status_code, waiting.json()["state"], waiting.json()["in_force"]) == (200, "active", True)
    assert (alone.status_code, alone.json()["code"]) == (409, "party_to_the_first_act")
    assert before == {"needs"}
    assert confirmed.json()["state"] == "revoked"
    assert await desk.opens(case_ref) == {"needs", "children"}


async def test_h1_an_old_paper_or_another_signer_lifts_nothing(desk: Desk) -> None:
    case_ref = await desk.case()
    denial = (await desk.draft(case_ref, a_denial("children")))["directive_ref"]

    before = await desk.lift(denial, signed_at=now(minutes=-2))
    court = await desk.lift(denial, signer_role="court")

    assert (before.status_code, before.json()["code"]) == (409, "signed_before_it_was_stopped")
    assert (court.status_code, court.json()["code"]) == (409, "survivor_signs")


async def test_h1_stopping_everything_ends_a_lifting_that_waits(desk: Desk) -> None:
    case_ref = await desk.case()
    denial = (await desk.draft(case_ref, a_denial("children")))["directive_ref"]
    await desk.lift(denial)

    await desk.ana.post(f"/v1/cases/{case_ref}/revocation")
    answer = await desk.confirm(denial)

    assert (answer.status_code, answer.json()["code"]) == (409, "stopped_since_it_was_recorded")
    assert (await desk.ana.get(f"/v1/directives/{denial}")).json()["in_force"]


async def test_a_lifting_that_is_refused_waits_no_more(desk: Desk) -> None:
    case_ref = await desk.case()
    denial = (await desk.draft(case_ref, a_denial("children")))["directive_ref"]
    await desk.lift(denial)

    refused = await desk.ana.post(f"/v1/directives/{denial}/refusal", headers={"If-Match": '"2"'})
    answer = await desk.confirm(denial, version=3)

    assert (refused.status_code, refused.json()["state"], refused.json()["awaiting_since"]) == (200, "active", None)
    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_awaits_confirmation")


async def test_a_denied_agency_cannot_lift_or_find_it(desk: Desk) -> None:
    case_ref = await desk.case()
    await desk.permit(case_ref)
    denial = (await desk.draft(case_ref, a_denial("needs")))["directive_ref"]

    answers = [await desk.stop(denial, "sam"), await desk.lift(denial, "sam"), await desk.confirm(denial, "sam")]

    assert {answer.status_code for answer in answers} == {404}
    assert await desk.opens(case_ref) == set()


async def test_narrowing_is_in_force_at_once_without_a_signature(desk: Desk) -> None:
    case_ref = await desk.case()
    old = await desk.permit(case_ref, "needs", "children")
    desk.relayed(old)

    new = await desk.draft(case_ref, a_permit("needs", supersedes_ref=old, valid_until=None))

    assert (new["state"], new["in_force"]) == ("active", True)
    assert await desk.opens(case_ref) == {"needs"}
    assert (await desk.ana.get(f"/v1/directives/{old}")).json()["state"] == "superseded"
    assert await desk.facts_of(case_ref, "harbor-house") == ["granted.v1", "narrowed.v1"]


async def test_stopping_the_new_permit_stops_what_the_old_one_relayed(desk: Desk) -> None:
    case_ref = await desk.case()
    old = await desk.permit(case_ref, "needs", "children")
    desk.relayed(old)
    new = await desk.draft(case_ref, a_permit("needs", supersedes_ref=old, valid_until=None))

    await desk.stop(new["directive_ref"])

    assert (await desk.facts_of(case_ref, "harbor-house"))[-1] == "revoked.v1"


async def test_a_recipient_may_record_a_narrowing_of_what_it_receives(desk: Desk) -> None:
    case_ref = await desk.case()
    old = await desk.permit(case_ref, "needs", "children")
    their_case = await desk.town.case_ref_of(case_ref, "harbor-house")
    known_ref = str(desk.known_as(old, "harbor-house"))

    body = a_permit("needs", custodian="bay-hotline", supersedes_ref=known_ref, valid_until=None)
    answer = await desk.sam.post(f"/v1/cases/{their_case}/directives", json=body)

    assert answer.json()["state"] == "active"
    assert await desk.opens(case_ref) == {"needs"}


async def test_h13_widening_waits_for_a_second_person(desk: Desk) -> None:
    case_ref = await desk.case()
    old = await desk.permit(case_ref, "needs")
    new = (await desk.draft(case_ref, a_permit("needs", "children", supersedes_ref=old)))["directive_ref"]

    waits = await desk.sign(new, witness_ref="x", second_channel="voice")
    before = await desk.opens(case_ref)
    confirmed = await desk.confirm(new)

    assert (waits.status_code, waits.json()["state"]) == (200, "awaiting_confirmation")
    assert before == {"needs"}
    assert confirmed.status_code == 200
    assert await desk.opens(case_ref) == {"needs", "children"}


async def test_a_blocked_person_finds_nothing_on_any_route(desk: Desk) -> None:
    case_ref = await desk.case()
    ref = await desk.permit(case_ref, "identity", recipient="county-sheriff", purpose="order_enforcement")
    their_case = await desk.town.case_ref_of(case_ref, "county-sheriff")
    known_ref = desk.known_as(ref, "county-sheriff")
    assert (await desk.kim.get(f"/v1/cases/{their_case}/directives")).status_code == 200

    block = {"effect": "deny", "excluded_person_ref": "kim", "excluded_agency_ref": "county-sheriff"}
    assert (await desk.draft(case_ref, block))["in_force"]

    for path, method, body in (
        ("/v1/cases/{}/directives", "GET", None),
        ("/v1/cases/{}/directives", "POST", a_permit(recipient="bay-hotline", purpose="advocacy")),
        ("/v1/cases/{}/preview?recipient=bay-hotline&purpose=advocacy", "GET", None),
        ("/v1/cases/{}/revocation", "POST", None),
        ("/v1/cases/{}/participation", "PUT", {"participation": "no"}),
    ):
        blocked = await desk.kim.request(method, path.format(their_case), json=body)
        unknown = await desk.kim.request(method, path.format(uuid4()), json=body)
        assert (blocked.status_code, blocked.content) == (404, unknown.content), path
    stopped, absent = await desk.stop(known_ref, "kim"), await desk.stop(uuid4(), "kim")
    assert (stopped.status_code, stopped.content) == (404, absent.content)
    assert (await desk.lee.get(f"/v1/cases/{their_case}/directives")).status_code == 200


async def test_the_attempt_of_a_blocked_person_is_on_record(desk: Desk) -> None:
    case_ref = await desk.case()
    await desk.permit(case_ref, "identity", recipient="county-sheriff", purpose="order_enforcement")
    their_case = await desk.town.case_ref_of(case_ref, "county-sheriff")
    await desk.draft(
        case_ref, {"effect": "deny", "excluded_person_ref": "kim", "excluded_agency_ref": "county-sheriff"}
    )
    count = "SELECT count(*) FROM ledger.pending WHERE convert_from(header, 'utf8') LIKE '%%blocked_person%%'"
    before = desk.rows(count)[0][0]

    await desk.kim.get(f"/v1/cases/{their_case}/directives")

    assert desk.rows(count)[0][0] == before + 1


async def test_h12_a_system_finds_no_hidden_case_for_nobody(desk: Desk, web: Web, app: FastAPI) -> None:
    case_ref = await desk.case()
    ref = await desk.permit(case_ref, "identity", recipient="county-sheriff", purpose="order_enforcement")
    their_case = await desk.town.case_ref_of(case_ref, "county-sheriff")
    await desk.town.direct(case_ref, None, None, effect="deny", excluded="kim")
    known_ref = desk.known_as(ref, "county-sheriff")
    asks = (
        ("GET", f"/v1/cases/{their_case}/directives", None),
        ("GET", f"/v1/cases/{their_case}/preview?recipient=bay-hotline&purpose=advocacy", None),
        ("POST", f"/v1/cases/{their_case}/revocation", None),
        ("POST", f"/v1/directives/{known_ref}/revocation", None),
    )

    async with web.as_system(app, "county-sheriff") as system, web.as_system(app, "county-sheriff", "lee") as named:
        unnamed = [await system.request(method, path, json=body) for method, path, body in asks]
        answers = [await named.request(method, path, json=body) for method, path, body in asks]

    assert {answer.status_code for answer in unnamed} == {404}
    assert [answer.status_code for answer in answers] == [200] * len(asks)


def a_block(person_ref: str, agency_id: str) -> dict[str, Any]:
    return {"effect": "deny", "excluded_person_ref": person_ref, "excluded_agency_ref": agency_id}


async def test_l2_who_works_elsewhere_is_told_by_no_answer(desk: Desk) -> None:
    case_ref = await desk.case()
    named = ("kim", "kym", "sam")  # on the sheriff's staff, nobody, and on another agency's

    answers = [await desk.draft(case_ref, a_block(name, "county-sheriff")) for name in named]

    own = ("directive_ref", "excluded_person_ref", "valid_from")
    bodies = [{name: value for name, value in answer.items() if name not in own} for answer in answers]
    assert bodies[0] == bodies[1] == bodies[2]
    assert (bodies[0]["in_force"], bodies[0]["excluded_person_known"]) == (True, None)


async def test_l2_of_its_own_staff_an_agency_hears_who_is_meant(desk: Desk) -> None:
    case_ref = await desk.case()

    flags = [
        (await desk.draft(case_ref, a_block(name, "bay-hotline")))["excluded_person_known"]
        for name in ("priya", "pria")
    ]

    assert flags == [True, False]


async def test_l2_who_is_enrolled_later_was_blocked_before(desk: Desk, web: Web, app: FastAPI) -> None:
    case_ref = await desk.case()
    await desk.permit(case_ref, "identity", recipient="county-sheriff", purpose="order_enforcement")
    their_case = await desk.town.case_ref_of(case_ref, "county-sheriff")
    to_come = f"new-{token_hex(4)}"
    await desk.draft(case_ref, a_block(to_come, "county-sheriff"))

    async with desk.town.session("accord_admin") as session:
        for name in (to_come, f"{to_come}-2"):
            await enrol_person(session, NewPerson(name, "county-sheriff", "New", ("liaison",)))
        await session.commit()

    answers = []
    for name in (to_come, f"{to_come}-2"):
        async with web.asking(app, web.issuer.person(name, agency="county-sheriff", roles=["liaison"])) as client:
            answers.append((await client.get(f"/v1/cases/{their_case}/directives")).status_code)
    assert answers == [404, 200]


async def test_l2_where_a_person_works_is_named_with_them(desk: Desk) -> None:
    case_ref = await desk.case()

    answer = await desk.ana.post(
        f"/v1/cases/{case_ref}/directives", json={"effect": "deny", "excluded_person_ref": "kim"}
    )

    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"field": "body.excluded_agency_ref", "code": "missing"}]


async def test_a_privacy_officer_shuts_a_colleague_out(desk: Desk) -> None:
    case_ref = await desk.case()
    path = f"/v1/cases/{case_ref}"

    answer = await desk.priya.post(f"{path}/exclusions", json={"person_ref": "mia"})

    assert (answer.status_code, answer.json()["state"], answer.json()["in_force"]) == (201, "active", True)
    assert answer.json()["excluded_person_known"] is True
    assert (await desk.mia.get(f"{path}/directives")).status_code == 404
    assert (await desk.ana.get(f"{path}/directives")).status_code == 200


async def test_whether_a_person_works_elsewhere_is_not_answered(desk: Desk) -> None:
    path = f"/v1/cases/{await desk.case()}/exclusions"
    answers = [
        await desk.priya.post(path, json={"person_ref": ref, "agency_ref": "harbor-house"}) for ref in ("sam", "sim")
    ]

    assert [answer.json().get("excluded_person_known") for answer in answers] == [None, None]
