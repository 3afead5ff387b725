"""The advocate's night: a case on one screen without script, found again next morning, corrected and planned for."""

from tests.e2e.conftest import Sit


async def test_a_case_is_taken_in_and_found_next_morning(sit: Sit) -> None:
    night = await sit("ana")
    page = night.page
    await page.get_by_role("link", name="Cases", exact=True).click()
    await page.get_by_role("button", name="Open a case").click()
    await page.get_by_label("Name for your own people").fill("Night call by the bridge")
    await page.get_by_label("What she wants to be called").fill("Nela")
    await page.get_by_label("How to reach her").select_option("voice")
    await page.get_by_label("Number, mailbox, or whom to ask for").fill("555 0100")
    await page.get_by_label("Is it safe?").select_option("safe")
    await page.get_by_label("What she told").fill("He waits outside the house.")
    await page.get_by_label("Stalking").check()
    await page.get_by_role("button", name="Open the case and save").click()
    code = (await night.heading()).removeprefix("Case ").split("\n")[0].split(" ")[0]
    await page.get_by_role("link", name="Sign out").click()

    morning = await sit("ana")
    await morning.page.goto(f"{morning.board}/app/cases")
    await morning.page.get_by_label("Find a case by its code or its name").fill("night call by the bridge")
    await morning.page.get_by_role("button", name="Find").click()
    await morning.page.get_by_role("link", name=code).click()

    assert (await morning.heading()).startswith(f"Case {code}")
    assert "He waits outside" not in await morning.page.content()

    await morning.page.reload()  # what was written down comes back by the broker
    await morning.page.get_by_role("button", name="Open and correct").click()
    assert await morning.page.get_by_label("What she told").input_value() == "He waits outside the house."


async def test_a_plan_is_made_with_her(sit: Sit) -> None:
    sitting = await sit("ana")
    page = sitting.page
    await page.goto(f"{sitting.board}/app/cases/new")
    await page.get_by_role("button", name="Open the case and save").click()
    await page.get_by_role("button", name="Safety plan").click()
    await page.get_by_label("Ways out").fill("Kitchen door\nYard")
    await page.get_by_label("People she trusts").fill("Her sister")
    await page.get_by_role("button", name="Save the plan").click()

    assert "The plan is saved." in await page.content()
    assert "version 1" in await page.content()
