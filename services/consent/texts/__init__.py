"""The texts by which releases are explained and signed, in plain words (34 U.S.C. 12291(b)(2)).

A version is never edited: a changed text is a new version, as the hashes of what was signed are kept with each release.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Final


@dataclass(frozen=True, slots=True)
class ReleaseText:
    """One version of the words of a release in one language."""

    language: str
    version: str
    words: str
    sha256: str  # of its bytes, in hexadecimal


def _read() -> Iterator[ReleaseText]:
    for folder in resources.files(__name__).iterdir():
        if folder.is_dir() and not folder.name.startswith("_"):
            for file in folder.iterdir():
                body = file.read_bytes()
                version = file.name.removesuffix(".txt")
                yield ReleaseText(folder.name, version, body.decode(), hashlib.sha256(body).hexdigest())


_TEXTS: Final = sorted(_read(), key=lambda text: (text.language, text.version))
# (language, version) -> SHA-256 of the text, in hexadecimal
HASHES: Final[Mapping[tuple[str, str], str]] = {(text.language, text.version): text.sha256 for text in _TEXTS}
# The newest version of each language: what is shown before a signature of today.
LATEST: Final = tuple({text.language: text for text in _TEXTS}.values())
