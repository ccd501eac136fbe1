"""From a checkout request to an order that waits for its payment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction

from accounts.models import User
from common.errors import Conflict, Unprocessable
from orders import lifecycle
from orders.checkout import basket
from orders.checkout.basket import BasketLine
from orders.checkout.idempotency import IdempotencyKey
from orders.checkout.tax import Tax, TaxableLine, TaxAddress, tax_calculator
from orders.models import LineArtwork, Order, OrderLine, Payment
from orders.payments.services import payment_ensure, payment_open
from orders.totals import OrderTotals, order_totals
from pricing.rules import StorefrontRules
from pricing.selectors import storefront_rules
from uploads.services import asset_use


def tax_estimate(items: Sequence[Mapping[str, Any]], address: Mapping[str, Any], shipping: Decimal) -> Tax:
    """The tax on a basket that is still being filled in. Raises ProviderError."""
    lines = [TaxableLine(item["quantity"], item["total_price"]) for item in items]
    return tax_calculator().calculate(_tax_address(address), lines, shipping)


def _tax_address(address: Mapping[str, Any]) -> TaxAddress:
    return TaxAddress(
        **{name: address[name] for name in ("line1", "city", "state", "postal_code", "country")}
    )


def order_create(
    body: Mapping[str, Any], *, user: User | None, client: str, key: IdempotencyKey | None = None
) -> tuple[Order, Payment]:
    """The order of this basket and its payment, whatever the client retries: one basket, one order, one intent.

    With a key, one key is one order, also after it was paid and whatever the prices are by then. Raises Unprocessable
    for what cannot be sold and for a key that came with another body, Conflict `price_changed` where the client showed
    other amounts, and ProviderError where tax or payment provider fail; an order that was made by then waits and is
    found by the retry.
    """
    known = _order_of_key(key)
    if known is not None:
        return known, payment_ensure(known)
    rules = storefront_rules()
    lines = basket.basket_lines(body["items"], rules, user)
    shipping = basket.shipping_cost(rules, body["shipping_address"]["country"])
    tax = tax_calculator().calculate(
        _tax_address(body["shipping_address"]),
        [TaxableLine(line.price.quantity, line.price.total) for line in lines],
        shipping,
    )
    totals = order_totals((line.price.total for line in lines), shipping=shipping, tax=tax.amount)
    basket.refuse_changed_prices(lines, totals, body)
    basket.refuse_unsellable_total(totals.total)
    basket_key = basket.basket_key(lines, totals, body, client) if key is None else None
    order = _order_of_basket(basket_key) or _insert(body, lines, totals, tax, rules, user, basket_key, key)
    return order, payment_ensure(order)


def _order_of_basket(basket_key: str | None) -> Order | None:
    """The unpaid order of the same basket of the same client."""
    return Order.objects.filter(open_basket_key=basket_key).first() if basket_key else None


def _order_of_key(key: IdempotencyKey | None) -> Order | None:
    """The order that a request with this key has made. Raises Unprocessable if that request had another body."""
    order = Order.objects.filter(idempotency_key=key.key_hash).first() if key else None
    if key and order and order.request_fingerprint != key.fingerprint:
        raise Unprocessable("This Idempotency-Key was used for another order.", code="idempotency_key_reused")
    return order


def _insert(
    body: Mapping[str, Any],
    lines: Sequence[BasketLine],
    totals: OrderTotals,
    tax: Tax,
    rules: StorefrontRules,
    user: User | None,
    basket_key: str | None,
    key: IdempotencyKey | None,
) -> Order:
    """Writes order, lines, artworks, history and the payment to come, or finds the twin that was faster."""
    try:
        with transaction.atomic():
            order = Order.objects.create(
                user=user,
                customer_email=body["customer"]["email"],
                customer_name=body["customer"]["name"],
                customer_phone=body["customer"]["phone"],
                shipping_address=body["shipping_address"],
                billing_address=body.get("billing_address", body["shipping_address"]),
                customer_notes=body["customer_notes"],
                currency=settings.CURRENCY,
                subtotal=totals.subtotal,
                shipping=totals.shipping,
                tax=totals.tax,
                discount=totals.discount,
                total=totals.total,
                tax_source=tax.source,
                price_book=f"{rules.book}@{rules.version}",
                open_basket_key=basket_key,
                idempotency_key=key.key_hash if key else None,
                request_fingerprint=key.fingerprint if key else "",
            )
            for number, line in enumerate(lines, start=1):
                _insert_line(order, number, line, user)
            lifecycle.order_note_created(order, actor="customer")
            payment_open(order)
            return order
    except IntegrityError:
        twin = _order_of_key(key) or _order_of_basket(basket_key)
        if twin is None:
            raise Conflict(
                "The order could not be placed. Please try again.", code="order_conflict"
            ) from None
        return twin


def _insert_line(order: Order, number: int, line: BasketLine, user: User | None) -> None:
    variant = line.variant
    row = OrderLine.objects.create(
        order=order,
        number=number,
        variant=variant,
        quantity=line.price.quantity,
        unit_price=line.price.unit_price,
        total_price=line.price.total,
        charges=[
            {"rule": charge.rule, "description": charge.description, "amount": str(charge.amount)}
            for charge in line.price.charges
        ],
        customization=line.sent,
        method=line.method,
        product_title=variant.product.title,
        product_slug=variant.product.slug,
        garment=variant.product.garment,
        colour_name=variant.colour.name,
        colour_hex=variant.colour.hex,
        size_name=variant.size.name,
        sku=variant.sku,
    )
    for artwork in line.artworks:
        LineArtwork.objects.create(
            line=row,
            asset=asset_use(artwork.asset_id, user=user),
            placement=artwork.placement,
            index=artwork.index,
            position=artwork.position,
        )
