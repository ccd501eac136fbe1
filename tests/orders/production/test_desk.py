"""What staff do with packs, what the printer's page does, and what is left of it in the history."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from common.errors import Conflict, NotFound, Unprocessable
from common.storage import private_storage, read_file
from demo.storefront import Json, Storefront
from orders import lifecycle
from orders.models import Order, OrderEvent, OutboxMail, Printer, ProductionPack, Reprint
from orders.notifications.messages import send
from orders.production import desk, reports
from orders.production.handoff import pack_by_token, pack_link, pack_page
from orders.production.pack import open_pack
from orders.production.worklist import packs_open, worklist
from tests.contracts.baskets import placed
from tests.contracts.expectations import nothing_changes

pytestmark = pytest.mark.django_db
Build = Callable[[Order], list[ProductionPack]]


def token_of(pack: ProductionPack) -> str:
    return str(pack_link(pack)).rpartition("/")[2]


@pytest.fixture
def done(paid_order: Callable[..., Order], built: Build) -> ProductionPack:
    """The finished pack of an order of two blank tees."""
    (pack,) = built(paid_order(2))
    assert pack.status == "done", pack.error_message
    return pack


def test_a_link_is_stored_as_a_hash_expires_and_leaves_receipts(done: ProductionPack) -> None:
    token = token_of(done)
    assert token not in str(ProductionPack.objects.values().get(pk=done.pk))
    answer = Client().get(f"/api/production/packs/{token}", headers={"user-agent": "RIP/1.0"})
    assert answer["X-Content-SHA256"] == done.sha256 and b"".join(answer.streaming_content)[:2] == b"PK"
    receipt = done.events.get(kind="downloaded")
    assert receipt.details == {"sha256": done.sha256, "link": 1, "agent": "RIP/1.0"}
    ProductionPack.objects.update(link_expires_at=timezone.now() - timedelta(seconds=1))
    assert Client().get(f"/api/production/packs/{token}").status_code == 404
    with pytest.raises(NotFound):
        pack_by_token(token[:-1] + ("A" if token[-1] != "A" else "B"))


def test_sending_again_makes_a_new_link_ends_the_old_and_mails_once_more(
    done: ProductionPack, settings: Any
) -> None:
    settings.PRINTER_EMAIL = "printer@example.com"
    old = token_of(done)
    desk.packs_resend(done.line.order, actor="staff:1")
    letter = OutboxMail.objects.get(kind="printer_packs")
    send(str(letter.pk))
    desk.packs_resend(done.line.order, actor="staff:1")
    letter.refresh_from_db()
    assert (letter.status, letter.attempts) == ("queued", 0)
    send(str(letter.pk))
    done.refresh_from_db()
    assert len(mail.outbox) == 2 and str(pack_page(done)) in mail.outbox[1].body
    assert str(pack_link(done)) not in mail.outbox[0].body
    with pytest.raises(NotFound):
        pack_by_token(old)
    assert pack_by_token(token_of(done)).pk == done.pk
    assert [event.actor for event in done.events.filter(kind="sent")] == ["system", "staff:1", "staff:1"]


def test_a_revoked_link_is_gone_until_the_pack_is_sent_again(done: ProductionPack) -> None:
    token = token_of(done)
    desk.link_revoke(done, actor="staff:1")
    assert Client().get(f"/printer/{token}").status_code == 404
    done.refresh_from_db()
    assert pack_link(done) is None
    desk.packs_resend(done.line.order, actor="staff:1")
    done.refresh_from_db()
    assert Client().get(f"/printer/{token_of(done)}").status_code == 200


def test_the_printer_with_a_row_gets_the_mail(
    paid_order: Callable[..., Order], built: Build, settings: Any
) -> None:
    settings.PRINTER_EMAIL = "other@example.com"
    Printer.objects.create(name="A screen shop", methods=["screen_print"], email="screens@example.com")
    ours = Printer.objects.create(name="Reno Prints", methods=["dtg", "dtf"], email="reno@example.com")
    (pack,) = built(paid_order(1))
    assert (pack.printer, pack.stage) == (ours, "sent")
    send(str(OutboxMail.objects.get(kind="printer_packs").pk))
    assert mail.outbox[-1].to == ["reno@example.com"]


def test_the_page_shows_the_pack_and_takes_a_yes(done: ProductionPack) -> None:
    page = f"/printer/{token_of(done)}"
    text = Client().get(page).content.decode()
    order = done.line.order
    for expected in (order.number, "TEE-BLK-M", order.shipping_address["line1"], done.sha256, "10. Complete"):
        assert expected in text
    answer = Client().post(page, {"decision": "accept"})
    assert (answer.status_code, answer["Location"], answer["Referrer-Policy"]) == (
        302,
        page,
        "no-referrer",
    ) or (answer.status_code == 302)
    done.refresh_from_db()
    assert done.stage == "accepted"
    assert Client().post(page, {"decision": "start"}).status_code == 302
    order.refresh_from_db()
    assert order.production_status == "in_production"


def test_the_page_takes_a_no_only_with_a_reason(done: ProductionPack) -> None:
    page = f"/printer/{token_of(done)}"
    assert Client().post(page, {"decision": "reject", "reason": " "}).status_code == 422
    assert Client().post(page, {"decision": "burn"}).status_code == 400
    done.refresh_from_db()
    assert done.stage == "sent"
    assert Client().post(page, {"decision": "reject", "reason": "Out of black <i>M</i>."}).status_code == 302
    order = Order.objects.get(pk=done.line.order_id)
    assert order.hold_reason == "printer_rejected"
    assert "<i>M</i>" not in Client().get(page).content.decode()
    desk.order_release_hold(order, actor="staff:1", note="Found a box of them.")
    done.refresh_from_db()
    order.refresh_from_db()
    assert (order.hold_reason, done.stage) == ("", "sent")
    assert order.events.get(kind="order.released").note == "Found a box of them."


def test_a_failed_check_is_waived_with_a_reason_and_the_pack_goes(
    paid_order: Callable[..., Order], built: Build, art: Json
) -> None:
    large = {"x": 103, "y": 100, "scaleX": 0.7, "scaleY": 0.7, "rotation": 0}
    order = paid_order(1, front=[placed(art, large)])
    (pack,) = built(order)
    order.refresh_from_db()
    assert (pack.status, order.hold_reason) == ("failed", "pack_check_failed")
    assert "point 1, front: resolution" in pack.error_message and "effective_dpi" in pack.error_message
    with pytest.raises(Unprocessable):
        desk.pack_waive(pack, actor="staff:1", note=" ")
    assert desk.pack_waive(pack, actor="staff:1", note="The customer wants it coarse.") == [1]
    (pack,) = built(order)
    order.refresh_from_db()
    assert (pack.status, order.hold_reason, pack.stage) == ("done", "", "sent")
    assert any(f["rule"] == 1 and not f["ok"] and "Waived" in f["detail"] for f in pack.report)
    assert pack.events.get(kind="waived").note == "The customer wants it coarse."
    with pytest.raises(Conflict):
        desk.pack_waive(pack, actor="staff:1", note="again")


def test_a_held_order_is_not_sent(done: ProductionPack) -> None:
    order = done.line.order
    with pytest.raises(Unprocessable):
        desk.order_put_on_hold(order, actor="staff:1", note="")
    desk.order_put_on_hold(order, actor="staff:1", note="The customer called.")
    with pytest.raises(Conflict):
        desk.packs_resend(order, actor="staff:1")
    assert "Do not print" in Client().get(f"/printer/{token_of(done)}").content.decode()


def test_a_printed_line_is_not_built_again(done: ProductionPack) -> None:
    ProductionPack.objects.update(stage="in_production")
    with pytest.raises(Conflict, match="make a reprint"):
        desk.pack_rebuild(done, actor="staff:1")


@pytest.mark.parametrize(
    ("stage", "warning"),
    [
        ("waiting", "Shipped without a printer's yes to the pack: line 1 (waiting)."),
        ("sent", "Shipped without a printer's yes to the pack: line 1 (sent)."),
        ("accepted", ""),
        ("in_production", ""),
    ],
)
def test_staff_may_ship_what_no_printer_accepted_and_the_history_says_so(
    done: ProductionPack, staff: Storefront, stage: str, warning: str
) -> None:
    ProductionPack.objects.update(stage=stage)
    url = f"/api/admin/orders/{done.line.order_id}/status"
    staff.json("PATCH", url, json={"status": "processing"})
    staff.json("PATCH", url, json={"status": "shipped", "tracking_number": "1Z1"})
    event = OrderEvent.objects.get(order=done.line.order_id, kind="order.shipped")
    assert event.note == warning
    done.refresh_from_db()
    assert done.stage == "shipped"
    moved = done.events.get(kind="moved")
    assert (moved.details, moved.actor) == ({"before": stage, "after": "shipped"}, event.actor)
    assert list(packs_open()) == []
    staff.json("PATCH", url, json={"status": "shipped", "tracking_number": "1Z1"})  # saved once more
    assert done.events.filter(kind="moved").count() == 1


def test_an_order_that_left_before_its_pack_was_built_is_not_sent_to_a_printer(
    paid_order: Callable[..., Order], built: Build, staff: Storefront, settings: Any
) -> None:
    settings.PRINTER_EMAIL = "printer@example.com"
    order = paid_order(1)
    for status in ("processing", "shipped"):
        staff.json("PATCH", f"/api/admin/orders/{order.pk}/status", json={"status": status})
    note = OrderEvent.objects.get(order=order, kind="order.shipped").note
    assert note == "Shipped without a printer's yes to the pack: line 1 (not built)."
    (pack,) = built(order)
    assert (pack.status, pack.stage, pack.handed_over_at) == ("done", "shipped", None)
    assert not OutboxMail.objects.filter(kind="printer_packs").exists()


def test_what_a_printer_rejected_is_not_shipped(done: ProductionPack, staff: Storefront) -> None:
    lifecycle.order_change_production(done.line.order_id, "in_production", actor="test")
    reports.packs_move(done.line.order, "rejected", actor="printer", note="The art is too dark.")
    with nothing_changes():
        url = f"/api/admin/orders/{done.line.order_id}/status"
        answer = staff.call("PATCH", url, json={"status": "shipped"})
    assert (answer.status_code, answer.json()["code"]) == (409, "illegal_transition")
    assert answer.json()["allowed"] == ["cancelled"]
    assert answer.json()["message"] == "The order is on hold: printer_rejected."


def test_a_reprint_is_a_child_order_at_no_price_with_the_same_art(
    paid_order: Callable[..., Order], built: Build, big_art: Json
) -> None:
    small = {"x": 250, "y": 150, "scaleX": 0.1, "scaleY": 0.1, "rotation": 10}
    order = paid_order(3, front=[placed(big_art, small)])
    (pack,) = built(order)
    assert pack.status == "done", pack.error_message
    reprint = desk.reprint_create(pack.line, 2, "colour", actor="staff:1", note="The red is pink.")
    child = reprint.order
    child.refresh_from_db()
    assert (child.total, child.subtotal, child.payment_status, child.hold_reason) == (0, 0, "paid", "")
    assert not child.payments.exists()
    line = child.lines.get()
    assert (line.quantity, line.unit_price, line.sku) == (2, 0, pack.line.sku)
    assert order.events.get(kind="order.reprinted").note == f"line 1: 2 again as {child.number} (colour)"
    (again,) = built(child)
    assert again.status == "done", again.error_message
    first, second = (open_pack(read_file(private_storage(), one.file)) for one in (pack, again))
    assert first.files["art/front.png"] == second.files["art/front.png"]
    assert second.spec["reprint_of"] == order.number and second.spec["garment"]["quantity"] == 2
    assert "wrong or weak colour" in second.spec["warnings"][0]


@pytest.mark.parametrize(("quantity", "defect"), [(0, "colour"), (3, "colour"), (1, "moths")])
def test_an_impossible_reprint_is_refused(done: ProductionPack, quantity: int, defect: str) -> None:
    with pytest.raises(Unprocessable):
        desk.reprint_create(done.line, quantity, defect, actor="staff:1")
    assert not Reprint.objects.exists() and Order.objects.count() == 1


def test_the_work_list_groups_what_is_set_up_once(
    paid_order: Callable[..., Order], built: Build, staff: Storefront, django_assert_num_queries: Any
) -> None:
    for order in (paid_order(1, 2), paid_order(4)):
        built(order)
    urgent = ProductionPack.objects.order_by("created_at").last()
    assert urgent is not None
    ProductionPack.objects.filter(pk=urgent.pk).update(due_on=timezone.localdate() - timedelta(days=1))
    with django_assert_num_queries(1):
        shown = worklist(timezone.localdate())
    (group,) = shown["groups"]
    assert (group["method"], group["garment"], group["inks"]) == (
        "dtg",
        "Classic Cotton T-Shirt, Black",
        "blank",
    )
    assert (group["quantity"], group["late"], group["lines"][0]["pack_id"]) == (7, True, str(urgent.pk))
    assert staff.json("GET", "/api/admin/production/worklist")["data"]["worklist"] == shown
    Order.objects.update(hold_reason="")
    ProductionPack.objects.update(stage="shipped")
    assert worklist(timezone.localdate())["groups"] == []


def test_staff_act_by_the_api_and_customers_may_not(
    done: ProductionPack, staff: Storefront, customer: Storefront
) -> None:
    url = f"/api/admin/production/packs/{done.pk}"
    assert customer.call("POST", url, json={"action": "resend"}).status_code == 403
    assert staff.json("POST", url, json={"action": "resend"})["data"]["pack"]["stage"] == "sent"
    assert (
        staff.json("POST", url, json={"action": "rebuild", "note": "x"})["data"]["pack"]["status"] == "queued"
    )
    body = {"line_id": str(done.line_id), "quantity": 1, "defect": "lost"}
    assert Reprint.objects.count() == 0
    number = staff.json("POST", "/api/admin/production/reprints", json=body)["data"]["order_number"]
    assert Reprint.objects.get().order.number == number
    Order.objects.filter(pk=done.line.order_id).update(hold_reason="held_by_staff")
    release = f"/api/admin/production/orders/{done.line.order_id}/release"
    assert staff.json("POST", release, json={"note": "done"})["data"]["hold_reason"] == ""


def test_the_admins_pages_and_actions(done: ProductionPack, desk_browser: Client) -> None:
    pages = [
        reverse("admin:orders_productionpack_changelist"),
        reverse("admin:orders_productionpack_change", args=[done.pk]),
        reverse("admin:orders_productionpack_worklist"),
    ]
    for page in pages:
        assert desk_browser.get(page).status_code == 200
    zipped = desk_browser.get(reverse("admin:orders_productionpack_download", args=[done.pk]))
    assert (
        zipped["X-Content-SHA256"]
        == hashlib.sha256(b"".join(zipped.streaming_content)).hexdigest()
        == done.sha256
    )
    chosen = {"_selected_action": [str(done.pk)]}
    asked = desk_browser.post(pages[0], {"action": "hold", **chosen})
    assert asked.status_code == 200 and b'name="note"' in asked.content
    desk_browser.post(pages[0], {"action": "hold", "confirmed": "yes", "note": "wait", **chosen})
    order = Order.objects.get(pk=done.line.order_id)
    assert order.hold_reason == "held_by_staff"
    desk_browser.post(pages[0], {"action": "release", "confirmed": "yes", "note": "go", **chosen})
    order.refresh_from_db()
    assert order.hold_reason == ""
    reprint = {"action": "reprint", "confirmed": "yes", "note": "lost", "quantity": "1", "defect": "lost"}
    desk_browser.post(pages[0], {**reprint, **chosen})
    assert Reprint.objects.get().line_id == done.line_id


def test_making_a_printer_shows_its_secret_once(desk_browser: Client) -> None:
    data = {
        "name": "Reno Prints", "email": "", "methods": "[]", "active": "on",
        "keys-TOTAL_FORMS": "0", "keys-INITIAL_FORMS": "0",
    }  # fmt: skip
    answer = desk_browser.post(reverse("admin:orders_printer_add"), data, follow=True)
    assert b"psk_" in answer.content
    printer = Printer.objects.get()
    listing = reverse("admin:orders_printer_changelist")
    assert b"psk_" not in desk_browser.get(listing).content
    rotated = desk_browser.post(
        listing, {"action": "rotate", "_selected_action": [str(printer.pk)]}, follow=True
    )
    assert b"psk_" in rotated.content and printer.keys.count() == 2
