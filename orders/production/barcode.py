"""Code 128 (ISO/IEC 15417), set B: the bars of a short text for the spec sheet.  [pure]"""

from __future__ import annotations

QUIET_MODULES = 10
"""The clear zone that a reader wants on either side, in widths of the narrowest bar."""

_START_B, _STOP = 104, 106
_WIDTHS = """
212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 122132
122231 113222 123122 123221 223211 221132 221231 213212 223112 312131 311222 321122 321221 312212
322112 322211 212123 212321 232121 111323 131123 131321 112313 132113 132311 211313 231113 231311
112133 112331 132131 113123 113321 133121 313121 211331 231131 213113 213311 213131 311123 311321
331121 312113 312311 332111 314111 221411 431111 111224 111422 121124 121421 141122 141221 112214
112412 122114 122411 142112 142211 241211 221114 413111 241112 134111 111242 121142 121241 114212
124112 124211 411212 421112 421211 212141 214121 412121 111143 111341 131141 114113 114311 411113
411311 113141 114131 311141 411131 211412 211214 211232 2331112
""".split()  # noqa: SIM905 - a table of 107 quoted strings is not more readable


def bars(text: str) -> list[tuple[int, int]]:
    """The bars as (left, width) in modules from the first bar on. Raises ValueError beyond printable ASCII."""
    if not text or not all(" " <= character <= "~" for character in text):
        raise ValueError("A barcode holds printable ASCII.")
    values = [ord(character) - 32 for character in text]
    checksum = (_START_B + sum(place * value for place, value in enumerate(values, start=1))) % 103
    found, at = [], 0
    for symbol in (_START_B, *values, checksum, _STOP):
        for index, width in enumerate(map(int, _WIDTHS[symbol])):
            if index % 2 == 0:
                found.append((at, width))
            at += width
    return found


def modules(text: str) -> int:
    """The width of all bars in modules, without the quiet zones."""
    left, width = bars(text)[-1]
    return left + width
