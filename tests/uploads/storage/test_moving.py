"""One file is copied as a stream, read back, compared, and only then looked for in its new place."""

from __future__ import annotations

import hashlib
import tracemalloc
from typing import Any

import pytest
from django.core.files.base import ContentFile

from common.storage import private_storage, read_file, write_file
from tests.uploads.conftest import TARGET_BUCKET, buckets_keys
from uploads.models import StoredObject
from uploads.storage import moving
from uploads.storage.moving import Direction, MoveFailed, located, object_move

pytestmark = [pytest.mark.django_db, pytest.mark.production]

DATA = bytes(range(256)) * 400
DIGEST = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def name(target: Any) -> str:
    """A file of the home store."""
    return write_file(private_storage(), "originals/a.png", DATA)


def test_a_moved_file_is_read_from_the_new_store_and_the_old_copy_stays(name: str, target: Any) -> None:
    old = private_storage()
    assert object_move("private", name, sha256=DIGEST) == len(DATA)
    row = StoredObject.objects.get()
    assert (row.area, row.name, row.store, row.sha256, row.size_bytes) == (
        "private",
        name,
        "r2",
        DIGEST,
        len(DATA),
    )
    assert row.address.endswith(f"/{TARGET_BUCKET}/private/{name}")
    assert row.previous_address.endswith(name) and row.previous_address != row.address
    located("private").home.delete(name)
    assert read_file(private_storage(), name) == read_file(old, name) == DATA


def test_moving_again_copies_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    object_move("private", name, sha256=DIGEST)
    monkeypatch.setattr(type(located("private").target), "_save", None)
    assert object_move("private", name, sha256=DIGEST) == len(DATA)


def test_what_a_broken_off_copy_left_is_replaced(name: str) -> None:
    located("private").target.save(name, ContentFile(DATA[:1000]))
    object_move("private", name)
    assert read_file(located("private").target, name) == DATA


def test_a_file_that_is_not_the_recorded_one_stays(name: str, target: Any) -> None:
    with pytest.raises(MoveFailed) as failure:
        object_move("private", name, sha256="0" * 64)
    assert failure.value.code == "changed"
    assert StoredObject.objects.count() == 0
    assert buckets_keys(target) == set()
    assert read_file(private_storage(), name) == DATA


def test_a_copy_that_comes_back_different_is_not_used(
    name: str, target: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving, "file_digest", lambda storage, name: ("0" * 64, len(DATA)))
    with pytest.raises(MoveFailed) as failure:
        object_move("private", name, sha256=DIGEST)
    assert failure.value.code == "not_verified"
    assert StoredObject.objects.count() == 0
    assert buckets_keys(target) == set()
    assert read_file(private_storage(), name) == DATA


def test_a_file_that_is_deleted_while_it_is_copied_does_not_come_back(
    name: str, target: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = moving.file_digest

    def delete_then_digest(storage: Any, name: str) -> tuple[str, int]:
        located("private").home.delete(name)
        return digest(storage, name)

    monkeypatch.setattr(moving, "file_digest", delete_then_digest)
    with pytest.raises(MoveFailed) as failure:
        object_move("private", name, sha256=DIGEST)
    assert failure.value.code == "missing"
    assert StoredObject.objects.count() == 0
    assert buckets_keys(target) == set()


def test_a_file_that_is_nowhere_is_missing(target: Any) -> None:
    with pytest.raises(MoveFailed) as failure:
        object_move("private", "originals/gone.png")
    assert failure.value.code == "missing"


def test_a_shop_with_one_store_says_so(files_home: Any) -> None:
    with pytest.raises(MoveFailed) as failure:
        object_move("private", "a.png")
    assert failure.value.code == "not_configured"


def test_the_way_back_needs_no_copying(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    object_move("private", name, sha256=DIGEST)
    monkeypatch.setattr(moving.Storage, "save", None)
    object_move("private", name, sha256=DIGEST, direction=Direction.TO_HOME)
    assert StoredObject.objects.get().store == "home"
    assert read_file(private_storage(), name) == DATA


def test_the_way_back_copies_what_was_never_at_home(target: Any, settings: Any) -> None:
    settings.STORAGE_ROLLOUT_PERCENT = 100
    name = write_file(private_storage(), "originals/new.png", DATA)
    assert not located("private").home.exists(name)
    object_move("private", name, direction=Direction.TO_HOME)
    assert read_file(located("private").home, name) == DATA
    assert StoredObject.objects.get(name=name).store == "home"


def test_a_large_file_is_never_in_memory_as_a_whole(target: Any) -> None:
    size_bytes = 40 * 1024 * 1024
    name = write_file(private_storage(), "packs/large.zip", bytes(size_bytes))
    object_move("private", name)  # the first move imports and connects
    StoredObject.objects.all().delete()
    located("private").target.delete(name)
    tracemalloc.start()
    try:
        assert object_move("private", name) == size_bytes
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak_bytes < size_bytes // 2
