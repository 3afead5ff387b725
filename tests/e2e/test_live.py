"""The board lives: a change is on it within a second, it stands still when paused, and it leaves with the session."""

import time
from pathlib import Path

import httpx
import pytest

from devstack.story.speaker import Speaker
from schemas.town import Town
from tests.e2e.browser_session import Sitting
from tests.e2e.conftest import Sit

WAITING = '.desk-tiles a[href$="/waiting"] .desk-tile__count'
READS = "([place, number]) => parseInt(document.querySelector(place).textContent) === number"
WITHIN = 1.0


def refer(town: Town) -> None:
    """Have ana refer somebody to the shelter, under a release that there is."""
    with httpx.Client(timeout=30, trust_env=False) as client:
        ana = Speaker(town, "ana", "advocacy", client)
        (case_ref,) = {
            row["case_ref"] for row in ana.does("referrals", "GET", "/v1/referrals?direction=sent")["referrals"]
        }
        body = {"case_ref": case_ref, "to_agency_ref": "harbor-house", "mode": "live", "service_code": "shelter"}
        ana.does("referrals", "POST", "/v1/referrals", body | {"priority": "urgent", "purpose": "shelter"})


async def live(sit: Sit) -> Sitting:
    sitting = await sit("sam", script=True)
    await sitting.page.locator('#live[data-state="on"]').wait_for()
    return sitting


async def reads(sitting: Sitting, number: int, within: float = WITHIN) -> None:
    await sitting.page.wait_for_function(READS, arg=[WAITING, number], timeout=within * 1000, polling=20)


async def test_a_change_is_on_the_board_within_a_second(sit: Sit) -> None:
    sitting = await live(sit)
    before = (await sitting.numbers())["waiting"]

    refer(sitting.town)
    answered = time.monotonic()
    await reads(sitting, before + 1)

    assert time.monotonic() - answered < WITHIN
    await sitting.page.get_by_text("What is shown here has changed.").wait_for(state="attached")


async def test_a_paused_board_stands_still_and_catches_up(sit: Sit) -> None:
    sitting = await live(sit)
    before = (await sitting.numbers())["waiting"]
    await sitting.page.get_by_role("button", name="Pause").click()

    refer(sitting.town)
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
    await sitting.page.wait_for_url(f"{sitting.board}/app?to=%2Fapp%2Fboard", timeout=3000)

    assert await sitting.heading() == "Sign in"


@pytest.mark.parametrize("width", [1280, 320])
async def test_the_live_control_is_drawn(sit: Sit, width: int, pictures: Path) -> None:
    sitting = await sit("sam", width, script=True)
    await sitting.page.locator('#live[data-state="on"]').wait_for()

    await sitting.page.screenshot(path=pictures / f"live-{width}.png", full_page=True)

    assert await sitting.page.evaluate("() => document.documentElement.scrollWidth") <= width
