"""A passphrase is tried no faster than a person types, and nobody locks somebody else out."""

import pytest

from runtime.auth.passwords import FREE_TRIES_OF_NAME, HOUR_SECONDS, LoginThrottle, LoginThrottled, origin_of


def test_l4_a_name_has_a_bound_over_all_strangers() -> None:
    now = [0.0]
    tries = LoginThrottle(monotonic=lambda: now[0])
    tries.succeeded("ana", "192.0.2.1")

    for number in range(FREE_TRIES_OF_NAME):
        tries.take("ana", f"198.51.100.{number}")
    with pytest.raises(LoginThrottled):
        tries.take("ana", "203.0.113.1")
    tries.take("ana", "192.0.2.1")
    tries.take("bo", "203.0.113.1")

    now[0] = HOUR_SECONDS
    tries.take("ana", "203.0.113.1")


def test_l4_an_ipv6_customer_is_one_origin() -> None:
    assert origin_of("2001:db8::1") == origin_of("2001:db8::ffff:1")
    assert origin_of("2001:db8::1") != origin_of("2001:db8:0:1::1")
    assert origin_of("192.0.2.1") != origin_of("192.0.2.2")


def test_each_wait_is_twice_the_last_up_to_five_minutes() -> None:
    now = [0.0]
    tries, waits = LoginThrottle(monotonic=lambda: now[0]), []
    for _ in range(16):
        try:
            tries.take("ana", "here")
        except LoginThrottled as throttled:
            waits.append(throttled.seconds)
            now[0] += throttled.seconds
            tries.take("ana", "here")

    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]


def test_a_success_forgets_the_failures() -> None:
    tries = LoginThrottle(monotonic=lambda: 0.0)
    for _ in range(4):
        tries.take("ana", "here")

    tries.succeeded("ana", "here")

    for _ in range(5):
        tries.take("ana", "here")
