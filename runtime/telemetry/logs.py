"""Log lines: one JSON object each, on standard error, made of declared words."""

from __future__ import annotations

import json
import logging
import math
import sys
import threading
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, TextIO

from runtime.telemetry.attributes import LIBRARY_NAMES
from runtime.telemetry.error_ids import error_id
from runtime.telemetry.log_fields import WITHHELD
from runtime.telemetry.tracing import trace_id_now

log = logging.getLogger(__name__)

OURS = ("runtime", "services", "kernel", "schemas", "cli", "devstack", "__main__")
# Their lines without arguments are constant text.
CONSTANT = ("uvicorn", "alembic")
QUIET = ("httpx", "httpcore", "faust", "mode", "aiokafka", "asyncio", "sqlalchemy", "opentelemetry")
# They log intervals, offsets and counts, and see no body but a sealed one.
SAFE_NUMBERS = ("faust", "mode", "aiokafka", "asyncio")
MOST_FRAMES = 12


class JsonLines(logging.Formatter):
    """Writes a record as one JSON object; of an error its class and places, never its text or its locals."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        """Return the line for `record`."""
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "service": self._service,
            "event": _event(record),
            "trace_id": trace_id_now(),
        }
        if not _is_from(record, OURS):
            line["logger"] = record.name
            line |= _arguments(record)
        line |= getattr(record, "log_fields", {})
        if record.exc_info and record.exc_info[1] is not None:
            line |= described(record.exc_info[1])
        return json.dumps(line, ensure_ascii=True, default=lambda _: "(withheld)")


def described(error: BaseException) -> dict[str, Any]:
    """Return an error's id, its class and where it came from: its text may hold what a person typed."""
    return {"error_id": error_id(error), "error": type(error).__qualname__, "where": _places(error.__traceback__)}


def setup_logs(service: str, *, to: TextIO | None = None, level: int = logging.INFO) -> None:
    """Write every record of this process to standard error as JSON lines; libraries speak from WARNING up."""
    handler = logging.StreamHandler(to or sys.stderr)
    handler.setFormatter(JsonLines(service))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.captureWarnings(True)
    logging.raiseExceptions = False  # a failed log call prints its record, arguments and all
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in list(logging.root.manager.loggerDict):
        logger = logging.getLogger(name)
        logger.handlers[:] = []
        logger.propagate = True
    logging.getLogger("uvicorn.access").disabled = True
    _say_how_it_ended()


def _say_how_it_ended() -> None:
    # Python's own hooks print an error's text, which may hold what a person typed.
    def died(_: type[BaseException], error: BaseException, __: TracebackType | None) -> None:
        if isinstance(error, Exception):
            log.critical("unhandled_exception", extra={"log_fields": described(error)})

    def thread_died(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            log.error("thread_exception", extra={"log_fields": described(args.exc_value)})

    sys.excepthook = died
    threading.excepthook = thread_died
    sys.unraisablehook = lambda args: log.error(
        "unraisable_exception", extra={"log_fields": _unraisable(args.exc_value)}
    )


def _unraisable(error: BaseException | None) -> dict[str, Any]:
    return {} if error is None else described(error)


def _event(record: logging.LogRecord) -> str:
    # The template and never its arguments: those may be anything.  A library's line without arguments
    # may have been put together beforehand, so it is named by its place alone.
    template = record.msg.strip() if isinstance(record.msg, str) else ""
    # uvicorn logs the whole traceback of a failed start as one text: that is several lines.
    if template and "\n" not in template and (_is_from(record, OURS + CONSTANT) or record.args):
        return template
    return f"{record.module}:{record.lineno}"


def _arguments(record: logging.LogRecord) -> dict[str, Any]:
    """Return the arguments of a library's line that are safe to keep; the others are withheld, each in its place."""
    if not _is_from(record, SAFE_NUMBERS) or not isinstance(record.args, tuple) or not record.args:
        return {}
    return {"arguments": [_safe(argument) for argument in record.args]}


def _safe(argument: object) -> Any:
    if isinstance(argument, bool | int) or (isinstance(argument, float) and math.isfinite(argument)):
        return argument
    if isinstance(argument, BaseException):
        return type(argument).__qualname__
    return argument if isinstance(argument, str) and argument in LIBRARY_NAMES else WITHHELD


def _is_from(record: logging.LogRecord, names: tuple[str, ...]) -> bool:
    return record.name.partition(".")[0] in names


def _places(trace: TracebackType | None) -> list[str]:
    frames = traceback.extract_tb(trace, limit=-MOST_FRAMES)
    return [f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}:{frame.name}" for frame in frames]
