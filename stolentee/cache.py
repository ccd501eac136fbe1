"""A cache in Redis that goes on in the process's own memory while Redis is away.

Counters of limits then count per process instead of not at all. After a failure Redis is left alone for some seconds,
so that a Redis that does not answer costs one time-out now and then and not one per call.
"""

from __future__ import annotations

import threading
import time
from typing import Any

import structlog
from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.core.cache.backends.locmem import LocMemCache
from django_redis.cache import RedisCache
from django_redis.exceptions import ConnectionInterrupted
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)

_LEFT_ALONE_S = 5.0
_away_until: dict[str, float] = {}  # by address; Django makes one cache object per thread
_lock = threading.Lock()


class SteadyCache(BaseCache):
    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        self._server = server
        self._redis = RedisCache(server, params)
        self._own = LocMemCache(f"steady:{server}", params)

    def _do(self, operation: str, *args: Any, **kwargs: Any) -> Any:
        if time.monotonic() >= _away_until.get(self._server, 0.0):
            try:
                return getattr(self._redis, operation)(*args, **kwargs)
            except (ConnectionInterrupted, RedisError, OSError) as error:
                self._leave_alone(error)
        return getattr(self._own, operation)(*args, **kwargs)

    def _leave_alone(self, error: Exception) -> None:
        with _lock:
            now = time.monotonic()
            if now >= _away_until.get(self._server, 0.0):
                _away_until[self._server] = now + _LEFT_ALONE_S
                cause = error.__cause__ or error
                log.warning("cache.redis_away", error=type(cause).__name__)

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        return self._do("get", key, default=default, version=version)

    def set(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        self._do("set", key, value, timeout=timeout, version=version)

    def add(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return bool(self._do("add", key, value, timeout=timeout, version=version))

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        return int(self._do("incr", key, delta=delta, version=version))

    def touch(self, key: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return bool(self._do("touch", key, timeout=timeout, version=version))

    def delete(self, key: Any, version: int | None = None) -> bool:
        return bool(self._do("delete", key, version=version))

    def has_key(self, key: Any, version: int | None = None) -> bool:
        return bool(self._do("has_key", key, version=version))

    def clear(self) -> None:
        """Both memories: what was counted while Redis was away must not outlive a clearing."""
        self._own.clear()
        self._do("clear")

    def close(self, **kwargs: Any) -> None:
        self._redis.close(**kwargs)
