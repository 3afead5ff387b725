"""Every page that anybody of the town comes to: fit for everybody, in both languages, wide and narrow, by keyboard."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page, Route, ViewportSize

from schemas.town import Town
from services.dashboard.live_routes import LIVE
from services.dashboard.session_auth import SIGN_OUT
from services.dashboard.templates import UI
from tests.e2e.browser_session import WIDTH
from tests.e2e.conftest import NAME
from tests.e2e.desk_walk import DeskPage, Walk, browsers, walked
from tests.e2e.test_records import set_aside
from tests.services.dashboard.browser import Read
from tests.services.dashboard.desk_routes import templates
from tests.services.dashboard.test_case_pages import TYPED_FIELDS
from tests.support.rounds import form

# Routes that answer with no page to read: they lead on, or give a file or a part.
NO_PAGES = frozenset(
    {
        "/",
        f"{UI}/{{name}}",
        LIVE,
        SIGN_OUT,
        "/app/sign-in",
        "/app/signed-in",
        "/app/session",
        "/app/language/{name}",
        "/app/keys/{state}",
        "/app/ledger/export",
        # Where a form is sent that stands on another page: whoever signs in again is led to that page.
        "/app/cases/{case_ref}/incidents/{incident_ref}/correction",
        "/app/cases/{case_ref}/incidents/{incident_ref}/versions",
        "/app/cases/{case_ref}/plan/opening",
        "/app/cases/{case_ref}/near-misses/opening",
        "/app/messages/{message_ref}/opening",
        "/app/referrals/{referral_ref}/opening",
        "/app/referrals/{referral_ref}/{answer}",
    }
)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]
AXE = {"resultTypes": ["violations"], "runOnly": {"type": "tag", "values": RULES}}
# What can differ in another language and other colours; how a page is built is the same.
AXE_AGAIN = {
    "resultTypes": ["violations"],
    "runOnly": {
        "type": "rule",
        "values": ["color-contrast", "target-size", "document-title", "html-lang-valid", "label"],
    },
}
LONG = form() != "short"
DESK: ViewportSize = {"width": 1280, "height": 1024}
ZOOMED: ViewportSize = {"width": 320, "height": 256}  # 1280 by 1024 at 400 %: WCAG 2.2, 1.4.10
AUDITED = "/app/audited"
# What somebody uses of the page and cannot come to by keyboard, or cannot see that they did.
OUT_OF_REACH = """() => {
  const controls = [...document.querySelectorAll("main a[href], main button, main input, main select, main textarea")]
    .filter((control) => control.type !== "hidden" && !control.disabled && control.checkVisibility());
  return controls.filter((control) => {
    control.focus({focusVisible: true});
    const shapes = [control, ...(control.labels ?? [])].flatMap((part) => ["", "::before", "::after"].map(
      (part_of) => getComputedStyle(part, part_of)));
    const marked = shapes.some((style) => style.outlineStyle !== "none" || style.boxShadow !== "none");
    return document.activeElement !== control || control.tabIndex < 0 || control.tabIndex > 0 || !marked;
  }).map((control) => control.outerHTML.slice(0, 120));
}"""


@pytest.fixture(scope="module")
async def walk(seeded: Town, referred_case: str) -> AsyncIterator[Walk]:
    await set_aside(seeded)
    async with browsers(seeded) as signed_in:
        yield await walked(seeded, signed_in, referred_case)


def test_no_page_is_forgotten(walk: Walk) -> None:
    reached = {page.template.removeprefix("GET ") for page in walk.pages if page.template.startswith("GET ")}

    assert set(templates("GET")) - NO_PAGES - reached == set()


def test_each_page_has_one_heading_and_its_action_without_script(walk: Walk) -> None:
    """A link or a form with a button in its main part, none of which waits for a script."""
    wrong = []
    for page in walk.pages:
        main = re.search(r"<main.*?</main>", page.text, re.DOTALL)
        acts = [] if main is None else re.findall(r'<a [^>]*href="/|<button|type="submit"', main.group())
        forms = [] if main is None else re.findall(r"<form.*?</form>", main.group(), re.DOTALL)
        mute = [form for form in forms if "<button" not in form]
        headings = Read(page.text).tags.count("h1")
        if headings != 1 or not acts or mute or "javascript:" in page.text:
            wrong.append((page.person, page.address, headings, len(acts), mute))

    assert wrong == []


def test_nobody_is_led_to_a_page_that_they_may_not_see(walk: Walk) -> None:
    refused = [
        (page.person, page.address, page.status)
        for page in walk.pages
        if page.template.startswith("GET") and page.status >= 400 and page.address != "/app/none"
    ]

    assert refused == []


def test_each_page_is_in_spanish_where_that_is_chosen(walk: Walk) -> None:
    pages = [page for page in walk.of_each_kind() if page.spanish]

    assert len(pages) > 40
    assert not [page.address for page in pages if '<html lang="es"' not in page.spanish]


def test_what_was_told_stands_on_no_page_before_it_is_opened(walk: Walk) -> None:
    """Nor in an address; whoever typed it is shown it in the form that was refused."""
    closed = [page for page in walk.pages if page.template.startswith("GET") or page.template.endswith("/search")]
    typed = [NAME, TYPED_FIELDS["narrative"].split("<")[0], TYPED_FIELDS["contact_address"], TYPED_FIELDS["known_as"]]

    assert not [(page.person, page.address, word) for page in closed for word in typed if word in page.text]
    assert not [page.address for page in walk.pages for word in typed if word in page.address]
    assert [page.template for page in walk.pages if NAME in page.text], "where it is opened it is seen"


async def test_every_page_is_fit_for_everybody(walk: Walk, seeded: Town, chromium: Browser) -> None:
    audits = asyncio.Semaphore(2)
    contexts = {name: await a_context(walk, seeded, chromium, name) for name in walk.browsers}

    async def audited(page: DeskPage) -> list[str]:
        async with audits:
            return await flaws(contexts[page.person], seeded.services["dashboard"], page)

    try:
        broken = await asyncio.gather(*(audited(page) for page in audited_pages(walk)))
    finally:
        for context in contexts.values():
            await context.close()
    flawed = [flaw for flaws_of_page in broken for flaw in flaws_of_page]
    assert not flawed, "\n".join(flawed)


async def a_context(walk: Walk, town: Town, chromium: Browser, person: str) -> BrowserContext:
    """Return a window with script in which this person is signed in."""
    context = await chromium.new_context(bypass_csp=True, viewport=DESK)
    context.set_default_timeout(60_000)
    board = town.services["dashboard"]
    cookies = walk.browsers[person].client.cookies
    await context.add_cookies([{"name": name, "value": value, "url": board} for name, value in cookies.items()])
    return context


def audited_pages(walk: Walk) -> list[DeskPage]:
    """Return one page of each kind; in the short form, of those that answer a form, one in six."""
    pages = walk.of_each_kind()
    answers = [page for page in pages if not page.template.startswith("GET")]
    return [page for page in pages if page not in answers] + answers[:: 1 if LONG else 6]


async def flaws(context: BrowserContext, board: str, page: DeskPage) -> list[str]:
    """Return what is wrong with a page: in English at a desk, and in Spanish at 400 %, in the long form in the dark."""
    window = await context.new_page()
    label = f"{page.template} ({page.status}) by {page.person}"
    await show(window, board, page.text)
    marks = [*await broken_rules(window, AXE), *await window.evaluate(OUT_OF_REACH), *await too_wide(window)]
    if page.spanish:
        await window.emulate_media(color_scheme="dark")
        await show(window, board, page.spanish)
        again = await broken_rules(window, AXE_AGAIN) if LONG else []
        marks += [f"es: {flaw}" for flaw in [*again, *await too_wide(window)]]
    await window.close()
    return [f"{label}: {flaw}" for flaw in marks]


async def show(window: Page, board: str, text: str) -> None:
    """Show a page as it was answered, at an address of its own: what a form is answered with has none."""

    async def answer(route: Route) -> None:
        await route.fulfill(body=text, content_type="text/html; charset=utf-8")

    await window.unroute_all()
    await window.route(f"**{AUDITED}", answer)
    await window.route(f"**{LIVE}*", refuse)  # nothing is to change while it is looked at
    await window.set_viewport_size(DESK)
    await window.goto(board + AUDITED)


async def refuse(route: Route) -> None:
    await route.abort()


async def broken_rules(window: Page, options: dict[str, Any]) -> list[str]:
    result = await Axe().run(window, options=options)
    return [f"{rule['id']} {node['html'][:160]}" for rule in result.response["violations"] for node in rule["nodes"]]


async def too_wide(window: Page) -> list[str]:
    """Tell of a page that has to be moved sideways to be read where there is room for 320 points."""
    await window.set_viewport_size(ZOOMED)
    width = await window.evaluate(WIDTH)
    return [f"{width} points wide"] if width > ZOOMED["width"] else []
