"""The coordinator's board: what is late first, each figure the length of its list, and a wall that names nobody."""

import re
from uuid import UUID

import pytest

from schemas.categories import DataCategory
from schemas.codes import AgencyKind, Purpose
from services.dashboard.domain import case_code
from services.dashboard.navigation import BOARD
from services.dashboard.rows.figure_rows import FollowedRow, chosen
from tests.services.dashboard.browser import Browser, Read
from tests.services.dashboard.conftest import Square

LATE = """
UPDATE referrals.referral SET overdue_since = register.instant(), answer_by = register.instant() - interval '20 min'
WHERE referral_ref IN (
    SELECT referral_ref FROM referrals.referral WHERE receiving_agency = %s ORDER BY created_at LIMIT 1)
"""


@pytest.fixture
async def cell(square: Square) -> tuple[str, Browser]:
    """A coordination cell of this test's own and its coordinator."""
    agency = await square.agency(AgencyKind.COORDINATION)
    return agency, await square.sign_in(await square.person(agency, "coordinator"))


async def followed(square: Square, cell: str, *receivers: str) -> UUID:
    """A case that the cell follows, with a referral to each of these agencies; the first is late."""
    case_ref = await square.town.open_case("bay-hotline")
    await square.town.direct(case_ref, cell, Purpose.COORDINATION, [DataCategory.REFERRAL_STATUS])
    for receiver in receivers:
        await square.town.direct(case_ref, receiver, Purpose.SHELTER, [DataCategory.REFERRAL_STATUS])
        await square.referral(receiver, case_ref)
    square.sql(LATE, receivers[0])
    return case_ref


async def test_each_figure_is_the_length_of_the_list_behind_it(square: Square, cell: tuple[str, Browser]) -> None:
    cell_id, browser = cell
    first, second = await square.agency(), await square.agency()
    await followed(square, cell_id, first, second, second)

    page = await browser.get(BOARD)

    figures = re.findall(r'href="(/app/board/followed/[^"]+)">(\d+)<', page.text)
    assert len(figures) >= 6
    for href, number in figures:
        assert (await browser.read(href.replace("&amp;", "&"))).rows == int(number), href


async def test_what_is_late_stands_above_the_numbers(square: Square, cell: tuple[str, Browser]) -> None:
    cell_id, browser = cell
    case_ref = await followed(square, cell_id, await square.agency())
    code = case_code(await square.town.case_ref_of(case_ref, cell_id))

    text = (await browser.get(BOARD)).text

    assert text.index("Late or due soon") < text.index(code) < text.index("desk-tiles")
    assert "20 min late" in text


async def test_a_wall_shows_numbers_and_leads_to_nobody(square: Square, cell: tuple[str, Browser]) -> None:
    cell_id, browser = cell
    case_ref = await followed(square, cell_id, await square.agency())
    code = case_code(await square.town.case_ref_of(case_ref, cell_id))

    page = await browser.read(f"{BOARD}?wall=1")

    assert code not in page.words
    assert not [link for link in page.links if "/followed/" in link or link.startswith(f"{BOARD}/")]
    assert "By agency that was asked" in page.words


async def test_where_referrals_are_away_no_figure_stands(square: Square, cell: tuple[str, Browser]) -> None:
    square.streets.away.add("referrals.test")

    for place in (BOARD, f"{BOARD}?wall=1"):
        text = (await cell[1].get(place)).text
        assert "All answered" not in text
        assert Read(text).counts in ([], [0, 0, 0])  # messages and tasks, which other services keep
        assert "By agency that was asked" not in text or "Not available just now" in text
    assert (await cell[1].get(f"{BOARD}/followed/open")).status_code == 503


async def test_whoever_follows_nothing_is_told_what_brings_it(cell: tuple[str, Browser]) -> None:
    text = (await cell[1].get(BOARD)).text

    assert "You follow no referral yet" in text
    assert "All answered. Nothing waits" in text


async def test_another_agencys_people_have_no_figures(square: Square) -> None:
    _, person = await square.worker()
    browser = await square.sign_in(person)

    assert "By agency that was asked" not in (await browser.get(BOARD)).text
    assert (await browser.get(f"{BOARD}/followed/open")).status_code == 404
    assert (await browser.get(f"{BOARD}/followed/none")).status_code == 404


async def test_a_case_worker_sees_what_is_late_first(square: Square) -> None:
    shelter, person = await square.worker()
    await square.referral(shelter)
    square.sql(LATE, shelter)
    browser = await square.sign_in(person)

    text = (await browser.get(BOARD)).text

    assert "Late or due soon" in text
    assert "20 min late" in text


def test_a_group_holds_its_states_alone() -> None:
    rows = [
        FollowedRow(referral_ref=UUID(int=number), case_ref=UUID(int=1), to_agency_ref="a", status=status)
        for number, status in enumerate(("sent", "accepted", "declined", "completed", None))
    ]

    sizes = {group: len(chosen(rows, group, "a")) for group in ("sent", "accepted", "open", "declined", "state-sent")}

    assert sizes == {"sent": 5, "accepted": 2, "open": 2, "declined": 1, "state-sent": 1}
    assert chosen(rows, "sent", "b") == []
