"""The OpenAPI 3.1 description of a service, the same on every machine."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from runtime.http.documented import SCHEME
from runtime.http.problems import ProblemDetails

VERSION = "1.0.0"
SECURITY_SCHEME = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "An access token (RFC 9068) of the issuer; the scopes a route needs are named with it.",
}


def describe(app: FastAPI) -> dict[str, Any]:
    """Return the description of `app`, with the problem answers' schema and the security scheme."""
    if app.openapi_schema is None:
        made = get_openapi(title=app.title, version=VERSION, description=app.description, routes=app.routes)
        components = made.setdefault("components", {})
        schemas = components.setdefault("schemas", {})
        problem = ProblemDetails.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(problem.pop("$defs"))
        schemas["ProblemDetails"] = problem
        components["schemas"] = dict(sorted(schemas.items()))
        components["securitySchemes"] = {SCHEME: SECURITY_SCHEME}
        app.openapi_schema = made
    return app.openapi_schema
