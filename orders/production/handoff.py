"""How a pack reaches the printer: a link that expires, sent by e-mail where a printer has an address.

The token is derived from `SECRET_KEY`; the row keeps its SHA-256 only, so a copy of the database opens no pack. A new
link ends the last one.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from common.errors import NotFound
from orders.models import Order, OutboxMail, PackEvent, Printer, ProductionPack

_SALT = "orders.production.pack"
_CAN_BE_SENT = frozenset({"waiting", "rejected"})
_GONE = frozenset({Order.ProductionStatus.SHIPPED, Order.ProductionStatus.DELIVERED})


def _token(pack: ProductionPack) -> str:
    digest = salted_hmac(_SALT, f"{pack.pk}:{pack.link_number}", algorithm="sha256").digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def new_link(pack: ProductionPack) -> dict[str, Any]:
    """The fields of the pack's next link, for `finish` or `update`; `pack` carries them already."""
    pack.link_number += 1
    pack.link_sha256 = hashlib.sha256(_token(pack).encode()).hexdigest()
    pack.link_expires_at = timezone.now() + settings.PACK_LINK_MAX_AGE
    return {
        "link_number": pack.link_number,
        "link_sha256": pack.link_sha256,
        "link_expires_at": pack.link_expires_at,
    }


def pack_link(pack: ProductionPack) -> str | None:
    """An absolute address that downloads this pack and nothing else, or None where it has no link now."""
    return f"{settings.PUBLIC_URL}/api/production/packs/{_token(pack)}" if pack.link_sha256 else None


def pack_page(pack: ProductionPack) -> str | None:
    """The address of the page where the printer reads, downloads, accepts and rejects."""
    return f"{settings.PUBLIC_URL}/printer/{_token(pack)}" if pack.link_sha256 else None


def pack_by_token(token: str) -> ProductionPack:
    """Raises NotFound for an altered, expired, revoked or unknown link, and for packs of cancelled orders."""
    pack = (
        ProductionPack.objects.select_related("line__order", "printer")
        .filter(
            link_sha256=hashlib.sha256(token.encode()).hexdigest(),
            link_expires_at__gt=timezone.now(),
            status=ProductionPack.Status.DONE,
        )
        .exclude(line__order__production_status=Order.ProductionStatus.CANCELLED)
        .first()
    )
    if pack is None:
        raise NotFound("This link is not valid any more.", code="pack_link_invalid")
    return pack


def pack_download(pack: ProductionPack, *, agent: str) -> None:
    """The receipt of a download."""
    PackEvent.objects.create(
        pack=pack,
        kind=PackEvent.Kind.DOWNLOADED,
        actor=str(pack.printer or "printer"),
        details={"sha256": pack.sha256, "link": pack.link_number, "agent": agent[:200]},
    )


def packs_ready(order: Order) -> list[ProductionPack]:
    """All packs of the order, if every one of them is done; else none: the printer gets an order as a whole."""
    packs = list(
        ProductionPack.objects.filter(line__order=order).select_related("line").order_by("line__number")
    )
    return packs if packs and all(pack.status == ProductionPack.Status.DONE for pack in packs) else []


def pack_links(order: Order) -> list[dict[str, Any]]:
    """What the printer's e-mail lists."""
    return [
        {
            "line": pack.line.number,
            "sku": pack.line.sku,
            "quantity": pack.line.quantity,
            "due": pack.due_on,
            "page": pack_page(pack),
            "url": pack_link(pack),
            "expires": pack.link_expires_at,
        }
        for pack in packs_ready(order)
    ]


def printer_for(order: Order) -> Printer | None:
    """The first active printer, by name, that prints every method of the order."""
    methods = {line.method for line in order.lines.all()}
    active = Printer.objects.filter(active=True).order_by("name")
    return next((one for one in active if not one.methods or methods <= set(one.methods)), None)


def printer_address(order: Order) -> str:
    """Where the mail about the order's packs goes; empty where nobody has an address."""
    pack = ProductionPack.objects.filter(line__order=order).select_related("printer").first()
    printer = pack.printer if pack else None
    return printer.email if printer and printer.email else str(settings.PRINTER_EMAIL)


@transaction.atomic
def packs_hand_over(order: Order, *, actor: str = "system", again: bool = False) -> bool:
    """Called after each finished pack; the last one sends the order to the printer. True where it went out.

    A cancelled or unpaid order and one on hold stay here, and so does one that has left already. The lock keeps a
    cancellation from passing between look and letter. `again` sends what was sent before once more, under new links.
    """
    order = Order.objects.select_for_update().get(pk=order.pk)
    if order.hold_reason or order.production_status == Order.ProductionStatus.CANCELLED or not order.paid_at:
        return False
    if order.production_status in _GONE and not again:
        return False  # staff shipped it by hand: a printer who got it now would print it once more
    packs = packs_ready(order)
    printer = printer_for(order)
    sent = False
    for pack in packs:
        changes: dict[str, Any] = {}
        is_late = pack.link_expires_at is None or pack.link_expires_at < timezone.now() + timedelta(days=1)
        if pack.link_sha256 is None or again or is_late:
            changes |= new_link(pack)
        if again or pack.handed_over_at is None or pack.stage in _CAN_BE_SENT:
            changes |= {"handed_over_at": timezone.now(), "printer": printer}
            if pack.stage in _CAN_BE_SENT:
                changes["stage"] = "sent"
            sent = True
            PackEvent.objects.create(
                pack=pack,
                kind=PackEvent.Kind.SENT,
                actor=actor,
                details={"printer": str(printer or ""), "sha256": pack.sha256, "link": pack.link_number},
            )
        if changes:
            ProductionPack.objects.filter(pk=pack.pk).update(**changes, updated_at=timezone.now())
    if sent and printer_address(order):
        from orders.notifications.services import mail_enqueue

        mail_enqueue(order, OutboxMail.Kind.PRINTER_PACKS, again=True)
    return sent
