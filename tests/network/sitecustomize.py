"""Refuses every connection that would leave the machine, for the process that imports this module.

Python imports a module of this name by itself when it starts, so this folder on PYTHONPATH is all that a
child process needs; the tests' own process imports it by its full name. It listens to Python's audit
events, which every use of a socket raises, and which no library can take back. (libpq, being C, raises
none: it connects to where DATABASE_URL says.)
"""

import errno
import ipaddress
import socket
import sys
from typing import Any

LOCAL_NAMES = frozenset({"", "localhost"})


def _is_local(host: object) -> bool:
    if host is None:
        return True
    name = host.decode("ascii", "replace") if isinstance(host, bytes | bytearray) else str(host)
    try:
        return ipaddress.ip_address(name.partition("%")[0]).is_loopback
    except ValueError:
        return name.lower() in LOCAL_NAMES


def _is_literal(host: object) -> bool:
    """True for an address that needs no name server."""
    try:
        ipaddress.ip_address(str(host).partition("%")[0])
    except ValueError:
        return False
    return True


def _refuse_remote_hosts(event: str, arguments: tuple[Any, ...]) -> None:
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        connection, address = arguments
        # A message on a connected socket names no address: its connection has been looked at already.
        by_internet = connection.family in (socket.AF_INET, socket.AF_INET6) and address is not None
        if by_internet and not _is_local(address[0]):
            raise OSError(errno.ENETUNREACH, f"{event} refused, only loopback is allowed here: {address!r}")
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = arguments[0]
        if not _is_local(host) and not _is_literal(host):
            raise socket.gaierror(
                socket.EAI_FAIL, f"{event} refused, only loopback is allowed here: {host!r}"
            )


sys.addaudithook(_refuse_remote_hosts)
