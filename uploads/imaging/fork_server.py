"""A process that has loaded the decoders and never sees a file: each file gets a fresh fork of it.

Starting Python and the decoders takes 0.2 s, a fork some milliseconds. The server only forks, so one customer's file
never meets what another's has left. It ends when its client has ended, and after some idle minutes.

A request is four bytes of length and a line of JSON, `Task`, with three descriptors: output, complaints, and a pipe
for the `Ending`. The descriptors travel by SCM_RIGHTS (unix(7)) with the first byte.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

START_TIMEOUT_S = 25
IDLE_S = 300
_READY = b"ready"
_DESCRIPTORS = 3
# An ending that is late by this much will not come: whoever watched the task is gone.
_WATCHER_GRACE_S = 10
# -I: neither the environment nor the current folder chooses what is imported. The starter goes at once and leaves the
# server to nobody, so that the client has no child to wait for.
_CODE = """
import os, sys
if os.fork():
    os._exit(0)
sys.path.insert(0, sys.argv[1])
try:
    from uploads.imaging.confined import open_file
    from uploads.imaging.fork_server import serve
except BaseException as error:
    os.write(int(sys.argv[2]), repr(error).encode())
    raise
serve(int(sys.argv[2]), open_file)
"""
_ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "VIPS_CONCURRENCY": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


class ServerBroken(Exception):
    """The server cannot work at all on this machine, whatever the file: its own modules do not load."""


@dataclass(frozen=True)
class Task:
    """What a fork is asked to do, and the wall time after which it is killed."""

    arguments: list[str]
    wall_s: float


@dataclass(frozen=True)
class Ending:
    """How a fork ended: its exit status, negative for a signal as in `subprocess`."""

    status: int
    timed_out: bool


class ForkServer:
    """The client's side. Threads may share it; a forked process needs one of its own."""

    def __init__(self, root: Path) -> None:
        """Starts the server. Raises ServerBroken where it cannot work."""
        self._sending = threading.Lock()
        self._connection, theirs = socket.socketpair()
        try:
            with theirs:
                _start(root, theirs.fileno())
            self._connection.settimeout(START_TIMEOUT_S)
            answer = self._connection.recv(2000)
        except (OSError, subprocess.SubprocessError) as error:
            self.close()
            raise ServerBroken(repr(error)) from error
        if answer != _READY:
            self.close()
            raise ServerBroken(answer.decode("utf-8", "replace") or "it ended without a word")

    def close(self) -> None:
        self._connection.close()

    def run(self, task: Task, output: IO[bytes], complaints: IO[bytes]) -> Ending:
        """Waits until the task has ended. Raises ConnectionError where the server has gone."""
        line = json.dumps(asdict(task)).encode()
        readable, writable = os.pipe()
        with open(readable, "rb") as endings:
            try:
                with self._sending:
                    descriptors = [output.fileno(), complaints.fileno(), writable]
                    socket.send_fds(self._connection, [len(line).to_bytes(4, "big")], descriptors)
                    self._connection.sendall(line)
            finally:
                os.close(writable)
            poll = select.poll()
            poll.register(endings, select.POLLIN)
            patience_ms = (task.wall_s + _WATCHER_GRACE_S) * 1000
            said = endings.read() if poll.poll(patience_ms) else b""
        if not said:
            raise ConnectionResetError("the process that opens files has gone")
        return Ending(**json.loads(said))


def _start(root: Path, descriptor: int) -> None:
    subprocess.run(
        [sys.executable, "-I", "-B", "-c", _CODE, str(root), str(descriptor)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=_ENVIRONMENT,
        cwd="/",
        pass_fds=[descriptor],
        timeout=START_TIMEOUT_S,
        check=True,
    )


def serve(descriptor: int, work: Callable[[Sequence[str]], int]) -> None:
    """The server's side: forks for each request, until the client goes or nothing comes for long."""
    for number in (signal.SIGINT, signal.SIGTERM):  # they are meant for the client, whose end is this one's
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system tidies up after the watchers
    with socket.socket(fileno=descriptor) as connection:
        connection.sendall(_READY)
        connection.settimeout(IDLE_S)
        with suppress(TimeoutError):
            while _forked(connection, work):
                pass


def _forked(connection: socket.socket, work: Callable[[Sequence[str]], int]) -> bool:
    """Takes one request and leaves it to a watcher. False where no more will come."""
    size, descriptors, _, _ = socket.recv_fds(connection, 4, _DESCRIPTORS)
    if not size:
        return False
    length = int.from_bytes(size, "big")
    line = b""
    while len(line) < length:
        more = connection.recv(length - len(line))
        if not more:  # the client has ended in the middle of its request
            return False
        line += more
    if os.fork() == 0:
        connection.close()
        try:
            _watch(Task(**json.loads(line)), *descriptors, work=work)
        finally:
            os._exit(0)
    for number in descriptors:
        os.close(number)
    return True


def _watch(
    task: Task, output: int, complaints: int, endings: int, *, work: Callable[[Sequence[str]], int]
) -> None:
    """Lets a fork do the work, kills it when its time is up, and tells how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    worker = os.fork()
    if worker == 0:
        os.close(endings)
        os.dup2(output, 1)
        os.dup2(complaints, 2)
        os._exit(_worked(work, task.arguments))
    timed_out = False

    def kill(*_: object) -> None:
        nonlocal timed_out
        timed_out = True
        os.kill(worker, signal.SIGKILL)

    signal.signal(signal.SIGALRM, kill)
    signal.setitimer(signal.ITIMER_REAL, task.wall_s)
    status = os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1])
    os.write(endings, json.dumps(asdict(Ending(status, timed_out))).encode())


def _worked(work: Callable[[Sequence[str]], int], arguments: Sequence[str]) -> int:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    try:
        return work(arguments)
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        return 1
