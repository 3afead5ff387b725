"""Resolve the broker's jars anew and write the list of them: `python -m devstack.update_jars`.

For whoever moves to another version of Kafka: change ROOTS, run it, read the
difference, commit it.  Nothing else in the tree resolves anything.
"""

import hashlib
import sys
import tempfile
from pathlib import Path

from jgo.maven import Dependency as Wanted
from jgo.maven import MavenContext, PythonResolver

from devstack import jars

# Each root is resolved on its own: together, the versions one of them manages drag kafka-clients down.
ROOTS = (("org.apache.kafka", "kafka_2.13", "4.3.1"), ("org.slf4j", "slf4j-simple", "1.7.36"))


def resolved(source: MavenContext) -> list[str]:
    """Return the lines of the list, fetching every jar once."""
    coordinates = set()
    for group, artifact, version in ROOTS:
        root = Wanted(source.project(group, artifact).at_version(version).artifact())
        artifacts, behind = source.resolver.resolve([root])
        coordinates |= {(jar.groupId, jar.artifactId, jar.version) for jar in [*artifacts, *behind]}
    return [_line(source, *coordinate) for coordinate in sorted(coordinates)]


def _line(source: MavenContext, group: str, artifact: str, version: str) -> str:
    file = source.project(group, artifact).at_version(version).artifact().resolve()
    return f"{group}:{artifact}:{version} {hashlib.sha256(file.read_bytes()).hexdigest()}"


def main() -> int:
    """Write the list."""
    with tempfile.TemporaryDirectory() as folder:
        lines = resolved(MavenContext(PythonResolver(), repo_cache=Path(folder), local_repos=[]))
    jars.LIST.write_text("\n".join(lines) + "\n")
    sys.stderr.write(f"{len(lines)} jars listed\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
