"""`python -m demo.example_pack`: the pictures of docs/example-pack/, from a pack that a printer would get.

It orders one tee printed on both sides from the running shop (or one of its own) and fetches its pack by the link.

The sheet's page needs `pdftoppm` (Debian: poppler-utils).
"""

from __future__ import annotations

import argparse
import io
import json
import os
import subprocess
import zipfile
from pathlib import Path

import requests
from PIL import Image

from demo.artwork import artwork as badge
from demo.pictures import on
from demo.storefront import Json, Storefront, artwork, cart_item, customization
from demo.walk import ADDRESS, ROOT, running_shop, until

EXAMPLE = ROOT / "docs" / "example-pack"
ART_PX = 3600
STAGE_PX, PIXELS_PER_INCH, BASE_PX = 600, 390 / 14, 500
_DARK, _GREY = (38, 38, 42), (120, 122, 126)
_SIDES = {"front": (11.0, 128.0), "back": (5.0, 118.0)}
"""How wide each print is in inches, and how far down the stage it begins."""


def order(shop: Storefront) -> str:
    """The number of a paid order of twelve black tees with the badge on both sides."""
    png = io.BytesIO()
    badge(ART_PX).save(png, "PNG")
    art = shop.upload_file("badge.png", png.getvalue(), "image/png")
    sides = {side: [artwork(shop.api_url, art, _position(*place))] for side, place in _SIDES.items()}
    product = shop.product("classic-tee")
    variant = next(v for v in product["variants"] if (v["color"], v["size"]) == ("Black", "M"))
    items = [cart_item(variant, 12, 17.98, customization(front=sides["front"], back=sides["back"]))]
    customer = {"email": "printer-demo@example.com", "name": "Ada Lovelace", "phone": ""}
    placed = shop.create_order(customer, items, ADDRESS, shop.tax(items, ADDRESS))
    intent = shop.confirm_card_payment(placed["client_secret"], "pm_card_visa")
    shop.capture_payment(placed["order"]["id"], intent["id"])
    return str(placed["order"]["order_number"])


def _position(width_in: float, top_px: float) -> Json:
    width_px = width_in * PIXELS_PER_INCH
    scale = width_px / BASE_PX
    return {"x": (STAGE_PX - width_px) / 2, "y": top_px, "scaleX": scale, "scaleY": scale, "rotation": 0}


def fetch(shop: Storefront, number: str) -> dict[str, bytes]:
    """The files of the order's pack by their path in its folder."""

    def ask() -> Json | None:
        tray = shop.json("GET", f"/test-printer/orders/{number}")
        return tray if tray["packs"] else None

    pack = until(ask, lambda waited_s: None)["packs"][0]
    data = requests.get(pack["url"], timeout=60).content
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}


def show(files: dict[str, bytes]) -> None:
    """Small pictures of the art, the white under it, the mock-ups and the sheet; the JSON as it is."""
    EXAMPLE.mkdir(parents=True, exist_ok=True)
    for name, rgb in (("art", _DARK), ("underbase", _GREY)):
        picture = on(Image.open(io.BytesIO(files[f"{name}/front.png"])), rgb)
        picture.thumbnail((560, 560), Image.Resampling.LANCZOS)
        picture.quantize(96).save(EXAMPLE / f"{name}-front.png", optimize=True)
    for side in ("front", "back"):
        mockup = Image.open(io.BytesIO(files[f"mockups/{side}.png"])).convert("RGB")
        mockup.thumbnail((560, 560), Image.Resampling.LANCZOS)
        mockup.save(EXAMPLE / f"mockup-{side}.jpg", quality=84, optimize=True, progressive=True)
    sheet = subprocess.run(
        ["pdftoppm", "-r", "96", "-png", "-singlefile", "-"],
        input=files["spec.pdf"],
        capture_output=True,
        check=True,
    ).stdout
    Image.open(io.BytesIO(sheet)).convert("RGB").quantize(128).save(EXAMPLE / "spec-sheet.png", optimize=True)
    for name in ("spec.json", "manifest.json"):
        (EXAMPLE / name).write_text(json.dumps(json.loads(files[name]), indent=2, ensure_ascii=False) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--api-url", default=f"http://127.0.0.1:{os.environ.get('PORT', '3001')}")
    api_url = parser.parse_args().api_url
    with running_shop(api_url):
        shop = Storefront(api_url)
        show(fetch(shop, order(shop)))
    for path in sorted(EXAMPLE.iterdir()):
        print(f"{Path(path).relative_to(ROOT)}  {path.stat().st_size // 1024} KB")


if __name__ == "__main__":
    main()
