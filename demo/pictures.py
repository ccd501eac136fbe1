"""`python -m demo.pictures`: the README's pictures, from the files that `make demo` left in out/demo/.

The spec sheet's page needs `pdftoppm` (Debian: poppler-utils); without it the other picture is made all the same.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
DEMO = ROOT / "out" / "demo"
IMAGES = ROOT / "docs" / "images"
_HEIGHT_PX = 420
_GAP_PX = 12


def on(picture: Image.Image, rgb: tuple[int, int, int]) -> Image.Image:
    """A transparent picture on a plain background."""
    page = Image.new("RGBA", picture.size, (*rgb, 255))
    page.alpha_composite(picture.convert("RGBA"))
    return page.convert("RGB")


def strip(pictures: list[Image.Image]) -> Image.Image:
    """The pictures side by side at one height."""
    scaled = [
        picture.resize(
            (round(picture.width * _HEIGHT_PX / picture.height), _HEIGHT_PX), Image.Resampling.LANCZOS
        )
        for picture in pictures
    ]
    width = sum(picture.width for picture in scaled) + _GAP_PX * (len(scaled) - 1)
    sheet = Image.new("RGB", (width, _HEIGHT_PX), "white")
    left = 0
    for picture in scaled:
        sheet.paste(picture, (left, 0))
        left += picture.width + _GAP_PX
    return sheet


def pack_folder() -> Path:
    """The newest unpacked pack of the demo."""
    folders = sorted((DEMO / "pack").glob("*"), key=lambda path: path.stat().st_mtime)
    if not folders:
        raise SystemExit("out/demo/ holds no pack: run `make demo` first")
    return folders[-1]


def main() -> None:
    pack = pack_folder()
    IMAGES.mkdir(parents=True, exist_ok=True)
    art = Image.open(DEMO / "artwork.png")
    photo = Image.open(DEMO / "shirt-photo.jpg")
    mockup = Image.open(pack / "mockups" / "front.png")
    strip([photo, on(art, (246, 246, 244)), on(art, (24, 24, 26)), mockup]).save(
        IMAGES / "photo-to-tee.jpg", quality=86, optimize=True, progressive=True
    )
    if shutil.which("pdftoppm"):
        subprocess.run(
            [
                "pdftoppm",
                "-r",
                "80",
                "-png",
                "-singlefile",
                str(pack / "spec.pdf"),
                str(IMAGES / "spec-sheet"),
            ],
            check=True,
        )
        sheet = Image.open(IMAGES / "spec-sheet.png").convert("RGB")
        sheet.crop((0, 0, sheet.width, round(sheet.height * 0.76))).quantize(128).save(
            IMAGES / "spec-sheet.png", optimize=True
        )
    else:
        print(
            "pdftoppm is missing (Debian: poppler-utils): docs/images/spec-sheet.png stays as it is",
            file=sys.stderr,
        )
    for path in sorted(IMAGES.iterdir()):
        print(f"{path.relative_to(ROOT)}  {path.stat().st_size // 1024} KB")


if __name__ == "__main__":
    main()
