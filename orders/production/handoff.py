"""How a pack reaches the printer: a signed link that expires, sent by e-mail where the shop has a printer's address."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.utils import timezone

from common.errors import NotFound
from orders.models import Order, OutboxMail, ProductionPack

_SALT = "orders.production.pack"


def pack_link(pack: ProductionPack) -> str:
    """An absolute address that works for `PACK_LINK_MAX_AGE`; it opens this pack and nothing else."""
    return f"{settings.PUBLIC_URL}/api/production/packs/{signing.dumps(str(pack.pk), salt=_SALT)}"


def pack_by_token(token: str) -> ProductionPack:
    """Raises NotFound for an altered, expired or unknown link."""
    try:
        pk = UUID(signing.loads(token, salt=_SALT, max_age=settings.PACK_LINK_MAX_AGE))
        return ProductionPack.objects.select_related("line__order").get(
            pk=pk, status=ProductionPack.Status.DONE
        )
    except (signing.BadSignature, ValueError, ProductionPack.DoesNotExist) as error:
        raise NotFound("This link is not valid any more.", code="pack_link_invalid") from error


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
            "url": pack_link(pack),
        }
        for pack in packs_ready(order)
    ]


@transaction.atomic
def packs_hand_over(order: Order) -> None:
    """Called after each finished pack; the last one sends the order to the printer.

    A cancelled order and one on hold stay here. The lock keeps a cancellation from passing between look and letter.
    """
    from orders.notifications.services import mail_enqueue

    order = Order.objects.select_for_update().get(pk=order.pk)
    if order.hold_reason or order.production_status == Order.ProductionStatus.CANCELLED:
        return
    packs = packs_ready(order)
    if not packs:
        return
    ProductionPack.objects.filter(pk__in=[pack.pk for pack in packs], handed_over_at__isnull=True).update(
        handed_over_at=timezone.now()
    )
    if settings.PRINTER_EMAIL:
        mail_enqueue(order, OutboxMail.Kind.PRINTER_PACKS)
