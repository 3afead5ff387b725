"""What a page of referrals asks for: several states, one other agency, one case, and the closest deadline first."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from schemas.categories import DataCategory
from schemas.codes import Purpose
from tests.services.referrals.conftest import Desk
from tests.services.referrals.test_lists import listed, of

STATUS = [DataCategory.REFERRAL_STATUS]
OWN = "direction=received&limit=200"


def refs(referrals: list[dict[str, Any]]) -> list[str]:
    return [referral["referral_ref"] for referral in referrals]


async def several(desk: Desk, *priorities: str) -> tuple[UUID, UUID, list[dict[str, Any]]]:
    """Send referrals of one case; return its sender's and its receiver's name for it, and what was sent."""
    case_ref, _ = await desk.released()
    sent = [await desk.send(case_ref, priority=priority) for priority in priorities]
    return case_ref, await desk.town.case_ref_of(case_ref, "harbor-house"), sent


async def answer(desk: Desk, referral: dict[str, Any], how: str, body: dict[str, Any] | None = None) -> None:
    tag = {"If-Match": f'"{referral["version"]}"'}
    answered = await desk.sam.post(f"/v1/referrals/{referral['referral_ref']}/{how}", json=body, headers=tag)
    assert answered.status_code == 200, answered.text


async def count(desk: Desk, query: str) -> int:
    number: int = (await desk.sam.get(f"/v1/referrals/count?{query}")).json()["count"]
    return number


async def test_the_closest_deadline_comes_first_page_by_page(desk: Desk) -> None:
    _, theirs, _ = await several(desk, "routine", "on_scene", "day", "urgent")

    pages = of(await listed(desk.sam, "direction=received&order=deadline&limit=2"), theirs)

    assert [referral["priority"] for referral in pages] == ["on_scene", "urgent", "day", "routine"]


async def test_a_logged_referral_has_no_deadline_and_stands_last(desk: Desk) -> None:
    case_ref, _, _ = await several(desk, "day")
    await desk.send(case_ref, mode="logged", priority="on_scene")
    await desk.send(case_ref, priority="routine")

    listed_here = of(await listed(desk.ana, "order=deadline&limit=1"), case_ref)

    assert [referral["mode"] for referral in listed_here] == ["live", "live", "logged"]


async def test_what_was_answered_has_no_deadline(desk: Desk) -> None:
    _, theirs, _ = await several(desk, "on_scene", "day", "urgent")
    at_once, _, _ = of(await listed(desk.sam, OWN), theirs)
    await answer(desk, at_once, "acceptance", {"advocate_name": "Sam"})

    pages = of(await listed(desk.sam, "direction=received&order=deadline&limit=1"), theirs)

    assert [referral["priority"] for referral in pages] == ["urgent", "day", "on_scene"]


async def test_the_last_change_comes_first(desk: Desk) -> None:
    _, theirs, _ = await several(desk, "day", "day", "day")
    first, second, third = of(await listed(desk.sam, OWN), theirs)
    await answer(desk, first, "acceptance", {"advocate_name": "Sam"})

    changed = of(await listed(desk.sam, "direction=received&order=changed&limit=1"), theirs)

    assert refs(changed) == refs([first, third, second])


async def test_several_states_and_priorities_are_one_filter(desk: Desk) -> None:
    _, theirs, _ = await several(desk, "urgent", "day", "urgent", "soon")
    urgent, day, question, _ = of(await listed(desk.sam, OWN), theirs)
    await answer(desk, day, "acceptance", {"advocate_name": "Sam"})
    await answer(desk, question, "question")

    waiting = f"{OWN}&case_ref={theirs}&state=sent&state=needs_info"
    assert len(await listed(desk.sam, waiting)) == await count(desk, waiting.replace("&limit=200", "")) == 3
    named = await listed(desk.sam, f"{waiting}&priority=urgent&priority=on_scene")
    assert refs(named) == refs([urgent, question])


async def test_open_and_closed_referrals_are_lists_of_their_own(desk: Desk) -> None:
    _, theirs, _ = await several(desk, "urgent", "day")
    first, second = of(await listed(desk.sam, OWN), theirs)
    await answer(desk, first, "decline", {"reason_code": "no_capacity"})

    closed, still_open = [
        await listed(desk.sam, f"{OWN}&case_ref={theirs}&closed={flag}") for flag in ("true", "false")
    ]

    assert (refs(closed), refs(still_open)) == (refs([first]), refs([second]))


async def test_a_list_is_of_one_other_agency(desk: Desk) -> None:
    case_ref, theirs, sent = await several(desk, "day")

    from_hotline, from_legal = [
        of(await listed(desk.sam, f"{OWN}&agency={agency}"), theirs) for agency in ("bay-hotline", "riverside-legal")
    ]

    assert (len(from_hotline), from_legal) == (1, [])
    assert refs(of(await listed(desk.ana, "agency=harbor-house&limit=200"), case_ref)) == refs(sent)


async def test_a_case_is_named_as_the_asker_knows_it(desk: Desk) -> None:
    case_ref, theirs, _ = await several(desk, "day")

    lists = [await listed(desk.sam, f"{OWN}&case_ref={ref}") for ref in (theirs, case_ref, uuid4())]

    assert [len(referrals) for referrals in lists] == [1, 0, 0]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("order=deadline", "answer_by status"),
        ("order=changed", "status"),
        ("priority=urgent", "priority"),
        ("agency=bay-hotline", "from_agency_ref"),
        ("closed=false", "status"),
    ],
)
async def test_what_is_hidden_neither_sorts_nor_filters(desk: Desk, query: str, field: str) -> None:
    lists = []
    for only in ("service_code", field):
        case_ref = await desk.town.open_case("bay-hotline")
        fields = [f"referral_status.{name}" for name in only.split()]
        await desk.town.direct(case_ref, "harbor-house", Purpose.SHELTER, STATUS, only_fields=fields)
        await desk.send(case_ref)
        theirs = await desk.town.case_ref_of(case_ref, "harbor-house")
        path = f"direction=received&{query}&case_ref={theirs}"
        lists.append((len(await listed(desk.sam, f"{path}&limit=200")), await count(desk, path)))

    assert lists == [(0, 0), (1, 1)]


async def test_a_cursor_of_another_order_is_refused(desk: Desk) -> None:
    await several(desk, "day", "urgent")
    link = (await desk.sam.get("/v1/referrals?direction=received&order=deadline&limit=1")).links["next"]["url"]

    answers = [
        await desk.sam.get("/v1/referrals" + link.replace("order=deadline", f"order={o}")) for o in ("sent", "deadline")
    ]

    assert [reply.status_code for reply in answers] == [422, 200]
