"""Sam's night: an urgent referral found by its clock, opened as far as she allowed, taken on, and closed later."""

from collections.abc import Iterator

import httpx
import pytest

from devstack.story.speaker import Speaker
from schemas.town import Town
from tests.e2e.browser_session import Sitting
from tests.e2e.conftest import NAME, Sit


@pytest.fixture
def spoken_code(seeded: Town, referred_case: str) -> Iterator[str]:
    """Ana refers the same person on scene; return the code that she reads out to Sam."""
    with httpx.Client(timeout=30, trust_env=False) as client:
        ana, sam = Speaker(seeded, "ana", "advocacy", client), Speaker(seeded, "sam", "shelter", client)
        sam.sets_aside_what_is_there()
        referral = {
            "case_ref": referred_case,
            "to_agency_ref": "harbor-house",
            "mode": "live",
            "service_code": "shelter",
        }
        details = {"priority": "on_scene", "purpose": "shelter", "given_name": NAME}
        sent = ana.does("referrals", "POST", "/v1/referrals", referral | details)
        sam.waits_for("accord.referral.created.v1")
        yield sent["spoken_code"]


async def to_page(sitting: Sitting, section: str) -> None:
    """Follow the navigation; on a narrow page without script it stands open."""
    await sitting.page.get_by_role("link", name=section, exact=True).first.click()


async def test_sam_takes_on_an_urgent_referral_and_closes_it(sit: Sit, spoken_code: str) -> None:
    sitting = await sit("sam")
    await to_page(sitting, "Referrals")
    first = sitting.page.locator("tbody tr").first
    assert spoken_code in await first.inner_text(), "the closest deadline stands on top"
    assert "Soon:" in await first.inner_text()

    await first.get_by_role("link").click()  # one
    await sitting.page.get_by_role("button", name="Open for: Shelter").click()
    assert NAME in await sitting.page.locator("main").inner_text()
    assert "You may see it until" in await sitting.page.locator("main").inner_text()
    await sitting.page.get_by_role("button", name="Accept").click()  # two, with the look between them
    assert "You accepted it." in await sitting.page.locator("main").inner_text()
    assert NAME not in await sitting.page.content()

    await to_page(sitting, "Referrals")
    await sitting.page.get_by_role("link", name="My agency (").click()
    await sitting.page.get_by_label("Spoken code").fill(spoken_code.title())
    await sitting.page.get_by_role("button", name="Find").click()
    await sitting.page.get_by_text("Complete it at once").click()
    await sitting.page.get_by_label("Got help").check()
    await sitting.page.get_by_label("Yes, she knows").check()
    await sitting.page.get_by_role("button", name="Complete").click()
    assert "It is complete." in await sitting.page.locator("main").inner_text()


async def test_sam_ticks_a_referral_and_assigns_it_by_keys(sit: Sit, referred_case: str) -> None:
    sitting = await sit("sam", script=True)
    page = sitting.page
    await page.goto(f"{sitting.board}/app/referrals?view=unassigned")
    code = await page.locator("tbody th a").first.inner_text()

    for key in "jx":
        await sitting.press(key)
    assert await page.locator("tbody input:checked").count() == 1
    await sitting.press("a")
    await page.get_by_role("button", name="Save").click()

    await page.get_by_role("heading", name="What was assigned").wait_for()
    row = page.locator("tbody tr").first
    assert [code in await row.inner_text(), "Sam Okoye" in await row.inner_text()] == [True, True]
    await page.get_by_role("link", name="Back to referrals").first.click()
    await page.get_by_role("link", name="Mine (").click()
    assert code in await page.locator("tbody").inner_text()
