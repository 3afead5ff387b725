"""No list, look or opening reads a table from end to end that grows with the years, as the server itself counts it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from devstack.postgres import Postgres
from runtime.disclosure.list_reads import MOST_ROWS
from services.consent.jobs import run_jobs as of_consent
from services.law_enforcement_bridge.jobs import run_jobs as of_orders
from services.referrals.jobs import run_jobs as of_referrals
from tests.support.database import a_database
from tests.support.growth import QUEUES, REQUESTS, SMALL, Day, Grown
from tests.support.town import a_town
from tests.support.web import Web

CASES = 20
MORE = 12_000  # with fewer the server rightly reads a small table whole rather than look things up one by one
TABLES = """
SELECT schemaname || '.' || relname, seq_scan, n_live_tup FROM pg_stat_user_tables ORDER BY 1
"""
# What a round read: rows of the table, and entries of its indexes.
READ = """
SELECT t.schemaname || '.' || t.relname, t.seq_tup_read + COALESCE(sum(i.idx_tup_read), 0)
FROM pg_stat_user_tables AS t LEFT JOIN pg_stat_user_indexes AS i ON i.relid = t.relid GROUP BY 1, t.seq_tup_read
"""
ROUNDS = {
    "accord_consent": of_consent, "accord_referrals": of_referrals, "accord_law_enforcement_bridge": of_orders
}  # fmt: skip

COUNTS = {
    "ana intake": "/v1/cases/count?state=closed",
    "sam referrals": "/v1/referrals/count?direction=received&closed=true",
    "sam exchange": "/v1/inbox/count",
}


@pytest.fixture(scope="module")
async def grown(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Grown]:
    folder: Path = tmp_path_factory.mktemp("growth")
    async with a_town(a_database(postgres, "accord_growth"), folder) as town:
        grown_town = Grown(town)
        await grown_town.begin(CASES)
        grown_town.add(MORE)
        await end_sessions(grown_town)
        yield grown_town


def scanned(grown: Grown) -> dict[str, int]:
    """Return how often each table that grows was read from end to end, in sessions that are over."""
    with grown.town.database.superuser() as connection:
        rows = connection.execute(TABLES).fetchall()
    return {str(name): int(str(scans)) for name, scans, _ in rows if name not in (*QUEUES, *SMALL)}


async def end_sessions(grown: Grown) -> None:
    """End every session, as its counts are told no later than that."""
    for engine in grown.town.engines.values():
        await engine.dispose()
    grown.town.engines.clear()
    with grown.town.database.superuser() as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.mark.parametrize("request_name", REQUESTS)
async def test_nothing_that_grows_is_read_from_end_to_end(grown: Grown, request_name: str) -> None:
    before = scanned(grown)
    async with AsyncExitStack() as stack:
        day = Day(grown)
        await day.begin(stack)
        for _ in range(10):  # more often than the server makes up its mind about a plan
            await day.ask(request_name)
    await end_sessions(grown)

    after = scanned(grown)
    assert {name: after[name] - before[name] for name in after if after[name] != before[name]} == {}


@pytest.mark.parametrize("counted", COUNTS)
async def test_a_count_reads_no_further_than_its_bound(grown: Grown, counted: str) -> None:
    before = read(grown)
    async with AsyncExitStack() as stack:
        day = Day(grown)
        await day.begin(stack)
        answer = await day.clients[counted].get(COUNTS[counted])
    await end_sessions(grown)

    after = read(grown)
    assert answer.json()["count"] > 0
    assert {name: after[name] - before[name] for name in after if after[name] - before[name] > 3 * MOST_ROWS} == {}


@pytest.mark.parametrize("role", ROUNDS)
async def test_a_round_reads_what_is_due_and_not_all_that_there_is(
    grown: Grown, role: str, caplog: pytest.LogCaptureFixture
) -> None:
    app_state = Web(grown.town).app_state(role)
    for _ in range(2):  # the first has the real cases to tell of
        await ROUNDS[role](app_state)
    await end_sessions(grown)
    before = read(grown)

    await ROUNDS[role](Web(grown.town).app_state(role))
    await end_sessions(grown)

    after = read(grown)
    assert "job_failed" not in caplog.text
    assert {name: after[name] - before[name] for name in after if after[name] - before[name] > MORE // 4} == {}


def read(grown: Grown) -> dict[str, int]:
    """Return how many rows and entries of each table were read, in sessions that are over."""
    with grown.town.database.superuser() as connection:
        rows = connection.execute(READ).fetchall()
    return {str(name): int(str(count)) for name, count in rows if name not in (*QUEUES, *SMALL)}


def test_the_tables_that_grow_have_grown(grown: Grown) -> None:
    with grown.town.database.superuser() as connection:
        rows = connection.execute(TABLES).fetchall()

    row_counts = {str(name): int(str(live)) for name, _, live in rows}
    for name in (
        "register.subject", "register.case", "register.directive", "carrying.offer", "exchange.message",
        "referrals.referral", "intake.case_status", "intake.case_assignment", "intake.incident", "intake.plan",
        "ledger.leaf", "ledger.published", "carrying.listed",
    ):  # fmt: skip
        assert row_counts[name] >= MORE, name
