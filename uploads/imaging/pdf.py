"""The first page of a PDF, or of an Illustrator file that is one, as pixels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pypdfium2  # type: ignore[import-untyped]
from numpy.typing import NDArray

from uploads.imaging.errors import ImageRejected, unreadable

POINTS_PER_INCH = 72


@dataclass(frozen=True)
class Page:
    """rgba: uint8 (H, W, 4), straight alpha, clear where the page is blank. width_in: as the page is to be printed."""

    rgba: NDArray[np.uint8]
    width_in: float
    page_count: int


def first_page(path: Path, *, long_side_px: int) -> Page:
    """The first page, `long_side_px` long. Forms, annotations' actions and scripts are not even loaded.

    Raises ImageRejected: `locked` for a file with a password, `unreadable` for a damaged one.
    """
    try:
        document = pypdfium2.PdfDocument(path)
        page_count = len(document)
        page = document[0]
        width_pt, height_pt = page.get_size()
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower() or "security" in str(error).lower():
            raise ImageRejected(
                "locked", "The PDF is protected by a password. Please save it without."
            ) from error
        raise unreadable(str(error)) from error
    except (IndexError, ValueError) as error:
        raise unreadable("no first page") from error
    if not (0.01 < width_pt < 1e6 and 0.01 < height_pt < 1e6):
        raise unreadable(f"a page of {width_pt} x {height_pt} points")
    bitmap = page.render(
        scale=long_side_px / max(width_pt, height_pt),
        fill_color=(0, 0, 0, 0),
        force_bitmap_format=pypdfium2.raw.FPDFBitmap_BGRA,
        rev_byteorder=True,
        may_draw_forms=False,
        draw_annots=False,
    )
    rgba = np.array(bitmap.to_numpy(), dtype=np.uint8)
    if not rgba[..., 3].any():
        raise ImageRejected("nothing_drawn", "The first page of the PDF is empty.")
    return Page(rgba, width_pt / POINTS_PER_INCH, page_count)
