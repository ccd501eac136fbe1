"""The pack of one order line: a ZIP with fixed bytes, and its check after the fact.

<order>-<line>/art/front.png        one file for each placement, true size
<order>-<line>/mockups/front.png    and back.png
<order>-<line>/spec.pdf             the sheet
<order>-<line>/spec.json            the same numbers for machines
<order>-<line>/manifest.json        every other file with its SHA-256
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orders.production.sheet import spec_sheet
from orders.production.spec import SCHEMA_VERSION, PackSpec

MANIFEST = "manifest.json"
SPEC_JSON = "spec.json"
SPEC_PDF = "spec.pdf"
MAX_UNPACKED_BYTES = 512 * 1024 * 1024
"""Three full prints at 81 MB would fit even uncompressed; more is no pack of ours."""

_FIXED_TIME = (1980, 1, 1, 0, 0, 0)
_FILE_MODE = 0o100644 << 16
_STORED_SUFFIXES = (".png", ".pdf")
"""These are compressed already; deflating them again costs time and gains nothing."""


class PackInvalid(ValueError):
    """Raised when a ZIP is not an intact production pack."""

    code = "pack_invalid"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Pack:
    """An opened pack whose every hash was right. `files` maps paths inside the folder to bytes, manifest
    included.
    """

    name: str
    spec: dict[str, Any]
    files: dict[str, bytes]


def build_pack(spec: PackSpec, files: Mapping[str, bytes]) -> bytes:
    """The ZIP of this line; equal input gives equal bytes.

    `files` maps paths inside the folder to bytes: `art/<placement>.png` for each placement,
    `mockups/front.png`, `mockups/back.png`. The sheet, the JSON and the manifest are written here (`spec.pdf`
    only where `files` brings none). Raises ValueError when a placement's art is missing or a path is
    reserved.
    """
    missing = [p.art_file for p in spec.placements if p.art_file not in files]
    if missing:
        raise ValueError(f"The pack lacks {', '.join(missing)}.")
    if {SPEC_JSON, MANIFEST} & files.keys() or not all(_is_plain(path) for path in files):
        raise ValueError("A path of the pack is reserved or leaves its folder.")
    content = dict(files)
    mockups = {side: files[path] for side in ("front", "back") if (path := f"mockups/{side}.png") in files}
    if SPEC_PDF not in content:
        content[SPEC_PDF] = spec_sheet(spec, mockups)
    content[SPEC_JSON] = spec.to_json().encode()
    content[MANIFEST] = _manifest(spec, content)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in sorted(content, key=lambda path: (path == MANIFEST, path)):
            entry = zipfile.ZipInfo(f"{spec.pack_name}/{path}", date_time=_FIXED_TIME)
            entry.create_system = 3
            entry.external_attr = _FILE_MODE
            stored = path.endswith(_STORED_SUFFIXES)
            entry.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
            archive.writestr(entry, content[path])
    return buffer.getvalue()


def open_pack(data: bytes) -> Pack:
    """The pack in these bytes, with every file compared to the manifest. Raises PackInvalid."""
    name, files = _unpacked(data)
    if MANIFEST not in files:
        raise PackInvalid("The pack has no manifest.")
    manifest = _json_object(files[MANIFEST], MANIFEST)
    listed = _listed(manifest)
    found = files.keys() - {MANIFEST}
    if listed.keys() != found:
        odd = ", ".join(sorted(listed.keys() ^ found))
        raise PackInvalid(f"The manifest and the files differ in {odd}.")
    for path, sha256 in listed.items():
        if hashlib.sha256(files[path]).hexdigest() != sha256:
            raise PackInvalid(f"{path} is not the file that the manifest lists.")
    if SPEC_JSON not in files:
        raise PackInvalid("The pack has no spec.json.")
    return Pack(name, _json_object(files[SPEC_JSON], SPEC_JSON), files)


def _manifest(spec: PackSpec, content: Mapping[str, bytes]) -> bytes:
    manifest = {
        "schema_version": SCHEMA_VERSION,
        "order_number": spec.order_number,
        "line_number": spec.line_number,
        "files": [
            {
                "path": path,
                "sha256": hashlib.sha256(content[path]).hexdigest(),
                "size_bytes": len(content[path]),
            }
            for path in sorted(content)
        ],
    }
    return (json.dumps(manifest, sort_keys=True, indent=2, ensure_ascii=False) + "\n").encode()


def _unpacked(data: bytes) -> tuple[str, dict[str, bytes]]:
    """The folder's name and its files, every checksum of the archive compared."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            if sum(entry.file_size for entry in entries) > MAX_UNPACKED_BYTES:
                raise PackInvalid("The pack unpacks to more than any pack of ours.")
            names = [entry.filename for entry in entries]
            if len(set(names)) != len(names):
                raise PackInvalid("The pack names a file twice.")
            folders = {name.partition("/")[0] for name in names}
            paths = [name.partition("/")[2] for name in names]
            if len(folders) != 1 or not all(_is_plain(path) for path in paths):
                raise PackInvalid("The pack must be one folder of files.")
            contents = [archive.read(entry) for entry in entries]
            return folders.pop(), dict(zip(paths, contents, strict=True))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise PackInvalid("The file is not a readable ZIP.") from error


def _is_plain(path: str) -> bool:
    return bool(path) and "\\" not in path and all(part not in {"", ".", ".."} for part in path.split("/"))


def _json_object(data: bytes, path: str) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except ValueError as error:
        raise PackInvalid(f"{path} is not JSON.") from error
    if not isinstance(value, dict):
        raise PackInvalid(f"{path} is not a JSON object.")
    return value


def _listed(manifest: dict[str, Any]) -> dict[str, str]:
    try:
        return {str(entry["path"]): str(entry["sha256"]) for entry in manifest["files"]}
    except (KeyError, TypeError) as error:
        raise PackInvalid("The manifest does not list files with their hashes.") from error
