import os
import signal
import sys
import threading
from pathlib import Path

import psutil
import pytest

from cli.errors import SetupError
from devstack import process
from devstack.process import ChildProcess
from tests.devstack.watcher import a_parent, comes_true, is_gone, runs

ENVIRONMENT = {"PATH": os.defpath}

A_SLEEPER = """
import sys, pathlib
from devstack import process
child = process.start("sleeper", ["sleep", "60"], {"PATH": "/usr/bin:/bin"}, pathlib.Path(sys.argv[1]) / "log")
print(child.pid, child.guard.pid, flush=True)
"""
A_SLEEPER_AND_A_FORK = f"""
import os, time
{A_SLEEPER.replace("print(", "fork = os.fork() or time.sleep(60); print(fork, ")}
"""
A_POSTGRES = """
import sys, pathlib
from devstack.postgres import Postgres
print(Postgres.start(pathlib.Path(sys.argv[1])).process.pid, flush=True)
"""
A_KAFKA = """
import sys, pathlib
from devstack.kafka import Kafka
print(Kafka.start(pathlib.Path(sys.argv[1])).process.pid, flush=True)
"""


def a_shell(script: str, folder: Path, grace: float = 10.0) -> ChildProcess:
    return process.start("shell", ["/bin/sh", "-c", script], ENVIRONMENT, folder / "log", grace=grace)


@pytest.mark.parametrize("script", [A_SLEEPER, A_POSTGRES, A_KAFKA], ids=["sleep", "postgres", "kafka"])
def test_nothing_outlives_a_parent_that_was_killed(script: str, tmp_path: Path) -> None:
    with a_parent(script, tmp_path) as (parent, pids):
        family = [
            member for pid in pids for member in (pid, *(child.pid for child in psutil.Process(pid).children(True)))
        ]
        parent.kill()

        assert family
        assert all(is_gone(pid) for pid in family)


def test_a_log_tells_whether_all_that_wrote_it_is_gone(tmp_path: Path) -> None:
    assert process.left(tmp_path / "log")
    with a_parent(A_SLEEPER, tmp_path) as (parent, family):
        assert not process.left(tmp_path / "log")
        parent.kill()

        assert comes_true(lambda: process.left(tmp_path / "log"))
        assert all(map(is_gone, family))


def test_a_command_does_not_outlive_its_guard(tmp_path: Path) -> None:
    with a_parent(A_SLEEPER, tmp_path) as (_, (child, guard)):
        os.kill(guard, signal.SIGKILL)

        assert is_gone(child)


def test_a_fork_holding_the_socket_keeps_no_command_alive(tmp_path: Path) -> None:
    with a_parent(A_SLEEPER_AND_A_FORK, tmp_path) as (parent, (fork, *guarded)):
        parent.kill()

        assert all(is_gone(pid) for pid in guarded)
        assert runs(fork)
        os.kill(fork, signal.SIGKILL)


def test_a_command_outlives_the_thread_that_started_it(tmp_path: Path) -> None:
    started: list[ChildProcess] = []
    thread = threading.Thread(target=lambda: started.append(a_shell("sleep 0.3; exit 7", tmp_path)))
    thread.start()
    thread.join()

    assert started[0].wait(10) == 7


def test_the_exit_status_is_the_commands(tmp_path: Path) -> None:
    left, killed = a_shell("exit 3", tmp_path), a_shell("kill -9 $$", tmp_path)

    statuses = left.wait(10), killed.wait(10)

    assert statuses == (3, 128 + signal.SIGKILL)


def test_a_command_stopped_as_soon_as_it_began_gets_the_signal(tmp_path: Path) -> None:
    statuses = [a_shell("exec sleep 60", tmp_path).stop() for _ in range(10)]

    assert set(statuses) == {128 + signal.SIGTERM}  # asked, not killed


def test_a_command_that_will_not_end_is_killed_after_its_grace(tmp_path: Path) -> None:
    stubborn = a_shell("trap '' TERM; echo deaf; while :; do sleep 0.05; done", tmp_path, grace=0.2)
    assert comes_true(lambda: "deaf" in stubborn.last_words())

    assert stubborn.stop() == 128 + signal.SIGKILL
    assert not runs(stubborn.pid)


def test_what_a_command_leaves_behind_ends_with_it(tmp_path: Path) -> None:
    leaving = a_shell("sleep 60 & echo $!; sleep 61 & wait", tmp_path)
    assert comes_true(lambda: leaving.last_words().isdigit())
    left = int(leaving.last_words())

    leaving.kill()

    assert not runs(left)


def test_a_command_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="no-such-program"):
        process.run("missing", ["/no-such-program"], ENVIRONMENT, tmp_path)


def test_a_command_sees_nothing_of_our_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_SECRET", "of ours")

    output = process.run("environment", ["/usr/bin/env"], {"GIVEN": "this"}, tmp_path)

    assert "GIVEN=this" in output
    assert "A_SECRET" not in output


def test_an_unprivileged_user_runs_programs_in_a_private_folder(tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    program = private / "program"
    program.touch(mode=0o755)
    looks = "import os, sys; sys.exit(not os.access(sys.argv[1], os.X_OK))"  # access(2), as initdb looks for postgres

    user = "nobody" if os.geteuid() == 0 else None
    process.run("looks", [sys.executable, "-I", "-S", "-c", looks, program], ENVIRONMENT, tmp_path, user=user)
