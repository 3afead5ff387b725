"""Write the contracts where partners read them: `python -m schemas.publish [--check]`.

A published version of a contract only gains optional fields.  What would take
something back is refused, by writing as by checking: it needs a next version.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from schemas import asyncapi
from schemas.compatibility import breaks
from schemas.registry import CONTRACTS
from schemas.town import Town

FOLDER: Final = Path(__file__).with_name("published")

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_ASYNCAPI: Final = "asyncapi.json"


@cache
def documents() -> Mapping[str, Any]:
    """Return every document to publish, by its file name; they follow from the code alone."""
    published = {f"{name}.json": _schema(fact, name) for name, fact in CONTRACTS.items()}
    return {**published, "town.json": _schema(Town, "town"), _ASYNCAPI: asyncapi.document()}


def broken(folder: Path) -> Iterator[str]:
    """Yield each break of the current documents with those in `folder`, with its reason."""
    current = documents()
    for file in sorted(folder.glob("*.json")):
        if file.name not in current:
            yield f"removed: {file.name}: a published contract stays"
        elif file.name != _ASYNCAPI:
            for taken_back in breaks(json.loads(file.read_text()), current[file.name]):
                yield f"{taken_back} in {file.name}"


def stale(folder: Path) -> Iterator[str]:
    """Yield the documents that are missing from `folder` or say something else there."""
    for name, document in documents().items():
        file = folder / name
        if not file.exists():
            yield f"missing: {name}"
        elif file.read_text() != _text(document):
            yield f"stale: {name}"


def publish(folder: Path) -> None:
    """Write every document into `folder`."""
    folder.mkdir(exist_ok=True)
    for name, document in documents().items():
        (folder / name).write_text(_text(document))


def main(arguments: Sequence[str], folder: Path = FOLDER) -> str | None:
    """Publish, or check with `--check`; return what is wrong, or None."""
    parser = argparse.ArgumentParser(prog="python -m schemas.publish", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if what is published is not this")
    check = parser.parse_args(arguments).check
    wrong = list(broken(folder))
    if wrong:
        return "\n".join([*wrong, "A published version only gains optional fields: make a next version."])
    if check:
        wrong = list(stale(folder))
        return "\n".join([*wrong, "Run python -m schemas.publish, and commit."]) if wrong else None
    publish(folder)
    return None


def _schema(model: type[BaseModel], name: str) -> dict[str, Any]:
    return {"$schema": _DIALECT, "$id": f"urn:accord:contract:{name}", **model.model_json_schema()}


def _text(published: Any) -> str:
    return json.dumps(published, indent=2) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
