"""When, where and in which words a survivor may be told: never outside what they said themselves."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.categories import DataCategory
from schemas.codes import ChannelKind, ChannelStatus, NoticeKind, Weekday
from schemas.facts.survivor import Channel
from schemas.registry import CONTRACTS
from schemas.taxonomy import paths_of
from services.notifications.domain import (
    CONTACT,
    DAYS,
    KINDS,
    SENDABLE,
    TEXTS,
    Hold,
    Send,
    Wait,
    choose,
    is_open,
    next_opening,
)
from tests.support.rounds import examples
from tests.support.town import KINDS as AGENCIES
from tests.support.town import PEOPLE

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)  # a Monday
YEAR = datetime(2026, 1, 1, tzinfo=UTC)
KIND = NoticeKind.ORDER_SERVED
LATER = "2026-04-01T00:00:00Z"
ZONES = ["UTC", "America/New_York", "Europe/London", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia"]


def a_window(days: str, opens: str, closes: str) -> dict[str, Any]:
    return {"days": days.split(), "from_local": opens, "until_local": closes}


def a_channel(*windows: dict[str, Any], **terms: Any) -> dict[str, Any]:
    defaults = {"kind": "sms", "address": "+1 555 0100", "status": "safe", "time_zone": "UTC", "valid_until": LATER}
    return defaults | {"windows": list(windows)} | terms


ALL_DAY = a_window("mon tue wed thu fri sat sun", "00:00", "23:59")
EVENINGS = a_window("mon", "18:00", "20:00")


def chosen(*channels: dict[str, Any], at: datetime = NOON, **contact: Any) -> Any:
    return choose({"channels": list(channels)} | contact, KIND, at)


def test_within_a_window_of_a_safe_channel_the_notice_goes_out() -> None:
    choice = chosen(a_channel(ALL_DAY))

    assert isinstance(choice, Send)
    assert choice.channel.address == "+1 555 0100"


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({"status": "unknown"}, "no_safe_channel"),
        ({"status": "stale"}, "no_safe_channel"),
        ({"status": "unsafe"}, "no_safe_channel"),
        ({"valid_until": None}, "no_safe_channel"),
        ({"valid_until": "2026-03-02T11:59:59Z"}, "no_safe_channel"),
        ({"valid_until": "2026-03-02T12:00:00Z"}, "no_safe_channel"),
        ({"address": None}, "no_safe_channel"),
        ({"kind": "through_person"}, "no_safe_channel"),
        ({"kind": "portal"}, "no_safe_channel"),
        ({"kind": "post", "address": None}, "no_safe_channel"),
        ({"kind": "in_person", "address": None}, "no_safe_channel"),
        ({"kind": "pigeon"}, "no_safe_channel"),
        ({"status": "safe as houses"}, "no_safe_channel"),
        ({"surprise": True}, "no_safe_channel"),
        ({"windows": []}, "no_window"),
        ({"time_zone": None}, "no_window"),
        ({"time_zone": "Nowhere/Land"}, "no_window"),
        ({"time_zone": "America"}, "no_window"),
    ],
)
def test_on_a_channel_that_is_not_plainly_safe_nothing_goes_out(terms: dict[str, Any], reason: str) -> None:
    assert chosen(a_channel(ALL_DAY) | terms) == Hold(reason)


@pytest.mark.parametrize("word", [True, None, "false", 0])
def test_do_not_contact_stops_everything_however_it_is_written(word: Any) -> None:
    assert chosen(a_channel(ALL_DAY), do_not_contact=word, anytime_for=[KIND]) == Hold("do_not_contact")


@pytest.mark.parametrize("contact", [{}, {"channels": None}, {"channels": []}, {"anytime_for": [KIND]}])
def test_who_said_nothing_of_a_channel_is_not_contacted(contact: dict[str, Any]) -> None:
    assert choose(contact, KIND, NOON) == Hold("no_safe_channel")


def test_no_notice_falls_back_to_a_channel_not_marked_safe() -> None:
    closed, unsafe = a_channel(EVENINGS), a_channel(ALL_DAY, address="+1 555 0111", status="unknown")

    assert chosen(closed, unsafe) == Wait(NOON.replace(hour=18))


def test_of_two_safe_channels_the_one_that_is_open_now_is_taken() -> None:
    choice = chosen(a_channel(EVENINGS), a_channel(ALL_DAY, kind="email", address="m@example.org"))

    assert choice.channel.kind is ChannelKind.EMAIL


def test_a_notice_waits_for_the_channel_that_opens_first() -> None:
    assert chosen(a_channel(EVENINGS), a_channel(a_window("mon", "14:00", "15:00"))) == Wait(NOON.replace(hour=14))


def test_only_kinds_wanted_at_any_hour_ignore_the_window() -> None:
    channel = a_channel(EVENINGS, windows=[])

    assert isinstance(chosen(channel, anytime_for=["order_served"]), Send)
    assert chosen(channel, anytime_for=["referral_answered"]) == Hold("no_window")


def test_any_hour_is_not_any_channel() -> None:
    assert chosen(a_channel(ALL_DAY, status="unsafe"), anytime_for=["order_served"]) == Hold("no_safe_channel")


@pytest.mark.parametrize(
    ("local", "opened"),
    [
        ("2026-03-02T17:59:59.999999", False),
        ("2026-03-02T18:00:00", True),
        ("2026-03-02T19:59:59.999999", True),
        ("2026-03-02T20:00:00", False),
        ("2026-03-03T18:00:00", False),  # a Tuesday
    ],
)
def test_a_window_includes_its_start_and_excludes_its_end(local: str, opened: bool) -> None:
    assert at_local("UTC", local, EVENINGS) is opened


@pytest.mark.parametrize(
    ("local", "opened"),
    [
        ("2026-03-06T21:59:00", False),  # Friday, before it
        ("2026-03-06T22:00:00", True),
        ("2026-03-07T01:59:00", True),  # Saturday, still Friday's
        ("2026-03-07T02:00:00", False),
        ("2026-03-06T01:00:00", False),  # Friday, but Thursday's night
        ("2026-03-07T22:30:00", False),  # Saturday's own night
    ],
)
def test_a_window_past_midnight_belongs_to_the_day_it_began_on(local: str, opened: bool) -> None:
    assert at_local("America/New_York", local, a_window("fri", "22:00", "02:00")) is opened


def at_local(zone: str, local: str, *windows: dict[str, Any]) -> bool:
    at = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    return isinstance(chosen(a_channel(*windows, time_zone=zone, valid_until="2027-01-01T00:00:00Z"), at=at), Send)


def test_a_window_that_ends_as_it_starts_is_none() -> None:
    assert chosen(a_channel(a_window("mon", "12:00", "12:00"))) == Hold("no_window")


def test_a_survivors_clock_is_the_one_on_their_wall() -> None:
    channel = a_channel(a_window("mon", "18:00", "20:00"), time_zone="America/Los_Angeles")

    assert chosen(channel, at=NOON.replace(hour=19)) == Wait(datetime(2026, 3, 3, 2, tzinfo=UTC))
    assert isinstance(chosen(channel, at=datetime(2026, 3, 3, 2, tzinfo=UTC)), Send)


def test_a_window_in_the_hour_skipped_in_spring_does_not_move() -> None:
    channel = a_channel(a_window("sun mon", "02:15", "02:45"), time_zone="America/New_York")
    night = [datetime(2026, 3, 8, 5, tzinfo=UTC) + timedelta(minutes=5 * step) for step in range(48)]

    choices = [chosen(channel, at=at) for at in night]

    assert not [choice for choice in choices if isinstance(choice, Send)]
    assert choices[-1] == Wait(datetime(2026, 3, 9, 6, 15, tzinfo=UTC))


def test_a_window_in_the_hour_repeated_in_autumn_opens_twice() -> None:
    channel = a_channel(
        a_window("sun", "01:15", "01:45"), time_zone="America/New_York", valid_until="2026-12-01T00:00:00Z"
    )
    half_hours = [datetime(2026, 11, 1, hour, 30, tzinfo=UTC) for hour in (4, 5, 6, 7)]

    assert [isinstance(chosen(channel, at=at), Send) for at in half_hours] == [False, True, True, False]


clock_times = st.times().map(lambda clock_time: clock_time.strftime("%H:%M"))
windows = st.builds(
    lambda days, opens, closes: {"days": sorted(days), "from_local": opens, "until_local": closes},
    st.frozensets(st.sampled_from(Weekday), min_size=1),
    clock_times,
    clock_times,
)
instants = st.integers(0, 365 * 24 * 3600 * 1000).map(lambda milliseconds: YEAR + timedelta(milliseconds=milliseconds))
channels = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(ChannelKind),
        "address": st.sampled_from(["+1 555 0100", None]),
        "status": st.sampled_from([ChannelStatus.SAFE] * 4 + list(ChannelStatus)),
        "windows": st.lists(windows, max_size=3),
        "time_zone": st.sampled_from([*ZONES, None, "Nowhere/Land"]),
        "valid_until": st.one_of(st.none(), instants.map(lambda instant: f"{instant:%Y-%m-%dT%H:%M:%SZ}")),
        "language": st.sampled_from(["en", "es", "es-MX", "fr", None]),
        "voicemail_ok": st.sampled_from(["yes", "no", "unknown", None]),
    }
)


def within(local: datetime, window: dict[str, Any]) -> bool:
    """Tell the same by whole stretches of naive local time: from an opening of yesterday or today to its close."""
    for back in (0, 1):
        day = local.date() - timedelta(days=back)
        opens, closes = (
            datetime.combine(day, time.fromisoformat(window[end])) for end in ("from_local", "until_local")
        )
        closes += timedelta(days=closes < opens)
        if DAYS[day.weekday()] in window["days"] and opens <= local < closes:
            return True
    return False


@settings(max_examples=examples(400))
@given(
    rows=st.lists(channels, max_size=3),
    anytime=st.lists(st.sampled_from(NoticeKind), max_size=2),
    stop=st.sampled_from([False, False, False, True, None]),
    kind=st.sampled_from(NoticeKind),
    at=instants,
)
def test_notices_go_out_only_on_safe_valid_channels_in_a_window(
    rows: list[dict[str, Any]], anytime: Sequence[NoticeKind], stop: bool | None, kind: NoticeKind, at: datetime
) -> None:
    choice = choose({"channels": rows, "anytime_for": anytime, "do_not_contact": stop}, kind, at)

    if not isinstance(choice, Send):
        assert not isinstance(choice, Wait) or choice.until > at
        return
    assert stop is False
    assert choice.channel.status is ChannelStatus.SAFE
    assert choice.channel.valid_until is not None
    assert at < choice.channel.valid_until
    assert choice.channel.kind in SENDABLE
    assert choice.channel.address
    assert choice.text in TEXTS.values()
    if kind not in anytime:
        local = at.astimezone(ZoneInfo(str(choice.channel.time_zone))).replace(tzinfo=None)
        assert any(within(local, window.model_dump()) for window in choice.channel.windows)


@settings(max_examples=examples(200))
@given(row=channels, at=instants)
def test_a_waiting_notice_waits_no_longer_than_the_first_window(row: dict[str, Any], at: datetime) -> None:
    always = {"status": "safe", "kind": "sms", "address": "+1 555 0100", "valid_until": "2099-01-01T00:00:00Z"}
    channel = Channel.model_validate(row | always)
    opening = next_opening(channel, at)
    steps = [at + timedelta(minutes=30 * step) for step in range(1, 48)]

    opened = [step for step in steps if not is_open(channel, at) and is_open(channel, step)]

    assert not opened or (opening is not None and opening <= opened[0])


def test_the_words_name_no_agency_case_name_link_or_event() -> None:
    names = {word for name in (*AGENCIES, *PEOPLE) for word in name.split("-")}
    events = {word for name in CONTRACTS for word in re.findall("[a-z]+", name) if len(word) > 2} - {"accord"}
    kinds = {word for kind in NoticeKind for word in kind.split("_")}
    others = {"court", "police", "victim", "survivor", "abuse", "violence", "shelter", "help", "safe", "accord", "http"}

    for text in TEXTS.values():
        assert set(re.findall(r"\w+", text.lower())).isdisjoint(names | events | kinds | others)
        assert not re.search(r"[\d/@:{%]|www", text)


@pytest.mark.parametrize(
    ("language", "text"),
    [(None, "en"), ("en", "en"), ("es", "es"), ("es-MX", "es"), ("fr", "en"), ("est", "en"), ("zh-Hans", "en")],
)
def test_the_words_are_in_the_channels_language_or_in_english(language: str | None, text: str) -> None:
    assert chosen(a_channel(ALL_DAY, language=language)).text == TEXTS[text]


@pytest.mark.parametrize(("word", "may"), [("yes", True), ("no", False), ("unknown", False), (None, False)])
def test_a_voicemail_is_left_only_where_the_survivor_said_so(word: str | None, may: bool) -> None:
    assert chosen(a_channel(ALL_DAY, kind="voice", voicemail_ok=word)).voicemail is may


def test_a_choice_shows_no_address() -> None:
    assert "555" not in repr(chosen(a_channel(ALL_DAY)))


def test_no_channel_or_template_has_a_respondent_as_addressee() -> None:
    paths = {path for mask in CONTACT.values() for path in paths_of(mask)}

    assert {path.partition(".")[0] for path in paths} == {DataCategory.SAFE_CONTACT}
    assert not [path for path in paths if re.search("respondent|offender", path)]
    assert not [text for text in TEXTS.values() if re.search("respondent|defendant|demandad", text.lower())]


def test_every_fact_that_is_told_of_is_one_of_ours() -> None:
    assert set(KINDS) <= set(CONTRACTS)


def test_registering_or_requesting_an_order_plans_no_notice() -> None:
    silent = {"requested", "issued", "modified", "violated"}

    assert not {f"accord.protective_order.{verb}.v1" for verb in silent} & set(KINDS)
