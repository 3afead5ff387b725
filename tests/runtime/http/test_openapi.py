"""A service describes itself the same on every machine, and says all that it may answer."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jsonschema
import pytest
from fastapi import FastAPI

from runtime.http import application
from runtime.http.openapi import __main__
from runtime.http.problems import Absent, ProblemDetails, problem_document
from tests.runtime.http import sample_app
from tests.support.web import settings_for


@pytest.fixture
def description() -> dict[str, Any]:
    return application(settings_for("intake"), [sample_app.routes]).openapi()


def operations(description: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        operation["operationId"]: operation for path in description["paths"].values() for operation in path.values()
    }


def test_it_is_open_api_3_1(description: dict[str, Any]) -> None:
    assert description["openapi"].startswith("3.1")
    assert description["components"]["securitySchemes"]["accord"]["scheme"] == "bearer"


def test_every_operation_documents_its_problem_answers(description: dict[str, Any]) -> None:
    for operation in operations(description).values():
        problems = {status: response for status, response in operation["responses"].items() if status >= "400"}
        assert {"400", "401", "403", "404", "422", "429", "500", "503"} <= problems.keys()
        for response in problems.values():
            schema = response["content"]["application/problem+json"]["schema"]
            assert schema == {"$ref": "#/components/schemas/ProblemDetails"}


def test_writes_and_matches_document_theirs(description: dict[str, Any]) -> None:
    by_id = operations(description)

    assert {"409", "413", "415"} <= by_id["make_thing"]["responses"].keys()
    assert {"412", "428"} <= by_id["change_thing"]["responses"].keys()
    assert not {"409", "412", "428"} & by_id["list_things"]["responses"].keys()


def test_every_operation_names_its_scope(description: dict[str, Any]) -> None:
    by_id = operations(description)

    assert by_id["list_things"]["security"] == [{"accord": ["cases:read"]}]
    assert by_id["record"]["security"] == [{"accord": ["orders:record"]}]
    assert all(len(operation["security"]) == 1 for operation in by_id.values())


def test_where_a_key_is_needed_it_is_required(description: dict[str, Any]) -> None:
    def key(operation: str) -> list[bool]:
        parameters = operations(description)[operation].get("parameters", [])
        return [parameter["required"] for parameter in parameters if parameter["name"] == "Idempotency-Key"]

    assert key("make_thing") == [False]
    assert key("make_harm") == [True]
    assert key("list_things") == []


def test_the_published_problem_schema_accepts_our_problems(description: dict[str, Any]) -> None:
    schema = {**ProblemDetails.model_json_schema()}

    jsonschema.validate(problem_document(Absent()), schema)
    assert "HTTPValidationError" not in description["components"]["schemas"]


def test_it_names_no_machine(description: dict[str, Any]) -> None:
    text = json.dumps(description)

    assert "127.0.0.1" not in text
    assert "localhost" not in text
    assert "issuer" not in json.dumps(description["paths"])


def build(settings: Any) -> FastAPI:
    return application(settings, [sample_app.routes])


def test_a_description_is_written_and_then_agrees(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "services" / "pretend").mkdir(parents=True)
    monkeypatch.setattr(__main__, "ROOT", tmp_path)
    monkeypatch.setitem(sys.modules, "services.pretend.main", SimpleNamespace(build=build))

    missing = __main__.main(["pretend", "--check"])
    written = __main__.main(["pretend"])
    agrees = __main__.main(["pretend", "--check"])
    place = tmp_path / "services" / "pretend" / "openapi.json"
    place.write_text(place.read_text().replace("cases:read", "cases:write"))
    differs = __main__.main(["pretend", "--check"])

    assert (missing, written, agrees, differs) == (1, 0, 0, 1)
