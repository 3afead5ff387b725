import socket
import subprocess
import sys

from devstack import ports
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


def test_a_server_may_listen_on_a_port_that_was_handed_out() -> None:
    port = ports.free_port()

    with socket.create_server((ports.LOOPBACK, port)):
        assert not ports.is_free(port)
        assert ports.kept_port(port) != port
    assert ports.kept_port(port) == port
