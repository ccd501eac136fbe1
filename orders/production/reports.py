"""What a printer says about an order, applied once: accepted, rejected, in production, shipped in parts, delivered."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction

from common.errors import Conflict, NotFound, Unprocessable
from orders import lifecycle
from orders.models import Order, Printer, PrinterEvent, ProductionPack
from orders.production.services import pack_set_stage
from orders.production.shipments import left_to_ship, shipment_record
from orders.production.stages import REPORTED, STAGES, stage_refusal
from orders.states import canonical_production_status

REJECTED = "printer_rejected"
"""The hold's reason after a printer has said no."""


@dataclass(frozen=True, slots=True)
class Report:
    """One report. `quantities` maps line numbers to garments; empty means all lines, None all that is left of one."""

    event_id: str
    order_number: str
    status: str
    quantities: Mapping[int, int | None]
    tracking_number: str = ""
    carrier: str = ""
    reason: str = ""


class _Undone(Exception):
    """Takes a dry run back."""


def report_apply(
    report: Report, *, source: str, printer: Printer | None, raw: bytes, dry_run: bool = False
) -> dict[str, Any]:
    """Applies the report, or says that it was applied before. Returns the order's and the lines' states.

    Raises NotFound for an order that is not this printer's, Unprocessable for what cannot be meant, Conflict for an
    illegal move (with the legal ones) and for an event id that came with another body before. A refused report leaves
    nothing behind, so that it may be sent again.
    """
    body_sha256 = hashlib.sha256(raw).hexdigest()
    answer: dict[str, Any] = {}
    try:
        with transaction.atomic():
            answer = _apply(report, source, printer, body_sha256)
            if dry_run:
                raise _Undone
    except _Undone:
        return {**answer, "dry_run": True}
    except IntegrityError as error:  # a twin of this report was written between our look and our row
        earlier = PrinterEvent.objects.filter(source=source, event_id=report.event_id).first()
        if earlier is None:
            raise
        if earlier.body_sha256 != body_sha256:
            raise Conflict("This event id came with another body before.", code="event_id_reused") from error
        return {**_states(earlier.order), "duplicate": True}
    return answer


def _apply(report: Report, source: str, printer: Printer | None, body_sha256: str) -> dict[str, Any]:
    order = Order.objects.filter(number=report.order_number).first()
    if order is None or not _is_theirs(order, printer):
        raise NotFound("Order not found", code="order_not_found")
    order = lifecycle.order_lock(order.pk)
    earlier = PrinterEvent.objects.filter(source=source, event_id=report.event_id).first()
    if earlier is not None:
        if earlier.body_sha256 != body_sha256:
            raise Conflict("This event id came with another body before.", code="event_id_reused")
        return {**_states(order), "duplicate": True}
    status = canonical_production_status(report.status) or report.status
    if status not in REPORTED:
        raise Unprocessable(
            f"{report.status!r} is not a status that a printer reports.", code="status_unknown"
        )
    PrinterEvent.objects.create(
        source=source, event_id=report.event_id, body_sha256=body_sha256, order=order, status=status
    )
    actor = f"printer:{printer.name}" if printer else "printer"
    _move(order, status, report, printer, actor)
    order.refresh_from_db()
    return {**_states(order), "duplicate": False}


def _is_theirs(order: Order, printer: Printer | None) -> bool:
    """A printer with a row reports on what was sent to it; the one of .env on what was sent to no other."""
    theirs = {pack.printer_id for pack in ProductionPack.objects.filter(line__order=order)}
    return theirs <= {printer.pk if printer else None, None}


def _move(order: Order, status: str, report: Report, printer: Printer | None, actor: str) -> None:
    given = {"tracking_number": report.tracking_number, "carrier": report.carrier}
    if status == "delivered":
        lifecycle.order_change_production(order.pk, status, actor=actor, **given)
    elif status == "shipped":
        _ship(order, report, printer, actor)
    else:
        packs_move(order, status, actor=actor, numbers=set(report.quantities), note=report.reason)


def packs_move(
    order: Order, stage: str, *, actor: str, numbers: set[int] | None = None, note: str = ""
) -> None:
    """Moves lines (all, without numbers) to accepted, rejected or in_production, and the order with them.

    Raises Unprocessable for unknown lines and a rejection without a reason, Conflict for an illegal move.
    """
    if stage == "rejected" and not note.strip():
        raise Unprocessable("A rejection needs a reason.", code="reason_required")
    with transaction.atomic():
        order = lifecycle.order_lock(order.pk)
        packs = _packs(order, numbers or set())
        for pack in packs:
            refusal = stage_refusal(pack.stage, stage)
            if refusal:
                raise Conflict(
                    f"Line {pack.line.number}: {refusal}",
                    code="illegal_transition",
                    extra={"allowed": sorted(STAGES[pack.stage])},
                )
        if stage == "in_production":
            for pack in packs:
                lifecycle.line_change_production(order.pk, pack.line.number, stage, actor=actor)
        elif stage != "rejected" and order.hold_reason:
            raise Conflict(f"The order is on hold: {order.hold_reason}.", code="order_on_hold")
        for pack in packs:
            pack_set_stage(pack, stage, actor, note)
        if stage == "rejected":
            lines = ", ".join(str(pack.line.number) for pack in packs)
            lifecycle.order_hold(order, reason=REJECTED, actor=actor, note=f"line {lines}: {note}")


def _ship(order: Order, report: Report, printer: Printer | None, actor: str) -> None:
    given = {"tracking_number": report.tracking_number, "carrier": report.carrier}
    if order.production_status != Order.ProductionStatus.IN_PRODUCTION:
        lifecycle.order_change_production(
            order.pk, "shipped", actor=actor, **given
        )  # refuses, or notes tracking
        return
    if order.hold_reason:
        raise Conflict(f"The order is on hold: {order.hold_reason}.", code="order_on_hold")
    left = left_to_ship(order)
    wanted = report.quantities or dict.fromkeys(number for number, rest in left.items() if rest)
    quantities = {
        number: left.get(number, 0) if quantity is None else quantity for number, quantity in wanted.items()
    }
    shipment_record(
        order,
        quantities,
        carrier=report.carrier,
        tracking_number=report.tracking_number,
        printer=printer,
    )
    rest = left_to_ship(order)
    for pack in _packs(order, set()):
        if rest.get(pack.line.number, 0) == 0:
            pack_set_stage(pack, "shipped", actor, report.tracking_number)
        elif pack.line.number in quantities:
            pack_set_stage(pack, "in_production", actor, f"{quantities[pack.line.number]} shipped")
    done = not any(rest.values())
    if not done:
        for number in (number for number in quantities if rest[number] == 0):
            lifecycle.line_change_production(order.pk, number, "shipped", actor=actor)
    lifecycle.order_change_production(order.pk, "shipped" if done else "in_production", actor=actor, **given)


def _packs(order: Order, numbers: set[int]) -> list[ProductionPack]:
    packs = list(
        ProductionPack.objects.select_for_update(of=("self",))
        .select_related("line")
        .filter(line__order=order)
        .order_by("pk")
    )
    unknown = numbers - {pack.line.number for pack in packs}
    if unknown:
        raise Unprocessable(f"The order has no line {min(unknown)}.", code="line_not_found")
    return [pack for pack in packs if not numbers or pack.line.number in numbers]


def _states(order: Order) -> dict[str, Any]:
    left = left_to_ship(order)
    return {
        "order_number": order.number,
        "status": order.production_status,
        "lines": [
            {"line": pack.line.number, "stage": pack.stage, "left_to_ship": left[pack.line.number]}
            for pack in ProductionPack.objects.filter(line__order=order)
            .select_related("line")
            .order_by("line__number")
        ],
    }
