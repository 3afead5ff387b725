"""The file channel: whole, ours alone, once, and nowhere near production."""

import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest

from schemas.facts.survivor import Channel
from services.notifications.channels import ChannelError, UnsafeFileChannel
from services.notifications.domain import TEXTS, Send


def a_send(address: str = "+1 555 0100") -> Send:
    return Send(Channel(kind="sms", address=address))


def a_channel(folder: Path) -> UnsafeFileChannel:
    return UnsafeFileChannel(folder, production=False)


def test_what_is_handed_on_is_the_fixed_words_and_where_they_go(tmp_path: Path) -> None:
    notice_ref = uuid4()

    a_channel(tmp_path).hand_on(notice_ref, a_send())

    text = (tmp_path / "notices" / f"{notice_ref}.json").read_text()
    assert text == f'{{"channel": "sms", "to": "+1 555 0100", "text": "{TEXTS["en"]}", "voicemail": false}}\n'


def test_the_same_notice_again_changes_nothing(tmp_path: Path) -> None:
    notice_ref = uuid4()
    a_channel(tmp_path).hand_on(notice_ref, a_send())

    a_channel(tmp_path).hand_on(notice_ref, a_send("+1 555 0199"))

    (file,) = (tmp_path / "notices").iterdir()
    assert "0100" in file.read_text()


def test_concurrent_writes_leave_one_whole_file_and_no_other(tmp_path: Path) -> None:
    notice_ref, numbers = uuid4(), [f"+1 555 01{number:02}" for number in range(20)]

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: a_channel(tmp_path).hand_on(notice_ref, a_send(number)), numbers))

    (file,) = (tmp_path / "notices").iterdir()
    assert any(number in file.read_text() for number in numbers)


def test_only_we_can_read_it(tmp_path: Path) -> None:
    a_channel(tmp_path).hand_on(uuid4(), a_send())

    (file,) = (tmp_path / "notices").iterdir()
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_an_unwritable_folder_is_a_retryable_error(tmp_path: Path) -> None:
    (tmp_path / "notices").touch()

    with pytest.raises(OSError, match="notices"):
        a_channel(tmp_path).hand_on(uuid4(), a_send())


def test_it_is_refused_in_production_and_without_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ChannelError, match="production"):
        UnsafeFileChannel(tmp_path, production=True)
    with pytest.raises(ChannelError, match="run folder"):
        UnsafeFileChannel(None, production=False)


def test_it_says_that_it_is_unsafe(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        a_channel(tmp_path)

    assert caplog.messages == ["unsafe_file_channel"]
