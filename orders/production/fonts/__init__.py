"""The bundled fonts: which of them a text needs, and the text in the order in which a page draws it."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from pathlib import Path

from fontTools.ttLib import TTFont  # type: ignore[import-untyped]
from fpdf.bidi import BidiParagraph

FOLDER = Path(__file__).resolve().parent
REGULAR = FOLDER / "DejaVuSans.ttf"
BOLD = FOLDER / "DejaVuSans-Bold.ttf"
EAST_ASIAN = FOLDER / "WenQuanYiMicroHei.ttf"

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
ARABIC_FORMS = (*range(0xFB50, 0xFDD0), *range(0xFE70, 0xFEFD))
RIGHT_TO_LEFT = frozenset({"R", "AL"})
INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})


@lru_cache(maxsize=4)
def characters_of(font: Path) -> frozenset[int]:
    """The code points that a font can draw."""
    with TTFont(font, lazy=True) as opened:
        return frozenset(opened.getBestCmap())


def needs_east_asian(text: str) -> bool:
    """Whether the text has characters that only the Chinese, Japanese and Korean font can draw."""
    missing = {ord(character) for character in text} - characters_of(REGULAR) - {0x0A}
    return bool(missing) and not missing.isdisjoint(characters_of(EAST_ASIAN))


def drawable(text: str) -> tuple[str, int]:
    """The text with every character that no bundled font has replaced by a mark, and how many those were.

    Spaces of every kind become plain ones, and control characters disappear; line feeds stay.
    """
    known = characters_of(REGULAR) | (characters_of(EAST_ASIAN) if needs_east_asian(text) else frozenset())
    kept: list[str] = []
    missing = 0
    for character in unicodedata.normalize("NFC", text):
        if character == "\n":
            kept.append(character)
        elif character.isspace():
            kept.append(" ")
        elif unicodedata.category(character) in INVISIBLE:
            continue
        elif ord(character) in known:
            kept.append(character)
        else:
            kept.append(REPLACEMENT)
            missing += 1
    return "".join(kept), missing


def reads_right_to_left(line: str) -> bool:
    """Whether a line begins at the right: its first letter with a direction decides."""
    directions = (unicodedata.bidirectional(character) for character in line)
    return next((one in RIGHT_TO_LEFT for one in directions if one in {"L", *RIGHT_TO_LEFT}), False)


def in_drawing_order(line: str) -> str:
    """One line as its glyphs stand from left to right: Arabic joined, right-to-left runs turned round."""
    if not any(unicodedata.bidirectional(character) in RIGHT_TO_LEFT for character in line):
        return line
    return str(BidiParagraph(_joined(line)).get_reordered_string())


@lru_cache(maxsize=1)
def _arabic_forms() -> dict[str, dict[str, str]]:
    """For each Arabic letter its shapes by position, read from Unicode's own decompositions."""
    forms: dict[str, dict[str, str]] = {}
    for code_point in ARABIC_FORMS:
        kind, _, letters = unicodedata.decomposition(chr(code_point)).partition(" ")
        if kind.startswith("<") and letters:
            text = "".join(chr(int(letter, 16)) for letter in letters.split())
            forms.setdefault(text, {})[kind.strip("<>")] = chr(code_point)
    return forms


def _joined(text: str) -> str:
    """The text with each Arabic letter in the shape that its neighbours ask for, lam and alef as one."""
    forms, available = _arabic_forms(), characters_of(REGULAR)
    letters = _with_ligatures(text)
    shaped: list[str] = []
    for index, letter in enumerate(letters):
        own = forms.get(letter)
        if own is None:
            shaped.append(letter)
            continue
        before, after = _neighbour(letters, index, -1), _neighbour(letters, index, 1)
        joins_before = "final" in own and "initial" in forms.get(before, {})
        joins_after = "initial" in own and "final" in forms.get(after, {})
        position = {(True, True): "medial", (True, False): "final", (False, True): "initial"}.get(
            (joins_before, joins_after), "isolated"
        )
        shape = own.get(position, letter)
        shaped.append(shape if len(shape) == 1 and ord(shape) in available else letter)
    return "".join(shaped)


def _with_ligatures(text: str) -> list[str]:
    """The text letter by letter, with lam and a following alef as one item: they are never written apart."""
    letters: list[str] = []
    for character in text:
        if letters and letters[-1] == "\u0644" and character in "\u0622\u0623\u0625\u0627":
            letters[-1] += character
        else:
            letters.append(character)
    return letters


def _neighbour(letters: list[str], index: int, step: int) -> str:
    """The next letter in a direction; marks above and below letters do not stand between them."""
    index += step
    while 0 <= index < len(letters) and unicodedata.combining(letters[index][0]):
        index += step
    return letters[index] if 0 <= index < len(letters) else ""
