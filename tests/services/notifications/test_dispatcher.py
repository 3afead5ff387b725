"""Sending: what is due goes out once, in fixed words, on what the survivor calls safe at that moment, or waits."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from uuid import UUID, uuid4

import pytest

from runtime.database.engine import engine, sessions
from services.notifications.channels import UnsafeFileChannel
from services.notifications.dispatcher import NoticeDispatcher
from services.notifications.domain import TEXTS, Send
from tests.services.notifications.conftest import ADDRESS, HOTLINE, Desk, a_channel, an_acceptance, an_incident, hours

OPEN_AGAIN = "UPDATE register.agency SET active = true WHERE agency_id = 'lantern-counselling'"


class Killed(BaseException):
    """The process ends here, as after a kill: no handler of ours runs."""


class Dying(UnsafeFileChannel):
    """Hands on, and then the process dies."""

    def hand_on(self, notice_ref: UUID, send: Send) -> None:
        super().hand_on(notice_ref, send)
        raise Killed


class Failing:
    """A provider that is away."""

    def hand_on(self, notice_ref: UUID, send: Send) -> None:
        raise OSError((notice_ref, send))


async def test_one_notice_goes_out_in_the_window_in_fixed_words(desk: Desk) -> None:
    case_ref = await desk.case(a_channel(language="es"))
    await desk.news(case_ref)

    await desk.send()

    assert desk.gone_out() == [{"channel": "sms", "to": ADDRESS, "text": TEXTS["es"], "voicemail": False}]
    (sent,) = await desk.listed(case_ref)
    assert (sent["state"], sent["reason"], sent["channel_kind"]) == ("sent", None, "sms")
    assert sent["sent_at"]


async def test_a_sent_notice_is_a_fact_without_text_or_address(desk: Desk) -> None:
    case_ref = await desk.case(a_channel())
    await desk.news(case_ref)

    await desk.send()

    assert await desk.facts(case_ref) == ["notice.sent.v1"]
    fields = (await desk.opened(case_ref, "notice.sent"))["safe_contact"]
    (listed,) = await desk.listed(case_ref)
    assert fields == {"notice_ref": listed["notice_ref"], "channel_kind": "sms", "notice_state": "sent"}


async def test_the_fact_of_one_notice_does_not_stop_the_next(desk: Desk) -> None:
    case_ref = await desk.case(a_channel())
    await desk.news(case_ref)
    await desk.send()

    await desk.delivery.deliver(case_ref, HOTLINE)
    await desk.news(case_ref)
    with desk.later(minutes=61):
        await desk.send()

    assert len(desk.gone_out()) == 2


async def test_each_look_at_the_safe_contact_only_is_on_record(desk: Desk) -> None:
    case_ref = await desk.town.open_case(HOTLINE)
    await desk.report(case_ref, channels=[a_channel()], given_name="Marisol", code_word="heron", narrative="Told.")
    await desk.news(case_ref)
    before = len(desk.leaves())

    await desk.send()

    looks = [leaf for leaf in desk.leaves()[before:] if leaf["act"] != "offered"]
    assert [(leaf["act"], leaf["verdict"], leaf["categories"]) for leaf in looks] == [
        ("opened", "permit", ["safe_contact"])
    ]


async def test_nothing_goes_out_before_the_look_is_on_record(desk: Desk) -> None:
    case_ref = await desk.case(a_channel())
    await desk.news(case_ref)
    before, at_hand = len(desk.leaves()), list[int]()

    class Counting(UnsafeFileChannel):
        def hand_on(self, notice_ref: UUID, send: Send) -> None:
            at_hand.append(len(desk.leaves()))
            super().hand_on(notice_ref, send)

    await desk.send(Counting(desk.folder, production=False))

    assert at_hand == [before + 1]


async def test_no_table_holds_the_address(desk: Desk) -> None:
    address = "+1 555 0173 heron-4417"
    case_ref = await desk.case(a_channel(address=address))
    await desk.news(case_ref)

    await desk.send()

    tables = desk.rows("SELECT table_schema, table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE'")
    own_tables = [f'{schema}."{name}"' for schema, name in tables if schema not in ("pg_catalog", "information_schema")]
    assert len(own_tables) > 20
    query = "SELECT count(*) FROM {} AS one WHERE one::text LIKE ANY(%(words)s)"
    words = [f"%{address}%", f"%{address.encode().hex()}%"]  # bytes are written in hex
    assert [table for table in own_tables if desk.rows(query.format(table), words=words) != [(0,)]] == []
    assert desk.gone_out()[0]["to"] == address


async def test_a_notice_waits_until_its_window_opens(desk: Desk) -> None:
    case_ref = await desk.case(a_channel(windows=[hours(2, 4)]))
    await desk.news(case_ref)

    await desk.send()
    (waiting,) = await desk.listed(case_ref)
    with desk.later(hours=1):
        early = await desk.send()
    none_yet = desk.gone_out()
    with desk.later(hours=3):
        await desk.send()

    assert (waiting["state"], waiting["reason"], early, none_yet) == ("held", "outside_window", 0, [])
    assert waiting["planned_for"]
    assert (await desk.stands(case_ref), len(desk.gone_out())) == (("sent", None), 1)


@pytest.mark.parametrize(
    ("contact", "reason"),
    [
        ({"channels": [a_channel(status="unknown")]}, "no_safe_channel"),
        ({"channels": [a_channel(status="unsafe")]}, "no_safe_channel"),
        ({"channels": [a_channel(valid_until="2026-01-01T00:00:00Z")]}, "no_safe_channel"),
        ({"channels": [a_channel()], "do_not_contact": True}, "do_not_contact"),
        ({"channels": [a_channel(windows=[])]}, "no_window"),
        ({"channels": [{"kind": "in_person", "status": "safe"}]}, "no_safe_channel"),
        ({"do_not_contact": False}, "no_safe_channel"),
    ],
)
async def test_a_notice_without_a_safe_channel_is_held_with_a_reason(
    desk: Desk, contact: dict[str, Any], reason: str
) -> None:
    case_ref = await desk.town.open_case(HOTLINE)
    await desk.report(case_ref, **contact)
    await desk.news(case_ref)

    await desk.send()

    assert (await desk.stands(case_ref), desk.gone_out(), await desk.facts(case_ref)) == (("held", reason), [], [])


async def test_a_channel_that_expires_while_a_notice_waits_is_unused(desk: Desk) -> None:
    soon = desk.rows("SELECT to_char((clock_timestamp() + interval '1 day') AT TIME ZONE 'UTC', "
                     "'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')")[0][0]  # fmt: skip
    case_ref = await desk.case(a_channel(windows=[hours(2, 4)], valid_until=soon))
    await desk.news(case_ref)
    await desk.send()

    with desk.later(days=1, hours=3):
        await desk.send()

    assert (await desk.stands(case_ref), desk.gone_out()) == (("held", "no_safe_channel"), [])


async def test_a_channel_marked_unsafe_while_a_notice_waits_is_unused(desk: Desk) -> None:
    case_ref = await desk.case(a_channel(windows=[hours(2, 4)]))
    await desk.news(case_ref)
    await desk.send()

    await desk.report(case_ref, channels=[a_channel(status="unsafe")])
    with desk.later(hours=3):
        await desk.send()

    assert (await desk.stands(case_ref), desk.gone_out()) == (("held", "no_safe_channel"), [])


async def test_a_held_notice_is_rechecked_when_contact_changes(
    desk: Desk,
) -> None:
    case_ref = await desk.case(a_channel(status="unknown"))
    await desk.news(case_ref)
    await desk.send()

    with desk.later(hours=12):
        looked_meanwhile = await desk.send()
    await desk.report(case_ref, channels=[a_channel()])
    await desk.send()

    assert looked_meanwhile == 0
    assert (await desk.stands(case_ref), len(desk.gone_out())) == (("sent", None), 1)


async def test_do_not_contact_stands_until_it_is_taken_back(desk: Desk) -> None:
    case_ref = await desk.case(a_channel(), do_not_contact=True)
    await desk.report(case_ref, channels=[a_channel()])
    await desk.news(case_ref)
    await desk.send()
    meanwhile = await desk.stands(case_ref)

    await desk.report(case_ref, do_not_contact=False)
    await desk.send()

    assert meanwhile == ("held", "do_not_contact")
    assert (await desk.stands(case_ref), len(desk.gone_out())) == (("sent", None), 1)


async def test_what_is_wanted_at_any_hour_does_not_wait_for_a_window(desk: Desk) -> None:
    case_ref = await desk.case(a_channel(windows=[hours(2, 4)]), anytime_for=["referral_answered"])
    await desk.news(case_ref)

    await desk.send()

    assert len(desk.gone_out()) == 1


async def test_a_dispatcher_killed_after_handing_on_sends_no_duplicate(desk: Desk) -> None:
    case_ref = await desk.case(a_channel())
    await desk.news(case_ref)

    with pytest.raises(Killed):
        await desk.send(Dying(desk.folder, production=False))
    half = await desk.stands(case_ref)
    at_once = await desk.send()
    with desk.later(minutes=2):
        await desk.send()

    assert (half, at_once) == (("planned", None), 0)
    assert (await desk.stands(case_ref), len(desk.gone_out())) == (("sent", None), 1)
    assert await desk.facts(case_ref) == ["notice.sent.v1"]


async def test_after_a_kill_a_notice_goes_to_no_second_address(desk: Desk) -> None:
    case_ref = await desk.case(a_channel())
    await desk.news(case_ref)
    with pytest.raises(Killed):
        await desk.send(Dying(desk.folder, production=False))

    await desk.report(case_ref, channels=[a_channel(address="+1 555 0199")])
    await desk.send()

    assert [notice["to"] for notice in desk.gone_out()] == [ADDRESS]


async def test_what_is_due_goes_out_once_whoever_sends(desk: Desk) -> None:
    cases = [await desk.case(a_channel()) for _ in range(6)]
    for case_ref in cases:
        await desk.news(case_ref)

    counts = await asyncio.gather(*(desk.send() for _ in range(3)))

    assert sum(counts) == 6
    assert len(desk.gone_out()) == 6
    assert [await desk.facts(case_ref) for case_ref in cases] == [["notice.sent.v1"]] * 6


async def test_one_notice_is_claimed_whatever_the_planner_expects(desk: Desk) -> None:
    cases = [await desk.case(a_channel()) for _ in range(6)]
    desk.rows("ANALYZE notifications.due")  # what it then knows of the table decides how it looks for one
    for case_ref in cases:
        await desk.news(case_ref)

    assert await desk.send() == 6


async def test_a_notice_that_two_senders_have_in_hand_is_told_of_once(desk: Desk) -> None:
    case_ref = await desk.case(a_channel())
    await desk.news(case_ref)

    class Slow(UnsafeFileChannel):
        def hand_on(self, notice_ref: UUID, send: Send) -> None:
            super().hand_on(notice_ref, send)
            desk.rows("UPDATE notifications.due SET due_at = register.instant()")  # as if its lease had run out
            asyncio.run_coroutine_threadsafe(desk.send(), loop).result(20)

    loop = asyncio.get_running_loop()
    await desk.sender(Slow(desk.folder, production=False)).send_one()

    assert (len(desk.gone_out()), await desk.facts(case_ref)) == (1, ["notice.sent.v1"])


async def test_a_notice_fails_after_three_tries_at_an_absent_provider(desk: Desk) -> None:
    case_ref, away = await desk.case(a_channel()), Failing()
    await desk.news(case_ref)

    tries = []
    for minutes in (0, 2, 4, 6, 8):
        with desk.later(minutes=minutes):
            tries.append((await desk.send(away), await desk.stands(case_ref)))

    waiting, over = ("planned", None), ("failed", None)
    assert tries == [(1, waiting), (1, waiting), (1, over), (0, over), (0, over)]
    assert await desk.facts(case_ref) == ["notice.failed.v1"]
    fields = (await desk.opened(case_ref, "notice.failed"))["safe_contact"]
    assert (fields["notice_state"], fields["channel_kind"]) == ("failed", "sms")


async def test_a_try_is_one_of_the_provider_and_not_of_the_window(desk: Desk) -> None:
    case_ref, away = await desk.case(a_channel(status="unknown")), Failing()
    await desk.news(case_ref)
    for days in (0, 2, 4, 6):
        with desk.later(days=days):
            await desk.send()
    await desk.report(case_ref, channels=[a_channel()])

    await desk.send(away)

    assert await desk.stands(case_ref) == ("held", "no_safe_channel")
    assert await desk.facts(case_ref) == []


def close_the_agency(desk: Desk, case_ref: UUID) -> None:
    desk.rows("UPDATE register.agency SET active = false WHERE agency_id = 'lantern-counselling'")


def garble(desk: Desk, case_ref: UUID) -> None:
    desk.rows("UPDATE notifications.contact SET body = 'heron-4417' WHERE case_ref = %(ref)s", ref=case_ref)


def forget_the_notice(desk: Desk, case_ref: UUID) -> None:
    desk.rows("DELETE FROM notifications.notice WHERE case_ref = %(ref)s", ref=case_ref)


def write_a_kind_of_no_list(desk: Desk, case_ref: UUID) -> None:
    desk.rows("UPDATE notifications.notice SET kind = 'heron' WHERE case_ref = %(ref)s", ref=case_ref)


def lose_the_key(desk: Desk, case_ref: UUID) -> None:
    desk.rows('UPDATE register."case" SET wrapped_key = NULL WHERE case_ref = %(ref)s', ref=case_ref)


@pytest.mark.parametrize("harm", [close_the_agency, garble, forget_the_notice, write_a_kind_of_no_list, lose_the_key])
async def test_a_notice_that_fails_does_not_block_the_others(desk: Desk, harm: Callable[[Desk, UUID], None]) -> None:
    bad = await lantern_case(desk)
    good = await desk.case(a_channel())
    await desk.news(good)
    desk.rows("UPDATE notifications.due SET due_at = due_at - interval '1 hour' WHERE agency_id <> %(a)s", a=HOTLINE)

    harm(desk, bad)
    try:
        dealt_with = await desk.send()
        with desk.later(minutes=30):
            soon_again = await desk.send()
    finally:
        desk.rows(OPEN_AGAIN)

    assert (dealt_with, soon_again) == (2, 0)
    assert (await desk.stands(good), len(desk.gone_out())) == (("sent", None), 1)


async def lantern_case(desk: Desk) -> UUID:
    """Open a case at another agency, with a notice that is due."""
    case_ref = await desk.town.open_case("lantern-counselling")
    facts = an_incident(case_ref, channels=[a_channel()]), an_acceptance(case_ref)
    await desk.offer(*facts, by="lantern-counselling")
    await desk.delivery.deliver(case_ref, "lantern-counselling")
    return case_ref


async def test_an_agency_that_comes_back_has_its_notices_sent(desk: Desk) -> None:
    case_ref = await lantern_case(desk)
    close_the_agency(desk, case_ref)
    await desk.send()
    desk.rows(OPEN_AGAIN)

    with desk.later(minutes=61):
        await desk.send()

    assert len(desk.gone_out()) == 1


async def test_a_sender_runs_until_it_is_told_to_stop(desk: Desk) -> None:
    case_ref = await desk.case(a_channel())
    await desk.news(case_ref)
    sender = desk.sender()

    running = asyncio.create_task(sender.run())
    async with asyncio.timeout(20):
        while not desk.gone_out() or (await desk.stands(case_ref))[0] != "sent":
            await asyncio.sleep(0.01)
    sender.stop()
    await asyncio.wait_for(running, 5)

    assert sender.healthy


async def test_without_a_database_a_sender_says_so_and_goes_on_trying(desk: Desk) -> None:
    nowhere = engine("postgresql+psycopg://nobody@127.0.0.1:1/accord")
    sender = NoticeDispatcher(sessions(nowhere), desk.town.keys, UnsafeFileChannel(desk.folder, production=False))

    running = asyncio.create_task(sender.run())
    async with asyncio.timeout(20):
        while sender.healthy:
            await asyncio.sleep(0.01)
    sender.stop()
    with suppress(TimeoutError):
        await asyncio.wait_for(running, 10)
    await nowhere.dispose()

    assert running.done()
    assert not sender.healthy


async def test_a_notice_of_nobodys_case_is_put_off(desk: Desk) -> None:
    desk.rows(
        "INSERT INTO notifications.due VALUES (%(ref)s, 'no-such-agency', clock_timestamp())",
        ref=uuid4(),
    )

    assert (await desk.send(), await desk.send()) == (1, 0)
