"""Every form of the desk, as the routes have them, filled in badly or forged: refused, and nothing half-written."""

import re
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.datastructures import ImmutableMultiDict

from runtime.http.problems import Problem
from services.dashboard.form_parser import check_hidden
from services.dashboard.page_drafts import DISCARD, SAVE
from services.dashboard.session_secret import SessionSecret
from services.dashboard.templates import DID_NOT_WORK, TITLES
from tests.services.dashboard.browser import OWN_FORM, Read
from tests.services.dashboard.conftest import BOARD as ADDRESS
from tests.services.dashboard.conftest import Square, Streets
from tests.services.dashboard.desk_routes import templates
from tests.services.dashboard.form_walk import CHOICES, TYPED, DeskForm
from tests.services.dashboard.full_desk import forms_of_all
from tests.support.database import Database
from tests.support.town import Town
from tests.support.web import Web

MARK = "Zaunkoenig"  # typed into what is refused, and looked for in the answer
TABLES = """
SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables
WHERE schemaname NOT IN ('pg_catalog', 'information_schema', 'ledger', 'issuer')
ORDER BY 1
"""
# A look at a list is on record and a session is used; both are as they should be.
LOOKED_AT = frozenset({"dashboard.session", "dashboard.sign_in", "carrying.consumer_note"})
# A draft keeps what is typed as it is, fit to be sent or not.
KEEPS_ALL = frozenset({SAVE, DISCARD})
# Rows that are gone meanwhile are left out, and the page says so: that is no refusal.
LEAVES_OUT = frozenset({"/app/referrals/assignment"})
REFUSALS = [[heading] for heading in {*TITLES.values(), DID_NOT_WORK}]

Send = Callable[[DeskForm], Coroutine[Any, Any, httpx.Response]]


@pytest.fixture(scope="module")
async def desks(settled: FastAPI, town: Town, web: Web, database: Database, streets: Streets) -> AsyncIterator[Square]:
    built = Square(town, web, database, streets, settled)
    yield built
    for browser in built.browsers:
        await browser.client.aclose()


@pytest.fixture(scope="module")
async def forms(desks: Square) -> list[DeskForm]:
    return await forms_of_all(desks)


def written(desks: Square) -> dict[str, Any]:
    """Return a digest of every table, but for those that a look writes to."""
    names = [name for (name,) in desks.sql(TABLES) if name not in LOOKED_AT]
    digest = "SELECT count(*), coalesce(sum(hashtextextended(row::text, 0)), 0) FROM {} AS row"
    return {name: desks.sql(digest.format(name))[0] for name in names}


def text_of(form: DeskForm) -> dict[str, str]:
    """Return every text field of a form, filled in with a word that can be looked for."""
    return dict.fromkeys(form.of_kind(TYPED), MARK)


def token(form: DeskForm, of: SessionSecret | None = None, action: str = "") -> str:
    """Return a form's token as a session makes it: that of its own browser, unless another is named."""
    secret = of or SessionSecret.read(form.browser.client.cookies.get("accord-session"))
    assert secret is not None
    page = form.content["page"][0] if form.action == SAVE else form.action
    return secret.csrf_token(action or page.partition("?")[0])


async def without_token(form: DeskForm) -> httpx.Response:
    return await form.send({**text_of(form), "token": []})


async def with_anothers_token(form: DeskForm) -> httpx.Response:
    return await form.send({**text_of(form), "token": token(form, SessionSecret.new())})


async def with_another_forms_token(form: DeskForm) -> httpx.Response:
    return await form.send({**text_of(form), "token": token(form, action="/app/elsewhere")})


async def from_another_site(form: DeskForm) -> httpx.Response:
    return await form.send(text_of(form), Origin="https://elsewhere.test", **{"Sec-Fetch-Site": "cross-site"})


async def with_a_file(form: DeskForm) -> httpx.Response:
    files = {"file": (f"{MARK}.txt", MARK.encode(), "text/plain")}
    return await form.browser.client.post(form.action, data=form.content, files=files, headers=OWN_FORM)


async def as_json(form: DeskForm) -> httpx.Response:
    return await form.browser.client.post(form.action, json=form.content | text_of(form), headers=OWN_FORM)


FORGERIES: dict[str, Send] = {
    "without its token": without_token,
    "another session's token": with_anothers_token,
    "another form's token": with_another_forms_token,
    "from another site": from_another_site,
    "with a file": with_a_file,
    "as JSON": as_json,
}


def test_every_form_that_the_routes_take_stands_on_a_page(forms: list[DeskForm]) -> None:
    assert set(templates("POST")) - {form.template for form in forms} == {"/app/{rest:path}"}  # all that is no page


@pytest.mark.parametrize("way", FORGERIES)
async def test_a_forged_form_is_refused_whichever_it_is(desks: Square, forms: list[DeskForm], way: str) -> None:
    before = written(desks)

    answers = {form.action: await FORGERIES[way](form) for form in forms}

    accepted = {place: answer.status_code for place, answer in answers.items() if answer.status_code not in (400, 403)}
    assert accepted == {}
    assert all(Read(answer.text).headings in REFUSALS for answer in answers.values())
    assert all('href="/app"' in answer.text for answer in answers.values()), "it says where to go on"
    assert not [place for place, answer in answers.items() if MARK in answer.text]
    assert written(desks) == before


@pytest.mark.parametrize("cookie", ["", "A" * 43, "ended"])
async def test_without_a_session_no_form_is_taken(desks: Square, forms: list[DeskForm], cookie: str) -> None:
    """A cookie that was stolen and is shown again after its owner signed out is none."""
    secret = cookie
    if cookie == "ended":
        browser = await desks.sign_in(await desks.person("harbor-house", "case_worker"))
        secret = browser.client.cookies["accord-session"]
        await browser.sign_out()
    before = written(desks)

    async with httpx.AsyncClient(transport=desks.streets, base_url=ADDRESS) as thief:
        headers = OWN_FORM | ({"Cookie": f"accord-session={secret}"} if secret else {})
        answers = [
            (form, await thief.post(form.action, data=form.content | text_of(form), headers=headers)) for form in forms
        ]

    assert {answer.status_code for _, answer in answers} == {303}
    assert all(re.fullmatch(r"/app(\?.*)?", answer.headers["location"]) for _, answer in answers)
    assert not [form.action for form, answer in answers if MARK in answer.text + answer.headers["location"]]
    assert written(desks) == before


def bad_text(what: str, field: str) -> str:
    """Return a text that no record keeps; what she told may be ten times as long as any other."""
    longer = 2_001 if field == "narrative" else 201
    return {"U+0000": f"{MARK}\x00b", "bidi": f"{MARK}\u202eb"}.get(what, MARK * longer)


@pytest.mark.parametrize("what", ["U+0000", "bidi", "too long"])
async def test_each_text_of_each_form_refuses_what_no_record_keeps(
    desks: Square, forms: list[DeskForm], what: str
) -> None:
    before = written(desks)
    wrong = []
    for form in forms:
        names = form.of_kind(TYPED)
        if not names or form.template in KEEPS_ALL:
            continue
        answer = await form.send({name: bad_text(what, name) for name in names})
        unmarked = [name for name in names if f'href="#{name}"' not in answer.text]
        if answer.status_code != 422 or unmarked:
            wrong.append((form.action, answer.status_code, unmarked))

    assert wrong == []
    assert written(desks) == before


async def test_a_choice_that_no_form_offers_is_refused(desks: Square, forms: list[DeskForm]) -> None:
    before = written(desks)
    wrong = []
    for form in forms:
        choices = form.of_kind(CHOICES | {"date", "time", "datetime-local", "number"})
        if not choices or form.template in KEEPS_ALL:
            continue
        least = 200 if form.template in LEAVES_OUT else 400
        answer = await form.send(dict.fromkeys(choices, f"<b>{MARK}"))
        if not least <= answer.status_code < 500 or f"<b>{MARK}" in answer.text:
            wrong.append((form.action, answer.status_code, choices))

    assert wrong == []
    assert written(desks) == before


@pytest.mark.parametrize("value", ["\u00e9", "a\r\nX-Evil: 1", "a\x00", "x" * 5000, "*", 'W/"1"', '"1", "2"'])
def test_a_key_or_a_version_that_no_page_holds_is_none(value: str) -> None:
    for name in ("key", "etag"):
        with pytest.raises(Problem):
            check_hidden(ImmutableMultiDict([(name, value)]))


async def test_each_form_refuses_a_key_or_a_version_that_no_page_holds(desks: Square, forms: list[DeskForm]) -> None:
    """Both become headers of what is asked of a service: nothing else can be put into those."""
    before = written(desks)

    answers = {
        (form.action, name): await form.send({name: "\u00e9"})
        for form in forms
        for name in ("key", "etag")
        if form.action not in KEEPS_ALL
    }

    assert {place: answer.status_code for place, answer in answers.items() if answer.status_code != 400} == {}
    assert len(answers) > 60
    assert written(desks) == before


async def test_a_form_with_every_field_missing_breaks_nothing(forms: list[DeskForm]) -> None:
    """Last, as a form in which nothing is required is carried out."""
    missing: list[dict[str, str | list[str]]] = [
        {name: [] for name in form.content if name != "token"} for form in forms
    ]
    answers = {form.action: await form.send(fields) for form, fields in zip(forms, missing, strict=True)}

    assert not {place: answer.status_code for place, answer in answers.items() if answer.status_code >= 500}
    assert not [
        place
        for place, answer in answers.items()
        if answer.status_code >= 400
        and "There is a problem" not in answer.text
        and Read(answer.text).headings not in REFUSALS
    ]
