import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from schemas.compatibility import Break, Incompatibility, breaks
from schemas.publish import FOLDER, documents, main, publish
from schemas.registry import CONTRACTS

REPORTED = "accord.incident.reported.v1.json"

Plant = Callable[[dict[str, Any]], object]


@pytest.fixture(scope="module")
def published_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("published")
    publish(folder)
    return folder


@pytest.fixture
def published(published_once: Path, tmp_path: Path) -> Path:
    """A folder of one's own in which everything was published just now."""
    return Path(shutil.copytree(published_once, tmp_path / "published"))


def plant(folder: Path, change: Plant) -> None:
    """Let the published contract of a reported incident say what the code no longer does."""
    schema = json.loads((folder / REPORTED).read_text())
    change(schema)
    (folder / REPORTED).write_text(json.dumps(schema))


def test_what_is_committed_is_what_the_code_says() -> None:
    assert main(["--check"], FOLDER) is None


def test_what_was_published_just_now_passes_the_check(published: Path) -> None:
    assert main(["--check"], published) is None


PLANTS: list[tuple[Plant, str]] = [
    (lambda schema: schema["properties"].update(colour={"type": "string"}), "removed: /colour"),
    (lambda schema: schema["required"].remove("version"), "newly_required: /version"),
    (lambda schema: schema["properties"]["version"].update(maximum=10**9), "narrowed: /version maximum"),
    (
        lambda schema: schema["properties"]["narrative"]["anyOf"][0].update(maxLength=10**6),
        "narrowed: /narrative maxLength",
    ),
    (lambda schema: schema["$defs"]["DayPeriod"]["enum"].append("dawn"), "shrunk_enum: /day_period dawn"),
    (
        lambda schema: schema["$defs"]["Child"]["properties"].update(name={"type": "string"}),
        "removed: /children/*/name",
    ),
    (lambda schema: schema["$defs"]["Window"]["required"].remove("days"), "newly_required: /channels/*/windows/*/days"),
    (lambda schema: schema["properties"]["place"].update({"x-accord-category": "needs"}), "recategorised: /place"),
]


@pytest.mark.parametrize(("change", "reason"), PLANTS)
@pytest.mark.parametrize("arguments", [["--check"], []])
def test_a_breaking_change_is_named_on_check_and_on_publish(
    published: Path, change: Plant, reason: str, arguments: list[str]
) -> None:
    plant(published, change)
    before = (published / REPORTED).read_text()

    wrong = main(arguments, published)

    assert wrong is not None
    assert f"{reason} in {REPORTED}" in wrong
    assert (published / REPORTED).read_text() == before


def test_a_contract_that_is_gone_is_refused_by_name(published: Path) -> None:
    (published / "accord.dream.told.v1.json").write_text("{}")

    assert "removed: accord.dream.told.v1.json" in str(main(["--check"], published))


def test_a_new_optional_field_is_no_break_but_must_be_committed(published: Path) -> None:
    plant(published, lambda schema: schema["properties"].pop("narrative"))

    assert str(main(["--check"], published)).startswith(f"stale: {REPORTED}\n")
    assert main([], published) is None
    assert main(["--check"], published) is None


def test_a_document_that_was_never_published_is_named(published: Path) -> None:
    (published / "asyncapi.json").unlink()

    assert str(main(["--check"], published)).startswith("missing: asyncapi.json\n")


@pytest.mark.parametrize("name", sorted(file.name for file in FOLDER.glob("*.json")))
def test_a_document_breaks_nothing_of_itself(name: str) -> None:
    assert breaks(documents()[name], documents()[name]) == ()


@pytest.mark.parametrize("type_name", CONTRACTS)
def test_every_field_of_a_published_contract_says_its_category(type_name: str) -> None:
    schema = documents()[f"{type_name}.json"]["properties"]

    categories = {name: field.get("x-accord-category") for name, field in schema.items()}
    assert {name: category for name, category in categories.items() if category} == dict(
        CONTRACTS[type_name].field_categories
    )


TEXT = {"type": "string", "maxLength": 9}


@pytest.mark.parametrize(
    ("before", "after", "reasons"),
    [
        (TEXT, {"type": "integer"}, {Incompatibility.NARROWED}),
        (TEXT, TEXT | {"minLength": 1}, {Incompatibility.NARROWED}),
        (TEXT, TEXT | {"pattern": "^a"}, {Incompatibility.NARROWED}),
        (TEXT, TEXT | {"enum": ["a"]}, {Incompatibility.NARROWED}),
        ({}, TEXT, {Incompatibility.NARROWED}),
        ({"anyOf": [TEXT, {"type": "null"}]}, TEXT, {Incompatibility.NARROWED}),
        ({"type": "array", "items": TEXT}, {"type": "array", "items": {"type": "integer"}}, {Incompatibility.NARROWED}),
        ({"type": "array"}, {"type": "array", "items": TEXT}, {Incompatibility.NARROWED}),
        ({"type": "object"}, {"type": "object", "additionalProperties": False}, {Incompatibility.NARROWED}),
        ({"enum": ["a", "b"]}, {"const": "a"}, {Incompatibility.SHRUNK_ENUM}),
        ({"type": "number"}, {"type": "integer"}, {Incompatibility.NARROWED}),
        ({"type": "integer"}, {"type": "number"}, set()),
        (TEXT, {"anyOf": [{"type": "null"}, TEXT]}, set()),
        (TEXT, {"anyOf": [TEXT | {"maxLength": 1}, TEXT | {"maxLength": 10}]}, set()),
        (TEXT, {"type": "string"}, set()),
        ({"enum": ["a"]}, {"enum": ["a", "b"]}, set()),
        ({"const": "a"}, {}, set()),
        ({"type": "object", "additionalProperties": False}, {"type": "object"}, set()),
        ({"type": "object", "additionalProperties": TEXT}, {"type": "object", "additionalProperties": TEXT}, set()),
    ],
)
def test_narrower_is_a_break_and_wider_is_none(
    before: dict[str, Any], after: dict[str, Any], reasons: set[Incompatibility]
) -> None:
    assert {change.reason for change in breaks(before, after)} == reasons


def test_a_break_reads_as_its_reason_and_its_place() -> None:
    assert str(Break(Incompatibility.REMOVED, "/colour")) == "removed: /colour"
