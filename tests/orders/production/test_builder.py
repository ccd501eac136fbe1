"""From a paid order to a pack that has checked itself, or to a hold that says why not."""

from __future__ import annotations

import hashlib
import io
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from PIL import Image

from common.storage import private_storage, public_storage, read_file
from demo.storefront import Json, Storefront, cart_item, customization
from orders.models import Order, OrderLine, OutboxMail, ProductionPack
from orders.production import assembly, builder, desk
from orders.production.pack import open_pack
from orders.production.sheet_text import sheet_text
from tests.contracts.baskets import order_body, placed
from tests.orders.conftest import Waiting
from tests.orders.production.examples import pixels

pytestmark = pytest.mark.django_db
CHEST = {"x": 223, "y": 150, "scaleX": 0.3, "scaleY": 0.3, "rotation": 0}


@pytest.fixture
def paid(guest: Storefront) -> Callable[..., Order]:
    """A paid order of these items, whose packs are asked for and not yet built."""

    def make(*items: Json) -> Order:
        body = order_body(*items)
        data = guest.json("POST", "/api/orders/create", json=body)["data"]
        order = Order.objects.get(pk=data["order"]["id"])
        payment = order.payments.get()
        from orders.models import TestIntent

        waiting = Waiting(order, payment, TestIntent.objects.get(pk=payment.intent_id))
        waiting.succeed()
        guest.capture_payment(str(order.pk), waiting.intent.pk)
        return order

    return make


def item(variant_id: str, price: float, **sides: Any) -> Json:
    return cart_item({"id": variant_id}, 1, price, customization(**sides))


def tee_id() -> str:
    from tests.contracts.baskets import variant_id

    return variant_id("TEE-BLK-M")


def build_all(order: Order) -> list[ProductionPack]:
    packs = ProductionPack.objects.filter(line__order=order).order_by("line__number")
    for pack in packs:
        builder.build(str(pack.pk))
    return list(packs.all())


def test_a_paid_tee_becomes_a_pack_that_has_checked_itself(
    paid: Callable[..., Order], big_art: Json, staff: Storefront
) -> None:
    order = paid(item(tee_id(), 12.98, front=[placed(big_art, CHEST)]))
    (pack,) = build_all(order)
    assert (pack.status, pack.error_message) == ("done", "")
    data = read_file(private_storage(), pack.file)
    assert hashlib.sha256(data).hexdigest() == pack.sha256
    opened = open_pack(data)
    assert {"art/front.png", "mockups/front.png", "mockups/back.png", "spec.pdf", "spec.json"} <= set(
        opened.files
    )
    placement = opened.spec["placements"][0]
    # 150 stage pixels at 390 px / 14 in, whose left edge lies 120 px right of the print area's.
    assert placement["inches"]["width"] == pytest.approx(150 * 14 / 390, abs=0.05)
    assert placement["inches"]["left"] == pytest.approx(120 * 14 / 390, abs=0.05)
    art = Image.open(io.BytesIO(opened.files["art/front.png"]))
    assert art.mode == "RGBA" and round(art.info["dpi"][0]) == 300
    assert art.width == round(placement["inches"]["width"] * 300)
    assert opened.spec["garment"]["sku"] == "TEE-BLK-M"
    assert {finding["rule"] for finding in pack.report} >= {1, 2, 3, 4, 10}
    shown = staff.json("GET", "/api/admin/orders")["data"]["orders"][0]["items"][0]
    assert shown["design_image_url"] == shown["mockup_url"]
    assert Image.open(io.BytesIO(staff.file(shown["mockup_url"]))).format == "JPEG"


def test_equal_inputs_make_equal_bytes(paid: Callable[..., Order], big_art: Json) -> None:
    order = paid(item(tee_id(), 12.98, front=[placed(big_art, CHEST)]))
    (pack,) = build_all(order)
    desk.pack_rebuild(pack, actor="test", force=True)
    (again,) = build_all(order)
    assert (again.sha256, again.file == pack.file) == (pack.sha256, False)
    assert not private_storage().exists(pack.file)  # what was replaced is gone
    assert [event.kind for event in again.events.all()] == ["built", "sent", "rebuild", "built", "sent"]


def test_a_pack_is_rebuilt_only_when_its_inputs_changed(
    paid: Callable[..., Order], big_art: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = paid(item(tee_id(), 12.98, front=[placed(big_art, CHEST)]))
    (pack,) = build_all(order)
    with monkeypatch.context() as nothing_is_drawn:
        nothing_is_drawn.setattr(builder, "assemble", lambda *args, **kwargs: 1 / 0)
        desk.pack_rebuild(pack, actor="test")
        (same,) = build_all(order)
    assert (same.status, same.file, same.input_hash) == ("done", pack.file, pack.input_hash)
    assert same.events.filter(kind="unchanged").count() == 1
    Order.objects.filter(pk=order.pk).update(customer_notes="As a gift, please.")
    desk.pack_rebuild(same, actor="test")
    (changed,) = build_all(order)
    assert changed.input_hash != pack.input_hash and changed.file != pack.file
    opened = open_pack(read_file(private_storage(), changed.file))
    assert opened.spec["notes"] == "As a gift, please."


def test_a_hoodie_is_printed_on_three_places(paid: Callable[..., Order], big_art: Json) -> None:
    chest = {"x": 270, "y": 150, "scaleX": 0.6, "scaleY": 0.6, "rotation": 0}
    neck = {"x": 270, "y": 250, "scaleX": 1, "scaleY": 1, "rotation": 0}
    sides = {
        "front": [placed(big_art, chest)],
        "back": [placed(big_art, chest)],
        "neck": placed(big_art, neck),
    }
    (pack,) = build_all(paid(item("hoodie-M", 41.99, **sides)))
    assert pack.status == "done", pack.error_message
    opened = open_pack(read_file(private_storage(), pack.file))
    assert sorted(p["placement"] for p in opened.spec["placements"]) == ["back", "front", "neck"]
    # What is printed at the neck is seen as large as it will be, on the picture of the back as well, and the sheet does
    # not say otherwise. Its 250 px at 100 px/in are 2.5 in; the chest's are 150 px at 390 / 14 px/in.
    pictures = [pixels(opened.files[f"mockups/{side}.png"]).astype(int) for side in ("neck", "back", "front")]
    neck_px, back_px, front_px = (int(((one[..., 0] > 120) & (one[..., 1] < 90)).sum()) for one in pictures)
    assert neck_px / front_px == pytest.approx((2.5 / 150 * 390 / 14) ** 2, rel=0.05)
    assert back_px == pytest.approx(front_px + neck_px, rel=0.02)
    assert "not in the picture" not in sheet_text(opened.files["spec.pdf"])


def test_a_blank_garment_has_a_pack_without_art(paid: Callable[..., Order]) -> None:
    (pack,) = build_all(paid(item(tee_id(), 12.98)))
    assert pack.status == "done", pack.error_message
    assert open_pack(read_file(private_storage(), pack.file)).spec["placements"] == []


@pytest.mark.parametrize(
    ("position", "reason"),
    [
        ({"x": 900, "y": 900, "scaleX": 0.1, "scaleY": 0.1, "rotation": 0}, "nothing_to_print"),
        ({"x": 103, "y": 100, "scaleX": 0.78, "scaleY": 0.78, "rotation": 0}, "pack_check_failed"),  # 86 DPI
    ],
)
def test_what_cannot_be_printed_holds_the_order(
    paid: Callable[..., Order], big_art: Json, staff: Storefront, position: Json, reason: str
) -> None:
    order = paid(item(tee_id(), 12.98, front=[placed(big_art, position)]))
    (pack,) = build_all(order)
    order.refresh_from_db()
    assert (pack.status, pack.error_code, order.hold_reason) == ("failed", reason, reason)
    (shown,) = staff.json("GET", "/api/admin/orders")["data"]["orders"]
    assert (shown["hold_reason"], shown["items"][0]["production_pack_url"]) == (reason, None)
    assert order.payment_status == "paid"
    assert order.events.filter(kind="order.held", actor="system").count() == 1
    assert not OutboxMail.objects.filter(kind="printer_packs").exists()


def test_a_crash_is_tried_again_and_then_holds_the_order(
    paid: Callable[..., Order], monkeypatch: pytest.MonkeyPatch
) -> None:
    order = paid(item(tee_id(), 12.98))
    monkeypatch.setattr(assembly, "render_mockup", lambda *args: 1 / 0)
    (pack,) = build_all(order)
    assert (pack.status, pack.attempts, pack.error_message) == ("queued", 1, "ZeroDivisionError")
    for _ in range(2):
        ProductionPack.objects.update(available_at=timezone.now())
        (pack,) = build_all(order)
    order.refresh_from_db()
    assert (pack.status, order.hold_reason) == ("failed", "pack_failed")


def stored_files() -> set[str]:
    """The names of all packs and of all mock-ups."""
    packs = private_storage().listdir("packs")[1] if private_storage().exists("packs") else []
    return {*packs, *(name for name in public_storage().listdir("")[1] if name.endswith(".jpg"))}


def test_a_worker_that_lost_its_lease_leaves_nothing_behind(
    paid: Callable[..., Order], monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.PRINTER_EMAIL = "printer@example.com"
    paid(item(tee_id(), 12.98))
    pack = ProductionPack.objects.get()
    before = stored_files()
    monkeypatch.setattr(ProductionPack, "finish", lambda self, **fields: False)
    builder.build(str(pack.pk))
    assert stored_files() == before
    assert OrderLine.objects.get().front_mockup_name == ""
    assert not OutboxMail.objects.filter(kind="printer_packs").exists()


@pytest.mark.parametrize("broken", ["public_storage", "packs_hand_over"])
def test_whatever_fails_at_the_end_is_done_by_the_next_attempt(
    paid: Callable[..., Order], monkeypatch: pytest.MonkeyPatch, settings: Any, broken: str
) -> None:
    """A done pack is not built again: mock-ups and hand-over must not be able to fail after it."""
    settings.PRINTER_EMAIL = "printer@example.com"
    order = paid(item(tee_id(), 12.98))
    with monkeypatch.context() as outage:
        outage.setattr(builder, broken, lambda *args, **kwargs: 1 / 0)
        (pack,) = build_all(order)
    assert (pack.status, pack.file, OrderLine.objects.get().front_mockup_name) == ("queued", "", "")
    assert not OutboxMail.objects.filter(kind="printer_packs").exists()
    ProductionPack.objects.update(available_at=timezone.now())
    (pack,) = build_all(order)
    assert pack.status == "done" and pack.handed_over_at is not None
    assert OrderLine.objects.get().front_mockup_name != ""
    assert OutboxMail.objects.filter(kind="printer_packs").count() == 1


@pytest.mark.production
@pytest.mark.django_db(transaction=True)
def test_two_workers_on_one_pack_make_one_file(paid: Callable[..., Order], settings: Any) -> None:
    settings.PRINTER_EMAIL = "printer@example.com"
    paid(item(tee_id(), 12.98))
    pack = ProductionPack.objects.get()
    before = stored_files()
    barrier = threading.Barrier(4)

    def work() -> None:
        barrier.wait()
        builder.build(str(pack.pk))
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    pack.refresh_from_db()
    assert (pack.status, pack.attempts) == ("done", 1)
    line = OrderLine.objects.get()
    pack_name = pack.file.removeprefix("packs/")
    assert stored_files() - before == {pack_name, line.front_mockup_name, line.back_mockup_name}
    assert OutboxMail.objects.filter(kind="printer_packs").count() == 1
