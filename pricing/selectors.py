"""The rules in force."""

from __future__ import annotations

from django.core.exceptions import ImproperlyConfigured

from pricing.models import PriceBook, QuantityDiscountRule
from pricing.rules import QuantityDiscount, StorefrontRules

STOREFRONT_BOOK = "storefront"


def storefront_rules() -> StorefrontRules:
    """The published storefront book. Raises ImproperlyConfigured where the shop has none: it cannot sell."""
    book = (
        PriceBook.objects.filter(code=STOREFRONT_BOOK, status=PriceBook.Status.PUBLISHED)
        .order_by("-version")
        .first()
    )
    if book is None:
        raise ImproperlyConfigured("no published storefront price book; run `manage.py seed_prices`")
    return StorefrontRules.parse(book.code, book.version, book.rules)


def quantity_discounts() -> list[QuantityDiscount]:
    return [
        QuantityDiscount(rule.name, rule.min_quantity, rule.max_quantity, rule.percent, rule.priority)
        for rule in QuantityDiscountRule.objects.filter(active=True)
    ]
