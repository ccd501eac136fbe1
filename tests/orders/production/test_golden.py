"""Packs whose pixels and numbers are known: a change of any of them is a change that printers will see."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from designs.geometry import Position
from orders.production.assembly import Line, Packed, SourceArtwork, SourcePlacement, assemble
from orders.production.pack import open_pack
from orders.production.pack_check import check_pack, may_be_released
from orders.production.spec import PackSpec, ShipTo
from tests.designs.stage_views import hoodie, white_tee_back
from tests.orders.production.examples import BLUE, RED, front_view, pixels, png

ROOT = Path(__file__).resolve().parents[3]


def badge() -> bytes:
    """600 by 300 px: a red field, a blue bar, a soft-edged hole and a fading right end."""
    rgba = np.zeros((300, 600, 4), np.uint8)
    rgba[:] = RED
    rgba[100:200, 60:300] = BLUE
    rows, columns = np.mgrid[0:300, 0:600]
    distance = np.hypot(rows - 150, columns - 420)
    rgba[:, :, 3] = np.clip((distance - 40) * 64, 0, 255)
    rgba[:, 540:, 3] = np.minimum(rgba[:, 540:, 3], np.linspace(255, 0, 60).astype(np.uint8))
    return png(Image.fromarray(rgba))


def line(method: str, colour_hex: str, *, turned: bool = False) -> Line:
    garment = "hoodie" if turned else "tee"
    views = (
        {view: hoodie(view) for view in ("front", "back")}
        if turned
        else {"front": front_view(), "back": white_tee_back()}
    )
    position = Position(330, 250, 0.1, 0.1, 30) if turned else Position(210, 210, 0.12, 0.12)
    artwork = SourceArtwork("badge.png", position, 0, badge)
    facts = PackSpec(
        order_number="GOLD-1", line_number=1, created="2026-01-05", sku="SKU-1", product="Garment", colour_name="Cloth",
        colour_hex=colour_hex, size="M", quantity=2, method=method, method_name=method, placements=(), due="2026-01-12",
        ship_to=ShipTo("customer", "US", "CA"),
    )  # fmt: skip
    return Line(facts, garment, views, [SourcePlacement(views["front"], [artwork])], 10_000_000)


def packed(name: str) -> Packed:
    return assemble(
        {
            "dark tee, dtg": lambda: line("dtg", "#1b1b1d"),
            "white tee, dtf": lambda: line("dtf", "#ffffff"),
            "turned on a dark hoodie, screens": lambda: line("screen_print", "#1b1b1d", turned=True),
        }[name]()
    )


def numbers(result: Packed) -> dict[str, object]:
    """What is pinned of a pack: sizes, inks, and the SHA-256 of the alpha of each layer."""
    pack = open_pack(result.data)
    placement = pack.spec["placements"][0]
    layers = [path for path in pack.files if path.startswith(("art/", "underbase/"))]
    return {
        "inches": (placement["inches"]["left"], placement["inches"]["top"], placement["inches"]["width"]),
        "pixels": (placement["pixels"]["height"], placement["pixels"]["width"]),
        "colours": [colour["hex"] for colour in placement["colours"]],
        "inks": placement["inks"]["counted"],
        "alpha": {
            path: hashlib.sha256(np.ascontiguousarray(pixels(pack.files[path])[:, :, 3])).hexdigest()[:16]
            for path in sorted(layers)
        },
    }


EXPECTED: dict[str, dict[str, object]] = {
    "dark tee, dtg": {
        "inches": (3.0, 4.0, 1.997),
        "pixels": (300, 599),
        "colours": ["#d62839", "#184ea0"],
        "inks": None,
        "alpha": {"art/front.png": "ce4b8cc741e0e25c", "underbase/front.png": "e406bfc6a2adb622"},
    },
    "white tee, dtf": {
        "inches": (3.0, 4.0, 1.99),
        "pixels": (300, 597),
        "colours": ["#d62839", "#184ea0"],
        "inks": None,
        "alpha": {"art/front.png": "b918b8e33cdaaa6b"},
    },
    "turned on a dark hoodie, screens": {
        "inches": (6.237, 5.383, 0.98),
        "pixels": (246, 294),
        "colours": ["#d62839", "#184ea0", "#ef232b"],
        "inks": 2,
        "alpha": {"art/front.png": "c424b01bc1df234a", "underbase/front.png": "3903aabb3a3a44a6"},
    },
}


@pytest.mark.parametrize("name", ["dark tee, dtg", "white tee, dtf", "turned on a dark hoodie, screens"])
def test_golden_packs(name: str) -> None:
    result = packed(name)
    assert numbers(result) == EXPECTED[name]
    findings = check_pack(result.data)
    assert may_be_released(findings), [f for f in findings if not f.ok]


def test_the_art_is_the_original_pixel_for_pixel_where_it_is_not_resampled() -> None:
    art = pixels(open_pack(packed("dark tee, dtg").data).files["art/front.png"])
    original = np.asarray(Image.open(io.BytesIO(badge())))
    inked = original[:, : art.shape[1], 3] > 0
    assert art.shape[0] == 300 and np.array_equal(art[:, :, 3][inked], original[:, : art.shape[1], 3][inked])
    drawn, sent = art[inked].astype(int), original[:, : art.shape[1]][inked].astype(int)
    solid = sent[:, 3] == 255
    assert np.array_equal(drawn[solid], sent[solid])
    # A half-clear pixel keeps its colour to within one level of what is laid on the cloth.
    off = np.abs(drawn[:, :3] - sent[:, :3]) * sent[:, 3:] / 255
    assert off.max() <= 1


def test_another_process_makes_the_same_bytes() -> None:
    program = (
        "import hashlib; from tests.orders.production.test_golden import packed; "
        "print(hashlib.sha256(packed('dark tee, dtg').data).hexdigest())"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "77", "DJANGO_SETTINGS_MODULE": "stolentee.settings"}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    ours = hashlib.sha256(packed("dark tee, dtg").data).hexdigest()
    assert done.stdout.split()[-1] == ours


def test_screens_and_transfers_have_no_half_transparent_pixel() -> None:
    for name in ("white tee, dtf", "turned on a dark hoodie, screens"):
        pack = open_pack(packed(name).data)
        for path in [path for path in pack.files if path.startswith("art/")]:
            assert np.unique(pixels(pack.files[path])[:, :, 3]).tolist() == [0, 255]
