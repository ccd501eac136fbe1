"""The real shop as a child process: `manage.py dev` on a free port, in the profile of the run.

It gets a folder of its own and, in the production profile, a database of its own in the run's PostgreSQL and a number
of its own in the run's Redis, because the tests' process empties the databases that it uses itself.
"""

from __future__ import annotations

import itertools
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import redis
import requests

PROJECT = Path(__file__).resolve().parent.parent
START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 15
_POLL_S = 0.05
_LOG_TAIL_LINES = 40
# A Redis has 16 numbers unless it is told otherwise. The run's processes use the first ones, one each; every process
# has four more for its shops, of which two may run at the same time.
_FIRST_SHOP_NUMBER, _NUMBERS_PER_PROCESS = 4, 4
_shops_started = itertools.count()


@dataclass
class Shop:
    """One shop that can be started, stopped, killed and started again on the same data."""

    var_dir: Path
    services: dict[str, str]
    settings: dict[str, str] = field(default_factory=dict)
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log_path(self) -> Path:
        return self.var_dir / "server.log"

    def log_text(self) -> str:
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def log_tail(self) -> str:
        return "\n".join(self.log_text().splitlines()[-_LOG_TAIL_LINES:])

    def environment(self) -> dict[str, str]:
        """The run's environment, which closes the network for every child, with what is this shop's own."""
        own = {"VAR_DIR": str(self.var_dir), "PORT": str(self.port), "OMP_NUM_THREADS": "2"}
        return os.environ | own | self.services | self.settings

    def start(self) -> None:
        """Returns when the shop answers. Raises RuntimeError with the end of its log where it does not."""
        self.port = _free_port()
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "dev"],
                cwd=PROJECT,
                env=self.environment(),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self.is_ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"the shop did not start:\n{self.log_tail()}")
            time.sleep(_POLL_S)

    def is_ready(self) -> bool:
        try:
            return requests.get(f"{self.url}/health/ready", timeout=2).status_code == 200
        except requests.RequestException:
            return False

    def stop(self) -> int:
        """Asks the shop to stop and returns its exit code. Raises TimeoutExpired where it takes too long."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def kill(self) -> None:
        """Ends every process of the shop at once and without warning, as a power cut does."""
        assert self.process is not None
        family = _family(self.process.pid)
        for pid in family:
            with suppress(ProcessLookupError):  # it has ended by itself
                os.kill(pid, signal.SIGKILL)
        self.process.wait(STOP_TIMEOUT_S)
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while left := [pid for pid in family if _runs(pid)]:
            assert time.monotonic() < deadline, f"processes of the shop outlive it: {left}"
            time.sleep(_POLL_S)


def _family(pid: int) -> list[int]:
    """A process and all that it has begotten: the web server lives in a session of its own, and may not answer."""
    done = subprocess.run(["ps", "-e", "-o", "pid=,ppid="], capture_output=True, text=True, check=True)
    parents = {
        int(child): int(parent) for child, parent in (line.split() for line in done.stdout.splitlines())
    }
    family = [pid]
    for member in family:  # it grows meanwhile
        family += [child for child, parent in parents.items() if parent == member]
    return family


def _runs(pid: int) -> bool:
    """False for one that has ended, even where nobody has asked for its exit code yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


@contextmanager
def running_shop(var_dir: Path, **settings: str) -> Iterator[Shop]:
    """A started shop. Whoever has stopped it before the end, or killed it, need not stop it again."""
    with own_services() as services:
        shop = Shop(var_dir, services, settings)
        shop.start()
        try:
            yield shop
        finally:
            if shop.process is not None and shop.process.poll() is None:
                code = shop.stop()
                assert code == 0, f"the shop stopped with {code}:\n{shop.log_tail()}"


@contextmanager
def own_services() -> Iterator[dict[str, str]]:
    """A fresh database and an emptied Redis number on the run's servers; nothing in the embedded profile."""
    if os.environ["TEST_PROFILE"] == "embedded":
        yield {}
        return
    database_url = os.environ["DATABASE_URL"]
    name = f"live_{secrets.token_hex(6)}"
    _run_sql(database_url, f'CREATE DATABASE "{name}"')
    try:
        yield {
            "DATABASE_URL": urlsplit(database_url)._replace(path=f"/{name}").geturl(),
            "REDIS_URL": _own_redis(os.environ["REDIS_URL"]),
        }
    finally:
        _run_sql(database_url, f'DROP DATABASE "{name}" WITH (FORCE)')


def _run_sql(database_url: str, statement: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[call-overload]


def _own_redis(url: str) -> str:
    base, number = re.fullmatch(r"(.*?)(?:/(\d*))?", url).groups()  # type: ignore[union-attr]
    offset = next(_shops_started) % _NUMBERS_PER_PROCESS
    own = f"{base}/{_FIRST_SHOP_NUMBER + int(number or 0) * _NUMBERS_PER_PROCESS + offset}"
    with redis.Redis.from_url(own) as client:
        client.flushdb()
    return own


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
