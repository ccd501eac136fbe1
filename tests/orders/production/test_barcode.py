"""The bars of the sheet, read by a scanner's library."""

from __future__ import annotations

import numpy as np
import pytest
import zxingcpp
from PIL import Image

from orders.production.barcode import QUIET_MODULES, bars, modules


@pytest.mark.parametrize("text", ["RB-MFAPGR-CKRQ9S-PCB53B-1", "ST-2026-000042-12", "a~ Z", "!"])
def test_a_scanner_reads_the_text(text: str) -> None:
    picture = np.full((60, (modules(text) + 2 * QUIET_MODULES) * 3), 255, np.uint8)
    for left, width in bars(text):
        picture[:, (QUIET_MODULES + left) * 3 : (QUIET_MODULES + left + width) * 3] = 0
    (found,) = zxingcpp.read_barcodes(Image.fromarray(picture))
    assert (found.text, found.format) == (text, zxingcpp.BarcodeFormat.Code128)


@pytest.mark.parametrize("text", ["", "Größe", "a\n"])
def test_other_characters_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="printable ASCII"):
        bars(text)
