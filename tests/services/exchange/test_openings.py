"""Opening: what the survivor allows now, with its scope and notice, or the one answer that says nothing."""

from base64 import b64decode
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import rfc8785

from kernel.ledger.merkle import leaf_hash
from kernel.ledger.note import vkey_of
from kernel.ledger.promise import WITHIN, read_promise
from runtime import clock
from schemas.categories import DataCategory
from schemas.codes import Purpose
from schemas.facts import ReferralCreated
from tests.services.exchange.conftest import HOTLINE, PROMISES, Desk, listed

PART_2 = ["redisclosure_prohibited", "42_cfr_2_32"]


def told_of(answer: httpx.Response) -> tuple[int, bytes, list[tuple[str, str]]]:
    return answer.status_code, answer.content, sorted(answer.headers.items())


async def test_an_opening_says_the_permitted_fields_and_names_no_other(desk: Desk) -> None:
    case_ref, _ = await desk.released(DataCategory.IDENTITY, DataCategory.NEEDS)
    await desk.tell(case_ref)

    answer = await desk.opening(await desk.newest(case_ref))

    assert answer.status_code == 200
    assert answer.json()["categories"] == {"identity": {"given_name": "Marisol"}, "needs": {"needs": ["shelter"]}}
    assert set(answer.json()) == {
        "message_ref",
        "fact_ref",
        "type",
        "case_ref",
        "sender",
        "occurred_at",
        "categories",
        "scope",
        "notice",
        "record",
    }
    assert "null" not in answer.text


async def test_an_opening_says_for_what_on_whose_word_and_until_when(desk: Desk) -> None:
    case_ref, directive_ref = await desk.released()
    await desk.tell(case_ref)

    scope = (await desk.opening(await desk.newest(case_ref))).json()["scope"]

    ((until,),) = desk.rows("SELECT valid_until FROM register.directive WHERE directive_ref = %(r)s", r=directive_ref)
    (named,) = scope.pop("directives")
    assert scope == {"purpose": "shelter", "basis": "release", "until": until.isoformat().replace("+00:00", "Z")}
    assert named != str(directive_ref)


async def test_a_directive_has_one_reference_per_agency(
    desk: Desk,
) -> None:
    case_ref, _ = await desk.released()
    await desk.town.direct(case_ref, "county-sheriff", Purpose.EMERGENCY_SAFETY, [DataCategory.IDENTITY])
    await desk.tell(case_ref)
    first = await desk.newest(case_ref)
    await desk.tell(case_ref)
    second = await desk.newest(case_ref)
    police = await desk.newest(case_ref, "county-sheriff")

    answers = [
        await desk.opening(first),
        await desk.opening(second),
        await desk.opening(police, "emergency_safety", by=desk.people["lee"]),
    ]

    named = [answer.json()["scope"]["directives"] for answer in answers]
    assert named[0] == named[1]
    assert set(named[0]).isdisjoint(named[2])


async def test_the_own_record_opens_whole_on_its_own_basis(desk: Desk) -> None:
    case_ref, _ = await desk.released()
    await desk.tell(case_ref)

    answer = (await desk.opening(await desk.newest(case_ref, HOTLINE), "advocacy", by=desk.ana)).json()

    assert answer["categories"]["incident_narrative"] == {"narrative": "He said he would come back."}
    assert answer["scope"] == {"purpose": "advocacy", "basis": "own_record", "directives": []}


async def test_every_opening_says_that_it_may_not_be_passed_on(desk: Desk) -> None:
    case_ref, _ = await desk.released()
    await desk.tell(case_ref)

    notice = (await desk.opening(await desk.newest(case_ref))).json()["notice"]

    assert notice["codes"] == ["redisclosure_prohibited"]
    assert notice["text"]


async def of_care(desk: Desk, *categories: DataCategory) -> UUID:
    """Let a Part 2 programme refer somebody to the hotline; return the hotline's message."""
    case_ref = await desk.town.open_case("lantern-counselling")
    await desk.town.direct(case_ref, HOTLINE, Purpose.ADVOCACY, categories)
    referral = ReferralCreated(
        case_ref=case_ref,
        referral_ref=uuid4(),
        from_agency_ref="lantern-counselling",
        to_agency_ref=HOTLINE,
        status="sent",
        created_at="2026-11-21T02:10:00Z",
        kind="service",
        mode="live",
        service_code="advocacy",
        priority="urgent",
        substance_use_attendance="attending",
        needs=["shelter"],
    )
    await desk.offer(referral, by="lantern-counselling", person="noor")
    await desk.delivery.deliver(case_ref, "lantern-counselling", HOTLINE)
    return await desk.newest(case_ref, HOTLINE)


async def test_substance_use_carries_the_part_2_notice_and_its_scope(desk: Desk) -> None:
    message_ref = await of_care(desk, DataCategory.SUBSTANCE_USE, DataCategory.NEEDS)

    answer = (await desk.opening(message_ref, "advocacy", by=desk.ana)).json()

    assert answer["categories"]["substance_use"] == {"substance_use_attendance": "attending"}
    assert answer["notice"]["codes"] == PART_2
    assert "42 CFR part 2" in answer["notice"]["text"]
    assert answer["scope"]["directives"]
    assert answer["scope"]["until"]


async def test_bulk_openings_carry_the_part_2_notice_by_their_content(desk: Desk) -> None:
    care = await of_care(desk, DataCategory.SUBSTANCE_USE)
    other = await of_care(desk, DataCategory.NEEDS)

    body = {"purpose": "advocacy", "message_refs": [str(care), str(other)]}
    opened = (await desk.ana.post("/v1/openings", json=body)).json()["opened"]

    assert [opening["notice"]["codes"] for opening in opened] == [PART_2, PART_2[:1]]


async def test_every_message_that_cannot_be_opened_answers_alike(desk: Desk) -> None:
    case_ref, directive_ref = await desk.released()
    await desk.tell(case_ref)
    message_ref = await desk.newest(case_ref)
    await desk.block_kim(case_ref)
    expected = told_of(await desk.opening(uuid4()))

    answers = {
        "not permitted": await desk.opening(message_ref, "advocacy"),
        "never for a person": await desk.opening(message_ref, "conflict_check"),
        "blocked": await desk.opening(message_ref, by=desk.kim),
        "another agency's": await desk.opening(await desk.newest(case_ref, HOTLINE)),
        "of another agency": await desk.opening(message_ref, "emergency_safety", by=desk.people["lee"]),
        "malformed": await desk.opening("heron-4417"),
    }
    await desk.town.revoke(case_ref, directive_ref)
    answers["revoked"] = await desk.opening(message_ref)

    assert expected[0] == 404
    assert {name: told_of(answer) for name, answer in answers.items()} == dict.fromkeys(answers, expected)


async def test_each_opening_leaves_a_leaf_and_each_refusal_too(desk: Desk) -> None:
    case_ref, directive_ref = await desk.released()
    await desk.tell(case_ref)
    message_ref = await desk.newest(case_ref)

    await desk.opening(message_ref)
    await desk.opening(message_ref)
    await desk.opening(uuid4())
    await desk.town.revoke(case_ref, directive_ref)
    await desk.opening(message_ref)

    acts = [(leaf["act"], leaf["verdict"]) for leaf in desk.leaves()]
    assert acts == [("opened", "permit")] * 2 + [("refused", "deny")] * 2
    assert desk.leaves()[0]["categories"] == ["needs"]


async def test_a_message_that_has_not_arrived_is_absent(desk: Desk) -> None:
    case_ref, _ = await desk.released()
    await desk.tell(case_ref)
    message_ref = await desk.newest(case_ref)
    desk.rows("DELETE FROM exchange.message WHERE message_ref = %(ref)s", ref=message_ref)

    assert (await desk.opening(message_ref)).status_code == 404


async def test_a_late_opening_releases_nothing_and_may_be_retried(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    case_ref, _ = await desk.released()
    await desk.tell(case_ref)
    ticks = iter(range(0, 10_000, 6))
    with monkeypatch.context() as slow:
        slow.setattr(clock, "monotonic", lambda: float(next(ticks)))
        answer = await desk.opening(await desk.newest(case_ref))

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert "shelter" not in answer.text
    assert [leaf["act"] for leaf in desk.leaves()] == ["opened"]


async def test_a_repeated_opening_is_decided_anew_and_never_stored(desk: Desk) -> None:
    case_ref, directive_ref = await desk.released()
    await desk.tell(case_ref)
    message_ref, key = await desk.newest(case_ref), {"Idempotency-Key": uuid4().hex}
    body = {"purpose": "shelter", "message_refs": [str(message_ref)]}

    first = await desk.opening(message_ref, key=key)
    together = await desk.sam.post("/v1/openings", json=body, headers=key)
    await desk.town.revoke(case_ref, directive_ref)
    again = await desk.opening(message_ref, key=key)
    together_again = await desk.sam.post("/v1/openings", json=body, headers=key)

    assert (first.status_code, again.status_code) == (200, 404)
    assert (len(together.json()["opened"]), together_again.json()) == (1, {"opened": []})
    assert desk.rows("SELECT * FROM carrying.idempotency WHERE agency_id = %(agency)s", agency=desk.shelter) == []


async def test_openings_keep_the_requested_order_and_omit_the_absent(desk: Desk) -> None:
    (permitted, _), (revoked, directive_ref) = await desk.released(), await desk.released()
    refs = list[str]()
    for case_ref in (permitted, revoked, permitted):
        await desk.tell(case_ref)
        refs.append(str(await desk.newest(case_ref)))
    await desk.town.revoke(revoked, directive_ref)
    requested = [refs[2], str(uuid4()), refs[1], refs[0], refs[2]]

    answer = await desk.sam.post("/v1/openings", json={"purpose": "shelter", "message_refs": requested})

    assert [opening["message_ref"] for opening in answer.json()["opened"]] == [refs[2], refs[0]]
    assert set(answer.json()) == {"opened", "promise"}
    assert sorted(leaf["act"] for leaf in desk.leaves()) == ["opened", "opened", "refused", "refused"]


async def test_a_hundred_are_opened_at_once_and_not_one_more(desk: Desk) -> None:
    refs = [str(uuid4()) for _ in range(101)]

    hundred = await desk.sam.post("/v1/openings", json={"purpose": "shelter", "message_refs": refs[:100]})
    more = await desk.sam.post("/v1/openings", json={"purpose": "shelter", "message_refs": refs})

    assert (hundred.status_code, hundred.json()) == (200, {"opened": []})
    assert (more.status_code, more.json()["code"]) == (422, "invalid")
    assert len(desk.leaves()) == 100


@pytest.mark.parametrize("body", [{}, {"purpose": None}, {"purpose": "heron-4417"}, {"purpose": ["shelter"]}])
async def test_a_purpose_is_stated_in_a_word_of_the_list(desk: Desk, body: dict[str, Any]) -> None:
    case_ref, _ = await desk.released()
    await desk.tell(case_ref)

    answers = [
        await desk.sam.post(f"/v1/messages/{await desk.newest(case_ref)}/opening", json=body),
        await desk.sam.post("/v1/openings", json=body | {"message_refs": [str(await desk.newest(case_ref))]}),
    ]

    for answer in answers:
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "body.purpose"
        assert "heron-4417" not in answer.text
    assert desk.leaves() == []


async def test_what_was_opened_lies_in_no_table(desk: Desk) -> None:
    case_ref, _ = await desk.released(DataCategory.IDENTITY, DataCategory.NEEDS)
    await desk.tell(case_ref)
    await desk.opening(await desk.newest(case_ref), key={"Idempotency-Key": uuid4().hex})

    for table in ("exchange.message", "exchange.mailbox", "carrying.offer", "carrying.idempotency", "ledger.pending"):
        assert "Marisol" not in str(desk.rows(f"SELECT * FROM {table}"))  # noqa: S608 - names of our own


ALTERED = "UPDATE exchange.message SET body = set_byte(body, 40, get_byte(body, 40) # 1) WHERE message_ref = %(ref)s"


async def test_an_altered_body_is_absent_to_all_and_logged(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    case_ref, _ = await desk.released()
    await desk.tell(case_ref)
    await desk.tell(case_ref)
    changed, own = await desk.newest(case_ref), await desk.newest(case_ref, HOTLINE)
    (whole,) = [ref for (ref,) in desk.rows(MESSAGES, ref=await desk.shelter_case_ref(case_ref)) if ref != changed]
    desk.rows(ALTERED, ref=changed)
    desk.rows(ALTERED, ref=own)

    answers = [await desk.opening(changed), await desk.opening(own, "advocacy", desk.ana), await desk.opening(uuid4())]
    offered = await desk.ana.post(f"/v1/messages/{own}/offering", json={})
    body = {"purpose": "shelter", "message_refs": [str(changed), str(whole)]}
    several = (await desk.sam.post("/v1/openings", json=body)).json()["opened"]

    assert len({repr(told_of(answer)) for answer in answers}) == 1
    assert (answers[0].status_code, offered.status_code) == (404, 404)
    assert [opening["message_ref"] for opening in several] == [str(whole)]
    assert [record.message for record in caplog.records].count("body_altered") == 4


MESSAGES = "SELECT message_ref FROM exchange.message WHERE case_ref = %(ref)s"


async def test_h9_each_opening_promises_that_its_look_is_on_record(desk: Desk) -> None:
    case_ref, _ = await desk.released()
    await desk.tell(case_ref)

    answer = await desk.opening(await desk.newest(case_ref))

    record = answer.json()["record"]
    promised = read_promise(record["promise"], vkey_of(PROMISES))
    (look,) = [leaf for leaf in desk.leaves() if leaf["act"] == "opened"]
    leaf = b64decode(record["leaf"])
    assert promised.leaves == (leaf,) == (leaf_hash(rfc8785.dumps(look)),)
    assert promised.by == datetime.fromisoformat(look["at"]) + WITHIN


async def test_h9_one_promise_covers_all_openings_and_nothing_absent(desk: Desk) -> None:
    case_ref, _ = await desk.released()
    await desk.tell(case_ref)
    await desk.tell(case_ref)
    refs = [message["message_ref"] for message in await listed(desk.sam)]
    body = {"purpose": "shelter", "message_refs": [*refs, str(uuid4())]}

    answer = (await desk.sam.post("/v1/openings", json=body)).json()
    empty = (await desk.sam.post("/v1/openings", json=body | {"message_refs": [str(uuid4())]})).json()

    leaves = tuple(b64decode(opening["record"]["leaf"]) for opening in answer["opened"])
    assert len(leaves) == 2
    assert read_promise(answer["promise"], vkey_of(PROMISES)).leaves == leaves
    assert empty == {"opened": []}
