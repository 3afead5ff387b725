"""The forms of a page, each by its address, as a browser would send them."""

from html.parser import HTMLParser

import httpx

from tests.services.dashboard.browser import OWN_FORM, Browser


class PageForms(HTMLParser):
    """What each form of a page holds before anybody types: hidden fields, and what was filled in for them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: dict[str, dict[str, str]] = {}
        self._fields: dict[str, str] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._fields = self.forms.setdefault(attributes["action"], {})
        elif tag == "input" and "name" in attributes:
            chosen = attributes.get("type") not in ("radio", "checkbox") or "checked" in attributes
            if chosen:
                self._fields[attributes["name"]] = attributes.get("value", "")


async def send(browser: Browser, page: str, ending: str, **changes: str | list[str]) -> httpx.Response:
    """Send the form of a page whose address ends so, with these fields filled in or pressed."""
    forms = PageForms((await browser.get(page)).text).forms
    (action,) = [action for action in forms if action.partition("?")[0].endswith(ending)]
    return await browser.client.post(action, data={**forms[action], **changes}, headers=OWN_FORM)
