"""The query string and the headers that steer a request: nothing undeclared, nothing twice."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple, get_args, get_origin
from urllib.parse import parse_qsl

from fastapi.dependencies.models import Dependant
from pydantic import BaseModel
from starlette.requests import Request

from runtime.auth import on_behalf
from runtime.http.problems import FieldError, Invalid, Problem
from schemas import strict_json

STEERING = (
    "authorization",
    "content-type",
    "content-length",
    "idempotency-key",
    "if-match",
    "traceparent",
    on_behalf.HEADER,
)
MOST_PARAMETERS = 64


_WHOLE = re.compile(r"-?[0-9]{1,19}")


class DeclaredParams(NamedTuple):
    """Whether a query parameter may be sent more than once, and whether it is digits only."""

    repeats: bool
    whole: bool

    @classmethod
    def of(cls, annotation: Any) -> DeclaredParams:
        """Return what an annotation says."""
        return cls(get_origin(annotation) in (list, set, frozenset, tuple), int in (annotation, *get_args(annotation)))


def declared_params(dependant: Dependant) -> dict[str, DeclaredParams]:
    """Return the query parameters that a route and its dependencies declare."""
    params: dict[str, DeclaredParams] = {}
    for parameter in dependant.query_params:
        kind = parameter.field_info.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            params |= {
                field.alias or name: DeclaredParams.of(field.annotation) for name, field in kind.model_fields.items()
            }
        else:
            params[parameter.alias] = DeclaredParams.of(kind)
    for part in dependant.dependencies:
        params |= declared_params(part)
    return params


def check_headers(request: Request) -> None:
    """Refuse a request that sends a steering header twice: two readers might each take another one."""
    for name in STEERING:
        if len(request.headers.getlist(name)) > 1:
            raise Problem("duplicate_header")


def check_query(request: Request, declared: Mapping[str, DeclaredParams]) -> None:
    """Refuse parameters that are undeclared, sent twice, or carry text that hides; their names are not echoed."""
    raw = request.scope.get("query_string", b"")
    try:
        pairs = parse_qsl(
            raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST_PARAMETERS, separator="&"
        )
    except ValueError:
        raise Invalid([FieldError("query", "malformed")]) from None
    counts = Counter(name for name, _ in pairs)
    errors = [FieldError("query", "unknown_parameter")] if counts.keys() - declared.keys() else []
    errors += [
        FieldError(f"query.{name}", "repeated") for name in declared if counts[name] > 1 and not declared[name].repeats
    ]
    errors += [
        FieldError(f"query.{name}", "unsafe_text") for name, value in pairs if name in declared and _hides(value)
    ]
    # The validator takes " 1", "+1" and "1_0" for numbers; another reader of the same address may not.
    errors += [
        FieldError(f"query.{name}", "int_parsing")
        for name, value in pairs
        if name in declared and declared[name].whole and _WHOLE.fullmatch(value) is None
    ]
    if errors:
        raise Invalid(errors)


def _hides(value: str) -> bool:
    try:
        strict_json.safe_text(value)
    except strict_json.BadJson:
        return True
    return False
