"""From a draft to a grant: what it takes, and what is open before and after."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from schemas.codes import Purpose
from tests.services.consent.builders import PART2
from tests.services.consent.conftest import TAKES_PART, Desk, a_permit, a_signature, now


async def test_a_draft_opens_nothing_and_its_signature_what_it_names(desk: Desk) -> None:
    case_ref = await desk.case()
    drafted = await desk.draft(case_ref, a_permit("needs", "children"))
    assert await desk.opens(case_ref) == set()

    answer = await desk.sign(drafted["directive_ref"])

    assert answer.status_code == 200
    assert answer.json()["state"] == "active"
    assert answer.json()["in_force"]
    assert answer.headers["etag"] == '"2"'
    assert await desk.opens(case_ref) == {"needs", "children"}


async def test_the_recipient_is_joined_and_told_only_at_the_grant(desk: Desk) -> None:
    case_ref = await desk.case()
    drafted = await desk.draft(case_ref, a_permit())
    joined = (
        'SELECT count(*) FROM register."case" WHERE subject_id ='
        ' (SELECT subject_id FROM register."case" WHERE case_ref = %(ref)s)'
    )
    assert desk.rows(joined, ref=case_ref) == [(1,)]

    await desk.sign(drafted["directive_ref"])

    assert await desk.facts_of(case_ref, "harbor-house") == ["granted.v1"]
    assert await desk.facts_of(case_ref, "bay-hotline") == ["granted.v1"]


@pytest.mark.parametrize("element", ["method", "language", "text_version", "explained_by", "signer_role", "signed_at"])
async def test_without_any_one_element_it_stays_a_draft(desk: Desk, element: str) -> None:
    case_ref = await desk.case()
    ref = (await desk.draft(case_ref, a_permit()))["directive_ref"]
    signature = {name: value for name, value in a_signature().items() if name != element}

    answer = await desk.ana.post(f"/v1/directives/{ref}/signature", json=signature, headers={"If-Match": '"1"'})

    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"field": f"body.{element}", "code": "missing"}]
    assert (await desk.ana.get(f"/v1/directives/{ref}")).json()["state"] == "draft"
    assert await desk.opens(case_ref) == set()


async def test_a_spoken_grant_is_refused(desk: Desk) -> None:
    ref = (await desk.draft(await desk.case(), a_permit()))["directive_ref"]

    answer = await desk.sign(ref, method="spoken")

    assert answer.status_code == 422


async def test_a_permit_without_an_end_is_refused(desk: Desk) -> None:
    case_ref = await desk.case()

    answer = await desk.ana.post(f"/v1/cases/{case_ref}/directives", json=a_permit(valid_until=None))

    assert answer.json()["errors"] == [{"field": "body.valid_until", "code": "missing"}]


@pytest.mark.parametrize("recipient", ["all", "*", "", "police", ["harbor-house", "county-sheriff"], "any-agency"])
async def test_no_wildcard_no_group_and_no_two_recipients(desk: Desk, recipient: Any) -> None:
    case_ref = await desk.case()

    answer = await desk.ana.post(f"/v1/cases/{case_ref}/directives", json=a_permit(recipient=recipient))

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "body.recipient"


async def test_stopping_one_of_three_recipients_leaves_two(desk: Desk) -> None:
    case_ref = await desk.case()
    shelter = await desk.permit(case_ref, "needs")
    await desk.permit(case_ref, "needs", recipient="riverside-legal", purpose="legal_representation")
    await desk.permit(case_ref, "needs", recipient="county-sheriff", purpose="order_enforcement")

    await desk.stop(shelter)

    assert await desk.opens(case_ref) == set()
    assert await desk.opens(case_ref, "riverside-legal", Purpose.LEGAL_REPRESENTATION) == {"needs"}
    assert await desk.opens(case_ref, "county-sheriff", Purpose.ORDER_ENFORCEMENT) == {"needs"}


async def test_a_release_runs_one_way(desk: Desk) -> None:
    case_ref = await desk.case()
    await desk.permit(case_ref, "needs")

    assert await desk.opens(case_ref, "bay-hotline", Purpose.SHELTER, of="harbor-house") == set()


async def test_no_directive_is_drafted_before_participation(desk: Desk) -> None:
    case_ref = await desk.case(takes_part=False)

    answer = await desk.ana.post(f"/v1/cases/{case_ref}/directives", json=a_permit())

    assert (answer.status_code, answer.json()["code"]) == (409, "not_participating")


async def test_taking_part_says_how_it_was_explained(desk: Desk) -> None:
    case_ref = await desk.case(takes_part=False)

    answer = await desk.ana.put(f"/v1/cases/{case_ref}/participation", json={"participation": "yes"})

    assert answer.json()["errors"] == [{"field": "body.evidence", "code": "missing"}]


async def test_only_the_home_agency_says_yes(desk: Desk) -> None:
    case_ref = await desk.case()
    await desk.permit(case_ref)
    their_case = await desk.town.case_ref_of(case_ref, "harbor-house")

    answer = await desk.sam.put(f"/v1/cases/{their_case}/participation", json=TAKES_PART)

    assert (answer.status_code, answer.json()["code"]) == (409, "held_elsewhere")


@pytest.mark.parametrize(
    ("tag", "status", "code"),
    [(None, 428, "precondition_required"), ('"7"', 412, "stale")],
)
@pytest.mark.parametrize("step", ["signature", "refusal"])
async def test_a_draft_is_answered_in_the_version_that_was_read(
    desk: Desk, step: str, tag: str | None, status: int, code: str
) -> None:
    case_ref = await desk.case()
    ref = (await desk.draft(case_ref, a_permit()))["directive_ref"]
    headers = {} if tag is None else {"If-Match": tag}
    body = a_signature() if step == "signature" else None

    answer = await desk.ana.post(f"/v1/directives/{ref}/{step}", json=body, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (await desk.ana.get(f"/v1/directives/{ref}")).json()["state"] == "draft"


async def test_signing_twice_is_refused(desk: Desk) -> None:
    ref = await desk.permit(await desk.case())

    answer = await desk.sign(ref, version=2)

    assert (answer.status_code, answer.json()["code"]) == (409, "not_a_draft")


async def test_an_unlabelled_overlap_is_refused_a_labelled_one_adds(desk: Desk) -> None:
    case_ref = await desk.case()
    first = await desk.permit(case_ref, "needs")

    refused = await desk.ana.post(f"/v1/cases/{case_ref}/directives", json=a_permit("children"))
    await desk.permit(case_ref, "children", adds_to_ref=first)

    assert (refused.status_code, refused.json()["code"]) == (409, "overlaps_another")
    assert await desk.opens(case_ref) == {"needs", "children"}


async def test_a_draft_that_overlaps_by_now_is_refused_at_signature(desk: Desk) -> None:
    case_ref = await desk.case()
    early = (await desk.draft(case_ref, a_permit("needs")))["directive_ref"]
    await desk.permit(case_ref, "children")

    answer = await desk.sign(early)

    assert (answer.status_code, answer.json()["code"]) == (409, "overlaps_another")
    assert await desk.opens(case_ref) == {"children"}


async def test_the_nine_part_2_elements_are_asked_for_and_never_kept(desk: Desk) -> None:
    case_ref = await desk.case("lantern-counselling", takes_part=False)
    await desk.takes_part(case_ref, "noor")
    terms = {
        "recipient": "bay-hotline",
        "purpose": "advocacy",
        "only_fields": ["substance_use.substance_use_attendance"],
    }
    ref = (await desk.draft(case_ref, a_permit("substance_use", **terms), "noor"))["directive_ref"]

    refused = await desk.sign(ref, "noor", part2={**PART2, "expiry": None}, explained_by="noor")
    signed = await desk.sign(ref, "noor", part2=PART2 | {"patient_name": "Marisol Canary"}, explained_by="noor")

    assert refused.json()["errors"] == [{"field": "body.part2.expiry", "code": "missing"}]
    assert signed.status_code == 200
    assert "Canary" not in str(desk.rows("SELECT * FROM register.directive WHERE directive_ref = %(ref)s", ref=ref))


@pytest.mark.parametrize("method", ["written", "e_signed"])
async def test_c1_a_recipient_cannot_sign_over_anothers_record(desk: Desk, method: str) -> None:
    case_ref = await desk.case()
    watch = {"custodian": "county-sheriff", "recipient": "bay-hotline", "purpose": "advocacy"}
    ref = (await desk.draft(case_ref, a_permit("order_terms", **watch)))["directive_ref"]

    by_the_recipient = await desk.sign(ref, method=method)
    opened = await desk.opens(case_ref, "bay-hotline", Purpose.ADVOCACY, of="county-sheriff")
    by_the_custodian = await desk.sign(ref, "lee", method=method, explained_by="lee")

    assert (by_the_recipient.status_code, by_the_recipient.json()["code"]) == (409, "custodian_signs")
    assert opened == set()
    assert by_the_custodian.status_code == 200
    assert await desk.opens(case_ref, "bay-hotline", Purpose.ADVOCACY, of="county-sheriff") == {"order_terms"}
    assert await desk.facts_of(case_ref, "county-sheriff") == ["granted.v1"]


async def test_a_grant_to_come_is_not_told_before_it_starts(desk: Desk) -> None:
    case_ref = await desk.case()

    await desk.permit(case_ref, "needs", valid_from=now(days=2))

    assert await desk.opens(case_ref) == set()
    assert await desk.facts_of(case_ref, "harbor-house") == []


async def test_after_a_clear_conflict_check_only(desk: Desk) -> None:
    case_ref = await desk.case()
    terms = {"recipient": "riverside-legal", "purpose": "legal_representation", "starts_when": "conflict_clear"}

    ref = await desk.permit(case_ref, "identity", **terms)

    assert await desk.opens(case_ref, "riverside-legal", Purpose.LEGAL_REPRESENTATION) == set()
    assert await desk.facts_of(case_ref, "riverside-legal") == []
    assert not (await desk.ana.get(f"/v1/directives/{ref}")).json()["in_force"]


async def answers_of_absence(desk: Desk, by: str, ref: object) -> list[httpx.Response]:
    client = desk.people[by]
    match = {"If-Match": '"1"'}
    return [
        await client.get(f"/v1/directives/{ref}"),
        await client.get(f"/v1/directives/{ref}/receipt"),
        await client.post(f"/v1/directives/{ref}/signature", json=a_signature(), headers=match),
        await client.post(f"/v1/directives/{ref}/refusal", headers=match),
        await client.post(f"/v1/directives/{ref}/revocation"),
    ]


async def test_refused_not_asked_and_unknown_look_alike_to_recipients(desk: Desk) -> None:
    case_ref = await desk.case()
    refused = (await desk.draft(case_ref, a_permit()))["directive_ref"]
    waiting = (await desk.draft(case_ref, a_permit("children")))["directive_ref"]
    answer = await desk.ana.post(f"/v1/directives/{refused}/refusal", headers={"If-Match": '"1"'})
    assert answer.json()["state"] == "refused"

    answers = [await answers_of_absence(desk, "sam", ref) for ref in (refused, waiting, uuid4())]

    for same in zip(*answers, strict=True):
        assert (
            len({(response.status_code, response.content, str(sorted(response.headers.items()))) for response in same})
            == 1
        )
        assert same[0].status_code == 404


async def test_the_custodian_sees_refused_and_not_asked_apart(desk: Desk) -> None:
    case_ref = await desk.case()
    refused = (await desk.draft(case_ref, a_permit()))["directive_ref"]
    await desk.ana.post(f"/v1/directives/{refused}/refusal", headers={"If-Match": '"1"'})

    listed = (await desk.ana.get(f"/v1/cases/{case_ref}/directives")).json()

    assert [directive["state"] for directive in listed["directives"]] == ["refused"]
    assert await desk.facts_of(case_ref, "bay-hotline") == ["refused.v1"]


async def test_only_the_custodian_lists_directives(desk: Desk) -> None:
    case_ref = await desk.case()
    await desk.permit(case_ref)
    await desk.permit(case_ref, recipient="riverside-legal", purpose="legal_representation")
    their_case = await desk.town.case_ref_of(case_ref, "harbor-house")

    listed = (await desk.sam.get(f"/v1/cases/{their_case}/directives")).json()

    assert listed == {"case_ref": str(their_case), "participation": None, "directives": [], "unreadable": 0}
