"""The text that was signed is one that is in the tree, and stays what it was."""

import hashlib
from typing import Any

import pytest

from services.consent.texts import HASHES
from tests.services.consent.conftest import EXPLAINED, Desk, a_permit

# A text is never edited under its version's name: what somebody signed could no longer be shown.
PUBLISHED = {
    ("en", "2026-1"): "34671aedbbc279f7718b4220d561bf13a994a8ef5b19f2a2aa79a64f203283ff",
    ("es", "2026-1"): "f415ec0ecbc31ef2b5beb348f4a2553d987b6bbc98324a44b537eb88b7e9f9ee",
}


def test_h13_no_text_changes_under_its_versions_name() -> None:
    assert dict(HASHES) == PUBLISHED


async def test_h13_the_hash_of_the_text_is_kept_with_the_release(desk: Desk) -> None:
    ref = await desk.permit(await desk.case())

    evidence = desk.rows("SELECT evidence FROM register.directive WHERE directive_ref = %(ref)s", ref=ref)[0][0]

    assert evidence["text_sha256"] == PUBLISHED["es", "2026-1"]


@pytest.mark.parametrize("unknown", [{"text_version": "2025-9"}, {"language": "fr"}])
async def test_h13_a_text_that_is_not_there_was_not_signed(desk: Desk, unknown: dict[str, Any]) -> None:
    ref = (await desk.draft(await desk.case(), a_permit()))["directive_ref"]

    answer = await desk.sign(ref, **unknown)

    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"field": "body.text_version", "code": "unknown_text"}]


async def test_a_text_serves_every_region_of_its_language(desk: Desk) -> None:
    ref = (await desk.draft(await desk.case(), a_permit()))["directive_ref"]

    assert (await desk.sign(ref, language="es-MX")).status_code == 200


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"text_version": "2025-9"}, ("text_version", "unknown_text")),
        ({"explained_by": "sam"}, ("explained_by", "unknown_person")),
    ],
)
async def test_h13_a_choice_is_explained_like_a_release(
    desk: Desk, wrong: dict[str, str], error: tuple[str, str]
) -> None:
    case_ref = await desk.case(takes_part=False)
    body = {"participation": "yes", "evidence": EXPLAINED | wrong}

    answer = await desk.ana.put(f"/v1/cases/{case_ref}/participation", json=body)

    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"field": f"body.evidence.{error[0]}", "code": error[1]}]


async def test_h13_whom_she_hides_from_explains_nothing(desk: Desk) -> None:
    case_ref = await desk.case()
    ref = (await desk.draft(case_ref, a_permit()))["directive_ref"]
    await desk.draft(case_ref, {"effect": "deny", "excluded_person_ref": "mia", "excluded_agency_ref": "bay-hotline"})

    answer = await desk.sign(ref, explained_by="mia")

    assert answer.json()["errors"] == [{"field": "body.explained_by", "code": "unknown_person"}]


async def test_the_words_are_shown_before_she_signs(desk: Desk) -> None:
    answer = await desk.ana.get("/v1/release-texts")

    texts = {(text["language"], text["text_version"]): text for text in answer.json()["texts"]}
    assert {key: hashlib.sha256(text["text"].encode()).hexdigest() for key, text in texts.items()} == PUBLISHED
    assert {key: text["sha256"] for key, text in texts.items()} == PUBLISHED
    assert texts["es", "2026-1"]["text"].startswith("PERMISO PARA COMPARTIR")
