"""From the originals of one line to its finished zip, one placement at a time.  [pure: neither database nor settings]

A full front is 81 MB of pixels at 300 DPI. Only one placement's originals and art are in memory at once; what is kept
of each is the PNG.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numpy as np
from PIL import Image

from designs.geometry import Position, StageView
from designs.inks import LOW_CONFIDENCE, ink_count, rgb_of
from designs.rendering import (
    PAGE_RGB,
    PlacedArtwork,
    PrintArt,
    moved_to,
    render_mockup,
    render_print_art,
    same_picture,
)
from orders.production.ink_layers import CHOKE_PX, SOLID_ALPHA, hardened, underbase, white_layer
from orders.production.pack import SPEC_PDF, build_pack
from orders.production.placement_spec import (
    FRONT_PLACEMENTS,
    InkSpec,
    PlacementSpec,
    UnderbaseSpec,
    describe_placement,
)
from orders.production.print_art import dominant_colours, layer_png, print_png
from orders.production.sheet import spec_sheet
from orders.production.spec import PackSpec, needs_underbase
from products.garments.tint import garment_picture
from uploads.imaging.sandbox import read_picture

BUILD_VERSION = 4
"""Part of every input hash: raise it when the same inputs are to give other files."""

MOCKUP_WIDTH_PX = 2000  # printers ask for at least that
INK_METHODS = frozenset({"screen_print"})
"""Methods that need a screen for each ink, and so count them."""

_ASPECT_TOLERANCE = 0.02


@dataclass(frozen=True, slots=True)
class SourceArtwork:
    """One artwork of the line; `read` gives the original bytes, when they are needed and not before.

    `display_scale` is as in `PlacedArtwork`.
    """

    name: str
    position: Position | None
    index: int
    read: Callable[[], bytes]
    display_scale: float = 1.0


@dataclass(frozen=True, slots=True)
class SourcePlacement:
    """One printed placement, and what its print area asks for."""

    view: StageView
    artworks: Sequence[SourceArtwork]
    safe_margin_in: float = 0.0
    minimum_dpi: int = 150
    priced_inks: int | None = None
    most_inks: int | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A line to be packed. `facts` has no placements yet; `views` has the stage of every placement on offer."""

    facts: PackSpec
    garment: str
    views: dict[str, StageView]
    placements: Sequence[SourcePlacement]
    max_pixels: int


@dataclass
class Packed:
    """The zip, the spec in it, its mock-ups as PNG by view, and where the time went in seconds by phase."""

    data: bytes = b""
    spec: PackSpec | None = None
    mockups: dict[str, bytes] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self.seconds[name] = round(self.seconds.get(name, 0.0) + time.perf_counter() - started, 3)


def assemble(line: Line, after_each: Callable[[], object] = lambda: None) -> Packed:
    """The pack of the line. `after_each` is called whenever a placement is done, to keep a lease alive.

    Raises NothingToPrint where a placement has no visible pixel inside its area.
    """
    packed = Packed()
    files: dict[str, bytes] = {}
    placements = []
    pictures: dict[str, Image.Image] = {}
    for source in line.placements:
        placed = _decoded(line, source, packed)
        placements.append(_printed(line.facts, source, placed, files, packed))
        with packed.phase("mock-ups"):
            _add_mockup(line, source.view, placed, pictures)
        after_each()
    with packed.phase("mock-ups"):
        for side in ("front", "back"):
            if side not in pictures:
                _add_mockup(line, line.views[side], [], pictures)
        packed.mockups = {view: _png(picture) for view, picture in pictures.items()}
    warnings = [*line.facts.warnings, *(text for placement in placements for text in warnings_of(placement))]
    spec = replace(line.facts, placements=tuple(placements), warnings=tuple(warnings))
    files |= {f"mockups/{view}.png": data for view, data in packed.mockups.items()}
    with packed.phase("sheet"):
        files[SPEC_PDF] = spec_sheet(spec, packed.mockups)
    with packed.phase("zip"):
        packed.data = build_pack(spec, files)
    packed.spec = spec
    return packed


def _decoded(line: Line, source: SourcePlacement, packed: Packed) -> list[PlacedArtwork]:
    with packed.phase("decode"):
        return [
            PlacedArtwork(
                read_picture(artwork.read(), max_pixels=line.max_pixels).rgba,
                source.view,
                artwork.position,
                artwork.index,
                artwork.display_scale,
            )
            for artwork in source.artworks
        ]


def _printed(
    facts: PackSpec,
    source: SourcePlacement,
    placed: list[PlacedArtwork],
    files: dict[str, bytes],
    packed: Packed,
) -> PlacementSpec:
    """Renders the art and its white layer into `files`, and describes them."""
    placement = source.view.placement
    with packed.phase("render"):
        art = render_print_art(source.view, placed)
        if facts.has_whole_pixels:
            art = hardened(art)
    layer = None
    # Encoding releases the interpreter: the art is written on one core, the white layer is made on the other.
    with packed.phase("encode"), ThreadPoolExecutor(max_workers=1) as writer:
        written = writer.submit(print_png, art)
        if needs_underbase(facts.colour_hex, facts.method):
            layer = _underbase(art, placement, files)
        files[f"art/{placement}.png"] = written.result()
    with packed.phase("colours"):
        colours = dominant_colours(art.rgba)
        inks = _inks(art, source, facts)
    return describe_placement(
        source.view,
        placed,
        art,
        colours,
        [artwork.name for artwork in source.artworks],
        underbase=layer,
        inks=inks,
        safe_margin_in=source.safe_margin_in,
        minimum_dpi=source.minimum_dpi,
    )


def _underbase(art: PrintArt, placement: str, files: dict[str, bytes]) -> UnderbaseSpec:
    alpha = art.rgba[:, :, 3]
    white = underbase(alpha)
    path = f"underbase/{placement}.png"
    files[path] = layer_png(white_layer(white), art.dpi)
    inked = max(int(np.count_nonzero(alpha >= SOLID_ALPHA)), 1)
    return UnderbaseSpec(path, CHOKE_PX, 100.0 * int(np.count_nonzero(white)) / inked)


def _inks(art: PrintArt, source: SourcePlacement, facts: PackSpec) -> InkSpec:
    """The screens that the art takes: the cloth's own colour is left bare."""
    if facts.method not in INK_METHODS:
        return InkSpec()
    report = ink_count(art.rgba, rgb_of(facts.colour_hex))
    return InkSpec(report.count, source.priced_inks, source.most_inks, round(report.confidence, 2))


def _add_mockup(
    line: Line, view: StageView, placed: list[PlacedArtwork], pictures: dict[str, Image.Image]
) -> None:
    """Draws the artworks onto the picture of their view and, where the same garment is seen, of its side as well: at
    the neck or on the chest, in both as large as they will be."""
    side = "front" if view.placement in FRONT_PLACEMENTS else "back"
    garment = garment_picture(line.garment, side, line.facts.colour_hex, MOCKUP_WIDTH_PX)
    expected = view.image_width_px / view.image_height_px
    if abs(garment.width / garment.height / expected - 1) > _ASPECT_TOLERANCE:
        return  # the stage shows a detail of which there is no picture; front and back always have theirs
    whole = line.views[side]
    stage = whole if same_picture(view, whole) else view
    moved = [moved_to(artwork, stage) for artwork in placed]
    for name in dict.fromkeys((view.placement, stage.placement)):
        pictures[name] = render_mockup(stage, garment, moved, MOCKUP_WIDTH_PX, PAGE_RGB, pictures.get(name))


def warnings_of(placement: PlacementSpec) -> list[str]:
    """What a printer should know before pressing: cut-off art and low resolution."""
    found = []
    if placement.clipped:
        found.append(
            f"{placement.side_name}: the artwork reaches beyond the print area and is cut off there."
        )
    if placement.dpi_grade in ("poor", "bad"):
        dpi = int(placement.effective_dpi)
        found.append(
            f"{placement.side_name}: {dpi} DPI at this size ({placement.dpi_grade}); 300 is wanted. "
            "The file is enlarged to 300."
        )
    inks = placement.inks
    if inks.counted is not None and (inks.confidence or 0.0) < LOW_CONFIDENCE:
        found.append(
            f"{placement.side_name}: {inks.counted} inks are a guess; agree on them before making screens."
        )
    return found


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()
