from decimal import Decimal

from django.core.management.base import BaseCommand
from django.db import transaction

from pricing.models import PriceBook, QuantityDiscountRule
from pricing.selectors import STOREFRONT_BOOK

STOREFRONT_RULES = {
    "second_side": "5.00",
    "neck_label": {"classic-hoodie": "1.00"},
    "shipping": {"US": "4.98", "CA": "4.98"},
}
DISCOUNTS = [
    ("Bulk Discount - 12+", 12, 23, Decimal(10), 1),
    ("Bulk Discount - 24+", 24, 49, Decimal(15), 2),
    ("Bulk Discount - 50+", 50, None, Decimal(20), 3),
]


class Command(BaseCommand):
    help = "Adds the first price book and quantity discounts. What exists already stays as it is."

    @transaction.atomic
    def handle(self, *args: object, **options: object) -> None:
        PriceBook.objects.get_or_create(
            code=STOREFRONT_BOOK,
            version=1,
            defaults={"status": PriceBook.Status.PUBLISHED, "rules": STOREFRONT_RULES},
        )
        for name, minimum, maximum, percent, priority in DISCOUNTS:
            QuantityDiscountRule.objects.get_or_create(
                name=name,
                defaults={
                    "min_quantity": minimum,
                    "max_quantity": maximum,
                    "percent": percent,
                    "priority": priority,
                },
            )
        self.stdout.write(
            f"prices: {PriceBook.objects.count()} book, {QuantityDiscountRule.objects.count()} discounts"
        )
