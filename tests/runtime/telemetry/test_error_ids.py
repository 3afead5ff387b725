"""An error's id says where it was raised, whatever it was about, and holds nothing of what was typed."""

import json
from collections.abc import Callable

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from runtime.ledger.pending_entries import Leaf, append
from runtime.messaging.consumer.faust_consumer import Stalled
from runtime.messaging.consumer.message import read
from runtime.messaging.dead_letters import RawRecord
from runtime.telemetry.error_ids import error_id
from schemas import strict_json
from tests.support.town import Town

CANARY = "CANARY-ana-lives-here"


def failure(work: Callable[[], object]) -> Exception:
    try:
        work()
    except Exception as error:
        return error
    raise AssertionError("it did not fail")


def a_record(topic: str) -> RawRecord:
    return RawRecord(topic, 0, 1, CANARY.encode(), ((CANARY, CANARY.encode()),), b"sealed")


def test_the_same_failure_has_one_id_whatever_it_is_about() -> None:
    first = failure(lambda: strict_json.loads(f'{{"{CANARY}": 1, "{CANARY}": 2}}'.encode()))
    second = failure(lambda: strict_json.loads(b'{"other": 1, "other": 2}'))

    assert error_id(first) == error_id(second) == "schemas.strict_json:_checked_object/BadJson"


def test_two_raise_sites_have_two_ids() -> None:
    errors = [failure(lambda: read(a_record(f"from.{CANARY}"))), failure(lambda: read(a_record("to.harbor-house")))]

    assert [error_id(error).rpartition("/")[0] for error in errors] == [
        "runtime.messaging.consumer.message:read",
        "runtime.messaging.headers:_required",
    ]


def test_two_classes_of_one_place_have_two_ids() -> None:
    unreadable, malformed = failure(lambda: read(a_record("elsewhere"))), failure(lambda: read(None))  # type: ignore[arg-type]

    assert error_id(unreadable) == "runtime.messaging.consumer.message:read/UnreadableHeaders"
    assert error_id(malformed) == "runtime.messaging.consumer.message:read/AttributeError"


def test_an_id_holds_nothing_of_the_message() -> None:
    error = failure(lambda: read(a_record(f"from.{CANARY}")))
    error.add_note(CANARY)

    assert "CANARY" not in error_id(error)
    assert "CANARY" not in error_id(ValueError(CANARY))


def test_an_error_without_a_place_is_named_by_its_class() -> None:
    assert error_id(Stalled()) == "runtime.messaging.consumer.faust_consumer/Stalled"
    assert error_id(failure(lambda: json.loads("{"))) == "json.decoder/JSONDecodeError"


def test_a_group_is_named_by_its_first_error() -> None:
    error = failure(lambda: read(a_record("elsewhere")))

    assert error_id(ExceptionGroup(CANARY, [error, ValueError(CANARY)])) == error_id(error)


async def test_a_refused_statement_is_named_by_whose_it_is(town: Town) -> None:
    async with town.session("accord_issuer") as session:
        with pytest.raises(DBAPIError) as refused:
            await append(session, [Leaf(CANARY.encode(), b"", None, None)])
        await session.rollback()
        with pytest.raises(DBAPIError) as foreign:
            await session.execute(text("SELECT CAST(:value AS integer)"), {"value": CANARY})

    assert error_id(refused.value) == "runtime.ledger.pending_entries:append/InsufficientPrivilege"
    assert "CANARY" not in error_id(foreign.value)
