"""Where notices go out. The file channel stands for a provider's: it writes what a provider would be handed."""

from __future__ import annotations

import json
import logging
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Protocol
from uuid import UUID

from services.notifications.domain import Send

log = logging.getLogger(__name__)


class NoticeChannel(Protocol):
    """What hands a notice on; handing the same notice twice must be harmless."""

    def hand_on(self, notice_ref: UUID, send: Send) -> None:
        """Hand it on; raises `OSError` where that failed."""


class ChannelError(Exception):
    """The channel may not be used here."""


class UnsafeFileChannel:
    """Writes one file a notice, for development: whoever reads the folder reads where survivors are reached."""

    def __init__(self, folder: Path | None, *, production: bool) -> None:
        if production:
            raise ChannelError("the file channel is refused under the production profile; name a provider")
        if folder is None:
            raise ChannelError("the file channel needs a run folder")
        self._folder = folder / "notices"
        log.warning("unsafe_file_channel")

    def hand_on(self, notice_ref: UUID, send: Send) -> None:
        """Write the notice, whole or not at all; one that was written before stays as it is."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        words = {
            "channel": send.channel.kind.value,
            "to": send.channel.address,
            "text": send.text,
            "voicemail": send.voicemail,
        }
        descriptor, fresh = tempfile.mkstemp(dir=self._folder, prefix=".")
        try:
            with open(descriptor, "w", encoding="utf-8") as opened:
                opened.write(json.dumps(words, ensure_ascii=False) + "\n")
                opened.flush()
                os.fsync(descriptor)
            with suppress(FileExistsError):  # a link, unlike a rename, never takes the place of what is there
                os.link(fresh, self._folder / f"{notice_ref}.json")
        finally:
            os.unlink(fresh)
