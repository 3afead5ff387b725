"""The files that pages are drawn with: style, script and icon, under an address that changes with any of them.

They hold nothing about anybody and never change under one address, so a browser may keep them; pages it may not.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

STATIC: Final = Path(__file__).parent / "static"
KIT_PLACE: Final = STATIC / "ui"
HASHES: Final = KIT_PLACE / "hashes.json"
MEDIA_TYPES: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class UiFile:
    """A file as it is served, and the same compressed."""

    media_type: str
    body: bytes
    compressed: bytes

    @classmethod
    def of(cls, path: Path) -> UiFile:
        """Return the file at a path; compressed alike at every start."""
        body = path.read_bytes()
        return cls(MEDIA_TYPES[path.suffix], body, gzip.compress(body, mtime=0))


def ui_files() -> dict[str, UiFile]:
    """Return every file that is served, by its name: the kits' and our own."""
    paths = sorted(path for folder in (KIT_PLACE, STATIC) for path in folder.iterdir() if path.suffix in MEDIA_TYPES)
    return {path.name: UiFile.of(path) for path in paths}


def version_of(files: Mapping[str, UiFile]) -> str:
    """Return a short name for exactly these files: 16 hexadecimal digits of SHA-256."""
    digest = hashlib.sha256()
    for name, file in files.items():
        digest.update(f"{name} {len(file.body)} ".encode() + file.body)
    return digest.hexdigest()[:16]


FILES: Final = ui_files()
VERSION: Final = version_of(FILES)
