"""The staff pages with script: light, and within their policy."""

from playwright.async_api import Response

from tests.e2e.conftest import Sit

MOST_BYTES, MOST_REQUESTS = 250_000, 10


async def test_with_script_a_page_stays_within_its_policy(sit: Sit) -> None:
    sitting = await sit("sam", script=True)
    await sitting.page.goto(f"{sitting.board}/app/board")
    await sitting.page.evaluate("() => { document.body.dataset.same = 'page' }")

    await sitting.page.locator("#count-again").focus()
    async with sitting.page.expect_response("**/app/board"):
        await sitting.press("Enter")
    await sitting.page.wait_for_function("() => document.activeElement.id === 'count-again'")

    assert await sitting.page.evaluate("() => document.body.dataset.same") == "page"
    assert await sitting.page.evaluate("() => document.body.classList.contains('js-enabled')")
    assert [text for text in sitting.complaints if "favicon" not in text] == []


async def test_counting_again_without_a_session_leads_to_the_start(sit: Sit) -> None:
    sitting = await sit("sam", script=True)
    await sitting.context.clear_cookies()

    await sitting.page.locator("#count-again").click()
    await sitting.page.wait_for_url(f"{sitting.board}/app?to=%2Fapp%2Fboard")

    assert await sitting.heading() == "Sign in"


async def test_a_first_page_is_light(sit: Sit) -> None:
    sitting = await sit("sam", script=True)
    cookies = await sitting.context.cookies()
    fresh = await sit(None, script=True)
    await fresh.context.add_cookies(cookies)  # type: ignore[arg-type]
    responses: list[Response] = []
    fresh.page.on("response", lambda response: responses.append(response))

    await fresh.page.goto(f"{fresh.board}/app/board", wait_until="networkidle")
    sizes = [await response.request.sizes() for response in responses]

    assert await fresh.heading() == "Board"
    assert len(responses) <= MOST_REQUESTS
    assert sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes) <= MOST_BYTES
