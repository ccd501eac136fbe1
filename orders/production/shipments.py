"""Parcels: what has left of each line, and what is still to come."""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import Sum
from django.utils import timezone

from common.errors import Unprocessable
from orders.models import Order, OrderLine, Printer, Shipment, ShipmentLine


def shipped_by_line(order: Order) -> dict[int, int]:
    """How many garments of each line, by its number, have left."""
    rows = (
        ShipmentLine.objects.filter(line__order=order).values("line__number").annotate(total=Sum("quantity"))
    )
    return {row["line__number"]: row["total"] for row in rows}


def left_to_ship(order: Order) -> dict[int, int]:
    """How many garments of each line, by its number, are still here."""
    gone = shipped_by_line(order)
    return {line.number: line.quantity - gone.get(line.number, 0) for line in order.lines.all()}


def shipment_record(
    order: Order,
    quantities: Mapping[int, int],
    *,
    carrier: str,
    tracking_number: str,
    printer: Printer | None,
) -> Shipment:
    """One parcel with these quantities by line number; a parcel that is known by its tracking number takes them in.

    The caller holds the order's lock. Raises Unprocessable for unknown lines and for more than there is.
    """
    left = left_to_ship(order)
    for number, quantity in quantities.items():
        if number not in left:
            raise Unprocessable(f"The order has no line {number}.", code="line_not_found")
        if not 1 <= quantity <= left[number]:
            raise Unprocessable(
                f"Line {number} has {left[number]} garments left to ship, not {quantity}.",
                code="more_than_ordered",
                extra={"left": {str(line): rest for line, rest in left.items()}},
            )
    shipment = (
        Shipment.objects.filter(order=order, carrier=carrier, tracking_number=tracking_number).first()
        if tracking_number
        else None
    ) or Shipment.objects.create(
        order=order,
        printer=printer,
        carrier=carrier,
        tracking_number=tracking_number,
        shipped_at=timezone.now(),
    )
    lines = {line.number: line for line in OrderLine.objects.filter(order=order)}
    for number, quantity in quantities.items():
        row, created = ShipmentLine.objects.get_or_create(
            shipment=shipment, line=lines[number], defaults={"quantity": quantity}
        )
        if not created:
            ShipmentLine.objects.filter(pk=row.pk).update(quantity=row.quantity + quantity)
    return shipment
