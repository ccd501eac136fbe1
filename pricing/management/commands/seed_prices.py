from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone

from pricing.models import PriceBook
from pricing.seed import BOOKS


class Command(BaseCommand):
    help = "Publishes the first version of each price book. What exists already stays as it is."

    @transaction.atomic
    def handle(self, *args: object, **options: object) -> None:
        known = set(PriceBook.objects.values_list("code", flat=True))
        added = [code for code in BOOKS if code not in known]
        for code in added:
            PriceBook.objects.create(
                code=code,
                version=1,
                status=PriceBook.Status.PUBLISHED,
                rules=BOOKS[code],
                notes="The shop's first prices.",
                published_at=timezone.now(),
            )
        self.stdout.write(f"prices: {len(known | set(added))} books, {len(added)} of them new")
