"""Why an agency sees something, or not: as the decision says it at that moment, to the custodian's people alone."""

from uuid import UUID

import pytest

from kernel.consent import Reason
from schemas.categories import DataCategory
from schemas.codes import AgencyKind, Purpose
from services.dashboard.navigation import RELEASES
from services.dashboard.pages.explanation_pages import REASON_WORDS
from tests.services.dashboard.browser import Browser
from tests.services.dashboard.conftest import Square

WAY = "harbor-house|shelter"


@pytest.fixture
async def ana(square: Square) -> tuple[Browser, UUID]:
    """An advocate, and a case of hers."""
    hotline = await square.agency(AgencyKind.HOTLINE)
    return await square.sign_in(await square.person(hotline, "advocate")), await square.town.open_case(hotline)


async def test_it_says_what_is_open_and_why_not_the_rest(square: Square, ana: tuple[Browser, UUID]) -> None:
    browser, case_ref = ana
    place = f"{RELEASES}/{case_ref}/explanation"
    release = await square.town.direct(case_ref, "harbor-house", Purpose.SHELTER, [DataCategory.NEEDS])
    await square.town.direct(case_ref, "harbor-house", None, [DataCategory.CHILDREN], effect="deny")

    page = await browser.read(f"{place}?way={WAY}")
    text = (await browser.get(f"{place}?way={WAY}")).text

    assert f"{RELEASES}/{case_ref}/release/{release}" in page.links
    assert page.rows == len(DataCategory)
    assert "No release names it." in text
    await square.town.revoke(case_ref, release)
    assert "They may see nothing of this case." in (await browser.get(f"{place}?way={WAY}")).text


async def test_the_choice_stands_alone_at_first(ana: tuple[Browser, UUID]) -> None:
    browser, case_ref = ana

    page = await browser.get(f"{RELEASES}/{case_ref}/explanation")

    assert (page.status_code, "May not see" in page.text, WAY in page.text) == (200, False, True)


@pytest.mark.parametrize("way", ["nobody|shelter", "harbor-house|", "x"])
async def test_what_is_not_offered_is_no_page(ana: tuple[Browser, UUID], way: str) -> None:
    browser, case_ref = ana

    assert (await browser.get(f"{RELEASES}/{case_ref}/explanation?way={way}")).status_code == 404


async def test_another_agencys_case_is_not_explained(square: Square, ana: tuple[Browser, UUID]) -> None:
    theirs = await square.town.open_case("bay-hotline")

    assert (await ana[0].get(f"{RELEASES}/{theirs}/explanation?way={WAY}")).status_code == 404


def test_each_reason_has_words() -> None:
    assert set(REASON_WORDS) == set(Reason)
