"""What the printer must know about one print of a line, as values and as the JSON of the pack's `placements`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from designs.geometry import DpiGrade, Placement, StageView, dpi_grade, to_inches
from designs.rendering import PlacedArtwork, PrintArt

CENTIMETRES_PER_INCH = 2.54
CENTRED_WITHIN_IN = 0.05
"""A print this close to the centre line is centred: no printer loads a shirt more exactly."""

MAX_COLOURS = 12

_HEX = re.compile(r"#[0-9a-f]{6}")
SIDE_NAMES: dict[str, str] = {
    "front": "Front", "back": "Back", "neck": "Back of the neck", "center_chest": "Centre of the chest",
    "left_chest": "Left chest", "right_chest": "Right chest", "upper_back": "Upper back",
    "sleeve_left": "Left sleeve", "sleeve_right": "Right sleeve", "pocket": "Pocket",
}  # fmt: skip
FRONT_PLACEMENTS = frozenset({"front", "center_chest", "left_chest", "right_chest", "pocket"})
"""Seen from in front, where the wearer's left is the viewer's right."""

POINTS_PER_INCH = 72


@dataclass(frozen=True, slots=True)
class ColourSpec:
    """One colour of the art and how much of its inked surface it covers."""

    hex: str
    coverage_percent: float

    def __post_init__(self) -> None:
        if not _HEX.fullmatch(self.hex):
            raise ValueError(f"{self.hex!r} is no colour of the form #rrggbb.")


@dataclass(frozen=True, slots=True)
class ArtworkSpec:
    """One of the customer's artworks inside a placement's art file, measured before its turn about its centre."""

    name: str
    source_width_px: int
    source_height_px: int
    left_in: float
    top_in: float
    width_in: float
    height_in: float
    rotation_deg: float
    effective_dpi: float

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "source_pixels": {"width": self.source_width_px, "height": self.source_height_px},
            **_lengths(left=self.left_in, top=self.top_in, width=self.width_in, height=self.height_in),
            "rotation_deg": round(self.rotation_deg, 2),
            "effective_dpi": round(self.effective_dpi, 1),
            "dpi_grade": dpi_grade(self.effective_dpi),
        }


@dataclass(frozen=True, slots=True)
class UnderbaseSpec:
    """The white layer of a placement: a file of the art's size, laid exactly under it."""

    file: str
    choke_px: int
    coverage_percent: float

    def to_dict(self, dpi: int) -> dict[str, Any]:
        return {
            "file": self.file,
            "choke_px": self.choke_px,
            "choke_pt": round(self.choke_px * POINTS_PER_INCH / dpi, 2),
            "coverage_percent": round(self.coverage_percent, 1),
        }


@dataclass(frozen=True, slots=True)
class InkSpec:
    """How many inks the art needs, how many were paid for, how many the method allows, and how
    sure the count is (0 to 1); None: the method does not count inks."""

    counted: int | None = None
    priced: int | None = None
    most: int | None = None
    confidence: float | None = None

    def to_dict(self) -> dict[str, float | None]:
        return {
            "counted": self.counted,
            "priced": self.priced,
            "most": self.most,
            "confidence": self.confidence,
        }


@dataclass(frozen=True, slots=True)
class PlacementSpec:
    """One print: its file, its size and where it lies. Inches count from the print area's top-left corner.

    The file shows the artworks as they are printed: turned, scaled and cut already. `centre_offset_in` is
    positive towards the right of somebody who looks at the printed side; `wearer_text` says the same from the
    wearer's view.
    """

    placement: Placement
    art_file: str
    width_px: int
    height_px: int
    dpi: int
    left_in: float
    top_in: float
    width_in: float
    height_in: float
    top_below_collar_in: float
    centre_offset_in: float
    area_width_in: float
    area_height_in: float
    area_left_of_centre_in: float
    area_below_collar_in: float
    effective_dpi: float
    clipped: bool
    colours: tuple[ColourSpec, ...]
    artworks: tuple[ArtworkSpec, ...]
    underbase: UnderbaseSpec | None = None
    inks: InkSpec = InkSpec()
    safe_margin_in: float = 0.0
    minimum_dpi: int = 150

    def __post_init__(self) -> None:
        if len(self.colours) > MAX_COLOURS:
            raise ValueError(f"A placement names at most {MAX_COLOURS} colours.")

    @property
    def side_name(self) -> str:
        """The printed side in words."""
        return SIDE_NAMES[self.placement]

    @property
    def dpi_grade(self) -> DpiGrade:
        """The grade of the artwork with the lowest resolution."""
        return dpi_grade(self.effective_dpi)

    @property
    def is_upscaled(self) -> bool:
        """Whether pixels had to be made up to reach the file's resolution."""
        return self.effective_dpi < self.dpi - 0.05

    @property
    def wearer_side(self) -> str:
        """The wearer's side on which the centre of the print lies: left, right or centre."""
        if abs(self.centre_offset_in) < CENTRED_WITHIN_IN:
            return "centre"
        viewer_right = self.centre_offset_in > 0
        return "left" if viewer_right == (self.placement in FRONT_PLACEMENTS) else "right"

    @property
    def wearer_text(self) -> str:
        """Where the print sits, said from the wearer's view."""
        if self.wearer_side == "centre":
            return f"{self.side_name}, centred"
        offset = in_both_units(abs(self.centre_offset_in))
        return f"{self.side_name}, {offset} towards the wearer's {self.wearer_side}"

    @property
    def rotations_deg(self) -> tuple[float, ...]:
        """The turn of each artwork, already part of the file."""
        return tuple(artwork.rotation_deg for artwork in self.artworks)

    def to_dict(self) -> dict[str, Any]:
        return {
            "placement": self.placement,
            "wearer_text": self.wearer_text,
            "art_file": self.art_file,
            "pixels": {"width": self.width_px, "height": self.height_px},
            "dpi": self.dpi,
            **_lengths(
                left=self.left_in,
                top=self.top_in,
                width=self.width_in,
                height=self.height_in,
                top_below_collar=self.top_below_collar_in,
                centre_offset=self.centre_offset_in,
            ),
            "print_area": _lengths(
                width=self.area_width_in,
                height=self.area_height_in,
                left_of_centre=self.area_left_of_centre_in,
                below_collar=self.area_below_collar_in,
                safe_margin=self.safe_margin_in,
            ),
            "rotation_in_file": True,
            "clipped": self.clipped,
            "effective_dpi": round(self.effective_dpi, 1),
            "minimum_dpi": self.minimum_dpi,
            "dpi_grade": self.dpi_grade,
            "upscaled": self.is_upscaled,
            "underbase": self.underbase.to_dict(self.dpi) if self.underbase else None,
            "inks": self.inks.to_dict(),
            "colours": [
                {"hex": colour.hex, "coverage_percent": round(colour.coverage_percent, 1)}
                for colour in self.colours
            ],
            "artworks": [artwork.to_dict() for artwork in self.artworks],
        }


def describe_placement(
    view: StageView,
    artworks: Sequence[PlacedArtwork],
    art: PrintArt,
    colours: Sequence[tuple[str, float]],
    names: Sequence[str],
    *,
    underbase: UnderbaseSpec | None = None,
    inks: InkSpec | None = None,
    safe_margin_in: float = 0.0,
    minimum_dpi: int = 150,
) -> PlacementSpec:
    """The printer's view of rendered art. `colours` are (hex, percent); `names` name the artworks in their
    order.
    """
    return PlacementSpec(
        placement=view.placement,
        art_file=f"art/{view.placement}.png",
        width_px=art.rgba.shape[1],
        height_px=art.rgba.shape[0],
        dpi=art.dpi,
        left_in=art.left_in,
        top_in=art.top_in,
        width_in=art.width_in,
        height_in=art.height_in,
        top_below_collar_in=view.collar_offset_in + art.top_in,
        centre_offset_in=art.left_in + art.width_in / 2 - view.area_left_of_centre_in,
        area_width_in=view.area_width_in,
        area_height_in=view.area_height_in,
        area_left_of_centre_in=view.area_left_of_centre_in,
        area_below_collar_in=view.collar_offset_in,
        effective_dpi=art.effective_dpi,
        clipped=art.clipped,
        colours=tuple(ColourSpec(colour, percent) for colour, percent in colours[:MAX_COLOURS]),
        artworks=tuple(
            _describe_artwork(artwork, name) for artwork, name in zip(artworks, names, strict=True)
        ),
        underbase=underbase,
        inks=inks or InkSpec(),
        safe_margin_in=safe_margin_in,
        minimum_dpi=minimum_dpi,
    )


def in_both_units(length_in: float) -> str:
    """A length as a printer reads it: `2.25 in (5.7 cm)`."""
    return f"{length_in:.2f} in ({length_in * CENTIMETRES_PER_INCH:.1f} cm)"


def _describe_artwork(artwork: PlacedArtwork, name: str) -> ArtworkSpec:
    rectangle = to_inches(artwork.view, artwork.rectangle())
    crop = artwork.crop()
    return ArtworkSpec(
        name=name,
        source_width_px=crop.width_px,
        source_height_px=crop.height_px,
        left_in=rectangle.left_in,
        top_in=rectangle.top_in,
        width_in=rectangle.width_in,
        height_in=rectangle.height_in,
        rotation_deg=rectangle.rotation_deg,
        effective_dpi=artwork.effective_dpi(),
    )


def _lengths(**lengths_in: float) -> dict[str, dict[str, float]]:
    return {
        "inches": {name: round(length, 3) for name, length in lengths_in.items()},
        "centimetres": {name: round(length * CENTIMETRES_PER_INCH, 2) for name, length in lengths_in.items()},
    }
