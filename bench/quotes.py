"""`python -m bench.quotes`: quotes per second, their 95th percentile and their queries, for 100 callers at once.

The real web server answers over HTTP on loopback, two processes of it; each quote is priced, frozen, signed and stored.
First paced (each caller one quote a second, as people with a price form do), then saturated (each caller asks again at
once). The callers share the machine's cores with the server. PostgreSQL where DATABASE_URL says so, else SQLite.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field

from bench.shop import free_port, open_shop, percentile, queries_of, wait_for_port


@dataclass
class Measured:
    taken: list[float] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)


def caller(port: int, body: bytes, stop_at: float, pause_s: float, measured: Measured) -> None:
    """One caller on one connection, one quote after the other."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    time.sleep(random.random() * pause_s)
    while time.monotonic() < stop_at:
        started = time.perf_counter()
        connection.request("POST", "/api/price/quote", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        measured.taken.append(time.perf_counter() - started)
        if answer.status != 200:
            measured.refused.append(answer.status)
        time.sleep(max(0.0, pause_s - (time.perf_counter() - started)))
    connection.close()


def load(port: int, body: bytes, *, callers: int, seconds: float, pause_s: float) -> Measured:
    measured, stop_at = Measured(), time.monotonic() + seconds
    threads = [
        threading.Thread(target=caller, args=(port, body, stop_at, pause_s, measured)) for _ in range(callers)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return measured


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--callers", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=15)
    options = parser.parse_args()
    open_shop()
    from django.db import connection, connections
    from django.test import Client

    from pricing.models import Quote
    from products.models import Variant

    variant = Variant.objects.get(sku="TEE-BLK-M")
    body = {
        "variant_id": str(variant.pk),
        "method": "screen_print",
        "placements": [{"placement": "front", "colors": ["red", "blue"], "width": 10, "height": 12}],
        "quantity": 24,
    }
    client = Client()
    client.post("/api/price/quote", body, content_type="application/json")
    queries = queries_of(lambda: client.post("/api/price/quote", body, content_type="application/json"))
    before = Quote.objects.count()
    vendor = connection.vendor
    connections.close_all()

    port = free_port()
    server = subprocess.Popen(
        [
            sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port),
            "--workers", "2", "--blocking-threads", "2", "--no-ws", "--log-level", "error",
            "stolentee.wsgi:application",
        ],
        env=os.environ | {"DATABASE_POOL_MAX": "8"},
    )  # fmt: skip
    try:
        wait_for_port(port)
        encoded = json.dumps(body).encode()
        load(port, encoded, callers=8, seconds=1, pause_s=0)  # both processes read the catalogue and the book
        rows = {
            name: load(port, encoded, callers=options.callers, seconds=options.seconds, pause_s=pause_s)
            for name, pause_s in (("paced", 1.0), ("saturated", 0.0))
        }
    finally:
        server.terminate()
        server.wait(20)
    stored = Quote.objects.count() - before
    print(f"database {vendor}, {options.callers} callers, 2 web processes, queries per quote: {queries}")
    print(f"{'load':<12}{'per second':>12}{'p50 ms':>10}{'p95 ms':>10}{'refused':>10}")
    for name, row in rows.items():
        rate = len(row.taken) / options.seconds
        p50, p95 = percentile(row.taken, 50) * 1000, percentile(row.taken, 95) * 1000
        print(f"{name:<12}{rate:>12.0f}{p50:>10.1f}{p95:>10.1f}{len(row.refused):>10}")
    print(f"stored: {stored}")


if __name__ == "__main__":
    main()
