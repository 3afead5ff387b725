"""What was set aside: listed by its routing, tried again on a person's word, and that on record."""

import json
from pathlib import Path
from secrets import token_hex
from uuid import UUID, uuid4

import psycopg
import pytest

from kernel.ledger.entry import Act, read
from runtime.messaging.consumer.faust_consumer import Stalled
from runtime.messaging.dead_letters import DeadLetterReason, RawRecord, pending_retries, put
from runtime.telemetry.error_ids import error_id
from tests.support.database import Database
from tests.support.ledger import Log, own_database
from tests.support.run_folders import a_run, accord


@pytest.fixture(scope="module")
def log(database: Database) -> Log:
    return Log(own_database(database))


@pytest.fixture
def run(log: Log, tmp_path: Path) -> Path:
    log.empty()
    log.tamper("TRUNCATE carrying.parked")
    return a_run(tmp_path / "run", log.database)


async def parked(log: Log, consumer: str = "exchange") -> UUID:
    body = f"sealed-{token_hex(8)}".encode()
    received = RawRecord("to.harbor-house", 3, 7, b"key", (), body)
    async with log.session("accord_exchange") as session:
        ref = await put(
            session, consumer, received, DeadLetterReason.FAILED, tries=4, message_ref=uuid4(), failed=Stalled()
        )
        await session.commit()
    return ref


def test_an_empty_lot_lists_nothing(run: Path) -> None:
    done = accord("dead-letters", "list", "--run", run)

    assert (done.exit_code, done.output) == (0, "")


async def test_a_dead_letter_is_listed_by_routing_and_not_by_content(log: Log, run: Path) -> None:
    ref = await parked(log)

    (row,) = json.loads(accord("dead-letters", "list", "--run", run, "--json").output)

    assert (row["parked_ref"], row["consumer"], row["topic"]) == (str(ref), "exchange", "to.harbor-house")
    assert (row["reason"], row["tries"], row["retry"]) == ("failed", 4, False)
    assert row["error_id"] == error_id(Stalled())
    assert "sealed" not in json.dumps(row)
    assert str(ref) in accord("dead-letters", "list", "--run", run).output


async def test_a_requested_retry_reaches_its_consumer_and_is_listed(log: Log, run: Path) -> None:
    ref, other = await parked(log), await parked(log)

    done = accord("dead-letters", "retry", ref, "--run", run)

    assert done.exit_code == 0
    async with log.session("accord_exchange") as session:
        assert list(await pending_retries(session, "exchange")) == [ref]
    rows = json.loads(accord("dead-letters", "list", "--run", run, "--json").output)
    assert {row["parked_ref"]: row["retry"] for row in rows} == {str(ref): True, str(other): False}


async def test_the_asking_is_on_record(log: Log, run: Path) -> None:
    accord("dead-letters", "retry", await parked(log), "--run", run, "--json")

    ((header,),) = log.rows("SELECT header FROM ledger.pending")
    assert read(bytes(header)).act is Act.ADMINISTERED


async def test_what_is_not_parked_cannot_be_tried_again(log: Log, run: Path) -> None:
    settled = await parked(log)
    log.tamper("UPDATE carrying.parked SET resolved_at = now(), resolution = 'relayed'")

    done = [accord("dead-letters", "retry", ref, "--run", run) for ref in (settled, uuid4())]

    assert [result.exit_code for result in done] == [1, 1]
    assert log.waiting() == 0


def test_a_reference_that_is_none_is_a_wrong_use(run: Path) -> None:
    assert accord("dead-letters", "retry", "not-a-reference", "--run", run).exit_code == 2


def test_an_administrator_may_request_a_retry_and_nothing_else(log: Log) -> None:
    forbidden = ("reason = 'failed'", "body = ''", "tries = 0", "resolved_at = now()")
    deeds = [f"UPDATE carrying.parked SET {change}" for change in forbidden]  # noqa: S608 - words of this test
    for deed in [*deeds, "DELETE FROM carrying.parked"]:
        with (
            psycopg.connect(log.database.url("accord_admin").replace("+psycopg", "")) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(deed)
