"""The contract of `spec.json` in a production pack, as JSON Schema 2020-12."""

from __future__ import annotations

from typing import Any

from orders.production.placement_spec import MAX_COLOURS, SIDE_NAMES
from orders.production.spec import SCHEMA_VERSION


def _object(**properties: Any) -> dict[str, Any]:
    """An object with exactly these properties."""
    return {
        "type": "object",
        "additionalProperties": False,
        "required": sorted(properties),
        "properties": properties,
    }


def _numbers(*names: str, minimum: dict[str, float] | None = None) -> dict[str, Any]:
    minimums = minimum or {}
    return _object(
        **{
            name: {"type": "number"} | ({"minimum": minimums[name]} if name in minimums else {})
            for name in names
        }
    )


_TEXT = {"type": "string", "minLength": 1}
_POSITIVE_INTEGER = {"type": "integer", "minimum": 1}
_HEX = {"type": "string", "pattern": "^#[0-9a-f]{6}$"}
_PIXELS = _object(width=_POSITIVE_INTEGER, height=_POSITIVE_INTEGER)
_GRADE = {"enum": ["good", "okay", "poor", "bad"]}
_SIZE = {"width": 0.001, "height": 0.001}
_PRINT = _numbers("left", "top", "width", "height", "top_below_collar", "centre_offset", minimum=_SIZE)
_AREA = _numbers(
    "width", "height", "left_of_centre", "below_collar", "safe_margin", minimum=_SIZE | {"safe_margin": 0.0}
)
_COUNT = {"type": ["integer", "null"], "minimum": 0}
_DATE = {"type": "string", "pattern": "^([0-9]{4}-[0-9]{2}-[0-9]{2})?$"}
_UNDERBASE = {
    "anyOf": [
        {"type": "null"},
        _object(
            file={"type": "string", "pattern": "^underbase/[a-z_]+\\.png$"},
            choke_px={"type": "integer", "minimum": 0},
            choke_pt={"type": "number", "minimum": 0},
            coverage_percent={"type": "number", "minimum": 0, "maximum": 100},
        ),
    ]
}
_RECTANGLE = _numbers("left", "top", "width", "height", minimum=_SIZE)

_ARTWORK = _object(
    name=_TEXT,
    source_pixels=_PIXELS,
    inches=_RECTANGLE,
    centimetres=_RECTANGLE,
    rotation_deg={"type": "number"},
    effective_dpi={"type": "number", "exclusiveMinimum": 0},
    dpi_grade=_GRADE,
)

_PLACEMENT = _object(
    placement={"enum": list(SIDE_NAMES)},
    wearer_text=_TEXT,
    art_file={"type": "string", "pattern": "^art/[a-z_]+\\.png$"},
    pixels=_PIXELS,
    dpi=_POSITIVE_INTEGER,
    inches=_PRINT,
    centimetres=_PRINT,
    print_area=_object(inches=_AREA, centimetres=_AREA),
    rotation_in_file={"const": True},
    clipped={"type": "boolean"},
    effective_dpi={"type": "number", "exclusiveMinimum": 0},
    minimum_dpi=_POSITIVE_INTEGER,
    dpi_grade=_GRADE,
    upscaled={"type": "boolean"},
    underbase=_UNDERBASE,
    inks=_object(
        counted=_COUNT,
        priced=_COUNT,
        most=_COUNT,
        confidence={"type": ["number", "null"], "minimum": 0, "maximum": 1},
    ),
    colours={
        "type": "array",
        "maxItems": MAX_COLOURS,
        "items": _object(hex=_HEX, coverage_percent={"type": "number", "minimum": 0, "maximum": 100}),
    },
    artworks={"type": "array", "minItems": 1, "items": _ARTWORK},
)

_PURCHASE = {
    "anyOf": [
        {"type": "null"},
        _object(
            grade=_GRADE,
            consent={"type": "string"},
            placements={
                "type": "array",
                "items": _object(
                    placement={"enum": list(SIDE_NAMES)},
                    effective_dpi={"type": "number", "exclusiveMinimum": 0},
                    dpi_grade=_GRADE,
                ),
            },
        ),
    ]
}

PACK_SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Production pack of one order line",
    "description": (
        "Rectangles count from the print area's top-left corner. top_below_collar runs from the collar seam to "
        "the top of the print; centre_offset from the garment's centre line to the print's centre, positive "
        "towards the right of somebody who looks at that side. purchase is what the customer was told of the "
        "resolution and agreed to."
    ),
    **_object(
        schema_version={"const": SCHEMA_VERSION},
        order_number={"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9-]{0,49}$"},
        line_number=_POSITIVE_INTEGER,
        created={"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}"},
        garment=_object(
            sku=_TEXT,
            product=_TEXT,
            colour=_object(name=_TEXT, hex=_HEX),
            size=_TEXT,
            quantity=_POSITIVE_INTEGER,
            size_split={
                "type": "array",
                "minItems": 1,
                "items": _object(size=_TEXT, sku=_TEXT, quantity=_POSITIVE_INTEGER),
            },
        ),
        due=_DATE,
        ship_to=_object(type=_TEXT, country={"type": "string"}, region={"type": "string"}),
        design_hash={"type": "string", "pattern": "^([0-9a-f]{64})?$"},
        reprint_of={"type": "string"},
        method=_object(
            code=_TEXT,
            name=_TEXT,
            underbase={"enum": ["white", "none"]},
            whole_pixels={"type": "boolean"},
        ),
        purchase=_PURCHASE,
        placements={"type": "array", "items": _PLACEMENT},
        notes={"type": "string"},
        warnings={"type": "array", "items": _TEXT},
    ),
}
