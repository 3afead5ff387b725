"""The field's words are found where the glossary says, and bindings name what they hold (ADR 0036)."""

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from symtable import SymbolTable, symtable

from tests.architecture.named import ROOT, missing_places
from tests.architecture.sources import files, text

PRODUCT = ("schemas", "kernel", "runtime", "services")
ROOMS = (*PRODUCT, "cli", "devstack", "benchmarks", "tests")
TERM = re.compile(r"^\| ([a-z ]+) \| `([\w/]+\.py)` \|$", re.MULTILINE)
DOCUMENT = re.compile(r"([\w-]+\.md)\b")
LEAST_TERMS = 40
# Words that say nothing of what they hold: in an audit they were one binding in twelve.
WORDS = (
    "told said one found made held asked there here gone kept given seen known shown wanted taken went came meant"
    " heard met brought thing things somebody nobody"
)
LITERARY = frozenset(WORDS.split())
MOST_LITERARY = 0.001  # of all bindings
LONGEST_TEST_NAME = 60
# Nouns that end as gerunds do.
NOUNS = frozenset({"accounting", "keyring", "mapping", "padding", "provisioning", "sealing", "tracing"})
TEXTS = [*sorted((ROOT / "docs").rglob("*.md")), *sorted(ROOT.glob("*.md"))]


def terms() -> list[tuple[str, str]]:
    return TERM.findall((ROOT / "docs" / "glossary.md").read_text())


def modules(*rooms: str) -> tuple[Path, ...]:
    return files(*rooms, migrations=False)


@cache
def scopes(path: Path) -> tuple[SymbolTable, ...]:
    """Return the scopes of a module, its own first: the compiler's table takes a third of the time of a syntax tree."""
    pending, tables = [symtable(text(path), str(path), "exec")], list[SymbolTable]()
    while pending:
        tables.append(pending.pop())
        pending.extend(tables[-1].get_children())
    return tuple(tables)


def definitions(path: Path, *kinds: str) -> Iterator[str]:
    """Yield the names of the functions or classes of a module."""
    return (scope.get_name() for scope in scopes(path) if str(scope.get_type()) in kinds)


def snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def identifiers(path: Path) -> Iterator[str]:
    yield from path.relative_to(ROOT).with_suffix("").parts
    yield from map(snake_case, definitions(path, "class", "function"))


def bindings(path: Path) -> Iterator[str]:
    """Yield each name that is bound in a scope of a module, once a scope."""
    symbols = (symbol for scope in scopes(path) for symbol in scope.get_symbols())
    names = (symbol.get_name() for symbol in symbols if symbol.is_assigned() or symbol.is_parameter())
    return (name for name in names if name.isidentifier())  # a comprehension's own argument is called ".0"


def test_the_glossary_leads_to_forty_terms() -> None:
    assert len({term for term, _ in terms()}) >= LEAST_TERMS


def names_it(place: str, term: str) -> bool:
    return any(term.replace(" ", "_") in name for name in identifiers(ROOT / place))


def test_a_term_of_the_field_is_an_identifier_there() -> None:
    assert not [(term, place) for term, place in terms() if not names_it(place, term)]


def test_hardly_any_binding_is_literary() -> None:
    names = [name.strip("_").lower() for path in modules(*ROOMS) for name in bindings(path)]
    literary = Counter(name for name in names if name in LITERARY)

    assert literary.total() <= MOST_LITERARY * len(names), literary


def test_modules_are_nouns() -> None:
    gerunds = [path for path in modules(*ROOMS) if path.stem.endswith("ing") and path.stem.split("_")[-1] not in NOUNS]

    assert not [str(path.relative_to(ROOT)) for path in gerunds]


def test_no_class_name_stands_for_two_things() -> None:
    names = Counter(name for path in modules(*PRODUCT) for name in definitions(path, "class"))

    assert not [name for name, count in names.items() if count > 1]


def test_a_test_name_is_read_at_one_glance() -> None:
    names = [name for path in modules("tests") for name in definitions(path, "function")]

    assert not [name for name in names if name.startswith("test_") and len(name) > LONGEST_TEST_NAME]


def test_every_document_that_code_or_a_text_names_exists() -> None:
    documents = {path.name for path in (*TEXTS, *(path for room in ROOMS for path in (ROOT / room).rglob("*.md")))}
    named = {
        (str(path.relative_to(ROOT)), name)
        for path in (*TEXTS, *modules(*ROOMS))
        for name in DOCUMENT.findall(text(path))
    }

    assert not [place for place in named if place[1] not in documents]


def test_every_place_that_a_text_names_exists() -> None:
    missing = {str(path.relative_to(ROOT)): missing_places(text(path)) for path in TEXTS}

    assert not {path: places for path, places in missing.items() if places}
