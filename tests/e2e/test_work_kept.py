"""Work that is not lost: typed text outlives a time-out, and a form that is sent twice is one record."""

from pathlib import Path

import httpx
import pytest
from playwright.async_api import Page

from devstack import stack
from devstack.story.speaker import Speaker
from schemas.town import Town
from tests.e2e.browser_session import Sitting
from tests.e2e.conftest import NAME, Sit, refer
from tests.support.fault_injection import superuser

NEW = "/app/cases/new"
CALLED = "Name for your own people"
DIALOG = "#timeout[open]"


def older(running: stack.Stack, interval: str) -> None:
    """Let every session have been used last so long ago."""
    with superuser(running) as connection:
        connection.execute("UPDATE dashboard.session SET seen_at = seen_at - CAST(%s AS interval)", [interval])


def cases_called(running: stack.Stack) -> int:
    with superuser(running) as connection:
        row = connection.execute("SELECT count(*) FROM register.\"case\" WHERE agency_id = 'bay-hotline'").fetchone()
    assert row is not None
    return int(row[0])


async def typed(sitting: Sitting, text: str) -> Page:
    page = sitting.page
    await page.goto(sitting.board + NEW)
    await page.get_by_label(CALLED).press_sequentially(text)
    await page.locator(".desk-draft").get_by_text("Saved ").wait_for()
    return page


async def test_typed_text_outlives_a_time_out(sit: Sit, running: stack.Stack, pictures: Path) -> None:
    sitting = await sit("ana", script=True)
    await sitting.page.clock.install()
    page = await typed(sitting, "Blue door")

    older(running, "13 minutes 30 seconds")
    await page.clock.fast_forward("13:30")
    await page.locator(DIALOG).wait_for()
    warning = await page.locator(DIALOG).inner_text()
    await page.screenshot(path=pictures / "time-out.png")
    await page.keyboard.press("Shift")
    await page.locator(DIALOG).wait_for(state="detached")
    older(running, "16 minutes")
    await page.clock.fast_forward("16:00")
    await page.get_by_text("You were signed out after").wait_for()
    reason = await page.locator("main").inner_text()
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_label("Name").fill("ana")
    await page.get_by_label("Passphrase").fill(sitting.passphrase("ana"))
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url(sitting.board + NEW)
    await page.get_by_role("link", name="Go on with it").first.click()

    assert "signed out in 2 minutes" in warning
    assert "You were signed out after 15 minutes without use. Your work is kept." in reason
    assert await page.get_by_label(CALLED).input_value() == "Blue door"


async def test_a_double_click_and_a_refresh_are_one_record(sit: Sit, running: stack.Stack) -> None:
    sitting = await sit("ana", script=True)
    page = await typed(sitting, "Red door")
    before = cases_called(running)

    await page.get_by_role("button", name="Open the case").dblclick()
    await page.wait_for_url("**/app/cases/*?done=opened")
    await page.reload()
    await page.go_back()
    await page.get_by_label(CALLED).wait_for()

    assert cases_called(running) == before + 1
    assert await page.get_by_text("Red door").count() == 0


async def test_a_stop_takes_the_fields_and_leaves_what_is_typed(sit: Sit, town: Town) -> None:
    sitting = await sit("sam", script=True)
    page = sitting.page
    with httpx.Client(timeout=30, trust_env=False) as client:
        ana, sam = Speaker(town, "ana", "advocacy", client), Speaker(town, "sam", "shelter", client)
        sam.sets_aside_what_is_there()
        case_ref = refer(ana, times=1)
        opened = sam.opens(sam.waits_for("accord.referral.created.v1")["message_ref"])
        assert opened is not None
        await page.goto(f"{sitting.board}/app/referrals/{opened['categories']['referral_status']['referral_ref']}")
        await page.get_by_role("button", name="Open for: Shelter").click()
        await page.locator("#opened").get_by_text(NAME).wait_for()
        await page.locator('#live[data-state="on"]').wait_for()
        await page.get_by_label("Who will meet her").fill("Robin at the door")

        ana.does("consent", "POST", f"/v1/cases/{case_ref}/revocation", {"by": "survivor", "channel": "voice"})

    await page.get_by_text("What was open here is closed").wait_for()
    assert await page.get_by_text(NAME).count() == 0
    assert await page.get_by_label("Who will meet her").input_value() == "Robin at the door"


async def test_what_is_typed_in_the_last_second_is_saved_too(sit: Sit) -> None:
    sitting = await sit("ana", script=True)
    page = sitting.page
    await page.goto(sitting.board + NEW)
    await page.get_by_label(CALLED).fill("Grey door")

    await page.get_by_role("link", name="Back to cases").click()
    await page.get_by_role("heading", name="My cases").wait_for()

    await page.goto(sitting.board + NEW)
    await page.get_by_role("link", name="Go on with it").first.click()
    assert await page.get_by_label(CALLED).input_value() == "Grey door"


@pytest.mark.parametrize("width", [1280, 320])
async def test_an_offer_of_unsaved_work_is_drawn(sit: Sit, width: int, pictures: Path) -> None:
    sitting = await sit("ana", width, script=True)
    page = await typed(sitting, "Green door")

    await page.goto(sitting.board + NEW)
    await page.screenshot(path=pictures / f"draft-{width}.png")

    assert await page.get_by_role("button", name="Discard it").first.is_visible()
    assert await page.evaluate("() => document.documentElement.scrollWidth") <= width
