"""What the bundled fonts can draw, and the order in which scripts are drawn."""

from __future__ import annotations

import pytest

from orders.production.fonts import (
    BOLD,
    EAST_ASIAN,
    REGULAR,
    drawable,
    in_drawing_order,
    needs_east_asian,
    reads_right_to_left,
)


def test_the_fonts_travel_with_their_licences() -> None:
    folder = REGULAR.parent
    assert all(font.is_file() for font in (REGULAR, BOLD, EAST_ASIAN))
    assert "Bitstream Vera" in (folder / "LICENSE_DEJAVU").read_text()
    assert "Apache License" in (folder / "LICENSE_APACHE-2.0").read_text()


@pytest.mark.parametrize(
    ("text", "east_asian"),
    [
        ("Zoë Größe", False),
        ("Подарок", False),
        ("שלום مرحبا", False),
        ("日本語", True),
        ("한국어", True),
        ("中文", True),
    ],
)
def test_scripts_that_are_drawn(text: str, east_asian: bool) -> None:
    assert drawable(text) == (text, 0)
    assert needs_east_asian(text) is east_asian


def test_what_no_font_has_is_marked_and_counted() -> None:
    assert drawable("ok हि") == ("ok \ufffd\ufffd", 2)


def test_control_characters_vanish_and_spaces_become_plain() -> None:
    assert drawable("a\u200bb\x00c\u00a0d\te\nf") == ("abc d e\nf", 0)


def test_composed_letters_count_once() -> None:
    assert drawable("Zoe\u0308") == ("Zoë", 0)


def test_hebrew_is_turned_round_and_numbers_are_not() -> None:
    assert in_drawing_order("שלום 12") == "12 םולש"


def test_latin_text_is_left_alone() -> None:
    assert in_drawing_order("Size M, 12 pcs (front)") == "Size M, 12 pcs (front)"


@pytest.mark.parametrize(
    ("word", "drawn"),
    [
        ("باب", "\ufe8f\ufe8e\ufe91"),  # beh joins forwards, alef joins to it, beh stands alone after alef
        ("لا", "\ufefb"),  # lam and alef are one sign
        ("محمد", "\ufeaa\ufee4\ufea4\ufee3"),
    ],
)
def test_arabic_letters_join(word: str, drawn: str) -> None:
    assert in_drawing_order(word) == drawn


@pytest.mark.parametrize(
    ("line", "right_to_left"),
    [("hello שלום", False), ("שלום hello", True), ("12, مرحبا", True), ("12", False), ("", False)],
)
def test_the_first_letter_decides_the_side(line: str, right_to_left: bool) -> None:
    assert reads_right_to_left(line) is right_to_left
