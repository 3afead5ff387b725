"""Planted bugs: each patch switches one control off, and says which tests have to go red.

`make mutation` applies each to a copy of the tree and runs those tests.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]
NOT_OURS = {".git", ".venv", ".cache", ".run"}


@dataclass(frozen=True)
class Bug:
    """One control that is switched off, and the tests that have to notice."""

    patch: Path
    summary: str
    tests: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.patch.stem.replace("-", " ")


def bugs() -> list[Bug]:
    """Return every planted bug, in the order of their names."""
    return [_read(patch) for patch in sorted(FOLDER.glob("*.patch"))]


def _read(patch: Path) -> Bug:
    summary, _, rest = patch.read_text().partition("\n\n")
    named = re.match(r"Goes red: (.+)\n", rest)
    assert named is not None, f"{patch.name} does not say what goes red"
    return Bug(patch, summary, tuple(named[1].split()))


@contextmanager
def copy_of_the_tree(folder: Path) -> Iterator[Path]:
    """Copy the tree to plant bugs in; the folder lies outside any repository, where git applies patches anyway."""
    tree = folder / "tree"
    shutil.copytree(ROOT, tree, ignore=lambda _, names: [name for name in names if name in NOT_OURS])
    cache = ROOT / ".cache"
    if cache.exists():
        (tree / ".cache").symlink_to(cache)  # the broker's jars
    yield tree
    shutil.rmtree(tree, ignore_errors=True)


def apply(bug: Bug, tree: Path, *how: str) -> bool:
    """Plant a bug, or with `--reverse` take it out again; tell whether the patch fitted."""
    done = subprocess.run(["git", "apply", *how, str(bug.patch)], cwd=tree, capture_output=True, check=False)
    return done.returncode == 0


def red(tests: tuple[str, ...], tree: Path) -> list[str] | None:
    """Return the tests that failed in `tree`, none if all passed; None where they could not be run at all."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", *tests]
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        return None
    return re.findall(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.MULTILINE)
