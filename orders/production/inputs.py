"""What a pack is made from, read from the rows of its line, and the hash by which an equal pack is recognised."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from django.conf import settings

from common.canonical import canonical_hash
from common.storage import private_storage, read_file
from designs.stage import position_of, stage_views
from orders.models import LineArtwork, OrderLine
from orders.production.assembly import BUILD_VERSION, Line, SourceArtwork, SourcePlacement
from orders.production.pack_check import OrderFacts
from orders.production.placement_spec import SIDE_NAMES
from orders.production.spec import PackSpec, PurchaseSpec, ShipTo, SizeSpec
from orders.production.stages import due_date
from orders.states import COUNTS_AS_PAID
from products.models import DecorationMethod, PrintArea, SizeMeasurement, Variant
from uploads.review import replacements_of

# The storefront's three sides and its words for them (CONTRACT 2.2), in the order in which a design is hashed.
_SIDES = (("front", "frontArtworks"), ("back", "backArtworks"), ("neck", "neckArtwork"))
_CHEST = "Chest width"


class PackRefused(Exception):
    """This line cannot be printed as it was ordered; staff must look at it. `code` is the hold's reason."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def line_inputs(line: OrderLine) -> Line:
    """The line as it is to be packed. Raises PackRefused for a placement that its product does not offer."""
    views = stage_views(line.variant.product, line.variant.colour_id)
    rows: dict[str, list[LineArtwork]] = {}
    for row in line.artworks.select_related("asset").order_by("placement", "index"):
        if row.placement not in views:
            raise PackRefused(
                "placement_not_offered", f"this product has no print area on its {row.placement}"
            )
        rows.setdefault(row.placement, []).append(row)
    areas = {
        area.placement: area
        for area in PrintArea.objects.filter(
            product=line.variant.product, method__name=line.method, min_size=None, max_size=None
        )
    }
    placements = [
        _placement(line, views[placement], rows[placement], areas.get(placement))
        for placement in SIDE_NAMES  # front first, on the sheet as in the JSON
        if placement in rows
    ]
    return Line(_facts(line), line.garment, views, placements, settings.UPLOAD_MAX_PIXELS)


def input_hash(line: OrderLine, inputs: Line) -> str:
    """Equal for lines whose files would be equal, byte for byte."""
    artworks = [
        [row.placement, row.index, row.asset.sha256, row.asset.original_name, row.position]
        for row in line.artworks.select_related("asset").order_by("placement", "index")
    ]
    limits = [
        [
            source.view.placement,
            source.safe_margin_in,
            source.minimum_dpi,
            source.priced_inks,
            source.most_inks,
        ]
        for source in inputs.placements
    ]
    return canonical_hash(
        {
            "version": BUILD_VERSION,
            "facts": inputs.facts.to_dict(),
            "garment": inputs.garment,
            "views": {name: asdict(view) for name, view in inputs.views.items()},
            "limits": limits,
            "artworks": artworks,
        }
    )


def order_facts(line: OrderLine) -> OrderFacts:
    """What the rows say now. `line` must have been read afresh."""
    chest = SizeMeasurement.objects.filter(
        product=line.variant.product, size=line.variant.size, name=_CHEST
    ).first()
    return OrderFacts(
        paid=line.order.payment_status in COUNTS_AS_PAID,
        hold_reason=line.order.hold_reason,
        sku_exists=Variant.objects.filter(sku=line.sku).exists(),
        quantity=line.quantity,
        colour_hex=line.colour_hex,
        approved_design_hash=_hash(line.method, _approved(line)),
        chest_width_in=float(chest.length_in) if chest else None,
    )


def _facts(line: OrderLine) -> PackSpec:
    order, method = line.order, DecorationMethod.objects.get(name=line.method)
    address: Mapping[str, Any] = order.shipping_address
    reprint = getattr(order, "reprint", None)
    return PackSpec(
        order_number=order.number,
        line_number=line.number,
        created=order.created_at.isoformat(timespec="seconds"),
        sku=line.sku,
        product=line.product_title,
        colour_name=line.colour_name,
        colour_hex=line.colour_hex,
        size=line.size_name,
        quantity=line.quantity,
        method=line.method,
        method_name=method.display_name,
        placements=(),
        notes=order.customer_notes,
        warnings=(f"Reprint of {reprint.line}: {reprint.get_defect_display()}.",) if reprint else (),
        due=due_date((order.paid_at or order.created_at).date(), settings.PRODUCTION_DAYS).isoformat(),
        sizes=(SizeSpec(line.size_name, line.sku, line.quantity),),
        ship_to=ShipTo("customer", str(address.get("country", "")), str(address.get("state", ""))),
        design_hash=_hash(line.method, _ordered(line)),
        reprint_of=reprint.line.order.number if reprint else "",
        purchase=_purchase(line.print_quality),
        whole_pixels=method.file_requirements.get("semi_transparency") is False,
    )


def _purchase(quality: Mapping[str, Any]) -> PurchaseSpec | None:
    """What was said of the print at checkout; None for a blank garment and for lines from before that was kept."""
    worst = [
        (name, min(found["layers"], key=lambda layer: layer["effective_dpi"]))
        for name, found in quality.get("placements", {}).items()
        if found["layers"]
    ]
    if not worst:
        return None
    prints = tuple((name, layer["effective_dpi"], layer["grade"]) for name, layer in worst)
    return PurchaseSpec(quality["grade"], quality.get("consent", ""), prints)


def _placement(
    line: OrderLine, view: Any, rows: list[LineArtwork], area: PrintArea | None
) -> SourcePlacement:
    artworks = [
        SourceArtwork(
            row.asset.original_name,
            position_of(row.position),
            row.index,
            _reader(row.asset.original_file),
            row.asset.display_scale,
        )
        for row in rows
    ]
    if area is None:
        return SourcePlacement(view, artworks)
    return SourcePlacement(
        view,
        artworks,
        safe_margin_in=float(area.safe_margin_in),
        minimum_dpi=area.min_dpi,
        priced_inks=_priced_inks(line, view.placement),
        most_inks=area.max_colours,
    )


def _reader(name: str) -> Any:
    return lambda: read_file(private_storage(), name)


def _priced_inks(line: OrderLine, placement: str) -> int | None:
    """How many inks the honoured quote counted on this placement; None where the price does not depend on them."""
    quoted = line.quote.line.get("placements", []) if line.quote else []
    counts = [row["ink_colours"] for row in quoted if row["placement"] == placement]
    return int(counts[0]) if counts and counts[0] else None


Design = list[list[Any]]


def _hash(method: str, artworks: Design) -> str:
    """The hash of a design, as carts and quotes count it (`orders.checkout.basket.design_key`)."""
    return canonical_hash({"method": method, "artworks": artworks})


def _ordered(line: OrderLine) -> Design:
    rows: dict[str, Design] = {
        placement: [] for placement, _ in _SIDES
    }  # the hash counts sides in this order
    for row in line.artworks.order_by("index"):
        rows.setdefault(row.placement, []).append([str(row.asset_id), row.placement, row.index, row.position])
    return [artwork for side in rows.values() for artwork in side]


def _approved(line: OrderLine) -> Design:
    """The design in what the storefront sent, word for word; with the pictures that staff have put in the place of
    others."""
    design = [artwork for side, key in _SIDES for artwork in _sent(side, line.customization.get(key))]
    now = replacements_of([artwork[0] for artwork in design])
    return [[now.get(asset_id, asset_id), *rest] for asset_id, *rest in design]


def _sent(side: str, value: Any) -> Iterator[list[Any]]:
    sent = value if isinstance(value, list) else [value] if value else []
    for index, artwork in enumerate(sent):
        yield [str(artwork.get("assetId")), side, index, artwork.get("position")]
