"""The README stays short, leads somewhere, and knows every setting."""

import re

from runtime.settings import IssuerSettings, LedgerSettings, Settings
from services.dashboard.places import BoardSettings
from tests.architecture.named import ROOT

README = (ROOT / "README.md").read_text()
MOST_LINES = 200


def test_it_is_read_in_one_sitting() -> None:
    assert len(README.splitlines()) < MOST_LINES


def test_safety_is_named_before_the_first_command() -> None:
    assert README.index("SAFETY.md") < README.index("make demo")


def test_every_link_leads_somewhere() -> None:
    assert not [place for place in re.findall(r"\]\(([^)#:]+)\)", README) if not (ROOT / place).exists()]


def test_every_setting_is_in_the_table_and_no_other() -> None:
    table = README.split("## Configuration")[1].split("\n## ")[0]
    first_cells = " ".join(re.findall(r"^\| (`[^|]+) \|", table, re.MULTILINE))
    named = re.findall(r"`(\w+)`", first_cells)

    kinds = (Settings, LedgerSettings, IssuerSettings, BoardSettings)
    assert sorted(named) == sorted({name.upper() for kind in kinds for name in kind.model_fields})
