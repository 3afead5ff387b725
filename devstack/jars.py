"""The jars the broker runs on: which they are, where they lie, and that they are the right ones."""

import hashlib
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cli.errors import SetupError

LIST = Path(__file__).with_name("jars.txt")
REPOSITORY_ROOT = Path(__file__).parents[1]
FETCH = "python -m devstack.fetch"


@dataclass(frozen=True, slots=True)
class Jar:
    """One jar by its coordinates, and the only content it may have."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def coordinate(self) -> str:
        return f"{self.group}:{self.artifact}:{self.version}"

    @property
    def file_name(self) -> str:
        return f"{self.artifact}-{self.version}.jar"


def default_cache() -> Path:
    """Return the folder the jars lie in: ACCORD_KAFKA_JARS, or .cache/kafka in the repository."""
    return Path(os.environ.get("ACCORD_KAFKA_JARS") or REPOSITORY_ROOT / ".cache" / "kafka")


def listed(source: Path = LIST) -> tuple[Jar, ...]:
    """Return the jars that are ours by commitment."""
    lines = (re.split("[: ]", line) for line in source.read_text().splitlines() if line and not line.startswith("#"))
    return tuple(Jar(group, artifact, version, sha256) for group, artifact, version, sha256 in lines)


def absent(jars: Iterable[Jar], cache: Path) -> list[Jar]:
    """Return the jars that are not in `cache`."""
    return [jar for jar in jars if not (cache / jar.file_name).exists()]


def check(jar: Jar, file: Path) -> Path:
    """Return `file` if it is `jar`; refuse any other content."""
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    if digest != jar.sha256:
        raise SetupError(
            f"{jar.coordinate} is not the jar it should be: {file} has the SHA-256 {digest}, expected {jar.sha256}",
            f"If the file is there, delete it and run `{FETCH}`; if it comes so again, do not trust its source.",
        )
    return file


def class_path(cache: Path, jars: Iterable[Jar] | None = None) -> str:
    """Return the class path of the jars in `cache`, each checked."""
    return os.pathsep.join(str(check(jar, cache / jar.file_name)) for jar in (listed() if jars is None else jars))
