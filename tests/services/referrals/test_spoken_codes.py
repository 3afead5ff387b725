"""A referral's spoken code: by chance, the same for both sides, and found only by who may see the referral."""

from typing import Any

import httpx
import pytest

from schemas.categories import DataCategory
from schemas.codes import Purpose
from services.referrals import spoken_codes
from tests.services.referrals.conftest import Desk, a_referral

STATUS = [DataCategory.REFERRAL_STATUS]


async def search(client: httpx.AsyncClient, spoken_code: str) -> list[dict[str, Any]]:
    answer = await client.post("/v1/referrals/search", json={"spoken_code": spoken_code})
    assert answer.status_code == 200, answer.text
    referrals: list[dict[str, Any]] = answer.json()["referrals"]
    return referrals


def test_a_code_is_two_words_and_a_number() -> None:
    codes = {spoken_codes.draw() for _ in range(100)}

    assert len(codes) > 95
    assert all(spoken_codes.parse(code) == code for code in codes)
    assert all(code.split()[0] != code.split()[1] for code in codes)


def test_the_words_are_all_different_and_short() -> None:
    assert len(set(spoken_codes.WORDS)) == len(spoken_codes.WORDS)
    assert all(3 <= len(word) <= 12 and word.isalpha() and word.islower() for word in spoken_codes.WORDS)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Amber kettle 42", "amber kettle 42"),
        (" amber-kettle-42. ", "amber kettle 42"),
        ("AMBER  KETTLE", "amber kettle"),
        ("amber", None),
        ("amber kettle 4", None),
        ("amber kettle 420", None),
        ("amber kettle 42 43", None),
        ("amber %ettle 42", None),
        ("", None),
    ],
)
def test_a_code_is_heard_in_any_spelling(text: str, code: str | None) -> None:
    assert spoken_codes.parse(text) == code


async def test_both_sides_find_a_referral_by_its_code(desk: Desk) -> None:
    case_ref, _ = await desk.released()
    sent = await desk.send(case_ref)
    received = await desk.received()

    code = sent["spoken_code"]
    assert received["spoken_code"] == code
    assert await search(desk.ana, code) == [sent]
    assert [row["referral_ref"] for row in await search(desk.sam, code.title())] == [received["referral_ref"]]
    assert received in await search(desk.sam, code.rsplit(" ", 1)[0])


async def test_a_cell_with_a_release_finds_it_and_others_do_not(desk: Desk) -> None:
    case_ref, _ = await desk.released()
    await desk.town.direct(case_ref, "county-cell", Purpose.COORDINATION, STATUS)
    code = (await desk.send(case_ref))["spoken_code"]

    (followed,) = await search(desk.cora, code)

    assert followed["case_ref"] == str(await desk.town.case_ref_of(case_ref, "county-cell"))
    assert await search(desk.lee, code) == await search(desk.jude, code) == []


async def test_after_a_stop_a_code_finds_nothing_there(desk: Desk) -> None:
    case_ref, directive_ref = await desk.released()
    code = (await desk.send(case_ref))["spoken_code"]

    await desk.town.revoke(case_ref, directive_ref)

    assert await search(desk.sam, code) == []
    assert len(await search(desk.ana, code)) == 1


async def test_who_may_not_know_the_code_does_not_find_by_it(desk: Desk) -> None:
    case_ref = await desk.town.open_case("bay-hotline")
    await desk.town.direct(case_ref, "harbor-house", Purpose.SHELTER, STATUS, only_fields=["referral_status.priority"])
    code = (await desk.send(case_ref))["spoken_code"]

    assert await search(desk.sam, code) == []
    assert "spoken_code" not in await desk.received()


async def test_no_two_open_referrals_bear_one_code(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sent them: the second takes another, and one that is closed reserves its code no more."""
    case_ref, _ = await desk.released()
    drawn = iter(["amber kettle 42", "amber kettle 42", "maple comet 17", "amber kettle 42"])
    monkeypatch.setattr(spoken_codes, "draw", lambda: next(drawn))
    first = await desk.send(case_ref)
    other_case = await desk.town.open_case("harbor-house")
    await desk.town.direct(other_case, "riverside-legal", Purpose.LEGAL_REPRESENTATION, STATUS)
    body = a_referral(other_case, to_agency_ref="riverside-legal", purpose="legal_representation")
    second = (await desk.sam.post("/v1/referrals", json=body)).json()
    await desk.ana.post(f"/v1/referrals/{first['referral_ref']}/withdrawal", json={"reason_code": "sender"})
    third = await desk.send(case_ref)

    codes = [referral["spoken_code"] for referral in (first, second, third)]
    assert codes == ["amber kettle 42", "maple comet 17", "amber kettle 42"]


@pytest.mark.parametrize("text", ["heron-4417", "", "amber", "x" * 81, None, 42])
async def test_what_is_no_code_is_refused_unechoed(desk: Desk, text: Any) -> None:
    answer = await desk.sam.post("/v1/referrals/search", json={"spoken_code": text})

    assert answer.status_code == 422
    assert "heron" not in answer.text
