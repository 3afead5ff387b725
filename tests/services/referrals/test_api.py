"""Referrals over the wire: who may send, see and answer, against the real database."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI

from schemas.categories import DataCategory
from schemas.codes import Purpose
from tests.services.referrals.conftest import Desk, a_referral
from tests.support.mail import mailbox, opened_by
from tests.support.web import Web

ACCEPTED = {"advocate_name": "Sam Okafor", "meeting_place": "Front office, Elm Street"}
DECLINED = {"reason_code": "no_capacity"}


def rows(desk: Desk, case_ref: UUID) -> list[Any]:
    with desk.town.database.superuser() as connection:
        return connection.execute("SELECT * FROM referrals.referral WHERE case_ref = %s", (case_ref,)).fetchall()


async def test_a_referral_opens_at_the_receiver_as_far_as_released(desk: Desk) -> None:
    case_ref, _ = await desk.released(DataCategory.NEEDS)

    await desk.send(case_ref, given_name="Marisol", needs=["shelter"], narrative="He came back.")

    opening = (await opened_by(desk.town, case_ref, "harbor-house", "sam", Purpose.SHELTER))["referral.created"]
    assert set(opening.categories) == {"referral_status", "needs"}
    own = (await opened_by(desk.town, case_ref, "bay-hotline", "ana", Purpose.ADVOCACY))["referral.created"]
    assert own.categories[DataCategory.INCIDENT_NARRATIVE]["narrative"] == "He came back."


async def test_a_sent_referral_says_where_it_is_and_which_version(desk: Desk) -> None:
    case_ref, _ = await desk.released()

    answer = await desk.ana.post("/v1/referrals", json=a_referral(case_ref))

    assert answer.headers["Location"] == f"/v1/referrals/{answer.json()['referral_ref']}"
    assert answer.headers["ETag"] == '"1"'
    assert (answer.json()["status"], answer.json()["case_ref"]) == ("sent", str(case_ref))


async def test_without_a_release_the_refusal_is_recorded_and_none_sent(desk: Desk) -> None:
    case_ref = await desk.town.open_case("bay-hotline", "harbor-house")
    before = denials(desk, case_ref)

    answer = await desk.ana.post("/v1/referrals", json=a_referral(case_ref))

    assert (answer.status_code, answer.json()["code"]) == (422, "release_needed")
    assert (rows(desk, case_ref), await mailbox(desk.town, case_ref, "harbor-house")) == ([], [])
    assert denials(desk, case_ref) == before + 1


def denials(desk: Desk, case_ref: UUID) -> int:
    query = """SELECT count(*) FROM ledger.pending AS p JOIN register.subject AS s ON s.pseudonym = p.subject
        JOIN register."case" AS c USING (subject_id)
        WHERE c.case_ref = %s AND convert_from(p.header, 'utf8') LIKE '%%"verdict":"deny"%%'"""
    with desk.town.database.superuser() as connection:
        (count,) = connection.execute(query, (case_ref,)).fetchone() or (0,)
    return int(str(count))


async def test_a_logged_referral_needs_no_release(desk: Desk) -> None:
    case_ref = await desk.town.open_case("bay-hotline")

    sent = await desk.send(case_ref, mode="logged", purpose=None)

    assert (sent["mode"], sent["status"]) == ("logged", "sent")


async def test_a_logged_referral_is_never_sent_whatever_is_released(desk: Desk) -> None:
    case_ref, _ = await desk.released()
    await desk.town.direct(case_ref, "county-cell", Purpose.COORDINATION, [DataCategory.REFERRAL_STATUS])

    await desk.send(case_ref, mode="logged")

    assert await mailbox(desk.town, case_ref, "harbor-house") == []
    assert await mailbox(desk.town, case_ref, "county-cell") == []
    assert len(await mailbox(desk.town, case_ref, "bay-hotline")) == 1


async def test_sender_and_receiver_know_it_by_references_of_their_own(desk: Desk) -> None:
    case_ref, _ = await desk.released()

    sent = await desk.send(case_ref)
    received = await desk.received()

    assert received["referral_ref"] != sent["referral_ref"]
    assert received["case_ref"] == str(await desk.town.case_ref_of(case_ref, "harbor-house"))
    opening = (await opened_by(desk.town, case_ref, "harbor-house", "sam", Purpose.SHELTER))["referral.created"]
    assert opening.categories[DataCategory.REFERRAL_STATUS]["referral_ref"] == received["referral_ref"]


async def test_neither_side_finds_a_referral_by_the_others_reference(desk: Desk) -> None:
    case_ref, _ = await desk.released()
    sent = await desk.send(case_ref)
    received = await desk.received()

    answers = [
        await desk.sam.get(f"/v1/referrals/{sent['referral_ref']}"),
        await desk.ana.get(f"/v1/referrals/{received['referral_ref']}"),
        await desk.lee.get(f"/v1/referrals/{sent['referral_ref']}"),
        await desk.lee.get(f"/v1/referrals/{uuid4()}"),
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1


async def test_the_receiver_reads_by_its_own_reference(desk: Desk) -> None:
    case_ref, _ = await desk.released()
    await desk.send(case_ref)
    received = await desk.received()

    answer = await desk.sam.get(f"/v1/referrals/{received['referral_ref']}")

    assert answer.json() == received
    assert answer.headers["ETag"] == '"1"'


async def test_an_answer_shows_no_field_that_the_release_excepts(desk: Desk) -> None:
    case_ref = await desk.town.open_case("bay-hotline")
    only = ["referral_status.status"]
    await desk.town.direct(case_ref, "harbor-house", Purpose.SHELTER, [DataCategory.REFERRAL_STATUS], only_fields=only)
    await desk.send(case_ref)

    received = await desk.received()

    assert set(received) == {"referral_ref", "case_ref", "version", "status", "changed_at"}


async def test_after_a_revocation_the_receiver_reads_or_writes_nothing(desk: Desk) -> None:
    case_ref, directive_ref = await desk.released()
    sent = await desk.send(case_ref)
    ref = (await desk.received())["referral_ref"]

    await desk.town.revoke(case_ref, directive_ref)
    answers = [
        await desk.sam.get(f"/v1/referrals/{ref}"),
        await desk.sam.post(f"/v1/referrals/{ref}/acceptance", json=ACCEPTED, headers={"If-Match": '"1"'}),
        await desk.sam.get(f"/v1/referrals/{uuid4()}"),
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert (await desk.ana.get(f"/v1/referrals/{sent['referral_ref']}")).json()["status"] == "sent"


async def test_an_acceptance_is_written_to_the_senders_record(desk: Desk) -> None:
    case_ref, _ = await desk.released()
    sent = await desk.send(case_ref)
    ref = (await desk.received())["referral_ref"]

    answer = await desk.sam.post(f"/v1/referrals/{ref}/acceptance", json=ACCEPTED, headers={"If-Match": '"1"'})

    assert (answer.status_code, answer.json()["status"], answer.headers["ETag"]) == (200, "accepted", '"2"')
    opening = (await opened_by(desk.town, case_ref, "bay-hotline", "ana", Purpose.ADVOCACY))["referral.accepted"]
    assert opening.categories[DataCategory.REFERRAL_STATUS]["referral_ref"] == sent["referral_ref"]
    assert opening.categories[DataCategory.LOCATION] == {"meeting_place": "Front office, Elm Street"}


@pytest.mark.parametrize(("match", "status"), [(None, 428), ('"7"', 412), ("*", 422), ("nonsense", 422)])
@pytest.mark.parametrize(("route", "body"), [("acceptance", ACCEPTED), ("decline", DECLINED)])
async def test_an_answer_names_the_version_it_answers(
    desk: Desk, route: str, body: dict[str, str], match: str | None, status: int
) -> None:
    case_ref, _ = await desk.released()
    await desk.send(case_ref)
    ref = (await desk.received())["referral_ref"]

    headers = {} if match is None else {"If-Match": match}
    answer = await desk.sam.post(f"/v1/referrals/{ref}/{route}", json=body, headers=headers)

    assert answer.status_code == status
    assert (await desk.received())["status"] == "sent"


async def test_what_was_declined_is_not_accepted_later(desk: Desk) -> None:
    case_ref, _ = await desk.released()
    await desk.send(case_ref)
    ref = (await desk.received())["referral_ref"]

    declined = await desk.sam.post(f"/v1/referrals/{ref}/decline", json=DECLINED, headers={"If-Match": '"1"'})
    accepted = await desk.sam.post(f"/v1/referrals/{ref}/acceptance", json=ACCEPTED, headers={"If-Match": '"2"'})

    assert (declined.json()["status"], declined.json()["reason_code"]) == ("declined", "no_capacity")
    assert (accepted.status_code, accepted.json()["code"]) == (409, "not_open")


async def test_a_referral_is_followed_to_its_end(desk: Desk) -> None:
    case_ref, _ = await desk.released()
    sent = await desk.send(case_ref)
    path = f"/v1/referrals/{(await desk.received())['referral_ref']}"
    done = {"outcome_code": "got_help"}

    states = []
    for version, (step, body) in enumerate(
        [("question", None), ("acceptance", ACCEPTED), ("start", None), ("completion", done)], start=1
    ):
        answer = await desk.sam.post(f"{path}/{step}", json=body, headers={"If-Match": f'"{version}"'})
        states.append(answer.json()["status"])

    assert states == ["needs_info", "accepted", "in_progress", "completed"]
    assert (await desk.ana.get(f"/v1/referrals/{sent['referral_ref']}")).json()["outcome_code"] == "got_help"


async def test_a_survivor_who_cannot_be_reached_ends_it(desk: Desk) -> None:
    case_ref, _ = await desk.released()
    await desk.send(case_ref)
    path = f"/v1/referrals/{(await desk.received())['referral_ref']}"
    await desk.sam.post(f"{path}/acceptance", json=ACCEPTED, headers={"If-Match": '"1"'})

    answer = await desk.sam.post(f"{path}/contact-failure", json={"contact_attempts": 3}, headers={"If-Match": '"2"'})

    assert answer.json()["status"] == "could_not_contact"


async def test_calling_back_needs_no_version_and_the_receiver_is_told(desk: Desk) -> None:
    case_ref, _ = await desk.released()
    sent = await desk.send(case_ref)

    answer = await desk.ana.post(
        f"/v1/referrals/{sent['referral_ref']}/withdrawal", json={"reason_code": "survivor_declined"}
    )

    assert (answer.json()["status"], answer.json()["reason_code"]) == ("withdrawn", "survivor_declined")
    opened = await opened_by(desk.town, case_ref, "harbor-house", "sam", Purpose.SHELTER)
    assert opened["referral.withdrawn"].categories[DataCategory.REFERRAL_STATUS]["reason_code"] == "survivor_declined"


async def test_the_receiver_calls_nothing_back(desk: Desk) -> None:
    case_ref, _ = await desk.released()
    await desk.send(case_ref)
    ref = (await desk.received())["referral_ref"]

    answer = await desk.sam.post(f"/v1/referrals/{ref}/withdrawal", json={"reason_code": "sender"})

    assert answer.status_code == 404


async def test_from_an_excluded_person_everything_is_absent(desk: Desk) -> None:
    case_ref, _ = await desk.released()
    sent = await desk.send(case_ref)
    ref = (await desk.received())["referral_ref"]

    await desk.town.direct(case_ref, None, None, effect="deny", excluded="sam")
    await desk.town.direct(case_ref, None, None, effect="deny", excluded="ana")
    answers = [
        await desk.sam.get(f"/v1/referrals/{ref}"),
        await desk.sam.post(f"/v1/referrals/{ref}/acceptance", json=ACCEPTED, headers={"If-Match": '"1"'}),
        await desk.ana.get(f"/v1/referrals/{sent['referral_ref']}"),
        await desk.ana.post("/v1/referrals", json=a_referral(case_ref)),
        await desk.ana.post(f"/v1/referrals/{sent['referral_ref']}/withdrawal", json={"reason_code": "sender"}),
    ]

    assert [answer.status_code for answer in answers] == [404] * 5


async def test_h12_a_system_sees_no_hidden_referral_for_nobody(desk: Desk, web: Web, app: FastAPI) -> None:
    case_ref, _ = await desk.released()
    sent = await desk.send(case_ref)
    await desk.town.direct(case_ref, None, None, effect="deny", excluded="ana")
    path = f"/v1/referrals/{sent['referral_ref']}"

    async with web.as_system(app, "bay-hotline") as system, web.as_system(app, "bay-hotline", "priya") as named:
        answers = [await system.get(path), await system.post("/v1/referrals", json=a_referral(case_ref))]
        listed = [(await client.get("/v1/referrals?limit=200")).text for client in (system, named)]
        answer = await named.get(path)

    assert [answer.status_code for answer in answers] == [404, 404]
    assert [sent["referral_ref"] in text for text in listed] == [False, True]
    assert answer.status_code == 200


async def test_nobody_refers_from_another_agencys_case(desk: Desk) -> None:
    case_ref = await desk.town.open_case("harbor-house", "bay-hotline")
    shelter_ref = await desk.town.case_ref_of(case_ref, "harbor-house")

    answer = await desk.ana.post("/v1/referrals", json=a_referral(shelter_ref))

    assert answer.status_code == 404


async def test_a_new_referral_names_an_older_one_of_the_same_case(desk: Desk) -> None:
    case_ref, _ = await desk.released()
    older = await desk.send(case_ref)
    elsewhere = await desk.send((await desk.released())[0])

    follows = await desk.send(case_ref, follows_ref=older["referral_ref"])
    refused = await desk.ana.post("/v1/referrals", json=a_referral(case_ref, follows_ref=elsewhere["referral_ref"]))

    assert follows["follows_ref"] == older["referral_ref"]
    assert refused.status_code == 422
    assert refused.json()["errors"] == [{"field": "body.follows_ref", "code": "unknown"}]


async def test_a_write_sent_again_is_done_once(desk: Desk) -> None:
    case_ref, _ = await desk.released()
    key = {"Idempotency-Key": uuid4().hex}

    first = await desk.ana.post("/v1/referrals", json=a_referral(case_ref), headers=key)
    again = await desk.ana.post("/v1/referrals", json=a_referral(case_ref), headers=key)
    other = await desk.ana.post("/v1/referrals", json=a_referral(case_ref, priority="day"), headers=key)

    assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert len(rows(desk, case_ref)) == 1


async def test_a_coordinator_sends_and_answers_nothing(desk: Desk) -> None:
    case_ref, _ = await desk.released()

    sent = await desk.cora.post("/v1/referrals", json=a_referral(case_ref))
    answered = await desk.cora.post(f"/v1/referrals/{uuid4()}/decline", json=DECLINED)

    assert {sent.status_code, answered.status_code} == {403}


async def test_without_a_token_all_referral_references_answer_alike(desk: Desk, web: Web, app: FastAPI) -> None:
    case_ref, _ = await desk.released()
    sent = await desk.send(case_ref)

    async with web.asking(app) as anonymous:
        existing = await anonymous.get(f"/v1/referrals/{sent['referral_ref']}")
        absent = await anonymous.get(f"/v1/referrals/{uuid4()}")

    assert {existing.status_code, absent.status_code} == {401}


async def test_the_table_holds_no_word_that_was_told(desk: Desk) -> None:
    case_ref, _ = await desk.released(DataCategory.IDENTITY)

    await desk.send(case_ref, given_name="Marisol", narrative="He came back.", code_word="heron")

    stored = str(rows(desk, case_ref))
    assert not any(word in stored for word in ("Marisol", "He came back.", "heron"))


async def test_of_two_answers_at_once_one_stands(desk: Desk) -> None:
    case_ref, _ = await desk.released()
    await desk.send(case_ref)
    path, match = f"/v1/referrals/{(await desk.received())['referral_ref']}", {"If-Match": '"1"'}

    answers = await asyncio.gather(
        desk.sam.post(f"{path}/acceptance", json=ACCEPTED, headers=match),
        desk.sam.post(f"{path}/decline", json=DECLINED, headers=match),
    )

    assert sorted(answer.status_code for answer in answers) == [200, 412]
    facts = [message.type for message in await mailbox(desk.town, case_ref, "bay-hotline")]
    assert len(facts) == 2
