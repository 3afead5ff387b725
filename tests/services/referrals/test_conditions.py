"""A release that ends with a referral, or begins with a clear conflict check: met as the fact is recorded."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from kernel.consent import Request, decide
from runtime import disclosure, register
from schemas.categories import DataCategory
from schemas.codes import EndsWhen, Purpose, StartsWhen
from schemas.taxonomy import ALL, categories_of
from services.referrals.jobs import run_jobs
from tests.services.referrals.conftest import Desk, a_referral
from tests.support.mail import mailbox, opened_by
from tests.support.town import Town
from tests.support.web import Web

STATUS = DataCategory.REFERRAL_STATUS
LEGAL = {"to_agency_ref": "riverside-legal", "purpose": "legal_representation", "service_code": "legal_aid"}
ACCEPTED = {"advocate_name": "Sam Okafor"}


async def opens(
    town: Town,
    case_ref: UUID,
    agency_id: str = "harbor-house",
    purpose: Purpose = Purpose.SHELTER,
    of: str = "bay-hotline",
) -> set[str]:
    """Return the categories that an agency's system would open of a custodian's records at this moment."""
    async with town.session("accord_exchange") as session:
        subject = await register.lock_shared(session, case_ref)
    assert subject is not None
    request = Request(subject.cases[agency_id].agency, subject.cases[of].agency, purpose, ALL)
    return {str(category) for category in categories_of(decide(request, subject.table, subject.at).mask)}


async def until_closed(desk: Desk) -> UUID:
    """Open a case whose survivor lets the shelter know what it needs until the referral is closed."""
    case_ref = await desk.town.open_case("bay-hotline")
    ends: Any = {"ends_when": EndsWhen.REFERRAL_CLOSED}
    await desk.town.direct(case_ref, "harbor-house", Purpose.SHELTER, [STATUS, DataCategory.NEEDS], **ends)
    return case_ref


def leaves(town: Town, case_ref: UUID, reason: str) -> list[str]:
    query = """SELECT convert_from(p.header, 'utf8') FROM ledger.pending AS p
        JOIN register.subject AS s ON s.pseudonym = p.subject JOIN register."case" AS c USING (subject_id)
        WHERE c.case_ref = %s AND convert_from(p.header, 'utf8') LIKE %s
            AND convert_from(p.header, 'utf8') LIKE '%%"act":"changed"%%'"""
    with town.database.superuser() as connection:
        return [str(row[0]) for row in connection.execute(query, (case_ref, f'%"reason":"{reason}"%')).fetchall()]


async def answer(desk: Desk, steps: list[tuple[str, Any]]) -> httpx.Response:
    path = f"/v1/referrals/{(await desk.received())['referral_ref']}"
    for version, (step, body) in enumerate(steps, start=1):
        last = await desk.sam.post(f"{path}/{step}", json=body, headers={"If-Match": f'"{version}"'})
        assert last.status_code == 200, last.text
    return last


CLOSINGS: dict[str, list[tuple[str, Any]]] = {
    "declined": [("decline", {"reason_code": "no_capacity"})],
    "completed": [("acceptance", ACCEPTED), ("completion", {"outcome_code": "got_help"})],
    "could_not_contact": [("acceptance", ACCEPTED), ("contact-failure", {"contact_attempts": 2})],
}


@pytest.mark.parametrize("steps", CLOSINGS.values(), ids=CLOSINGS)
async def test_h11_a_closed_referral_ends_its_release(desk: Desk, steps: list[tuple[str, Any]]) -> None:
    case_ref = await until_closed(desk)
    await desk.send(case_ref)
    assert await opens(desk.town, case_ref) == {"referral_status", "needs"}

    last = await answer(desk, steps)

    assert await opens(desk.town, case_ref) == set()
    assert set(last.json()) == {"referral_ref", "case_ref"}  # nothing that has ended is shown in the answer
    own = await opened_by(desk.town, case_ref, "bay-hotline", "ana", Purpose.ADVOCACY)
    assert {f"referral.{step}" for step in ("declined", "completed", "contact_failed")} & own.keys()


async def test_h11_calling_back_ends_the_release_too(desk: Desk) -> None:
    case_ref = await until_closed(desk)
    sent = await desk.send(case_ref)

    await desk.ana.post(f"/v1/referrals/{sent['referral_ref']}/withdrawal", json={"reason_code": "sender"})

    assert await opens(desk.town, case_ref) == set()
    (leaf,) = leaves(desk.town, case_ref, "ended")
    assert '"directives":["' in leaf


async def test_h11_the_last_open_referral_ends_it(desk: Desk) -> None:
    case_ref = await until_closed(desk)
    first, second = await desk.send(case_ref), await desk.send(case_ref)

    await desk.ana.post(f"/v1/referrals/{first['referral_ref']}/withdrawal", json={"reason_code": "sender"})
    assert await opens(desk.town, case_ref) == {"referral_status", "needs"}

    await desk.ana.post(f"/v1/referrals/{second['referral_ref']}/withdrawal", json={"reason_code": "sender"})
    assert await opens(desk.town, case_ref) == set()


async def test_h11_two_who_close_at_once_end_it(desk: Desk) -> None:
    case_ref = await until_closed(desk)
    sent = [await desk.send(case_ref) for _ in range(4)]

    paths = [f"/v1/referrals/{referral['referral_ref']}/withdrawal" for referral in sent]
    answers = await asyncio.gather(*(desk.ana.post(path, json={"reason_code": "sender"}) for path in paths))

    assert [response.status_code for response in answers] == [200] * 4
    assert await opens(desk.town, case_ref) == set()


async def test_h11_what_the_receiver_gave_back_ends_too(desk: Desk) -> None:
    case_ref = await until_closed(desk)
    shelter_ref = await desk.town.case_ref_of(case_ref, "harbor-house")
    ends: Any = {"ends_when": EndsWhen.REFERRAL_CLOSED}
    await desk.town.direct(shelter_ref, "bay-hotline", Purpose.ADVOCACY, [DataCategory.NEEDS], **ends)
    await desk.town.direct(shelter_ref, "county-sheriff", Purpose.ORDER_ENFORCEMENT, [DataCategory.IDENTITY], **ends)
    await desk.send(case_ref)

    await answer(desk, CLOSINGS["declined"])

    assert await opens(desk.town, shelter_ref, "bay-hotline", Purpose.ADVOCACY, of="harbor-house") == set()
    police_open = await opens(desk.town, shelter_ref, "county-sheriff", Purpose.ORDER_ENFORCEMENT, of="harbor-house")
    assert police_open == {"identity"}  # the police are no side of this referral


async def test_h11_a_referral_the_clock_withdraws_ends_it(desk: Desk, web: Web) -> None:
    case_ref, directive_ref = await desk.released()
    ends: Any = {"ends_when": EndsWhen.REFERRAL_CLOSED}
    await desk.town.direct(case_ref, "harbor-house", Purpose.COUNSELLING, [DataCategory.NEEDS], **ends)
    await desk.town.direct(case_ref, "harbor-house", Purpose.ADVOCACY, [DataCategory.NEEDS], **ends)
    await desk.send(case_ref)
    await desk.town.revoke(case_ref, directive_ref)

    await run_jobs(web.app_state("accord_referrals"))

    assert await opens(desk.town, case_ref, purpose=Purpose.ADVOCACY) == set()


async def test_h11_a_step_that_closes_nothing_ends_nothing(desk: Desk) -> None:
    case_ref = await until_closed(desk)
    await desk.send(case_ref)

    await answer(desk, [("question", None), ("acceptance", ACCEPTED), ("start", None)])

    assert await opens(desk.town, case_ref) == {"referral_status", "needs"}


@pytest.fixture
async def machine(web: Web, app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """The records system of legal aid."""
    async with web.as_system(app, "riverside-legal") as client:
        yield client


@pytest.fixture
async def jude(web: Web, app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """The attorney."""
    async with web.as_person(app, "jude") as client:
        yield client


async def received(person: httpx.AsyncClient, case: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what somebody sees of a case among the referrals that their agency received."""
    listed = (await person.get("/v1/referrals?direction=received&limit=200")).json()["referrals"]
    return [referral for referral in listed if referral["case_ref"] == case["case_ref"]]


async def to_the_lawyer(desk: Desk) -> tuple[UUID, dict[str, Any]]:
    """Sign both directives of a referral to legal aid and send it; return its case and their reference to it."""
    case_ref = await desk.town.open_case("bay-hotline")
    name, kinds = ["alleged_offender.offender_name"], [STATUS, DataCategory.ALLEGED_OFFENDER]
    check = Purpose.CONFLICT_CHECK
    await desk.town.direct(case_ref, "riverside-legal", check, [DataCategory.ALLEGED_OFFENDER], only_fields=name)
    starts: Any = {"starts_when": StartsWhen.CONFLICT_CLEAR}
    await desk.town.direct(case_ref, "riverside-legal", Purpose.LEGAL_REPRESENTATION, kinds, **starts)
    body = a_referral(case_ref, **LEGAL, offender_name="R. Calder", offender_description="tall")
    sent = await desk.ana.post("/v1/referrals", json=body)
    assert (sent.status_code, sent.json()["conflict_check"]) == (201, "pending")
    return case_ref, {"case_ref": str(await desk.town.case_ref_of(case_ref, "riverside-legal"))}


async def test_d2_a_clear_check_starts_the_release(
    desk: Desk, machine: httpx.AsyncClient, jude: httpx.AsyncClient, web: Web
) -> None:
    case_ref, lawyer_case = await to_the_lawyer(desk)
    await run_jobs(web.app_state("accord_referrals"))
    opened = await opened_by(desk.town, case_ref, "riverside-legal", None, Purpose.CONFLICT_CHECK)
    assert dict(opened["referral.created"].categories) == {"alleged_offender": {"offender_name": "R. Calder"}}
    assert await received(jude, lawyer_case) == []

    checked = await machine.post("/v1/referrals/conflict-checks", json=lawyer_case | {"conflict_check": "clear"})

    assert (checked.status_code, checked.json()["conflict_check"]) == (200, "clear")
    lawyers = await opens(desk.town, case_ref, "riverside-legal", Purpose.LEGAL_REPRESENTATION)
    assert lawyers == {"referral_status", "alleged_offender"}
    (listed,) = await received(jude, lawyer_case)
    assert (listed["status"], listed["conflict_check"]) == ("sent", "clear")
    own = await opened_by(desk.town, case_ref, "bay-hotline", "ana", Purpose.ADVOCACY)
    assert own["referral.conflict_checked"].categories[STATUS]["conflict_check"] == "clear"
    again = await machine.post("/v1/referrals/conflict-checks", json=lawyer_case | {"conflict_check": "clear"})
    assert (again.status_code, again.content) == (200, checked.content)
    other = await machine.post("/v1/referrals/conflict-checks", json=lawyer_case | {"conflict_check": "match"})
    assert other.status_code == 404


async def test_d2_after_a_match_it_never_starts(
    desk: Desk, machine: httpx.AsyncClient, jude: httpx.AsyncClient, web: Web
) -> None:
    case_ref, lawyer_case = await to_the_lawyer(desk)

    checked = await machine.post("/v1/referrals/conflict-checks", json=lawyer_case | {"conflict_check": "match"})

    assert checked.status_code == 200
    assert await opens(desk.town, case_ref, "riverside-legal", Purpose.LEGAL_REPRESENTATION) == set()
    assert await received(jude, lawyer_case) == []
    own = await opened_by(desk.town, case_ref, "bay-hotline", "ana", Purpose.ADVOCACY)
    assert own["referral.declined"].categories[STATUS]["reason_code"] == "conflict_of_interest"
    sent_again = await desk.ana.post("/v1/referrals", json=a_referral(case_ref, **LEGAL))
    assert (sent_again.status_code, sent_again.json()["code"]) == (422, "release_needed")


async def test_d2_only_the_system_of_legal_aid_checks(
    desk: Desk, jude: httpx.AsyncClient, web: Web, app: FastAPI
) -> None:
    case_ref, lawyer_case = await to_the_lawyer(desk)
    body = lawyer_case | {"conflict_check": "clear"}

    async with web.as_system(app, "harbor-house") as another, web.as_system(app, "bay-hotline") as sender:
        answers = [
            await jude.post("/v1/referrals/conflict-checks", json=body),
            await another.post("/v1/referrals/conflict-checks", json=body),
            await sender.post("/v1/referrals/conflict-checks", json=body | {"case_ref": str(case_ref)}),
        ]

    assert {response.status_code for response in answers} == {404}
    assert len({response.content for response in answers}) == 1
    assert await opens(desk.town, case_ref, "riverside-legal", Purpose.LEGAL_REPRESENTATION) == set()


async def test_d2_without_the_directive_of_the_check_nothing_is_sent(desk: Desk) -> None:
    case_ref = await desk.town.open_case("bay-hotline")
    starts: Any = {"starts_when": StartsWhen.CONFLICT_CLEAR}
    await desk.town.direct(case_ref, "riverside-legal", Purpose.LEGAL_REPRESENTATION, [STATUS], **starts)

    answer = await desk.ana.post("/v1/referrals", json=a_referral(case_ref, **LEGAL))

    assert (answer.status_code, answer.json()["code"]) == (422, "release_needed")
    assert await mailbox(desk.town, case_ref, "riverside-legal") == []


async def test_d2_no_release_opens_the_offender_before_a_check(desk: Desk) -> None:
    case_ref = await desk.town.open_case("bay-hotline")
    kinds = [DataCategory.ALLEGED_OFFENDER, DataCategory.IDENTITY]

    await desk.town.direct(case_ref, "riverside-legal", Purpose.LEGAL_REPRESENTATION, kinds)

    assert await opens(desk.town, case_ref, "riverside-legal", Purpose.LEGAL_REPRESENTATION) == {"identity"}


async def test_h11_nobody_but_referrals_and_orders_meets_a_condition(desk: Desk) -> None:
    case_ref = await until_closed(desk)
    denied = []
    for role in ("accord_intake", "accord_exchange", "accord_notifications", "accord_audit", "accord_relay"):
        for function in ("end_when_met", "start_when_met"):
            with desk.town.database.superuser() as connection:
                query = "SELECT has_function_privilege(%s, %s, 'EXECUTE')"
                name = f"register.{function}(bigint, text, text, text)"
                denied.append(connection.execute(query, (role, name)).fetchone())

    assert set(denied) == {(False,)}
    assert await opens(desk.town, case_ref) == {"referral_status", "needs"}


async def test_h11_what_nobody_signed_is_not_started(desk: Desk) -> None:
    case_ref = await desk.town.open_case("bay-hotline")
    starts: Any = {"starts_when": StartsWhen.CONFLICT_CLEAR}
    ref = await desk.town.direct(case_ref, "riverside-legal", Purpose.LEGAL_REPRESENTATION, [STATUS], **starts)
    with desk.town.database.superuser() as connection:
        connection.execute("UPDATE register.directive SET signed_at = NULL WHERE directive_ref = %s", [ref])

    async with desk.town.unit("accord_referrals", "riverside-legal") as unit:
        sides = ("bay-hotline", "riverside-legal")
        await disclosure.start_with(unit, case_ref, StartsWhen.CONFLICT_CLEAR, *sides)
        await unit.session.commit()

    assert await opens(desk.town, case_ref, "riverside-legal", Purpose.LEGAL_REPRESENTATION) == set()
