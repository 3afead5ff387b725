"""Fetch the kits that the staff pages are drawn with, and record their hashes: `python -m devstack.vendor`.

For whoever moves to another version: change `KITS`, run it, read the difference, commit it.  A package is fetched by
its name with `npm pack`; tests hold the files against the hashes, and nothing else in the tree fetches anything.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from services.dashboard.ui_files import HASHES, KIT_PLACE

# A typeface and a crest that only one government may use, and maps that lead to no file here.
NOT_OURS = (
    (re.compile(r"/\*! Copyright \(c\) 2011 by Margaret Calvert.*?\*/", re.DOTALL), ""),
    (re.compile(r"@font-face\{[^}]*\}"), ""),
    (re.compile(r"GDS Transport,arial,sans-serif"), "system-ui,arial,sans-serif"),
    (re.compile(r"url\([^)]*crest[^)]*\)"), "none"),
    (re.compile(r"\s*(//# sourceMappingURL=\S+|/\*# sourceMappingURL=\S+ \*/)\s*$"), "\n"),
)


@dataclass(frozen=True, slots=True)
class Kit:
    """A package, its version, and which of its files are used, by the names that they get here."""

    package: str
    version: str
    files: Mapping[str, str]


# The two kits without a licence file in the package are MIT; the text stands in their repositories, and here.
KITS = (
    Kit(
        "govuk-frontend",
        "6.6.0",
        {
            "govuk-frontend.min.css": "dist/govuk/govuk-frontend.min.css",
            "govuk-frontend.min.js": "dist/govuk/govuk-frontend.min.js",
        },
    ),
    Kit(
        "@ministryofjustice/frontend",
        "11.1.0",
        {"moj-frontend.min.css": "moj/moj-frontend.min.css", "moj-frontend.min.js": "moj/moj-frontend.min.js"},
    ),
    Kit("htmx.org", "2.0.11", {"htmx.min.js": "dist/htmx.min.js", "htmx.LICENSE.txt": "LICENSE"}),
)
LICENCES = ("govuk-frontend.LICENSE.txt", "moj-frontend.LICENSE.txt")


def fetch(kit: Kit, folder: Path) -> dict[str, str]:
    """Write the files of a kit, cut to what is ours to use, and return where each is from by its name here."""
    named = f"{kit.package}@{kit.version}"
    command = ["npm", "pack", "--silent", "--pack-destination", str(folder), named]
    packed = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - names of KITS alone
    with tarfile.open(folder / packed.stdout.strip()) as archive:
        for name, member in kit.files.items():
            file = archive.extractfile(f"package/{member}")
            if file is None:
                raise FileNotFoundError(f"{named}: {member}")
            (KIT_PLACE / name).write_text(cleaned(file.read().decode()), encoding="utf-8")
    return {name: f"{named} {member}" for name, member in kit.files.items()}


def cleaned(text: str) -> str:
    """Return a kit's file without what is not ours to use."""
    for pattern, replacement in NOT_OURS:
        text = pattern.sub(replacement, text)
    return text


def main() -> int:
    """Fetch all kits and write the hashes of their files."""
    sources = {name: "written by hand from the kit's repository" for name in LICENCES}
    with tempfile.TemporaryDirectory() as folder:
        for kit in KITS:
            sources |= fetch(kit, Path(folder))
    hashes = {
        name: {"from": sources[name], "sha256": hashlib.sha256((KIT_PLACE / name).read_bytes()).hexdigest()}
        for name in sorted(sources)
    }
    HASHES.write_text(json.dumps(hashes, indent=2) + "\n", encoding="utf-8")
    sys.stderr.write(f"{len(hashes)} files in {KIT_PLACE.name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
