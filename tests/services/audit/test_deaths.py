"""The service as its own process, killed at every step of a batch and at any moment."""

import asyncio
import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from devstack.ports import free_port
from kernel.ledger.entry import Act, read
from tests.support.database import Database
from tests.support.ledger import Log, a_leaf, own_database
from tests.support.waits import until

ROOT = Path(__file__).parents[3]
STEPS = ("after_take", "after_move", "before_commit", "after_commit")


@pytest.fixture(scope="module")
def own(database: Database) -> Log:
    return Log(own_database(database))


@pytest.fixture
def apart(own: Log) -> Log:
    own.empty()
    return own


@contextmanager
def serving(log: Log, folder: Path, **extra_env: str) -> Iterator["subprocess.Popen[bytes]"]:
    settings = {
        "PATH": os.environ["PATH"],
        "ACCORD_SERVICE": "audit",
        "ACCORD_PROFILE": "development",
        "ACCORD_DATABASE": log.database.url("accord_audit"),
        "ACCORD_ISSUER": "http://127.0.0.1:1",
        "ACCORD_PORT": str(free_port()),
        "ACCORD_KEYS": str(folder),
        "ACCORD_LEDGER_KEY_FILE": str(log.key_file(folder)),
    }
    command = [sys.executable, "-m", "services.audit.main", "api"]
    silent = subprocess.DEVNULL
    process = subprocess.Popen(command, cwd=ROOT, env=settings | extra_env, stdin=silent, stdout=silent, stderr=silent)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("step", STEPS)
async def test_a_batch_killed_at_any_step_is_stored_whole_or_not(apart: Log, tmp_path: Path, step: str) -> None:
    await apart.write(*(a_leaf(number) for number in range(5)))

    with serving(apart, tmp_path, ACCORD_CRASH_AT=f"sequencer.{step}") as process:
        assert await asyncio.to_thread(process.wait, 30) == 137

    done = step == "after_commit"
    assert (apart.waiting(), len(apart.headers()), len(apart.notes())) == ((0, 5, 1) if done else (5, 0, 0))
    assert await apart.sequence() == (0 if done else 5)
    assert apart.findings() == []


async def test_no_entry_is_lost_or_doubled_by_a_kill_at_any_moment(apart: Log, tmp_path: Path) -> None:
    chance = random.Random(20260304)  # noqa: S311 - moments, not secrets
    written = 0

    for _ in range(2):
        before = len(apart.notes())
        with serving(apart, tmp_path) as process:
            while len(apart.notes()) == before:
                await apart.write(*(a_leaf(written + number) for number in range(400)))
                written += 400
                await asyncio.sleep(chance.random() * 0.2)
            process.kill()

    with serving(apart, tmp_path):
        await until(lambda: apart.waiting() == 0, within=30)
    entries = [entry for entry in map(read, apart.headers()) if entry.act is not Act.PADDING]
    assert Counter(entry.sv for entry in entries) == Counter(range(written))
    assert apart.findings() == []
