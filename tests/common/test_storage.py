"""Names that are permissions, and files that are never overwritten."""

import re

import pytest

from common.storage import private_storage, public_storage, random_name, read_file, write_file
from uploads.storage.serving import _PLAIN_NAME


@pytest.mark.parametrize("extension", ["png", "jpg"])
def test_a_name_is_unguessable_and_one_that_the_shop_serves(extension: str) -> None:
    names = {random_name(extension) for _ in range(500)}
    assert len(names) == 500
    for name in names:
        stem, _, end = name.partition(".")
        assert re.fullmatch(r"[A-Za-z0-9_-]{27}", stem)  # 27 of base64 hold 160 bits
        assert end == extension
        assert _PLAIN_NAME.fullmatch(name)


def test_what_is_written_is_read_back_and_only_there() -> None:
    name = write_file(private_storage(), f"originals/{random_name('bin')}", b"\x00\xff private")
    assert read_file(private_storage(), name) == b"\x00\xff private"
    with pytest.raises(FileNotFoundError):
        read_file(public_storage(), name)


def test_a_taken_name_is_never_overwritten() -> None:
    name = random_name("bin")
    first = write_file(public_storage(), name, b"first")
    second = write_file(public_storage(), name, b"second")
    assert first != second
    assert (read_file(public_storage(), first), read_file(public_storage(), second)) == (b"first", b"second")


@pytest.mark.parametrize("name", ["../outside.bin", "/etc/outside.bin"])
def test_a_name_cannot_lead_out_of_the_store(name: str) -> None:
    with pytest.raises(Exception, match=r"(?i)traversal|outside|absolute"):
        write_file(public_storage(), name, b"x")


def test_a_missing_file_is_missing() -> None:
    with pytest.raises(FileNotFoundError):
        read_file(public_storage(), random_name("png"))
