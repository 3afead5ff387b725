"""Whoever is signed out is told why, and after signing in again goes on where they were; nobody is led elsewhere."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from services.dashboard.cookies import Cookies
from services.dashboard.places import own_page
from services.dashboard.session_auth import BACKGROUND
from tests.services.dashboard.browser import OWN_FORM, Read
from tests.services.dashboard.conftest import PASSPHRASE, Square
from tests.services.dashboard.desk_routes import PAGES, template_of

BOARD = "/app/board/waiting"
OLDER = "UPDATE dashboard.session SET {} = {} - interval '{}'"
SESSION = "/app/session"
NOBODYS = "00000000-0000-4000-8000-000000000000"


def forms() -> Iterator[str]:
    """Yield the template of each address that a form of whoever is signed in is sent to."""
    yield from (page.path for page in PAGES if page.entrance.session and "POST" in (page.methods or ()))


def older(square: Square, column: str, interval: str) -> None:
    square.sql(OLDER.format(column, column, interval))


@pytest.mark.parametrize(
    ("column", "interval", "text"),
    [
        ("seen_at", "16 minutes", "You were signed out after 15 minutes without use. Your work is kept."),
        ("ends_at", "9 hours", "You were signed out after 8 hours. Your work is kept."),
    ],
)
async def test_whoever_was_signed_out_is_told_so(square: Square, column: str, interval: str, text: str) -> None:
    _, person_ref = await square.worker()
    browser = await square.sign_in(person_ref)
    older(square, column, interval)

    answer = await browser.get(BOARD)
    page = await browser.get(answer.headers["location"])

    assert text in page.text
    assert Read(page.text).headings == ["Sign in"]


async def test_signing_in_again_leads_back(square: Square) -> None:
    _, person_ref = await square.worker()
    browser = await square.sign_in(person_ref)
    older(square, "seen_at", "16 minutes")
    start = await browser.get((await browser.get("/app/cases?view=open&done=opened")).headers["location"])
    (sign_in,) = [link for link in Read(start.text).links if link.startswith("/app/sign-in")]
    form = await browser.get((await browser.get(sign_in)).headers["location"])
    fields = Read(form.text).fields | {"person": person_ref, "passphrase": PASSPHRASE}
    address = str(form.url.join(Read(form.text).action))

    back = (await browser.client.post(address, data=fields, headers=OWN_FORM)).headers["location"]
    page = await browser.get(back)
    again = await browser.sign_in(person_ref, PASSPHRASE)

    assert 'content="0; url=/app/cases?view=open"' in page.text
    assert 'content="0; url=/app/board"' in again.text  # the place is for one sign-in


async def test_a_form_sent_too_late_leads_back_to_its_page(square: Square) -> None:
    _, person_ref = await square.worker()
    browser = await square.sign_in(person_ref)
    fields = Read((await browser.get("/app/cases/new")).text).fields
    older(square, "seen_at", "16 minutes")

    answer = await browser.client.post("/app/cases/new", data=fields, headers=OWN_FORM)

    assert answer.headers["location"] == "/app?left=idle&to=%2Fapp%2Fcases%2Fnew"


@pytest.mark.parametrize("template", sorted(forms()))
async def test_each_form_sent_too_late_leads_to_a_page(square: Square, template: str) -> None:
    address = re.sub(r"{[^}]*}", NOBODYS, template)

    answer = await square.browser().client.post(address, headers=OWN_FORM)
    place = dict(parse_qsl(urlsplit(answer.headers["location"]).query)).get("to", "/app")

    assert answer.status_code == 303
    assert template_of("GET", place) != ""


async def test_a_script_is_led_to_the_start_and_back_to_its_page(square: Square) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://board.test/app/cases?view=mine"}

    answer = await square.browser().client.get("/app/board", headers=headers)

    assert answer.headers["hx-redirect"] == "/app?to=%2Fapp%2Fcases%3Fview%3Dmine"


@pytest.mark.parametrize("headers", [{BACKGROUND: "1"}, {"HX-Request": "true"}, {"Sec-Fetch-Mode": "cors"}])
async def test_a_script_that_asks_late_leaves_the_reason(square: Square, headers: dict[str, str]) -> None:
    _, person_ref = await square.worker()
    browser = await square.sign_in(person_ref)
    older(square, "seen_at", "16 minutes")

    await browser.client.get(SESSION, headers=headers)
    answers = [await browser.get(BOARD) for _ in range(2)]

    back = "to=%2Fapp%2Fboard%2Fwaiting"
    assert [answer.headers["location"] for answer in answers] == [f"/app?left=idle&{back}", f"/app?{back}"]


ELSEWHERE = [
    "//elsewhere.test",
    "https://elsewhere.test/app",
    "/app/../elsewhere",
    "/app\\elsewhere",
    "/appelsewhere",
    "/app/board#x",
    "/app/board\r\nSet-Cookie: a=b",
    "/app/sign-out",
    "/app/live",
    "/app/session",
    "/app/" + "a" * 600,
    "javascript:alert(1)",
    "/app/é",
    None,
]


@pytest.mark.parametrize("place", ELSEWHERE)
def test_nothing_but_a_page_of_ours_is_led_to(place: str | None) -> None:
    assert own_page(place) is None


@pytest.mark.parametrize("place", ["/app", "/app/board", "/app/cases/0b8e6f0e-1f8b-4a68-b0e8-6f6f0b5ad1c4?view=a%20b"])
def test_a_page_of_ours_is_led_to(place: str) -> None:
    assert own_page(place) == place


async def test_a_forged_place_is_not_led_to(square: Square) -> None:
    _, person_ref = await square.worker()
    browser = square.browser()
    start = await browser.get("/app?to=//elsewhere.test&left=%3Cb%3E")
    browser.client.cookies.set(Cookies(secure=False)._name("place"), "//elsewhere.test")

    page = await browser.sign_in(person_ref, PASSPHRASE)

    assert "elsewhere" not in start.text + page.text
    assert "<b>" not in start.text


async def test_a_session_says_how_long_it_goes_on(square: Square) -> None:
    _, person_ref = await square.worker()
    browser = await square.sign_in(person_ref)
    older(square, "seen_at", "10 minutes")

    async def left(**headers: str) -> Any:
        return (await browser.client.get(SESSION, headers=headers)).json()

    background, used = await left(**{BACKGROUND: "1"}), await left()

    assert background["idle"] in range(270, 301)
    assert used["idle"] in range(870, 901)
    assert used["whole"] in range(28_700, 28_801)


async def test_a_page_carries_its_time(square: Square) -> None:
    _, person_ref = await square.worker()
    browser = await square.sign_in(person_ref)
    older(square, "ends_at", "7 hours 59 minutes")

    page = (await browser.get(BOARD)).text

    assert 'data-idle="900" data-whole="5' in page or 'data-whole="60"' in page
    assert '<dialog id="timeout"' in page
