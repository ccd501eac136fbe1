"""Which migrations hurt a shop that goes on selling, rule by rule; and that ours wait for locks for seconds only."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.postgres.operations import AddConstraintNotValid, ValidateConstraint
from django.db import connection, migrations, models
from django.db.migrations.state import ModelState, ProjectState

from common.online_index import AddIndexOnline
from ops.apps import LOCK_TIMEOUT, lift_limits, limit_locks
from tools import migration_lint
from tools.migration_rules import findings, project_migrations

INDEX = models.Index(fields=["name"], name="tee_name")
POSITIVE = models.CheckConstraint(condition=models.Q(name__gt=""), name="tee_named")


def said(*operations: Any) -> list[str]:
    """What the rules say of a migration of a table `tee` that is in use."""
    state = ProjectState()
    fields = [
        ("id", models.BigAutoField(primary_key=True)),
        ("name", models.CharField(max_length=20)),
        ("note", models.TextField(null=True)),
        ("price", models.DecimalField(max_digits=8, decimal_places=2)),
    ]
    state.add_model(ModelState("shop", "Tee", fields))
    migration = migrations.Migration("0002_test", "shop")
    migration.operations = list(operations)
    return [line.split(": ", 1)[1] for line in findings(migration, state)]


def add(field: Any) -> Any:
    return migrations.AddField("tee", "extra", field)


def alter(name: str, field: Any) -> Any:
    return migrations.AlterField("tee", name, field)


@pytest.mark.parametrize(
    ("operation", "word"),
    [
        (migrations.AddIndex("tee", INDEX), "AddIndexOnline"),
        (migrations.AddConstraint("tee", POSITIVE), "AddConstraintNotValid"),
        (add(models.IntegerField()), "db_default"),
        (add(models.IntegerField(default=3)), "db_default"),
        (add(models.IntegerField(null=True, db_index=True)), "index online"),
        (alter("note", models.TextField()), "empty values"),
        (alter("name", models.CharField(max_length=10)), "rewritten"),
        (alter("name", models.IntegerField()), "rewritten"),
        (alter("name", models.CharField(max_length=20, unique=True)), "index online"),
        (alter("price", models.DecimalField(max_digits=8, decimal_places=3)), "rewritten"),
        (migrations.RemoveField("tee", "note"), "old release"),
        (migrations.RenameField("tee", "note", "remark"), "old release"),
        (migrations.RenameModel("Tee", "Shirt"), "old release"),
        (migrations.DeleteModel("Tee"), "old release"),
        (migrations.RunPython(migrations.RunPython.noop), "allow it"),
        (migrations.RunSQL("SELECT 1"), "allow it"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_what_hurts(operation: Any, word: str) -> None:
    (problem,) = said(operation)
    assert word in problem


@pytest.mark.parametrize(
    "operation",
    [
        AddIndexOnline("tee", INDEX),
        AddConstraintNotValid("tee", POSITIVE),
        ValidateConstraint("tee", "tee_named"),
        add(models.IntegerField(null=True)),
        add(models.IntegerField(db_default=3)),
        alter("name", models.CharField(max_length=40)),
        alter("name", models.TextField()),
        alter("price", models.DecimalField(max_digits=10, decimal_places=2)),
        migrations.RemoveIndex("tee", name="tee_name"),
        migrations.AlterModelOptions("tee", {"ordering": ["name"]}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_does_not(operation: Any) -> None:
    state_only = isinstance(operation, migrations.RemoveIndex)
    assert (said(AddIndexOnline("tee", INDEX), operation) if state_only else said(operation)) == []


def test_a_table_of_the_same_migration_is_nobodys_yet() -> None:
    made = migrations.CreateModel("Mug", [("id", models.BigAutoField(primary_key=True))])
    index = migrations.AddIndex("mug", models.Index(fields=["id"], name="mug_id"))
    assert said(made, index) == []
    assert len(said(made, migrations.AddIndex("tee", INDEX))) == 1


def test_the_projects_own_are_safe_after_its_first_release(capsys: pytest.CaptureFixture[str]) -> None:
    found = project_migrations(tuple(migration_lint.FIRST_RELEASE))
    assert len(found) >= 17
    assert migration_lint.main() == 0
    assert "came with the first release" in capsys.readouterr().out


def test_a_later_migration_and_a_stale_allowance_are_found(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(migration_lint.FIRST_RELEASE, "orders", "0002")
    monkeypatch.setitem(migration_lint.ALLOWED, "orders.0999_nothing", "a reason")
    assert migration_lint.main() == 1
    said_lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("orders.0003_codes_and_quotes: Create constraint") for line in said_lines)
    assert said_lines[-1].startswith("orders.0999_nothing: is allowed")
    assert not any(line.startswith("orders.0009_list_indexes") for line in said_lines)


@pytest.mark.production
@pytest.mark.django_db(transaction=True)
def test_a_migration_waits_for_a_lock_for_seconds_only() -> None:
    def shown(name: str) -> str:
        with connection.cursor() as cursor:
            cursor.execute(f"SHOW {name}")
            return str(cursor.fetchone()[0])

    before = shown("lock_timeout"), shown("statement_timeout")
    limit_locks(using="default")
    assert (shown("lock_timeout"), shown("statement_timeout")) == (LOCK_TIMEOUT, "0")
    lift_limits(using="default")
    assert (shown("lock_timeout"), shown("statement_timeout")) == before
