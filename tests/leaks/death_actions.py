"""Processes of ours that fail with a canary in hand: python -m tests.leaks.death_actions HOW, told by standard input.

api      routes that raise it, log it, and have the database refuse it
worker   an effect that raises it each time
work     a thread, a task, a finalizer and then the work itself that raise it
"""

import asyncio
import json
import logging
import sys
import threading
import warnings
from typing import Annotated, NoReturn

import httpx
import uvicorn
from fastapi import Depends
from opentelemetry import metrics, trace
from pydantic import BaseModel
from sqlalchemy import text

from runtime.database.engine import engine, sessions
from runtime.database.unit_of_work import UnitOfWork
from runtime.http import application, require_scope, router
from runtime.http.background_process import run_with_health
from runtime.keyring import UnsafeLocalKeyring
from runtime.messaging.consumer import SealedMessage, Worker
from runtime.settings import Settings, read
from runtime.telemetry import log_fields
from runtime.telemetry.setup import setup
from runtime.telemetry.tracing import TRACER, act
from schemas.facts import NoticeSent

log = logging.getLogger(__name__)
DIRECT = {"trust_env": False, "timeout": 20}
MayRead = Annotated[UnitOfWork, Depends(require_scope("inbox:read"))]


class Careless(BaseModel):
    """A model that shows what it holds."""

    word: int


def say(word: str) -> None:
    """Log, warn of and trace the word in every way that a library might, or our own code past the linter."""
    log.warning("it was %s", word)
    log.info("parked", extra=log_fields(reason=f"it was {word}"))
    warnings.warn(f"it was {word}", stacklevel=1)
    logging.getLogger("asyncio").error(f"it was {word}")  # noqa: G004 - as above
    logging.getLogger("httpx").info("HTTP Request: %s", word)
    try:
        Careless.model_validate({"word": word})
    except ValueError:
        log.exception("not valid")
    for span_of, name in ((TRACER, "open"), (trace.get_tracer("a.library"), word)):
        with act("open"), span_of.start_as_current_span(name, attributes={"accord.word": word}) as span:
            span.add_event(word, {"word": word})
            span.record_exception(ValueError(word))
            span.set_status(trace.StatusCode.ERROR, word)
    metrics.get_meter("a.library").create_counter("words").add(1, {"accord.word": word})


def api(settings: Settings, words: list[str]) -> None:
    """Serve routes that fail, ask each once, and end."""
    routes = router("/v1/failing")

    @routes.get("/raised")
    async def raised(_: MayRead) -> None:
        """Raise it."""
        raise ValueError(words[0])

    @routes.get("/refused")
    async def refused(unit: MayRead) -> None:
        """Have the database refuse it."""
        await unit.session.execute(text("SELECT CAST(CAST(:word AS text) AS integer)"), {"word": words[1]})

    @routes.get("/malformed")
    async def malformed(unit: MayRead) -> None:
        """Have the driver refuse it."""
        await unit.session.execute(text("SELECT CAST(:word AS uuid)"), {"word": words[2]})

    @routes.get("/said")
    async def logged(_: MayRead) -> None:
        """Say it and go on."""
        say(words[3])

    app = application(settings, [routes])
    config = uvicorn.Config(app, host=settings.host, port=settings.port, log_config=None, access_log=False)
    asyncio.run(_ask_each(uvicorn.Server(config), settings.port, words[-1]))


async def _ask_each(server: uvicorn.Server, port: int, token: str) -> None:
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.05)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {token}"},
                                 trust_env=False) as client:  # fmt: skip
        for name, works in {"raised": False, "refused": False, "malformed": False, "said": True}.items():
            answer = await client.get(f"/v1/failing/{name}")
            assert answer.is_success == works, (name, answer.status_code)
            sys.stdout.write(answer.text + "\n")
    server.should_exit = True
    await serving


def work(settings: Settings, words: list[str]) -> None:
    """Die of it, after a thread, a task and a finalizer did."""

    def thread() -> NoReturn:
        raise ValueError(words[0])

    async def task() -> NoReturn:
        raise ValueError(words[1])

    class Finalized:
        def __del__(self) -> None:
            raise ValueError(words[2])

    async def dying() -> NoReturn:
        failing_thread = threading.Thread(target=thread)
        failing_thread.start()
        failing_thread.join()
        asyncio.get_running_loop().create_task(task())
        await asyncio.sleep(0.1)
        Finalized()
        say(words[3])
        raise RuntimeError(words[4]) from KeyError(words[5])

    run_with_health(settings, dying, lambda: None, list)


def worker(settings: Settings, words: list[str]) -> None:
    """Handle mail with an effect that raises it, until something was parked for it."""
    setup(settings)
    bound = sessions(engine(settings.database, service=settings.service))
    keys = UnsafeLocalKeyring(settings.keys, production=False)
    dying_worker = Worker(settings, consumer="exchange.dying", sessions=bound, keys=keys)

    async def fail(_: UnitOfWork, __: SealedMessage) -> None:
        say(words[0])
        raise ValueError(words[1])

    dying_worker.on(NoticeSent, fail)

    async def until_parked() -> None:
        running = asyncio.create_task(dying_worker.run())
        parked = text("SELECT count(*) FROM carrying.parked WHERE consumer = 'exchange.dying'")
        async with asyncio.timeout(60):
            while not running.done():
                await asyncio.sleep(0.2)
                async with bound() as session:
                    if await session.scalar(parked):
                        dying_worker.stop()
                        await running
        await running

    asyncio.run(until_parked())


def main(how: str) -> None:
    words = json.load(sys.stdin)
    settings = read(Settings)
    if how == "api":
        setup(settings)
    {"api": api, "worker": worker, "work": work}[how](settings, words)


if __name__ == "__main__":
    main(sys.argv[1])
