"""What a published schema may not become: a version of a contract only ever gains optional fields."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

Schema = Mapping[str, Any]

_UPPER: Final = ("maxLength", "maxItems", "maximum", "exclusiveMaximum")
_LOWER: Final = ("minLength", "minItems", "minimum", "exclusiveMinimum")
_INSIDE: Final = ("items", "additionalProperties", "propertyNames")
_FORM: Final = ("pattern", "format")


class Incompatibility(StrEnum):
    """Why a change breaks whoever reads or writes that version."""

    REMOVED = "removed"
    NEWLY_REQUIRED = "newly_required"
    NARROWED = "narrowed"
    SHRUNK_ENUM = "shrunk_enum"
    RECATEGORISED = "recategorised"  # what was granted for one category would open under another


@dataclass(frozen=True, slots=True)
class Break:
    """One thing that was so and is no longer."""

    reason: Incompatibility
    where: str

    def __str__(self) -> str:
        return f"{self.reason}: {self.where}"


def breaks(before: Schema, after: Schema) -> tuple[Break, ...]:
    """Return each way in which `after` takes back what `before` promised."""
    return tuple(_Comparison(before, after).of(before, after, ""))


@dataclass(frozen=True, slots=True)
class _Comparison:
    before: Schema
    after: Schema

    def of(self, old: Schema, new: Schema, where: str) -> Iterator[Break]:
        """Yield the breaks between two schemas at one place."""
        if old.get("x-accord-category") != new.get("x-accord-category"):
            yield Break(Incompatibility.RECATEGORISED, where)
        choices = _choices(new, self.after)
        for choice in _choices(old, self.before):
            matching = [other for other in choices if _is_of_a_type(choice, other)]
            if not matching:
                yield Break(Incompatibility.NARROWED, f"{where} type")
            else:
                yield from min((tuple(self._between(choice, other, where)) for other in matching), key=len)

    def _between(self, old: Schema, new: Schema, where: str) -> Iterator[Break]:
        yield from self._members(old, new, where)
        yield from _values(old, new, where)
        yield from _bounds(old, new, where)
        for inside in _INSIDE:
            # What a schema does not say is open, and pydantic closes an object by saying False.
            was, now = ({} if schema.get(inside, True) is True else schema[inside] for schema in (old, new))
            if now is False and was is not False:
                yield Break(Incompatibility.NARROWED, f"{where} {inside}")
            elif was is not False and now is not False and (was or now):
                yield from self.of(was, now, f"{where}/*")

    def _members(self, old: Schema, new: Schema, where: str) -> Iterator[Break]:
        old_members, new_members = old.get("properties", {}), new.get("properties", {})
        for name, schema in old_members.items():
            if name in new_members:
                yield from self.of(schema, new_members[name], f"{where}/{name}")
            else:
                yield Break(Incompatibility.REMOVED, f"{where}/{name}")
        for name in sorted(set(new.get("required", ())) - set(old.get("required", ()))):
            yield Break(Incompatibility.NEWLY_REQUIRED, f"{where}/{name}")


def _choices(schema: Schema, document: Schema) -> list[Schema]:
    resolved = _resolved(schema, document)
    return [choice for inner in resolved.get("anyOf", ()) for choice in _choices(inner, document)] or [resolved]


def _resolved(schema: Schema, document: Schema) -> Schema:
    if "$ref" not in schema:
        return schema
    target: Schema = document["$defs"][schema["$ref"].removeprefix("#/$defs/")]
    return target


def _is_of_a_type(old: Schema, new: Schema) -> bool:
    return new.get("type") in (None, old.get("type")) or (old.get("type"), new.get("type")) == ("integer", "number")


def _values(old: Schema, new: Schema, where: str) -> Iterator[Break]:
    allowed, allowed_now = _enum(old), _enum(new)
    if allowed is None and allowed_now is not None:
        yield Break(Incompatibility.NARROWED, f"{where} enum")
    elif allowed is not None and allowed_now is not None:
        for value in allowed:
            if value not in allowed_now:
                yield Break(Incompatibility.SHRUNK_ENUM, f"{where} {value}")


def _enum(schema: Schema) -> list[Any] | None:
    return [schema["const"]] if "const" in schema else schema.get("enum")


def _bounds(old: Schema, new: Schema, where: str) -> Iterator[Break]:
    for name in _UPPER:
        if name in new and (name not in old or new[name] < old[name]):
            yield Break(Incompatibility.NARROWED, f"{where} {name}")
    for name in _LOWER:
        if name in new and (name not in old or new[name] > old[name]):
            yield Break(Incompatibility.NARROWED, f"{where} {name}")
    for name in _FORM:
        if name in new and new[name] != old.get(name):
            yield Break(Incompatibility.NARROWED, f"{where} {name}")
