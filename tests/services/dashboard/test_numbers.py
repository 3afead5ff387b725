"""Each number of the desk is the length of the list that it opens, in whatever state the agencies are."""

from collections import Counter
from collections.abc import AsyncIterator
from random import Random
from typing import Final

import pytest

from runtime.auth.scopes import Role, scopes_of
from schemas.codes import AgencyKind
from services.dashboard.domain import Query
from services.dashboard.pages import (
    case_pages,
    message_pages,
    order_pages,
    referral_list_pages,
    release_pages,
    task_list_pages,
)
from services.dashboard.tiles import tiles_for
from tests.services.dashboard.busy_desk import BusyDesk, Person
from tests.services.dashboard.conftest import Square
from tests.support.rounds import proof, rounds, seed

STATES = rounds(200, 600)
PAGE = 8  # rows asked for at once: lists here are longer, so that their pages are added up

Number = tuple[str, str, str, Query]  # who may ask, the service, the list's path, and what is asked


def numbers_of_tabs() -> list[Number]:
    """Return every number that stands on a tab of a list, as its page asks for it."""
    tabs: list[Number] = []
    for who in ("hotline", "shelter"):
        tabs += [(who, "referrals", "/v1/referrals", view.query) for view in referral_list_pages.CASEWORK.values()]
        tabs += [(who, "exchange", "/v1/inbox", (("queue", queue),)) for queue in message_pages.VIEWS]
        tabs += [(who, "intake", "/v1/cases", view.query) for view in case_pages.VIEWS.values()]
    tabs += [("cell", "referrals", "/v1/referrals", view.query) for view in referral_list_pages.COORDINATION.values()]
    tabs += [("hotline", "consent", "/v1/directives", tab.query) for tab in release_pages.TABS.values()]
    everybodys = [view.query for view in task_list_pages.VIEWS.values() if view.scope == "tasks:read"]
    tabs += [("hotline", "tasks", "/v1/tasks", query) for query in everybodys]
    tabs += [("police", "law_enforcement_bridge", "/v1/orders", tab.query) for tab in order_pages.TABS.values()]
    return tabs


def numbers_of_tiles() -> list[Number]:
    """Return every number that stands on a board, as the board asks for it."""
    people = (
        ("hotline", Role.ADVOCATE, AgencyKind.HOTLINE),
        ("shelter", Role.CASE_WORKER, AgencyKind.SHELTER),
        ("police", Role.LIAISON, AgencyKind.POLICE),
        ("cell", Role.COORDINATOR, AgencyKind.COORDINATION),
    )
    return [
        (who, source.service, source.path, source.query)
        for who, role, kind in people
        for tile in tiles_for(scopes_of(frozenset({str(role)})), kind)
        for source in tile.sources
    ]


NUMBERS: Final = tuple(dict.fromkeys(numbers_of_tabs() + numbers_of_tiles()))


@pytest.fixture
async def desk(square: Square) -> AsyncIterator[BusyDesk]:
    begun = await BusyDesk.begun(square, Random(seed()))  # noqa: S311 - acts, no secrets
    yield begun
    await begun.client.aclose()


async def length(desk: BusyDesk, number: Number) -> int:
    """Return how many rows a list has, all its pages together."""
    who, service, path, query = number
    person: Person = getattr(desk, who)
    rows, cursor = 0, ""
    while True:
        params = [*query, ("limit", str(PAGE)), *([("cursor", cursor)] if cursor else [])]
        answer = await desk.ask(person, service, f"{path}?{'&'.join(f'{name}={value}' for name, value in params)}")
        rows += sum(len(rows) for rows in answer.json().values() if isinstance(rows, list))
        if "next" not in answer.links:
            return rows
        cursor = answer.links["next"]["url"].partition("cursor=")[2].partition("&")[0]


async def count(desk: BusyDesk, number: Number) -> int:
    who, service, path, query = number
    place = f"{path}/count?{'&'.join(f'{name}={value}' for name, value in query)}"
    answer = (await desk.ask(getattr(desk, who), service, place)).json()
    assert answer["whole"]
    return int(answer["count"])


async def test_each_number_is_the_length_of_its_list_in_any_state(desk: BusyDesk) -> None:
    """After each act one number that it may have changed, and now and then every number there is."""
    wrong, compared, longest = [], Counter[Number](), 0
    for state in range(STATES):
        service = await desk.act()
        mine = [number for number in NUMBERS if number[1] == service]
        for number in NUMBERS if state % 50 == 49 else [desk.rng.choice(mine)]:
            number_shown, rows = await count(desk, number), await length(desk, number)
            compared[number] += 1
            longest = max(longest, rows)
            if number_shown != rows:
                wrong.append((state, number, number_shown, rows))

    proof("dashboard", "numbers", states=STATES, compared=compared.total(), lists=len(NUMBERS), differing=len(wrong))
    assert wrong == [], f"SEED={seed()}"
    assert set(compared) == set(NUMBERS)
    assert longest > PAGE, "no list had a second page"
