"""A person of the running town who sits before a browser."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, Page, ViewportSize

from schemas.town import Town

PATIENCE_MS = 40_000.0  # waits end when they may; a page that took longer than this is a defect on any machine
OUTLINE = "() => getComputedStyle(document.activeElement).outlineStyle + ' ' + document.activeElement.textContent"
WIDTH = "() => document.documentElement.scrollWidth"


@dataclass
class Sitting:
    """One browser window, with script switched off unless a test is about it: no page of ours needs any."""

    town: Town
    context: BrowserContext
    page: Page
    complaints: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    @classmethod
    async def begin(
        cls, town: Town, chromium: Browser, width: int = 1000, *, script: bool = False, **options: Any
    ) -> "Sitting":
        viewport: ViewportSize = {"width": width, "height": 800}
        context = await chromium.new_context(java_script_enabled=script, viewport=viewport, **options)
        context.set_default_timeout(PATIENCE_MS)
        page = await context.new_page()
        sitting = cls(town, context, page)
        page.on("console", lambda message: sitting.complaints.append(message.text))
        page.on("request", lambda request: sitting.hosts.add(urlsplit(request.url).netloc))
        return sitting

    @property
    def board(self) -> str:
        return self.town.services["dashboard"]

    def passphrase(self, person_ref: str) -> str:
        place = next(person.passphrase_file for person in self.town.people if person.id == person_ref)
        return Path(place).read_text().strip()

    async def sign_in(self, person_ref: str, passphrase: str = "") -> None:
        """Sign in, and wait for the first page of this person."""
        await self.page.goto(f"{self.board}/app")
        await self.page.get_by_role("button", name="Sign in").click()
        await self.page.get_by_label("Name").fill(person_ref)
        await self.page.get_by_label("Passphrase").fill(passphrase or self.passphrase(person_ref))
        await self.page.get_by_role("button", name="Sign in").click()
        await self.page.get_by_role("link", name="Sign out").wait_for()  # wherever this person begins

    async def numbers(self) -> dict[str, int]:
        """Return the numbers on the board by the names of their lists."""
        counts = {}
        for link in await self.page.locator(".desk-tiles a").all():
            name = str(await link.get_attribute("href")).rsplit("/", 1)[1]
            counts[name] = int((await link.locator(".desk-tile__count").inner_text()).split()[0])
        return counts

    async def heading(self) -> str:
        return await self.page.locator("h1").inner_text()

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.page.keyboard.press(key)

    async def tab_to(self, words: str) -> None:
        """Press Tab until what is in focus says `words`; each stop on the way shows that it is in focus."""
        for _ in range(30):
            await self.press("Tab")
            outline, _, text = (await self.page.evaluate(OUTLINE)).partition(" ")
            assert outline == "solid", text
            if words in text:
                return
        raise AssertionError(f"the keyboard does not lead to {words}")
