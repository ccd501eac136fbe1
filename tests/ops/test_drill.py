"""The drill: a shop with paid orders is dumped, restored into a fresh database, and its rules hold there, too."""

from __future__ import annotations

import io
import json
import os
import re
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection

from common.storage import private_storage, read_file
from ops.database_dump import row_counts
from ops.drill import drill
from orders import lifecycle
from orders.models import Order, Payment
from tests.orders.conftest import Waiting, make_order  # noqa: F401  (fixture)

PROJECT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Callable[..., subprocess.CompletedProcess[str]]]:
    """`manage.py` of another shop on the same release: an empty database and an empty file store of its own."""
    environment = os.environ | {"VAR_DIR": str(tmp_path / "fresh")}
    (tmp_path / "fresh").mkdir()
    drop = None
    if connection.vendor == "postgresql":
        name = f"fresh_{secrets.token_hex(6)}"
        url = urlsplit(os.environ["DATABASE_URL"])
        with psycopg.connect(url._replace(path="/postgres").geturl(), autocommit=True) as admin:
            admin.execute(f"CREATE DATABASE {name}")  # type: ignore[call-overload]
        environment["DATABASE_URL"] = url._replace(path=f"/{name}").geturl()
        drop = f"DROP DATABASE {name} WITH (FORCE)"

    def manage(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=PROJECT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=100,
            stdin=subprocess.DEVNULL,
        )

    yield manage
    if drop:
        with psycopg.connect(url._replace(path="/postgres").geturl(), autocommit=True) as admin:
            admin.execute(drop)  # type: ignore[call-overload]


@pytest.fixture
def shop(make_order: Callable[..., Waiting]) -> Order:  # noqa: F811
    """Two orders, one of them paid, with the customer's artwork in the store."""
    paid = make_order()
    paid.succeed()
    lifecycle.order_mark_paid(paid.order, paid.payment, actor="test-gateway")
    make_order(customerEmail="bob@example.com")
    return Order.objects.get(pk=paid.order.pk)


def test_a_lost_shop_is_whole_again(
    shop: Order,
    fresh: Callable[..., subprocess.CompletedProcess[str]],
    tmp_path: Path,
    record_property: Any,
) -> None:
    folder = tmp_path / "backups"
    call_command("backup", "--to", str(folder), "--files", stdout=io.StringIO())
    counts = row_counts()
    assert counts["orders_order"] == 2 and counts["uploads_asset"] >= 1

    done = fresh("restore", "latest", "--from", str(folder), "--files", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    figures = re.search(r"RPO ([0-9.]+) h .*RTO ([0-9.]+) s", done.stdout)
    assert figures, done.stdout
    rpo_h, rto_s = map(float, figures.groups())
    print(figures[0])
    record_property("rto_seconds", rto_s)
    assert rpo_h < 24 and rto_s < 60 * 60

    held = fresh("check_invariants")
    assert held.returncode == 0 and "rules hold" in held.stdout, held.stdout + held.stderr
    tell = (
        "import json; from ops.database_dump import row_counts; from orders.models import Order; "
        f"order = Order.objects.get(pk='{shop.pk}'); "
        "print(json.dumps([row_counts(), order.number, str(order.total), order.payment_status]))"
    )
    told = fresh("shell", "--no-imports", "-c", tell)
    assert told.returncode == 0, told.stderr
    found, number, total, status = json.loads(told.stdout)
    assert found == counts
    assert (number, total, status) == (shop.number, str(shop.total), "paid")
    again = fresh("restore", "latest", "--from", str(folder), "--yes")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "every table has as many rows now as in the backup" in again.stdout


def test_without_its_files_a_restore_is_not_whole(
    shop: Order, fresh: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    folder = tmp_path / "backups"
    call_command("backup", "--to", str(folder), stdout=io.StringIO())
    done = fresh("restore", "latest", "--from", str(folder), "--yes")
    assert done.returncode == 1
    assert "not in the store" in done.stdout and "broken: an asset's files are in the store" in done.stdout
    assert "not whole" in done.stderr


def test_files_alone_come_back(shop: Order, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asset = shop.lines.get().artworks.get().asset
    call_command("backup", "--to", str(tmp_path / "b"), "--files")
    data = read_file(private_storage(), asset.original_file)
    private_storage().delete(asset.original_file)
    Order.objects.update(internal_notes="written since")
    call_command("restore", "latest", "--from", str(tmp_path / "b"), "--files-only")
    assert "files: 1 put back" in capsys.readouterr().out
    assert read_file(private_storage(), asset.original_file) == data
    assert set(Order.objects.values_list("internal_notes", flat=True)) == {"written since"}


def test_a_broken_rule_is_named(shop: Order, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("check_invariants")
    Payment.objects.filter(order=shop).update(status=Payment.Status.CANCELED)
    private_storage().delete(shop.lines.get().artworks.get().asset.original_file)
    with pytest.raises(Exception, match="2 rules are broken"):
        call_command("check_invariants")
    said = capsys.readouterr().out
    assert f"a paid order has a payment that succeeded: 1 ({shop.pk})" in said
    assert "an asset's files are in the store: 1 (" in said


def test_the_drill_leaves_nothing_behind(shop: Order, tmp_path: Path) -> None:
    from ops.backup import backup_create

    backup = backup_create(tmp_path, kind="manual")
    lines: list[str] = []
    assert drill(backup, say=lines.append) == []
    assert re.fullmatch(r"drill: [0-9,]+ rows of \d+ tables restored in [0-9.]+ s", lines[0])
    backup.manifest["database"]["rows"]["orders_order"] = 3
    assert drill(backup, say=lines.append) == [
        f"{backup.name}: orders_order has 2 rows after the restore, not 3"
    ]
    backup.dump_path.write_bytes(b"nothing of the kind")
    assert "cannot be restored" in drill(backup, say=lines.append)[0]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_database WHERE datname LIKE 'drill_%%'")
            assert cursor.fetchone() == (0,)
