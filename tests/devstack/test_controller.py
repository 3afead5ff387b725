"""The broker's controller listener takes the node itself and nobody else: whoever is in there could allow anything."""

import json
import socket
import struct
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from devstack import kafka as broker
from devstack.kafka import Kafka
from devstack.ports import LOOPBACK
from runtime.messaging import admin
from tests.support.broker import administrator

PASSWORD = "a password of a test"
HANDSHAKE, AUTHENTICATE, CREATE_ACLS = (17, 1), (36, 0), (30, 1)
REFUSED = "refused"
NONE, AUTHENTICATION_FAILED, UNSUPPORTED_MECHANISM = 0, 58, 33


def text(word: str) -> bytes:
    return struct.pack(">h", len(word)) + word.encode()


def piece(data: bytes) -> bytes:
    return struct.pack(">i", len(data)) + data


class Caller:
    """A client of Kafka's protocol as far as this needs one (KIP-152, KIP-140)."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection((LOOPBACK, port), timeout=20)

    def close(self) -> None:
        self._socket.close()

    def asks(self, key: tuple[int, int], body: bytes) -> bytes | str:
        """Return what is answered, or that the connection was closed."""
        head = struct.pack(">hhi", *key, 1) + text("stranger")
        try:
            self._socket.sendall(piece(head + body))
            size = self._exactly(4)
            return self._exactly(struct.unpack(">i", size)[0])[4:]
        except OSError:
            return REFUSED

    def signs_in(self, mechanism: str, user: str, password: str) -> int:
        """Return the error code of a sign-in; 0 is none."""
        shaken = self.asks(HANDSHAKE, text(mechanism))
        assert isinstance(shaken, bytes)
        if code := struct.unpack(">h", shaken[:2])[0]:
            return int(code)
        answer = self.asks(AUTHENTICATE, piece(f"\0{user}\0{password}".encode()))
        assert isinstance(answer, bytes)
        return int(struct.unpack(">h", answer[:2])[0])

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            more = self._socket.recv(size - len(data))
            if not more:
                raise OSError
            data += more
        return data


@contextmanager
def calling(port: int) -> Iterator[Caller]:
    caller = Caller(port)
    try:
        yield caller
    finally:
        caller.close()


@pytest.fixture(scope="module")
def folder(kafka: Kafka) -> Path:
    """The broker's own folder; a container's controller has no port outside of it."""
    assert kafka.process is not None
    return kafka.process.log.parent


@pytest.fixture(scope="module")
def controller(folder: Path) -> int:
    return int(json.loads((folder / "ports.json").read_text())["controller"])


@pytest.fixture
def agency(kafka: Kafka) -> str:
    name = f"agency-{uuid.uuid4().hex[:8]}"
    admin.provision_agency(administrator(kafka), name, PASSWORD, hosted=False, replicas=1)
    return name


def reading_all(user: str) -> bytes:
    """Return the body of CreateAcls that lets `user` read every mailbox."""
    binding = struct.pack(">b", 2) + text("to.") + struct.pack(">b", 4) + text(f"User:{user}") + text("*")
    return struct.pack(">i", 1) + binding + struct.pack(">bb", 3, 3)


def test_l5_d8_nobody_allows_anything_at_the_controller(kafka: Kafka, controller: int, agency: str) -> None:
    before = set(admin.in_force(administrator(kafka)))

    with calling(controller) as caller:
        assert caller.asks(CREATE_ACLS, reading_all(agency)) == REFUSED

    assert set(admin.in_force(administrator(kafka))) == before


def test_l5_d8_no_password_but_the_nodes_own_is_taken(kafka: Kafka, controller: int, agency: str) -> None:
    others = [(agency, PASSWORD), (kafka.admin_user, kafka.admin_password), (broker.NODE_USER, "a guess"), ("", "")]
    for user, password in others:
        with calling(controller) as caller:
            assert caller.signs_in("PLAIN", user, password) == AUTHENTICATION_FAILED
            assert caller.asks(CREATE_ACLS, reading_all(agency)) == REFUSED
    with calling(controller) as caller:
        assert caller.signs_in("SCRAM-SHA-512", agency, PASSWORD) == UNSUPPORTED_MECHANISM


def test_l5_d8_what_was_sent_is_what_the_node_itself_may_do(
    kafka: Kafka, controller: int, agency: str, folder: Path
) -> None:
    """The refusals above are those of who asks, not of a request that nobody could have understood."""
    line = next(line for line in (folder / "server.properties").read_text().splitlines() if "user_" in line)
    password = line.split('password="')[1].partition('"')[0]

    with calling(controller) as caller:
        signed_in = caller.signs_in("PLAIN", broker.NODE_USER, password)
        answer = caller.asks(CREATE_ACLS, reading_all(agency))

    assert signed_in == NONE
    assert answer != REFUSED
    acls = {acl for acl in admin.in_force(administrator(kafka)) if acl.principal == f"User:{agency}"}  # type: ignore[attr-defined]
    assert any(acl.name == "to." for acl in acls)  # type: ignore[attr-defined]


def test_l5_d8_the_nodes_password_is_no_ones_to_read(folder: Path) -> None:
    assert (folder / "server.properties").stat().st_mode & 0o077 == 0
    assert "ANONYMOUS" not in (folder / "server.properties").read_text()
