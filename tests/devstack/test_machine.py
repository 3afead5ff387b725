"""What is asked before anything is installed: of any Python, with the standard library alone."""

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from devstack import machine
from tests.devstack.watcher import REPOSITORY

# Without `site` no package that is installed is found.
BARE = [sys.executable, "-S"]
OURS = "import devstack.machine, sys; print(*(m.__file__ for m in sys.modules.values() if m.__name__.split('.')[0] in "


def bare_modules() -> list[Path]:
    script = OURS + "('cli', 'devstack', 'kernel', 'runtime', 'schemas')), sep='\\n')"
    done = subprocess.run([*BARE, "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    return [Path(line) for line in done.stdout.splitlines()]


def test_a_fresh_clone_is_examined_without_any_package(tmp_path: Path) -> None:
    for room in ("cli", "devstack"):
        shutil.copytree(REPOSITORY / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPOSITORY / "Makefile", tmp_path)

    command = ["make", "-s", "doctor", f"PYTHON={' '.join(BARE)}"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert "ok      packages: not installed yet; `make setup` brings them" in done.stdout
    assert not (tmp_path / ".venv").exists()


def test_whatever_it_imports_is_understood_by_python_3_8() -> None:
    modules = bare_modules()

    assert REPOSITORY / "devstack" / "machine.py" in modules
    for module in modules:
        text = module.read_text()
        ast.parse(text, feature_version=(3, 8))
        assert "slots=True" not in text
        assert "from __future__ import annotations" in text or not re.search(r"(->|: )\w*[\[|]", text)


@pytest.mark.parametrize("version", [(3, 8, 20), (3, 10, 0), (3, 14, 0)])
def test_a_python_that_will_not_do_is_named_with_one_that_will(
    version: tuple[int, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    none_here = machine.python_finding(version)
    (tmp_path / "python3.12").touch(mode=0o755)

    finding = machine.python_finding(version)

    assert not finding.ok
    assert finding.detail.startswith(".".join(map(str, version)))
    assert finding.fix == "Run `make setup PYTHON=python3.12`."
    assert none_here.fix.startswith("Install Python 3.11, 3.12 or 3.13")
