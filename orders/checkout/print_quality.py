"""What checkout asks of a print: enough resolution, something to print, and inks that are known where they are charged.

The gate runs once the prices agree, outside any transaction, because the first look at a picture decodes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.conf import settings

from common.errors import Unprocessable
from designs.geometry import DpiGrade
from designs.inspection import Inspection, Placed, hash_of, ink_json, inspect
from pricing.engine import PlacementInput
from pricing.methods import Included
from pricing.rules import Book
from products.models import Placement, Variant
from uploads.models import Asset

if TYPE_CHECKING:
    from orders.checkout.basket import BasketArtwork, BasketLine

CUSTOMER_CONSENT = "customer"


def lines_inspected(lines: Sequence[BasketLine]) -> list[tuple[list[Placed], Inspection]]:
    """The artworks of each line and what is to be said of them. Raises Unprocessable `artwork_unreadable`."""
    wanted = {artwork.asset_id for line in lines for artwork in line.artworks}
    assets = {asset.pk: asset for asset in Asset.objects.filter(pk__in=wanted)}
    placed = [_placed(line.artworks, assets) for line in lines]
    return [
        (items, inspect(items, line.variant.product, line.variant.colour, line.method))
        for line, items in zip(lines, placed, strict=True)
    ]


def lines_accepted(lines: Sequence[BasketLine], items: Sequence[Mapping[str, Any]]) -> list[BasketLine]:
    """The lines with what was found and on which ground it is printed, as the order keeps it.

    Raises Unprocessable: `print_quality_bad` with the largest size that would pass, `nothing_to_print` for artwork
    that is empty or wholly off the print area, and `print_quality_consent_required` for a poor print that neither the
    customer nor the shop's terms accept.
    """
    accepted = []
    for number, (line, (placed, found)) in enumerate(zip(lines, lines_inspected(lines), strict=True)):
        if settings.PRINT_QUALITY_GATE == "refuse":
            _refuse_nothing(number, placed, found)
            _refuse_bad(number, found)
        ground = _ground(number, found.grade, items[number])
        report = found.to_json() | {"consent": ground}
        look = hash_of(placed, line.variant.product)
        accepted.append(replace(line, print_quality=report, design_hash=look))
    return accepted


def placement_inputs(
    book: Book,
    variant: Variant,
    method: str,
    artworks: Sequence[BasketArtwork],
    confirmed_inks: Mapping[str, int],
    pointer: str,
) -> tuple[PlacementInput, ...]:
    """The sides of a line as the method charges for them.

    A method that is included in the garment's price needs to know the sides only: CONTRACT 3.5. Any other is priced by
    what the server has measured, inches and inks, never by what a client says. Where the pixels do not say how many
    inks are meant, the customer's answer counts; without one, raises Unprocessable `ink_count_uncertain`.
    """
    sides = sorted({artwork.placement for artwork in artworks} - {Placement.NECK.value})
    if isinstance(book.methods.get(method), Included | None):
        return tuple(PlacementInput(side, method, 0, Decimal(0), Decimal(0), None) for side in sides)
    assets = {asset.pk: asset for asset in Asset.objects.filter(pk__in=[a.asset_id for a in artworks])}
    found = inspect(_placed(artworks, assets), variant.product, variant.colour, method)
    inputs = []
    for side in sides:
        if side not in found.placements:
            raise _refused(pointer, "placement_not_offered", f"We do not print {method} on the {side}.")
        width_in, height_in = found.placements[side].size_in()
        inks = found.inks[side]
        count = inks.count
        if not inks.is_certain:
            if side not in confirmed_inks:
                message = f"Please confirm how many inks the {side} takes; we count about {inks.count}."
                raise Unprocessable(
                    message,
                    code="ink_count_uncertain",
                    errors=[{"pointer": pointer, "code": "ink_count_uncertain", "detail": message}],
                    extra={"placement": side, "inks": ink_json(inks)},
                )
            count = confirmed_inks[side]
        inputs.append(PlacementInput(side, method, count, _inches(width_in), _inches(height_in), None))
    return tuple(inputs)


def _placed(artworks: Sequence[BasketArtwork], assets: Mapping[Any, Asset]) -> list[Placed]:
    """Whose artwork it is and whether it exists at all is the basket's to refuse."""
    return [
        Placed(assets[artwork.asset_id], artwork.placement, artwork.index, artwork.position)
        for artwork in artworks
        if artwork.asset_id in assets
    ]


def _refuse_nothing(number: int, placed: Sequence[Placed], found: Inspection) -> None:
    outside = {
        (name, layer.index)
        for name, quality in found.placements.items()
        for layer in quality.layers
        if layer.is_outside
    }
    for item in placed:
        pointer = f"/items/{number}/customization/{item.placement}Artworks/{item.index}"
        if item.placement in found.not_offered:
            message = f"This garment is not printed on its {item.placement}."
            raise _refused(pointer, "placement_not_offered", message)
        if item.asset.pk in found.empty:
            raise _refused(pointer, "nothing_to_print", "An artwork of this item has no visible pixel.")
        if (item.placement, item.index) in outside:
            message = f"An artwork lies wholly outside the print area of the {item.placement}."
            raise _refused(pointer, "nothing_to_print", message)


def _refuse_bad(number: int, found: Inspection) -> None:
    errors = [
        {
            "pointer": f"/items/{number}/customization/{name}Artworks/{layer.index}",
            "code": "print_quality_bad",
            "detail": (
                f"{layer.dpi:.0f} DPI at {layer.width_in:.2f} x {layer.height_in:.2f} in on the {name} is too low;"
                f" up to {layer.largest_width_in:.2f} x {layer.largest_height_in:.2f} in would pass."
            ),
            "effective_dpi": round(layer.dpi, 1),
            "largest_width_in": layer.largest_width_in,
            "largest_height_in": layer.largest_height_in,
        }
        for name, quality in found.placements.items()
        for layer in quality.layers
        if layer.grade == "bad"
    ]
    if errors:
        message = f"This artwork is too small to be printed well: {errors[0]['detail']}"
        raise Unprocessable(message, code="print_quality_bad", errors=errors)


def _ground(number: int, grade: DpiGrade, item: Mapping[str, Any]) -> str:
    """Why a print below the okay grade is made all the same; empty where nobody has to agree to anything."""
    if grade not in ("poor", "bad"):
        return ""
    if item.get("accept_poor_print"):
        return CUSTOMER_CONSENT
    if not settings.POOR_PRINT_TERMS:
        message = "The resolution of this print is poor. Please confirm that it may be printed as it is."
        raise _refused(f"/items/{number}/accept_poor_print", "print_quality_consent_required", message)
    return f"terms:{settings.POOR_PRINT_TERMS}"


def _refused(pointer: str, code: str, message: str) -> Unprocessable:
    return Unprocessable(message, code=code, errors=[{"pointer": pointer, "code": code, "detail": message}])


def _inches(length_in: float) -> Decimal:
    return Decimal(str(round(length_in, 3)))
