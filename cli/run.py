"""The run folder: where one run of the product keeps its data, its secrets and its logs."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from cli.errors import SetupError

ROOT = Path(__file__).resolve().parents[1]
RUNS = ROOT / ".run"
OWN_DATABASE, OWN_KAFKA = "ACCORD_DATABASE", "ACCORD_KAFKA"
TAKEN_WITHIN_SECONDS = 1.0  # whoever only asks who has a folder has it for an instant
WAIT_STEP_SECONDS = 0.02
END_TIMEOUT_SECONDS = 60.0


class InUse(SetupError):
    """Another run has this folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"{folder} is in use by another run",
            f"End it with `accord down --run {folder}`, or name another folder with --run.",
        )


@dataclass(frozen=True, slots=True)
class LockOwner:
    """The process that has a run folder, and whether what it starts is ready for use."""

    pid: int
    ready: bool


class RunLock:
    """A run folder, held by this process."""

    def __init__(self, lock: IO[str]) -> None:
        self._lock = lock
        self._say("starting")

    def ready(self) -> None:
        """Let others know that all is ready."""
        self._say("ready")

    def _say(self, word: str) -> None:
        self._lock.seek(0)
        self._lock.truncate()
        self._lock.write(f"{os.getpid()} {word}\n")
        self._lock.flush()


class Run:
    """One run folder. Everything in it is this run's own: throw it away and the run never was."""

    def __init__(self, folder: Path) -> None:
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
        write_whole(file, text + "\n")
        return file

    def make(self) -> None:
        """Have the folder, and never take one for a run's that holds something else."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if self._lock.exists():
            return
        if any(self.folder.iterdir()):
            raise SetupError(
                f"{self.folder} holds other things than a run", "Name an empty or a new folder with --run."
            )
        self.folder.chmod(0o711)  # PostgreSQL's account must pass through it when we are root
        self._lock.touch(mode=0o600)

    @contextlib.contextmanager
    def locked(self) -> Iterator[RunLock]:
        """Hold the folder, made if need be, while this process lives; raises `InUse` if another process does."""
        self.make()
        with self._lock.open("a+") as lock:
            until(lambda: _locked(lock, fcntl.LOCK_EX), TAKEN_WITHIN_SECONDS, InUse(self.folder))
            yield RunLock(lock)

    def holder(self) -> LockOwner | None:
        """Return the process that holds the folder just now, or None."""
        deadline = time.monotonic() + TAKEN_WITHIN_SECONDS
        while self._lock.exists() and not self._is_free():
            # What stands there may be of a run that was killed, and its id another's by now: whoever has just taken
            # the folder says so at once, and only what stays as it is counts.
            text = self._lock.read_text()
            time.sleep(WAIT_STEP_SECONDS)
            if text == self._lock.read_text() and (holder := _named(text)):
                return holder
            if time.monotonic() > deadline:
                raise InUse(self.folder)
        return None

    @contextlib.contextmanager
    def changing(self) -> Iterator[None]:
        """Wait for whoever else changes what the folder says of agencies, people and processes, and keep them out."""
        with (self.folder / "changing").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    @property
    def _lock(self) -> Path:
        return self.folder / "lock"

    def _is_free(self) -> bool:
        with self._lock.open() as lock:
            return _locked(lock, fcntl.LOCK_SH)


def own_servers() -> dict[str, str]:
    """Return the servers that the operator named in place of the embedded ones."""
    return {name: os.environ[name] for name in (OWN_DATABASE, OWN_KAFKA) if os.environ.get(name)}


def write_whole(file: Path, text: str) -> None:
    """Write a file that only we may read, whole or not at all: whoever reads it never sees half of it."""
    fresh = file.with_name(f"{file.name}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as opened:
        opened.write(text)
    fresh.replace(file)


def until(claim: Callable[[], bool], within: float, obstacle: SetupError) -> None:
    """Wait until `claim` comes true; raises `obstacle` if it does not."""
    deadline = time.monotonic() + within
    while not claim():
        if time.monotonic() > deadline:
            raise obstacle
        time.sleep(0.05)


def lives(pid: int) -> bool:
    """Tell whether a process of this id runs."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _named(text: str) -> LockOwner | None:
    pid, _, word = text.partition(" ")
    return LockOwner(int(pid), word == "ready\n") if word.endswith("\n") and lives(int(pid)) else None


def _locked(lock: IO[str], how: int) -> bool:
    try:
        fcntl.flock(lock, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
