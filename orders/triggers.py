"""Database triggers that keep the history and the stock ledger as they were written.

They are put in place after every `migrate`, because SQLite drops a table's triggers whenever a migration rebuilds it.
SQLite refuses updates only: Django empties its tables row by row between tests. PostgreSQL refuses both.
"""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper

APPEND_ONLY_TABLES = ("orders_orderevent", "orders_stockmovement")
_FUNCTION = """
CREATE OR REPLACE FUNCTION refuse_to_rewrite_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are only ever added', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$
"""


def protect_history(connection: BaseDatabaseWrapper) -> None:
    """Makes the tables append-only. Safe to repeat."""
    with connection.cursor() as cursor:
        present = set(connection.introspection.table_names(cursor))
        for statement in _statements(connection.vendor, [t for t in APPEND_ONLY_TABLES if t in present]):
            cursor.execute(statement)


def _statements(vendor: str, tables: list[str]) -> list[str]:
    if vendor == "postgresql":
        statements = [_FUNCTION]
        for table in tables:
            statements.append(f"DROP TRIGGER IF EXISTS append_only ON {table}")
            statements.append(
                f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table}"
                " FOR EACH ROW EXECUTE FUNCTION refuse_to_rewrite_history()"
            )
        return statements
    return [
        f"CREATE TRIGGER IF NOT EXISTS append_only_{table} BEFORE UPDATE ON {table}"
        f" BEGIN SELECT RAISE(ABORT, 'rows of {table} are only ever added'); END"
        for table in tables
    ]
