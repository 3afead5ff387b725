"""The staff pages with script: light, within their policy, usable by everybody, and gone when their reader left."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, Response

from schemas.town import Town
from services.dashboard.ui_files import FILES
from tests.e2e.browser_session import Sitting
from tests.e2e.conftest import Sit

MOST_BYTES, MOST_REQUESTS = 250_000, 10
PLACES = ("/app", "/app/board", "/app/board/waiting", "/app/board/questions", "/app/none")
WORDS = "what somebody read"


async def violations(page: Page) -> list[str]:
    """Return the rules of WCAG and good practice that a page breaks."""
    result = await Axe().run(page)
    return [f"{rule['id']} {node['html']}" for rule in result.response["violations"] for node in rule["nodes"]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 320])
async def test_axe_finds_nothing_on_any_page(sit: Sit, scheme: str, width: int) -> None:
    sitting = await sit("sam", width, script=True, color_scheme=scheme, bypass_csp=True)

    broken = []
    for place in PLACES:
        await sitting.page.goto(sitting.board + place)
        broken += [f"{place} {violation}" for violation in await violations(sitting.page)]

    assert broken == []


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


async def test_back_after_signing_out_shows_nothing(seeded: Town, remembering_chromium: Browser) -> None:
    sitting = await Sitting.begin(seeded, remembering_chromium, script=True)
    await sitting.sign_in("sam")
    await sitting.page.get_by_role("link", name="Waiting for my reply").click()
    await sitting.page.get_by_role("link", name="Sign out").click()
    await sitting.page.wait_for_url(f"{sitting.board}/app")

    await sitting.page.go_back()
    await sitting.page.get_by_role("heading", name="Sign in").wait_for()

    assert "Waiting" not in await sitting.page.content()
    await sitting.context.close()


class ForgetfulPages(BaseHTTPRequestHandler):
    """Two pages that say nothing about being kept, one of them with our script; each is shown once, then is gone."""

    def do_GET(self) -> None:
        name = self.path.removeprefix("/")
        shown: set[str] = self.server.shown  # type: ignore[attr-defined]
        if name in FILES:
            return self.answer(FILES[name].body, FILES[name].media_type)
        text = "gone" if name in shown else WORDS
        shown.add(name)
        script = '<script type="module" src="/boot.js"></script>' if name == "guarded" else ""
        return self.answer(f"<!doctype html><title>page</title>{script}<p>{text}</p>".encode(), "text/html")

    def answer(self, body: bytes, media_type: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def forgetful() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), ForgetfulPages) as server:
        server.shown = set()  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize(("name", "text"), [("open", WORDS), ("guarded", "gone")])
async def test_a_page_from_the_back_forward_cache_is_asked_anew(
    forgetful: str, remembering_chromium: Browser, name: str, text: str
) -> None:
    context = await remembering_chromium.new_context()
    page = await context.new_page()
    await page.goto(f"{forgetful}/{name}", wait_until="networkidle")
    await page.goto(f"{forgetful}/elsewhere")

    await page.go_back(wait_until="commit")
    await page.get_by_text(text).wait_for(timeout=5000)

    assert await page.locator("p").inner_text() == text
    await context.close()
