"""The background removers that the settings allow, made once per process."""

from __future__ import annotations

from functools import lru_cache

from django.conf import settings

from uploads.cutout.backends.rembg import RembgBackend
from uploads.cutout.backends.removebg import RemoveBgBackend


@lru_cache(maxsize=1)
def rembg_backend() -> RembgBackend:
    """Real rembg with the permitted model of `REMBG_MODEL`."""
    return RembgBackend(model=settings.REMBG_MODEL, home=settings.REMBG_HOME)


def removebg_backend() -> RemoveBgBackend | None:
    """The paid fallback, where the shop has a key."""
    if not settings.REMOVEBG_API_KEY:
        return None
    return RemoveBgBackend(api_key=settings.REMOVEBG_API_KEY, base_url=settings.REMOVEBG_API_URL)
