"""The cache and the counters when Redis goes away and comes back: a real one, stopped and started."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from django.core.cache import caches
from django.test import Client
from structlog.testing import capture_logs

from stolentee import cache as cache_module
from stolentee.cache import SteadyCache
from tests import services
from tests.stolentee.production import Server, wait_until

DEAD = "redis://127.0.0.1:9/0"
PARAMS: dict[str, Any] = {"OPTIONS": {"SOCKET_CONNECT_TIMEOUT": 1, "SOCKET_TIMEOUT": 1}}


@pytest.fixture(autouse=True)
def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_module, "_away_until", {})


@pytest.fixture
def away() -> SteadyCache:
    cache = SteadyCache(DEAD, PARAMS)
    cache.clear()
    return cache


def test_without_redis_it_remembers_in_the_process(away: SteadyCache) -> None:
    away.set("a", 1)
    assert away.get("a") == 1 and away.has_key("a")
    assert away.add("a", 2) is False and away.add("b", 2) is True
    assert away.incr("b") == 3
    assert away.touch("b", 60) is True
    assert away.get_many(["a", "b", "c"]) == {"a": 1, "b": 3}
    assert away.delete("a") is True and away.get("a", "gone") == "gone"
    assert away.get_or_set("d", lambda: 4) == 4
    with pytest.raises(ValueError):
        away.incr("nothing")


def test_redis_is_left_alone_for_a_while_and_told_of_once(monkeypatch: pytest.MonkeyPatch) -> None:
    cache = SteadyCache(DEAD, PARAMS)
    asked: list[str] = []
    now = [100.0]

    def refuse(key: str, **kwargs: Any) -> None:
        asked.append(key)
        raise redis.ConnectionError

    monkeypatch.setattr(cache._redis, "get", refuse)
    monkeypatch.setattr(cache_module.time, "monotonic", lambda: now[0])
    with capture_logs() as logs:
        for _ in range(3):
            cache.get("a")
        now[0] += 4.9
        cache.get("a")
        assert len(asked) == 1
        now[0] += 0.2
        cache.get("a")
    assert len(asked) == 2
    assert [line["event"] for line in logs] == ["cache.redis_away"] * 2


@pytest.mark.django_db
def test_limits_are_counted_per_process_while_redis_is_away(settings: Any) -> None:
    settings.CACHES = {"default": {"BACKEND": "stolentee.cache.SteadyCache", "LOCATION": DEAD, **PARAMS}}
    caches["default"].clear()
    body = {"email": "ada@example.com", "password": "Wrong-password-1"}
    answers = [
        Client().post("/api/auth/login", body, content_type="application/json").status_code for _ in range(7)
    ]
    assert answers == [401] * 5 + [429] * 2
    caches["default"].clear()


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[Server]:
    programs = services._find_or_install(need_postgresql=False, need_redis=True)
    port = str(services._free_port())
    command = [str(programs.redis_server), "--port", port, "--bind", "127.0.0.1", "--save", ""]
    server = Server(command, dict(os.environ), tmp_path / "redis.log")
    server.start()
    wait_until(lambda: _answers(server), "Redis")
    yield server
    server.end()


def _answers(server: Server) -> bool:
    with redis.Redis.from_url(_url(server)) as client:
        return bool(client.ping())


def _url(server: Server) -> str:
    return f"redis://127.0.0.1:{server.command[2]}/0"


@pytest.mark.production
def test_redis_that_stops_and_comes_back(own_redis: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_module, "_LEFT_ALONE_S", 0.2)
    cache = SteadyCache(_url(own_redis), PARAMS)
    cache.set("a", "in redis")
    with redis.Redis.from_url(_url(own_redis)) as client:
        assert client.dbsize() == 1
    own_redis.stop()
    assert cache.get("a", "unknown") == "unknown"
    cache.set("a", "in the process")
    assert cache.get("a") == "in the process"
    own_redis.start()
    wait_until(lambda: _answers(own_redis), "Redis")
    wait_until(lambda: cache.get("a", "unknown") == "unknown", "the cache's return to Redis")
    cache.set("b", 1)
    with redis.Redis.from_url(_url(own_redis)) as client:
        assert client.dbsize() == 1
