"""Lets reads of the catalogue and of reports go to the replica, unless their client has just written or it is away."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse

from common.http import client_ip
from stolentee.db.replica import replica
from stolentee.router import REPLICA, replica_serves

_SAFE = ("GET", "HEAD")
# What each address may read there. Who is asking is always read from the primary: a revoked token must not work on.
_ADDRESSES = (
    ("/api/products", frozenset({"products"})),
    ("/api/admin/costs", frozenset({"orders", "uploads", "designs", "products", "pricing", "ops", "common"})),
    ("/api/admin/reports", frozenset({"orders", "uploads", "designs", "products", "pricing", "ops"})),
)


class ReplicaMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if REPLICA not in settings.DATABASES or request.method == "OPTIONS":
            return self.get_response(request)
        if request.method not in _SAFE:
            response = self.get_response(request)
            cache.set(_mark(request), True, settings.REPLICA_STICKY_S)
            return response
        apps = next((apps for prefix, apps in _ADDRESSES if request.path.startswith(prefix)), None)
        if apps is None or cache.get(_mark(request)) or not replica.is_usable():
            return self.get_response(request)
        losses = replica.losses
        with replica_serves(apps):
            response = self.get_response(request)
        if response.status_code >= 500 and replica.losses != losses:
            return self.get_response(request)  # lost on the way: reading from the primary harms nobody
        return response


def _mark(request: HttpRequest) -> str:
    """By address and token, hashed: the storefront sends no cookies."""
    client = f"{client_ip(request)}|{request.headers.get('Authorization', '')}"
    return f"wrote:{hashlib.sha256(client.encode()).hexdigest()[:32]}"
