"""Where notices go out. The file channel stands for a provider's: it writes what a provider would be handed."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Protocol
from uuid import UUID

from services.notifications.domain import Send


class Channel(Protocol):
    """What hands a notice on; handing the same notice twice must be harmless."""

    def hand_on(self, notice_ref: UUID, send: Send) -> None:
        """Hand it on; raises `OSError` where that failed."""


class FileChannel:
    """Writes one file a notice, readable by us alone, whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def hand_on(self, notice_ref: UUID, send: Send) -> None:
        """Write the notice; one that was written before stays as it is."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = self._folder / f"{notice_ref}.json"
        if file.exists():
            return
        fresh = self._folder / f".{notice_ref}.{os.getpid()}"
        words = {"channel": send.channel.kind.value, "to": send.channel.address, "text": send.text}
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as opened:
            opened.write(json.dumps(words, ensure_ascii=False) + "\n")
        fresh.replace(file)
