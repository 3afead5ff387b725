"""Offering again: a fact of the own record, to whom the survivor allows it by now."""

from typing import Any
from uuid import UUID, uuid4

import httpx

from schemas.categories import DataCategory
from schemas.codes import Purpose
from tests.services.exchange.conftest import HOTLINE, Desk, listed
from tests.services.exchange.test_case_file import announce


async def offer_again(
    desk: Desk, message_ref: UUID, by: httpx.AsyncClient | None = None, **body: Any
) -> httpx.Response:
    return await (by or desk.ana).post(f"/v1/messages/{message_ref}/offering", json=body)


def copies(desk: Desk, agency_id: str) -> int:
    ((count,),) = desk.rows("SELECT count(*) FROM carrying.offer WHERE recipient = %(agency)s", agency=agency_id)
    return int(count)


async def told_before_it_was_released(desk: Desk) -> tuple[UUID, UUID]:
    """Tell something before the survivor lets the shelter see it; return the case and the hotline's own copy."""
    case_ref = await desk.town.open_case(HOTLINE)
    await desk.tell(case_ref)
    await desk.permit(case_ref, DataCategory.IDENTITY)
    return case_ref, await desk.newest(case_ref, HOTLINE)


async def test_what_was_told_before_the_release_is_offered_after_it(desk: Desk) -> None:
    case_ref, own = await told_before_it_was_released(desk)

    answer = await offer_again(desk, own)
    await desk.delivery.deliver(case_ref, HOTLINE, desk.shelter)

    assert (answer.status_code, answer.content) == (204, b"")
    opened = (await desk.opening(await desk.newest(case_ref))).json()
    assert opened["categories"] == {"identity": {"given_name": "Marisol"}}
    assert opened["type"] == "accord.incident.reported.v1"


async def test_the_own_copy_stays_the_only_one_of_its_kind(desk: Desk) -> None:
    case_ref, own = await told_before_it_was_released(desk)

    await offer_again(desk, own)
    await desk.delivery.deliver(case_ref, HOTLINE, desk.shelter)

    assert len(await listed(desk.ana, path=f"/v1/cases/{case_ref}/messages")) == 1


async def test_it_goes_only_to_those_who_are_named_if_any_are(desk: Desk) -> None:
    case_ref, own = await told_before_it_was_released(desk)
    await desk.town.direct(case_ref, "county-sheriff", Purpose.EMERGENCY_SAFETY, [DataCategory.IDENTITY])
    before = copies(desk, "county-sheriff")

    await offer_again(desk, own, to=[desk.shelter])

    assert (copies(desk, desk.shelter), copies(desk, "county-sheriff")) == (1, before)


async def test_naming_an_agency_grants_it_nothing_beyond_the_release(desk: Desk) -> None:
    _, own = await told_before_it_was_released(desk)
    before = copies(desk, "lantern-counselling")

    answer = await offer_again(desk, own, to=["lantern-counselling", "no-such-agency"])

    assert answer.status_code == 204
    assert (copies(desk, "lantern-counselling"), copies(desk, desk.shelter)) == (before, 0)


async def test_an_offering_sent_again_under_its_key_is_done_once(desk: Desk) -> None:
    _, own = await told_before_it_was_released(desk)
    key = {"Idempotency-Key": uuid4().hex}

    answers = [await desk.ana.post(f"/v1/messages/{own}/offering", json={}, headers=key) for _ in range(2)]
    other = await desk.ana.post(f"/v1/messages/{own}/offering", json={"to": [desk.shelter]}, headers=key)

    assert [answer.status_code for answer in answers] == [204, 204]
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert copies(desk, desk.shelter) == 1


async def test_anothers_copy_cannot_be_offered_and_answers_as_absent(desk: Desk) -> None:
    case_ref, directive_ref = await desk.released()
    await desk.tell(case_ref)
    received, granted = await desk.newest(case_ref), await announce(desk, case_ref, directive_ref)
    own_granted = await desk.newest(case_ref, HOTLINE)
    before = copies(desk, desk.shelter)

    answers = [
        await offer_again(desk, uuid4()),
        await offer_again(desk, received),  # the shelter's, asked for by the hotline
        await offer_again(desk, received, desk.sam),  # the shelter's own mail, of another's record
        await offer_again(desk, granted, desk.sam),
        await offer_again(desk, own_granted),  # the hotline's own, but of a directive
        await desk.ana.post("/v1/messages/heron-4417/offering", json={}),
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert len({(answer.content, str(sorted(answer.headers.items()))) for answer in answers}) == 1
    assert copies(desk, desk.shelter) == before


async def test_a_blocked_person_offers_nothing(desk: Desk) -> None:
    case_ref, own = await told_before_it_was_released(desk)
    await desk.town.direct(case_ref, None, None, effect="deny", excluded="ana")

    answer, absent = await offer_again(desk, own), await offer_again(desk, uuid4())

    assert (answer.status_code, answer.content) == (404, absent.content)
    assert copies(desk, desk.shelter) == 0


async def test_each_refusal_to_offer_is_on_record(desk: Desk) -> None:
    case_ref, _ = await desk.released()
    await desk.tell(case_ref)

    await offer_again(desk, uuid4(), desk.sam)
    await offer_again(desk, await desk.newest(case_ref), desk.sam)

    assert [(leaf["act"], leaf["verdict"]) for leaf in desk.leaves()] == [("refused", "deny")] * 2


async def test_a_coordinator_offers_nothing(desk: Desk) -> None:
    _, own = await told_before_it_was_released(desk)

    assert (await offer_again(desk, own, desk.people["cora"])).status_code == 403


async def test_d17_a_fact_offered_again_is_known_again(desk: Desk) -> None:
    case_ref, _ = await desk.released()
    await desk.tell(case_ref)
    own = await desk.newest(case_ref, HOTLINE)
    await desk.permit(case_ref, DataCategory.IDENTITY)

    assert (await offer_again(desk, own)).status_code == 204
    await desk.delivery.deliver(case_ref, HOTLINE, desk.shelter)

    first, second = await listed(desk.sam)
    opened = [(await desk.opening(message["message_ref"])).json() for message in (first, second)]
    assert first["message_ref"] != second["message_ref"]
    assert {message["fact_ref"] for message in (first, second, *opened)} == {first["fact_ref"]}
    assert {message["occurred_at"] for message in (first, second, *opened)} == {first["occurred_at"]}


async def test_d17_two_facts_and_two_recipients_share_no_name(desk: Desk) -> None:
    case_ref, _ = await desk.released()
    await desk.town.direct(case_ref, "county-sheriff", Purpose.EMERGENCY_SAFETY, [DataCategory.IDENTITY])
    await desk.tell(case_ref)
    await desk.tell(case_ref)

    police_ref = await desk.town.case_ref_of(case_ref, "county-sheriff")
    of_each = [
        await listed(client, path=f"/v1/cases/{ref}/messages")
        for client, ref in (
            (desk.ana, case_ref),
            (desk.sam, await desk.shelter_case_ref(case_ref)),
            (desk.people["lee"], police_ref),
        )
    ]

    assert [len(messages) for messages in of_each] == [2, 2, 2]
    assert len({message["fact_ref"] for messages in of_each for message in messages}) == 6
