"""Database triggers that keep the history and the stock ledger as they were written.

They are put in place after every `migrate`, because SQLite drops a table's triggers whenever a migration rebuilds it.
SQLite refuses updates only: Django empties its tables row by row between tests. PostgreSQL refuses both.

One change passes: a row of history may lose its before, its after and its note, because a person may ask to be
forgotten. That it happened, when, and by whom stays.
"""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper

APPEND_ONLY_TABLES = ("orders_orderevent", "orders_stockmovement")
# SQLite compares column by column; the ones that may change are left out.
_ERASURE = (
    "NEW.before = '{}' AND NEW.after = '{}' AND NEW.note = 'erased' AND NEW.id = OLD.id AND NEW.kind = OLD.kind"
    " AND NEW.actor = OLD.actor AND NEW.order_id = OLD.order_id AND NEW.created_at = OLD.created_at"
    " AND NEW.line_id IS OLD.line_id"
)
_FUNCTION = """
CREATE OR REPLACE FUNCTION refuse_to_rewrite_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'orders_orderevent' THEN
        IF NEW.before = '{}' AND NEW.after = '{}' AND NEW.note = 'erased'
            AND to_jsonb(NEW) - '{before,after,note}'::text[] = to_jsonb(OLD) - '{before,after,note}'::text[]
        THEN
            RETURN NEW;
        END IF;
    END IF;
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
    statements = []
    for table in tables:
        allowed = f" WHEN NOT ({_ERASURE})" if table == "orders_orderevent" else ""
        statements.append(f"DROP TRIGGER IF EXISTS append_only_{table}")
        statements.append(
            f"CREATE TRIGGER append_only_{table} BEFORE UPDATE ON {table}{allowed}"
            f" BEGIN SELECT RAISE(ABORT, 'rows of {table} are only ever added'); END"
        )
    return statements
