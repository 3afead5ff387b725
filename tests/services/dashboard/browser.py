"""A browser without a screen: it keeps cookies, follows forms as they stand on the page, and reads what is shown."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

import httpx

# What a real browser sends with a form of a page that says `no-referrer`.
OWN_FORM = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}
TIMES = re.compile(r'\d\d:\d\d| data-(idle|whole)="\d+"')  # what a page says of now and of what is left of a session


def text_without_time(answer: httpx.Response) -> str:
    """Return a page but for the time that it was asked for at, to be compared with another."""
    return TIMES.sub("", answer.text)


class Read(HTMLParser):
    """What a page says: its headings, numbers, links, rows and the fields of its form."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.links: list[str] = []
        self.fields: dict[str, str] = {}
        self.action = ""
        self.rows = 0
        self.scripts: list[str] = []
        self.lists: list[str] = []
        self.counts: list[int] = []
        self.headings: list[str] = []
        self.tags: list[str] = []
        self._open: list[str] = []
        self._counting = False
        self._select = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        self._open.append(tag)
        if tag == "a":
            self.links.append(attributes["href"])
            if "desk-tile__link" in attributes.get("class", ""):
                self.lists.append(attributes["href"])
        elif attributes.get("class") == "desk-tile__count":
            self._counting = True
        elif tag == "script":
            self.scripts.append(attributes["src"])
        elif tag == "th" and attributes["scope"] == "row":
            self.rows += 1
        else:
            self._read_form(tag, attributes)

    def _read_form(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "form":
            self.action = attributes["action"]
        elif tag == "input" and attributes.get("type") == "hidden":
            self.fields[attributes["name"]] = attributes["value"]
        elif tag == "select":
            self._select = attributes["name"]
        elif tag == "option" and (self._select not in self.fields or "selected" in attributes):
            self.fields[self._select] = attributes["value"]

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.words.append(data.strip())
            if self._counting:
                self.counts.append(int(data.split()[0]))
                self._counting = False
            if "h1" in self._open:
                self.headings.append(data.strip())


@dataclass
class Browser:
    """One person's browser."""

    client: httpx.AsyncClient
    pages: list[httpx.Response] = field(default_factory=list)

    async def get(self, address: str) -> httpx.Response:
        answer = await self.client.get(address)
        self.pages.append(answer)
        return answer

    async def read(self, address: str) -> Read:
        answer = await self.get(address)
        assert answer.status_code == 200, answer.text
        return Read(answer.text)

    async def to_issuer(self) -> httpx.Response:
        """Begin to sign in; return the issuer's page."""
        return await self.get((await self.get("/app/sign-in")).headers["location"])

    async def back_from_issuer(self, person_ref: str, passphrase: str) -> str:
        """Sign in at the issuer; return the address that it sends the browser to."""
        page = await self.to_issuer()
        form = Read(page.text)
        fields = form.fields | {"person": person_ref, "passphrase": passphrase}
        answer = await self.client.post(urljoin(str(page.url), form.action), data=fields, headers=OWN_FORM)
        return str(answer.headers["location"])

    async def sign_in(self, person_ref: str, passphrase: str) -> httpx.Response:
        return await self.get(await self.back_from_issuer(person_ref, passphrase))

    async def sign_out(self) -> httpx.Response:
        return await self.get("/app/sign-out")

    async def submit(self, page: str, **changes: str) -> httpx.Response:
        """Send the form that stands on a page, with these fields filled in."""
        form = Read((await self.get(page)).text)
        return await self.client.post(form.action, data=form.fields | changes, headers=OWN_FORM)

    async def counts(self) -> dict[str, int]:
        """Return each number of the board by the address of its list."""
        page = await self.read("/app/board")
        return dict(zip(page.lists, page.counts, strict=True))
