"""What failed beneath us, told as a problem; a driver's text is dropped here and never travels."""

from __future__ import annotations

import logging

from runtime.auth.tokens import IssuerAway
from runtime.disclosure import TooLate
from runtime.error_kinds import ErrorKind, classify, sqlstate
from runtime.http.problems import Problem, Unavailable
from runtime.keyring import KeyringError
from runtime.telemetry import log_fields
from runtime.telemetry.logs import described

log = logging.getLogger(__name__)


def problem_of(error: Exception) -> Problem:
    """Return the problem that tells `error` to whoever asked: try again, or our fault; never its text.

    Which function failed would tell them what there is, so the id of the error is in our log alone, beside the
    `instance` of the answer.
    """
    if isinstance(error, Problem):
        return error
    away = isinstance(error, KeyringError | IssuerAway | TooLate) or classify(error) is not ErrorKind.PERMANENT
    problem = Unavailable() if away else Problem("broken")
    about = log_fields(code=sqlstate(error) or "none", instance=problem.instance)
    log.log(
        logging.WARNING if away else logging.ERROR,
        problem.code,
        extra={"log_fields": about["log_fields"] | described(error)},
    )
    return problem
