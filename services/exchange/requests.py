"""What the exchange is asked, as other systems say it."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import Field

from schemas.codes import Purpose
from schemas.strict_model import StrictModel
from schemas.values import AgencyRef, Flag

MOST_AT_ONCE = 100


class OpeningRequest(StrictModel):
    """Why the message is opened: one purpose of the closed list, for which the agency is registered."""

    purpose: Purpose


class OpeningsRequest(OpeningRequest):
    """Several messages opened for one purpose."""

    message_refs: Annotated[list[UUID], Field(min_length=1, max_length=MOST_AT_ONCE)]


class OfferingRequest(StrictModel):
    """To whom a fact of the own record is offered again; nobody named means all whom a directive names."""

    to: Annotated[tuple[AgencyRef, ...], Field(max_length=50)] = ()


class HandlingRequest(StrictModel):
    """Whether the agency has dealt with a message."""

    handled: Flag
