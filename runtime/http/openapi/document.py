"""The OpenAPI 3.1 description of a service, the same on every machine."""

from __future__ import annotations

import re
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from runtime.http.openapi.routes import SCHEME
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
        description = get_openapi(title=app.title, version=VERSION, description=app.description, routes=app.routes)
        components = description.setdefault("components", {})
        schemas = components.setdefault("schemas", {})
        problem = ProblemDetails.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(problem.pop("$defs"))
        schemas["ProblemDetails"] = problem
        components["schemas"] = dict(sorted(schemas.items()))
        components["securitySchemes"] = {SCHEME: SECURITY_SCHEME}
        app.openapi_schema = description
    return app.openapi_schema


def methods_at(description: dict[str, Any], path: str) -> list[str]:
    """Return the methods that are described for the template which fits `path` best, in order."""
    fitting = [template for template in description["paths"] if _fits(template, path)]
    best = min(fitting, key=lambda template: template.count("{"), default=None)
    return [] if best is None else sorted(method.upper() for method in description["paths"][best])


def _fits(template: str, path: str) -> bool:
    pieces = re.split(r"\{[^}]*\}", template)
    return re.fullmatch("[^/]+".join(re.escape(piece) for piece in pieces), path) is not None
