"""Orders, their lines, the artwork on each line, and the append-only history."""

from __future__ import annotations

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from common.models import Record
from orders.numbers import new_access_nonce, new_order_number
from orders.states import LINE_MOVES, NEEDS_PAYMENT, PAYMENT_MOVES, PRODUCTION_MOVES
from pricing.models import Quote
from products.models import Placement, Variant
from uploads.models import Asset

# SQLite adds decimals as floats; a sum of cents that is off by less than half a cent is exact.
_HALF_CENT = Decimal("0.005")
_PARTS = F("subtotal") + F("shipping") + F("tax") - F("discount") - F("gift_card")


def _money() -> models.DecimalField:
    return models.DecimalField(max_digits=10, decimal_places=2)


class Order(Record):
    """A basket that somebody means to pay for. Only `orders.lifecycle` changes one."""

    class PaymentStatus(models.TextChoices):
        PENDING = "pending"
        PAID = "paid"
        FAILED = "failed"
        PARTIALLY_REFUNDED = "partially_refunded"
        REFUNDED = "refunded"

    class ProductionStatus(models.TextChoices):
        PENDING = "pending"
        IN_PRODUCTION = "in_production"
        SHIPPED = "shipped"
        DELIVERED = "delivered"
        CANCELLED = "cancelled"

    class TaxSource(models.TextChoices):
        STRIPE = "stripe"
        OFFLINE = "offline", "offline table"

    number = models.CharField(max_length=50, unique=True, default=new_order_number, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="orders"
    )
    # Each order keeps its own copy of who ordered: a shared customer row would show a stranger's data (CONTRACT 10.15).
    customer_email = models.EmailField(max_length=255, db_index=True)
    customer_name = models.CharField(max_length=200)
    customer_phone = models.CharField(max_length=40, blank=True)
    shipping_address = models.JSONField()
    billing_address = models.JSONField()
    customer_notes = models.TextField(blank=True)
    internal_notes = models.TextField(blank=True)

    currency = models.CharField(max_length=3)
    subtotal = _money()
    shipping = _money()
    tax = _money()
    discount = models.DecimalField(max_digits=10, decimal_places=2, default=Decimal("0.00"))
    gift_card = models.DecimalField(max_digits=10, decimal_places=2, default=Decimal("0.00"))
    total = models.DecimalField(max_digits=10, decimal_places=2, help_text="What is left to pay by card.")
    discount_code = models.CharField(max_length=40, blank=True)
    tax_source = models.CharField(max_length=10, choices=TaxSource)
    tax_calculation_id = models.CharField(max_length=255, blank=True, editable=False)
    price_book = models.CharField(max_length=60)

    payment_status = models.CharField(max_length=20, choices=PaymentStatus, default=PaymentStatus.PENDING)
    production_status = models.CharField(
        max_length=15, choices=ProductionStatus, default=ProductionStatus.PENDING
    )
    hold_reason = models.CharField(
        max_length=60, blank=True, help_text="Why nothing may be produced, if anything."
    )
    paid_at = models.DateTimeField(null=True, blank=True)
    tracking_number = models.CharField(max_length=100, blank=True)
    carrier = models.CharField(max_length=50, blank=True)
    shipped_at = models.DateTimeField(null=True, blank=True)
    # The same basket of the same client is the same order while it is unpaid; paying or cancelling clears the key.
    open_basket_key = models.CharField(max_length=64, unique=True, null=True, blank=True, editable=False)
    # Of a client that names its requests: the same key is the same order for ever, and with another body an error.
    idempotency_key = models.CharField(max_length=64, unique=True, null=True, blank=True, editable=False)
    request_fingerprint = models.CharField(max_length=64, blank=True, editable=False)
    reminder_consent = models.BooleanField(
        default=False,
        help_text="The customer wants to be reminded, once, of an order that waits for its payment.",
    )
    # The key to the order that is in the customer's mails: `orders.access`. Only its hash is kept.
    access_nonce = models.CharField(max_length=32, default=new_access_nonce, editable=False)
    access_hash = models.CharField(max_length=64, unique=True, null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["payment_status", "-created_at"], name="order_by_payment"),
            models.Index(fields=["production_status", "-created_at"], name="order_by_production"),
            models.Index(fields=["paid_at"], name="order_by_paid_at"),
            models.Index(
                fields=["created_at"],
                condition=Q(payment_status__in=["pending", "failed"], production_status="pending"),
                name="order_unpaid",
            ),
            models.Index(fields=["-created_at"], condition=~Q(hold_reason=""), name="order_held"),
            models.Index(fields=["-created_at"], name="order_newest"),
            models.Index(
                fields=["tracking_number"], condition=~Q(tracking_number=""), name="order_by_tracking"
            ),
            models.Index(Lower("customer_email"), condition=Q(user=None), name="order_of_guest"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    total__gt=_PARTS - _HALF_CENT,
                    total__lt=_PARTS + _HALF_CENT,
                ),
                name="order_parts_add_up",
            ),
            models.CheckConstraint(
                condition=Q(subtotal__gte=0, shipping__gte=0, tax__gte=0)
                & Q(discount__gte=0, gift_card__gte=0, total__gte=0),
                name="order_amounts_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(payment_status__in=list(PAYMENT_MOVES)), name="order_payment_status_known"
            ),
            models.CheckConstraint(
                condition=Q(production_status__in=list(PRODUCTION_MOVES)),
                name="order_production_status_known",
            ),
            models.CheckConstraint(
                condition=Q(paid_at__isnull=True, payment_status__in=["pending", "failed"])
                | Q(paid_at__isnull=False, payment_status__in=["paid", "partially_refunded", "refunded"]),
                name="order_paid_at_agrees",
            ),
            models.CheckConstraint(
                condition=~Q(production_status__in=sorted(NEEDS_PAYMENT)) | Q(paid_at__isnull=False),
                name="order_produced_only_when_paid",
            ),
        ]

    def __str__(self) -> str:
        return self.number


class OrderLine(Record):
    """One kind of garment with its artwork, as it was sold: later catalogue edits do not touch it."""

    class Status(models.TextChoices):
        PENDING = "pending"
        IN_PRODUCTION = "in_production"
        PROBLEM = "problem", "spoilt, out of blanks: to be made again"
        SHIPPED = "shipped"
        DELIVERED = "delivered"
        CANCELLED = "cancelled"

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="lines")
    number = models.PositiveSmallIntegerField()
    production_status = models.CharField(max_length=15, choices=Status, default=Status.PENDING)
    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField()
    unit_price = _money()
    total_price = _money()
    quote = models.ForeignKey(
        Quote,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="The quote that was honoured, if any.",
    )
    charges = models.JSONField(
        help_text="Why a piece costs what it costs: rule, description and amount of each part."
    )
    customization = models.JSONField(help_text="What the storefront sent, word for word.")
    design_hash = models.CharField(max_length=64, blank=True, help_text="Of the look that was ordered.")
    print_quality = models.JSONField(
        default=dict,
        blank=True,
        help_text="Inches, resolution and inks as ordered, and the ground on which a poor print is made.",
    )
    method = models.CharField(max_length=50)
    product_title = models.CharField(max_length=255)
    product_slug = models.CharField(max_length=255)
    garment = models.CharField(max_length=10)
    colour_name = models.CharField(max_length=50)
    colour_hex = models.CharField(max_length=7)
    size_name = models.CharField(max_length=10)
    sku = models.CharField(max_length=64)
    front_mockup_name = models.CharField(max_length=100, blank=True)
    back_mockup_name = models.CharField(max_length=100, blank=True)

    class Meta:
        ordering = ["order", "number"]
        constraints = [
            models.UniqueConstraint(fields=["order", "number"], name="order_line_number_once"),
            models.CheckConstraint(
                condition=Q(production_status__in=list(LINE_MOVES)), name="order_line_production_status_known"
            ),
            models.CheckConstraint(
                condition=Q(quantity__gte=1, unit_price__gte=0), name="order_line_amounts_positive"
            ),
            models.CheckConstraint(
                condition=Q(
                    total_price__gt=F("unit_price") * F("quantity") - _HALF_CENT,
                    total_price__lt=F("unit_price") * F("quantity") + _HALF_CENT,
                ),
                name="order_line_total_is_unit_times_quantity",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order} line {self.number}"


class LineArtwork(Record):
    """One artwork on a line. The reference keeps the asset from being deleted."""

    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="artworks")
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="order_artworks")
    placement = models.CharField(max_length=15, choices=Placement)
    index = models.PositiveSmallIntegerField()
    position = models.JSONField(
        null=True, blank=True, help_text="Stage pixels as sent; empty: where it appeared."
    )

    class Meta:
        ordering = ["line", "placement", "index"]
        constraints = [
            models.UniqueConstraint(fields=["line", "placement", "index"], name="line_artwork_index_once"),
        ]

    def __str__(self) -> str:
        return f"{self.line} {self.placement} {self.index}"


class OrderEvent(Record):
    """What happened to an order, by whom, and what it was before. A trigger refuses to change or delete rows."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="events")
    line = models.ForeignKey(
        OrderLine, on_delete=models.PROTECT, null=True, blank=True, related_name="events"
    )
    kind = models.CharField(max_length=50)
    actor = models.CharField(
        max_length=100, help_text="customer, stripe, test-gateway, printer, system, or staff:<id>"
    )
    before = models.JSONField(default=dict, blank=True)
    after = models.JSONField(default=dict, blank=True)
    note = models.TextField(blank=True)

    class Meta:
        ordering = ["created_at"]

    def __str__(self) -> str:
        return f"{self.order} {self.kind}"
