"""The live feed: open pages hear that something changed for their agency, within a second, and never what."""

import asyncio
import json
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from runtime import clock
from runtime.database.engine import sessions
from runtime.http.problems import Unavailable
from schemas.categories import DataCategory
from schemas.codes import Purpose
from services.dashboard import live_store
from services.dashboard.consumers import listen
from services.dashboard.live_changes import MOST_KEPT, Change, RecentChanges
from services.dashboard.live_feed import MOST_OF_PERSON, LiveFeed, Stream
from services.dashboard.session_auth import BACKGROUND
from services.dashboard.session_secret import SessionSecret
from tests.services.dashboard.browser import Browser
from tests.services.dashboard.conftest import Square
from tests.services.dashboard.open_stream import listening
from tests.support.delivery import Delivery

LIVE = "/app/live"
OLDER = "UPDATE dashboard.session SET seen_at = seen_at - interval '{}'"


@pytest.fixture
async def notes(square: Square) -> AsyncIterator[AsyncSession]:
    async with square.town.session("accord_dashboard") as session:
        yield session


async def note(square: Square, agency_id: str, *case_refs: UUID | None) -> None:
    """Note changes as the worker does."""
    async with square.town.session("accord_dashboard") as session:
        await live_store.note(session, [(agency_id, case_ref) for case_ref in case_refs or (None,)])
        await session.commit()


async def place_of(square: Square, agency_id: str) -> int:
    async with square.town.session("accord_dashboard") as session:
        return (await live_store.recent(session, agency_id)).place


def secret_of(browser: Browser) -> SessionSecret:
    (cookie,) = browser.client.cookies.jar
    return SessionSecret(str(cookie.value))


def case_address(browser: Browser, case_ref: UUID) -> str:
    """Return the address that a page of a case carries for this browser's session."""
    return f"{LIVE}?case={case_ref}&token={secret_of(browser).csrf_token(f'live {case_ref}')}"


def test_changes_behind_a_place_are_known_or_all_is_to_be_asked() -> None:
    recent = RecentChanges(5, [Change(4, None), Change(5, None)])

    recent.extend([Change(6, None)])

    assert [change.place for change in recent.since(4) or ()] == [5, 6]
    assert recent.since(6) == []
    assert recent.since(2) is None  # not kept any more
    assert recent.since(9) is None  # of another life of the database


def test_after_a_gap_nothing_before_it_is_told_as_whole() -> None:
    recent = RecentChanges(5, [Change(5, None)])

    recent.extend([Change(place, None) for place in range(10, 10 + MOST_KEPT + 3)])

    assert recent.since(4) is None
    assert recent.since(recent.place - MOST_KEPT) is not None
    assert recent.since(recent.place - MOST_KEPT - 1) is None


async def test_an_agency_reads_its_own_changes_only(square: Square, notes: AsyncSession) -> None:
    first, other = await square.agency(), await square.agency()
    case_ref = uuid4()
    await note(square, first, case_ref)
    await note(square, other)

    changed = await live_store.changes_since(notes, {first: 0, other: 1})
    await notes.execute(live_store.WALL, {"agency_id": other})
    place = await notes.scalar(live_store.PLACE, {"agency_id": first})

    assert changed == {first: [Change(1, case_ref)]}
    assert place is None


async def test_a_message_is_a_change_for_whom_it_came_to(square: Square) -> None:
    agency_id, person_ref = await square.worker()
    delivery = Delivery(square.town, "dashboard", listen)
    browser = await square.sign_in(person_ref)
    async with listening(square.app, browser, LIVE) as stream:
        case_ref = await square.referral(agency_id)
        records = await delivery.waiting(case_ref, agency_id)
        began = clock.monotonic()

        await delivery.hand(records)
        await delivery.hand(records)  # what comes twice is one change
        events = await stream.until("board")

        assert clock.monotonic() - began < 1
    assert stream.headers["content-type"].startswith("text/event-stream")
    assert stream.headers["cache-control"] == "no-store"
    assert [(event["event"], event["data"]) for event in events] == [("board", '{"href": "/app/board"}')]
    assert await place_of(square, agency_id) == len(records)


async def test_a_page_hears_nothing_of_another_agency(square: Square) -> None:
    agency_id, person_ref = await square.worker()
    other, _ = await square.worker()
    async with listening(square.app, await square.sign_in(person_ref), LIVE) as stream:
        await note(square, other)
        await asyncio.sleep(0.4)
        await note(square, agency_id)

        events = await stream.until("board")

    assert [event["id"] for event in events] == ["1"]


async def test_a_page_of_a_case_hears_of_that_case_by_its_code(square: Square) -> None:
    agency_id, person_ref = await square.worker()
    browser = await square.sign_in(person_ref)
    own, other = uuid4(), uuid4()
    async with listening(square.app, browser, case_address(browser, own)) as stream:
        await note(square, agency_id, other)
        await stream.until("board")
        assert "case" not in stream.names()
        await note(square, agency_id, own)

        event = (await stream.until("case"))[-1]

    code = own.hex[:8].upper()
    assert json.loads(event["data"]) == {"case": f"{code[:4]}-{code[4:]}", "href": f"/app/cases/{own}"}


async def test_what_no_message_tells_of_is_announced_by_the_desk(square: Square) -> None:
    _, person_ref = await square.worker()
    browser = await square.sign_in(person_ref)
    opened = await browser.submit("/app/cases/new")
    place = str(opened.headers["location"]).partition("?")[0]
    page = await browser.get(place)
    address = page.text.split('data-address="')[1].split('"')[0].replace("&amp;", "&")
    elsewhere = await square.sign_in(person_ref)

    async with listening(square.app, browser, address) as stream:
        await elsewhere.submit(f"{place}/nickname", nickname="Blue door")

        assert "case" in [event["event"] for event in await stream.until("case")]


async def test_a_page_names_no_case_that_it_was_not_shown(square: Square) -> None:
    _, person_ref = await square.worker()
    browser, other = await square.sign_in(person_ref), await square.sign_in(person_ref)
    case_ref = uuid4()

    for address in (f"{LIVE}?case={case_ref}", case_address(other, case_ref), f"{LIVE}?case=none&token=x"):
        assert (await browser.get(address)).status_code == 403


@pytest.mark.parametrize("place", ["-1", "x", "9" * 19, "1%0a2"])
async def test_a_place_that_is_none_is_refused(square: Square, place: str) -> None:
    _, person_ref = await square.worker()

    answer = await (await square.sign_in(person_ref)).get(f"{LIVE}?since={place}")

    assert answer.status_code == 400


async def test_last_event_id_brings_what_was_missed_at_once(square: Square) -> None:
    agency_id, person_ref = await square.worker()
    await note(square, agency_id)
    await note(square, agency_id)
    browser = await square.sign_in(person_ref)

    async with listening(square.app, browser, f"{LIVE}?since=0", {"last-event-id": "1"}) as stream:
        missed = await stream.until("board")
    async with listening(square.app, browser, f"{LIVE}?since=0", {"last-event-id": "2"}) as stream:
        await asyncio.sleep(0.3)
        assert stream.names() == []

    assert [event["id"] for event in missed] == ["2"]


async def test_whoever_is_far_behind_asks_everything_again(square: Square) -> None:
    agency_id, person_ref = await square.worker()
    await note(square, agency_id, *(uuid4() for _ in range(MOST_KEPT + 10)))
    browser = await square.sign_in(person_ref)
    address = case_address(browser, uuid4())

    async with listening(square.app, browser, f"{address}&since=1") as stream:
        events = await stream.until("board", "case")

    assert {event["id"] for event in events} == {str(MOST_KEPT + 10)}


async def test_many_changes_at_once_are_few_events(square: Square) -> None:
    agency_id, person_ref = await square.worker()
    async with listening(square.app, await square.sign_in(person_ref), LIVE) as stream:
        for _ in range(20):
            await note(square, agency_id)

        await asyncio.sleep(1)

    assert 1 <= len(stream.events()) <= 3
    assert stream.events()[-1]["id"] == "20"


@pytest.mark.parametrize("way", ["signed out", "idle"])
async def test_a_page_is_told_when_its_session_is_over(square: Square, way: str) -> None:
    _, person_ref = await square.worker()
    browser = await square.sign_in(person_ref)
    async with listening(square.app, browser, LIVE) as stream:
        if way == "idle":
            square.sql(OLDER.format("16 minutes"))
        else:
            copy = Browser(browser.client)
            await copy.sign_out()

        assert await stream.until_end() == ["gone"]


async def test_without_a_session_a_stream_says_so_and_ends(square: Square) -> None:
    async with listening(square.app, square.browser(), LIVE) as stream:
        assert stream.status == 200
        assert await stream.until_end() == ["gone"]


async def test_what_a_page_asks_by_itself_is_no_use_of_the_session(square: Square) -> None:
    _, person_ref = await square.worker()
    browser = await square.sign_in(person_ref)
    for headers in ({BACKGROUND: "1"}, {"accept": "text/event-stream"}):
        square.sql(OLDER.format("8 minutes"))
        answer = await browser.client.get("/app/board", headers=headers)
        assert ("Board" in answer.text) is (BACKGROUND in headers)


async def test_of_many_pages_of_a_person_the_oldest_stands_still(square: Square) -> None:
    agency_id, person_ref = await square.worker()
    feed = LiveFeed(sessions(square.town.engine("accord_dashboard")))
    streams = [Stream(agency_id, person_ref, b"", 0) for _ in range(MOST_OF_PERSON + 1)]
    colleague = Stream(agency_id, "somebody", b"", 0)

    for stream in (colleague, *streams):
        await feed.open(stream).__aenter__()

    assert [stream.closing for stream in (colleague, *streams)] == [False, True, *[False] * MOST_OF_PERSON]
    await feed.stop()


async def test_a_process_has_room_for_so_many_pages(square: Square) -> None:
    agency_id, person_ref = await square.worker()
    feed = LiveFeed(sessions(square.town.engine("accord_dashboard")), most=1)
    feed.check_room()
    async with feed.open(Stream(agency_id, person_ref, b"", 0)):
        with pytest.raises(Unavailable):
            feed.check_room()

    feed.check_room()
    await feed.stop()


async def test_a_stream_shows_that_it_lives_and_ends_in_time(square: Square) -> None:
    agency_id, person_ref = await square.worker()
    session = secret_of(await square.sign_in(person_ref)).digest
    feed = LiveFeed(sessions(square.town.engine("accord_dashboard")), stream_seconds=0.3, heartbeat_seconds=0.1)

    async with feed.open(Stream(agency_id, person_ref, session, 0)) as events:
        beats = [event async for event in events]

    assert set(beats) == {None}
    assert 2 <= len(beats) <= 4
    await feed.stop()


async def test_changes_are_kept_for_ten_minutes(square: Square, notes: AsyncSession) -> None:
    agency_id, _ = await square.worker()
    await note(square, agency_id)
    square.sql("UPDATE dashboard.change SET changed_at = changed_at - interval '11 minutes'")
    await note(square, agency_id)

    await live_store.forget(notes)
    await notes.commit()
    recent = await live_store.recent(notes, agency_id)

    assert (recent.place, recent.since(1), recent.since(0)) == (2, [Change(2, None)], None)


async def test_a_stop_is_a_change_for_whoever_was_told_of_the_release(square: Square) -> None:
    agency_id, person_ref = await square.worker()
    delivery = Delivery(square.town, "dashboard", listen)
    case_ref = await square.town.open_case("bay-hotline")
    ana = square.web.issuer.person("ana")
    directive_ref = await square.town.direct(case_ref, agency_id, Purpose.SHELTER, [DataCategory.REFERRAL_STATUS])
    await square.referral(agency_id, case_ref)
    await delivery.deliver(case_ref, agency_id)
    square.sql(
        "UPDATE register.directive SET relayed = true WHERE directive_ref = %s", directive_ref
    )  # as the relay does
    own = await square.town.case_ref_of(case_ref, agency_id)
    browser = await square.sign_in(person_ref)
    async with listening(square.app, browser, case_address(browser, own)) as stream:
        path = f"/v1/directives/{directive_ref}/revocation"
        await square.ask(ana, "http://consent.test", path, {})
        await delivery.deliver(case_ref, agency_id)

        assert "case" in [event["event"] for event in await stream.until("case")]
