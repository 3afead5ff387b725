"""Imports go down only, no module of ours reads a clock it should not, and a service stands alone."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVICES = sorted(path.parent.name for path in (ROOT / "services").glob("*/main.py"))
CLOCKS = re.compile(r"datetime\.now\(|datetime\.utcnow\(|time\.time\(|perf_counter\(|time\.monotonic\(|date\.today\(")
WAITS = re.compile(r"asyncio\.sleep\(|\.wait\(\), \w+\)|time\.sleep\(")
WAITING = {
    "runtime/retry.py": "between tries, and between rounds",
    "runtime/scheduler.py": "from one round of a job to the next",
    "runtime/http/body.py": "for a turn of the loop",
    "runtime/http/response_padding.py": "until an answer is due",
    "runtime/messaging/admin.py": "until a change is in force at the broker",
    "runtime/messaging/consumer/faust_consumer.py": "for a batch to gather",
    "services/dashboard/live_feed.py": "from one look to the next, and between two events of a page",
    "services/dashboard/jobs.py": "from one sweep to the next",
}


def run(command: Sequence[str | Path], folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.exhaustive
def test_every_contract_of_the_import_linter_holds() -> None:
    environment = dict(os.environ, PYTHONPATH=str(ROOT))
    linter = Path(sys.executable).with_name("lint-imports")

    done = run([linter, "--no-cache"], ROOT, environment)

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("room", ["schemas", "kernel", "services", "runtime"])
def test_no_room_reads_a_clock_of_its_own(room: str) -> None:
    allowed = {ROOT / "runtime" / "clock.py"}
    reading = [path for path in (ROOT / room).rglob("*.py") if path not in allowed and CLOCKS.search(path.read_text())]

    assert not reading


@pytest.mark.parametrize("room", ["runtime", "services"])
def test_only_the_retry_module_waits_between_tries(room: str) -> None:
    waiting = {str(path.relative_to(ROOT)) for path in (ROOT / room).rglob("*.py") if WAITS.search(path.read_text())}

    assert waiting <= WAITING.keys()


def test_one_module_knows_which_keyring_a_process_has() -> None:
    paths = [path for room in ("runtime", "services", "cli", "devstack") for path in (ROOT / room).rglob("*.py")]
    texts = {str(path.relative_to(ROOT)): path.read_text() for path in paths}

    assert [place for place, text in texts.items() if "UnsafeLocalKeyring" in text] == ["runtime/keyring.py"]
    # Production has a profile to refuse by; an operator's command on a development run has none.
    assert {place for place, text in texts.items() if "development_keyring" in text} == {
        "runtime/keyring.py",
        "cli/enrolment.py",
    }


@pytest.mark.exhaustive
@pytest.mark.parametrize("service", SERVICES)
def test_a_service_starts_with_only_its_own_rooms_present(service: str, tmp_path: Path) -> None:
    for room in ("schemas", "kernel", "runtime"):
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "services" / service, tmp_path / "services" / service)
    (tmp_path / "services" / "__init__.py").touch()
    # -P and an own path: the checkout itself must not be found.
    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import services.{service}.main as m; print(m.__file__)"
    )

    done = run([sys.executable, "-P", "-c", program], tmp_path, dict(os.environ))

    assert done.stdout.startswith(str(tmp_path)), done.stderr
