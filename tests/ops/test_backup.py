"""Backups are made whole or not at all, are checked, listed and forgotten; tables and files come back."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import storages
from django.core.management import CommandError, call_command
from django.utils import timezone

from common.storage import private_storage, public_storage, read_file
from ops import backup as backups_module
from ops import offsite
from ops.backup import SUMS, BackupFailed, backup_create, backup_find, backups, damages, findings
from ops.database_dump import DumpFailed
from ops.inventory import StoreDiffers, inventory_read, put_back, store_names
from ops.restore import restore
from orders.models import Order
from tests.factories.accounts import UserFactory
from tests.factories.orders import OrderFactory
from tests.factories.uploads import AssetFactory, JobFactory, picture_png
from uploads.models import Asset

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def own_store(tmp_path: Path, settings: Any) -> None:
    """A file store that no other test writes to."""
    areas = {
        alias: {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path / "store" / alias, "allow_overwrite": False},
        }
        for alias in ("default", "public")
    }
    settings.STORAGES = settings.STORAGES | areas


def made(folder: Path, **options: Any) -> backups_module.Backup:
    return backup_create(folder, kind="manual", **options)


def test_a_backup_says_what_is_in_it(tmp_path: Path) -> None:
    orders = OrderFactory.create_batch(3)
    asset = AssetFactory()
    backup = made(tmp_path / "b", files=True)
    assert backup.rows["orders_order"] == len(orders) == Order.objects.count()
    assert backup.rows["django_migrations"] > 10
    assert "orders.0001_initial" in backup.manifest["migrations"]
    assert "orders_order" in (backup.path / "schema.sql").read_text()
    listed = {(stored.area, stored.name): stored for stored in inventory_read(backup.path / "inventory.csv")}
    assert set(listed) == {("private", asset.original_file), ("public", asset.public_name)}
    original = listed["private", asset.original_file]
    assert (original.size, original.sha256) == (asset.file_size, asset.sha256)
    assert (backup.path / "files" / "public" / asset.public_name).read_bytes() == picture_png()
    assert (backup.path.parent.stat().st_mode & 0o777, backup.dump_path.stat().st_mode & 0o777) == (
        0o700,
        0o600,
    )


def test_its_sums_are_what_sha256sum_checks(tmp_path: Path) -> None:
    backup = made(tmp_path / "b")
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", SUMS], cwd=backup.path, capture_output=True, text=True
    )
    assert done.returncode == 0
    names = {path.name for path in backup.path.iterdir()} - {SUMS}
    assert {line.split(": ")[0] for line in done.stdout.splitlines()} == names


def test_a_backup_that_fails_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object) -> dict[str, int]:
        raise DumpFailed("pg_dump: no space left")

    monkeypatch.setattr(backups_module, "dump", broken)
    with pytest.raises(BackupFailed, match="no space left"):
        made(tmp_path / "b")
    assert list((tmp_path / "b").iterdir()) == []


def test_a_checksum_is_read_once_and_copies_are_shared(tmp_path: Path) -> None:
    asset = AssetFactory()
    first = made(tmp_path / "b", files=True)
    path = Path(private_storage().path(asset.original_file))
    path.write_bytes(b"x" * asset.file_size)  # nobody does this: files are written once
    second = made(tmp_path / "b", files=True, now=timezone.now() + timedelta(seconds=2))
    copy = Path("files") / "private" / asset.original_file
    assert (first.path / copy).stat().st_ino == (second.path / copy).stat().st_ino
    third = made(tmp_path / "b", reread=True, now=timezone.now() + timedelta(seconds=4))
    sums = {stored.name: stored.sha256 for stored in inventory_read(third.path / "inventory.csv")}
    assert sums[asset.original_file] == hashlib.sha256(b"x" * asset.file_size).hexdigest() != asset.sha256


@pytest.mark.parametrize("harm", ["flipped", "gone", "no sums", "copy"])
def test_damage_is_found_and_such_a_backup_is_not_restored(tmp_path: Path, harm: str) -> None:
    asset = AssetFactory()
    backup = made(tmp_path / "b", files=True)
    assert damages(backup) == []
    if harm == "flipped":
        data = bytearray(backup.dump_path.read_bytes())
        data[len(data) // 2] ^= 1
        backup.dump_path.write_bytes(bytes(data))
    elif harm == "gone":
        (backup.path / "inventory.csv").unlink()
    elif harm == "no sums":
        (backup.path / SUMS).unlink()
    else:
        (backup.path / "files" / "public" / asset.public_name).write_bytes(b"other")
    assert len(damages(backup)) == 1
    OrderFactory()
    with pytest.raises(BackupFailed):
        restore(backup, now=timezone.now(), say=lambda line: None)
    assert Order.objects.count() == 1


def test_one_table_comes_back_and_the_others_stay(tmp_path: Path) -> None:
    order, asset = OrderFactory(), AssetFactory()
    backup = made(tmp_path / "b")
    Order.objects.update(internal_notes="spoilt")
    OrderFactory(customer_email="later@example.com")
    Asset.objects.update(original_name="renamed.png")
    done = restore(backup, only=["orders_order"], now=timezone.now(), say=lambda line: None)
    assert done.differing == ()
    assert list(Order.objects.values_list("pk", "internal_notes")) == [(order.pk, "")]
    assert Asset.objects.get(pk=asset.pk).original_name == "renamed.png"


def test_a_table_that_others_need_is_not_replaced(tmp_path: Path) -> None:
    """A job from after the backup would lose the picture that it works on."""
    AssetFactory()
    backup = made(tmp_path / "b")
    job = JobFactory()
    before = Asset.objects.count()
    with pytest.raises(DumpFailed, match="as it was"):
        restore(backup, only=["uploads_asset"], now=timezone.now(), say=lambda line: None)
    assert Asset.objects.count() == before == 2
    assert job.source.pk in Asset.objects.values_list("pk", flat=True)


def test_files_that_the_store_lacks_are_put_back_and_none_is_overwritten(tmp_path: Path) -> None:
    asset, other = AssetFactory(), AssetFactory()
    backup = made(tmp_path / "b", files=True)
    private_storage().delete(asset.original_file)
    public_storage().delete(asset.public_name)
    assert put_back(backup.path, say=lambda line: None) == 2
    assert read_file(private_storage(), asset.original_file) == picture_png()
    assert set(store_names()) == {
        *(("private", each.original_file) for each in (asset, other)),
        *(("public", each.public_name) for each in (asset, other)),
    }
    Path(public_storage().path(other.public_name)).write_bytes(b"something else")
    with pytest.raises(StoreDiffers, match=other.public_name):
        put_back(backup.path, say=lambda line: None)
    assert read_file(public_storage(), other.public_name) == b"something else"
    assert len(list(store_names())) == 4


def test_what_is_wrong_with_the_backups_is_said(tmp_path: Path) -> None:
    folder, now = tmp_path / "b", timezone.now()
    assert findings(folder, now=now) == [f"There is no backup in {folder}."]
    backup = made(folder, now=now - timedelta(hours=30))
    assert [line.split(";")[0] for line in findings(folder, now=now)] == [
        "The newest backup is 30 hours old",
        "No copy of the files is younger than 7 days.",
    ]
    assert findings(folder, now=now + timedelta(days=8), files=False) == [
        "The newest backup is 9 days old; after 7 it is no use."
    ]
    fresh = made(folder, files=True, now=now)
    assert findings(folder, now=now) == []
    manifest = json.loads((fresh.path / "manifest.json").read_text())
    manifest["files"][fresh.dump_path.name]["bytes"] = backup.dump_bytes * 7 // 10
    (fresh.path / "manifest.json").write_text(json.dumps(manifest))
    said = findings(folder, now=now)
    assert said == [
        "The database's dump is 30 % smaller than the one before.",
        f"{fresh.name}: manifest.json is not what was written",
    ]


def test_the_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = str(tmp_path / "b")
    OrderFactory()
    out = io.StringIO()
    call_command("backup", "--to", folder, "--files", "--dry-run", stdout=out)
    assert "would write to" in out.getvalue() and not Path(folder).exists()
    call_command("backup", "--to", folder, "--files", stdout=out)
    (backup,) = backups(Path(folder))
    assert backup.kind == "daily"
    call_command("backup", "--to", folder, "--list", stdout=out)
    assert backup.name in out.getvalue().splitlines()[-1]
    call_command("verify_backups", "--in", folder, "--drill", stdout=out)
    assert "drill: " in out.getvalue() and "are good" in out.getvalue()

    OrderFactory()
    call_command("restore", "latest", "--from", folder, "--dry-run", stdout=out)
    assert ["orders_order", "2", "1"] in [line.split() for line in out.getvalue().splitlines()]
    with pytest.raises(CommandError, match="Nobody can be asked"):
        call_command("restore", "latest", "--from", folder, stdout=out)
    assert Order.objects.count() == 2
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda question: "yes")
    with pytest.raises(CommandError, match="Nothing was changed"):
        call_command("restore", "latest", "--from", folder, stdout=out)
    assert Order.objects.count() == 2
    assert len(backups(Path(folder))) == 1


def test_an_unknown_backup_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BackupFailed, match="no backup"):
        backup_find(tmp_path, "latest")
    with pytest.raises(CommandError, match="no backup"):
        call_command("restore", "20260101T000000Z-daily", "--from", str(tmp_path), "--yes")


def test_a_backup_of_another_database_is_refused(tmp_path: Path) -> None:
    backup = made(tmp_path / "b")
    backup.manifest["database"]["vendor"] = "oracle"
    UserFactory()
    with pytest.raises(BackupFailed, match="of oracle"):
        restore(backup, now=timezone.now(), say=lambda line: None)


def test_a_backup_survives_its_machine_in_the_second_bucket(tmp_path: Path, settings: Any) -> None:
    settings.STORAGES = settings.STORAGES | {
        "backups": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path / "bucket", "allow_overwrite": False},
        }
    }
    asset = AssetFactory()
    backup = made(tmp_path / "b", files=True)
    assert offsite.backup_send(backup, say=lambda line: None) == 7
    assert offsite.backup_send(backup, say=lambda line: None) == 0
    fetched = offsite.backup_fetch(tmp_path / "elsewhere", "latest", say=lambda line: None)
    assert fetched.manifest == backup.manifest and damages(fetched) == []
    assert (fetched.path / "files" / "public" / asset.public_name).read_bytes() == picture_png()
    storages["backups"].delete(f"{backup.name}/{SUMS}")
    with pytest.raises(BackupFailed, match="no whole backup"):
        offsite.backup_fetch(tmp_path / "third", backup.name, say=lambda line: None)


def test_without_a_bucket_nothing_is_fetched(tmp_path: Path) -> None:
    with pytest.raises(BackupFailed, match="BACKUP_BUCKET"):
        offsite.backup_fetch(tmp_path, "latest", say=lambda line: None)
