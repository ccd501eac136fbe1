"""The whole database in one file, and back: `pg_dump` for PostgreSQL, SQLite's own backup for SQLite.

Rows are counted in the snapshot that the file is made of, so that a restored database can be held against the counts
to the row, however busy the shop was.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

import psycopg
from django.db import DatabaseError, connection, transaction
from django.db.backends.postgresql.client import DatabaseClient
from psycopg import sql

_LOCK_WAIT_S = 60
# Dropped before the restore, because a table of a newer release would keep the older ones from being replaced.
_DROP_TABLES = """
DO $drop$ DECLARE found record; BEGIN
  FOR found IN SELECT tablename FROM pg_tables WHERE schemaname = '{schema}' LOOP
    EXECUTE format('DROP TABLE {schema}.%I CASCADE', found.tablename);
  END LOOP;
END $drop$;
"""


class DumpFailed(Exception):
    """A dump or a restore did not come about; the database is as it was. The message has the tool's own words."""


def dump_name() -> str:
    return "database.dump" if connection.vendor == "postgresql" else "database.sqlite3"


def tables() -> list[str]:
    """The tables that the shop has now, and the list of its migrations."""
    names = set(connection.introspection.django_table_names(only_existing=True, include_views=False))
    return sorted(names | {"django_migrations"})


def row_counts() -> dict[str, int]:
    """How many rows each table has."""
    counts = {}
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL statement_timeout = 0")
        for name in tables():
            cursor.execute(f"SELECT COUNT(*) FROM {connection.ops.quote_name(name)}")  # noqa: S608
            counts[name] = int(cursor.fetchone()[0])
    return counts


def server_version() -> str:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SHOW server_version")
            return str(cursor.fetchone()[0])
    return sqlite3.sqlite_version


def dump(path: Path, schema_path: Path) -> dict[str, int]:
    """Writes the database to `path` and its bare schema to `schema_path`; the rows in it, by table."""
    if connection.vendor == "postgresql":
        return _dump_postgresql(path, schema_path)
    return _dump_sqlite(path, schema_path)


def restore(path: Path) -> None:
    """Puts the database of the file in the place of the present one: all of it, or nothing. Raises DumpFailed."""
    if connection.vendor == "postgresql":
        prelude = _DROP_TABLES.format(schema=_schema())
        _replay(path, ["--clean", "--if-exists"], prelude)
    else:
        _restore_sqlite(path)


def restore_table(path: Path, table: str) -> None:
    """Puts the rows of one table in the place of the present ones. Raises DumpFailed where other rows need those.

    Foreign keys are checked once, at the end: what would leave a row without its parent leaves everything as it was.
    """
    if table not in tables():
        raise DumpFailed(f"{table} is not a table of the shop.")
    if connection.vendor == "postgresql":
        target = f"{_schema()}.{connection.ops.quote_name(table)}"
        _replay(path, ["--data-only", f"--table={table}"], f"DELETE FROM {target};\n")  # noqa: S608
        _reset_sequence(table)
    else:
        _restore_sqlite_table(path, table)


@contextmanager
def scratch_database(path: Path) -> Iterator[dict[str, int]]:
    """The file restored into a database of its own, which is gone afterwards: its rows by table. Raises DumpFailed.

    On PostgreSQL the shop's role needs CREATEDB for it.
    """
    if connection.vendor == "postgresql":
        with _scratch_postgresql(path) as counts:
            yield counts
        return
    copy = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        (finding,) = copy.execute("PRAGMA integrity_check").fetchone()
        orphans = copy.execute("PRAGMA foreign_key_check").fetchall()
        if finding != "ok" or orphans:
            raise DumpFailed(f"{path.name} is damaged: {finding}, {len(orphans)} rows without their parent")
        names = [name for (name,) in copy.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        yield {name: copy.execute(f'SELECT COUNT(*) FROM "{name}"').fetchone()[0] for name in names}  # noqa: S608
    except sqlite3.Error as error:
        raise DumpFailed(f"{path.name} is damaged: {error}") from error
    finally:
        copy.close()


def run_tool(command: list[str], *, stdout: IO[bytes] | int = subprocess.PIPE) -> None:
    """Runs one of PostgreSQL's programs against the shop's database. Raises DumpFailed."""
    program, *arguments = command
    try:
        done = subprocess.run(
            [program, *arguments],
            env=_client_environment(),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
        )
    except FileNotFoundError as error:
        raise DumpFailed(f"{program} is not installed (Debian: postgresql-client).") from error
    if done.returncode != 0:
        raise DumpFailed(f"{program}: {done.stderr.decode(errors='replace').strip()[-2000:]}")


# --- PostgreSQL -------------------------------------------------------------------------------------------------------


def _client_arguments() -> list[str]:
    """Where the database is, as Django tells it to psql: user, host, port, and the name last."""
    arguments, _ = DatabaseClient.settings_to_cmd_args_env(connection.settings_dict, [])
    return list(arguments[1:])


def _client_environment() -> dict[str, str]:
    """The password goes through the environment: a command line is visible to every user of the machine."""
    _, environment = DatabaseClient.settings_to_cmd_args_env(connection.settings_dict, [])
    return os.environ | (environment or {})


def _schema() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT quote_ident(current_schema())")
        return str(cursor.fetchone()[0])


def _dump_postgresql(path: Path, schema_path: Path) -> dict[str, int]:
    schema = _schema()
    common = [f"--schema={schema}", "--no-owner", "--no-privileges", f"--lock-wait-timeout={_LOCK_WAIT_S}s"]
    where = _client_arguments()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            cursor.execute("SELECT pg_export_snapshot()")
            snapshot = str(cursor.fetchone()[0])
        run_tool(["pg_dump", "--format=custom", f"--snapshot={snapshot}", *common, f"--file={path}", *where])
        counts = row_counts()
    run_tool(["pg_dump", "--schema-only", *common, f"--file={schema_path}", *where])
    return counts


def _replay(path: Path, options: list[str], prelude: str) -> None:
    """Runs what pg_restore writes, in one transaction that is committed only if pg_restore has come to its end."""
    command = ["pg_restore", "--no-owner", "--no-privileges", f"--schema={_schema()}", *options]
    where = _client_arguments()
    connection.close()
    environment = _client_environment()
    psql = subprocess.Popen(
        ["psql", "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", "--output=/dev/null", *where],
        bufsize=0,
        env=environment,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    pipe, errors = cast(IO[bytes], psql.stdin), cast(IO[bytes], psql.stderr)
    said = ""
    try:
        pipe.write(f"BEGIN;\nSET LOCAL lock_timeout = '{_LOCK_WAIT_S}s';\n{prelude}".encode())
        pipe.flush()
        run_tool([*command, "--file=-", str(path)], stdout=pipe.fileno())
        pipe.write(b"\nCOMMIT;\n")
        pipe.close()
    except BrokenPipeError:
        pass  # psql has stopped at an error, and says which
    except DumpFailed as error:  # pg_restore failed, or psql did and took its pipe with it
        said = str(error)
        pipe.close()
    reason = errors.read().decode(errors="replace").strip()
    errors.close()
    if psql.wait() != 0 or said:
        raise DumpFailed(f"The database is as it was. {said} {reason[-2000:]}".strip())


def _reset_sequence(table: str) -> None:
    """A number that a restored row has must not be given a second time."""
    with connection.cursor() as cursor:
        for sequence in connection.introspection.get_sequences(cursor, table):
            column = connection.ops.quote_name(sequence["column"])
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence(%s, %s), GREATEST((SELECT MAX({column}) FROM "  # noqa: S608
                f"{connection.ops.quote_name(table)}), 1))",
                [connection.ops.quote_name(table), sequence["column"]],
            )


@contextmanager
def _scratch_postgresql(path: Path) -> Iterator[dict[str, int]]:
    name = f"drill_{secrets.token_hex(6)}"
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name}")
    except DatabaseError as error:
        raise DumpFailed(f"No database could be made for the drill: {error}") from error
    try:
        where = [*_client_arguments()[:-1], f"--dbname={name}"]
        run_tool(
            [
                "pg_restore",
                "--no-owner",
                "--no-privileges",
                "--exit-on-error",
                f"--schema={_schema()}",
                *where,
                str(path),
            ]
        )
        parameters = connection.get_connection_params() | {"dbname": name}
        with psycopg.connect(**_plain(parameters)) as scratch:
            query = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
            names = [row[0] for row in scratch.execute(query)]
            counts = {}
            for each in names:
                statement = sql.SQL("SELECT COUNT(*) FROM {}").format(sql.Identifier(each))
                (counts[each],) = scratch.execute(statement).fetchone() or (0,)
        yield counts
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {name}")


def _plain(parameters: dict[str, Any]) -> dict[str, Any]:
    """What a bare connection takes of Django's parameters."""
    return {
        name: value
        for name, value in parameters.items()
        if name in ("dbname", "user", "password", "host", "port", "sslmode", "sslrootcert")
    }


# --- SQLite -----------------------------------------------------------------------------------------------------------


def _dump_sqlite(path: Path, schema_path: Path) -> dict[str, int]:
    names = tables()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM INTO %s", [str(path)])
    copy = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        statements = copy.execute(
            "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type DESC, name"
        )
        schema_path.write_text("".join(f"{sql};\n" for (sql,) in statements))
        return {name: copy.execute(f'SELECT COUNT(*) FROM "{name}"').fetchone()[0] for name in names}  # noqa: S608
    finally:
        copy.close()


def _restore_sqlite(path: Path) -> None:
    connection.ensure_connection()
    source = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        (finding,) = source.execute("PRAGMA integrity_check").fetchone()
        if finding != "ok":
            raise DumpFailed(f"{path.name} is damaged: {finding}")
        source.backup(connection.connection)
    except sqlite3.Error as error:
        raise DumpFailed(f"{path.name} could not be restored: {error}") from error
    finally:
        source.close()


def _restore_sqlite_table(path: Path, table: str) -> None:
    quoted = connection.ops.quote_name(table)
    raw: Any = None
    connection.ensure_connection()
    raw = connection.connection
    raw.execute("ATTACH DATABASE ? AS saved", [f"file:{path}?mode=ro"])
    try:
        columns = [
            [row[1] for row in raw.execute(f"PRAGMA {place}.table_info({quoted})")]
            for place in ("main", "saved")
        ]
        if columns[0] != columns[1]:
            raise DumpFailed(f"{table} has other columns now than it had in the backup.")
        listed = ", ".join(connection.ops.quote_name(name) for name in columns[0])
        with transaction.atomic():
            raw.execute("PRAGMA defer_foreign_keys = ON")
            raw.execute(f"DELETE FROM main.{quoted}")  # noqa: S608
            raw.execute(f"INSERT INTO main.{quoted} ({listed}) SELECT {listed} FROM saved.{quoted}")  # noqa: S608
    except (sqlite3.Error, DatabaseError) as error:
        raise DumpFailed(f"The database is as it was. {error}") from error
    finally:
        raw.execute("DETACH DATABASE saved")
