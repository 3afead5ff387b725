"""Gather the text of the staff pages into the catalogue of each language: `python -m devstack.translations`.

For whoever adds text to a page: run it, fill in what it lists, commit.  Text in a template is found by its `_()` and
`trans`, text in the code by `mark()`; codes have their words as well.  A test holds each catalogue whole.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, Final, get_args

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po
from pydantic import BaseModel

import schemas.codes
from kernel.consent.decision_types import Reason
from schemas.categories import DataCategory
from schemas.registry import CONTRACTS
from services.dashboard.code_words import code_words, fact_words, words
from services.dashboard.field_labels import english_label
from services.dashboard.language import CATALOGUES, LANGUAGES, SOURCE

DESK: Final = CATALOGUES.parent
METHODS: Final = [("**.html", "jinja2"), ("**.py", "python")]
# The templates of the pages are read as the environment reads them.
OPTIONS: Final = {"**.html": {"trim_blocks": "true", "lstrip_blocks": "true", "newstyle_gettext": "true"}}
HEAD: Final = """# Words of the staff pages; `python -m devstack.translations` lists what is missing.
msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Language: {language}\\n"

"""
KEYWORDS: Final = {"_": None, "gettext": None, "ngettext": (1, 2), "mark": None}


@cache
def source_texts() -> frozenset[str]:
    """Return every text that pages can show: what is marked, and the words of every code and field of a contract."""
    return frozenset((*_marked_texts(), *_code_texts(), *_contract_texts()))


def catalogue_of(language: str) -> Catalog:
    """Return the catalogue of a language."""
    with _place(language).open("rb") as file:
        return read_po(file, locale=language)


def missing_texts(language: str) -> frozenset[str]:
    """Return the texts that a language has no words for."""
    whole = {str(message.id) for message in catalogue_of(language) if message.string and not message.fuzzy}
    return source_texts() - whole


def update(language: str) -> frozenset[str]:
    """Give every missing text a place in a language's catalogue, take out what no page shows; return the missing."""
    missing, texts = missing_texts(language), source_texts()
    former = {str(message.id): str(message.string) for message in catalogue_of(language) if message.id}
    catalogue = Catalog(locale=language)
    for text in sorted(texts):
        catalogue.add(text, former.get(text, ""))
    with _place(language).open("wb") as file:
        file.write(HEAD.format(language=language).encode())
        write_po(file, catalogue, width=110, omit_header=True)
    return missing


def _marked_texts() -> Iterator[str]:
    messages = extract_from_dir(DESK, METHODS, OPTIONS, KEYWORDS)
    for _file, _line, texts, _comments, _context in messages:
        yield from (texts,) if isinstance(texts, str) else (text for text in texts if text)


def _code_texts() -> Iterator[str]:
    listed = (*vars(schemas.codes).values(), DataCategory)
    kinds = [kind for kind in listed if isinstance(kind, type) and issubclass(kind, StrEnum)]
    for kind in kinds:
        for code in kind:
            yield from (text for text in (code_words(code), words(code)) if len(text) > 2 and not text.isdecimal())


def _contract_texts() -> Iterator[str]:
    """Yield the names of facts, the labels of their fields, and why something of them is not shown."""
    yield from map(words, Reason)
    for fact in CONTRACTS.values():
        yield fact_words(fact.type)
        yield from (english_label(name) for name in _field_names(fact))


def _field_names(model: type[BaseModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield name
        yield from (inner for part in _parts(field.annotation) for inner in _field_names(part))


def _parts(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the models that a field may hold."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _parts(argument)


def _place(language: str) -> Path:
    return CATALOGUES / f"{language}.po"


def main() -> int:
    """Update every catalogue; 1 where words are missing."""
    missing = {language: update(language) for language in LANGUAGES if language != SOURCE}
    for language, texts in missing.items():
        for text in sorted(texts):
            print(f"{language}: {text}")
    return int(any(missing.values()))


if __name__ == "__main__":
    sys.exit(main())
