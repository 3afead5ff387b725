"""Health: how an agency's messages and the record of them stand, and messages that wait for a person's decision."""

from __future__ import annotations

import asyncio
from typing import Final
from uuid import UUID

from starlette.responses import Response

from runtime.http.problems import Absent
from services.dashboard import health
from services.dashboard.desk import AtDesk, Desk, refused, see_other
from services.dashboard.forms.health_forms import DeadLetterForm
from services.dashboard.language import mark, translate
from services.dashboard.navigation import HEALTH
from services.dashboard.rows.health_rows import CarriageRow, DeadLetterListRow, OperationsRow, ReadyRow
from services.dashboard.rows.ledger_rows import FreshnessRow
from services.dashboard.rows.service_row import CountedRow
from services.dashboard.service_client import Ask, Reply, ServiceRefusal
from services.dashboard.session_auth import session_router

LETTERS: Final = "/v1/dead-letters"
STEPS: Final = {
    "retry": (mark("Try again"), mark("It is tried once more in a moment. Consent is decided anew.")),
    "end": (
        mark("End its wait"),
        mark("Nobody tries it again. That it was set aside, and that you ended it, stays on record."),
    ),
}

routes = session_router(HEALTH)


@routes.get("")
async def show_health(desk: AtDesk, cursor: str = "") -> Response:
    """Show how things stand, what is wrong first, and the messages that were set aside."""
    query = (("cursor", cursor),) if cursor else ()
    carriage, operations, letters, counted, freshness, ready = await asyncio.gather(
        desk.read_if_there("exchange", "/v1/carriage", CarriageRow),
        desk.read_if_there("exchange", "/v1/operations", OperationsRow),
        desk.read_if_there("exchange", LETTERS, DeadLetterListRow, query),
        desk.read_if_there("exchange", f"{LETTERS}/count", CountedRow),
        desk.read_if_there("audit", "/v1/ledger-freshness", FreshnessRow),
        _ready(desk),
    )
    row = None if carriage is None else carriage.row
    measured = None if operations is None else operations.row
    checks = [
        health.services(ready),
        health.sending(row),
        *(health.reader(row, consumer) for consumer in health.READERS),
        health.set_aside(None if counted is None else counted.row.count),
        health.door(measured),
        health.disk(measured),
        health.record(None if freshness is None else freshness.row),
    ]
    return desk.page(
        "health/health.html",
        checks=sorted(checks, key=lambda check: check.well),
        well=all(check.well for check in checks),
        letters=None if letters is None else letters.row.dead_letters,
        cursor=None if letters is None else letters.cursor,
        place=HEALTH,
    )


@routes.get("/{parked_ref}/{step}")
async def show_step(desk: AtDesk, parked_ref: UUID, step: str) -> Response:  # noqa: ARG001 - stands in the address
    """Ask whether a message is to be tried again, or its wait ended."""
    return _step_page(desk, step, DeadLetterForm(), 200)


@routes.post("/{parked_ref}/{step}")
async def take_step(desk: AtDesk, parked_ref: UUID, step: str) -> Response:
    """Have a message tried again, or its wait ended."""
    if step not in STEPS:
        raise Absent
    form = await desk.submitted(DeadLetterForm)
    ask = Ask("exchange", f"{LETTERS}/{parked_ref}/{step}", method="POST", key=str(form.key.data))
    try:
        await desk.act(ask)
    except ServiceRefusal as refusal:
        return _step_page(desk, step, form, refused(form, refusal))
    return see_other(HEALTH, step)


def _step_page(desk: Desk, step: str, form: DeadLetterForm, status: int) -> Response:
    if step not in STEPS:
        raise Absent
    title, text = map(translate, STEPS[step])
    return desk.page("health/step.html", status=status, title=title, text=text, form=form, place=HEALTH)


async def _ready(desk: Desk) -> dict[str, bool]:
    """Return for each service that pages ask whether it answers that it has all it needs."""
    names = list(desk.house.reach.places)
    replies: list[Reply[ReadyRow] | None] = await asyncio.gather(
        *(desk.read_if_there(name, "/readyz", ReadyRow) for name in names)
    )
    return {name: reply is not None and reply.row.ready for name, reply in zip(names, replies, strict=True)}
