"""Who is signed in, and who may end it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text

from runtime.database.unit_of_work import UnitOfWork
from services.dashboard import open_sessions
from services.dashboard.session_secret import SessionSecret
from tests.services.dashboard.browser import Browser
from tests.services.dashboard.conftest import Square

ROLE = "accord_dashboard"


def secret_of(browser: Browser) -> SessionSecret:
    secret = SessionSecret.read(browser.client.cookies.get("accord-session"))
    assert secret is not None
    return secret


@asynccontextmanager
async def a_unit(square: Square, agency: str, person_ref: str) -> AsyncIterator[UnitOfWork]:
    async with square.town.unit(ROLE, agency, person_ref) as unit:
        yield unit
        await unit.session.commit()


async def test_a_person_finds_their_own_sessions_alone(square: Square) -> None:
    agency, person = await square.worker()
    other = await square.person(agency, "case_worker")
    first, second, _ = [await square.sign_in(ref) for ref in (person, person, other)]

    async with a_unit(square, agency, person) as unit:
        sessions = await open_sessions.own_sessions(unit, secret_of(second))

    assert [(entry.person_ref, entry.current) for entry in sessions] == [(person, True), (person, False)]
    assert (await first.get("/app/board")).status_code == 200


async def test_a_person_ends_the_others_and_stays(square: Square) -> None:
    agency, person = await square.worker()
    first, second = await square.sign_in(person), await square.sign_in(person)

    async with a_unit(square, agency, person) as unit:
        await open_sessions.end_other_sessions(unit, secret_of(second))

    assert [(await browser.get("/app/board")).status_code for browser in (first, second)] == [303, 200]


async def test_nobody_ends_anothers_session_as_their_own(square: Square) -> None:
    agency, person = await square.worker()
    other = await square.person(agency, "case_worker")
    browser = await square.sign_in(person)

    async with a_unit(square, agency, person) as unit:
        (session,) = await open_sessions.own_sessions(unit, secret_of(browser))
    async with a_unit(square, agency, other) as unit:
        await open_sessions.end_own_session(unit, session.session_ref)

    assert (await browser.get("/app/board")).status_code == 200


async def test_a_session_ended_by_an_administrator_is_on_record(square: Square) -> None:
    agency, person = await square.worker()
    boss = await square.person(agency, "administrator")
    browser = await square.sign_in(person)

    async with a_unit(square, agency, boss) as unit:
        (session,) = await open_sessions.agency_sessions(unit, SessionSecret.new())
        await open_sessions.end_colleagues_session(unit, session.session_ref)

    assert (await browser.get("/app/board")).status_code == 303
    query = "SELECT act, person_ref, by_ref FROM register.person_change WHERE agency_id = %s AND act = 'session_ended'"
    assert square.sql(query, agency) == [("session_ended", person, boss)]


async def test_the_sign_in_before_this_one_is_kept(square: Square) -> None:
    agency, person = await square.worker()
    instants = []
    for _ in range(2):
        await square.sign_in(person)
        async with a_unit(square, agency, person) as unit:
            instants.append(await open_sessions.last_sign_in(unit.session, agency, person))

    assert instants[0] is None
    assert instants[1] is not None


@pytest.mark.parametrize("table", ["session", "sign_in"])
async def test_no_other_agency_finds_a_session(square: Square, table: str) -> None:
    _, person = await square.worker()
    await square.sign_in(person)
    query = text(f"SELECT count(*) FROM dashboard.{table} WHERE person_ref = :ref")  # noqa: S608 - our own names

    async with a_unit(square, "bay-hotline", "ana") as unit:
        assert await unit.session.scalar(query, {"ref": person}) == 0
