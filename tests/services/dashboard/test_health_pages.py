"""Health: every red says what to do, what is silent is red, and a stuck message's wait is ended by a person."""

from datetime import UTC, datetime, timedelta
from secrets import token_hex
from uuid import UUID, uuid4

import pytest

from runtime.messaging.acls import RELAY
from runtime.messaging.consumer.worker import NOTE
from runtime.messaging.dead_letters import DeadLetterReason, RawRecord, pending_retries, put
from runtime.messaging.headers import Routing, write
from services.dashboard import health
from services.dashboard.health import CheckState
from services.dashboard.navigation import HEALTH
from services.dashboard.rows.health_rows import CarriageRow, OperationsRow, ReaderRow
from services.dashboard.rows.ledger_rows import FreshnessRow
from tests.services.dashboard.browser import Browser
from tests.services.dashboard.conftest import Square

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
AGO = timedelta(minutes=5)


def carriage(
    waiting: int = 0,
    oldest_at: datetime | None = None,
    observed_at: datetime = NOON,
    unread_seconds: float = 0.0,
) -> CarriageRow:
    heard = ReaderRow(consumer="exchange", observed_at=observed_at, unread_seconds=unread_seconds)
    return CarriageRow(at=NOON, waiting=waiting, oldest_at=oldest_at, readers=(heard,))


def operations(openings: int = 200, seconds: float | None = 0.08, free: int = 60) -> OperationsRow:
    gigabyte = 10**9
    return OperationsRow(
        openings=openings,
        opening_p99_seconds=seconds,
        disk_bytes=100 * gigabyte,
        disk_free_bytes=free * gigabyte,
    )


@pytest.mark.parametrize(
    ("row", "standing"),
    [
        (None, CheckState.SILENT),
        (carriage(), CheckState.GOOD),
        (carriage(3, NOON - timedelta(seconds=5)), CheckState.GOOD),
        (carriage(3, NOON - AGO), CheckState.BAD),
    ],
)
def test_what_waits_too_long_is_red_and_says_what_to_do(row: CarriageRow | None, standing: CheckState) -> None:
    check = health.sending(row)

    assert check.standing is standing
    assert bool(check.action) is not check.well


@pytest.mark.parametrize(
    ("row", "standing"),
    [
        (None, CheckState.SILENT),
        (carriage(observed_at=NOON - AGO), CheckState.SILENT),
        (carriage(unread_seconds=60.0), CheckState.BAD),
        (carriage(), CheckState.GOOD),
    ],
)
def test_who_says_nothing_for_a_while_is_red(row: CarriageRow | None, standing: CheckState) -> None:
    assert health.reader(row, "exchange").standing is standing


def test_a_reader_that_was_never_heard_is_red() -> None:
    assert health.reader(carriage(), "notifications").standing is CheckState.SILENT


@pytest.mark.parametrize(
    ("row", "standing", "words"),
    [
        (None, CheckState.SILENT, "Not known"),
        (operations(0, None), CheckState.GOOD, "opened no message"),
        (operations(3), CheckState.GOOD, "The slowest of 3 in the last hour took 0.08 s."),
        (operations(), CheckState.GOOD, "99 of 100 took at most 0.08 s; measured: 200 in the last hour."),
        (operations(seconds=2.5), CheckState.BAD, "2.50 s"),
    ],
)
def test_openings_that_take_long_are_red(row: OperationsRow | None, standing: CheckState, words: str) -> None:
    check = health.door(row)

    assert check.standing is standing
    assert words in check.text


@pytest.mark.parametrize(
    ("row", "standing"),
    [(None, CheckState.SILENT), (operations(), CheckState.GOOD), (operations(free=9), CheckState.BAD)],
)
def test_a_disk_that_is_almost_full_is_red(row: OperationsRow | None, standing: CheckState) -> None:
    assert health.disk(row).standing is standing


@pytest.mark.parametrize(
    ("since", "standing"), [(None, CheckState.GOOD), (NOON, CheckState.GOOD), (NOON - AGO, CheckState.BAD)]
)
def test_a_ledger_that_nobody_signs_is_red(since: datetime | None, standing: CheckState) -> None:
    row = FreshnessRow(size=32, published_at=NOON - AGO, waiting=int(since is not None), waiting_since=since, at=NOON)

    assert health.record(row).standing is standing


def test_numbers_that_are_not_known_are_no_zero() -> None:
    checks = [health.set_aside(None), health.record(None), health.services({"intake": True, "audit": False})]

    assert {check.standing for check in checks} == {CheckState.SILENT}
    assert not [check.text for check in checks if "0" in check.text]


@pytest.fixture
async def officer(square: Square) -> tuple[str, Browser]:
    """An agency of this test's own and its privacy officer."""
    agency = await square.agency()
    return agency, await square.sign_in(await square.person(agency, "privacy_officer"))


async def set_aside(square: Square, sender: str) -> UUID:
    """Set aside a message that the agency sent."""
    routing = Routing(uuid4(), "accord.referral.created.v1", sender, uuid4(), NOON, 1)
    received = RawRecord("to.bay-hotline", -1, 7, b"key", tuple(write(routing)), token_hex(8).encode())
    async with square.town.session("accord_exchange") as session:
        ref = await put(session, RELAY, received, DeadLetterReason.TOO_LARGE, tries=5, message_ref=routing.message_ref)
        await session.commit()
    return ref


async def note_heartbeat(square: Square) -> None:
    async with square.town.session("accord_exchange") as session:
        for consumer in health.READERS:
            await session.execute(NOTE, {"consumer": consumer, "seconds": 0.0})
        await session.commit()


async def test_a_stuck_message_is_tried_again_or_its_wait_ended(square: Square, officer: tuple[str, Browser]) -> None:
    agency, browser = officer
    ref = await set_aside(square, agency)
    await note_heartbeat(square)

    page = await browser.get(HEALTH)
    retried = await browser.submit(f"{HEALTH}/{ref}/retry")
    async with square.town.session("accord_relay") as session:
        assert ref in await pending_retries(session, RELAY)
    ended = await browser.submit(f"{HEALTH}/{ref}/end")
    after = await browser.get(str(ended.headers["location"]))

    assert "Referral created" in page.text
    assert "It is too large to be sent. End the wait" in page.text
    assert [answer.status_code for answer in (retried, ended)] == [303, 303]
    assert "Its wait is over" in after.text
    assert "No message of your agency was set aside" in after.text


async def test_anothers_message_is_not_ended(square: Square, officer: tuple[str, Browser]) -> None:
    ref = await set_aside(square, "harbor-house")

    answers = [await officer[1].submit(f"{HEALTH}/{which}/end") for which in (ref, uuid4())]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert square.sql("SELECT resolved_at FROM carrying.parked WHERE parked_ref = %s", ref) == [(None,)]


async def test_services_that_are_away_are_red_and_named(square: Square, officer: tuple[str, Browser]) -> None:
    square.streets.away.update({"exchange.test", "audit.test"})

    answer = await officer[1].get(HEALTH)

    assert answer.status_code == 200
    assert "No answer: " in answer.text
    assert "Not known: the service that keeps this does not answer." in answer.text
    assert "All is carried" not in answer.text
    assert ">0<" not in answer.text


async def test_a_message_that_is_neither_way_decided_is_no_page(officer: tuple[str, Browser]) -> None:
    assert (await officer[1].get(f"{HEALTH}/{uuid4()}/burn")).status_code == 404


async def test_health_is_no_page_of_a_case_worker(square: Square) -> None:
    _, person = await square.worker()

    assert (await (await square.sign_in(person)).get(HEALTH)).status_code == 403
