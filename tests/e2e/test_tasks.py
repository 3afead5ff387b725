"""The hotline's night and the morning after, in a browser: a screen, a near miss, and what is due and why."""

from pathlib import Path
from uuid import UUID

from services.dashboard.domain import case_code
from tests.e2e.browser_session import Sitting
from tests.e2e.conftest import Sit
from tests.e2e.test_release_stories import go, picture


async def opened_case(sitting: Sitting) -> str:
    """Open a case with a plan; return the address of its page."""
    page = sitting.page
    await page.goto(f"{sitting.board}/app/cases/new")
    await go(sitting, "Open the case and save")
    await page.wait_for_url("**/app/cases/*done=opened")
    place = page.url.partition("?")[0]
    await page.goto(f"{place}/plan")
    await page.get_by_label("Ways out").fill("Kitchen door")
    await go(sitting, "Save the plan")
    await page.wait_for_url("**/app/cases/*done=planned")
    return place


async def test_a_screen_and_a_near_miss_are_due_in_the_morning(sit: Sit, pictures: Path) -> None:
    sitting = await sit("ana", width=1280)
    sitting.complaints.clear()  # the issuer has no icon
    page = sitting.page
    case = await opened_case(sitting)
    code = case_code(UUID(case.rpartition("/")[2]))
    await go(sitting, "Risk screen")
    await picture(sitting, pictures, "risk-list")
    await go(sitting, "Start a screen")
    await page.get_by_role("group", name="weapon").get_by_label("Yes").check()
    await picture(sitting, pictures, "risk-questions")
    await go(sitting, "Show the result")
    await page.get_by_text("This is the highest band.").wait_for()
    await picture(sitting, pictures, "risk-result")

    await page.goto(f"{case}/near-misses/new")
    await page.get_by_label("What happened").fill("He stood at the gate")
    await page.get_by_label("What worked").fill("The neighbour rang")
    await go(sitting, "Save")
    await picture(sitting, pictures, "near-misses")
    await page.goto(case)
    await picture(sitting, pictures, "case-due")

    await page.goto(f"{sitting.board}/app/tasks?view=mine")
    await picture(sitting, pictures, "tasks")
    due = page.get_by_role("row").filter(has_text=code).get_by_role("link").first
    await due.click()
    await go(sitting, "Take it on")
    await page.get_by_text("You have taken it on.").wait_for()
    await picture(sitting, pictures, "task")
    await go(sitting, "Go to the safety plan", "link")
    await go(sitting, "It was looked at again and stands", "link")
    await page.get_by_label("What came of it, or why nothing changes").fill("The neighbour knows it")
    await picture(sitting, pictures, "review")
    await go(sitting, "Save")
    await page.get_by_text("Nothing is due in this case this week.").wait_for()
    assert not sitting.complaints


async def test_a_coordinator_puts_somebody_on_call(sit: Sit, pictures: Path) -> None:
    sitting = await sit("cora", width=1280)
    sitting.complaints.clear()  # the issuer has no icon
    page = sitting.page
    await page.goto(f"{sitting.board}/app/tasks/duty")
    await go(sitting, "Put somebody on call")
    await picture(sitting, pictures, "duty-shift")
    await go(sitting, "Save the shift")
    await page.get_by_text("The shift is saved.").wait_for()
    await picture(sitting, pictures, "duty")

    await go(sitting, "Remove")

    await page.get_by_text("The shift is gone.").wait_for()
    assert not sitting.complaints
