"""Many prints on one roll of film: where each goes, and how much of the film is used.  [pure]

A skyline packer: the sheet's lower edge so far is kept as a row of steps, and each print goes, upright or turned by
ninety degrees, to where its foot ends highest. Deterministic: equal prints in any order give the equal sheet.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

ROLL_WIDTH_IN = 22.0
"""The film that transfer printers sell by the running inch."""

MAXIMUM_LENGTH_IN = 60.0
GAP_IN = 0.25
"""Left between prints, and around the edge, for the scissors."""

GANG_DPI = 300


class DoesNotFit(ValueError):
    """Raised for a print that is wider than the roll, however it is turned."""

    code = "wider_than_the_roll"


@dataclass(frozen=True, slots=True)
class Print:
    """One print to be placed, in whole pixels at 300 DPI."""

    key: str
    width_px: int
    height_px: int


@dataclass(frozen=True, slots=True)
class Placed:
    """Where one print lies on its sheet; `turned` is by ninety degrees clockwise. Sizes are as it lies."""

    key: str
    left_px: int
    top_px: int
    width_px: int
    height_px: int
    turned: bool

    def to_dict(self) -> dict[str, Any]:
        inches = {
            name: round(getattr(self, f"{name}_px") / GANG_DPI, 3)
            for name in ("left", "top", "width", "height")
        }
        pixels = {name: getattr(self, f"{name}_px") for name in ("left", "top", "width", "height")}
        return {"key": self.key, "pixels": pixels, "inches": inches, "turned": self.turned}


@dataclass(frozen=True, slots=True)
class Sheet:
    """One length of film."""

    width_px: int
    height_px: int
    prints: tuple[Placed, ...]

    @property
    def utilisation_percent(self) -> float:
        """The prints' rectangles in percent of the film."""
        used = sum(placed.width_px * placed.height_px for placed in self.prints)
        return 100.0 * used / (self.width_px * self.height_px)

    def to_dict(self) -> dict[str, Any]:
        return {
            "width_in": round(self.width_px / GANG_DPI, 3),
            "length_in": round(self.height_px / GANG_DPI, 3),
            "pixels": {"width": self.width_px, "height": self.height_px},
            "dpi": GANG_DPI,
            "utilisation_percent": round(self.utilisation_percent, 2),
            "prints": [placed.to_dict() for placed in self.prints],
        }


Way = tuple[bool, int, int]
Ways = Callable[[Print], list[Way]]

# Large first, by several meanings of large: a try costs milliseconds, and film costs money.
_ORDERS: tuple[Callable[[Print], tuple[int, int, str]], ...] = (
    lambda one: (-max(one.width_px, one.height_px), -one.width_px * one.height_px, one.key),
    lambda one: (-one.width_px * one.height_px, -one.height_px, one.key),
    lambda one: (-one.height_px, -one.width_px, one.key),
    lambda one: (-one.width_px, -one.height_px, one.key),
)


def _either(one: Print) -> list[Way]:
    upright = (False, one.width_px, one.height_px)
    return [upright] if one.width_px == one.height_px else [upright, (True, one.height_px, one.width_px)]


def _narrow_across(one: Print) -> list[Way]:
    """With the shorter side across the film, which always fits: it lets most stand beside each other."""
    return sorted(_either(one), key=lambda way: way[1])[:1]


# Whether it turned and how large it then is. Lying wherever a foot ends highest is the best of itself for mixed prints,
# and wastes a third of the film on equal ones.
_WAYS: tuple[Ways, ...] = (_either, _narrow_across)


@dataclass(slots=True)
class _Step:
    left: int
    right: int
    foot: int


def gang(
    prints: Sequence[Print],
    width_in: float = ROLL_WIDTH_IN,
    maximum_length_in: float = MAXIMUM_LENGTH_IN,
    gap_in: float = GAP_IN,
) -> list[Sheet]:
    """The prints on as few sheets as the packer finds. Raises DoesNotFit."""
    width, gap = round(width_in * GANG_DPI), math.ceil(gap_in * GANG_DPI)
    longest = round(maximum_length_in * GANG_DPI)
    for one in prints:
        short, long = sorted((one.width_px, one.height_px))
        if short + 2 * gap > width or long + 2 * gap > longest:
            raise DoesNotFit(
                f"{one.key} is {one.width_px / GANG_DPI:.2f} by {one.height_px / GANG_DPI:.2f} in."
            )
    tries = [
        _sheets(sorted(prints, key=order), ways, width, longest, gap) for order in _ORDERS for ways in _WAYS
    ]
    return min(tries, key=lambda sheets: sum(sheet.height_px for sheet in sheets))


def _sheets(waiting: list[Print], ways: Ways, width: int, longest: int, gap: int) -> list[Sheet]:
    sheets = []
    while waiting:
        sheet, waiting = _fill(waiting, ways, width, longest, gap)
        sheets.append(sheet)
    return sheets


def _fill(waiting: list[Print], ways: Ways, width: int, longest: int, gap: int) -> tuple[Sheet, list[Print]]:
    """One sheet, and what found no room on it. Every print is packed with its gap on the right and below."""
    skyline = [_Step(gap, width, gap)]
    placed: list[Placed] = []
    left_over: list[Print] = []
    for one in waiting:
        best = min(
            (
                (top + height, left, turned, width_px, height_px, top)
                for turned, width_px, height_px in ways(one)
                for left, top in _corners(skyline, width_px + gap, width)
                if top + (height := height_px + gap) <= longest
            ),
            default=None,
        )
        if best is None:
            left_over.append(one)
            continue
        foot, left, turned, width_px, height_px, top = best
        placed.append(Placed(one.key, left, top, width_px, height_px, turned))
        skyline = _raised(skyline, left, left + width_px + gap, foot)
    return Sheet(width, max(step.foot for step in skyline), tuple(placed)), left_over


def _corners(skyline: list[_Step], width: int, sheet_width: int) -> list[tuple[int, int]]:
    """Where a print of this width may lie: its left edge on the edge of a step, its top below all steps it spans."""
    lefts = {step.left for step in skyline} | {step.right - width for step in skyline}
    found = []
    for left in sorted(lefts):
        if left < skyline[0].left or left + width > sheet_width:
            continue
        top = max(step.foot for step in skyline if step.left < left + width and step.right > left)
        found.append((left, top))
    return found


def _raised(skyline: list[_Step], left: int, right: int, foot: int) -> list[_Step]:
    """The skyline with the span from left to right brought down to `foot`."""
    steps = [_Step(left, right, foot)]
    for step in skyline:
        if step.left < left:
            steps.append(_Step(step.left, min(step.right, left), step.foot))
        if step.right > right:
            steps.append(_Step(max(step.left, right), step.right, step.foot))
    steps.sort(key=lambda step: step.left)
    merged = [steps[0]]
    for before, step in pairwise(steps):
        if step.foot == before.foot:
            merged[-1] = _Step(merged[-1].left, step.right, step.foot)
        else:
            merged.append(step)
    return merged
