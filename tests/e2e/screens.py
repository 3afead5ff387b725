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
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from cli import town as towns
from schemas.town import Town

FOLDER: Final = Path(__file__).parents[2] / "docs" / "screens"
MOST_BYTES: Final = 60_000
PATIENCE: Final = 60_000.0  # milliseconds: a town may share its machine
SCREENS: Final[dict[str, ViewportSize]] = {
    "desk": {"width": 1280, "height": 900},
    "phone": {"width": 375, "height": 780},
    "wall": {"width": 1440, "height": 810},
}
BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@dataclass(frozen=True, slots=True)
class Screen:
    """A page to be taken: its name, where it is, and what is clicked on the way to it, each by a CSS selector."""

    name: str
    place: str
    clicks: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ("desk", "phone")


FIRST: Final = "tbody th a"  # the first row of a list leads to its page
CASES: Final = "/app/cases?view=agency"
TO_SIGN: Final = "/app/releases?tab=to-sign"
OPEN: Final = "main button[name='purpose']"
# Who looks at what, in the order of their navigation.
PAGES: Final[Mapping[str, tuple[Screen, ...]]] = {
    "ana": (
        Screen("board", "/app/board"),
        Screen("board-list", "/app/board/questions"),
        Screen("cases", CASES),
        Screen("case", CASES, (FIRST,)),
        Screen("intake", "/app/cases/new"),
        Screen("plan", CASES, (FIRST, "main a[href$='/plan']", "main form .govuk-button")),
        Screen("who-looked", CASES, (FIRST, "main a[href$='/accounting']")),
        Screen("refer", CASES, (FIRST, "main a[href*='/referrals/new']")),
        Screen("referral-sent", "/app/referrals?view=sent", (FIRST,)),
        Screen("releases", "/app/releases"),
        Screen("allows", TO_SIGN, (FIRST,)),
        Screen("release", TO_SIGN, ("tbody td a",)),
        Screen("stop", TO_SIGN, (FIRST, "main a[href$='/stop']")),
        Screen("talk", TO_SIGN, (FIRST, "main a[href$='/new']")),
        Screen("sign", TO_SIGN, (FIRST, "main a[href$='/sign']")),
        Screen("keys", "/app/keys"),
    ),
    "sam": (
        Screen("referrals", "/app/referrals"),
        Screen("referral", "/app/referrals", (FIRST,)),
        Screen("referral-opened", "/app/referrals", (FIRST, OPEN)),
        Screen("referral-accepted", "/app/referrals?view=mine", ("tbody tr:last-child th a",)),
        Screen("messages", "/app/messages"),
        Screen("message", "/app/messages", (FIRST, OPEN)),
    ),
    "noor": (Screen("counsellor", "/app/board"),),
    "jude": (Screen("attorney", "/app/orders"),),
    "dr-lin": (Screen("hospital", "/app/cases?view=agency"),),
    "lee": (
        Screen("unserved", "/app/board/orders"),
        Screen("orders", "/app/orders"),
        Screen("order", "/app/orders", (FIRST, "main form .govuk-button")),
        Screen("service", "/app/orders", (FIRST, "main a[href$='/step/service']")),
    ),
    "cora": (
        Screen("coordination", "/app/board"),
        Screen("followed", "/app/board/followed/open"),
        Screen("board", "/app/board?wall=1", kinds=("wall",)),
    ),
    "audrey": (
        Screen("ledger-check", "/app/ledger/check"),
        Screen("ledger-entry", "/app/ledger", ("tbody td a[href*='/entry?']",)),
    ),
    "priya": (
        Screen("ledger", "/app/ledger"),
        Screen("refusals", "/app/ledger?refused=y"),
        Screen("health", "/app/health"),
    ),
    "olga": (
        Screen("people", "/app/people"),
        Screen("person", "/app/people", (FIRST,)),
        Screen("person-new", "/app/people/new"),
        Screen("people-changed", "/app/people/changes"),
        Screen("systems", "/app/people/systems"),
        Screen("signed-in", "/app/people/sessions"),
        Screen("sessions", "/app/sessions"),
    ),
}


def take_all(town: Town, folder: Path, people: Collection[str] = ()) -> Iterator[Path]:
    """Take the pictures of these people's pages, or of everybody's; yield each file, named for its page and screen."""
    folder.mkdir(parents=True, exist_ok=True)
    with _chromium() as browser:
        for person, screens in PAGES.items():
            if not people or person in people:
                yield from _take(town, browser, person, screens, folder)


def _take(town: Town, browser: Browser, person: str, screens: Iterable[Screen], folder: Path) -> Iterator[Path]:
    """Take a person's pages, on each kind of screen after one sign-in."""
    for kind, size in SCREENS.items():
        of_kind = [screen for screen in screens if kind in screen.kinds]
        if not of_kind:
            continue
        context = browser.new_context(viewport=size, device_scale_factor=1)
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        _sign_in(town, page, person)
        for screen in of_kind:
            _go(page, town.services["dashboard"], screen)
            path = folder / f"{screen.name}-{kind}.jpeg"
            path.write_bytes(_picture(page))
            yield path
        context.close()


def _go(page: Page, dashboard: str, screen: Screen) -> None:
    page.goto(dashboard + screen.place, wait_until="load")
    for selector in screen.clicks:
        with page.expect_navigation(wait_until="load"):
            page.locator(selector).first.click()
    opened = page.locator(".desk-opened dl")
    if opened.count():
        opened.first.scroll_into_view_if_needed()


def _picture(page: Page) -> bytes:
    """Return the screen as the best JPEG that is small enough."""
    for quality in range(40, 10, -5):
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
    parser.add_argument("--person", action="append", default=[], help="only this person's pages; may be repeated")
    options = parser.parse_args()
    for path in take_all(towns.read(options.run), options.folder, options.person):
        sys.stdout.write(f"{path.name} {path.stat().st_size}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
