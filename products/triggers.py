"""Database triggers that renew the catalogue's token: no write can forget to, be it an update in bulk or plain SQL.

They are put in place after every `migrate`, because SQLite drops a table's triggers whenever a migration rebuilds it.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db.backends.base.base import BaseDatabaseWrapper

VERSION_TABLE = "products_catalogueversion"
CATALOGUE_TABLES = (
    "products_product",
    "products_colour",
    "products_size",
    "products_variant",
    "products_decorationmethod",
    "products_printarea",
    "products_stageview",
    "products_placementconflict",
    "products_sizemeasurement",
)
_EVENTS = ("INSERT", "UPDATE", "DELETE")
_FUNCTION = """
CREATE OR REPLACE FUNCTION renew_catalogue_token() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE products_catalogueversion SET token = replace(gen_random_uuid()::text, '-', '');
    RETURN NULL;
END $$
"""


def install_triggers(connection: BaseDatabaseWrapper, tables: Sequence[str]) -> None:
    """Makes every write to `tables` renew the token. Safe to repeat."""
    with connection.cursor() as cursor:
        present = set(connection.introspection.table_names(cursor))
        if VERSION_TABLE not in present:
            return
        for statement in _statements(connection.vendor, [table for table in tables if table in present]):
            cursor.execute(statement)


def _statements(vendor: str, tables: Sequence[str]) -> list[str]:
    if vendor == "postgresql":
        statements = [_FUNCTION]
        for table in tables:
            statements.append(f"DROP TRIGGER IF EXISTS renew_catalogue_token ON {table}")
            statements.append(
                f"CREATE TRIGGER renew_catalogue_token AFTER {' OR '.join(_EVENTS)} ON {table}"
                " FOR EACH STATEMENT EXECUTE FUNCTION renew_catalogue_token()"
            )
        return statements
    renew = "UPDATE products_catalogueversion SET token = lower(hex(randomblob(16)));"
    return [
        f"CREATE TRIGGER IF NOT EXISTS renew_token_{table}_{event.lower()} AFTER {event} ON {table} BEGIN {renew} END"
        for table in tables
        for event in _EVENTS
    ]
