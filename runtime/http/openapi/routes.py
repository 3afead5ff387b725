"""What a route says of itself in its description, besides what its signature says."""

from __future__ import annotations

from typing import Any

from fastapi.routing import APIRoute

from runtime.auth import jws, on_behalf
from runtime.auth.scopes import SCOPES, Role
from runtime.http import problems
from runtime.http.idempotency import HEADER, METHODS, RepeatPolicy
from runtime.http.permissions import RequireScope

SCHEME = "accord"
ALWAYS = (400, 401, 403, 404, 414, 422, 429, 431, 500, 503)
ON_WRITES = (409, 411, 413, 415)
ON_MATCHES = (412, 428)
DESCRIPTIONS = {
    400: "The request is malformed",
    401: "A valid access token is needed",
    403: "The token does not carry the scope of this route, or the claim of a person does not hold",
    404: "There is no such thing, or not for you: one answer for both",
    409: "Not possible in the present state, or the same request is still being worked on",
    412: "It has changed since the version that If-Match names",
    411: "The body has no Content-Length",
    413: "The body is larger than this route takes",
    414: "The path and query are too long",
    415: "The body is not application/json",
    422: "Some fields are not valid, a rule refuses it, or the Idempotency-Key was used for another request",
    428: "If-Match is missing",
    429: "Too many requests; ask again after Retry-After seconds",
    431: "The headers are too many or too large",
    500: "Something went wrong on our side; nothing was done",
    503: "Something we need is away; ask again after Retry-After seconds",
}
EXAMPLE_INSTANCE = "urn:uuid:5c7ecf2f-1cd8-4f4c-8f5a-0d8d9f0f1a2b"
KEY_PARAMETER: dict[str, Any] = {
    "name": HEADER,
    "in": "header",
    "description": "Names this request: sent again within 24 hours it is not done again; the answer is what is so now.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[\\x21-\\x7e]+$"},
}
# Where a request may be a stop: a stop is done each time, and refused for no formality.
KEY_OR_STOP_PARAMETER = KEY_PARAMETER | {
    "description": f"{KEY_PARAMETER['description']} A request that closes is done each time, whatever is here.",
    "schema": {"type": "string"},
}
CLAIM_PARAMETER = {
    "name": on_behalf.HEADER,
    "in": "header",
    "description": "Names the person for whom a records system asks: a JWT that the system signs with its own key.",
    "schema": {"type": "string", "maxLength": jws.LONGEST},
}


def document(route: APIRoute, gate: RequireScope, repeats: RepeatPolicy) -> None:
    """Write a route's problem answers, its scope and its headers into its description."""
    methods = route.methods or set()
    writes = bool(methods & {*METHODS, "DELETE"})
    matches = any(parameter.alias.lower() == "if-match" for parameter in route.dependant.header_params)
    statuses = ALWAYS + (ON_WRITES if writes else ()) + (ON_MATCHES if matches else ())
    # Statuses that only this route refuses with.
    named = {int(status) for status, response in route.responses.items() if not response}
    own_responses = {status: response for status, response in route.responses.items() if response}
    answers: dict[int | str, dict[str, Any]] = {status: _problem(status) for status in sorted({*statuses, *named})}
    route.responses = answers | own_responses
    extra = dict(route.openapi_extra or {})
    extra["security"] = [{SCHEME: [str(gate.scope)]}]
    parameters = list(extra.get("parameters", []))
    if gate.scope in SCOPES[Role.SYSTEM]:
        parameters.append(CLAIM_PARAMETER)
    if repeats.again is not None:
        key = KEY_PARAMETER if repeats.closes is None else KEY_OR_STOP_PARAMETER
        parameters.append({**key, "required": repeats.key_required})
    if parameters:
        extra["parameters"] = parameters
    route.openapi_extra = extra


def _problem(status: int) -> dict[str, Any]:
    code, title = next((code, title) for code, (listed, title) in problems.PROBLEMS.items() if listed == status)
    instance = f"{problems.TYPE_PREFIX}absent" if code == "absent" else EXAMPLE_INSTANCE
    errors = [{"field": "body.name_of_a_field", "code": "missing"}] if code == "invalid" else []
    problem = {"title": title, "status": status, "code": code, "instance": instance, "errors": errors}
    content = {
        "schema": {"$ref": "#/components/schemas/ProblemDetails"},
        "example": {"type": problems.TYPE_PREFIX + code, **problem},
    }
    return {"description": DESCRIPTIONS[status], "content": {problems.MEDIA_TYPE: content}}
