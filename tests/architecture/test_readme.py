"""The README stays short and leads somewhere, and the page of settings knows every one."""

import re
import subprocess
from pathlib import Path

from devstack.issuer.settings import IssuerSettings
from runtime.settings import PREFIX, LedgerSettings, OpeningSettings, Settings, environment_variable
from services.dashboard.settings import BoardSettings
from services.intake.settings import IntakeSettings
from tests.architecture.named import ROOT

README = (ROOT / "README.md").read_text()
SETTINGS = (ROOT / "docs" / "settings.md").read_text()
MOST_LINES = 200


def test_it_is_read_in_one_sitting() -> None:
    assert len(README.splitlines()) < MOST_LINES


def test_safety_is_named_before_the_first_command() -> None:
    assert README.index("SAFETY.md") < README.index("make demo")


def test_every_link_leads_somewhere() -> None:
    assert not [place for place in re.findall(r"\]\(([^)#:]+)\)", README) if not (ROOT / place).exists()]


def test_every_setting_is_in_the_table_and_no_other() -> None:
    first_cells = " ".join(re.findall(r"^\| (`[^|]+) \|", SETTINGS, re.MULTILINE))
    named = re.findall(r"`(\w+)`", first_cells)

    kinds = (Settings, LedgerSettings, OpeningSettings, IssuerSettings, BoardSettings, IntakeSettings)
    assert sorted(named) == sorted(
        {environment_variable(name).removeprefix(PREFIX) for kind in kinds for name in kind.model_fields}
    )


# What GNU's tools understand and those of BSD, and so of macOS, do not; a comment is none in an interactive zsh.
GNU_ONLY = re.compile(
    r"date (-u )?(-d|--date|-I)|grep -\w*P|base64 -w|sed -i|sed .*\\t|readlink -f|sort -V|xargs -r|stat -c|mktemp -p"
)
COMMENT = re.compile(r"(^|\s)#")
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_its_commands_run_on_macos_as_on_linux() -> None:
    blocks = "".join(BLOCK.findall(README))

    assert "make demo" in blocks
    assert not [line for line in blocks.splitlines() if GNU_ONLY.search(line) or COMMENT.search(line)]
    assert not GNU_ONLY.search((ROOT / "Makefile").read_text())


CURL = """#!/bin/bash
tr '\\0' ' ' < /proc/$$/cmdline > "$SEEN/words"
for word in "$@"; do case "$word" in @*) cat "${word#@}" > "$SEEN/header";; esac; done
"""


def test_l11_the_tour_puts_no_token_on_a_command_line(tmp_path: Path) -> None:
    """Whoever is on the machine reads the words of every command; `as` hands the token over by a file of its own."""
    (curl := tmp_path / "curl").write_text(CURL)
    curl.chmod(0o755)
    (function,) = re.findall(r"^as\(\) .*$", README, re.MULTILINE)

    script = f"{function}\nas a-secret-token http://127.0.0.1:1/v1/inbox"
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "SEEN": str(tmp_path)}
    subprocess.run(["/bin/bash", "-euo", "pipefail", "-c", script], env=environment, check=True, timeout=20)

    assert "a-secret-token" not in (tmp_path / "words").read_text()
    assert "/v1/inbox" in (tmp_path / "words").read_text()
    assert (tmp_path / "header").read_text() == "Authorization: Bearer a-secret-token"


def test_l11_no_document_puts_a_token_on_a_command_line() -> None:
    token_option = re.compile(r"""(-H|--header)\s*["']?Authorization|--oauth2-bearer|--header=["']?Authorization""")
    files = [file for place in (ROOT, ROOT / "docs", *(ROOT / "services").iterdir()) for file in place.glob("*.md")]

    assert [file.name for file in files if token_option.search(file.read_text())] == []
