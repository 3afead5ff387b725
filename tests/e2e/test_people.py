"""The administrator adds a person, changes a role and takes somebody out, who is out at the next click."""

from pathlib import Path

from axe_playwright_python.async_playwright import Axe

from services.dashboard.navigation import PEOPLE
from services.dashboard.pages.open_session_pages import OWN
from tests.e2e.browser_session import WIDTH, Sitting
from tests.e2e.conftest import Sit

NAME = "Rosa Vega"


async def a_sitting(sit: Sit, person_ref: str, passphrase: str = "") -> Sitting:
    sitting = await sit(None)
    await sitting.sign_in(person_ref, passphrase)
    return sitting


async def value_of(sitting: Sitting, key: str) -> str:
    row = sitting.page.locator(".govuk-summary-list__row").filter(has=sitting.page.get_by_text(key, exact=True))
    return (await row.locator("dd").inner_text()).strip()


async def test_an_administrator_brings_somebody_in_and_out(sit: Sit) -> None:
    olga, priya = await a_sitting(sit, "olga"), await a_sitting(sit, "priya")
    await olga.page.get_by_role("button", name="Add a person").click()
    await olga.page.get_by_label("Full name").fill(NAME)
    await olga.page.get_by_label("Advocate:").check()
    await olga.page.get_by_role("button", name="Ask for this person").click()
    place = olga.page.url.partition("?")[0]

    await priya.page.goto(place)
    await priya.page.get_by_role("button", name="Confirm these roles").click()
    ref, passphrase = await value_of(priya, "Signs in as"), await value_of(priya, "Passphrase")
    rosa = await a_sitting(sit, ref, passphrase)
    await rosa.page.get_by_role("link", name="Cases").click()
    assert await rosa.heading() == "My cases"

    await olga.page.goto(f"{place}/roles")
    await olga.page.get_by_label("Advocate:").uncheck()
    await olga.page.get_by_label("Coordinator:").check()
    await olga.page.get_by_role("button", name="Change roles").click()
    assert (await value_of(olga, "Roles"), await value_of(olga, "Waits for a privacy officer")) == (
        "none",
        "Coordinator",
    )
    await rosa.page.reload()
    assert await rosa.page.get_by_role("link", name="Cases").count() == 0

    await olga.page.get_by_role("button", name="Take out").click()
    await olga.page.get_by_role("button", name="Take out").click()
    await rosa.page.goto(rosa.board + OWN)
    assert await rosa.heading() == "Sign in"


async def test_people_pages_are_fit_for_everybody(sit: Sit, pictures: Path) -> None:
    broken = []
    for width in (1280, 320):
        sitting = await sit(None, width, script=True, bypass_csp=True)
        await sitting.sign_in("olga")
        places = [
            PEOPLE,
            f"{PEOPLE}/ana",
            *(f"{PEOPLE}/{name}" for name in ("new", "changes", "systems", "sessions")),
            OWN,
        ]
        for place in [*places, f"{PEOPLE}/ana/roles", f"{PEOPLE}/ana/leaving"]:
            await sitting.page.goto(sitting.board + place)
            await sitting.page.screenshot(path=pictures / f"{width}{place.replace('/', '-')}.png", full_page=True)
            result = await Axe().run(sitting.page)
            broken += [f"{width} {place} {rule['id']}" for rule in result.response["violations"]]
            if await sitting.page.evaluate(WIDTH) > width:
                broken.append(f"{width} {place} is too wide")

    assert broken == []
