"""Every page that the people of the town come to: each signs in and follows links, as far as pages differ."""

import re
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import httpx

from schemas.town import Town
from services.dashboard.language import COOKIE
from services.dashboard.navigation import CASES, PEOPLE, REFERRALS, RELEASES, TASKS
from services.dashboard.pages.open_session_pages import OWN
from tests.services.dashboard.browser import Browser, Read
from tests.services.dashboard.desk_routes import template_of
from tests.services.dashboard.form_walk import CHOICES, NOT_FOLLOWED, TYPED, DeskForm, FormsOfPage
from tests.services.dashboard.full_desk import closed_case, newcomer, start_screens, told_case
from tests.services.dashboard.test_order_pages import recorded
from tests.services.dashboard.test_release_pages import POLICE, considered, evidence, post

SEARCHES = ("/search", "/opening", "/correction")
NEVER_PRESSED = "/leaving"  # whoever else sits in this town goes on working there


@dataclass
class DeskPage:
    """A page as somebody came to it: whose, where, and what it says in English and, if it can be had, in Spanish."""

    person: str
    address: str
    template: str
    text: str
    status: int = 200
    spanish: str = ""


@dataclass
class Walk:
    """All pages that were come to, and which of them are of another kind than those before."""

    browsers: dict[str, Browser] = field(default_factory=dict)
    pages: list[DeskPage] = field(default_factory=list)
    forms: dict[str, tuple[str, DeskForm]] = field(default_factory=dict)

    def of_each_kind(self) -> list[DeskPage]:
        """Return one page of each kind: of each route, read or answered, in good order or refused."""
        return list({(page.template, page.status): page for page in reversed(self.pages)}.values())

    async def go(self, person: str, starts: Iterable[str]) -> None:
        """Follow the links from these pages on, to one page of each route."""
        waiting, visited = list(starts), set[str]()
        for number, address in enumerate(waiting):
            template = template_of("GET", address)
            first = number < len(tuple(starts)) or template not in visited
            if first and not address.startswith(NOT_FOLLOWED):
                visited.add(template)
                waiting += await self._read(person, address, template)

    async def _read(self, person: str, address: str, template: str) -> list[str]:
        answer = await self.browsers[person].get(address)
        if "location" in answer.headers:
            return [answer.headers["location"]]
        page = FormsOfPage(answer.text, self.browsers[person])
        self.pages.append(DeskPage(person, address, f"GET {template}", answer.text, answer.status_code))
        for form in page.forms:
            self.forms.setdefault(form.template, (person, form))
        return page.links

    async def press(self) -> None:
        """Send each form that changes nothing, and each with what is refused: their answers are pages too."""
        for template, (person, form) in list(self.forms.items()):
            typed, choices = form.of_kind(TYPED), form.of_kind(CHOICES)
            if form.action.partition("?")[0].endswith(SEARCHES):
                await self._send(person, form, template, dict.fromkeys(typed, "nobody knows"))
            if (typed or choices) and not template.endswith(NEVER_PRESSED):
                bad = dict.fromkeys(choices, "none of these") | dict.fromkeys(typed, "a\u202eb")
                await self._send(person, form, template, bad)

    async def _send(self, person: str, form: DeskForm, template: str, fields: dict[str, str]) -> None:
        answer = await form.send(fields)
        if "location" not in answer.headers:
            self.pages.append(DeskPage(person, form.action, f"POST {template}", answer.text, answer.status_code))

    async def in_spanish(self) -> None:
        """Ask for each kind of page once more, in the other language."""
        for page in self.of_each_kind():
            if page.template.startswith("GET"):
                client = self.browsers[page.person].client
                page.spanish = (await client.get(page.address, headers=_spanish(client))).text


def _spanish(client: httpx.AsyncClient) -> dict[str, str]:
    return {"Cookie": "; ".join([*(f"{name}={value}" for name, value in client.cookies.items()), f"{COOKIE}=es"])}


@asynccontextmanager
async def browsers(town: Town) -> AsyncIterator[dict[str, Browser]]:
    """Sign in everybody of the town."""
    async with AsyncExitStack() as stack:
        signed_in = {}
        for member in town.people:
            opened = httpx.AsyncClient(base_url=town.services["dashboard"], timeout=20, trust_env=False)
            signed_in[member.id] = Browser(await stack.enter_async_context(opened))
            await signed_in[member.id].sign_in(member.id, Path(member.passphrase_file).read_text().strip())
        yield signed_in


async def walked(town: Town, signed_in: dict[str, Browser], referred_case: str) -> Walk:
    """Fill the desks with what makes pages differ, and return the walk of everybody through them."""
    ana, olga, lee = (signed_in[name] for name in ("ana", "olga", "lee"))
    case, closed, denial = await told_case(ana), await closed_case(ana), await _talk(ana, referred_case)
    person, _ = await newcomer(olga), await recorded(lee)
    risk, started, screened = await start_screens(ana, case)
    ticked = re.findall(r'name="row" value="([^"]+)"', (await ana.get(f"{TASKS}?view=mine")).text)
    referred, stopped = f"{CASES}/{referred_case}", f"{RELEASES}/{referred_case}/stopped"
    starts = {
        "ana": (
            referred,
            case,
            closed,
            f"{denial}/lift",
            f"{case}/intake",
            f"{REFERRALS}?view=sent",
            f"{case}/plan/review",
            risk,
            started,
            screened,
            f"{screened}/override",
            f"{TASKS}/several?row={ticked[0]}",
            "/app/none",
            stopped,
        ),
        "mia": (f"{case}/opening", denial),
        "olga": (PEOPLE, f"{PEOPLE}/ana", f"{PEOPLE}/sessions", OWN),
        "priya": (person, f"{referred}/exclusion", f"{referred}/accounting"),
        "cora": ("/app/board?wall=1",),
    }
    walk = Walk(signed_in)
    for name in signed_in:
        await walk.go(name, (*starts.get(name, ()), "/app/board"))
    await walk.press()
    await walk.in_spanish()
    return walk


async def _talk(ana: Browser, case_ref: str) -> str:
    """Have a draft written down and a denial that waits for a second person; return the denial's page."""
    place = f"{RELEASES}/{case_ref}"
    denied = {"recipient": "lantern-counselling", "categories": ["location"]}
    before = set(Read((await ana.get(place)).text).links)
    assert (await post(ana, await ana.get(f"{place}/deny"), denied)).status_code == 303
    links = set(Read((await ana.get(place)).text).links) - before
    (denial,) = {link for link in links if f"{place}/release/" in link}
    await post(ana, await considered(ana, UUID(case_ref)), {"step": "drafts", "yes": [POLICE], "asked": ["needs"]})
    lifting = await ana.get(f"{denial}/lift")
    await post(ana, lifting, evidence(lifting))
    return denial
