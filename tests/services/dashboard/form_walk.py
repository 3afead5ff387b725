"""Every form that a person can come to: pages are followed by their links, and each form is read as it stands."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser

import httpx

from services.dashboard.session_auth import SIGN_OUT
from tests.services.dashboard.browser import OWN_FORM, Browser
from tests.services.dashboard.desk_routes import template_of

CHOICES = frozenset({"radio", "checkbox", "select", "submit"})
TYPED = frozenset({"text", "textarea", "password"})
LOOKS = ("/opening", "/correction")  # forms that change nothing and lead to a page with more of them
NOT_FOLLOWED = (SIGN_OUT, "/app/sign-in", "/app/language/", "/app/keys/", "/app/ledger/export", "/app/ui/")


@dataclass(frozen=True)
class Field:
    """One field of a form: how it is filled in, and with what it stands there."""

    name: str
    kind: str
    value: str
    chosen: bool = True


@dataclass
class DeskForm:
    """A form of a page, before whose browser it stands, and the route that it is sent to."""

    action: str
    browser: Browser = field(repr=False, compare=False)
    fields: list[Field] = field(default_factory=list)

    @property
    def template(self) -> str:
        return template_of("POST", self.action)

    def of_kind(self, kinds: Iterable[str]) -> list[str]:
        """Return the names of the fields that are filled in so."""
        return list(dict.fromkeys(entry.name for entry in self.fields if entry.kind in kinds))

    @property
    def content(self) -> dict[str, list[str]]:
        """Return what a browser would send if nobody changed anything."""
        sent: dict[str, list[str]] = {}
        for entry in self.fields:
            if entry.chosen:
                sent.setdefault(entry.name, []).append(entry.value)
        return sent

    async def send(self, changes: Mapping[str, str | list[str]], **headers: str) -> httpx.Response:
        """Send the form with some fields changed, from a page of ours."""
        return await self.browser.client.post(self.action, data={**self.content, **changes}, headers=OWN_FORM | headers)


class FormsOfPage(HTMLParser):
    """The forms of a page with all their fields, and the links of its main part."""

    def __init__(self, text: str, browser: Browser) -> None:
        super().__init__()
        self.forms: list[DeskForm] = []
        self.links: list[str] = []
        self._browser = browser
        self._select = ""
        self._inside = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(DeskForm(attributes["action"], self._browser))
            self._inside = attributes.get("method") == "post"
            if not self._inside:
                self.forms.pop()
        elif tag == "a" and attributes.get("href", "").startswith("/app"):
            self.links.append(attributes["href"])
        elif self._inside:
            self._field(tag, attributes)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False

    def _field(self, tag: str, attributes: dict[str, str]) -> None:
        fields = self.forms[-1].fields
        name, value = attributes.get("name", ""), attributes.get("value", "")
        if tag == "input" and name:
            kind = attributes.get("type", "text")
            chosen = kind not in ("radio", "checkbox") or "checked" in attributes
            fields.append(Field(name, kind, value, chosen))
        elif tag == "textarea":
            fields.append(Field(name, "textarea", ""))
        elif tag == "select":
            self._select = name
            fields.append(Field(name, "select", ""))
        elif tag == "option" and "selected" in attributes:
            fields[-1] = replace(fields[-1], value=value)
        elif tag == "button" and name:
            fields.append(Field(name, "submit", value, chosen=not any(entry.name == name for entry in fields)))
        if tag == "button" and "formaction" in attributes:
            self.forms.insert(-1, DeskForm(attributes["formaction"], self._browser, fields))


async def forms_before(browser: Browser, *starts: str) -> list[DeskForm]:
    """Return the forms that stand before a browser on these pages, and on one page of each route that they lead to."""
    waiting, visited, forms = deque(starts), set[str](), dict[str, DeskForm]()
    for place in starts:
        await _read(browser, place, waiting, forms)
        visited.add(template_of("GET", place))
    while waiting:
        address = waiting.popleft()
        template = template_of("GET", address)
        if template not in visited and not address.startswith(NOT_FOLLOWED):
            visited.add(template)
            await _read(browser, address, waiting, forms)
    return list(forms.values())


async def _read(browser: Browser, address: str, waiting: deque[str], forms: dict[str, DeskForm]) -> None:
    """Note the links and the forms of a page, and of the pages that its looks lead to."""
    page = FormsOfPage((await browser.get(address)).text, browser)
    for form in list(page.forms):
        if form.action.endswith(LOOKS) and form.template not in forms:
            page.forms += FormsOfPage((await form.send({})).text, browser).forms
    waiting.extend(page.links)
    for form in page.forms:
        forms.setdefault(_place(form), form)


def _place(form: DeskForm) -> str:
    """Return what tells a form from others: its route, and for steps and answers which one."""
    return f"{form.template} {form.action.rpartition('/')[2] if form.template.endswith('}') else ''}"
