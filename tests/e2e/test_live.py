"""The board lives: a change comes to it by itself, it stands still when paused, and it leaves with the session."""

from pathlib import Path

import httpx
import pytest

from devstack.story.speaker import Speaker
from schemas.town import Town
from tests.e2e.browser_session import Sitting
from tests.e2e.conftest import Sit
from tests.support.waits import PATIENCE

WAITING = '.desk-tiles a[href$="/waiting"] .desk-tile__count'
READS = "([place, number]) => parseInt(document.querySelector(place).textContent) === number"


def refer(town: Town, case_ref: str) -> None:
    """Have ana refer somebody to the shelter, under the release that there is in this case."""
    with httpx.Client(timeout=30, trust_env=False) as client:
        ana = Speaker(town, "ana", "advocacy", client)
        body = {"case_ref": case_ref, "to_agency_ref": "harbor-house", "mode": "live", "service_code": "shelter"}
        ana.does("referrals", "POST", "/v1/referrals", body | {"priority": "urgent", "purpose": "shelter"})


async def live(sit: Sit) -> Sitting:
    sitting = await sit("sam", script=True)
    await sitting.page.locator('#live[data-state="on"]').wait_for()
    return sitting


async def reads(sitting: Sitting, number: int, within: float = PATIENCE) -> None:
    await sitting.page.wait_for_function(READS, arg=[WAITING, number], timeout=within * 1000, polling=20)


async def test_a_change_is_on_the_board_without_a_reload(sit: Sit, referred_case: str) -> None:
    sitting = await live(sit)
    before = (await sitting.numbers())["waiting"]

    refer(sitting.town, referred_case)
    await reads(sitting, before + 1)

    await sitting.page.get_by_text("What is shown here has changed.").wait_for(state="attached")


async def test_a_paused_board_stands_still_and_catches_up(sit: Sit, referred_case: str) -> None:
    sitting = await live(sit)
    before = (await sitting.numbers())["waiting"]
    await sitting.page.get_by_role("button", name="Pause").click()

    refer(sitting.town, referred_case)
    await sitting.page.wait_for_timeout(1500)
    still = (await sitting.numbers())["waiting"]
    await sitting.page.get_by_role("button", name="Go on").click()

    assert still == before
    await reads(sitting, before + 1)


async def test_a_board_leaves_the_screen_when_another_tab_signs_out(sit: Sit) -> None:
    sitting = await live(sit)
    tab = await sitting.context.new_page()
    await tab.goto(f"{sitting.board}/app/board")

    await tab.get_by_role("link", name="Sign out").click()
    await sitting.page.wait_for_url(f"{sitting.board}/app?to=%2Fapp%2Fboard")

    assert await sitting.heading() == "Sign in"


@pytest.mark.parametrize("width", [1280, 320])
async def test_the_live_control_is_drawn(sit: Sit, width: int, pictures: Path) -> None:
    sitting = await sit("sam", width, script=True)
    await sitting.page.locator('#live[data-state="on"]').wait_for()

    await sitting.page.screenshot(path=pictures / f"live-{width}.png", full_page=True)

    assert await sitting.page.evaluate("() => document.documentElement.scrollWidth") <= width
