"""The shelter asks for more and reads not authorised; then she stops, and the shelter confirms (scenario C)."""

from pathlib import Path
from uuid import UUID

import httpx

from devstack.story.speaker import Speaker
from services.dashboard.domain import case_code
from tests.e2e.conftest import Sit, refer
from tests.e2e.test_release_stories import go, picture

WHY = "We want to know what happened at the door"


async def test_the_shelter_asks_for_more_and_confirms_a_stop(sit: Sit, pictures: Path) -> None:
    sam, ana = await sit("sam", width=1280), await sit("ana", width=1280)
    with httpx.Client(timeout=30, trust_env=False) as client:
        advocate, shelter = Speaker(sam.town, "ana", "advocacy", client), Speaker(sam.town, "sam", "shelter", client)
        shelter.sets_aside_what_is_there()
        case_ref = refer(advocate, times=1)
        received = shelter.waits_for("accord.referral.created.v1")
    for sitting in (sam, ana):
        sitting.complaints.clear()  # the issuer has no icon
    theirs, hers = f"/app/releases/{received['case_ref']}", f"/app/releases/{case_ref}"

    await sam.page.goto(f"{sam.board}{theirs}/requests")
    await go(sam, "Ask for more")
    await sam.page.get_by_label("Ask", exact=True).select_option(label="Bay Hotline")
    await sam.page.get_by_role("group", name="What is needed").get_by_label("Incident narrative").check()
    await sam.page.get_by_label("Why").fill(WHY)
    await picture(sam, pictures, "request-new")
    await sam.page.get_by_role("main").get_by_role("button", name="Ask").click()
    await sam.page.get_by_text("The agency that knows her is told, and asks her.").wait_for()

    await ana.page.goto(f"{ana.board}/app/tasks?view=agency")
    due = ana.page.get_by_role("row").filter(has_text=case_code(UUID(case_ref))).get_by_role("link").first
    await due.click()
    await go(ana, "Go to what was asked", "link")
    await ana.page.get_by_text(WHY).wait_for()
    await picture(ana, pictures, "requests")
    await go(ana, "She says no")
    await ana.page.get_by_text("It is recorded that she said no.").wait_for()
    await sam.page.reload()
    await sam.page.get_by_text("Not authorised").wait_for()
    await picture(sam, pictures, "requests-of-the-shelter")

    await ana.page.goto(f"{ana.board}{hers}/explanation")
    await ana.page.get_by_label("Agency and purpose").select_option(label="Harbor House: Shelter")
    await go(ana, "Look")
    await ana.page.get_by_text("No release names it.").first.wait_for()
    await picture(ana, pictures, "explanation")
    await ana.page.goto(f"{ana.board}{hers}/stop")
    await picture(ana, pictures, "stop")
    await go(ana, "Stop all")
    await go(ana, "Who was told to stop, and who has confirmed it", "link")
    await ana.page.get_by_text("Not confirmed yet").first.wait_for()
    await picture(ana, pictures, "acknowledgements-of-the-hotline")
    await sam.page.goto(f"{sam.board}/app/tasks?view=agency")
    code = case_code(UUID(received["case_ref"]))
    task = sam.page.get_by_role("row").filter(has_text=code).filter(has_text="confirm that you use it no more")
    await task.get_by_role("link").first.click()
    await picture(sam, pictures, "task-of-a-stop")
    await go(sam, "Go to where it is confirmed", "link")
    await picture(sam, pictures, "acknowledgements-of-the-shelter")
    await go(sam, "We use it no more")
    await sam.page.get_by_text("It is confirmed. The agency that knows her is told.").wait_for()
    await ana.page.reload()
    assert await ana.page.get_by_text("Not confirmed yet").count() == 1  # the coordination cell's
    assert not sam.complaints + ana.complaints
