import re
import socket
import subprocess
import sys

import pytest

from devstack import ports
from devstack.processes import PROGRAMS
from tests.devstack.watcher import REPOSITORY

ONE_PORT = "from devstack import ports; ports._chance.randint = lambda *_: {port}; print(ports.free_port())"


def test_a_port_is_never_handed_out_twice() -> None:
    drawn = [ports.free_port() for _ in range(200)]

    assert len(set(drawn)) == len(drawn)


def test_a_port_is_never_from_the_ephemeral_range() -> None:
    with socket.create_server((ports.LOOPBACK, 0)) as server:
        lowest_given = server.getsockname()[1]

    assert ports.free_port() < 32_768 <= lowest_given


def test_another_run_is_not_given_the_same_port() -> None:
    script = ONE_PORT.format(port=ports.free_port())

    other = subprocess.run([sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=False)

    assert "No free port was found" in other.stderr


def test_a_fixed_port_that_is_taken_gives_way_to_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    lowest = ports.free_port()
    monkeypatch.setattr(ports, "FIXED", {"issuer": lowest, "intake": lowest + 1, "kafka": lowest - 1})
    words: list[str] = []

    with socket.create_server((ports.LOOPBACK, lowest)):
        chosen = ports.fixed_ports(["issuer"], words.append)

    assert chosen["issuer"] > lowest + 1
    assert {name: port for name, port in chosen.items() if name != "issuer"} == {
        "intake": lowest + 1,
        "kafka": lowest - 1,
    }
    assert words == [f"port {lowest} of issuer is taken by another program: issuer will listen on {chosen['issuer']}"]


def test_every_part_has_a_fixed_port_that_is_documented() -> None:
    table = (REPOSITORY / "devstack/README.md").read_text().split("## Ports")[1].split("\n## ")[0]

    assert set(ports.FIXED) == {*(program.name for program in PROGRAMS), "postgres", "kafka", "kafka-controller"}
    documented = {int(number) for number in re.findall(r"\b84\d\d\b", table)}
    assert documented == set(ports.FIXED.values())
    assert len(documented) == len(ports.FIXED)


def test_a_server_may_listen_on_a_port_that_was_handed_out() -> None:
    port = ports.free_port()

    with socket.create_server((ports.LOOPBACK, port)):
        assert not ports.is_free(port)
        assert ports.kept_port(port) != port
    assert ports.kept_port(port) == port
