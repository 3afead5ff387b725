"""Take pictures of the staff pages of a running town: `python -m tests.e2e.screens RUN`.

For whoever changes a page: start a town with `make demo ARGS="--run .run/demo"`, take the pictures with
`make screens RUN=.run/demo`, look at each, commit those that changed.  Each is a JPEG of at most 60 KB, once as wide as
a desk's screen and once as a telephone's.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from cli import town as towns
from schemas.town import Town

FOLDER: Final = Path(__file__).parents[2] / "docs" / "screens"
MOST_BYTES: Final = 60_000
SCREENS: Final[dict[str, ViewportSize]] = {
    "desk": {"width": 1280, "height": 900},
    "phone": {"width": 375, "height": 780},
}
BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@dataclass(frozen=True, slots=True)
class Screen:
    """A page to be taken: its name, who looks, where it is, and the links that lead there, each by a CSS selector."""

    name: str
    person: str
    place: str
    links: tuple[str, ...] = ()


CASE: Final = "table a[href*='/app/cases/']"
ROW: Final = "tbody a"
PAGES: Final = (
    Screen("board", "ana", "/app/board"),
    Screen("cases", "ana", "/app/cases?view=agency"),
    Screen("case", "ana", "/app/cases?view=agency", (CASE,)),
    Screen("intake", "ana", "/app/cases/new"),
    Screen("plan", "ana", "/app/cases?view=agency", (CASE, "main a[href$='/plan']")),
    Screen("releases", "ana", "/app/releases"),
    Screen("release", "ana", "/app/releases", (ROW,)),
    Screen("referrals", "sam", "/app/referrals"),
    Screen("referral", "sam", "/app/referrals", (ROW,)),
    Screen("messages", "sam", "/app/messages"),
    Screen("message", "sam", "/app/messages", (ROW,)),
    Screen("orders", "lee", "/app/orders"),
    Screen("order", "lee", "/app/orders", (ROW,)),
    Screen("coordination", "cora", "/app/board"),
    Screen("wall", "cora", "/app/board?wall=1"),
    Screen("ledger", "audrey", "/app/ledger"),
    Screen("health", "priya", "/app/health"),
    Screen("people", "olga", "/app/people"),
    Screen("sessions", "olga", "/app/sessions"),
    Screen("keys", "ana", "/app/keys"),
)


def take_all(town: Town, folder: Path) -> list[Path]:
    """Take every picture; return the files, each in the folder under its page's name and its screen's."""
    folder.mkdir(parents=True, exist_ok=True)
    with _chromium() as browser:
        return [path for screen in PAGES for path in _take(town, browser, screen, folder)]


def _take(town: Town, browser: Browser, screen: Screen, folder: Path) -> Iterator[Path]:
    for kind, size in SCREENS.items():
        context = browser.new_context(viewport=size, device_scale_factor=1)
        page = context.new_page()
        _sign_in(town, page, screen.person)
        page.goto(town.services["dashboard"] + screen.place, wait_until="load")
        for link in screen.links:
            page.locator(link).first.click()
            page.wait_for_load_state("load")
        path = folder / f"{screen.name}-{kind}.jpeg"
        path.write_bytes(_picture(page))
        context.close()
        yield path


def _picture(page: Page) -> bytes:
    """Return the screen as the best JPEG that is small enough."""
    for quality in range(80, 10, -10):
        picture = page.screenshot(type="jpeg", quality=quality)
        if len(picture) <= MOST_BYTES:
            return picture
    raise ValueError(f"{page.url}: no picture of at most {MOST_BYTES} bytes")


def _sign_in(town: Town, page: Page, person_ref: str) -> None:
    place = next(person.passphrase_file for person in town.people if person.id == person_ref)
    page.goto(f"{town.services['dashboard']}/app/sign-in")
    page.get_by_label("Name").fill(person_ref)
    page.get_by_label("Passphrase").fill(Path(place).read_text().strip())
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Sign out").wait_for()


@contextmanager
def _chromium() -> Iterator[Browser]:
    """Yield this machine's Chromium; nothing is downloaded."""
    place = next((place for place in map(shutil.which, BROWSERS) if place), os.environ.get("ACCORD_CHROMIUM"))
    if place is None:
        raise SystemExit("no Chromium on this machine: install one, or name it in ACCORD_CHROMIUM")
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium's sandbox does not start as root
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=place, args=arguments)
        yield browser
        browser.close()


def main() -> None:
    """Take the pictures of the town of a run folder."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("run", type=Path, help="the run folder of a town that runs")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the pictures go")
    options = parser.parse_args()
    for path in take_all(towns.read(options.run), options.folder):
        sys.stdout.write(f"{path.name} {path.stat().st_size}\n")


if __name__ == "__main__":
    main()
