"""Two stores read as one: by the table, with the other store behind it; new files by the rollout."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from django.core.files.base import ContentFile

from common.storage import area_storage, kept_together, private_storage, public_storage, read_file, write_file
from tests.s3 import keys_in
from tests.uploads.conftest import TARGET_BUCKET, TARGET_PUBLIC_BUCKET, buckets_keys
from uploads.models import StoredObject
from uploads.storage.located import LocatedStorage, is_rolled_out, s3_store
from uploads.storage.moving import located

pytestmark = [pytest.mark.django_db, pytest.mark.production]


def test_without_a_second_store_nothing_is_wrapped(home: str) -> None:
    assert not isinstance(private_storage(), LocatedStorage)
    name = write_file(private_storage(), "originals/a.png", b"a")
    assert read_file(private_storage(), name) == b"a"
    assert StoredObject.objects.count() == 0
    assert (s3_store(private_storage(), name) is None) == (home == "files")


def test_at_zero_percent_new_files_stay_at_home(target: Any, settings: Any) -> None:
    settings.STORAGE_ROLLOUT_PERCENT = 0
    name = write_file(private_storage(), "originals/a.png", b"a")
    assert read_file(private_storage(), name) == b"a"
    assert StoredObject.objects.count() == 0
    assert buckets_keys(target) == set()


def test_at_a_hundred_percent_new_files_go_to_the_new_store_and_are_found_there(
    target: Any, settings: Any
) -> None:
    settings.STORAGE_ROLLOUT_PERCENT = 100
    private = write_file(private_storage(), "originals/a.png", b"secret")
    public = write_file(public_storage(), "b.png", b"shown")
    assert keys_in(target, TARGET_BUCKET) == [f"private/{private}"]
    assert keys_in(target, TARGET_PUBLIC_BUCKET) == [f"public/{public}"]
    assert not located("private").home.exists(private)
    assert (read_file(private_storage(), private), private_storage().size(private)) == (b"secret", 6)
    row = StoredObject.objects.get(area="private", name=private)
    assert (row.store, row.size_bytes, row.previous_address) == ("r2", 6, "")
    assert row.address.endswith(f"/{TARGET_BUCKET}/private/{private}")
    head = target.head_object(Bucket=TARGET_PUBLIC_BUCKET, Key=f"public/{public}")
    assert (head["ContentType"], head["CacheControl"]) == ("image/png", "public, max-age=31536000, immutable")


def test_the_files_of_one_asset_go_the_same_way(target: Any, settings: Any) -> None:
    settings.STORAGE_ROLLOUT_PERCENT = 50
    for key in ("asset-1", "asset-2", "asset-3", "asset-4", "asset-5", "asset-6"):
        with kept_together(key):
            names = [write_file(public_storage(), f"{key}-{number}.png", b"x") for number in range(3)]
        there = [located("public").target.exists(name) for name in names]
        assert there == [is_rolled_out(key, 50)] * 3
    assert {is_rolled_out(f"asset-{number}", 50) for number in range(1, 7)} == {True, False}


@pytest.mark.parametrize(
    ("percent", "low", "high"), [(0, 0, 0), (10, 60, 140), (50, 430, 570), (100, 1000, 1000)]
)
def test_the_share_is_the_percentage_and_only_grows(percent: int, low: int, high: int) -> None:
    keys = [f"key-{number}" for number in range(1000)]
    chosen = {key for key in keys if is_rolled_out(key, percent)}
    assert low <= len(chosen) <= high
    assert chosen <= {key for key in keys if is_rolled_out(key, min(100, percent + 10))}


def test_a_file_that_lies_in_the_other_store_is_found_all_the_same(target: Any) -> None:
    storage = located("public")
    storage.target.save("only-there.png", ContentFile(b"there"))
    assert read_file(storage, "only-there.png") == b"there"
    storage.home.save("only-home.png", ContentFile(b"home"))
    StoredObject.objects.create(area="public", name="only-home.png", store="r2", address="-", size_bytes=4)
    assert read_file(storage, "only-home.png") == b"home"
    assert storage.listdir("")[1] == ["only-home.png", "only-there.png"]
    with pytest.raises(FileNotFoundError):
        read_file(storage, "nowhere.png")


def test_when_the_new_store_is_down_the_old_copy_is_shown(
    target: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = located("public")
    storage.home.save("a.png", ContentFile(b"copy"))
    StoredObject.objects.create(area="public", name="a.png", store="r2", address="-", size_bytes=4)
    StoredObject.objects.create(area="public", name="b.png", store="r2", address="-", size_bytes=4)

    def down(*args: object, **options: object) -> None:
        raise EndpointConnectionError(endpoint_url="http://r2")

    monkeypatch.setattr(type(storage.target), "_open", down)
    if type(storage.home) is type(storage.target):  # the home store is S3 as well, and down with it
        with pytest.raises(EndpointConnectionError):
            read_file(storage, "a.png")
        return
    assert read_file(storage, "a.png") == b"copy"
    with pytest.raises(EndpointConnectionError):
        read_file(storage, "b.png")


def test_deleting_leaves_neither_copy_nor_row(target: Any) -> None:
    storage = located("private")
    for store in (storage.home, storage.target):
        store.save("a.png", ContentFile(b"a"))
    StoredObject.objects.create(area="private", name="a.png", store="r2", address="-", size_bytes=1)
    area_storage("private").delete("a.png")
    assert not storage.exists("a.png")
    assert StoredObject.objects.count() == 0


def test_a_taken_name_is_never_written_over_in_either_store(target: Any, settings: Any) -> None:
    first = write_file(private_storage(), "originals/a.png", b"first")
    settings.STORAGE_ROLLOUT_PERCENT = 100
    second = write_file(private_storage(), "originals/a.png", b"second")
    assert first != second
    assert (read_file(private_storage(), first), read_file(private_storage(), second)) == (
        b"first",
        b"second",
    )
