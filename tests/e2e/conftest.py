"""A real browser before the running town; where there is no Chromium, this suite is not run and says so.

ACCORD_CHROMIUM   the browser to use, where it is not found by itself
"""

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

from tests.support.shared_towns import running, town

__all__ = ["running", "town"]

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
BROWSERS = [place for place in (os.environ.get("ACCORD_CHROMIUM"), *map(shutil.which, NAMES)) if place]

collect_ignore_glob = [] if BROWSERS else ["test_*.py"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not BROWSERS:
        terminalreporter.write_line("tests/e2e: not run: no Chromium on this machine")


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """The browser of this machine; nothing is downloaded."""
    as_root = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium's sandbox does not start as root
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=BROWSERS[0], args=as_root)
        yield browser
        await browser.close()


@pytest.fixture(scope="session")
def pictures(run_folder: Path) -> Path:
    """Where screenshots go; ACCORD_KEEP_RUN keeps them."""
    folder = run_folder / "pictures"
    folder.mkdir(exist_ok=True)
    return folder
