"""A process that only works still tells whether it can."""

import asyncio
import socket

import httpx

from runtime.http.background_process import _run_with_health
from tests.support.web import settings_for


async def test_a_worker_names_what_it_lacks_until_it_stops() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    done, lacking = asyncio.Event(), ["broker"]

    async def work() -> None:
        await done.wait()

    running = asyncio.create_task(
        _run_with_health(settings_for("exchange", port=port), work, done.set, lambda: lacking)
    )
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        first = await _readyz(client)
        lacking.clear()
        second = await client.get("/readyz")
        alive = await client.get("/healthz")
    done.set()
    await running

    assert first.status_code == 503
    assert first.json()["errors"] == [{"field": "broker", "code": "missing"}]
    assert (second.status_code, alive.status_code) == (200, 200)


async def _readyz(client: httpx.AsyncClient) -> httpx.Response:
    for _ in range(100):
        try:
            return await client.get("/readyz")
        except httpx.TransportError:
            await asyncio.sleep(0.05)
    raise AssertionError("it did not start")
