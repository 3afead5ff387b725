"""The run folder: where one run of the product keeps its data, its secrets and its logs."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RUNS = ROOT / ".run"


class InUse(Exception):
    """Another run has this folder."""


class Run:
    """One run folder. Everything in it is this run's own: throw it away and the run never was."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o711)  # PostgreSQL's account must pass through it when we are root
        self.folder = folder.resolve()

    @property
    def town_file(self) -> Path:
        """Return where `town.json` is written."""
        return self.folder / "town.json"

    @property
    def keys(self) -> Path:
        """Return the folder of the development keyring."""
        return self.folder / "keys"

    def log(self, name: str) -> Path:
        """Return the log file of a process."""
        return self.folder / "logs" / f"{name}.log"

    def secret_file(self, name: str, size: int = 24) -> Path:
        """Return the file of a secret of so many random bytes, made on its first use and readable by us alone."""
        file = self.folder / "secrets" / name
        if not file.exists():
            self.keep_secret(name, secrets.token_urlsafe(size))
        return file

    def secret(self, name: str) -> str:
        """Return the secret itself."""
        return self.secret_file(name).read_text().strip()

    def keep_secret(self, name: str, text: str) -> Path:
        """Keep `text` under `name`, readable by us alone, and return its file."""
        file = self.folder / "secrets" / name
        file.parent.mkdir(mode=0o700, exist_ok=True, parents=True)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as opened:
            opened.write(text + "\n")
        return file

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold the folder while this process lives; raises `InUse` if another process does."""
        with (self.folder / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as taken:
                raise InUse(str(self.folder)) from taken
            yield
