"""A decision is said in plain words: what is open, on whose word and until when, and why the rest is not."""

from pathlib import Path
from typing import Any

from cli.commands.explain import WORDS, explanation
from kernel.consent import Reason
from tests.support.run_folders import accord

SHUT: dict[str, Any] = {"open": False, "fields": [], "directives": [], "basis": None, "until": None}
OPEN: dict[str, Any] = {
    "category": "identity",
    "open": True,
    "fields": ["given_name", "known_as"],
    "reason": None,
    "directives": ["5c7ecf2f"],
    "basis": "release",
    "until": "2027-01-29T12:00:00Z",
}
CASE = "5c7ecf2f-1cd8-4f4c-8f5a-0d8d9f0f1a2b"


def lines_of(*categories: dict[str, Any]) -> list[str]:
    heading = {"recipient": "harbor-house", "purpose": "shelter", "at": "2026-11-30T12:00:00Z"}
    return list(explanation(heading | {"categories": categories}))


def test_what_is_open_comes_first_with_release_and_end() -> None:
    lines = lines_of(SHUT | {"category": "narrative", "reason": "denied"}, OPEN)

    assert lines[0] == "harbor-house for shelter, as decided at 2026-11-30T12:00:00Z"
    assert lines[1].split() == [
        "open",
        "identity",
        "given_name,",
        "known_as;",
        "by",
        "directive",
        "5c7ecf2f",
        "until",
        "2027-01-29T12:00:00Z",
    ]
    assert lines[2].split() == ["closed", "narrative", "the", "survivor", "denied", "it"]


def test_the_own_record_is_open_without_a_release() -> None:
    lines = lines_of(OPEN | {"directives": [], "basis": "own_record", "until": None})

    assert lines[1].endswith("; by own_record")


def test_a_purpose_that_is_not_registered_opens_nothing() -> None:
    assert lines_of()[1] == "nothing: the recipient is not registered for this purpose"


def test_every_reason_has_its_words() -> None:
    assert set(WORDS) == set(Reason)


def test_a_wrong_use_ends_with_2_and_a_missing_town_with_1(tmp_path: Path) -> None:
    words = ("explain", CASE, "harbor-house")
    unknown, purpose, town = (
        accord(*words, "shelter"),
        accord(*words, "curiosity", "--person", "ana"),
        accord(*words, "shelter", "--person", "ana", "--run", tmp_path),
    )

    assert [done.exit_code for done in (unknown, purpose, town)] == [2, 2, 1]
    assert "accord up" in town.output
