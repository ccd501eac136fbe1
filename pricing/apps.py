from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate


def watch_books(using: str, **kwargs: Any) -> None:
    """A published book renews the catalogue's token as well, so that one read tells whether prices are current."""
    from products.triggers import install_triggers

    install_triggers(connections[using], ["pricing_pricebook"])


class PricingConfig(AppConfig):
    name = "pricing"

    def ready(self) -> None:
        post_migrate.connect(watch_books, sender=self)
