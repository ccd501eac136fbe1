"""Draw the garment bases and the storefront's pictures: `python -m products.garments.draw`, two minutes.

Everything is geometry and noise with fixed seeds, so the pictures owe nothing to anybody and come out the
same each time.
"""

from pathlib import Path

from PIL import Image

from products.garments.hoodie import hoodie
from products.garments.tee import tee
from products.garments.tint import BASE_DIRECTORY, VIEWS, garment_picture

ASSET_DIRECTORY = Path(__file__).parent / "public" / "assets"
TEE_ASSET_WIDTH_PX = 803
HOODIE_ASSET_WIDTH_PX = 992
CLOTH_COLOURS = {"black": "#1b1b1d", "white": "#f7f7f5", "navy": "#1f2a44"}


def draw_bases() -> None:
    """Write tee and hoodie, front and back, to `base/`."""
    BASE_DIRECTORY.mkdir(parents=True, exist_ok=True)
    for name, draw in (("tee", tee), ("hoodie", hoodie)):
        for view in VIEWS:
            draw(view).save(BASE_DIRECTORY / f"{name}-{view}.png", optimize=True)


def _save_asset(picture: Image.Image, name: str) -> None:
    picture.save(ASSET_DIRECTORY / name, optimize=True)


def write_assets() -> None:
    """Write the pictures under the names that the storefront asks for."""
    ASSET_DIRECTORY.mkdir(parents=True, exist_ok=True)
    for view in VIEWS:
        for name, colour_hex in CLOTH_COLOURS.items():
            _save_asset(garment_picture("tee", view, colour_hex, TEE_ASSET_WIDTH_PX), f"{name}-{view}.png")
        black_hoodie = garment_picture("hoodie", view, CLOTH_COLOURS["black"], HOODIE_ASSET_WIDTH_PX)
        _save_asset(black_hoodie, f"hoodie-black-{view}.png")
    _save_asset(
        garment_picture("tee", "front", CLOTH_COLOURS["white"], TEE_ASSET_WIDTH_PX), "blank-tshirt.png"
    )


def main() -> None:
    draw_bases()
    write_assets()


if __name__ == "__main__":
    main()
