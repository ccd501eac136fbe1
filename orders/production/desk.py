"""What staff do with packs: send again, build again, waive a point, release a hold, print again. All with history."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from common.errors import Conflict, NotFound, Unprocessable
from orders import lifecycle
from orders.models import LineArtwork, Order, OrderLine, PackEvent, ProductionPack, Reprint
from orders.production.handoff import packs_hand_over
from orders.production.services import packs_request
from orders.production.tasks import ring_pack

# Holds that the pack itself has opened, and that a new attempt may close.
PACK_HOLDS = frozenset({"pack_check_failed", "pack_failed", "nothing_to_print", "placement_not_offered"})


def packs_resend(order: Order, *, actor: str) -> None:
    """The printer gets the order once more, under new links; the old ones end. Raises Conflict where it must not go."""
    if not packs_hand_over(order, actor=actor, again=True):
        raise Conflict(
            "The order is unpaid, on hold, cancelled, or not all of its packs are built.",
            code="pack_not_ready",
        )


@transaction.atomic
def pack_rebuild(pack: ProductionPack, *, actor: str, note: str = "", force: bool = False) -> None:
    """Queues the pack again. Without `force` an equal file is kept. Raises Conflict while it is being built or once it
    is being printed."""
    lifecycle.order_lock(pack.line.order_id)
    pack = ProductionPack.objects.select_for_update().get(pk=pack.pk)
    if pack.status == ProductionPack.Status.RUNNING:
        raise Conflict("The pack is being built.", code="pack_running")
    if pack.stage in ("in_production", "shipped"):
        raise Conflict(f"The line is {pack.stage}; make a reprint instead.", code="illegal_transition")
    ProductionPack.objects.filter(pk=pack.pk).update(
        status=ProductionPack.Status.QUEUED,
        stage="waiting",
        attempts=0,
        available_at=timezone.now(),
        completed_at=None,
        error_code="",
        error_message="",
        input_hash="" if force else pack.input_hash,
    )
    PackEvent.objects.create(
        pack=pack, kind=PackEvent.Kind.REBUILD, actor=actor, note=note, details={"force": force}
    )
    ring_pack(str(pack.pk))


@transaction.atomic
def pack_waive(pack: ProductionPack, *, actor: str, note: str) -> list[int]:
    """Lets the points that failed pass for this line, and builds again. Returns them. Raises Unprocessable without a
    reason, and Conflict where nothing failed."""
    if not note.strip():
        raise Unprocessable("Say why the failed points may pass.", code="reason_required")
    failed = {finding["rule"] for finding in pack.report if finding["blocking"] and not finding["ok"]}
    if not failed:
        raise Conflict("No point of the checklist keeps this pack back.", code="nothing_to_waive")
    points = sorted(failed | set(pack.waived_points))
    ProductionPack.objects.filter(pk=pack.pk).update(waived_points=points)
    PackEvent.objects.create(
        pack=pack, kind=PackEvent.Kind.WAIVED, actor=actor, note=note, details={"points": points}
    )
    order_release_hold(pack.line.order, actor=actor, note=note)
    return points


def link_revoke(pack: ProductionPack, *, actor: str) -> None:
    """Ends the pack's link; sending it again makes a new one."""
    ProductionPack.objects.filter(pk=pack.pk).update(link_sha256=None, link_expires_at=None)
    PackEvent.objects.create(pack=pack, kind=PackEvent.Kind.REVOKED, actor=actor)


@transaction.atomic
def order_release_hold(order: Order, *, actor: str, note: str) -> None:
    """Closes the hold; packs that were never asked for or that failed are built, finished ones go to the printer.

    Raises Unprocessable without a reason.
    """
    if not note.strip():
        raise Unprocessable("Say why the order may go on.", code="reason_required")
    order = lifecycle.order_lock(order.pk)
    if order.hold_reason:
        lifecycle.order_release(order, reason=order.hold_reason, actor=actor, note=note)
    order.refresh_from_db()
    if not order.paid_at or order.production_status == Order.ProductionStatus.CANCELLED:
        return
    packs_request(order)
    failed = ProductionPack.objects.filter(line__order=order, status=ProductionPack.Status.FAILED)
    for pack in failed.select_related("line"):
        pack_rebuild(pack, actor=actor, note=note)
    packs_hand_over(order, actor=actor)


@transaction.atomic
def reprint_create(line: OrderLine, quantity: int, defect: str, *, actor: str, note: str = "") -> Reprint:
    """A child order of this line at no price, paid from its first moment, so that its pack is asked for at once.

    Its art files are the parent's byte for byte. Raises Unprocessable for a quantity or a defect that cannot be, and
    Conflict for an order that was never paid.
    """
    if defect not in Reprint.Defect.values:
        raise Unprocessable(f"{defect!r} is no defect code.", code="defect_unknown")
    if not 1 <= quantity <= line.quantity:
        raise Unprocessable(f"The line has {line.quantity} garments.", code="quantity_invalid")
    parent = lifecycle.order_lock(line.order_id)
    if not parent.paid_at:
        raise Conflict("An order that was never paid has nothing to print again.", code="order_unpaid")
    nothing = Decimal("0.00")
    child = Order.objects.create(
        user=parent.user,
        customer_email=parent.customer_email,
        customer_name=parent.customer_name,
        customer_phone=parent.customer_phone,
        shipping_address=parent.shipping_address,
        billing_address=parent.billing_address,
        customer_notes=parent.customer_notes,
        internal_notes=note,
        currency=parent.currency,
        subtotal=nothing,
        shipping=nothing,
        tax=nothing,
        total=nothing,
        tax_source=parent.tax_source,
        price_book=parent.price_book,
    )
    _copy_line(line, child, quantity)
    reprint = Reprint.objects.create(
        line=line, order=child, quantity=quantity, defect=defect, note=note, actor=actor
    )
    lifecycle.order_note_created(child, actor=actor)
    lifecycle.order_note(
        parent,
        "order.reprinted",
        actor=actor,
        note=f"line {line.number}: {quantity} again as {child.number} ({defect})",
    )
    lifecycle.order_mark_paid(child, None, actor=actor)
    return reprint


def _copy_line(line: OrderLine, child: Order, quantity: int) -> None:
    copy = OrderLine.objects.get(pk=line.pk)
    copy.pk, copy._state.adding = None, True
    copy.id = OrderLine._meta.get_field("id").get_default()
    copy.order, copy.number, copy.quantity = child, 1, quantity
    copy.unit_price = copy.total_price = Decimal("0.00")
    copy.quote, copy.charges = None, []
    copy.front_mockup_name = copy.back_mockup_name = ""
    copy.save(force_insert=True)
    LineArtwork.objects.bulk_create(
        LineArtwork(
            line=copy,
            asset=row.asset,
            placement=row.placement,
            index=row.index,
            position=row.position,
        )
        for row in line.artworks.select_related("asset")
    )


def order_by_id(order_id: UUID) -> Order:
    """Raises NotFound."""
    order = Order.objects.filter(pk=order_id).first()
    if order is None:
        raise NotFound("Order not found", code="order_not_found")
    return order


def order_put_on_hold(order: Order, *, actor: str, note: str) -> None:
    """Staff stop an order. Raises Unprocessable without a reason."""
    if not note.strip():
        raise Unprocessable("Say why the order is held.", code="reason_required")
    lifecycle.order_hold(order, reason="held_by_staff", actor=actor, note=note)
