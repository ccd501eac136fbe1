"""What stands before or beside a PostgreSQL of the tests: a pooler by transaction, and a streaming replica."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from tests.services import (
    HOST,
    POSTGRESQL_OPTIONS,
    WHAT_TO_INSTALL,
    ServicesUnavailable,
    _answers,
    _free_port,
    _running,
    _start,
    _stop,
    _temporary_folder,
    _unprivileged_account,
)
from tools import debian


@dataclass(frozen=True)
class Standby:
    """A replica that can be lost."""

    url: str
    process: subprocess.Popen[bytes]

    def ask(self, statement: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[call-overload]

    def lose(self) -> None:
        """Fast shutdown: whoever reads there is cut off, and nobody can connect."""
        _stop(self.process, signal.SIGINT)


@contextmanager
def pgbouncer(database_url: str) -> Iterator[str]:
    """A pooler in transaction mode before that server, as strict as Supabase's; yields the URL that goes through it."""
    program = _pgbouncer()
    account = _unprivileged_account()
    server = urlsplit(database_url)
    with _temporary_folder() as folder:
        users, settings = folder / "users", folder / "settings"
        users.write_text(f'"{server.username}" "{server.password}"\n')

        def command(port: int) -> list[str]:
            lines = (
                "[databases]",
                f"* = host={server.hostname} port={server.port}",
                "[pgbouncer]",
                f"listen_addr = {HOST}",
                f"listen_port = {port}",
                "unix_socket_dir =",
                "auth_type = scram-sha-256",
                f"auth_file = {users}",
                "pool_mode = transaction",
                "default_pool_size = 4",
                "max_client_conn = 200",
            )
            settings.write_text("\n".join([*lines, ""]))
            for path in (users, settings):
                path.chmod(0o600)
                if account is not None:
                    os.chown(path, account.pw_uid, account.pw_gid)
            return [str(program), str(settings)]

        url, ready = partial(_at, database_url), partial(_is_ready, database_url)
        with _running(command, ready, folder / "log", account=account) as port:
            yield url(port)


def _pgbouncer() -> Path:
    """The installed program, or Debian's. Raises ServicesUnavailable."""
    for attempt in range(2):
        found = shutil.which("pgbouncer", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"]))
        if found:
            return Path(found)
        if attempt or not debian.can_install() or not debian.install(["pgbouncer"]):
            break
    raise ServicesUnavailable(WHAT_TO_INSTALL.format(missing="pgbouncer"))


@contextmanager
def replica(program_folder: Path, primary_url: str) -> Iterator[Standby]:
    """A streaming replica of that server, ready for questions."""
    account = _unprivileged_account()
    server = urlsplit(primary_url)
    with _temporary_folder() as folder:
        data, sockets = folder / "data", folder / "sockets"
        for path in (data, sockets):
            path.mkdir(mode=0o700)
            if account is not None:
                os.chown(path, account.pw_uid, account.pw_gid)
        copied = subprocess.run(
            [
                *(str(program_folder / "pg_basebackup"), "--pgdata", str(data), "--write-recovery-conf"),
                *("--wal-method", "stream", "--checkpoint", "fast", "--no-sync"),
                *("--dbname", server._replace(path="/postgres").geturl()),
            ],
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
        )
        if copied.returncode != 0:
            raise ServicesUnavailable(f"pg_basebackup failed:\n{copied.stderr}")

        def command(port: int) -> list[str]:
            where = ["-D", str(data), "-p", str(port), "-h", HOST, "-k", str(sockets)]
            options = [word for option in POSTGRESQL_OPTIONS for word in ("-c", option)]
            return [str(program_folder / "postgres"), *where, *options]

        url, ready = partial(_at, primary_url), partial(_is_ready, primary_url)
        port = _free_port()
        process = _start(command(port), "", folder / "log", signal.SIGINT, account)
        standby = Standby(url(port), process)
        try:
            if not _answers(process, partial(ready, port)):
                raise ServicesUnavailable(
                    f"the replica did not start:\n{(folder / 'log').read_text()[-2000:]}"
                )
            yield standby
        finally:
            _stop(process, signal.SIGINT)


def _at(database_url: str, port: int) -> str:
    """The same database and account at another port."""
    server = urlsplit(database_url)
    return server._replace(netloc=f"{server.username}:{server.password}@{HOST}:{port}").geturl()


def _is_ready(database_url: str, port: int) -> bool:
    try:
        psycopg.connect(_at(database_url, port), connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True
