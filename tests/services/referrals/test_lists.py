"""Lists of referrals: what one may see now, page by page, and no trace of the rest."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from schemas.categories import DataCategory
from schemas.codes import Purpose
from tests.services.referrals.conftest import Desk

STATUS = [DataCategory.REFERRAL_STATUS]


async def listed(client: httpx.AsyncClient, query: str) -> list[dict[str, Any]]:
    """Return all pages of a list."""
    answer = await client.get(f"/v1/referrals?{query}")
    referrals: list[dict[str, Any]] = answer.json()["referrals"]
    while "next" in answer.links:
        answer = await client.get("/v1/referrals" + answer.links["next"]["url"])
        assert answer.json()["referrals"], "a page that a link leads to is never empty"
        referrals += answer.json()["referrals"]
    return referrals


def of(referrals: list[dict[str, Any]], case_ref: UUID) -> list[dict[str, Any]]:
    return [referral for referral in referrals if referral["case_ref"] == str(case_ref)]


async def test_each_side_lists_its_own(desk: Desk) -> None:
    case_ref, _ = await desk.released()
    sent = await desk.send(case_ref)
    shelter_ref = await desk.town.case_ref_of(case_ref, "harbor-house")

    assert of(await listed(desk.ana, "direction=sent&limit=200"), case_ref) == [sent]
    assert len(of(await listed(desk.sam, "direction=received&limit=200"), shelter_ref)) == 1
    assert of(await listed(desk.sam, "direction=sent&limit=200"), shelter_ref) == []


async def test_pages_hold_each_visible_referral_once_and_no_other(desk: Desk) -> None:
    visible, hidden = await desk.released(), await desk.released()
    for case_ref in (visible[0], hidden[0], hidden[0], visible[0], hidden[0], visible[0], hidden[0]):
        await desk.send(case_ref)
    await desk.town.revoke(*hidden)

    referrals = await listed(desk.sam, "direction=received&limit=2")

    refs = [referral["referral_ref"] for referral in referrals]
    assert len(refs) == len(set(refs))
    assert len(of(referrals, await desk.town.case_ref_of(visible[0], "harbor-house"))) == 3
    assert of(referrals, await desk.town.case_ref_of(hidden[0], "harbor-house")) == []


async def test_a_list_filters_by_state(desk: Desk) -> None:
    case_ref, _ = await desk.released()
    sent = await desk.send(case_ref)
    called_back = await desk.send(case_ref)
    await desk.ana.post(f"/v1/referrals/{called_back['referral_ref']}/withdrawal", json={"reason_code": "sender"})

    referrals = of(await listed(desk.ana, "state=sent&limit=200"), case_ref)

    assert [referral["referral_ref"] for referral in referrals] == [sent["referral_ref"]]


async def test_who_may_not_know_the_state_cannot_filter_by_it(desk: Desk) -> None:
    case_ref = await desk.town.open_case("bay-hotline")
    only = ["referral_status.priority"]
    await desk.town.direct(case_ref, "harbor-house", Purpose.SHELTER, STATUS, only_fields=only)
    await desk.send(case_ref)
    shelter_ref = await desk.town.case_ref_of(case_ref, "harbor-house")

    assert of(await listed(desk.sam, "direction=received&state=sent&limit=200"), shelter_ref) == []
    assert of(await listed(desk.sam, "direction=received&overdue=false&limit=200"), shelter_ref) == []
    assert len(of(await listed(desk.sam, "direction=received&limit=200"), shelter_ref)) == 1


async def test_without_the_state_the_number_of_changes_is_hidden(desk: Desk) -> None:
    case_ref, _ = await desk.released()
    only = ["referral_status.service_code"]
    await desk.town.direct(case_ref, "county-cell", Purpose.COORDINATION, STATUS, only_fields=only)
    sent = await desk.send(case_ref)
    cell_ref = await desk.town.case_ref_of(case_ref, "county-cell")
    (before,) = of(await listed(desk.cora, "direction=followed&limit=200"), cell_ref)

    await desk.ana.post(f"/v1/referrals/{sent['referral_ref']}/withdrawal", json={"reason_code": "sender"})

    assert of(await listed(desk.cora, "direction=followed&limit=200"), cell_ref) == [before]
    assert set(before) == {"referral_ref", "case_ref", "service_code"}


async def test_a_coordinator_follows_by_case_code_only_where_released(desk: Desk) -> None:
    followed, _ = await desk.released()
    other, _ = await desk.released()
    await desk.town.direct(followed, "county-cell", Purpose.COORDINATION, STATUS)
    sent = await desk.send(followed)
    await desk.send(other)

    referrals = await listed(desk.cora, "direction=followed&limit=200")

    (referral,) = of(referrals, await desk.town.case_ref_of(followed, "county-cell"))
    assert (referral["status"], referral["to_agency_ref"]) == ("sent", "harbor-house")
    assert referral["referral_ref"] not in (sent["referral_ref"], (await desk.received())["referral_ref"])
    assert "follows_ref" not in referral


async def test_a_cell_whose_release_ended_follows_no_more(desk: Desk) -> None:
    case_ref, _ = await desk.released()
    directive_ref = await desk.town.direct(case_ref, "county-cell", Purpose.COORDINATION, STATUS)
    await desk.send(case_ref)
    await desk.town.revoke(case_ref, directive_ref)

    referrals = await listed(desk.cora, "direction=followed&limit=200")

    assert of(referrals, await desk.town.case_ref_of(case_ref, "county-cell")) == []


async def test_an_agency_between_whom_it_did_not_pass_follows_nothing(desk: Desk) -> None:
    case_ref, _ = await desk.released()
    await desk.town.direct(case_ref, "county-sheriff", Purpose.CASE_CONFERENCE, STATUS)
    await desk.send(case_ref)

    assert await listed(desk.lee, "direction=followed&limit=200") == []


@pytest.mark.parametrize(
    "query",
    [
        "direction=everywhere",
        "state=lost",
        "overdue=perhaps",
        "limit=0",
        "limit=201",
        "limit=9&limit=9",
        "cursor=%00",
        "cursor=bm9uc2Vuc2U",
        "cursor=WyJ5ZXN0ZXJkYXkiLDBd",  # ["yesterday",0]
        "cursor=WyIyMDI2LTAzLTAyIiwwXQ",  # ["2026-03-02",0]: of no zone
        "cursor=WyIyMDI2LTAzLTAyVDEyOjAwOjAwKzAwOjAwIiwtMV0",  # [..., -1]
        "nonsense=1",
    ],
)
async def test_a_list_is_asked_for_in_words_we_know(desk: Desk, query: str) -> None:
    answer = await desk.ana.get(f"/v1/referrals?{query}")

    assert answer.status_code == 422
    assert "nonsense" not in answer.text
