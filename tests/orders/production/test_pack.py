"""The ZIP: what lies in it, that its bytes are fixed, and that nothing in it can be changed unseen."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile

import pytest

from orders.production.pack import PackInvalid, build_pack, open_pack
from tests.orders.production.examples import files, spec

FOLDER = "ST-2026-000042-1"


def repacked(data: bytes, change) -> bytes:
    """The same ZIP with its {path: bytes} changed in place, packed again without touching the manifest."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    change(contents)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def data() -> bytes:
    return build_pack(spec(), files())


def test_the_layout_and_the_manifest(data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.namelist() == [
            f"{FOLDER}/{path}"
            for path in (
                "art/back.png", "art/front.png", "mockups/back.png", "mockups/front.png", "spec.json", "spec.pdf",
                "underbase/back.png", "underbase/front.png", "manifest.json",
            )
        ]  # fmt: skip
        manifest = json.loads(archive.read(f"{FOLDER}/manifest.json"))
        assert {entry["path"]: entry["sha256"] for entry in manifest["files"]} == {
            name.removeprefix(f"{FOLDER}/"): hashlib.sha256(archive.read(name)).hexdigest()
            for name in archive.namelist()[:-1]
        }
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert (manifest["order_number"], manifest["line_number"]) == ("ST-2026-000042", 1)


def test_equal_input_has_equal_bytes_in_any_order(data: bytes) -> None:
    assert build_pack(spec(), dict(reversed(files().items()))) == data


def test_a_pack_opens_with_what_went_in(data: bytes) -> None:
    pack = open_pack(data)
    assert pack.name == FOLDER
    assert pack.spec == spec().to_dict()
    assert {path: pack.files[path] for path in files()} == files()


def test_a_sheet_that_is_brought_along_is_kept() -> None:
    pack = open_pack(build_pack(spec(), files() | {"spec.pdf": b"%PDF-1.7 mine"}))
    assert pack.files["spec.pdf"] == b"%PDF-1.7 mine"


@pytest.mark.parametrize(
    "path", ["manifest.json", "spec.json", "../evil.png", "/etc/passwd", "art//x.png", "a\\b", ""]
)
def test_reserved_and_escaping_paths_are_refused(path: str) -> None:
    with pytest.raises(ValueError, match="reserved or leaves"):
        build_pack(spec(), files() | {path: b"x"})


def test_a_placement_without_its_art_is_refused() -> None:
    with pytest.raises(ValueError, match=r"art/back\.png"):
        build_pack(spec(), {path: content for path, content in files().items() if path != "art/back.png"})


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            lambda c: c.update({f"{FOLDER}/art/front.png": c[f"{FOLDER}/art/front.png"][:-1] + b"x"}),
            "not the file",
        ),
        (
            lambda c: c.update({f"{FOLDER}/spec.json": c[f"{FOLDER}/spec.json"].replace(b"12", b"21")}),
            "not the file",
        ),
        (lambda c: c.pop(f"{FOLDER}/spec.pdf"), "differ in spec.pdf"),
        (lambda c: c.update({f"{FOLDER}/extra.txt": b"x"}), "differ in extra.txt"),
        (lambda c: c.pop(f"{FOLDER}/manifest.json"), "no manifest"),
        (lambda c: c.update({f"{FOLDER}/manifest.json": b"{"}), "not JSON"),
        (lambda c: c.update({f"{FOLDER}/manifest.json": b"[]"}), "not a JSON object"),
        (lambda c: c.update({f"{FOLDER}/manifest.json": b"{}"}), "does not list"),
        (lambda c: c.update({"elsewhere/file.txt": b"x"}), "one folder"),
        (lambda c: c.update({f"{FOLDER}/../up.txt": b"x"}), "one folder"),
        (lambda c: c.clear(), "one folder"),
    ],
)
def test_every_change_is_noticed(data: bytes, change, reason: str) -> None:
    with pytest.raises(PackInvalid) as refused:
        open_pack(repacked(data, change))
    assert reason in refused.value.reason


@pytest.mark.parametrize("cut", [0, 10, 2000])
def test_a_torn_file_is_refused(data: bytes, cut: int) -> None:
    with pytest.raises(PackInvalid):
        open_pack(data[:cut])


def test_a_flipped_bit_is_noticed(data: bytes) -> None:
    torn = bytearray(data)
    torn[len(torn) // 3] ^= 1
    with pytest.raises(PackInvalid):
        open_pack(bytes(torn))


def test_a_bomb_is_not_unpacked(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orders.production.pack.MAX_UNPACKED_BYTES", 1000)
    with pytest.raises(PackInvalid, match="unpacks to more"):
        open_pack(data)
