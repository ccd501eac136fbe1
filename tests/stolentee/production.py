"""The shop as production runs it: granian with two processes, workers, a scheduler, and servers of its own.

The two servers are private to the test that asks for them, because it stops them.
"""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import redis
import requests
from PIL import Image

from demo.storefront import Storefront, artwork, cart_item, customization
from demo.walk import ADDRESS
from tests import services

PROJECT = Path(__file__).resolve().parents[2]
CELERY = str(Path(sys.executable).with_name("celery"))
QUIET = ("--without-gossip", "--without-mingle", "--without-heartbeat")
KEYS = {
    "ENVIRONMENT": "production",
    "SECRET_KEY": "a-long-and-random-value-of-more-than-fifty-characters-0123456789",
    "ALLOWED_HOSTS": "127.0.0.1",
    "STRIPE_SECRET_KEY": "sk_test_not_a_key",
    "STRIPE_WEBHOOK_SECRET": "whsec_test",
    "SMTP_HOST": "127.0.0.1",
    "HEALTH_KEY": "health-key",
    "METRICS_KEY": "metrics-key",
    "PUBLIC_URL": "https://api.stolentee.com",
    "WEB_CONCURRENCY": "2",
    "DATABASE_CONNECTION_LIMIT": "34",
    "DATABASE_CONNECTIONS_RESERVED": "4",
    "SWEEP_INTERVAL_S": "1",
    "REDIS_POLL_INTERVAL_S": "1",
    "OMP_NUM_THREADS": "1",
}
# What the proxy that ends TLS adds; production redirects whoever comes without it.
PROXY = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.1"}


@dataclass
class Server:
    """A program that is stopped, paused or killed by its process group, and started again on the same data."""

    command: list[str]
    environment: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=PROJECT,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def stop(self, timeout_s: float = 30) -> tuple[int, float]:
        """Asks it to stop; its exit code, and how many seconds it took."""
        assert self.process is not None
        started = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout_s)
        return code, time.monotonic() - started

    def end(self) -> None:
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)


@dataclass
class Production:
    """The processes of one shop, and the servers that they stand on."""

    url: str
    environment: dict[str, str]
    folder: Path
    web: Server
    redis: Server

    @property
    def database_url(self) -> str:
        return self.environment["DATABASE_URL"]

    @property
    def redis_url(self) -> str:
        return self.environment["REDIS_URL"]

    def sql(self, statement: str, *parameters: Any, database: str = "") -> list[tuple[Any, ...]]:
        """Runs a statement as the superuser, in the shop's database or another."""
        url = urlsplit(self.database_url)
        target = url._replace(path=f"/{database}").geturl() if database else self.database_url
        with psycopg.connect(target, autocommit=True) as connection:
            cursor = connection.execute(statement, parameters or None)  # type: ignore[call-overload]
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def without_database(self) -> Iterator[None]:
        """Nobody can connect to the shop's database, and whoever was connected is not any more."""
        self.sql("ALTER DATABASE stolentee WITH ALLOW_CONNECTIONS false", database="postgres")
        try:
            self.disconnect_all()
            yield
        finally:
            self.sql("ALTER DATABASE stolentee WITH ALLOW_CONNECTIONS true", database="postgres")

    def disconnect_all(self) -> None:
        self.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'stolentee'",
            database="postgres",
        )

    @contextmanager
    def without_redis(self) -> Iterator[None]:
        self.redis.stop()
        try:
            yield
        finally:
            self.redis.start()
            with redis.Redis.from_url(self.redis_url) as client:
                wait_until(client.ping, "Redis")

    def get(self, path: str, **headers: str) -> requests.Response:
        return requests.get(f"{self.url}{path}", headers=PROXY | headers, timeout=15, allow_redirects=False)

    def post(self, path: str, body: Any, **headers: str) -> requests.Response:
        """`body` is sent as JSON, or as it is where it is a text already."""
        text = body if isinstance(body, str) else json.dumps(body)
        kind = {"Content-Type": "application/json"}
        return requests.post(f"{self.url}{path}", data=text, headers=PROXY | kind | headers, timeout=15)

    def details(self) -> dict[str, Any]:
        answer = self.get("/health/detailed", **{"X-Health-Key": "health-key"})
        body: dict[str, Any] = answer.json()
        return body

    def celery(self, *arguments: str, log: str) -> Server:
        return Server([CELERY, "-A", "stolentee", *arguments], self.environment, self.folder / log)

    def log_text(self) -> str:
        return "\n".join(path.read_text(errors="replace") for path in sorted(self.folder.glob("*.log")))

    def manage(self, *arguments: str, **settings: str) -> str:
        """Runs a command, which must succeed; what it said and logged."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=PROJECT,
            env=self.environment | settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout[-3000:]
        return done.stdout


def wait_until(condition: Any, what: str, timeout_s: float = 30) -> None:
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            if condition():
                return
        except (requests.RequestException, redis.RedisError):
            pass  # nobody answers yet
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.1)


@contextmanager
def production(folder: Path, **settings: str) -> Iterator[Production]:
    """A migrated, seeded shop whose web server answers. Workers are the test's to start."""
    programs = services._find_or_install(need_postgresql=True, need_redis=True)
    assert programs.postgresql_folder is not None and programs.redis_server is not None
    with ExitStack() as stack:
        database_url = stack.enter_context(services.postgresql(programs.postgresql_folder))
        redis_server = Server(
            [
                str(programs.redis_server),
                "--port",
                str(services._free_port()),
                "--bind",
                "127.0.0.1",
                "--save",
                "",
            ],
            dict(os.environ),
            folder / "redis.log",
        )
        redis_server.start()
        stack.callback(redis_server.end)
        redis_url = f"redis://127.0.0.1:{redis_server.command[2]}/0"
        port = services._free_port()
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PROMETHEUS_")},
            **KEYS,
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "VAR_DIR": str(folder / "var"),
            "PORT": str(port),
            **settings,
        }
        (folder / "var").mkdir(exist_ok=True)
        shop = Production(
            url=f"http://127.0.0.1:{port}",
            environment=environment,
            folder=folder,
            web=_web_server(environment, folder / "web.log"),
            redis=redis_server,
        )
        shop.manage("migrate", "-v", "0")
        shop.manage("seed_catalogue")
        shop.manage("seed_prices")
        shop.manage("collectstatic", "--noinput", "-v", "0")
        stack.callback(shop.web.end)
        shop.web.start()
        wait_until(lambda: shop.get("/health/ready").status_code == 200, "the web server", 60)
        # One process is ready; the other may still be opening its connections, which takes a while on a busy machine.
        wait_until(lambda: all(shop.get("/health").ok for _ in range(8)), "all web processes", 60)
        yield shop


@contextmanager
def second_web_server(shop: Production, name: str, **settings: str) -> Iterator[Production]:
    """The same shop at another address with other settings: another path to its database, say."""
    port = services._free_port()
    environment = shop.environment | {"PORT": str(port), **settings}
    web = _web_server(environment, shop.folder / f"{name}.log")
    second = replace(shop, url=f"http://127.0.0.1:{port}", environment=environment, web=web)
    web.start()
    try:
        wait_until(lambda: second.get("/health/ready").status_code == 200, f"the web server {name}", 60)
        yield second
    finally:
        web.end()


def _web_server(environment: dict[str, str], log: Path) -> Server:
    command = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", environment["PORT"],
        "--workers", "2", "--blocking-threads", "4", "--workers-kill-timeout", "8", "--no-ws", "--log-level", "error",
        "stolentee.wsgi:application",
    ]  # fmt: skip
    return Server(command, environment, log)


def place_order(browser: Storefront) -> dict[str, Any]:
    """What the checkout page does: artwork, cart, tax, order."""
    tee = next(product for product in browser.products() if product["slug"] == "classic-tee")
    art = browser.upload_file("art.png", _png(), "image/png")
    item = cart_item(
        {"id": tee["variants"][0]["id"]}, 1, 12.98, customization(front=[artwork(browser.api_url, art, None)])
    )
    customer = {"email": "ada@example.com", "name": "Ada Lovelace", "phone": ""}
    return browser.create_order(customer, [item], ADDRESS, browser.tax([item], ADDRESS))


def _png() -> bytes:
    file = io.BytesIO()
    Image.new("RGBA", (40, 30), (200, 40, 60, 255)).save(file, "PNG")
    return file.getvalue()
