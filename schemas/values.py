"""The kinds of value a contract may hold, each with its bounds.

Text is bounded and hides nothing, lists are bounded, an instant is UTC, and a
reference is one that the door renames for whoever it goes to.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Final, TypeVar
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from schemas.strict_json import SAFE_TEXT_PATTERN, BadJson, safe_text
from schemas.taxonomy import FIELDS

T = TypeVar("T")
Rename = Callable[[UUID], UUID | str]

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_INSTANT: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|\+00:00)")
_REFERENCE: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_DAY_PATTERN: Final = r"^[12]\d{3}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$"
_INSTANT_PATTERN: Final = (
    r"^[12]\d{3}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?(Z|\+00:00)$"
)


def _open_text(text: str) -> str:
    try:
        return safe_text(text)
    except BadJson as flaw:
        raise PydanticCustomError(flaw.code, "text that hides itself is refused") from None


def _only_a_day(value: Any) -> Any:
    written_so = isinstance(value, str) and _DAY.fullmatch(value)
    if written_so or (isinstance(value, date) and not isinstance(value, datetime)):
        return value
    raise PydanticCustomError("date", "a date is written YYYY-MM-DD")


def _only_an_instant(value: Any) -> Any:
    if isinstance(value, datetime) or (isinstance(value, str) and _INSTANT.fullmatch(value)):
        return value
    raise PydanticCustomError("instant", "an instant is written YYYY-MM-DDThh:mm:ssZ")


def _only_utc(value: datetime) -> datetime:
    if value.utcoffset() != timedelta(0):
        raise PydanticCustomError("instant", "an instant is in UTC")
    return value.astimezone(UTC)


def _only_a_reference(value: Any) -> Any:
    if isinstance(value, UUID) or (isinstance(value, str) and _REFERENCE.fullmatch(value)):
        return value
    raise PydanticCustomError("uuid_parsing", "a reference is written in five groups, as the published schema asks")


def _known_path(path: str) -> str:
    if path not in FIELDS:
        raise PydanticCustomError("unknown_field", "a field that the taxonomy does not know")
    return path


_Open = Annotated[
    str, AfterValidator(_open_text), Field(strict=True, min_length=1, json_schema_extra={"pattern": SAFE_TEXT_PATTERN})
]
ShortName = Annotated[
    str,
    AfterValidator(_open_text),
    Field(strict=True, max_length=80, json_schema_extra={"pattern": SAFE_TEXT_PATTERN}),
]
Text200 = Annotated[_Open, Field(max_length=200)]
Text300 = Annotated[_Open, Field(max_length=300)]
Text2000 = Annotated[_Open, Field(max_length=2_000)]
Narrative20000 = Annotated[_Open, Field(max_length=20_000)]

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_.-]{1,60}$")]
AgencyRef = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{2,40}$")]
PersonRef = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{2,40}$")]
FieldPath = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}\.[a-z0-9_]{1,60}$"), AfterValidator(_known_path)]
SpokenCode = Annotated[str, StringConstraints(pattern=r"^[a-z]{3,12} [a-z]{3,12} [1-9][0-9]$")]
LanguageTag = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$")]
TimeZone = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_+-]{1,30}(/[A-Za-z0-9_+-]{1,30}){0,2}$")]
LocalTime = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]

Day = Annotated[date, BeforeValidator(_only_a_day), Field(json_schema_extra={"pattern": _DAY_PATTERN})]
Instant = Annotated[
    datetime,
    BeforeValidator(_only_an_instant),
    AfterValidator(_only_utc),
    Field(json_schema_extra={"pattern": _INSTANT_PATTERN}),
]
OwnRef = Annotated[UUID, BeforeValidator(_only_a_reference)]
# Every other UUID inside a contract is one of these: `schemas.facts.projection` renames them all.
Ref = Annotated[OwnRef, Field(json_schema_extra={"x-accord-pairwise": True})]

Flag = Annotated[bool, Field(strict=True)]
Count = Annotated[int, Field(strict=True, ge=0, le=100_000)]
Version = Annotated[int, Field(strict=True, ge=1, le=100_000)]
Bytes = Annotated[int, Field(strict=True, ge=0, le=1 << 40)]
Latitude = Annotated[float, Field(strict=True, ge=-90, le=90, allow_inf_nan=False)]
Longitude = Annotated[float, Field(strict=True, ge=-180, le=180, allow_inf_nan=False)]

Items = Annotated[tuple[T, ...], Field(max_length=50)]


def plain(value: Any, rename: Rename | None = None) -> Any:
    """Return `value` as JSON can hold it, absent parts left out and references renamed."""
    kind = type(value)
    if kind in _PLAIN_ALREADY:
        return value
    if kind is tuple:
        return [plain(item, rename) for item in value]
    form = _forms.get(kind)
    if form is None:
        form = _forms[kind] = _form(kind)
    return form(value, rename)


_PLAIN_ALREADY: Final = frozenset({type(None), bool, int, float, str})
_forms: dict[type[Any], Callable[[Any, Rename | None], Any]] = {}


def _form(kind: type[Any]) -> Callable[[Any, Rename | None], Any]:
    """Return how values of this very class are put plainly."""
    if issubclass(kind, StrEnum):
        return lambda value, _: str(value)
    if issubclass(kind, UUID):
        return lambda value, rename: str(value if rename is None else rename(value))
    if issubclass(kind, datetime):
        return lambda value, _: value.isoformat().replace("+00:00", "Z")
    if issubclass(kind, date):
        return lambda value, _: value.isoformat()
    names = tuple(kind.model_fields)

    def members(value: Any, rename: Rename | None) -> dict[str, Any]:
        attributes = value.__dict__
        return {name: plain(attributes[name], rename) for name in names if attributes[name] is not None}

    return members
