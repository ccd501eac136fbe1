"""The printers' day: what is to be made, grouped by what is set up once, the most urgent first."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Any

from django.db.models import F, QuerySet

from orders.holds import hold_words
from orders.models import Order, ProductionPack
from orders.production.assembly import INK_METHODS

MOST_LINES = 1000
_OPEN = (Order.ProductionStatus.PENDING, Order.ProductionStatus.IN_PRODUCTION)


def packs_open() -> QuerySet[ProductionPack]:
    """Packs of paid orders that have not left yet, the most urgent first."""
    return (
        ProductionPack.objects.select_related("line__order", "printer")
        .filter(
            line__order__paid_at__isnull=False,
            line__order__production_status__in=_OPEN,
        )
        .exclude(stage="shipped")
        .order_by(F("due_on").asc(nulls_first=True), "line__order__created_at", "line__number")
    )


def worklist(today: date, waiting: QuerySet[ProductionPack] | None = None) -> dict[str, Any]:
    """Groups of one method, ink set and garment, each with its lines; by the earliest due date of each.

    `waiting` narrows `packs_open()`, such as to the packs of one printer.
    """
    packs = list((packs_open() if waiting is None else waiting)[: MOST_LINES + 1])
    groups: dict[tuple[str, str, str], list[ProductionPack]] = defaultdict(list)
    for pack in packs[:MOST_LINES]:
        line = pack.line
        groups[line.method, ink_set(pack), f"{line.product_title}, {line.colour_name}"].append(pack)
    return {
        "date": today.isoformat(),
        "lines": min(len(packs), MOST_LINES),
        "truncated": len(packs) > MOST_LINES,
        "groups": [_group(key, members, today) for key, members in groups.items()],
    }


def ink_set(pack: ProductionPack) -> str:
    """What the press is set up with: the screens' colours where each ink has one, else full colour or nothing."""
    placements = pack.facts.get("placements", [])
    if not placements:
        return "blank" if pack.status == ProductionPack.Status.DONE else "not built"
    white = "white underbase + " if pack.facts.get("underbase") == "white" else ""
    if pack.line.method not in INK_METHODS:
        return f"{white}full colour"
    return white + " ".join(sorted({colour for placement in placements for colour in placement["colours"]}))


def _group(key: tuple[str, str, str], packs: list[ProductionPack], today: date) -> dict[str, Any]:
    due = min((pack.due_on for pack in packs if pack.due_on), default=None)
    return {
        "method": key[0],
        "inks": key[1],
        "garment": key[2],
        "due_on": due.isoformat() if due else None,
        "late": bool(due and due < today),
        "quantity": sum(pack.line.quantity for pack in packs),
        "lines": [_row(pack, today) for pack in packs],
    }


def _row(pack: ProductionPack, today: date) -> dict[str, Any]:
    line = pack.line
    return {
        "pack_id": str(pack.pk),
        "order_number": line.order.number,
        "line": line.number,
        "sku": line.sku,
        "size": line.size_name,
        "quantity": line.quantity,
        "due_on": pack.due_on.isoformat() if pack.due_on else None,
        "late": bool(pack.due_on and pack.due_on < today),
        "stage": pack.stage,
        "status": pack.status,
        "hold_reason": line.order.hold_reason,
        "hold_words": hold_words(line.order.hold_reason),
        "printer": pack.printer.name if pack.printer else None,
        "placements": [
            {name: placement[name] for name in ("placement", "width_in", "height_in", "dpi")}
            for placement in pack.facts.get("placements", [])
        ],
    }
