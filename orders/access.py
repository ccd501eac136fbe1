"""The key to an order that its customer gets by mail: whoever has it may read, edit and cancel the order.

It is derived from the order's nonce and the shop's secret, so every mail and every retry has the same one, and kept
only as a hash. Renewing the nonce makes the old key open nothing.
"""

from __future__ import annotations

import base64
import hashlib
from hmac import compare_digest

from django.conf import settings
from django.db import transaction
from django.utils.crypto import salted_hmac

from orders.models import Order, OrderEvent
from orders.numbers import new_access_nonce

PREFIX = "ot_"
_SALT = "orders.access"
_BYTES = 24  # 192 bits


def access_token(order: Order) -> str:
    """The order's key as it stands in links. Keeps its hash where that is new: a first mail, or another SECRET_KEY."""
    token = _derived(order)
    if order.access_hash != access_hash(token):
        order.access_hash = access_hash(token)
        Order.objects.filter(pk=order.pk, access_nonce=order.access_nonce).update(
            access_hash=order.access_hash
        )
    return token


def access_prepare(order: Order) -> Order:
    """An order that is not stored yet, with the hash of its key."""
    order.access_hash = access_hash(_derived(order))
    return order


def access_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def opens(order: Order, token: str) -> bool:
    """Whether this is the order's key now."""
    return bool(order.access_hash) and compare_digest(order.access_hash or "", access_hash(token))


def access_link(order: Order) -> str:
    """The storefront's tracking page; the key is the last part of its address, which the page hands on as it is."""
    return f"{settings.FRONTEND_URL}/orders/{access_token(order)}"


@transaction.atomic
def access_revoke(order: Order, *, actor: str) -> None:
    """Makes the old key worthless: a mail went to the wrong person. The next mail brings a new one."""
    order = Order.objects.select_for_update().get(pk=order.pk)
    order.access_nonce, order.access_hash = new_access_nonce(), None
    order.save(update_fields=["access_nonce", "access_hash", "updated_at"])
    OrderEvent.objects.create(order=order, kind="order.access_revoked", actor=actor)


def _derived(order: Order) -> str:
    digest = salted_hmac(_SALT, f"{order.pk}:{order.access_nonce}", algorithm="sha256").digest()
    return PREFIX + base64.urlsafe_b64encode(digest[:_BYTES]).decode()
