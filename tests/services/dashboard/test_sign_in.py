"""Signing in by the issuer, what a session is, and how it ends."""

import asyncio
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from runtime.auth.scopes import Scope
from services.dashboard import main
from services.dashboard.navigation import BOARD
from services.dashboard.session_secret import SessionSecret
from tests.services.dashboard.browser import Read
from tests.services.dashboard.conftest import BOARD as ADDRESS
from tests.services.dashboard.conftest import PASSPHRASE, Square, board_settings, housed

ROWS = "SELECT digest, sealed, began_at, seen_at, ends_at, token_until FROM dashboard.session ORDER BY seen_at"
OLDER = "UPDATE dashboard.session SET {column} = {column} - interval '{time}'"


async def test_a_person_signs_in_with_the_issuer_and_sees_the_board(square: Square) -> None:
    _, person = await square.worker()

    browser = await square.sign_in(person)

    page = await browser.read(BOARD)
    assert page.headings == ["Board"]
    assert any(word.startswith("Robin Vale") for word in page.words)


async def test_sign_in_uses_pkce_and_asks_for_what_roles_give(square: Square) -> None:
    answer = await square.browser().get("/app/sign-in")

    query = {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}
    assert query["code_challenge_method"] == "S256"
    assert query["redirect_uri"] == f"{ADDRESS}/app/signed-in"
    assert set(query["scope"].split()) == set(Scope)


async def test_a_session_cookie_is_http_only_and_same_site(square: Square) -> None:
    _, person = await square.worker()
    browser = square.browser()

    answer = await browser.sign_in(person, PASSPHRASE)

    begun = next(cookie for cookie in answer.headers.get_list("set-cookie") if cookie.startswith("accord-session="))
    assert "; HttpOnly" in begun
    assert "; SameSite=strict" in begun
    assert "Max-Age" not in begun
    assert "expires" not in begun


async def test_over_https_cookies_are_host_bound_and_secure(square: Square) -> None:
    _, person = await square.worker()
    secure = ADDRESS.replace("http:", "https:")
    around = housed(board_settings(dashboard_url=secure), square.streets)
    async with square.web.serving("dashboard", main.ROUTES, around=around) as app:
        square.streets.settle("board.test", app)
        browser = square.browser()
        browser.client.base_url = httpx.URL(secure)
        answer = await browser.sign_in(person, PASSPHRASE)
        board = await browser.get(BOARD)
    square.streets.settle("board.test", square.app)

    begun = next(cookie for cookie in answer.headers.get_list("set-cookie") if "accord-session=" in cookie)
    assert begun.startswith("__Host-accord-session=")
    assert "; Secure" in begun
    assert "; Path=/" in begun
    assert "Domain" not in begun
    assert board.status_code == 200


async def test_the_database_holds_neither_cookie_nor_token_nor_name(square: Square) -> None:
    _, person = await square.worker()
    browser = await square.sign_in(person)
    cookie = browser.client.cookies["accord-session"]

    stored = b"".join(bytes(value) for row in square.sql(ROWS) for value in row if isinstance(value, bytes))

    assert stored
    for secret in (cookie.encode(), b"eyJhbGci", person.encode(), b"Robin"):
        assert secret not in stored


async def test_a_session_is_found_by_its_own_cookie_alone(square: Square) -> None:
    _, person = await square.worker()
    await square.sign_in(person)

    async with square.town.session("accord_dashboard") as session:
        execute = (await session.connection()).exec_driver_sql
        rows = (await execute("SELECT count(*) FROM dashboard.session")).scalar_one()

    assert rows == 0


async def test_whoever_is_not_signed_in_is_led_to_the_start(square: Square) -> None:
    browser = square.browser()

    answers = [await browser.get(place) for place in (BOARD, f"{BOARD}/waiting")]
    browser.client.cookies.set("accord-session", "A" * 43)
    answers.append(await browser.get(BOARD))
    browser.client.cookies.set("accord-session", "not one of ours")
    answers.append(await browser.get(BOARD))

    assert [(answer.status_code, answer.headers["location"]) for answer in answers] == [
        (303, "/app?to=%2Fapp%2Fboard"),
        (303, "/app?to=%2Fapp%2Fboard%2Fwaiting"),
        (303, "/app?left=out&to=%2Fapp%2Fboard"),
        (303, "/app?to=%2Fapp%2Fboard"),
    ]


async def test_signing_out_forgets_the_session_on_both_sides(square: Square) -> None:
    _, person = await square.worker()
    browser = await square.sign_in(person)
    cookie = browser.client.cookies["accord-session"]
    before = len(square.sql(ROWS))

    answer = await browser.sign_out()

    assert (answer.status_code, answer.headers["location"]) == (303, "/app")
    assert len(square.sql(ROWS)) == before - 1
    assert "accord-session" not in browser.client.cookies
    browser.client.cookies.set("accord-session", cookie)
    assert (await browser.get(BOARD)).status_code == 303


@pytest.mark.parametrize(
    ("column", "time", "status"),
    [
        ("seen_at", "14 minutes", 200),
        ("seen_at", "15 minutes", 303),
        ("ends_at", "7 hours 59 minutes", 200),
        ("ends_at", "8 hours", 303),
    ],
)
async def test_a_session_ends_after_15_idle_minutes_and_after_8_hours(
    square: Square, column: str, time: str, status: int
) -> None:
    _, person = await square.worker()
    browser = await square.sign_in(person)
    square.sql(OLDER.format(column=column, time=time))

    answer = await browser.get(BOARD)

    assert answer.status_code == status


async def test_each_use_counts_the_quarter_hour_anew(square: Square) -> None:
    _, person = await square.worker()
    browser = await square.sign_in(person)
    answers = []
    for _ in range(3):
        square.sql(OLDER.format(column="seen_at", time="14 minutes"))
        answers.append((await browser.get(BOARD)).status_code)

    assert answers == [200, 200, 200]


async def test_what_is_over_is_cleared_away_when_somebody_signs_in(square: Square) -> None:
    _, person = await square.worker()
    await square.sign_in(person)
    square.sql(OLDER.format(column="seen_at", time="1 day"))

    await square.sign_in(person)

    assert len(square.sql(ROWS)) == 1


async def test_worn_out_tokens_are_renewed_once_for_all_tabs(square: Square) -> None:
    _, person = await square.worker()
    browser = await square.sign_in(person)
    before = square.sql(ROWS)[-1]
    square.sql("UPDATE dashboard.session SET token_until = register.instant()")

    answers = await asyncio.gather(*(browser.get(BOARD) for _ in range(3)))

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert before[1] not in [row[1] for row in square.sql(ROWS)]


async def test_a_session_survives_an_issuer_that_is_away(square: Square) -> None:
    _, person = await square.worker()
    browser = await square.sign_in(person)
    square.sql("UPDATE dashboard.session SET token_until = register.instant()")
    square.streets.away.add("issuer.test")

    away = await browser.get(BOARD)
    square.streets.away.clear()

    assert away.status_code == 503
    assert (await browser.get(BOARD)).status_code == 200


async def test_whoever_has_left_is_out_with_the_next_click(square: Square) -> None:
    _, person = await square.worker()
    browser = await square.sign_in(person)
    square.sql("UPDATE register.person SET active = false WHERE person_ref = %s", person)

    answer = await browser.get(BOARD)

    assert answer.status_code == 303


async def test_a_row_that_was_altered_ends_the_session(square: Square) -> None:
    _, person = await square.worker()
    browser = await square.sign_in(person)
    square.sql("UPDATE dashboard.session SET sealed = sealed || '\\x00'::bytea")

    assert (await browser.get(BOARD)).status_code == 303


async def with_changed(square: Square, address: str, change: str) -> str:
    """Return the address that leads back from the issuer, with one thing about it changed."""
    changes = {
        "state": address.replace("state=", "state=x"),
        "iss": address.replace("iss=http%3A%2F%2Fissuer", "iss=http%3A%2F%2Fanother"),
        "no code": address.replace("code=", "error="),
        "another code": address.replace("code=", "code=x"),
        "doubled": address + "&code=another",
    }
    return changes[change]


@pytest.mark.parametrize("change", ["state", "iss", "no code", "another code", "doubled"])
async def test_a_callback_not_meant_for_this_browser_signs_nobody_in(square: Square, change: str) -> None:
    _, person = await square.worker()
    browser = square.browser()
    address = await browser.back_from_issuer(person, PASSPHRASE)

    answer = await browser.get(await with_changed(square, address, change))

    assert answer.status_code == 400
    assert "accord-session" not in browser.client.cookies
    assert Read(answer.text).headings == ["That did not work"]


async def test_a_code_is_of_no_use_in_another_browser(square: Square) -> None:
    _, person = await square.worker()
    address = await square.browser().back_from_issuer(person, PASSPHRASE)
    other = square.browser()
    await other.get("/app/sign-in")

    answers = [await square.browser().get(address), await other.get(address)]

    assert [answer.status_code for answer in answers] == [400, 400]


async def test_a_new_sign_in_ends_the_session_before_it(square: Square) -> None:
    _, person = await square.worker()
    browser = await square.sign_in(person)
    former = browser.client.cookies["accord-session"]

    await browser.sign_in(person, PASSPHRASE)

    assert browser.client.cookies["accord-session"] != former
    other = square.browser()
    other.client.cookies.set("accord-session", former)
    assert (await other.get(BOARD)).status_code == 303


async def test_a_session_that_was_planted_before_is_not_gone_on_with(square: Square) -> None:
    _, person = await square.worker()
    browser, planter = square.browser(), square.browser()
    planted = SessionSecret.new().text
    for sitting in (browser, planter):
        sitting.client.cookies.set("accord-session", planted, domain="board.test", path="/")

    await browser.sign_in(person, PASSPHRASE)

    assert browser.client.cookies.get("accord-session", domain="board.test") != planted
    assert (await browser.get(BOARD)).status_code == 200
    assert (await planter.get(BOARD)).status_code == 303


async def test_signing_in_waits_for_an_issuer_that_is_away(square: Square) -> None:
    square.streets.away.add("issuer.test")

    answer = await square.browser().get("/app/sign-in")

    assert answer.status_code == 503
    assert Read(answer.text).headings == ["Not available just now"]
