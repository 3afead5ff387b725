"""What a person expects of any command line: help, version, completion, typos, exit codes, JSON, no colours."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from cli.main import app
from tests.support.run_folders import accord

ROOT = Path(__file__).parents[2]
ACCORD = Path(sys.executable).with_name("accord")
# They change something and answer with a line.
CHANGES = {"down", "agency close", "person remove", "db migrate"}
COLOUR = re.compile(r"\x1b\[[0-9;]*[34][0-7]")


def groups_and_commands(group: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield each group and each command, by the words that name it."""
    yield words, group
    if not hasattr(group, "list_commands"):
        return
    context = typer.Context(group)
    for name in group.list_commands(context):
        yield from groups_and_commands(group.get_command(context, name), (*words, name))


EVERY = dict(groups_and_commands(typer.main.get_command(app)))
COMMANDS = [words for words, command in EVERY.items() if not hasattr(command, "list_commands")]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A folder whose town has two people, one of whom was taken out, and a process."""
    document = {
        "people": [{"id": "olga"}, {"id": "oscar", "active": False}],
        "agencies": [{"id": "oak-house", "active": True}],
        "processes": {"intake": {}, "exchange-worker": {}},
        "services": {"intake": ""},
    }
    (tmp_path / "town.json").write_text(json.dumps(document))
    return tmp_path


def completed(line: str, **more: str) -> list[str]:
    """Return what bash is offered for the last word of `line`."""
    words = {"COMP_WORDS": line, "COMP_CWORD": str(line.count(" ")), "_ACCORD_COMPLETE": "complete_bash"}
    done = CliRunner().invoke(app, [], prog_name="accord", env=words | more)
    return done.output.split()


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_short_help_is_the_same_as_long_help(words: tuple[str, ...]) -> None:
    short, long = accord(*words, "-h"), accord(*words, "--help")

    assert (short.exit_code, short.output) == (0, long.output)
    assert "Usage:" in short.output


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_whatever_reads_has_json(words: tuple[str, ...]) -> None:
    options = {option for parameter in EVERY[words].params for option in parameter.opts}

    assert ("--json" in options) is (" ".join(words) not in CHANGES)


def test_its_version_is_that_of_the_package() -> None:
    done = accord("--version")

    assert (done.exit_code, done.output) == (0, f"accord {metadata.version('accord')}\n")


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (("tokne",), "Did you mean 'token'?"),
        (("dead-leters", "list"), "Did you mean 'dead-letters'?"),
        (("agency", "lits"), "Did you mean 'list'"),
        (("ledger", "exprot"), "Did you mean 'export'?"),
        (("env", "--jsn"), "Possible options: --json"),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, tuple) else "",
)
def test_a_typo_is_answered_with_what_is_like_it(words: tuple[str, ...], answer: str) -> None:
    done = accord(*words)

    assert done.exit_code == 2
    assert answer in done.output


def test_the_shell_is_shown_its_completion_script() -> None:
    # The shell is found by its name among the parents; the colon keeps bash from becoming the command.
    command = ["/bin/bash", "-c", f"'{ACCORD}' --show-completion; :"]
    script = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert "complete -o default -F _accord_completion accord" in script
    checked = subprocess.run(["/bin/bash", "-n"], input=script, capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_the_shell_completes_whoever_is_in_the_town(run: Path) -> None:
    assert completed(f"accord token --run {run} --person o") == ["olga"]
    assert completed(f"accord token --run {run} --system o") == ["oak-house"]
    assert completed(f"accord person remove --run {run} oak-house o") == ["olga"]
    assert completed(f"accord logs --run {run} ex") == ["exchange-worker"]
    assert completed(f"accord open --run {run} i") == ["issuer", "intake"]
    assert completed("accord led") == ["ledger"]
    assert completed(f"accord token --run {run / 'none'} --person o") == []


@pytest.mark.parametrize("no_color", [{}, {"NO_COLOR": "1"}], ids=["colours", "none"])
def test_colours_are_for_whoever_wants_them(no_color: dict[str, str]) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    environment |= {"FORCE_COLOR": "1", "TERM": "xterm"} | no_color

    done = subprocess.run([ACCORD, "env", "-h"], env=environment, capture_output=True, text=True, check=True)

    assert "Usage" in done.stdout
    assert bool(COLOUR.search(done.stdout)) is (not no_color)
