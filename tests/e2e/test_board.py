"""The board in a real browser, on the running town: script off, keyboard only, narrow, and honest in its numbers."""

from pathlib import Path

import pytest

from tests.e2e.conftest import NAME, Sit


@pytest.mark.parametrize(("person_ref", "least"), [("sam", {"waiting": 2, "messages": 2}), ("cora", {"waiting": 2})])
async def test_each_number_is_the_length_of_its_list(sit: Sit, person_ref: str, least: dict[str, int]) -> None:
    sitting = await sit(person_ref)
    numbers = await sitting.numbers()

    lengths = {}
    for name in numbers:
        await sitting.page.locator(f'.desk-tiles a[href$="/{name}"]').click()
        await sitting.page.wait_for_url(f"**/{name}")
        lengths[name] = await sitting.page.locator("tbody tr").count()
        assert NAME not in await sitting.page.content()
        await sitting.page.get_by_role("link", name="Back to the board").click()

    assert lengths == numbers
    assert all(numbers[name] >= number for name, number in least.items())


async def test_the_keyboard_alone_leads_in_through_and_out(sit: Sit) -> None:
    sitting = await sit()
    await sitting.page.goto(f"{sitting.board}/app")

    await sitting.press("Tab")
    assert await sitting.page.get_by_role("link", name="Skip to main content").is_visible()
    await sitting.tab_to("Sign in")
    await sitting.press("Enter")
    await sitting.page.get_by_label("Name").wait_for()
    await sitting.press("Tab")
    await sitting.page.keyboard.type("sam")
    await sitting.press("Tab")
    await sitting.page.keyboard.type(sitting.passphrase("sam"))
    await sitting.press("Enter")
    await sitting.page.wait_for_url(f"{sitting.board}/app/board")
    await sitting.tab_to("Waiting for my reply")
    await sitting.press("Enter")
    await sitting.page.wait_for_url(f"{sitting.board}/app/board/waiting")
    await sitting.tab_to("Back to the board")
    await sitting.press("Enter")
    await sitting.page.wait_for_url(f"{sitting.board}/app/board")
    await sitting.tab_to("Sign out")
    await sitting.press("Enter")
    await sitting.page.wait_for_url(f"{sitting.board}/app")

    assert await sitting.heading() == "Sign in"


async def test_the_skip_link_leads_past_the_header(sit: Sit) -> None:
    sitting = await sit("sam")

    await sitting.press("Tab", "Enter", "Tab")

    assert await sitting.page.evaluate("() => document.activeElement.textContent") == "Count again"


async def test_after_signing_out_going_back_shows_nothing(sit: Sit) -> None:
    sitting = await sit("sam")
    await sitting.page.get_by_role("link", name="Waiting for my reply").click()
    await sitting.page.get_by_role("link", name="Sign out").click()
    await sitting.page.wait_for_url(f"{sitting.board}/app")

    await sitting.page.go_back()

    assert await sitting.heading() == "Sign in"
    assert [cookie["name"] for cookie in await sitting.context.cookies()] == []


async def test_pages_are_drawn_and_nothing_is_loaded_from_elsewhere(sit: Sit, pictures: Path) -> None:
    for person_ref in ("sam", "cora"):
        sitting = await sit(person_ref)
        await sitting.page.screenshot(path=pictures / f"board-{person_ref}.png", full_page=True)
        await sitting.page.goto(f"{sitting.board}/app/board/waiting")
        await sitting.page.screenshot(path=pictures / f"waiting-{person_ref}.png", full_page=True)

        own_hosts = {place.partition("//")[2] for place in (sitting.board, sitting.town.issuer.url)}
        assert sitting.hosts == own_hosts
        assert sitting.complaints == []
        assert await sitting.page.locator("h1").count() == 1


async def test_targets_are_large_enough_to_hit(sit: Sit) -> None:
    sitting = await sit("sam")

    boxes = [
        await target.bounding_box()
        for target in await sitting.page.locator("a:visible:not(.govuk-skip-link), button:visible").all()
    ]

    assert boxes
    assert all(box is not None and box["height"] >= 24 and box["width"] >= 24 for box in boxes)
