"""The page of figures: what was measured anew takes the place of what was, and nothing else goes."""

import json
import re
from dataclasses import asdict
from pathlib import Path

import pytest

from benchmarks import report
from benchmarks.measurement import Figure

SHORT = Figure(
    "memory", "growth", 4.0, "MiB/min", "", None, 0.0, {"one": "4"}, {"facts": 3}, 5, "2 cores", "2026-11-28T"
)
LONG = Figure(
    "memory", "growth", 0.1, "MiB/min", "<= 1", True, 0.0, {}, {"facts": 900}, 15, "4 cores", "2026-11-29T", "long"
)
OTHER = Figure("start", "usable after", 17.0, "s", "<= 45", True, 0.0, {}, {}, 1, "2 cores", "2026-11-28T")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where figures are kept: another machine's is empty."""
    monkeypatch.setattr(report, "FOLDER", tmp_path)
    return tmp_path


def measured(folder: Path, *figures: Figure) -> None:
    """Let these be what this machine has measured."""
    for file in folder.glob("*/*.json"):
        file.unlink()
    for number, figure in enumerate(figures):
        (folder / figure.script).mkdir(exist_ok=True)
        (folder / figure.script / f"{number}.json").write_text(json.dumps(asdict(figure)))


def values_by_figure(page: str) -> dict[str, str]:
    """Return each figure of the table with its value."""
    return dict(re.findall(r"^\| (.*?) \| (.*?) \|.*\|$", page, re.M)[1:])  # without the head


def test_each_form_of_a_figure_has_its_line(folder: Path) -> None:
    measured(folder, SHORT, LONG, OTHER)

    assert values_by_figure(report.page()) == {
        "growth": "4 MiB/min",
        "growth (long)": "0.1 MiB/min",
        "usable after": "17 s",
    }


def test_what_nobody_measured_anew_stays_as_it_was(folder: Path) -> None:
    measured(folder, SHORT, LONG, OTHER)
    before = report.page()
    measured(folder)

    assert report.page(before) == before


def test_what_was_measured_anew_takes_the_place_of_what_was(folder: Path) -> None:
    measured(folder, SHORT, LONG)
    before = report.page()
    measured(folder, Figure(**asdict(SHORT) | {"value": 5.0, "notes": {}}))

    page = report.page(before)

    assert values_by_figure(page) == {"growth": "5 MiB/min", "growth (long)": "0.1 MiB/min"}
    assert "facts: 900" in page
    assert "facts: 3\n" not in page
    assert "On: 2 cores; 4 cores." in page
