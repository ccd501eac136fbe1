"""CONTRACT 1.28, 1.29, 1.31: what Stripe and the printer send, and the pictures that a canvas draws."""

import json
import time
from typing import Any

import pytest
import stripe
from django.conf import LazySettings

from demo.storefront import Json, Storefront
from orders.models import Order, StripeEvent
from orders.payments.backends.testing import webhook_secrets
from orders.production.webhook import sign
from tests.contracts.baskets import order_body, tee
from tests.contracts.expectations import A_TEXT, assert_has, data_of, nothing_changes

STRIPE, PRINTER = "/api/webhooks/stripe", "/api/webhooks/production-update"
PRINTER_SECRET = "a-secret-of-the-printer"
BOTH_ORIGINS = pytest.mark.parametrize("origin", ["http://localhost:5173", "https://anywhere.example", None])


def event(event_type: str = "payment_intent.succeeded", event_id: str = "evt_1", **about: Any) -> bytes:
    payload = {
        "id": event_id,
        "object": "event",
        "type": event_type,
        "data": {"object": {"id": "pi_unknown", "object": "payment_intent"} | about},
    }
    return json.dumps(payload).encode()


def signature(body: bytes, *, secret: str = "", at: int | None = None) -> str:
    return str(
        stripe.WebhookSignature.generate_signature_header(
            body.decode(), secret or webhook_secrets()[0], at or int(time.time())
        )
    )


def deliver(guest: Storefront, body: bytes, header: str | None) -> Any:
    headers = {"Content-Type": "application/json"} | ({"Stripe-Signature": header} if header else {})
    return guest.call("POST", STRIPE, data=body, headers=headers)


# --- Stripe ----------------------------------------------------------------------------------------------------------


def test_a_signed_event_is_received(guest: Storefront) -> None:
    body = event()

    answer = deliver(guest, body, signature(body))

    assert (answer.status_code, answer.json()) == (200, {"received": True})
    assert StripeEvent.objects.get().event_id == "evt_1"


@pytest.mark.parametrize(
    "event_type", ["charge.refunded", "checkout.session.completed", "customer.created", "a.b.c"]
)
def test_events_that_mean_nothing_to_the_shop_are_received_too(guest: Storefront, event_type: str) -> None:
    body = event(event_type, object="charge", payment_intent=None)

    assert deliver(guest, body, signature(body)).json() == {"received": True}


def test_the_same_event_many_times_is_one(guest: Storefront) -> None:
    body = event()

    answers = [deliver(guest, body, signature(body)) for _ in range(5)]

    assert [answer.status_code for answer in answers] == [200] * 5
    assert StripeEvent.objects.count() == 1


def headers_that_prove_nothing() -> dict[str, Any]:
    body = event()
    old = int(time.time()) - 301
    return {
        "none": None,
        "garbage": "garbage",
        "wrong secret": signature(body, secret="whsec_wrong"),
        "old": signature(body, at=old),
        "of another body": signature(event(event_id="evt_2")),
    }


@pytest.mark.parametrize("kind", ["none", "garbage", "wrong secret", "old", "of another body"])
def test_an_event_without_a_good_signature_is_400(guest: Storefront, kind: str) -> None:
    with nothing_changes():
        answer = deliver(guest, event(), headers_that_prove_nothing()[kind])

    assert (answer.status_code, answer.json()["message"]) == (400, A_TEXT)


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"not json", b"[]", b"\xff\xfe", b'{"id": "evt_1", "type": "x"}']
)
def test_a_signed_body_that_is_no_event_is_400(guest: Storefront, body: bytes) -> None:
    try:
        header = signature(body)
    except UnicodeDecodeError:
        header = "t=1,v1=00"

    with nothing_changes():
        answer = deliver(guest, body, header)

    assert (answer.status_code, answer.json()["message"]) == (400, A_TEXT)


def test_webhooks_are_never_limited(guest: Storefront) -> None:
    body = event()
    for _ in range(120):
        assert deliver(guest, body, signature(body)).status_code == 200
    assert deliver(guest, body, "garbage").status_code == 400


# --- The printer -----------------------------------------------------------------------------------------------------


@pytest.fixture
def paid_order(guest: Storefront, art: Json) -> Order:
    created = data_of(guest.call("POST", "/api/orders/create", json=order_body(tee(art))), 201)
    intent = guest.confirm_card_payment(created["client_secret"], "pm_card_visa")
    guest.capture_payment(created["order"]["id"], intent["id"])
    return Order.objects.get(pk=created["order"]["id"])


def report(guest: Storefront, body: Json, *, secret: str = PRINTER_SECRET, at: int | None = None) -> Any:
    raw = json.dumps(body).encode()
    header = sign(raw, secret, at or int(time.time()))
    return guest.call(
        "POST", PRINTER, data=raw, headers={"Content-Type": "application/json", "X-Signature": header}
    )


def test_a_printer_moves_the_order_on(guest: Storefront, settings: LazySettings, paid_order: Order) -> None:
    settings.PRINTER_WEBHOOK_SECRETS = [PRINTER_SECRET]
    report(guest, {"order_number": paid_order.number, "status": "processing"})

    answer = report(
        guest, {"order_number": paid_order.number, "status": "shipped", "tracking_number": "1Z999"}
    )

    assert answer.status_code == 200
    assert_has(answer.json(), success=True, message="Production update received")
    assert_has(guest.track(paid_order.number)["order"], production_status="shipped", tracking_number="1Z999")


def test_without_a_secret_the_endpoint_is_closed(guest: Storefront, paid_order: Order) -> None:
    with nothing_changes():
        answer = report(guest, {"order_number": paid_order.number, "status": "processing"}, secret="")

    assert (answer.status_code, answer.json()["message"]) == (403, A_TEXT)


@pytest.mark.parametrize("kind", ["unsigned", "wrong", "old"])
def test_a_report_that_nobody_signed_is_403(
    guest: Storefront, settings: LazySettings, paid_order: Order, kind: str
) -> None:
    settings.PRINTER_WEBHOOK_SECRETS = [PRINTER_SECRET]
    body = {"order_number": paid_order.number, "status": "processing"}

    with nothing_changes():
        if kind == "unsigned":
            answer = guest.call("POST", PRINTER, json=body)
        elif kind == "wrong":
            answer = report(guest, body, secret="another")
        else:
            answer = report(guest, body, at=int(time.time()) - 301)

    assert (answer.status_code, answer.json()["message"]) == (403, A_TEXT)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"order_number": "RB-UNKNOWN"}, 404),
        ({"order_number": None}, 400),
        ({"status": "delivered"}, 409),
        ({"status": "nonsense"}, 422),
    ],
    ids=str,
)
def test_a_report_that_makes_no_sense_changes_nothing(
    guest: Storefront, settings: LazySettings, paid_order: Order, change: Json, status: int
) -> None:
    settings.PRINTER_WEBHOOK_SECRETS = [PRINTER_SECRET]
    body = {"order_number": paid_order.number, "status": "processing"} | change

    with nothing_changes():
        answer = report(guest, body)

    assert (answer.status_code, answer.json()["message"]) == (status, A_TEXT)


# --- Pictures --------------------------------------------------------------------------------------------------------


def fetch(guest: Storefront, path: str, origin: str | None, method: str = "GET") -> Any:
    return guest.call(method, path, headers={"Origin": origin, "Accept": "image/*"})


@BOTH_ORIGINS
def test_artwork_can_be_drawn_on_any_canvas(guest: Storefront, art: Json, origin: str | None) -> None:
    """Also without an Origin: a plain image and a canvas share the browser's cache."""
    answer = fetch(guest, art["file_url"], origin)

    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"


@BOTH_ORIGINS
@pytest.mark.parametrize("name", ["black-front.png", "hoodie-black-front.png", "blank-tshirt.png"])
def test_garments_can_be_drawn_on_any_canvas(guest: Storefront, name: str, origin: str | None) -> None:
    answer = fetch(guest, f"/assets/{name}", origin)

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/png")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "max-age=604800" in answer.headers["Cache-Control"]


def test_artwork_is_cached_and_harmless(guest: Storefront, art: Json) -> None:
    headers = fetch(guest, art["file_url"], None).headers

    assert headers["Cache-Control"] == "public, max-age=86400, stale-while-revalidate=604800"
    assert headers["CDN-Cache-Control"] == "public, max-age=86400"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in headers["Content-Security-Policy"]
    assert headers["Content-Type"] == "image/png"


def test_artwork_has_a_head(guest: Storefront, art: Json) -> None:
    answer = fetch(guest, art["file_url"], None, "HEAD")

    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    "path",
    [
        "/uploads/unknown.png",
        "/uploads/AAAAAAAAAAAAAAAAAAAAAAAAAAA.png",
        "/uploads/..%2fsecret-key",
        "/uploads/%2e%2e/secret-key",
        "/uploads/secret-key",
        "/uploads/",
        "/uploads/%00.png",
        "/assets/unknown.png",
        "/assets/..%2f..%2fsettings.py",
    ],
)
def test_what_is_no_picture_is_404(guest: Storefront, path: str) -> None:
    answer = fetch(guest, path, "http://localhost:5173")

    assert (answer.status_code, answer.json()["message"]) == (404, A_TEXT)


def test_a_missing_picture_may_be_missed_by_any_page(guest: Storefront) -> None:
    answer = fetch(guest, "/uploads/AAAAAAAAAAAAAAAAAAAAAAAAAAA.png", "https://anywhere.example")

    assert answer.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("token", ["", "expired.or.garbage"])
def test_pictures_need_no_token_and_mind_none(guest: Storefront, art: Json, token: str) -> None:
    guest.token = token

    assert guest.call("GET", art["file_url"]).status_code == 200
