"""Every answer that is not a success: RFC 9457 problem details, and never an input value."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:accord:problem:"

# The one table: code -> (status, title).  A code that a service adds by `Refused` takes the title of its status.
PROBLEMS: Mapping[str, tuple[int, str]] = {
    "malformed_request": (400, "The request is malformed"),
    "malformed_json": (400, "The body is not the plain JSON we accept"),
    "body_too_slow": (400, "The body did not arrive in time"),
    "duplicate_header": (400, "A header was sent twice"),
    "idempotency_key_missing": (400, "This request needs an Idempotency-Key"),
    "unauthenticated": (401, "A valid access token is needed"),
    "forbidden": (403, "The token does not allow this"),
    "person_claim_refused": (403, "The claim in Accord-On-Behalf-Of does not hold"),
    "absent": (404, "Not found"),
    "method_not_allowed": (405, "This method is not offered here"),
    "conflict": (409, "Not possible in the present state"),
    "still_running": (409, "The same request is still being worked on"),
    "stale": (412, "It has changed since you read it"),
    "too_large": (413, "The body is too large"),
    "address_too_long": (414, "The address is too long"),
    "unsupported_media_type": (415, "Send application/json in UTF-8"),
    "invalid": (422, "Some fields are not valid"),
    "not_acceptable": (422, "The request is not acceptable"),
    "idempotency_key_malformed": (422, "The Idempotency-Key must be 1 to 128 visible ASCII characters"),
    "idempotency_key_reused": (422, "This Idempotency-Key was used for another request"),
    "length_required": (411, "Send the body with a Content-Length"),
    "precondition_required": (428, "Send If-Match with the version you read"),
    "too_many_requests": (429, "Too many requests"),
    "headers_too_large": (431, "The headers are too large"),
    "broken": (500, "Something went wrong on our side"),
    "unavailable": (503, "Not available just now"),
}
_TITLE_BY_STATUS = {409: PROBLEMS["conflict"][1], 422: PROBLEMS["not_acceptable"][1]}


class ProblemError(BaseModel):
    """One field that is not valid, by its place and a code; never by its value."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    field: str
    code: str


class ProblemDetails(BaseModel):
    """An answer that is not a success (RFC 9457)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: str
    title: str
    status: int = Field(ge=400, le=599)
    code: str
    instance: str
    errors: list[ProblemError]


@dataclass(frozen=True, slots=True)
class FieldError:
    """A field and what is wrong with it: a place such as `body.contexts.0`, and a code."""

    field: str
    code: str


class Problem(Exception):
    """Something that ends a request with a problem answer; its transaction rolls back."""

    def __init__(
        self,
        code: str,
        *,
        status: int | None = None,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code)
        listed_status, title = PROBLEMS.get(code, (status or 409, _TITLE_BY_STATUS.get(status or 409, "Refused")))
        self.code = code
        self.status = status or listed_status
        self.title = title
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.instance = f"urn:uuid:{uuid4()}"


class Unauthenticated(Problem):
    """Nobody we know asks."""

    def __init__(self) -> None:
        super().__init__("unauthenticated", headers={"WWW-Authenticate": 'Bearer realm="accord"'})


class Forbidden(Problem):
    """The token does not carry the scope of this route."""

    def __init__(self) -> None:
        super().__init__("forbidden")


class ClaimRefused(Problem):
    """For whom a system says that it asks does not hold; why not is told to nobody."""

    def __init__(self) -> None:
        super().__init__("person_claim_refused")


class Absent(Problem):
    """There is no such thing, or not for you: one answer, the same to the byte."""

    def __init__(self) -> None:
        super().__init__("absent")
        self.instance = f"{TYPE_PREFIX}absent"  # it says nothing of its own, so that no two of them differ


class Withheld(Absent):
    """Absent to whoever asks, while the refusal stays on record: the edge commits before it answers."""


class Refused(Problem):
    """A rule of the domain says no; the code says which."""

    def __init__(self, code: str = "conflict", *, status: int = 409, errors: Sequence[FieldError] = ()) -> None:
        super().__init__(code, status=PROBLEMS[code][0] if code in PROBLEMS else status, errors=errors)


# Which problem tells each error that a domain raises.
Refusals = Mapping[type[Exception], Callable[[Any], Problem]]


def refused_as(code: str) -> Callable[[Exception], Problem]:
    """Return what tells a domain's error by `code` alone."""
    return lambda _: Refused(code)


class Stale(Problem):
    """The thing has changed since the version that If-Match names."""

    def __init__(self) -> None:
        super().__init__("stale")


class PreconditionRequired(Problem):
    """This change needs If-Match."""

    def __init__(self) -> None:
        super().__init__("precondition_required")


class Invalid(Problem):
    """Fields of the request are not valid."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__("invalid", errors=errors)


class TooManyRequests(Problem):
    """One client asks one route too often."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("too_many_requests", headers={"Retry-After": str(retry_after)})


class Unavailable(Problem):
    """Something we need is away or too busy; asking again later may succeed."""

    def __init__(self, retry_after: int = 2) -> None:
        super().__init__("unavailable", headers={"Retry-After": str(retry_after)})


def problem_document(problem: Problem) -> dict[str, Any]:
    """Return the members of a problem answer."""
    return {
        "type": TYPE_PREFIX + problem.code,
        "title": problem.title,
        "status": problem.status,
        "code": problem.code,
        "instance": problem.instance,
        "errors": [{"field": error.field, "code": error.code} for error in problem.errors],
    }


def problem_response(problem: Problem) -> Response:
    """Return the response that tells `problem`, and nothing that was sent to us."""
    body = json.dumps(problem_document(problem), separators=(",", ":")).encode()
    return Response(body, status_code=problem.status, headers=problem.headers, media_type=MEDIA_TYPE)
