"""Orders whose amounts add up, as the database demands."""

from decimal import Decimal

import factory
from django.utils import timezone

from orders.models import Order, OrderLine
from tests.factories.products import VariantFactory

ADDRESS = {
    "line1": "1 Main Street", "line2": "", "city": "Reno", "state": "NV", "postal_code": "89501", "country": "US",
}  # fmt: skip


class OrderFactory(factory.django.DjangoModelFactory):
    """An unpaid order without lines; `paid=True` makes a paid one. `total` follows from its parts."""

    class Meta:
        model = Order

    class Params:
        paid = factory.Trait(
            payment_status=Order.PaymentStatus.PAID, paid_at=factory.LazyFunction(timezone.now)
        )

    customer_email = "ada@example.com"
    customer_name = "Ada Lovelace"
    shipping_address = billing_address = factory.LazyFunction(lambda: dict(ADDRESS))
    currency = "usd"
    subtotal = Decimal("12.98")
    shipping = Decimal("4.98")
    tax = discount = gift_card = Decimal("0.00")
    total = factory.LazyAttribute(
        lambda order: order.subtotal + order.shipping + order.tax - order.discount - order.gift_card
    )
    tax_source = Order.TaxSource.OFFLINE
    price_book = "storefront@1"


class OrderLineFactory(factory.django.DjangoModelFactory):
    """A blank garment on an order of its own, described as its variant is."""

    class Meta:
        model = OrderLine

    order = factory.SubFactory(OrderFactory)
    number = factory.LazyAttribute(lambda line: line.order.lines.count() + 1)
    variant = factory.SubFactory(VariantFactory)
    quantity = 1
    unit_price = factory.LazyAttribute(lambda line: line.variant.base_price)
    total_price = factory.LazyAttribute(lambda line: line.unit_price * line.quantity)
    charges = factory.LazyFunction(list)
    customization = factory.LazyFunction(
        lambda: {"method": "dtg", "frontArtworks": [], "backArtworks": [], "neckArtwork": None}
    )
    method = "dtg"
    product_title = factory.LazyAttribute(lambda line: line.variant.product.title)
    product_slug = factory.LazyAttribute(lambda line: line.variant.product.slug)
    garment = factory.LazyAttribute(lambda line: line.variant.product.garment)
    colour_name = factory.LazyAttribute(lambda line: line.variant.colour.name)
    colour_hex = factory.LazyAttribute(lambda line: line.variant.colour.hex)
    size_name = factory.LazyAttribute(lambda line: line.variant.size.name)
    sku = factory.LazyAttribute(lambda line: line.variant.sku)
