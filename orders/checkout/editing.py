"""What a customer may change after the order is placed, until production starts: address, sizes, or all of it.

The price follows: what it costs less goes back, what it costs more is asked for, and nobody is charged an amount that
was not shown. Tax is computed before the order is locked, because no provider is called in a transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction

from common.canonical import canonical_hash
from common.errors import Conflict, Unprocessable
from orders import holds, lifecycle
from orders.checkout.basket import price_difference, refuse_unsellable_total
from orders.checkout.rules import differences_due, refusal_to_change
from orders.checkout.services import tax_address, taxable_lines
from orders.checkout.shipping import parcel_weight_oz, shipping_cost
from orders.checkout.tax import Tax, calculation_spent, tax_calculator
from orders.models import Order, OrderLine, Payment, Refund
from orders.payments.refunds import refund_request
from orders.payments.services import difference_ensure, difference_open, payment_ensure
from orders.payments.stopping import payments_stop
from orders.stock.services import pieces_of, stock_exchange, stock_reserve
from orders.totals import ZERO, OrderTotals, order_totals
from pricing.engine import LineInput, PlacementInput
from pricing.models import DiscountCode
from pricing.rules import Book
from pricing.selectors import STOREFRONT_BOOK, published_book
from pricing.services.books import line_price
from products.models import Placement, Product, Variant


@dataclass(frozen=True)
class Edit:
    """What an order becomes: the new facts of the lines that change, the amounts, and the tax behind them."""

    address: dict[str, Any]
    lines: list[tuple[OrderLine, dict[str, Any]]]
    totals: OrderTotals
    tax: Tax


def order_edit(order: Order, body: Mapping[str, Any], *, actor: str) -> tuple[Order, Payment | None]:
    """Changes address and sizes. Returns the order and the payment that is due now, if any.

    `body["total"]` is what the customer was shown; it may be left out while the amount stays. Raises Conflict for an
    order that cannot be changed any more, with its reason, `price_changed` with the difference for another total,
    `out_of_stock`, Unprocessable for a size that is not sold, and ProviderError where tax cannot be computed.
    """
    seen_at = order.updated_at
    _refuse(order)
    edit = _planned(order, body)
    if edit is None:
        return order, _waiting(order)
    shown = order.total if body.get("total") is None else body["total"]
    if shown != edit.totals.total:
        difference = price_difference("/total", shown, edit.totals.total)
        raise Conflict(
            f"The order would come to {edit.totals.total}. Please confirm that.",
            code="price_changed",
            errors=[difference],
            extra={"diff": [difference]},
        )
    with transaction.atomic():
        order = lifecycle.order_lock(order.pk)
        _refuse(order)
        if order.updated_at != seen_at:
            raise Conflict("The order has changed in the meantime. Please try again.", code="order_changed")
        due = _rewrite(order, edit, actor)
    calculation_spent(edit.tax)
    return order, difference_ensure(due) if due else _waiting(order)


def _waiting(order: Order) -> Payment | None:
    """The payment that the order waits for anyway."""
    if order.paid_at is None:
        return payment_ensure(order) if order.total else None
    due = differences_due(order).first()
    return difference_ensure(due) if due else None


@transaction.atomic
def order_cancel(order: Order, *, actor: str, reason: str = "") -> Order:
    """Ends the order; what was paid goes back. Repeating it changes nothing. Raises Conflict with its reason."""
    order = lifecycle.order_lock(order.pk)
    if order.production_status == Order.ProductionStatus.CANCELLED:
        return order
    _refuse(order)
    if order.paid_at is not None:
        refund_request(order.pk, actor=actor, remark=reason or "cancelled by the customer")
    order.refresh_from_db()
    if order.production_status != Order.ProductionStatus.CANCELLED:
        cancelled = Order.ProductionStatus.CANCELLED
        order = lifecycle.order_change_production(order.pk, cancelled, actor=actor, reason=reason)
    return order


def _refuse(order: Order) -> None:
    refusal = refusal_to_change(order)
    if refusal is not None:
        raise refusal


# --- What the order would become --------------------------------------------------------------------------------


def _planned(order: Order, body: Mapping[str, Any]) -> Edit | None:
    """None where nothing would change."""
    book = published_book(STOREFRONT_BOOK)
    address = body.get("shipping_address") or order.shipping_address
    lines = list(
        order.lines.select_related("variant__product", "variant__colour").prefetch_related("artworks")
    )
    changed = _resized(lines, body.get("items") or [], book)
    if not changed and address == order.shipping_address:
        return None
    facts = {line.pk: new for line, new in changed}
    shipping = order.shipping
    if address["country"] != order.shipping_address["country"]:
        weight_oz = parcel_weight_oz((line.variant, line.quantity) for line in lines)
        shipping = shipping_cost(book, address["country"], weight_oz)
    priced = [
        (line.quantity, facts[line.pk]["total_price"] if line.pk in facts else line.total_price)
        for line in lines
    ]
    off_goods, off_shipping = _discounts(order, sum((total for _, total in priced), ZERO), shipping)
    tax = tax_calculator().calculate(
        tax_address(address), taxable_lines(priced, off_goods), shipping - off_shipping
    )
    totals = order_totals(
        (total for _, total in priced), shipping=shipping, tax=tax.amount, discount=off_goods + off_shipping
    )
    refuse_unsellable_total(totals.before_gift_card)
    if totals.before_gift_card < order.gift_card:
        raise Conflict(
            "A gift card has paid more than the order would cost. Please contact us.",
            code="gift_card_exceeds",
        )
    return Edit(address, changed, totals.paid_by_gift_card(order.gift_card), tax)


def _discounts(order: Order, subtotal: Decimal, shipping: Decimal) -> tuple[Decimal, Decimal]:
    """The redeemed discount, off goods and off shipping: it stays what it was, but not above what it is taken from."""
    kinds = DiscountCode.objects.filter(code=order.discount_code).values_list("kind", flat=True)
    if order.discount_code and DiscountCode.Kind.FREE_SHIPPING in kinds:
        return ZERO, min(order.discount, shipping)
    return min(order.discount, subtotal), ZERO


def _resized(
    lines: Sequence[OrderLine], items: Sequence[Mapping[str, Any]], book: Book
) -> list[tuple[OrderLine, dict[str, Any]]]:
    """The lines that get another size, and what is new of each. Raises Unprocessable."""
    by_number = {line.number: line for line in lines}
    changed = []
    for index, item in enumerate(items):
        line = by_number.get(item["id"])
        if line is None or line.production_status == OrderLine.Status.CANCELLED:
            raise _refused(index, "id", "line_not_found", "This order has no such item.")
        if line.size_name == item["size"]:
            continue
        variant = (
            Variant.objects.select_related("product", "colour", "size")
            .filter(
                product=line.variant.product,
                product__status=Product.Status.ACTIVE,
                colour=line.variant.colour,
                size__name=item["size"],
            )
            .first()
        )
        if variant is None:
            raise _refused(index, "size", "size_not_found", f"We do not have it in {item['size']}.")
        changed.append((line, _new_facts(line, variant, lines, book)))
    return changed


def _new_facts(line: OrderLine, variant: Variant, lines: Sequence[OrderLine], book: Book) -> dict[str, Any]:
    """What was paid, plus what the new size costs more or less today: a quote or an older book stays honoured."""
    pieces = sum(other.quantity for other in lines if _design(other) == _design(line))
    old, new = (
        line_price(book, _line_input(line, sold, pieces)).unit_price for sold in (line.variant, variant)
    )
    change = new - old
    unit_price = line.unit_price + change
    charge = {
        "rule": f"{book.cite}/size",
        "description": f"{variant.size.name} instead of {line.size_name}",
        "amount": str(change),
        "per": "piece",
    }
    return {
        "variant": variant,
        "size_name": variant.size.name,
        "sku": variant.sku,
        "unit_price": unit_price,
        "total_price": unit_price * line.quantity,
        "charges": [*line.charges, charge] if change else line.charges,
    }


def _design(line: OrderLine) -> str:
    placed = [[str(a.asset_id), a.placement, a.index, a.position] for a in line.artworks.all()]
    return canonical_hash([line.method, placed])


def _line_input(line: OrderLine, variant: Variant, pieces: int) -> LineInput:
    placements = {artwork.placement for artwork in line.artworks.all()}
    return LineInput(
        product_slug=variant.product.slug,
        base_price=variant.base_price,
        size=variant.size.name,
        is_dark=variant.colour.is_dark,
        quantity=line.quantity,
        design_quantity=pieces,
        placements=tuple(
            PlacementInput(side, line.method, 0, Decimal(0), Decimal(0), None)
            for side in sorted(placements - {Placement.NECK})
        ),
        has_neck_label=Placement.NECK in placements,
    )


def _refused(index: int, field: str, code: str, message: str) -> Unprocessable:
    error = {"pointer": f"/items/{index}/{field}", "code": code, "detail": message}
    return Unprocessable(message, code=code, errors=[error])


# --- Writing it, under the lock ---------------------------------------------------------------------------------


def _rewrite(order: Order, edit: Edit, actor: str) -> Payment | None:
    """Writes the edit and settles the price. Returns the payment that a paid order now needs on top, if any."""
    totals, was = edit.totals, order.total
    changes: dict[str, Any] = {
        "shipping_address": edit.address,
        "subtotal": totals.subtotal,
        "shipping": totals.shipping,
        "tax": totals.tax,
        "discount": totals.discount,
        "total": totals.total,
        "tax_source": edit.tax.source,
        "tax_calculation_id": edit.tax.calculation_id,
        "open_basket_key": None,  # it is not the basket any more that a retry would send
    }
    changed = {name: value for name, value in changes.items() if value != getattr(order, name)}
    lifecycle.order_rewrite(order, changed, edit.lines, actor=actor)
    due = _settle(order, totals.total - was, actor) if order.paid_at is not None else None
    claim = stock_exchange if order.paid_at is not None else stock_reserve
    claim(order, pieces_of(order.lines.all()), actor=actor)
    return due


def _settle(order: Order, change: Decimal, actor: str) -> Payment | None:
    """What a paid order costs more or less, together with what an earlier edit asked for and nobody has paid yet."""
    if not change:
        return None
    due = change + sum((payment.amount for payment in differences_due(order)), ZERO)
    payments_stop(order)
    if due > 0:
        payment = difference_open(order, due)
        lifecycle.order_hold(order, reason=holds.DIFFERENCE_DUE, actor=actor, note=f"{due}")
        return payment
    lifecycle.order_release(order, reason=holds.DIFFERENCE_DUE, actor=actor)
    if due < 0:
        remark = "the edited order costs less"
        reason = Refund.Reason.PRICE_DIFFERENCE
        refund_request(order.pk, amount=-due, actor=actor, reason=reason, remark=remark)
    return None
