"""The advocate takes a release side by side and records a stop told by phone; the liaison an order from end to end."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.e2e.browser_session import WIDTH, Sitting
from tests.e2e.conftest import Sit

PHONE = 320


async def go(sitting: Sitting, name: str, role: str = "button") -> None:
    await sitting.page.get_by_role(role, name=name).first.click()  # type: ignore[arg-type]


async def picture(sitting: Sitting, pictures: Path, name: str) -> None:
    """Keep the page as it looks at a desk and on a phone; on a phone nothing is wider than the screen."""
    await sitting.page.screenshot(path=pictures / f"{name}.png", full_page=True)
    await sitting.page.set_viewport_size({"width": PHONE, "height": 800})
    await sitting.page.screenshot(path=pictures / f"{name}-phone.png", full_page=True)
    assert await sitting.page.evaluate(WIDTH) <= PHONE, name
    await sitting.page.set_viewport_size({"width": 1280, "height": 800})


async def a_case(sitting: Sitting) -> str:
    """Open a case at the desk; return the place of what its survivor allows."""
    await sitting.page.goto(f"{sitting.board}/app/cases/new")
    await go(sitting, "Open the case and save")
    await sitting.page.wait_for_url("**/app/cases/*done=opened")
    return sitting.page.url.partition("?")[0].replace("/cases/", "/releases/")


async def test_an_advocate_takes_a_release_and_records_a_stop(sit: Sit, pictures: Path) -> None:
    sitting = await sit("ana", width=1280)
    sitting.complaints.clear()  # the issuer has no icon
    page, place = sitting.page, await a_case(sitting)
    await page.goto(place)
    await picture(sitting, pictures, "release-case")
    await go(sitting, "Record her choice", "link")
    await page.get_by_label("Yes, other agencies").check()
    await picture(sitting, pictures, "release-participation")
    await go(sitting, "Record her choice")

    await go(sitting, "Talk about a release")
    for label in ("Harbor House: Shelter", "County Sheriff: Order enforcement"):
        await page.get_by_label(re.compile(label)).check()
    for label in ("Identity", "Needs", "Order terms"):
        await page.get_by_label(label, exact=True).check()
    await page.get_by_label("Last day").fill((datetime.now(UTC) + timedelta(days=30)).date().isoformat())
    await picture(sitting, pictures, "release-new")
    await go(sitting, "Go on")
    await picture(sitting, pictures, "release-card")
    await go(sitting, "She sees the screen")
    assert await page.get_by_text("Would newly see").count() == 6
    await picture(sitting, pictures, "release-compare")
    await page.get_by_role("group", name="by itself").get_by_role("checkbox").check()
    for box in await page.get_by_role("group", name="She says yes to").get_by_role("checkbox").all():
        await box.check()
    await go(sitting, "Write it down for her to sign")

    await go(sitting, "Español", "link")
    assert await page.get_by_text("PERMISO PARA COMPARTIR").is_visible()
    for box in await page.get_by_role("group", name="What she signs").get_by_role("checkbox").all():
        await box.check()
    await picture(sitting, pictures, "release-sign")
    await go(sitting, "She has signed")
    assert await page.get_by_text("In force", exact=True).count() >= 2
    await picture(sitting, pictures, "release-signed")
    await page.goto(f"{sitting.board}/app/releases?tab=in-force")
    await picture(sitting, pictures, "release-list")

    await page.goto(place)
    await go(sitting, "Record a stop told by phone")
    await picture(sitting, pictures, "release-stop")
    await go(sitting, "Stop all")
    assert re.search(r"\d\d:\d\d:\d\d", await page.locator("main").inner_text())
    assert await page.get_by_text("No other release is in force").is_visible()
    await picture(sitting, pictures, "release-stopped")
    assert not sitting.complaints


async def test_a_liaison_takes_an_order_from_request_to_end(sit: Sit, pictures: Path) -> None:
    sitting = await sit("lee", width=1280)
    page = sitting.page
    await page.goto(f"{sitting.board}/app/orders")
    await go(sitting, "Record an order")
    await page.get_by_label("Asked for, not yet decided").check()
    await page.get_by_label("Number of the order").fill("26-PO-0441")
    await page.get_by_label("Court").fill("County Court")
    await page.get_by_label("Whom it restrains").fill("R. Calder")
    await picture(sitting, pictures, "order-new")
    await go(sitting, "Record the order")
    place = page.url.partition("?")[0]

    async def step(button: str, label: str, send: str) -> None:
        await go(sitting, button)
        if label:
            await page.get_by_label(label, exact=True).check()
        await picture(sitting, pictures, f"order-step-{send.split()[-1]}")
        await go(sitting, send)
        await page.get_by_text("It is recorded.").wait_for()

    await step("The court issued it", "Temporary", "Record what was issued")
    await step("Service", "An officer has taken it in hand", "Record it")
    await page.goto(f"{sitting.board}/app/orders")
    await picture(sitting, pictures, "order-list")
    assert await page.locator(f'a[href="{place.removeprefix(sitting.board)}"]').count() == 1
    await page.goto(place)
    await step("Service", "It was served", "Record it")
    await step("It was broken", "", "Record the violation")
    await go(sitting, "Hearing")
    await page.get_by_label("Hearing").fill("2027-01-12T09:00")
    await go(sitting, "Record the hearing")
    await page.goto(place)
    await go(sitting, "Open the papers")
    assert await page.get_by_text("R. Calder").count() >= 1
    await picture(sitting, pictures, "order-opened")
    await page.goto(place)
    await step("It has ended", "Vacated", "Record the end")
    await picture(sitting, pictures, "order-ended")

    await page.goto(f"{sitting.board}/app/orders")
    await page.get_by_label("Number of the order").fill("26po 0441")
    await go(sitting, "Find")
    assert await page.locator(f'a[href="{place.removeprefix(sitting.board)}"]').count() == 1
    assert not sitting.complaints
