from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate, post_save


def protect(using: str, **kwargs: Any) -> None:
    from orders.triggers import protect_history

    protect_history(connections[using])


def follow_stock(instance: Any, raw: bool = False, **kwargs: Any) -> None:
    """Products do not know orders, so a variant's new count is heard of here."""
    from orders.stock.services import stock_follow

    if not raw:
        stock_follow(instance)


def claim_orders(user: Any, **kwargs: Any) -> None:
    """Accounts do not know orders, so a proven address is heard of here."""
    from orders.claims import orders_claim

    orders_claim(user)


class OrdersConfig(AppConfig):
    name = "orders"

    def ready(self) -> None:
        from accounts.signals import email_proven
        from products.models import Variant

        email_proven.connect(claim_orders, dispatch_uid="orders.claims")
        post_migrate.connect(protect, sender=self)
        post_save.connect(follow_stock, sender=Variant, dispatch_uid="orders.stock")
