"""Orders that somebody placed as a guest join the account that has proven to read their e-mail address."""

from __future__ import annotations

from django.db import transaction
from django.db.models.functions import Lower

from accounts.models import User
from orders import lifecycle
from orders.models import LineArtwork, Order
from uploads.services import assets_claim


@transaction.atomic
def orders_claim(user: User) -> int:
    """Gives the user the guest orders of his address, and the artwork on them. Returns how many orders joined."""
    guests = Order.objects.annotate(address=Lower("customer_email")).filter(user=None, address=user.email)
    keys = list(guests.order_by("pk").values_list("pk", flat=True))
    for pk in keys:
        lifecycle.order_claim(pk, user)
    artworks = LineArtwork.objects.filter(line__order__in=keys).values_list("asset_id", flat=True)
    assets_claim(list(artworks), user)
    return len(keys)
