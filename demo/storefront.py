"""A client that speaks to the shop exactly as the React storefront does: its bodies, its headers, its reading.

HTTP only; it knows nothing of the server's code. The demo walks with it, and the contract tests check with it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

TIMEOUT_S = 15
PHOTO_TIMEOUT_S = 30
SHIPPING = 4.98
POLL_INTERVAL_S = 2.0

Json = dict[str, Any]


class Refused(Exception):
    """The server answered 4xx or 5xx. `message` is what the storefront would show."""

    def __init__(self, status: int, body: Json) -> None:
        super().__init__(f"{status}: {body.get('message')}")
        self.status = status
        self.body = body
        self.message = body.get("message")


@dataclass
class Storefront:
    """One browser: the API's origin, and the token that it keeps in localStorage."""

    api_url: str
    origin: str = "http://localhost:5173"
    token: str = ""
    session: requests.Session = field(default_factory=requests.Session)

    def call(
        self, method: str, path: str, *, timeout_s: float = TIMEOUT_S, **kwargs: Any
    ) -> requests.Response:
        """One request with the storefront's headers; the token goes along with every call, public ones too."""
        headers = {"Origin": self.origin, "Accept": "application/json, text/plain, */*"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        return self.session.request(
            method,
            f"{self.api_url}{path}",
            headers=headers | kwargs.pop("headers", {}),
            timeout=timeout_s,
            **kwargs,
        )

    def json(self, method: str, path: str, **kwargs: Any) -> Json:
        """The decoded body. Raises Refused for an error status."""
        answer = self.call(method, path, **kwargs)
        body: Json = answer.json()
        if answer.status_code >= 400:
            raise Refused(answer.status_code, body)
        return body

    def products(self) -> list[Json]:
        found: list[Json] = self.json("GET", "/api/products")["data"]["products"]
        return found

    def product(self, slug: str) -> Json:
        found: Json = self.json("GET", f"/api/products/{slug}")["data"]["product"]
        return found

    def register_and_login(self, email: str, password: str, name: str) -> Json:
        """What the register page does: register, then log in with the same words, and keep the token."""
        self.json("POST", "/api/auth/register", json={"email": email, "password": password, "name": name})
        data = self.json("POST", "/api/auth/login", json={"email": email, "password": password})["data"]
        self.token = data["token"]
        user: Json = data["user"]
        return user

    def upload_photo(self, photo: Path) -> Json:
        """The photo of a shirt; the answer holds the job to poll."""
        part = (photo.name, photo.read_bytes(), "image/jpeg")
        data: Json = self.json(
            "POST", "/api/uploads/shirt-photo", files={"file": part}, timeout_s=PHOTO_TIMEOUT_S
        )["data"]
        return data

    def upload_file(self, name: str, data: bytes, content_type: str) -> Json:
        asset: Json = self.json("POST", "/api/uploads/file", files={"file": (name, data, content_type)})[
            "data"
        ]["asset"]
        return asset

    def job(self, job_id: str) -> Json:
        job: Json = self.json("GET", f"/api/jobs/{job_id}")["job"]
        return job

    def save_design(self, body: Json) -> Json:
        design: Json = self.json("POST", "/api/designs", json=body)["data"]["design"]
        return design

    def tax(self, items: list[Json], address: Json) -> float:
        """What the checkout page asks at every keystroke in the address."""
        lines = [
            {k: item[k] for k in ("variant_id", "quantity", "unit_price", "total_price")} for item in items
        ]
        body = {"items": lines, "shipping_address": address, "shipping": SHIPPING}
        tax: float = self.json("POST", "/api/orders/calculate-tax", json=body)["data"]["tax"]
        return tax

    def create_order(self, customer: Json, items: list[Json], address: Json, tax: float) -> Json:
        """`{order, client_secret}`; sums are IEEE floats, as JavaScript makes them."""
        subtotal = sum(item["total_price"] for item in items)
        body = {
            "customer": customer,
            "items": items,
            "shipping_address": address,
            "billing_address": dict(address),
            "subtotal": subtotal,
            "tax": tax,
            "shipping": SHIPPING,
            "total": subtotal + SHIPPING + tax,
        }
        data: Json = self.json("POST", "/api/orders/create", json=body)["data"]
        return data

    def confirm_card_payment(self, client_secret: str, payment_method: str) -> Json:
        """Stripe.js' `confirmCardPayment`, spoken to the test gateway. Raises Refused (402) for a declined card."""
        intent_id = client_secret.split("_secret_")[0]
        return self.json(
            "POST",
            f"/test-gateway/payment_intents/{intent_id}/confirm",
            json={"client_secret": client_secret, "payment_method": payment_method},
        )

    def capture_payment(self, order_id: str, intent_id: str) -> Json:
        body = {"payment_intent_id": intent_id}
        order: Json = self.json("POST", f"/api/orders/{order_id}/capture-payment", json=body)["data"]["order"]
        return order

    def track(self, order_number: str) -> Json:
        data: Json = self.json("GET", f"/api/orders/{order_number}")["data"]
        return data

    def file(self, file_url: str) -> bytes:
        """A picture as the canvas loads it: across origins, without a token."""
        answer = self.session.get(
            f"{self.api_url}{file_url}", headers={"Origin": self.origin}, timeout=TIMEOUT_S
        )
        answer.raise_for_status()
        if answer.headers.get("Access-Control-Allow-Origin") != "*":
            raise ValueError(f"{file_url} would never appear on the canvas: no Access-Control-Allow-Origin")
        return answer.content


def cart_item(variant: Json, quantity: int, unit_price: float, customization: Json) -> Json:
    """One item of the order body; the total is JavaScript's product, floating point and all."""
    return {
        "variant_id": variant["id"],
        "quantity": quantity,
        "unit_price": unit_price,
        "total_price": unit_price * quantity,
        "customization": customization,
    }


def artwork(api_url: str, asset: Json, position: Json | None) -> Json:
    """One placed artwork as the cart holds it."""
    return {"url": f"{api_url}{asset['file_url']}", "position": position, "assetId": asset["id"]}


def customization(
    *, front: list[Json] | None = None, back: list[Json] | None = None, neck: Json | None = None
) -> Json:
    return {"method": "dtg", "frontArtworks": front or [], "backArtworks": back or [], "neckArtwork": neck}


# The words that the storefront looks for in `logs`, in its order.
_PROGRESS: tuple[tuple[tuple[str, str], int], ...] = (
    (("step 1", "gemini"), 35),
    (("step 2", "background"), 60),
    (("step 3", "dpi"), 80),
    (("step 4", "verifying"), 95),
)


def progress_percent(job: Json) -> int:
    """The storefront's progress bar for a polled job."""
    if job["status"] == "done":
        return 100
    logs = (job.get("logs") or "").lower()
    return next((percent for words, percent in _PROGRESS if any(word in logs for word in words)), 10)


def wait_for_job(
    shop: Storefront, job_id: str, *, sleep: Callable[[float], None], on_poll: Callable[[Json], None]
) -> Json:
    """Polls as the storefront does, every two seconds; stops at `done` and raises Refused at `failed`."""
    while True:
        sleep(POLL_INTERVAL_S)
        job = shop.job(job_id)
        on_poll(job)
        if job["status"] == "done":
            return job
        if job["status"] == "failed":
            raise Refused(200, {"message": job["errorMessage"]})


def transparent_asset(job: Json) -> Json:
    """The one asset that the storefront takes from a finished job."""
    return next(asset for asset in job["assets"] if asset["kind"] == "transparent")
