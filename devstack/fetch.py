"""Fill the folder of the broker's jars: `python -m devstack.fetch`.

Exactly the listed jars are fetched, each is checked, and nothing is resolved.
Once the folder is filled no network is needed.
"""

import argparse
import fcntl
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from jgo.maven import MavenContext, PythonResolver
from requests import RequestException

from cli.errors import SetupError
from devstack import jars
from devstack.jars import Jar

AT_ONCE = 4
TIMEOUT_SECONDS = 15  # seconds
TRIES, PAUSE = 2, 0.3
Progress = Callable[[int, int], None]


def fetch(
    cache: Path,
    requested: Iterable[Jar] | None = None,
    *,
    repositories: dict[str, str] | None = None,
    progress: Progress = lambda _done, _total: None,
) -> int:
    """Fetch what `cache` lacks and return how many jars that were.

    `repositories` names where to look, by default the public one.
    """
    every = jars.listed() if requested is None else tuple(requested)
    if not jars.absent(every, cache):
        return 0
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / ".lock").open("w") as lock, tempfile.TemporaryDirectory(prefix=".arriving-", dir=cache) as arriving:
        fcntl.flock(lock, fcntl.LOCK_EX)  # a second run waits for the first, and then lacks nothing
        lacking = jars.absent(every, cache)
        source = MavenContext(
            PythonResolver(),
            repo_cache=Path(arriving),
            local_repos=[],
            remote_repos=repositories,
            timeout=TIMEOUT_SECONDS,
        )
        _bring_all(lacking, source, cache, progress)
    return len(lacking)


def _bring_all(lacking: Sequence[Jar], source: MavenContext, cache: Path, progress: Progress) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        try:
            for done, _ in enumerate(pool.map(lambda jar: _bring(jar, source, cache), lacking), start=1):
                progress(done, len(lacking))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)  # one that fails is enough to stop at
            raise


def _bring(jar: Jar, source: MavenContext, cache: Path) -> None:
    """Fetch one jar, check it, and only then let it into `cache`, whole."""
    arriving = source.project(jar.group, jar.artifact).at_version(jar.version).artifact()
    for tries_left in reversed(range(TRIES)):
        try:
            shutil.move(jars.check(jar, arriving.resolve()), cache / jar.file_name)
            return
        except (RequestException, RuntimeError, OSError) as refusal:
            if half := arriving.cached_path:
                half.unlink(missing_ok=True)  # it would be taken for the whole
            if not tries_left:
                raise SetupError(
                    f"{jar.coordinate} could not be fetched: {type(refusal).__name__}",
                    f"Connect to the network and run `{jars.FETCH}`, or copy a filled folder to {cache}, "
                    "or set ACCORD_KAFKA to a broker of yours.",
                ) from refusal
            time.sleep(PAUSE)


def _show(done: int, total: int) -> None:
    if sys.stderr.isatty() or done == total:
        sys.stderr.write(f"\rKafka's jars: {done} of {total} fetched" + ("\n" if done == total else ""))
        sys.stderr.flush()


def main() -> int:
    """Fetch what is missing and say so on standard error."""
    options = argparse.ArgumentParser(prog=jars.FETCH, description="Fetch the jars of the embedded Kafka.")
    options.add_argument("--cache", type=Path, default=jars.default_cache(), help="the folder to fill (%(default)s)")
    options.add_argument("--repository", help="the URL of a Maven repository to use instead of the public one")
    chosen = options.parse_args()
    repositories = {"chosen": chosen.repository.rstrip("/")} if chosen.repository else None
    try:
        fetched = fetch(chosen.cache, repositories=repositories, progress=_show)
        jars.class_path(chosen.cache)
    except SetupError as obstacle:
        sys.stderr.write(f"{obstacle.problem}.\n{obstacle.fix}\n")
        return 1
    if not fetched:
        sys.stderr.write("Kafka's jars: all there\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
