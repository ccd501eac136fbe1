from django.conf import settings
from django.core.management.base import BaseCommand

from accounts.services import owner_link_create


class Command(BaseCommand):
    help = "Prints a one-time link that makes an owner of the shop. It works once and for 24 hours."

    def handle(self, *args: object, **options: object) -> None:
        self.stdout.write(f"{settings.PUBLIC_URL}/setup/{owner_link_create()}")
