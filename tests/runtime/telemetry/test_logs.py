"""Log lines are JSON, one a line, made of declared words; whatever else is said is not written."""

import asyncio
import io
import json
import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from enum import StrEnum
from typing import Any
from uuid import UUID

import pytest

from runtime.telemetry import log_fields
from runtime.telemetry.log_fields import WITHHELD
from runtime.telemetry.logs import setup_logs
from runtime.telemetry.tracing import continued

REF = UUID("5c7ecf2f-1cd8-4f4c-8f5a-0d8d9f0f1a2b")
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
our_logger = logging.getLogger("runtime.trial")
library = logging.getLogger("aiokafka.trial")


class Lines:
    """What was written, as objects."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    def all(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]

    def last(self) -> dict[str, Any]:
        return self.all()[-1]


@pytest.fixture
def lines() -> Iterator[Lines]:
    root = logging.getLogger()
    before, level, raising = root.handlers[:], root.level, logging.raiseExceptions
    hooks = sys.excepthook, threading.excepthook, sys.unraisablehook
    written = Lines()
    setup_logs("intake", to=written.stream)
    yield written
    root.handlers[:] = before
    root.setLevel(level)
    logging.raiseExceptions = raising
    logging.captureWarnings(False)
    sys.excepthook, threading.excepthook, sys.unraisablehook = hooks


class Reason(StrEnum):
    UNOPENABLE = "unopenable"


def test_a_line_says_when_where_and_what(lines: Lines) -> None:
    with continued(PARENT):
        our_logger.warning("parked", extra=log_fields(message_ref=REF, reason=Reason.UNOPENABLE, count=3))

    line = lines.last()
    assert line.pop("at").endswith("+00:00")
    assert line == {
        "level": "warning",
        "service": "intake",
        "event": "parked",
        "trace_id": "0af7651916cd43dd8448eb211c80319c",
        "message_ref": str(REF),
        "reason": "unopenable",
        "count": 3,
    }


def test_a_key_that_is_not_declared_is_refused() -> None:
    with pytest.raises(TypeError, match="survivor_name"):
        log_fields(survivor_name="x")


@pytest.mark.parametrize(
    "value", ["two words", "a" * 200, "caf\u00e9", "a\nb", "+1 555 0100", object(), {"a": 1}, b"x"]
)
def test_a_value_that_is_not_a_word_is_withheld(value: object) -> None:
    assert log_fields(reason=value) == {"log_fields": {"reason": WITHHELD}}


def test_arguments_of_a_log_call_are_not_written(lines: Lines) -> None:
    our_logger.error("failed for %s", "CANARY")
    library.error("message %s has no offset %d", "CANARY", 7)

    assert [line["event"] for line in lines.all()] == ["failed for %s", "message %s has no offset %d"]
    assert "CANARY" not in lines.text


def test_d13_safe_arguments_of_a_library_are_kept(lines: Lines) -> None:
    logging.getLogger("mode.timers").warning("Timer %s overlaps (interval=%r runtime=%r)", "commit", 0.5, 18.25)
    library.error("%s %d %r %r %r", "CANARY", 7, ValueError("CANARY"), ["CANARY"], float("nan"))
    logging.getLogger("sqlalchemy.trial").error("value %s", 555_0188)

    timer, other, unsafe = lines.all()
    assert timer["arguments"] == ["commit", 0.5, 18.25]
    assert other["arguments"] == [WITHHELD, 7, "ValueError", WITHHELD, WITHHELD]
    assert "arguments" not in unsafe
    assert "CANARY" not in lines.text


def test_a_preformatted_library_line_is_logged_by_its_place(lines: Lines) -> None:
    value = "CANARY"
    library.error(f"message {value} is bad")

    assert "CANARY" not in lines.text
    assert lines.last()["event"].startswith("test_logs:")
    assert lines.last()["logger"] == "aiokafka.trial"


def test_of_an_error_its_class_and_places_are_written(lines: Lines) -> None:
    secret = "CANARY-local"
    try:
        raise ValueError(f"CANARY {secret}") from KeyError("CANARY")
    except ValueError:
        our_logger.exception("broken")

    assert "CANARY" not in lines.text
    assert lines.last()["error"] == "ValueError"
    assert lines.last()["where"][0].startswith("test_logs.py:")


def test_libraries_speak_from_warning_up(lines: Lines) -> None:
    for name in ("httpx", "httpcore", "faust", "mode", "aiokafka", "sqlalchemy.engine"):
        logging.getLogger(name).info("HTTP Request: GET %s", "https://x.test/CANARY")

    assert lines.text == ""


def test_the_access_log_is_off(lines: Lines) -> None:
    logging.getLogger("uvicorn.access").info('%s - "%s %s"', "127.0.0.1", "GET", "/v1/CANARY")

    assert lines.text == ""


def test_a_warning_is_a_line_too(lines: Lines) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("CANARY is deprecated", DeprecationWarning, stacklevel=1)

    assert lines.last()["logger"] == "py.warnings"
    assert "CANARY" not in lines.text


async def test_an_error_nobody_awaited_is_written_without_its_text(lines: Lines) -> None:
    loop = asyncio.get_running_loop()

    loop.call_exception_handler({"message": "Task exception CANARY", "exception": ValueError("CANARY")})

    assert lines.last()["error"] == "ValueError"
    assert "CANARY" not in lines.text


def test_a_log_call_that_is_wrong_prints_nothing(lines: Lines, capsys: pytest.CaptureFixture[str]) -> None:
    our_logger.error("failed %d", "CANARY", extra={"log_fields": {"reason": object()}})

    assert "CANARY" not in lines.text + "".join(capsys.readouterr())
    assert lines.last()["reason"] == WITHHELD


def test_a_dying_process_or_thread_logs_how_without_the_text(lines: Lines) -> None:
    def fail() -> None:
        raise ValueError("CANARY")

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    sys.excepthook(ValueError, ValueError("CANARY"), None)

    assert [(line["event"], line["error"]) for line in lines.all()] == [
        ("thread_exception", "ValueError"),
        ("unhandled_exception", "ValueError"),
    ]
    assert "CANARY" not in lines.text
