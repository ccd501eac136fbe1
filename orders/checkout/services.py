"""From a checkout request to an order that waits for its payment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction

from accounts.models import User
from common.canonical import canonical_hash
from common.errors import Conflict, DomainError, Unprocessable
from orders import lifecycle
from orders.access import access_prepare
from orders.checkout import basket
from orders.checkout.basket import BasketLine
from orders.checkout.idempotency import IdempotencyKey
from orders.checkout.print_quality import lines_accepted, lines_inspected
from orders.checkout.shipping import parcel_weight_oz, shipping_cost
from orders.checkout.tax import Tax, TaxableLine, TaxAddress, calculation_spent, tax_calculator
from orders.models import LineArtwork, Order, OrderLine, Payment
from orders.payments.services import payment_ensure, payment_open
from orders.stock.services import pieces_of, stock_reserve
from orders.totals import ZERO, OrderTotals, allocate, order_totals
from pricing.models import Quote
from pricing.rules import Book
from pricing.selectors import STOREFRONT_BOOK, published_book
from pricing.services.discounts import Discount, discount_preview, discount_redeem
from pricing.services.gift_cards import gift_card_balance, gift_card_spend
from pricing.services.quotes import quote_freeze
from uploads.services import asset_use


@dataclass(frozen=True)
class _Basket:
    """A priced basket: what an order is made from."""

    book: Book
    lines: Sequence[BasketLine]
    totals: OrderTotals
    tax: Tax
    discount: Discount | None


def tax_estimate(items: Sequence[Mapping[str, Any]], address: Mapping[str, Any], shipping: Decimal) -> Tax:
    """The tax on a basket that is still being filled in. Raises ProviderError."""
    lines = [TaxableLine(item["quantity"], item["total_price"]) for item in items]
    return tax_calculator().calculate(tax_address(address), lines, shipping)


def tax_address(address: Mapping[str, Any]) -> TaxAddress:
    return TaxAddress(
        **{name: address[name] for name in ("line1", "city", "state", "postal_code", "country")}
    )


def cart_quote(
    items: Sequence[Mapping[str, Any]], *, user: User | None
) -> tuple[list[Quote], list[dict[str, Any]]]:
    """A signed quote for every item of a cart, by the storefront's book, and what is to be said of each print.

    Raises as `basket.basket_lines`; a print that an order would refuse is quoted all the same.
    """
    book = published_book(STOREFRONT_BOOK)
    lines = basket.basket_lines(items, book, user)
    quality = [found.to_json() for _, found in lines_inspected(lines)]
    quotes = [
        quote_freeze(
            book=book,
            line=line.line,
            breakdown=line.price,
            variant_id=line.variant.pk,
            design_hash=canonical_hash(basket.design_key(line.artworks, line.method)),
        )
        for line in lines
    ]
    return quotes, quality


def order_create(
    body: Mapping[str, Any], *, user: User | None, client: str, key: IdempotencyKey | None = None
) -> tuple[Order, Payment | None]:
    """The order of this basket and its payment, whatever the client retries: one basket, one order, one intent.

    With a key, one key is one order, also after it was paid and whatever the prices are by then. No payment where a
    gift card covers everything. Raises Unprocessable for what cannot be sold and for a key that came with another
    body, Conflict `price_changed` where the client showed other amounts and `out_of_stock` where others were faster,
    and ProviderError where tax or payment provider fail; an order that was made by then waits and is found by the
    retry.
    """
    basket_key = basket.basket_key(body, client) if key is None else None
    order = _twin(key, basket_key)
    if order is None:
        try:
            order = _insert(body, _priced(body, user), user, basket_key, key)
        except (IntegrityError, DomainError) as error:
            # A twin that was faster may have taken the last shirt, or used up the code, for this very order.
            order = _twin(key, basket_key)
            if order is None and isinstance(error, DomainError):
                raise
            if order is None:
                raise Conflict(
                    "The order could not be placed. Please try again.", code="order_conflict"
                ) from error
    return order, payment_ensure(order) if order.total else None


def _twin(key: IdempotencyKey | None, basket_key: str | None) -> Order | None:
    """The order that this very request has made before. Raises as `_order_of_key`."""
    return _order_of_key(key) or _order_of_basket(basket_key)


def _order_of_basket(basket_key: str | None) -> Order | None:
    """The unpaid order of the same basket of the same client."""
    return Order.objects.filter(open_basket_key=basket_key).first() if basket_key else None


def _order_of_key(key: IdempotencyKey | None) -> Order | None:
    """The order that a request with this key has made.

    Raises Unprocessable if that request had another body, and Conflict if the order has ended without being paid:
    its secret would take money for nothing.
    """
    order = Order.objects.filter(idempotency_key=key.key_hash).first() if key else None
    if key and order and order.request_fingerprint != key.fingerprint:
        raise Unprocessable("This Idempotency-Key was used for another order.", code="idempotency_key_reused")
    if order and order.paid_at is None and order.production_status == Order.ProductionStatus.CANCELLED:
        raise Conflict("This order was cancelled. Please place it again.", code="order_cancelled")
    return order


def _priced(body: Mapping[str, Any], user: User | None) -> _Basket:
    """The basket by the server's own prices, held against what the client showed."""
    book = published_book(STOREFRONT_BOOK)
    lines = basket.basket_lines(body["items"], book, user)
    weight_oz = parcel_weight_oz((line.variant, line.price.quantity) for line in lines)
    shipping = shipping_cost(book, body["shipping_address"]["country"], weight_oz)
    subtotal = sum((line.total for line in lines), ZERO)
    customer = body["customer"]["email"]
    discount = (
        discount_preview(body["discount_code"], customer=customer, subtotal=subtotal, shipping=shipping)
        if body["discount_code"]
        else None
    )
    tax = tax_calculator().calculate(
        tax_address(body["shipping_address"]),
        taxable_lines(
            [(line.price.quantity, line.total) for line in lines], discount.goods if discount else ZERO
        ),
        shipping - (discount.shipping if discount else ZERO),
    )
    totals = order_totals(
        (line.total for line in lines),
        shipping=shipping,
        tax=tax.amount,
        discount=discount.amount if discount else ZERO,
    )
    if body["gift_card_code"]:
        totals = totals.paid_by_gift_card(gift_card_balance(body["gift_card_code"]))
    basket.refuse_changed_prices(lines, totals, body)
    basket.refuse_unsellable_total(totals.before_gift_card)
    lines = lines_accepted(lines, body["items"])
    return _Basket(book, lines, totals, tax, discount)


def taxable_lines(lines: Sequence[tuple[int, Decimal]], discount: Decimal) -> list[TaxableLine]:
    """Tax is due on what is paid: a discount on the goods is spread over the lines (pieces, total) to the cent."""
    shares = allocate(discount, [total for _, total in lines])
    return [
        TaxableLine(quantity, total - share) for (quantity, total), share in zip(lines, shares, strict=True)
    ]


def _insert(
    body: Mapping[str, Any],
    priced: _Basket,
    user: User | None,
    basket_key: str | None,
    key: IdempotencyKey | None,
) -> Order:
    """Writes order, lines, artworks, history and the payment to come; takes codes and blanks in the same transaction.

    The order comes first: its unique key makes a twin wait here, and fail with IntegrityError. Stock comes last,
    because its levels stay locked until the end. Whatever is refused leaves no order and takes nothing.
    """
    with transaction.atomic():
        order = _insert_order(body, priced, user, basket_key, key)
        lines = [_insert_line(order, number, line, user) for number, line in enumerate(priced.lines, start=1)]
        _redeem_codes(order.pk, body, priced)
        lifecycle.order_note_created(order, actor="customer")
        if order.total:
            payment_open(order)
        stock_reserve(order, pieces_of(lines), actor="customer")
        if not order.total:
            lifecycle.order_mark_paid(order, None, actor="gift-card")
    calculation_spent(priced.tax)
    return order


def _redeem_codes(order_id: UUID, body: Mapping[str, Any], priced: _Basket) -> None:
    """Takes discount and gift-card money under their locks, which the preview did not have."""
    if priced.discount:
        taken = discount_redeem(
            priced.discount.code,
            reference=order_id,
            customer=body["customer"]["email"],
            subtotal=priced.totals.subtotal,
            shipping=priced.totals.shipping,
        )
        if taken != priced.discount:
            raise Conflict("The discount has changed. Please review your cart.", code="price_changed")
    if priced.totals.gift_card:
        gift_card_spend(body["gift_card_code"], priced.totals.gift_card, reference=order_id)


def _insert_order(
    body: Mapping[str, Any],
    priced: _Basket,
    user: User | None,
    basket_key: str | None,
    key: IdempotencyKey | None,
) -> Order:
    totals = priced.totals
    order = Order(
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
        discount_code=priced.discount.code if priced.discount else "",
        gift_card=totals.gift_card,
        total=totals.total,
        tax_source=priced.tax.source,
        tax_calculation_id=priced.tax.calculation_id,
        price_book=priced.book.cite,
        open_basket_key=basket_key,
        idempotency_key=key.key_hash if key else None,
        request_fingerprint=key.fingerprint if key else "",
        reminder_consent=body["reminder_consent"],
    )
    access_prepare(order).save(force_insert=True)
    return order


def _insert_line(order: Order, number: int, line: BasketLine, user: User | None) -> OrderLine:
    variant = line.variant
    row = OrderLine.objects.create(
        order=order,
        number=number,
        variant=variant,
        quantity=line.price.quantity,
        unit_price=line.unit_price,
        total_price=line.total,
        charges=line.charges,
        quote=line.quote,
        customization=line.sent,
        print_quality=line.print_quality,
        design_hash=line.design_hash,
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
    return row
