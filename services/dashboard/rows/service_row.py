"""The base of what a page reads of an answer."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class ServiceRow(BaseModel):
    """Fields of another service's answer; an error never repeats a value."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class CountedRow(ServiceRow):
    """How long a list is; not `whole` where it goes on beyond what is counted."""

    count: Annotated[int, Field(ge=0)]
    whole: bool
