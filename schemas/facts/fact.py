"""A fact: something that happened, said once, carried to those who may know."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, ClassVar, Final

from pydantic import ConfigDict, field_validator
from pydantic_core import PydanticCustomError

from schemas.categories import Mark, Origins, Routing, Terms
from schemas.facts.categorised import Categorised
from schemas.values import Items, OwnRef, Ref, Rename, Slug, plain

_TYPE: Final = re.compile(r"accord\.[a-z_]+\.[a-z_]+\.v[1-9][0-9]*")


class Fact(Categorised):
    """A fact of a custodian's case.  `case_ref` is the custodian's own; it never leaves."""

    model_config = ConfigDict(defer_build=True)  # built at first use: every process imports them all, few use many
    allowed_marks: ClassVar[frozenset[Mark]] = frozenset({Mark.ROUTING, Mark.ORIGIN})
    type: ClassVar[str]
    computed: ClassVar[Mapping[str, tuple[str, ...]]] = {}  # a field of ours, and the fields it was computed from

    case_ref: Routing[OwnRef]

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Refuse a type that is not `accord.<subject>.<verb>.v<n>`."""
        super().__pydantic_init_subclass__(**kwargs)
        if "type" in cls.__dict__ and not _TYPE.fullmatch(cls.type):
            raise TypeError(f"{cls.__name__}.type must read accord.<subject>.<verb>.v<n>")

    @classmethod
    def with_inputs(cls, mask: int, requested_mask: int) -> int:
        """Return `mask` without a field computed from one that is in `requested_mask` and not in `mask` (law R29)."""
        for bit, inputs in _computed(cls):
            if inputs & requested_mask & ~mask:
                mask &= ~bit
        return mask

    def parties(self) -> frozenset[str] | None:
        """Return the agencies between which this fact passed, or None if it is between no two."""
        return None

    def cji_mask(self) -> int:
        """Return the mask of the fields whose value is criminal justice information."""
        return 0

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        yield "case_ref", self.case_ref


@cache
def _computed(kind: type[Fact]) -> tuple[tuple[int, int], ...]:
    """Return each computed field of a contract as its bit and the mask of its inputs."""
    bits = kind.field_bits
    return tuple((bits[name], sum(bits[source] for source in inputs)) for name, inputs in kind.computed.items())


class CjiMarks(Categorised):
    """The mark that keeps criminal justice information with the police (CJIS Security Policy)."""

    cji_fields: Origins[Items[Slug]] = ()

    @field_validator("cji_fields")
    @classmethod
    def _name_own_fields(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        # A path, as everywhere; a bare name is what facts have carried from the first, so they go on carrying it.
        own = {f"{category}.{name}": name for name, category in cls.field_categories.items()}
        own |= {name: name for name in cls.field_categories}
        if not set(names) <= own.keys():
            raise PydanticCustomError("unknown_field", "a field that this contract does not know")
        return tuple(own[name] for name in names)

    def cji_mask(self) -> int:
        """Return the mask of the fields whose value is criminal justice information."""
        return sum(self.field_bits[name] for name in set(self.cji_fields))


class DirectiveFact(Fact):
    """A fact about a directive: it carries the directive's terms and nothing of the survivor.

    The one kind that may reach an agency without a permitted category: who was
    told something must be told to stop.
    """

    allowed_marks: ClassVar[frozenset[Mark]] = frozenset({Mark.ROUTING, Mark.TERMS})

    directive_ref: Terms[Ref]

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Refuse a field that has a category."""
        super().__pydantic_init_subclass__(**kwargs)
        if cls.field_categories:
            raise TypeError(
                f"{cls.__name__}.{min(cls.field_categories)} has a category: a directive fact carries terms only"
            )

    def terms(self, rename: Rename | None = None) -> dict[str, Any]:
        """Return the terms as JSON can hold them, absent ones left out and references renamed."""
        values = {name: getattr(self, name) for name in type(self).model_fields if name != "case_ref"}
        return {name: plain(value, rename) for name, value in values.items() if value is not None}
