"""No test, and no process that a test starts, can reach beyond this machine."""

import socket
import subprocess
import sys
import threading
import time

import pytest
from pytest_socket import SocketConnectBlockedError

# TEST-NET-1 of RFC 5737 is nobody's address: on an open network, connecting to it hangs.
REMOTE = ("192.0.2.1", 80)
AT_ONCE_S = 1.0
IN_A_CHILD = """
import socket
with socket.socket(socket.AF_INET, socket.{kind}) as client:
    client.settimeout(5)
    client.{call}
"""


def run_in_a_child(source: str) -> subprocess.CompletedProcess[str]:
    """Run the source in a Python of its own, with the environment every child of a test inherits."""
    command = [sys.executable, "-c", source]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


@pytest.fixture
def loopback_server() -> tuple[str, int]:
    """The address of a server that takes one connection and says `hello`."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with listener:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(b"hello")

    threading.Thread(target=serve, daemon=True).start()
    return listener.getsockname()


def test_connecting_to_a_remote_host_is_refused_at_once() -> None:
    started = time.monotonic()

    with (
        socket.socket() as client,
        pytest.raises(SocketConnectBlockedError, match=r"192\.0\.2\.1"),
    ):
        client.connect(REMOTE)

    assert time.monotonic() - started < AT_ONCE_S


@pytest.mark.parametrize(
    ("kind", "call"),
    [
        (socket.SOCK_STREAM, lambda client: client.connect_ex(REMOTE)),
        (socket.SOCK_DGRAM, lambda client: client.sendto(b"x", REMOTE)),
        (socket.SOCK_DGRAM, lambda client: client.sendmsg([b"x"], [], 0, REMOTE)),
    ],
    ids=["connect_ex", "sendto", "sendmsg"],
)
def test_the_other_ways_to_a_remote_host_are_refused(kind, call) -> None:
    with (
        socket.socket(socket.AF_INET, kind) as client,
        pytest.raises(OSError, match=r"refused.*192\.0\.2"),
    ):
        call(client)


def test_asking_a_name_server_is_refused() -> None:
    with pytest.raises(OSError, match=r"refused.*shop\.example"):
        socket.getaddrinfo("shop.example", 443)


def test_loopback_is_open(loopback_server: tuple[str, int]) -> None:
    with socket.create_connection(loopback_server, timeout=5) as client:
        assert client.recv(5) == b"hello"


def test_unix_sockets_are_open() -> None:
    left, right = socket.socketpair(socket.AF_UNIX)
    with left, right:
        left.sendall(b"hello")
        assert right.recv(5) == b"hello"


@pytest.mark.parametrize(
    ("kind", "call"),
    [
        ("SOCK_STREAM", f"connect({REMOTE})"),
        ("SOCK_STREAM", f"connect_ex({REMOTE})"),
        ("SOCK_DGRAM", f"sendto(b'x', {REMOTE})"),
    ],
)
def test_a_child_process_is_refused_at_once(kind: str, call: str) -> None:
    started = time.monotonic()

    child = run_in_a_child(IN_A_CHILD.format(kind=kind, call=call))

    assert child.returncode == 1
    assert child.stderr.splitlines()[-1].startswith("OSError: ")
    assert "('192.0.2.1', 80)" in child.stderr.splitlines()[-1]
    assert time.monotonic() - started < 5 * AT_ONCE_S  # a child has to start first


def test_a_child_process_may_use_loopback(loopback_server: tuple[str, int]) -> None:
    child = run_in_a_child(
        f"import socket; print(socket.create_connection({loopback_server}, timeout=5).recv(5).decode())"
    )

    assert (child.returncode, child.stdout) == (0, "hello\n"), child.stderr
