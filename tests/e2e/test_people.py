"""The administrator adds a person, changes a role and takes somebody out, who is out at the next click."""

from services.dashboard.pages.open_session_pages import OWN
from tests.e2e.browser_session import Sitting
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
