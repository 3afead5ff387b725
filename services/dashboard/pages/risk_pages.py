"""Risk screens of a case: which were made, asking one, and what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from starlette.responses import Response

from runtime.http.problems import Absent
from services.dashboard.code_words import words
from services.dashboard.colleagues import colleague_names
from services.dashboard.desk import AtDesk, Desk, refused, see_other
from services.dashboard.forms.desk_form import DeskForm
from services.dashboard.forms.risk_forms import OverrideBandForm, QuestionnaireForm, StartScreenForm, questionnaire_of
from services.dashboard.language import language_now, mark, translate
from services.dashboard.navigation import CASES
from services.dashboard.rows.case_rows import CaseRow
from services.dashboard.rows.risk_rows import InstrumentListRow, InstrumentRow, ScreenListRow, ScreenRow
from services.dashboard.service_client import Ask, ServiceRefusal
from services.dashboard.session_auth import session_router

NOT_VALIDATED: Final = mark("not validated")
NOT_RAISED: Final = mark("A band only goes up. Choose a higher one.")
NOT_STARTED: Final = mark("This screen was started more than a day ago, or is complete. Start another.")

routes = session_router(f"{CASES}/{{case_ref}}/risk")


@routes.get("")
async def show_screens(case_ref: UUID, desk: AtDesk) -> Response:
    """Show the screens of a case, the newest first, and what to ask with."""
    return await _list_page(desk, case_ref, StartScreenForm())


@routes.post("")
async def start_screen(case_ref: UUID, desk: AtDesk) -> Response:
    """Start a screen and lead to its questions."""
    form = await desk.submitted(StartScreenForm)
    instrument_id, _, version = str(form.instrument.data or "").partition(".")
    body = {"instrument_id": instrument_id or "none", "instrument_version": version or None}
    ask = Ask("intake", _path(case_ref), method="POST", body=body, key=str(form.key.data))
    try:
        screen = (await desk.ask(ask, ScreenRow)).row
    except ServiceRefusal as refusal:
        return await _list_page(desk, case_ref, form, refused(form, refusal))
    return see_other(f"{CASES}/{case_ref}/risk/{screen.screen_ref}")


@routes.get("/{screen_ref}")
async def show_screen(case_ref: UUID, screen_ref: UUID, desk: AtDesk, language: str = "") -> Response:
    """Show the questions of a screen that was started, or what came of one that is complete."""
    screen = await _screen(desk, case_ref, screen_ref)
    if screen.state == "started":
        return await _questions_page(desk, case_ref, screen, None, language)
    return await _result_page(desk, case_ref, screen, OverrideBandForm(data={"etag": screen.etag}))


@routes.post("/{screen_ref}")
async def complete_screen(case_ref: UUID, screen_ref: UUID, desk: AtDesk, language: str = "") -> Response:
    """Send the answers: the band follows from the instrument's rules."""
    screen = await _screen(desk, case_ref, screen_ref)
    instrument = await _instrument_of(desk, screen)
    form = await desk.submitted(questionnaire_of(instrument, _spoken(instrument, language)))
    if not form.validate():
        return await _questions_page(desk, case_ref, screen, form, language, 422)
    try:
        await desk.ask(_step(case_ref, screen_ref, "completion", form, form.body()), ScreenRow)
    except ServiceRefusal as refusal:
        return await _questions_page(desk, case_ref, screen, form, language, _refused(form, refusal))
    return see_other(f"{CASES}/{case_ref}/risk/{screen_ref}", "completed")


@routes.get("/{screen_ref}/override")
async def return_to_screen(case_ref: UUID, screen_ref: UUID, desk: AtDesk) -> Response:
    """Show the result with a raise that was typed and not sent."""
    screen = await _screen(desk, case_ref, screen_ref)
    form = OverrideBandForm(data={"etag": screen.etag})
    desk.resume(form)
    return await _result_page(desk, case_ref, screen, form)


@routes.post("/{screen_ref}/override")
async def override_band(case_ref: UUID, screen_ref: UUID, desk: AtDesk) -> Response:
    """Raise the band, with the reason."""
    form = await desk.submitted(OverrideBandForm)
    screen = await _screen(desk, case_ref, screen_ref)
    if not form.validate():
        return await _result_page(desk, case_ref, screen, form, 422)
    try:
        await desk.ask(_step(case_ref, screen_ref, "override", form, form.body()), ScreenRow)
    except ServiceRefusal as refusal:
        return await _result_page(desk, case_ref, screen, form, _refused(form, refusal))
    return see_other(f"{CASES}/{case_ref}/risk/{screen_ref}", "raised")


@routes.post("/{screen_ref}/abandonment")
async def abandon_screen(case_ref: UUID, screen_ref: UUID, desk: AtDesk) -> Response:
    """Abandon a screen that was started: nothing of it is kept."""
    form = await desk.submitted(DeskForm)
    try:
        await desk.act(_step(case_ref, screen_ref, "abandonment", form, None))
    except ServiceRefusal as refusal:
        listed = StartScreenForm()
        return await _list_page(desk, case_ref, listed, _refused(listed, refusal))
    return see_other(f"{CASES}/{case_ref}/risk", "abandoned")


def _path(case_ref: UUID) -> str:
    return f"/v1/cases/{case_ref}/risk-screens"


def _step(case_ref: UUID, screen_ref: UUID, step: str, form: DeskForm, body: object) -> Ask:
    path = f"{_path(case_ref)}/{screen_ref}/{step}"
    return Ask("intake", path, method="POST", body=body, key=str(form.key.data), etag=str(form.etag.data or ""))


def _refused(form: DeskForm, refusal: ServiceRefusal) -> int:
    """Say at its field, or above the form, why a step was refused; return the status."""
    if isinstance(form, OverrideBandForm) and refusal.code in ("band_not_raised", "unknown_band"):
        form.band.errors = [*form.band.errors, translate(NOT_RAISED)]
        return refusal.status
    if refusal.code == "not_started":
        form.general_errors.append(translate(NOT_STARTED))
        return refusal.status
    return refused(form, refusal)


async def _screen(desk: Desk, case_ref: UUID, screen_ref: UUID) -> ScreenRow:
    for screen in await _screens(desk, case_ref):
        if screen.screen_ref == screen_ref:
            return screen
    raise Absent


async def _screens(desk: Desk, case_ref: UUID) -> Sequence[ScreenRow]:
    return (await desk.read("intake", _path(case_ref), ScreenListRow)).row.screens


async def _instruments(desk: Desk) -> Sequence[InstrumentRow]:
    return (await desk.read("intake", "/v1/risk-instruments", InstrumentListRow)).row.instruments


async def _instrument_of(desk: Desk, screen: ScreenRow) -> InstrumentRow:
    """Return what a screen asks with; raises `Absent` where it is no longer loaded."""
    key = f"{screen.instrument_id}.{screen.instrument_version}"
    for instrument in await _instruments(desk):
        if instrument.key == key:
            return instrument
    raise Absent


async def _case(desk: Desk, case_ref: UUID) -> CaseRow:
    return (await desk.read("intake", f"/v1/cases/{case_ref}", CaseRow)).row


def _spoken(instrument: InstrumentRow, language: str) -> str:
    """Return the language to ask in: the one chosen, else the reader's, else the instrument's first."""
    wished = (language, language_now(), *instrument.languages)
    return next((name for name in wished if name in instrument.languages), "")


async def _list_page(desk: Desk, case_ref: UUID, form: StartScreenForm, status: int = 200) -> Response:
    case, screens, instruments, people = await asyncio.gather(
        _case(desk, case_ref), _screens(desk, case_ref), _instruments(desk), colleague_names(desk)
    )
    form.instrument.choices = [
        (row.key, row.name if row.validated else f"{row.name} ({translate(NOT_VALIDATED)})")
        for row in instruments
        if row.may_use
    ]
    return desk.page(
        "risk/list.html",
        status=status,
        case=case,
        screens=screens,
        not_yours=[row.name for row in instruments if not row.may_use],
        people=people,
        form=form,
        place=f"{CASES}/{case_ref}",
    )


async def _questions_page(
    desk: Desk, case_ref: UUID, screen: ScreenRow, form: QuestionnaireForm | None, language: str, status: int = 200
) -> Response:
    case, instrument = await asyncio.gather(_case(desk, case_ref), _instrument_of(desk, screen))
    spoken = _spoken(instrument, language)
    shown = form or questionnaire_of(instrument, spoken)(data={"etag": screen.etag})
    groups: dict[str, list[str]] = {}
    for item in instrument.items:
        groups.setdefault(item.group, []).append(f"item_{item.code}")
    return desk.page(
        "risk/questions.html",
        status=status,
        case=case,
        screen=screen,
        instrument=instrument,
        groups=list(groups.values()),
        form=shown,
        spoken=spoken,
        place=f"{CASES}/{case_ref}",
        act=f"{CASES}/{case_ref}/risk/{screen.screen_ref}",
    )


async def _result_page(
    desk: Desk, case_ref: UUID, screen: ScreenRow, form: OverrideBandForm, status: int = 200
) -> Response:
    case, people, instruments = await asyncio.gather(_case(desk, case_ref), colleague_names(desk), _instruments(desk))
    key = f"{screen.instrument_id}.{screen.instrument_version}"
    bands = next((row.bands for row in instruments if row.key == key), ())
    above = bands[bands.index(screen.band) + 1 :] if screen.band in bands else bands
    form.band.choices = [(str(band), translate(words(band))) for band in above]
    await desk.offer_drafts(f"{CASES}/{case_ref}/risk/{screen.screen_ref}/override")
    return desk.page(
        "risk/result.html",
        status=status,
        case=case,
        screen=screen,
        people=people,
        form=form,
        place=f"{CASES}/{case_ref}",
        act=f"{CASES}/{case_ref}/risk/{screen.screen_ref}/override",
    )
