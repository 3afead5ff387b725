"""A real browser before the running town; where there is no Chromium, this suite is not run and says so.

ACCORD_CHROMIUM   the browser to use, where it is not found by itself
ACCORD_BROWSER    firefox: the stories that `make e2e` has in Firefox, in Firefox (tests/e2e/firefox.py)
"""

import os
import shutil
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, Playwright, async_playwright

from devstack.story import words
from devstack.story.speaker import Speaker
from schemas.town import Town
from tests.e2e import firefox
from tests.e2e.browser_session import Sitting
from tests.support.shared_towns import running, town

__all__ = ["running", "town"]

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium's sandbox does not start as root
IN_FIREFOX = os.environ.get("ACCORD_BROWSER") == "firefox"
CHROMIUMS = [place for place in (os.environ.get("ACCORD_CHROMIUM"), *map(shutil.which, NAMES)) if place]
BROWSERS = firefox.PLACES if IN_FIREFOX else CHROMIUMS

RELEASES = (
    ("harbor-house", "shelter", ["referral_status", "identity"]),
    ("county-cell", "coordination", ["referral_status"]),
)
NAME = "Canarina"

Sit = Callable[..., Coroutine[Any, Any, Sitting]]

collect_ignore_glob = [] if BROWSERS else ["test_*.py"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not BROWSERS:
        missing = "Firefox" if IN_FIREFOX else "Chromium"
        terminalreporter.write_line(f"tests/e2e: not run: no {missing} on this machine")


@pytest.fixture(scope="session")
async def chromium(run_folder: Path) -> AsyncIterator[Browser]:
    """The browser of this machine, Chromium unless Firefox is asked for; nothing is downloaded."""
    async with async_playwright() as playwright:
        browser = await launched(playwright, run_folder)
        yield browser
        await browser.close()


@pytest.fixture(scope="session")
async def remembering_chromium(run_folder: Path) -> AsyncIterator[Browser]:
    """The same with its back/forward cache, which Playwright turns off in Chromium: a page may come back as it was."""
    async with async_playwright() as playwright:
        browser = await launched(playwright, run_folder, ignore_default_args=["--disable-back-forward-cache"])
        yield browser
        await browser.close()


async def launched(playwright: Playwright, folder: Path, **options: Any) -> Browser:
    """Start the browser; what Playwright would say to Chromium that Firefox does not know is not said to it."""
    if IN_FIREFOX:
        return await playwright.firefox.launch(channel=firefox.CHANNEL, executable_path=firefox.launcher(folder))
    return await playwright.chromium.launch(executable_path=BROWSERS[0], args=ARGUMENTS, **options)


@pytest.fixture(scope="session")
def pictures(run_folder: Path) -> Path:
    """Where screenshots go; ACCORD_KEEP_RUN keeps them."""
    folder = run_folder / "pictures"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def seeded(town: Town, referred_case: str) -> Town:
    """The town, in which Ana referred somebody twice."""
    return town


@pytest.fixture(scope="session")
def referred_case(town: Town) -> str:
    """Ana refers somebody twice, under releases for the shelter and for coordination; return her case."""
    with httpx.Client(timeout=30, trust_env=False) as client:
        ana, sam = Speaker(town, "ana", "advocacy", client), Speaker(town, "sam", "shelter", client)
        case_ref = refer(ana, times=2)
        sam.waits_for("accord.referral.created.v1", count=2)
    return case_ref


def refer(ana: Speaker, *, times: int) -> str:
    """Have Ana open a case, take its releases, and refer it to the shelter; return the case."""
    case_ref = ana.does("intake", "POST", "/v1/cases", {})["case_ref"]
    chosen = {"participation": "yes", "evidence": words.EXPLAINED}
    ana.does("consent", "PUT", f"/v1/cases/{case_ref}/participation", chosen)
    for recipient, purpose, categories in RELEASES:
        terms = {"effect": "permit", "recipient": recipient, "purpose": purpose, "categories": categories}
        path = f"/v1/cases/{case_ref}/directives"
        draft = ana.does("consent", "POST", path, terms | {"valid_until": words.in_days(30)})
        signature = words.EXPLAINED | {"signed_at": words.now(), "signer_role": "survivor"}
        path = f"/v1/directives/{draft['directive_ref']}/signature"
        ana.does("consent", "POST", path, signature, If_Match=draft["etag"])
    referral = {"case_ref": case_ref, "to_agency_ref": "harbor-house", "mode": "live", "service_code": "shelter"}
    for _ in range(times):
        details = {"priority": "urgent", "purpose": "shelter", "given_name": NAME}
        ana.does("referrals", "POST", "/v1/referrals", referral | details)
    return str(case_ref)


@pytest.fixture
async def sit(seeded: Town, chromium: Browser) -> AsyncIterator[Sit]:
    begun: list[Sitting] = []

    async def sitting(person_ref: str | None = None, width: int = 1000, **options: Any) -> Sitting:
        window = await Sitting.begin(seeded, chromium, width, **options)
        begun.append(window)
        if person_ref is not None:
            await window.sign_in(person_ref)
        return window

    yield sitting
    for window in begun:
        await window.context.close()
