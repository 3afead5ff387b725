"""The texts that are explained and signed, by language and version, in plain words (34 U.S.C. 12291(b)(2)).

A version is never edited: a changed text is a new version, as the hashes of what was signed are kept with each release.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from importlib import resources
from typing import Final


def _read() -> Iterator[tuple[tuple[str, str], str]]:
    for folder in resources.files(__name__).iterdir():
        if folder.is_dir() and not folder.name.startswith("_"):
            for file in folder.iterdir():
                version = file.name.removesuffix(".txt")
                yield (folder.name, version), hashlib.sha256(file.read_bytes()).hexdigest()


# (language, version) -> SHA-256 of the text, in hexadecimal
HASHES: Final[Mapping[tuple[str, str], str]] = dict(_read())
