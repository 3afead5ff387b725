"""Text in the reader's language: the catalogue of each, and which one a request is answered in.

English stands in the code and in the templates; any other language is a catalogue of GNU gettext in `translations/`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Final

from babel import negotiate_locale
from babel.messages.pofile import read_po
from starlette.requests import Request

SOURCE: Final = "en"
LANGUAGES: Final[Mapping[str, str]] = {"en": "English", "es": "Español"}  # each by its own name
CATALOGUES: Final = Path(__file__).parent / "translations"
COOKIE: Final = "accord-language"

_language: ContextVar[str] = ContextVar("language", default=SOURCE)


def _catalogue(language: str) -> dict[str, str]:
    """Return the translations of a language by their English text; only those that are whole."""
    with (CATALOGUES / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    return {
        str(message.id): str(message.string)
        for message in catalogue
        if message.id and message.string and not message.fuzzy
    }


_TRANSLATIONS: Final = {language: _catalogue(language) for language in LANGUAGES if language != SOURCE}


def translate(text: str) -> str:
    """Return English text in the language of this request, and as it is where there is no translation."""
    return _TRANSLATIONS.get(_language.get(), {}).get(text, text)


def translate_plural(one: str, many: str, number: int) -> str:
    """Return one of two English texts in the language of this request; English and Spanish count alike."""
    return translate(one if number == 1 else many)


def mark(text: str) -> str:
    """Return English text as it is; a translation is looked up where it is shown."""
    return text


def language_now() -> str:
    """Return the language of this request."""
    return _language.get()


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Answer in this language."""
    token = _language.set(language)
    try:
        yield
    finally:
        _language.reset(token)


def language_of(request: Request) -> str:
    """Return the language that a browser asks for: the one chosen on a page, else the best of Accept-Language."""
    chosen = request.cookies.get(COOKIE, "")
    if chosen in LANGUAGES:
        return chosen
    preferred = [part.partition(";")[0].strip() for part in request.headers.get("accept-language", "").split(",")]
    negotiated = negotiate_locale([name for name in preferred if name], list(LANGUAGES), sep="-")
    return negotiated or SOURCE
