"""Columns in binary: the server reads of them what was put in, whatever it was."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from runtime.database import arrays, hot_path
from runtime.error_kinds import ErrorKind, classify
from tests.support.database import Database
from tests.support.town import Town

NO_NULL_BYTE = st.text(st.characters(codec="utf-8", exclude_characters="\x00"))
KINDS: dict[str, tuple[Any, st.SearchStrategy[Any]]] = {
    "uuid": (arrays.uuids, st.none() | st.uuids()),
    "text": (arrays.texts, NO_NULL_BYTE),
    "bytea": (arrays.byteas, st.none() | st.binary()),
    "bigint": (arrays.bigints, st.integers(-(2**63), 2**63 - 1)),
    "smallint": (arrays.smallints, st.integers(-(2**15), 2**15 - 1)),
    "boolean": (arrays.booleans, st.booleans()),
    "timestamptz": (
        arrays.instants,
        st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)),  # noqa: DTZ001 - bounds
    ),
}


@pytest.mark.parametrize("kind", KINDS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(data=st.data())
def test_a_column_arrives_as_it_was_sent(database: Database, kind: str, data: st.DataObject) -> None:
    column, values = KINDS[kind]
    sent = data.draw(st.lists(values, max_size=20))

    with psycopg.connect(database.url("accord_intake").replace("+psycopg", "")) as connection:
        rows = connection.execute(f"SELECT * FROM unnest(CAST(%s AS {kind}[]))", [column(sent)]).fetchall()  # noqa: S608

    assert [row[0] for row in rows] == sent


async def test_what_goes_to_the_driver_is_of_the_sessions_transaction(town: Town) -> None:
    async with town.session("accord_intake") as session:
        await session.execute(text("SELECT set_config('accord.agency', 'harbor-house', true)"))
        before = await hot_path.fetch_all(session, "SELECT current_setting('accord.agency', true), pg_backend_pid()")
        backend = (await session.execute(text("SELECT pg_backend_pid()"))).scalar_one()
        await session.rollback()
        after = await hot_path.fetch_all(session, "SELECT current_setting('accord.agency', true)")

    assert before == [("harbor-house", backend)]
    assert after == [("",)]


async def test_a_driver_error_is_raised_as_sqlalchemys_own(town: Town) -> None:
    case_ref = UUID(int=7)
    statement = 'INSERT INTO register."case" (subject_id, agency_id, case_ref) VALUES (-1, %s, %s)'
    async with town.session("accord_intake") as session:
        with pytest.raises(IntegrityError) as raised:
            await hot_path.execute(session, statement, "harbor-house", case_ref)
        await session.rollback()
        assert await hot_path.fetch_all(session, "SELECT 1") == [(1,)]

    assert "harbor-house" not in str(raised.value.params)
    assert classify(raised.value) is ErrorKind.PERMANENT


async def test_a_connection_that_broke_is_told_as_one_that_is_away(town: Town) -> None:
    async with town.session("accord_intake") as session:
        ((backend,),) = await hot_path.fetch_all(session, "SELECT pg_backend_pid()")
        with town.database.superuser() as outside:
            outside.execute("SELECT pg_terminate_backend(%s, 5000)", [backend])
        with pytest.raises(DBAPIError) as raised:
            await hot_path.fetch_all(session, "SELECT 1")
        assert classify(raised.value) is ErrorKind.UNAVAILABLE

    async with town.session("accord_intake") as session:
        assert await hot_path.fetch_all(session, "SELECT 1") == [(1,)]


async def test_concurrent_statements_each_get_their_own_rows(town: Town) -> None:
    async with town.session("accord_intake") as session:
        await hot_path.fetch_all(session, "SELECT 1")
        results = await asyncio.gather(
            *(hot_path.fetch_all(session, "SELECT CAST(%s AS int), pg_sleep(%s)", n, 0.01 * (n % 3)) for n in range(12))
        )

    assert [rows[0][0] for rows in results] == list(range(12))
