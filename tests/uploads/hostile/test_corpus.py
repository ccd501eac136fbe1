"""Each hostile file ends in a clear refusal that leaves nothing behind, or in the right asset."""

from __future__ import annotations

import io
import resource
import warnings
from typing import Any

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from common.storage import PRIVATE, PUBLIC, area_storage, private_storage, public_storage, read_file
from ops.files import names_in_store
from tests.uploads.hostile import corpus
from tests.uploads.hostile.corpus import REFUSED, Refused, encoded, pdf, scene, svg
from tests.uploads.hostile.heic import heic
from uploads.imaging import sandbox
from uploads.models import Asset

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("home")]

ORIENTATION, GPS = 0x0112, 0x8825
# How a camera stores an upright scene for each tag value (EXIF 2.3, tag 0x0112): the inverse of how it is shown.
STORED = {
    1: lambda rgb: rgb,
    2: lambda rgb: rgb[:, ::-1],
    3: lambda rgb: rgb[::-1, ::-1],
    4: lambda rgb: rgb[::-1],
    5: lambda rgb: rgb.transpose(1, 0, 2),
    6: lambda rgb: np.rot90(rgb, 1),
    7: lambda rgb: rgb[::-1, ::-1].transpose(1, 0, 2),
    8: lambda rgb: np.rot90(rgb, -1),
}


@pytest.fixture(autouse=True)
def little_time(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.RATELIMIT_ENABLE = False
    monkeypatch.setattr(sandbox, "CPU_S", 4)
    monkeypatch.setattr(sandbox, "WALL_S", 120)  # a busy machine must not decide which files are refused
    post("first.png", b"The first request of a run loads the whole shop, which is not what is measured.")


def post(name: str, data: bytes, path: str = "/api/uploads/file") -> Any:
    form = {"file": SimpleUploadedFile(name, data, "image/png")}
    return Client(raise_request_exception=False).post(path, form)


def taken(name: str, data: bytes) -> Asset:
    answer = post(name, data)
    assert answer.status_code == 201, answer.content
    return Asset.objects.get(pk=answer.json()["data"]["asset"]["id"])


def shown(asset: Asset) -> Image.Image:
    return Image.open(io.BytesIO(read_file(public_storage(), asset.public_name)))


def files_stored() -> set[str]:
    return {f"{area}/{name}" for area in (PRIVATE, PUBLIC) for name in names_in_store(area_storage(area))}


def colour_at(asset: Asset, x_share: float, y_share: float) -> list[int]:
    image = shown(asset).convert("RGB")
    return list(image.getpixel((int(image.width * x_share), int(image.height * y_share))))  # type: ignore[arg-type]


def assert_scene(asset: Asset, tolerance: int) -> None:
    """The four quarters are where they belong and have their colours."""
    wanted = [(220, 30, 30), (30, 160, 60), (40, 60, 200), (255, 255, 255)]
    places = [(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)]
    found = [colour_at(asset, *place) for place in places]
    assert np.abs(np.array(found) - np.array(wanted)).max() <= tolerance, found
    assert (asset.width_px, asset.height_px) == (48, 32)


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED.keys())
def test_a_hostile_file_is_refused_and_leaves_nothing(case: Refused) -> None:
    data, before = case.make(), files_stored()
    own_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    answer = post(case.name, data)
    assert answer.status_code == 400, answer.content[:300]
    body = answer.json()
    assert body["code"] in case.codes, body
    assert body["message"][0].isupper() and len(body["message"]) > 15
    assert not Asset.objects.exists()
    assert files_stored() == before
    grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - own_kb
    assert grown_kb < 64 * 1024
    # The largest child of this run so far.
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 < sandbox.MEMORY_BYTES


def test_a_transparent_png_is_kept_byte_for_byte_and_shown_pixel_for_pixel() -> None:
    rgba = np.random.default_rng(5).integers(0, 256, (60, 90, 4), dtype=np.uint8)
    data = encoded(Image.fromarray(rgba), "PNG", dpi=(300, 300))
    asset = taken("art.png", data)
    assert read_file(private_storage(), asset.original_file) == data
    found = np.asarray(shown(asset).convert("RGBA"))
    visible = rgba[..., 3] > 0
    assert np.array_equal(found[..., 3], rgba[..., 3])
    assert np.array_equal(found[visible], rgba[visible])
    assert (asset.dpi, asset.has_alpha, asset.file_type, asset.public_file_type) == (
        300,
        True,
        "image/png",
        "image/png",
    )


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_every_orientation_is_turned_upright(orientation: int, kind: str) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    exif.get_ifd(GPS)[1] = "N"
    stored = np.ascontiguousarray(STORED[orientation](scene()))
    options: dict[str, Any] = {
        "WEBP": {"lossless": True},
        "JPEG": {"quality": 95},
        "AVIF": {"quality": 95},
    }.get(kind, {})
    asset = taken("photo", encoded(Image.fromarray(stored), kind, exif=exif, **options))
    assert_scene(asset, 12)
    file = read_file(public_storage(), asset.public_name)
    assert b"Exif" not in file and b"eXIf" not in file
    assert ORIENTATION not in shown(asset).getexif()


@pytest.mark.parametrize(("turns", "size"), [(0, (48, 32)), (1, (32, 48)), (3, (32, 48))])
def test_a_phones_heic_is_turned_and_its_place_forgotten(turns: int, size: tuple[int, int]) -> None:
    exif = Image.Exif()
    exif[0x010F] = "A phone"
    exif.get_ifd(GPS)[1] = "N"
    data = heic(scene(), quarter_turns=turns, exif=exif.tobytes())
    assert b"A phone" in data
    asset = taken("IMG_0001.HEIC", data)
    assert (asset.file_type, asset.width_px, asset.height_px) == ("image/heic", *size)
    found = np.asarray(shown(asset).convert("RGB")).astype(int)
    assert np.abs(found - np.rot90(scene(), turns)).max() <= 12
    assert b"A phone" not in read_file(public_storage(), asset.public_name)
    assert read_file(private_storage(), asset.original_file) == data


def test_a_phones_heic_is_a_shirt_photo_too() -> None:
    answer = post("IMG_0001.HEIC", heic(scene()), "/api/uploads/shirt-photo")
    assert answer.status_code == 201, answer.content
    assert answer.json()["data"]["jobId"]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "AVIF", "TIFF"])
def test_one_pixel_is_a_picture(kind: str) -> None:
    asset = taken("dot", encoded(Image.new("RGB", (1, 1), (200, 40, 40)), kind))
    assert (asset.width_px, asset.height_px) == (1, 1)
    assert np.abs(np.array(colour_at(asset, 0, 0)) - (200, 40, 40)).max() <= 20


@pytest.mark.parametrize(
    ("name", "kind"), [("art.svg", "PNG"), ("art.pdf", "JPEG"), ("art.exe", "WEBP"), ("art", "AVIF")]
)
def test_the_name_and_the_claimed_type_play_no_part(name: str, kind: str) -> None:
    asset = taken(name, encoded(Image.fromarray(scene()), kind, quality=95))
    assert asset.file_type == f"image/{kind.lower()}"
    assert asset.original_name == name
    assert asset.public_name.endswith((".png", ".jpg"))


@pytest.mark.parametrize(
    "tail", [b"<script>alert(1)</script>", b"PK\3\4" + bytes(30), pdf(corpus.PDF_SQUARE), b"<?php echo 1;"]
)
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_what_hangs_on_a_polyglot_is_not_passed_on(kind: str, tail: bytes) -> None:
    data = encoded(Image.fromarray(scene()), kind, quality=95) + tail
    asset = taken("a.png", data)
    assert_scene(asset, 12)
    assert tail not in read_file(public_storage(), asset.public_name)
    assert read_file(private_storage(), asset.original_file) == data


def test_modes_that_browsers_do_not_have_are_converted() -> None:
    cyan = (255, 0, 0, 0)
    for kind in ("JPEG", "TIFF"):
        asset = taken("cmyk", encoded(Image.new("CMYK", (20, 20), cyan), kind, quality=95))
        red, green, blue = colour_at(asset, 0.5, 0.5)
        assert red < 60 and green > 120 and blue > 180, (kind, red, green, blue)
        assert shown(asset).mode == "RGB"
    grey = np.tile(np.array([[0, 257, 32_896, 65_535]], dtype=np.uint16), (4, 1))
    found = np.asarray(shown(taken("sixteen", encoded(Image.fromarray(grey), "PNG"))).convert("L"))
    assert np.abs(found[0].astype(int) - [0, 1, 128, 255]).max() <= 1
    palette = Image.fromarray(np.array([[0, 1, 2]], dtype=np.uint8), "P")
    palette.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
    asset = taken("palette", encoded(palette, "PNG", transparency=1))
    assert np.asarray(shown(asset).convert("RGBA"))[0, :, 3].tolist() == [255, 0, 255]
    assert asset.has_alpha


@pytest.mark.parametrize("kind", ["WEBP", "PNG", "AVIF"])
def test_of_an_animation_the_first_frame_counts(kind: str) -> None:
    frames = [Image.fromarray(scene()), Image.new("RGB", (48, 32), (1, 2, 3))]
    asset = taken("a", encoded(frames[0], kind, save_all=True, append_images=frames[1:], quality=95))
    assert_scene(asset, 12)
    assert asset.metadata["frames"] == 2


def test_of_an_svg_only_what_draws_is_drawn() -> None:
    data = svg(
        b"<script>alert(1)</script>"
        b"<style>@import url(http://127.0.0.1/a.css); .blue{fill:#0000ff} .far{fill:url(http://127.0.0.1/p)}</style>"
        b'<image width="40" height="30" xlink:href="http://127.0.0.1/x.png"/>'
        b'<circle cx="20" cy="15" r="10" class="blue" onload="alert(2)"/><foreignObject><body/></foreignObject>'
    )
    asset = taken("art.svg", data)
    assert (asset.file_type, asset.public_file_type, asset.has_alpha) == ("image/svg+xml", "image/png", True)
    assert (asset.width_px, asset.height_px) == (4800, 3600)
    assert shown(asset).size == (2000, 1500) == (asset.display_width_px, asset.display_height_px)
    rgba = np.asarray(shown(asset))
    assert rgba[750, 1000].tolist() == [0, 0, 255, 255]
    assert rgba[10, 10, 3] == 0
    assert read_file(private_storage(), asset.original_file) == data
    assert not [name for name in files_stored() if name.startswith(PUBLIC) and name.endswith(".svg")]


def test_a_pdf_with_javascript_is_only_drawn() -> None:
    script = b"/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>"
    data = pdf(corpus.PDF_SQUARE, catalogue=script, extra=b"/AA<</O<</S/JavaScript/JS(app.alert\\(2\\))>>>>")
    asset = taken("art.ai", data)
    assert (asset.file_type, asset.public_file_type, asset.metadata["pages"]) == (
        "application/pdf",
        "image/png",
        1,
    )
    assert (asset.width_px, asset.height_px, asset.dpi) == (4800, 2400, 2400)
    rgba = np.asarray(shown(asset))
    assert rgba[500, 500].tolist() == [255, 0, 0, 255]
    assert rgba[500, 1500, 3] == 0
    assert b"JavaScript" not in read_file(public_storage(), asset.public_name)


def test_a_picture_at_the_limit_of_pixels_is_taken() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        asset = taken("large.png", corpus.png_bomb(10_000))
    assert (asset.width_px, asset.height_px) == (10_000, 10_000)
    assert (asset.display_width_px, asset.display_height_px) == (2000, 2000)
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 < sandbox.MEMORY_BYTES
