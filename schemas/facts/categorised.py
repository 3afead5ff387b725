"""Where a field without a category fails: at import, before anything can be said with it."""

from typing import Any, ClassVar

from pydantic import GetJsonSchemaHandler
from pydantic.fields import FieldInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from schemas.categories import DataCategory, Mark
from schemas.strict_model import StrictModel
from schemas.taxonomy import FIELDS, bit

_FIELD_PATHS = frozenset(FIELDS)


class Categorised(StrictModel):
    """A model each field of which names its category, or a mark, by its type.

    Blocks derive from it: they hold what a person says, so that the body of a
    request is a block, or several.
    """

    allowed_marks: ClassVar[frozenset[Mark]] = frozenset(Mark)
    field_categories: ClassVar[dict[str, DataCategory]] = {}
    field_bits: ClassVar[dict[str, int]] = {}

    def values_for(self, kind: type["Categorised"]) -> dict[str, Any]:
        """Return the values of the fields that `kind` has, too, by their names."""
        return {name: getattr(self, name) for name in type(self).model_fields.keys() & kind.model_fields.keys()}

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Refuse a field that names no category, two, or one the taxonomy does not know it by."""
        super().__pydantic_init_subclass__(**kwargs)
        markings = {name: _marking(cls, name, field) for name, field in cls.model_fields.items()}
        cls.field_categories = {
            name: marking for name, marking in markings.items() if isinstance(marking, DataCategory)
        }
        cls.field_bits = {name: bit(f"{category}.{name}") for name, category in cls.field_categories.items()}

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Say the category of each field where partners read the contract, too."""
        schema = handler(core)
        properties = handler.resolve_ref_schema(schema).get("properties", {})
        for name, category in cls.field_categories.items():
            properties[name]["x-accord-category"] = category.value
        return schema


def _marking(cls: type[Categorised], name: str, field: FieldInfo) -> DataCategory | Mark:
    markings = [marking for marking in field.metadata if isinstance(marking, DataCategory | Mark)]
    if len(markings) != 1:
        raise TypeError(
            f"{cls.__name__}.{name} names {len(markings)} categories: its outer type names one, as in Needs[... | None]"
        )
    marking = markings[0]
    if isinstance(marking, Mark):
        if marking not in cls.allowed_marks:
            raise TypeError(f"{cls.__name__}.{name} may not be {marking.value}: here it needs a category")
    elif f"{marking}.{name}" not in _FIELD_PATHS:
        raise TypeError(
            f'{cls.__name__}.{name} is in no taxonomy: add the line "{marking}.{name}", at the end of FIELDS'
            " in schemas/taxonomy.py, and a version that counts it"
        )
    return marking
