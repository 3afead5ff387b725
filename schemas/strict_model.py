"""What every model in this room is: closed, frozen and silent about what it holds."""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic_core import PydanticCustomError


class StrictModel(BaseModel):
    """A model that takes no unknown field, never changes and shows nothing of itself."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _name_no_unknown_field(cls, value: Any) -> Any:
        # pydantic's own refusal quotes the unknown name, and a name is input too.
        if isinstance(value, dict) and not value.keys() <= cls.model_fields.keys():
            raise PydanticCustomError("unknown_field", "a field that this contract does not know")
        return value

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        yield from ()


class NestedModel(StrictModel):
    """A piece of a field: an address, a child, a channel.  The field has the category."""
