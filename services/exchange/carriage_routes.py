"""How an agency's own messages are carried, for its privacy officer: what stands still, and what to do about it."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Annotated, Final
from uuid import UUID

from fastapi import Depends, Request, Response
from pydantic import AwareDatetime, TypeAdapter, ValidationError

from runtime import clock, disclosure
from runtime.database.unit_of_work import UnitOfWork
from runtime.http import Cursor, FieldError, Invalid, Limit, Withheld, replayed_by, require_scope, router
from runtime.http.middleware import ANSWER_TIMES
from runtime.http.pagination import MOST_COUNTED, CountResponse, cursor_of, link_next, position_of
from runtime.telemetry.answer_times import AnswerTimes, LatestTimes
from services.exchange import carriage
from services.exchange.carriage import DeadLetterAnswer
from services.exchange.responses import CarriageResponse, DeadLetterResponse, DeadLettersResponse, OperationsResponse

MayReadOperations = Annotated[UnitOfWork, Depends(require_scope("operations:read"))]
MayRepair = Annotated[UnitOfWork, Depends(require_scope("operations:repair"))]
PLACE: Final = TypeAdapter(tuple[AwareDatetime, UUID])

routes = router("/v1")


@routes.get("/carriage")
async def read_carriage(unit: MayReadOperations) -> CarriageResponse:
    """Tell how this agency's messages are carried: what waits to be sent, and how far its mailbox is behind."""
    return CarriageResponse.model_validate(await carriage.carriage(unit))


@routes.get("/operations")
async def read_operations(unit: MayReadOperations, request: Request) -> OperationsResponse:
    """Tell how long this agency's openings take at the exchange, and how much disk is free where it runs."""
    times: AnswerTimes | None = getattr(request.app.state, ANSWER_TIMES, None)
    latest = LatestTimes(0, None) if times is None else times.of(unit.agency_id, clock.monotonic())
    disk = await asyncio.to_thread(shutil.disk_usage, Path.cwd())
    return OperationsResponse(
        openings=latest.count,
        opening_p99_seconds=latest.p99_seconds,
        disk_bytes=disk.total,
        disk_free_bytes=disk.free,
    )


@routes.get("/dead-letters")
async def list_dead_letters(
    unit: MayReadOperations, request: Request, response: Response, cursor: Cursor = None, limit: Limit = 50
) -> DeadLettersResponse:
    """List this agency's messages that were set aside, the oldest first: what it sent, and what came to its mailbox.

    The route and the class of reason, never what a message says nor whose it is.
    """
    letters = await carriage.dead_letters(unit, _place(cursor), limit + 1)
    last = letters[limit - 1] if len(letters) > limit else None
    following = None if last is None else cursor_of(last.parked_at.isoformat(), str(last.parked_ref))
    link_next(request, response, following)
    return DeadLettersResponse(
        dead_letters=[DeadLetterResponse.model_validate(letter) for letter in letters[:limit]], cursor=following
    )


@routes.get("/dead-letters/count")
async def count_dead_letters(unit: MayReadOperations) -> CountResponse:
    """Count this agency's messages that were set aside, up to 1,000."""
    letters = await carriage.dead_letters(unit, carriage.THE_OLDEST, MOST_COUNTED + 1)
    return CountResponse.of(len(letters), whole=len(letters) <= MOST_COUNTED)


async def as_answered(parked_ref: UUID, unit: MayRepair) -> None:
    """Say nothing more: what was asked for is on record, and done once."""


@routes.post("/dead-letters/{parked_ref}/retry", status_code=204)
@replayed_by(as_answered)
async def retry_dead_letter(parked_ref: UUID, unit: MayRepair) -> None:
    """Have a message tried once more, by whoever set it aside; consent is decided anew, and the asking is on record."""
    await _answer(unit, parked_ref, DeadLetterAnswer.RETRY)


@routes.post("/dead-letters/{parked_ref}/end", status_code=204)
@replayed_by(as_answered)
async def end_dead_letter(parked_ref: UUID, unit: MayRepair) -> None:
    """End the wait of a message: nobody tries it again. That it was set aside and ended stays on record."""
    await _answer(unit, parked_ref, DeadLetterAnswer.ENDED)


async def _answer(unit: UnitOfWork, parked_ref: UUID, decided: DeadLetterAnswer) -> None:
    if not await carriage.answer(unit, parked_ref, decided):
        await disclosure.record_not_found(unit, parked_ref, name="parked_ref")
        raise Withheld


def _place(cursor: str | None) -> carriage.Place:
    position = position_of(cursor, str, str)
    if position is None:
        return carriage.THE_OLDEST
    try:
        return PLACE.validate_python(position)
    except ValidationError:
        raise Invalid([FieldError("query.cursor", "malformed")]) from None
