import hashlib
import http.server
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from cli.errors import SetupError
from devstack import fetch, jars
from devstack.jars import Jar
from devstack.kafka import Kafka

CONTENT = b"what a jar holds"
GOOD = Jar("org.example", "lantern", "1.0", hashlib.sha256(CONTENT).hexdigest())
ALSO_GOOD = replace(GOOD, artifact="harbor")
FORGED = replace(GOOD, sha256="0" * 64)


class Served(http.server.BaseHTTPRequestHandler):
    """A repository that has every jar, with one content."""

    def do_GET(self) -> None:
        exists = self.path.endswith(".jar")
        self.server.asked.append(self.path)  # type: ignore[attr-defined]
        if self.server.falters and len(self.server.asked) == 1:  # type: ignore[attr-defined]
            self.send_error(503)
            return
        self.send_response(200 if exists else 404)
        self.send_header("Content-Length", str(len(CONTENT) if exists else 0))
        self.end_headers()
        self.wfile.write(CONTENT if exists else b"")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def repository() -> Iterator[http.server.ThreadingHTTPServer]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Served) as server:
        server.asked, server.falters = [], False  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, args=[0.01]).start()
        yield server
        server.shutdown()


@pytest.fixture
def source(repository: http.server.ThreadingHTTPServer) -> dict[str, str]:
    return {"ours": f"http://127.0.0.1:{repository.server_port}"}


def test_each_jar_is_listed_once_with_its_hash() -> None:
    listed = jars.listed()

    assert len({jar.file_name for jar in listed}) == len(listed) == 46
    assert all(len(jar.sha256) == 64 for jar in listed)


def test_a_jar_with_a_wrong_hash_is_refused_by_name_and_not_kept(tmp_path: Path, source: dict[str, str]) -> None:
    with pytest.raises(SetupError, match=r"org\.example:lantern:1\.0 is not the jar it should be"):
        fetch.fetch(tmp_path, [FORGED], repositories=source)

    assert not list(tmp_path.glob("*.jar"))


def test_a_jar_that_was_changed_where_it_lies_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / GOOD.file_name).write_bytes(b"something else")

    with pytest.raises(SetupError, match=r"org\.example:lantern:1\.0"):
        jars.class_path(tmp_path, [GOOD])


def test_a_broker_does_not_start_on_a_changed_jar(tmp_path: Path) -> None:
    for jar in jars.listed():
        (tmp_path / jar.file_name).write_bytes(b"forged")

    with pytest.raises(SetupError, match=jars.listed()[0].coordinate):
        Kafka.start(tmp_path / "run", tmp_path)


def test_a_filled_folder_needs_no_network(tmp_path: Path, source: dict[str, str]) -> None:
    fetch.fetch(tmp_path, [GOOD], repositories=source)

    assert fetch.fetch(tmp_path, [GOOD], repositories={"away": "http://127.0.0.1:1"}) == 0
    assert jars.class_path(tmp_path, [GOOD]) == str(tmp_path / GOOD.file_name)


def test_without_a_network_the_way_out_is_named(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"org\.example:lantern:1\.0 could not be fetched") as obstacle:
        fetch.fetch(tmp_path, [GOOD], repositories={"away": "http://127.0.0.1:1"})

    assert jars.FETCH in obstacle.value.fix


def test_a_source_that_falters_once_is_asked_again(
    tmp_path: Path, repository: http.server.ThreadingHTTPServer, source: dict[str, str]
) -> None:
    repository.falters = True  # type: ignore[attr-defined]

    assert fetch.fetch(tmp_path, [GOOD], repositories=source) == 1


def test_runs_that_fill_one_folder_at_once_fetch_each_jar_once(
    tmp_path: Path, repository: http.server.ThreadingHTTPServer, source: dict[str, str]
) -> None:
    with ThreadPoolExecutor(4) as runs:
        list(runs.map(lambda _: fetch.fetch(tmp_path, [GOOD, ALSO_GOOD], repositories=source), range(4)))

    assert {file.name for file in tmp_path.glob("*.jar")} == {GOOD.file_name, ALSO_GOOD.file_name}
    assert sum(path.endswith(".jar") for path in repository.asked) == 2  # type: ignore[attr-defined]
    assert not list(tmp_path.glob(".arriving-*"))
