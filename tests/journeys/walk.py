"""The walk of one tee, as a browser makes it, with everything that it saw on the way."""

from __future__ import annotations

import io
import time
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from demo.storefront import (
    Json,
    Storefront,
    artwork,
    cart_item,
    customization,
    progress_percent,
    transparent_asset,
    wait_for_job,
)
from demo.walk import ADDRESS, PHOTO, until

CUSTOMER = {"email": "customer@example.com", "name": "Ada Lovelace", "phone": ""}
POSITION = {"x": 236, "y": 160, "scaleX": 0.25, "scaleY": 0.25, "rotation": 0}
VISA, DECLINED = "pm_card_visa", "pm_card_chargeDeclined"


@dataclass
class Walk:
    """What the browser and the printer saw, step by step."""

    uploaded: Json = field(default_factory=dict)
    polls: list[Json] = field(default_factory=list)
    artwork_asset: Json = field(default_factory=dict)
    artwork_answer: requests.Response = field(default_factory=requests.Response)
    design: Json = field(default_factory=dict)
    tax: Any = None
    created: Json = field(default_factory=dict)
    intent: Json = field(default_factory=dict)
    paid: Json = field(default_factory=dict)
    captures: list[requests.Response] = field(default_factory=list)
    tray: Json = field(default_factory=dict)
    pack: bytes = b""
    seconds: float = 0.0

    @property
    def order(self) -> Json:
        return self.created["order"]

    @property
    def progress(self) -> list[int]:
        return [progress_percent(poll) for poll in self.polls]

    def archive(self) -> zipfile.ZipFile:
        return zipfile.ZipFile(io.BytesIO(self.pack))

    def packed(self, path: str) -> bytes:
        """A file of the pack by its path below the pack's own folder."""
        with self.archive() as archive:
            name = next(name for name in archive.namelist() if name.split("/", 1)[1] == path)
            return archive.read(name)


def walk_one_tee(browser: Storefront) -> Walk:
    """From the photo to the printer's pack: a white tee in M, printed on its front."""
    seen, started = Walk(), time.monotonic()
    seen.uploaded = browser.upload_photo(PHOTO)
    job = wait_for_job(browser, seen.uploaded["jobId"], sleep=_short_sleep, on_poll=seen.polls.append)
    seen.artwork_asset = transparent_asset(job)
    seen.artwork_answer = browser.call("GET", seen.artwork_asset["file_url"])
    variant = variant_of(browser, "classic-tee", "White", "M")
    _save_design(browser, seen, variant)
    placed = artwork(browser.api_url, seen.artwork_asset, POSITION)
    items = [cart_item(variant, 1, 12.98, customization(front=[placed]))]
    seen.tax = browser.tax(items, ADDRESS)
    seen.created = browser.create_order(CUSTOMER, items, ADDRESS, seen.tax)
    seen.intent = browser.confirm_card_payment(seen.created["client_secret"], VISA)
    seen.paid = until_paid(browser, seen.order["order_number"])
    seen.captures = [capture(browser, seen.order, seen.intent) for _ in range(2)]
    seen.tray = until_packed(browser, seen.order["order_number"])
    seen.pack = fetch_pack(seen.tray["packs"][0]["url"])
    seen.seconds = time.monotonic() - started
    return seen


def variant_of(browser: Storefront, slug: str, colour: str, size: str) -> Json:
    variants = browser.product(slug)["variants"]
    return next(row for row in variants if (row["color"], row["size"]) == (colour, size))


def until_paid(browser: Storefront, order_number: str) -> Json:
    """The tracking page once the webhook has paid the order; the browser has reported nothing yet."""

    def ask() -> Json | None:
        tracked = browser.track(order_number)
        return tracked if tracked["order"]["payment_status"] == "paid" else None

    return until(ask, lambda waited_s: None)


def until_packed(browser: Storefront, order_number: str) -> Json:
    """The printer's in-tray once every pack of the order is in it."""

    def ask() -> Json | None:
        tray = browser.json("GET", f"/test-printer/orders/{order_number}")
        return tray if tray["packs"] else None

    return until(ask, lambda waited_s: None)


def fetch_pack(url: str) -> bytes:
    """What the printer downloads with nothing but the link."""
    answer = requests.get(url, timeout=30)
    answer.raise_for_status()
    return answer.content


def capture(browser: Storefront, order: Json, intent: Json) -> requests.Response:
    body = {"payment_intent_id": intent["id"]}
    return browser.call("POST", f"/api/orders/{order['id']}/capture-payment", json=body)


def until_mailed(folder: Path, order_number: str, count: int) -> list[str]:
    """The e-mails about an order, once the shop has written `count` of them to its folder."""

    def ask() -> Json | None:
        texts = [path.read_text() for path in sorted(folder.glob("*.log"))]
        found = [text for text in texts if order_number in text]
        return {"mails": found} if len(found) >= count else None

    mails: list[str] = until(ask, lambda waited_s: None)["mails"]
    return mails


def _save_design(browser: Storefront, seen: Walk, variant: Json) -> None:
    """The account is made in the middle of the walk: the guest's artwork becomes the customer's."""
    browser.register_and_login("walker@example.com", "Journey-Pass-1", "Ada Lovelace")
    data = {"front": [POSITION], "back": [], "neck": [], "selectedColor": "White", "selectedSize": "M"}
    seen.design = browser.save_design(
        {
            "name": "Rescued from a photo",
            "productId": variant["product_id"],
            "variantId": variant["id"],
            "designData": data,
            "artworkIds": [seen.artwork_asset["id"]],
            "thumbnailUrl": seen.artwork_asset["file_url"],
        }
    )


def _short_sleep(seconds: float) -> None:
    """Polls eight times as often as the storefront: the more often, the more states are seen."""
    time.sleep(seconds / 8)
