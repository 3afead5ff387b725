"""What a proof leaves behind: its figures, its seed and the machine, on the terminal and in `.run/proofs`.

ROUNDS   how much is tried: unset for the short form, `long` for the long one, or a number
SEED     what chance starts from; a run prints its own, so that it can be had again
"""

import functools
import json
import os
import platform
import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Final

from hypothesis import settings

FOLDER: Final = Path(__file__).parents[2] / ".run" / "proofs"


@dataclass(frozen=True)
class Proof:
    """One finished check: what it tried and found, and how to have it again."""

    suite: str
    name: str
    figures: dict[str, int | float | str]
    seed: int
    rounds: str
    machine: str
    ended_at: str

    def line(self) -> str:
        """Return the proof as one line of text."""
        figures = ", ".join(f"{name.replace('_', ' ')} {figure}" for name, figure in self.figures.items())
        return f"{self.suite}: {self.name}: {figures} (SEED={self.seed} ROUNDS={self.rounds})"


def form() -> str:
    """Return which form is asked for: `short`, `long`, or a number of rounds."""
    return os.environ.get("ROUNDS", "short")


def rounds(short: int, long: int) -> int:
    """Return how many rounds that is, of what has so many in its short form and in its long one."""
    return {"short": short, "long": long}.get(form()) or int(form())


def examples(count: int, *, unit: int = 20) -> int:
    """Return how many examples a property has that asks for so many: in `make unit` no more than the others have."""
    return unit if settings.get_current_profile_name() == "unit" else count


@functools.cache
def seed() -> int:
    """Return the random seed: one number for all processes of a test run."""
    setting = os.environ.get("SEED")
    if setting:
        return int(setting)
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID")  # the workers of one run share it
    return int(sha256(run.encode()).hexdigest()[:8], 16) if run else secrets.randbits(32)


def machine() -> str:
    """Return the machine that the figures were measured on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}, Python {platform.python_version()}"


def proof(suite: str, name: str, **figures: int | float | str) -> None:
    """Write down what a check tried and found."""
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    done = Proof(suite, name, figures, seed(), form(), machine(), now)
    place = FOLDER / suite
    place.mkdir(parents=True, exist_ok=True)
    (place / f"{name.replace(' ', '-')}.{done.rounds}.json").write_text(json.dumps(asdict(done), indent=2) + "\n")


def proofs(since: datetime | None = None) -> Iterator[Proof]:
    """Yield the stored proofs: all, or those that ended `since`."""
    for file in sorted(FOLDER.glob("*/*.json")):
        if since is None or datetime.fromtimestamp(file.stat().st_mtime, UTC) >= since:
            yield Proof(**json.loads(file.read_text()))
