"""What failed beneath us, told as a problem; a driver's text is dropped here and never travels."""

from __future__ import annotations

import logging

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from runtime.auth.tokens import IssuerAway
from runtime.disclosure import TooLate
from runtime.http.problems import Problem, Unavailable
from runtime.keyring import KeyringError
from runtime.telemetry import log_fields
from runtime.telemetry.logs import described

log = logging.getLogger(__name__)

# Serialization, deadlock, lock timeout, cancelled by timeout, disk full, too many connections, shutting down,
# read-only, ended while idle or because it took too long: doing it again later may succeed.
AGAIN_CODES = frozenset({"40001", "40P01", "55P03", "57014", "53100", "53200", "53300", "25006", "25P03", "25P04"})
AGAIN_CLASSES = frozenset({"08", "57"})


def problem_of(error: Exception) -> Problem:
    """Return the problem that tells `error` to whoever asked: try again, or our fault; never its text.

    Which function failed would tell them what there is, so the id of the error is in our log alone, beside the
    `instance` of the answer.
    """
    if isinstance(error, Problem):
        return error
    away = isinstance(error, PoolTimeout | KeyringError | IssuerAway | TooLate | ConnectionError) or _is_passing(error)
    problem = Unavailable() if away else Problem("broken")
    about = log_fields(code=_sqlstate(error) or "none", instance=problem.instance)
    log.log(
        logging.WARNING if away else logging.ERROR,
        problem.code,
        extra={"log_fields": about["log_fields"] | described(error)},
    )
    return problem


def _is_passing(error: Exception) -> bool:
    if not isinstance(error, DBAPIError):
        return False
    state = _sqlstate(error)
    if state is None:
        return error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)
    return error.connection_invalidated or state in AGAIN_CODES or state[:2] in AGAIN_CLASSES


def _sqlstate(error: Exception) -> str | None:
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    return state if isinstance(state, str) else None
