"""The pages by keyboard: single keys where they help, and one switch that turns them off."""

from tests.e2e.conftest import Sit


async def test_keys_walk_rows_and_work_controls(sit: Sit) -> None:
    sitting = await sit("ana", script=True)
    page = sitting.page
    await page.goto(f"{sitting.board}/app/cases?view=agency")
    first = await page.locator("tbody a").first.inner_text()

    await sitting.press("j")
    focused = await page.evaluate("() => document.activeElement.textContent")
    await sitting.press("/")
    searching = await page.evaluate("() => document.activeElement.id")
    await page.keyboard.type("jk")
    typed = await page.locator("#words").input_value()

    assert focused == first
    assert searching == "words"
    assert typed == "jk"

    await page.locator("h1").click()
    await sitting.press("a")
    await page.wait_for_url("**/app/cases/new")
    assert await sitting.heading() == "Open a case"


async def test_keys_that_are_switched_off_do_nothing(sit: Sit) -> None:
    sitting = await sit("ana", script=True)
    page = sitting.page
    await page.goto(f"{sitting.board}/app/keys")
    await page.get_by_role("link", name="Turn them off").click()
    await page.goto(f"{sitting.board}/app/cases?view=agency")

    await sitting.press("j")

    assert await page.evaluate("() => document.activeElement.tagName") == "BODY"
