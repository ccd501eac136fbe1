"""What a migration must not do to a table that is in use. Needs a configured Django; no database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.contrib.postgres.operations import (
    AddConstraintNotValid,
    AddIndexConcurrently,
    RemoveIndexConcurrently,
)
from django.db import models
from django.db.migrations import operations
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.migration import Migration
from django.db.migrations.state import ProjectState

from common.online_index import AddIndexOnline

_ONLINE = (AddConstraintNotValid, AddIndexConcurrently, AddIndexOnline, RemoveIndexConcurrently)


def project_migrations(apps: Sequence[str]) -> list[tuple[str, Migration, ProjectState]]:
    """Every migration of these apps, by name, with the state that it finds."""
    loader = MigrationLoader(None)
    found = []
    for key in sorted(key for key in loader.disk_migrations if key[0] in apps):
        state = loader.project_state(key, at_end=False)
        found.append((f"{key[0]}.{key[1]}", loader.disk_migrations[key], state))
    return found


def findings(migration: Migration, state: ProjectState) -> Iterator[str]:
    """What is wrong with this migration, operation by operation."""
    state = state.clone()
    new: set[str] = set()
    for operation in migration.operations:
        if isinstance(operation, operations.CreateModel):
            new.add(operation.name.lower())
        model = str(getattr(operation, "model_name", "") or getattr(operation, "name", "")).lower()
        if model not in new:
            yield from _of(operation, migration.app_label, state)
        operation.state_forwards(migration.app_label, state)


def _of(operation: Any, app: str, state: ProjectState) -> Iterator[str]:
    what = operation.describe()
    if isinstance(operation, operations.SeparateDatabaseAndState):
        for each in operation.database_operations:
            yield from _of(each, app, state)
    elif isinstance(operation, _ONLINE):
        return
    elif isinstance(operation, operations.AddIndex | operations.AlterUniqueTogether):
        yield f"{what}: writers wait while it is built; use common.online_index.AddIndexOnline"
    elif isinstance(operation, operations.AddConstraint):
        yield f"{what}: the table is locked while every row is read; use AddConstraintNotValid, then ValidateConstraint"
    elif isinstance(operation, operations.AddField):
        yield from _added(operation.field, what)
    elif isinstance(operation, operations.AlterField):
        before = state.models[app, operation.model_name_lower].fields[operation.name]
        yield from _altered(before, operation.field, what)
    elif isinstance(
        operation,
        operations.RemoveField
        | operations.DeleteModel
        | operations.RenameField
        | operations.RenameModel
        | operations.AlterModelTable,
    ):
        yield f"{what}: the old release still asks for it; remove it one release after the code that used it"
    elif isinstance(operation, operations.RunPython | operations.RunSQL):
        yield f"{what}: nobody can see how long it locks what; allow it with a reason, or do it in a command"


def _added(field: Any, what: str) -> Iterator[str]:
    if field.many_to_many:
        return
    if not field.null and not field.has_db_default():
        yield f"{what}: the old release does not fill it, and its inserts fail; give it a db_default, or null=True"
    if field.unique or (field.db_index and not field.is_relation):
        yield f"{what}: its index is built while the table is locked; add the index online, in a second step"


def _altered(before: Any, after: Any, what: str) -> Iterator[str]:
    if before.null and not after.null:
        yield f"{what}: every row is read under a lock, and the old release's empty values fail"
    if (after.unique and not before.unique) or (after.db_index and not before.db_index):
        yield f"{what}: its index is built while the table is locked; add the index online"
    if _column(before) != _column(after) and not _is_wider(before, after):
        yield f"{what}: every row is rewritten under a lock; add a new column, copy, and switch"


def _column(field: models.Field[Any, Any]) -> tuple[object, ...]:
    kind = field.get_internal_type()
    return kind, field.max_length, getattr(field, "max_digits", None), getattr(field, "decimal_places", None)


def _is_wider(before: models.Field[Any, Any], after: models.Field[Any, Any]) -> bool:
    """A longer text, or a number with more digits before the point: PostgreSQL changes its catalogue alone."""
    texts = {"CharField", "TextField", "SlugField", "EmailField", "URLField"}
    kinds = {before.get_internal_type(), after.get_internal_type()}
    if kinds <= texts:
        return after.max_length is None or (
            before.max_length is not None and after.max_length >= before.max_length
        )
    if kinds == {"DecimalField"}:
        places = getattr(after, "decimal_places", 0) == getattr(before, "decimal_places", 0)
        return places and getattr(after, "max_digits", 0) >= getattr(before, "max_digits", 0)
    return False
