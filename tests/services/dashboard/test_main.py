"""What the operator must say before the dashboard starts."""

import httpx
import pytest
from pydantic import ValidationError

from services.dashboard.main import build
from services.dashboard.settings import BoardSettings
from tests.services.dashboard.conftest import board_settings
from tests.support.web import settings_for


@pytest.mark.parametrize("address", ["board.test", "https://board.test/", "https://board.test/app", "https://a@b", ""])
def test_an_address_has_no_path_and_no_slash_at_the_end(address: str) -> None:
    with pytest.raises(ValidationError):
        board_settings(dashboard_url=address)


def test_nothing_about_others_has_a_default() -> None:
    with pytest.raises(ValidationError) as caught:
        settings_for("dashboard", BoardSettings)

    missing = {error["loc"][0] for error in caught.value.errors()}
    assert {"dashboard_url", "consent_url", "referrals_url", "exchange_url", "law_enforcement_bridge_url"} <= missing


async def test_it_starts_while_everybody_else_is_away() -> None:
    app = build(board_settings())
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://board.test") as client,
    ):
        alive, start = await client.get("/healthz"), await client.get("/app")

    assert (alive.status_code, start.status_code) == (200, 200)


async def test_it_does_not_start_without_the_addresses_of_others() -> None:
    app = build(settings_for("dashboard"))

    with pytest.raises(TypeError, match="settings of a board"):
        async with app.router.lifespan_context(app):
            pass
