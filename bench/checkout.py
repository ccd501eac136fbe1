"""`python -m bench.checkout`: orders per second, their 95th percentile and their SQL, with a gateway without latency.

The real web server answers over HTTP on loopback, two processes of it; every buyer has another address, so that each
request makes an order and an intent. Then the events of all intents arrive: signed webhooks over HTTP, and the apply
step, which marks paid and asks for mail and packs. PostgreSQL where DATABASE_URL says so, else SQLite.
"""

from __future__ import annotations

import argparse
import http.client
import io
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from PIL import Image

from bench.shop import free_port, open_shop, percentile, queries_of, wait_for_port


def post(port: int, path: str, body: bytes, headers: dict[str, str]) -> tuple[float, int, bytes]:
    """Seconds, status and body of one request on a connection of its own, as a proxy makes them."""
    started = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("POST", path, body, {"Content-Type": "application/json", **headers})
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    return time.perf_counter() - started, answer.status, data


def row(name: str, taken: list[float], seconds: float) -> str:
    p50, p95 = percentile(taken, 50) * 1000, percentile(taken, 95) * 1000
    return f"{name:<22}{len(taken) / seconds:>12.1f}{p50:>10.1f}{p95:>10.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=400)
    parser.add_argument("--buyers", type=int, default=8, help="at the same time")
    options = parser.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "bench.settings"
    os.environ["PRINT_QUALITY_GATE"] = "note"
    open_shop()
    from django.db import connection, connections
    from django.test import Client

    from orders.models import Order, StripeEvent
    from orders.payments.handlers import handle
    from products.models import Variant

    variant = Variant.objects.get(sku="TEE-BLK-M")
    client = Client()
    artwork_id = _artwork(client)

    def body(number: int) -> dict[str, Any]:
        return _basket(str(variant.pk), artwork_id, number)

    answer = client.post("/api/orders/create", body(10**6), content_type="application/json")
    assert answer.status_code == 201, answer.content
    sql_create = queries_of(
        lambda: client.post("/api/orders/create", body(10**6 + 1), content_type="application/json")
    )
    vendor = connection.vendor
    connections.close_all()

    port, server = _serve()
    try:
        for number in range(8):  # both processes read the catalogue and the book
            post(port, "/api/orders/create", json.dumps(body(2 * 10**6 + number)).encode(), {})
        started = time.perf_counter()
        with ThreadPoolExecutor(options.buyers) as pool:
            bodies = [json.dumps(body(number)).encode() for number in range(options.orders)]
            created = list(pool.map(lambda one: post(port, "/api/orders/create", one, {}), bodies))
        create_s = time.perf_counter() - started
        assert {status for _, status, _ in created} == {201}, created[0][2][:500]

        events = [_event(data) for _, _, data in created]
        started = time.perf_counter()
        with ThreadPoolExecutor(options.buyers) as pool:
            told = list(pool.map(lambda one: post(port, "/api/webhooks/stripe", *one), events))
        webhook_s = time.perf_counter() - started
        assert {status for _, status, _ in told} == {200}
    finally:
        server.terminate()
        server.wait(20)

    keys = [str(pk) for pk in StripeEvent.objects.values_list("pk", flat=True)]
    sql_apply = queries_of(lambda: handle(keys[0]))
    applied = []
    started = time.perf_counter()
    for key in keys[1:]:
        begun = time.perf_counter()
        handle(key)
        applied.append(time.perf_counter() - begun)
    apply_s = time.perf_counter() - started
    paid = Order.objects.filter(payment_status="paid").count()
    assert paid == options.orders, paid
    print(
        f"database {vendor}, {options.orders} orders, {options.buyers} buyers at once, 2 web processes, 1 worker"
    )
    print(f"SQL statements: {sql_create} to create an order and its intent, {sql_apply} to apply its payment")
    print(f"{'step':<22}{'per second':>12}{'p50 ms':>10}{'p95 ms':>10}")
    print(row("create order", [taken for taken, _, _ in created], create_s))
    print(row("take webhook", [taken for taken, _, _ in told], webhook_s))
    print(row("apply payment", applied, apply_s))


def _artwork(client: Any) -> str:
    """The id of an artwork that was uploaded: checkout measures how it will print, once."""
    from django.core.files.uploadedfile import SimpleUploadedFile

    file = io.BytesIO()
    picture = Image.new("RGBA", (3000, 3000), (0, 0, 0, 0))
    picture.paste((200, 40, 60, 255), (100, 100, 2900, 2900))
    picture.save(file, "PNG")
    answer = client.post(
        "/api/uploads/file", {"file": SimpleUploadedFile("art.png", file.getvalue(), "image/png")}
    )
    assert answer.status_code == 201, answer.content
    return str(answer.json()["data"]["asset"]["id"])


def _basket(variant_id: str, asset_id: str, number: int) -> dict[str, Any]:
    address = {
        "line1": f"{number} Main Street",
        "line2": "",
        "city": "Reno",
        "state": "NV",
        "postal_code": "89501",
        "country": "US",
    }
    art = {"url": "http://127.0.0.1/uploads/art.png", "position": None, "assetId": asset_id}
    item = {
        "variant_id": variant_id,
        "quantity": 1,
        "unit_price": 12.98,
        "total_price": 12.98,
        "customization": {"method": "dtg", "frontArtworks": [art], "backArtworks": [], "neckArtwork": None},
    }
    return {
        "customer": {"email": f"buyer{number}@example.com", "name": "A Buyer", "phone": ""},
        "items": [item],
        "shipping_address": address,
        "billing_address": address,
        "subtotal": 12.98,
        "tax": 0,
        "shipping": 4.98,
        "total": 17.96,
    }


def _event(created: bytes) -> tuple[bytes, dict[str, str]]:
    """The signed event of the payment of an order that was just created."""
    import stripe

    from bench.settings import STRIPE_WEBHOOK_SECRETS

    intent_id = json.loads(created)["data"]["client_secret"].split("_secret_")[0]
    about = {"id": intent_id, "object": "payment_intent", "status": "succeeded"}
    text = json.dumps(
        {
            "id": f"evt_{intent_id}",
            "object": "event",
            "type": "payment_intent.succeeded",
            "data": {"object": about},
        }
    )
    signature = stripe.WebhookSignature.generate_signature_header(text, STRIPE_WEBHOOK_SECRETS[0])
    return text.encode(), {"Stripe-Signature": signature}


def _serve() -> tuple[int, subprocess.Popen[bytes]]:
    port = free_port()
    server = subprocess.Popen(
        [
            sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port),
            "--workers", "2", "--blocking-threads", "4", "--no-ws", "--log-level", "error",
            "stolentee.wsgi:application",
        ],
        env=os.environ | {"DATABASE_POOL_MAX": "8"},
    )  # fmt: skip
    wait_for_port(port)
    return port, server


if __name__ == "__main__":
    main()
