"""A customer's data in one zip, and a customer forgotten: the money stays, the person does not."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction
from PIL import Image

from accounts import services
from accounts.models import User
from common.errors import Conflict, NotFound
from common.storage import private_storage, public_storage, read_file
from demo.storefront import Json, Storefront, cart_item, customization
from ops.personal_data import customer_of
from ops.privacy import erase_customer, export_customer, leftovers
from orders import lifecycle
from orders.models import Order, OrderEvent, ProductionPack
from orders.production.builder import build
from tests.contracts.baskets import CUSTOMER, NEVADA, POSITION, create, pay, placed, tee, variant_id
from uploads.models import Asset

pytestmark = pytest.mark.django_db
ADA = CUSTOMER | {"phone": "+1 775 555 0100"}
STREET = str(NEVADA["line1"])


@pytest.fixture
def art_png() -> bytes:
    """Fine enough to be printed: a pack of a coarse picture would be held."""
    picture = Image.new("RGBA", (900, 600), (200, 40, 60, 255))
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def paid(guest: Storefront, art: Json, django_capture_on_commit_callbacks: Any) -> Order:
    """Ada's order as a guest, paid and packed, with a change of its address in the history."""
    small = placed(art, POSITION | {"scaleX": 0.2, "scaleY": 0.2})
    item = cart_item({"id": variant_id("TEE-BLK-M")}, 1, 12.98, customization(front=[small]))
    created = create(guest, item, customer=ADA | {"email": "Ada@Example.com"})
    pay(guest, created)
    order = Order.objects.get()
    for pack in ProductionPack.objects.all():
        build(str(pack.pk))
    lifecycle.order_note(order, "order.edited", actor="staff:1", note=f"was {STREET}")
    return order


def deliver(order: Order) -> None:
    for word in ("in_production", "shipped", "delivered"):
        lifecycle.order_change_production(order.pk, word, actor="test", tracking_number="1Z999")


def test_a_guest_order_joins_the_account_that_proves_the_address(paid: Order, guest: Storefront) -> None:
    user = services.user_register(email="ada@example.com", password="Correct-Horse-1", name="Ada")
    paid.refresh_from_db()
    assert paid.user is None  # whoever registers with an address has not shown that it is his
    services._confirm(user)
    paid.refresh_from_db()
    assert paid.user == user
    assert set(Asset.objects.filter(order_artworks__line__order=paid).values_list("owner", flat=True)) == {
        user.pk
    }
    claimed = OrderEvent.objects.get(order=paid, kind="order.claimed")
    assert (claimed.actor, claimed.after) == (f"user:{user.pk}", {"user_id": str(user.pk)})
    services._confirm(user)
    assert OrderEvent.objects.filter(kind="order.claimed").count() == 1


def test_orders_of_others_do_not_join(
    paid: Order,
    customer: Storefront,
    customer_user: User,
) -> None:
    User.objects.filter(pk=customer_user.pk).update(email="grace@example.com")
    other = services.user_register(email="ada+x@example.com", password="Correct-Horse-1", name="Eve")
    services._confirm(other)
    paid.refresh_from_db()
    assert paid.user is None


def test_the_export_holds_everything_and_no_secret(paid: Order, tmp_path: Path) -> None:
    path = export_customer("ADA@example.com", tmp_path)
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        texts = {name: archive.read(name).decode() for name in names if name.endswith(".json")}
        (artwork,) = Asset.objects.filter(order_artworks__line__order=paid)
        original = archive.read(f"files/{artwork.pk}-art.png")
        pack = archive.read(f"packs/{paid.number}-1.zip")
    assert original == read_file(private_storage(), artwork.original_file)
    assert zipfile.ZipFile(io.BytesIO(pack)).testzip() is None
    (order,) = json.loads(texts["orders.json"])
    assert (order["number"], order["customer_phone"]) == (paid.number, ADA["phone"])
    assert order["lines"] and order["events"] and order["payments"] and order["mails"]
    assert [row["id"] for row in json.loads(texts["uploads.json"])] == [str(artwork.pk)]
    assert {"account.json", "letters.json", "designs.json", "cutouts.json"} <= names
    everything = "".join(texts.values())
    for secret in (paid.payments.get().client_secret, paid.access_hash or "-", artwork.secret):
        assert secret not in everything
    assert path.stat().st_mode & 0o077 == 0


def test_an_order_on_its_way_forbids_forgetting(paid: Order) -> None:
    with pytest.raises(Conflict) as refusal:
        erase_customer("ada@example.com", actor="test")
    assert refusal.value.extra == {"orders": [paid.number]}
    paid.refresh_from_db()
    assert paid.customer_name == ADA["name"]


def test_forgetting_keeps_the_money_and_nothing_of_the_person(paid: Order) -> None:
    deliver(paid)
    amounts = (paid.subtotal, paid.tax, paid.shipping, paid.total)
    (artwork,) = Asset.objects.filter(order_artworks__line__order=paid)
    pack = ProductionPack.objects.get()
    line = paid.lines.get()
    line.refresh_from_db()
    files = [(private_storage(), artwork.original_file), (private_storage(), pack.file)]
    files += [(public_storage(), name) for name in (artwork.public_name, line.front_mockup_name)]
    files += [(public_storage(), row.name) for row in artwork.derivatives.all()]
    assert all(storage.exists(name) for storage, name in files)
    words = customer_of("ada@example.com").words()
    assert words == {"ada@example.com", "Ada Lovelace", ADA["phone"], STREET}
    assert leftovers(words)

    assert erase_customer("ada@example.com", actor="staff:1") == {}

    assert leftovers(words) == {}
    assert [name for storage, name in files if storage.exists(name)] == []
    paid.refresh_from_db()
    assert (paid.subtotal, paid.tax, paid.shipping, paid.total) == amounts
    assert (paid.payment_status, paid.production_status) == ("paid", "delivered")
    assert paid.shipping_address == {
        "line1": "erased", "city": "", "postal_code": "", "state": "NV", "country": NEVADA["country"],
    }  # fmt: skip
    kinds = list(paid.events.order_by("created_at").values_list("kind", flat=True))
    assert kinds[0] == "order.created" and kinds[-1] == "order.erased"
    with pytest.raises(NotFound):
        customer_of("ada@example.com")


def test_an_account_is_closed_and_unnamed(
    customer: Storefront,
    customer_user: User,
    art_png: bytes,
    art: Json,
    guest: Storefront,
) -> None:
    asset = customer.upload_file("mine.png", art_png, "image/png")
    unpaid = create(customer, tee(asset))
    assert erase_customer(str(customer_user.pk), actor="test") == {}
    customer_user.refresh_from_db()
    assert (customer_user.name, customer_user.is_active) == ("erased", False)
    assert customer_user.email == f"{customer_user.pk}@erased.invalid"
    assert Order.objects.get(pk=unpaid["order"]["id"]).production_status == "cancelled"
    assert customer.call("GET", "/api/auth/me").status_code == 401
    # What a stranger has uploaded is nobody else's to lose.
    assert private_storage().exists(Asset.objects.get(pk=art["id"]).original_file)


def test_artwork_that_no_order_needs_goes_with_its_row(
    customer: Storefront,
    customer_user: User,
    art_png: bytes,
) -> None:
    asset = Asset.objects.get(pk=customer.upload_file("mine.png", art_png, "image/png")["id"])
    assert erase_customer("ada@example.com", actor="test") == {}
    assert not Asset.objects.exists()
    assert not private_storage().exists(asset.original_file)


def test_history_may_be_erased_and_not_rewritten(paid: Order) -> None:
    event = OrderEvent.objects.filter(order=paid, kind="order.edited")
    for change in ({"note": "other"}, {"kind": "order.paid", "before": {}, "after": {}, "note": "erased"}):
        with pytest.raises(DatabaseError), transaction.atomic():
            event.update(**change)
    assert event.update(before={}, after={}, note="erased") == 1


def test_the_commands(paid: Order, tmp_path: Path, settings: Any, capsys: Any) -> None:
    settings.VAR_DIR = tmp_path
    call_command("export_customer", "ada@example.com")
    assert zipfile.is_zipfile(capsys.readouterr().out.strip())
    with pytest.raises(CommandError, match="Nothing is kept"):
        call_command("export_customer", "nobody@example.com")
    with pytest.raises(CommandError, match="still being made"):
        call_command("erase_customer", "ada@example.com", yes=True)
    deliver(paid)
    call_command("erase_customer", "ada@example.com", yes=True)
    assert "nothing left" in capsys.readouterr().out


def test_forgetting_is_asked_twice(paid: Order, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builtins.input", lambda prompt: "somebody else")
    with pytest.raises(CommandError, match="Nothing was changed"):
        call_command("erase_customer", "ada@example.com")
    assert Order.objects.get().customer_name == ADA["name"]
