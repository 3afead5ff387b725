"""The record in a real browser: an officer, an auditor and a coordinator at what only they can do."""

import json
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from runtime.database.engine import engine
from runtime.messaging.acls import RELAY
from runtime.messaging.dead_letters import DeadLetterReason, RawRecord, put
from runtime.messaging.headers import Routing, write
from schemas.town import Town
from tests.e2e.conftest import Sit
from tests.support.run_folders import accord


async def set_aside(town: Town) -> None:
    """Set aside a message that the hotline sent, as a relay does with what is too large."""
    routing = Routing(uuid4(), "accord.referral.created.v1", "bay-hotline", uuid4(), datetime.now(UTC), 1)
    received = RawRecord("to.harbor-house", -1, 7, b"key", tuple(write(routing)), token_hex(8).encode())
    bound = engine(town.database.urls["accord_exchange"])
    async with AsyncSession(bound) as session:
        await put(session, RELAY, received, DeadLetterReason.TOO_LARGE, tries=5, message_ref=routing.message_ref)
        await session.commit()
    await bound.dispose()


async def test_the_officer_reads_who_looked_and_ends_a_wait(
    sit: Sit, seeded: Town, referred_case: str, pictures: Path
) -> None:
    await set_aside(seeded)
    sitting = await sit("priya", width=1280)
    page = sitting.page

    await page.goto(f"{sitting.board}/app/ledger")
    await page.get_by_label("What was done").select_option("offered")
    await page.get_by_role("button", name="Show").click()
    await page.locator("table a", has_text="Case").first.click()
    await page.get_by_role("link", name="Read this case's accounting").click()
    await page.goto(f"{sitting.board}/app/cases/{referred_case}/accounting")  # that of the case which was shared
    assert "Harbor House" in await page.locator("table").inner_text()
    await page.screenshot(path=pictures / "accounting-desk.png", full_page=True)
    await page.goto(f"{sitting.board}/app/ledger")
    await page.get_by_label("Refusals only").check()
    await page.get_by_role("button", name="Show").click()
    assert await page.locator(".moj-filter__tag", has_text="Refusals only").count() == 1

    await page.get_by_role("link", name="Health").click()
    await page.screenshot(path=pictures / "health-desk.png", full_page=True)
    await page.get_by_role("link", name="End its wait").first.click()
    await page.get_by_role("button", name="End its wait").click()

    assert "Its wait is over" in await page.locator("main").inner_text()


async def test_the_auditor_checks_one_entry_the_whole_and_a_file(
    sit: Sit, seeded: Town, pictures: Path, tmp_path: Path
) -> None:
    sitting = await sit("audrey", width=1280, accept_downloads=True)
    page = sitting.page
    await page.goto(f"{sitting.board}/app/ledger")
    number = await page.locator("caption").inner_text()
    assert number.startswith(f"{await page.locator('tbody tr').count()} in all")
    await page.screenshot(path=pictures / "ledger-desk.png", full_page=True)

    await page.get_by_role("button", name="Check the whole ledger").click()
    assert "Whole: nothing was changed" in await page.locator("main").inner_text()
    await page.screenshot(path=pictures / "check-desk.png", full_page=True)
    await page.get_by_role("link", name="Back to the ledger").click()
    async with page.expect_download() as downloading:
        await page.get_by_role("button", name="Export these with proofs").click()
    file = tmp_path / "excerpt.jsonl"
    await (await downloading.value).save_as(file)

    key = Path(seeded.run) / "ledger.vkey"
    done = accord("ledger", "verify", "--from", file, "--vkey", key, "--json")
    assert (done.exit_code, json.loads(done.output)["whole"]) == (0, True)


async def test_the_coordinator_opens_the_list_behind_each_number(sit: Sit, pictures: Path) -> None:
    sitting = await sit("cora", width=1280)
    page = sitting.page
    await page.screenshot(path=pictures / "coordination-desk.png", full_page=True)
    links = await page.locator("main a[href*='/followed/']").all()
    figures = [(await link.get_attribute("href"), await link.inner_text()) for link in links]

    assert figures
    for href, number in figures:
        await page.goto(f"{sitting.board}{href}")
        assert await page.locator("tbody tr").count() == int(number)
    await page.goto(f"{sitting.board}/app/board")
    await page.get_by_role("link", name="Show on a wall screen").click()

    assert await page.locator("main a").count() == 1  # that which leaves it
    await page.screenshot(path=pictures / "wall-desk.png", full_page=True)
