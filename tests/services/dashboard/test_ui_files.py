"""The files that pages are drawn with: as they were fetched, nothing besides, and nothing that is not ours to use."""

import json
import re
import tomllib
from fnmatch import fnmatch
from hashlib import sha256
from pathlib import Path

import pytest

from services.dashboard.ui_files import FILES, HASHES, KIT_PLACE, STATIC, version_of

ROOT = Path(__file__).parents[3]
TRACKED = json.loads(HASHES.read_text())
OWN = {"boot.js", "desk.css", "icon.svg"}
MOST_OF_PAGE = 100_000  # bytes of the page and of all headers


def test_each_file_of_the_kits_has_the_hash_on_record() -> None:
    hashes = {path.name: sha256(path.read_bytes()).hexdigest() for path in KIT_PLACE.iterdir() if path != HASHES}

    assert hashes == {name: entry["sha256"] for name, entry in TRACKED.items()}


def test_each_kit_brings_its_licence() -> None:
    kits = {name.removesuffix(".min.js") for name in TRACKED if name.endswith(".js")}

    assert kits == {name.removesuffix(".LICENSE.txt") for name in TRACKED if name.endswith(".txt")}
    assert kits == {"govuk-frontend", "moj-frontend", "htmx"}


@pytest.mark.parametrize("name", [name for name in TRACKED if name.endswith((".css", ".js"))])
def test_no_typeface_crest_or_map_of_others_is_used(name: str) -> None:
    text = FILES[name].body.decode()

    assert "GDS Transport" not in text
    assert not re.search(r"@font-face|crest\.svg|Calvert|sourceMappingURL", text)


def test_every_file_is_in_the_wheel() -> None:
    patterns = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]["*"]
    files = [path for path in STATIC.rglob("*") if path.is_file()]

    assert [path.name for path in files if not any(fnmatch(path.name, pattern) for pattern in patterns)] == []


def test_what_is_served_is_the_kits_and_our_own() -> None:
    assert set(FILES) == OWN | {name for name in TRACKED if name.endswith((".css", ".js"))}


def test_what_a_first_page_names_is_light() -> None:
    """At most 250 KB in 10 requests, the page itself among them; a browser measures it in tests/e2e/test_pages.py."""
    frame, script = (STATIC.parent / "templates" / "frame.html").read_text(), FILES["boot.js"].body.decode()
    named = {*re.findall(r"\{\{ ui \}\}/([\w.-]+)", frame), *re.findall(r'from "\./([\w.-]+)"', script)}

    assert {"boot.js", "desk.css", "htmx.min.js", "moj-frontend.min.js"} <= named
    assert len(named) + 1 <= 10
    assert sum(len(FILES[name].compressed) for name in named) + MOST_OF_PAGE <= 250_000


def test_another_file_is_another_address() -> None:
    fewer = {name: file for name, file in FILES.items() if name != "icon.svg"}

    assert version_of(FILES) == version_of(dict(FILES)) != version_of(fewer)


def test_one_route_lets_a_browser_keep_its_answer() -> None:
    rooms = ("runtime", "services", "devstack")
    paths = [path for room in rooms for path in (ROOT / room).rglob("*.py") if "IMMUTABLE" in path.read_text()]

    assert {str(path.relative_to(ROOT)) for path in paths} == {
        "runtime/http/middleware.py",
        "services/dashboard/pages/session_pages.py",
    }
