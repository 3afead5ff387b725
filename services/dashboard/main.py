"""Wiring of the dashboard: its pages, its API, whom it asks, and the worker that hears of changes."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI

from runtime.database.engine import BATCH_SECONDS, engine, sessions
from runtime.http import application, serve
from runtime.http.background_process import run_with_health
from runtime.keyring import NoKeyring
from runtime.messaging.consumer import Worker
from runtime.settings import BrokerSettings, ProcessSettings, Profile, read
from services.dashboard import api, live_routes
from services.dashboard.consumers import listen
from services.dashboard.cookies import Cookies
from services.dashboard.issuer import Issuer
from services.dashboard.jobs import forget_what_is_old
from services.dashboard.pages import (
    accounting_pages,
    acknowledgement_pages,
    board_pages,
    case_file_pages,
    case_pages,
    colleague_pages,
    draft_pages,
    duty_pages,
    exclusion_pages,
    explanation_pages,
    fallback_pages,
    field_request_pages,
    figure_pages,
    health_pages,
    intake_pages,
    key_pages,
    ledger_pages,
    message_pages,
    open_session_pages,
    order_pages,
    order_step_pages,
    people_pages,
    plan_pages,
    plan_review_pages,
    referral_assignment_pages,
    referral_list_pages,
    referral_pages,
    referral_send_pages,
    release_draft_pages,
    release_pages,
    release_sign_pages,
    release_stop_pages,
    risk_pages,
    session_pages,
    task_list_pages,
    task_pages,
)
from services.dashboard.service_client import ServiceClient, client
from services.dashboard.session_auth import DashboardState
from services.dashboard.settings import BoardSettings

# The last takes every address of a page that none before it takes.
ROUTES = (
    api.routes,
    live_routes.routes,
    session_pages.routes,
    figure_pages.routes,
    board_pages.routes,
    case_pages.routes,
    intake_pages.routes,
    case_file_pages.routes,
    plan_pages.routes,
    plan_review_pages.routes,
    risk_pages.routes,
    key_pages.routes,
    duty_pages.routes,  # before a task: `/duty` and `/several` would be read as its reference
    task_list_pages.routes,
    task_pages.routes,
    referral_list_pages.routes,
    referral_assignment_pages.routes,
    referral_send_pages.routes,
    referral_pages.routes,
    message_pages.routes,
    ledger_pages.routes,
    accounting_pages.routes,
    health_pages.routes,
    exclusion_pages.routes,
    acknowledgement_pages.routes,
    explanation_pages.routes,
    field_request_pages.routes,
    colleague_pages.routes,
    open_session_pages.routes,  # before the people: `/sessions` would be read as the reference of a person
    people_pages.routes,
    draft_pages.routes,
    release_stop_pages.routes,
    release_draft_pages.routes,
    release_sign_pages.routes,
    release_pages.routes,
    order_step_pages.routes,
    order_pages.routes,
    fallback_pages.routes,
)


def build(settings: ProcessSettings) -> FastAPI:
    """Return the application; it connects to nothing before it starts."""

    @asynccontextmanager
    async def housed(app: FastAPI) -> AsyncIterator[None]:
        if not isinstance(settings, BoardSettings):
            raise TypeError("the dashboard starts with the settings of a board only")
        async with client() as asking, live_routes.keep_live(app):
            app.state.house = dashboard_state(settings, asking)
            yield

    return application(settings, ROUTES, around=housed)


def dashboard_state(settings: BoardSettings, asking: httpx.AsyncClient) -> DashboardState:
    """Return what the pages need, others being asked through `asking`."""
    issuer = Issuer(asking, settings.issuer, settings.dashboard_url + session_pages.SIGNED_IN)
    cookies = Cookies(secure=settings.dashboard_url.startswith("https://"))
    trial = settings.profile is Profile.DEVELOPMENT
    return DashboardState(settings.dashboard_url, ServiceClient(asking, settings.services), issuer, cookies, trial)


def work(settings: BrokerSettings) -> None:
    """Record the routing of what comes to the mailboxes until asked to stop; nothing is opened, so no key is needed."""
    bound = sessions(
        engine(settings.database, pool_size=settings.database_pool, service=settings.service, seconds=BATCH_SECONDS)
    )
    worker = Worker(settings, consumer="dashboard", sessions=bound, keys=NoKeyring())
    listen(worker)

    async def run() -> None:
        forgetting = asyncio.create_task(forget_what_is_old(bound))
        try:
            await worker.run()
        finally:
            forgetting.cancel()

    run_with_health(settings, run, worker.stop, worker.state.missing)


PARTS: dict[str, type[ProcessSettings]] = {"api": BoardSettings, "worker": BrokerSettings}


def main(part: str) -> None:
    """Run one of the processes: api or worker."""
    match read(PARTS[part]):
        case BoardSettings() as settings:
            serve(build(settings), settings)
        case BrokerSettings() as settings:
            work(settings)


if __name__ == "__main__":
    main(*sys.argv[1:2] or ["api"])
