"""After signing out, Back shows nothing, though the browser keeps pages as they were left; a control page leaks."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.async_api import Browser

from schemas.town import Town
from services.dashboard.ui_files import FILES
from tests.e2e.browser_session import PATIENCE_MS, Sitting

WORDS = "what somebody read"


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
    await page.get_by_text(text).wait_for(timeout=PATIENCE_MS)

    assert await page.locator("p").inner_text() == text
    await context.close()
