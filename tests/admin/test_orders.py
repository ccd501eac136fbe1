"""The page of an order and what is done from it: who may, what is refused with its reason, and what is written."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts import roles
from accounts.models import User
from orders.models import Order, OrderEvent, Printer, ProductionPack, Reprint, StripeEvent
from tests.contracts.expectations import nothing_changes
from tests.factories import OrderFactory, UserFactory

pytestmark = pytest.mark.django_db
LIST = "/admin/orders/order/"


@pytest.fixture
def boss() -> User:
    return UserFactory(owner=True, name="Dana Reyes")


@pytest.fixture
def browser(boss: User) -> Client:
    client = Client()
    client.force_login(boss)
    return client


def as_role(role: str) -> Client:
    client = Client()
    client.force_login(UserFactory(role=role))
    return client


def act(client: Client, order: Order, name: str, **fields: Any) -> str:
    """What the page says after the action."""
    data = {f"{name}-{field}": value for field, value in fields.items()}
    answer = client.post(reverse("admin:orders_order_act", args=[order.pk, name]), data, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_page_names_who_did_what(browser: Client, paid_order: Callable[..., Order]) -> None:
    order = paid_order(2)
    act(browser, order, "hold", note="A flaw in the blanks.")
    page = browser.get(f"{LIST}{order.pk}/change/").content.decode()
    for text in ("Dana Reyes", "A flaw in the blanks.", "Order held", "Order created", order.customer_email):
        assert text in page
    order.refresh_from_db()
    assert order.hold_reason == "held_by_staff"


def test_a_move_that_may_not_be_is_refused_with_its_reason(
    browser: Client, paid_order: Callable[..., Order]
) -> None:
    order = paid_order(1)
    assert "cannot become delivered" in act(browser, order, "deliver")
    act(browser, order, "hold", note="Wait.")
    assert "on hold: held_by_staff" in act(browser, order, "start")
    order.refresh_from_db()
    assert order.production_status == "pending"
    assert "Why, for the history: This field is required." in act(browser, order, "release", note="")


def test_a_parcel_a_note_a_mail_and_a_reprint(
    browser: Client, paid_order: Callable[..., Order], boss: User
) -> None:
    order = paid_order(3)
    warning = "No printer has said yes to the pack of line 1 (not built)."
    assert warning in html.unescape(act(browser, order, "start")), "before it is done"
    shipped = html.unescape(act(browser, order, "ship", tracking_number="9400 1", carrier="USPS"))
    assert f"The order is shipped. {warning}" in shipped
    assert warning not in html.unescape(browser.get(f"{LIST}{order.pk}/change/").content.decode())
    act(browser, order, "track", tracking_number="9400 2", carrier="USPS")
    act(browser, order, "note", notes="Called on Monday.")
    order.refresh_from_db()
    assert (order.tracking_number, order.internal_notes) == ("9400 2", "Called on Monday.")
    mail = order.mails.get(kind="order_shipped")
    type(mail).objects.filter(pk=mail.pk).update(status="failed", error_code="smtp")
    assert "on its way" in act(browser, order, "mail", mail=str(mail.pk))
    mail.refresh_from_db()
    assert (mail.status, mail.attempts) == ("queued", 0)
    said = act(browser, order, "reprint", line="1", quantity="2", defect=Reprint.Defect.values[0])
    assert "The child order" in said
    assert Reprint.objects.get().actor == f"staff:{boss.pk}"
    assert "line has 3 garments" in act(
        browser, order, "reprint", line="1", quantity="9", defect=Reprint.Defect.values[0]
    )


def test_packs_are_built_again_and_sent_again(
    browser: Client, paid_order: Callable[..., Order], built: Callable[[Order], list[ProductionPack]]
) -> None:
    order = paid_order(1)
    (pack,) = built(order)
    assert "once more, under new links" in act(browser, order, "packs")
    assert "is being built" in act(browser, order, "rebuild", pack=str(pack.pk), force="on")
    pack.refresh_from_db()
    assert (pack.status, pack.input_hash) == ("queued", "")
    other = paid_order(2)
    assert "Select a valid choice" in act(browser, other, "rebuild", pack=str(pack.pk))


@pytest.mark.parametrize(
    ("role", "name"),
    [
        (roles.ART, "cancel"), (roles.ART, "ship"), (roles.ART, "hold"), (roles.SUPPORT, "ship"),
        (roles.SUPPORT, "reprint"), (roles.SUPPORT, "rebuild"), (roles.PRINTER, "ship"), (roles.PRINTER, "note"),
    ],
)  # fmt: skip
def test_roles_do_no_more_than_they_may(role: str, name: str) -> None:
    order = OrderFactory(paid=True)
    client = as_role(role)
    with nothing_changes():
        answer = client.post(
            reverse("admin:orders_order_act", args=[order.pk, name]), {f"{name}-note": "I want to."}
        )
    assert answer.status_code == 403


def test_art_staff_see_the_art_and_neither_people_nor_money() -> None:
    order = OrderFactory(paid=True)
    page = as_role(roles.ART).get(f"{LIST}{order.pk}/change/").content.decode()
    assert order.number in page
    assert order.customer_email not in page and "By card" not in page


def test_many_are_moved_and_each_says_what_came_of_it(
    browser: Client, paid_order: Callable[..., Order]
) -> None:
    paid, unpaid = paid_order(1), OrderFactory()
    chosen = {"action": "move", "_selected_action": [str(paid.pk), str(unpaid.pk)]}
    asked = browser.post(LIST, chosen).content.decode()
    assert paid.number in asked and unpaid.number in asked and "Move them" in asked
    done = browser.post(LIST, chosen | {"confirmed": "yes", "status": "in_production", "note": "Monday"})
    page = done.content.decode()
    assert "1 of 2 moved" in page and "payment is pending" in page
    paid.refresh_from_db()
    unpaid.refresh_from_db()
    assert (paid.production_status, unpaid.production_status) == ("in_production", "pending")
    assert OrderEvent.objects.get(order=paid, kind="order.in_production").note == "Monday"


@pytest.mark.parametrize("typed", ["{number}", "{lower}", "{email}", "ADA@example", "9400123", "lovelace"])
def test_orders_are_found(browser: Client, typed: str) -> None:
    order = OrderFactory(paid=True, tracking_number="9400123")
    OrderFactory(customer_name="Someone", customer_email="else@example.com")
    typed = typed.format(number=order.number, lower=order.number[:9].lower(), email=order.customer_email)
    page = browser.get(LIST, {"q": typed}).content.decode()
    assert order.number in page and "else@example.com" not in page


def test_the_list_costs_the_same_for_many_orders(browser: Client, django_assert_max_num_queries: Any) -> None:
    OrderFactory.create_batch(5)
    with django_assert_max_num_queries(12) as few:
        browser.get(LIST)
    OrderFactory.create_batch(30)
    with django_assert_max_num_queries(12) as many:
        browser.get(LIST)
    assert len(few.captured_queries) == len(many.captured_queries)


def test_a_printer_sees_its_own_lines_only(
    paid_order: Callable[..., Order], built: Callable[[Order], list[ProductionPack]]
) -> None:
    (mine,), (other,) = built(paid_order(1)), built(paid_order(2))
    user = UserFactory(role=roles.PRINTER)
    press = Printer.objects.create(name="Ink and Press")
    press.staff.add(user)
    ProductionPack.objects.filter(pk=mine.pk).update(printer=press)
    ProductionPack.objects.filter(pk=other.pk).update(printer=Printer.objects.create(name="Another"))
    client = Client()
    client.force_login(user)
    lists = ("/admin/orders/productionpack/", "/admin/orders/productionpack/worklist/")
    for path in lists:
        page = client.get(path).content.decode()
        assert mine.line.order.number in page and other.line.order.number not in page
    assert client.get(f"/admin/orders/productionpack/{mine.pk}/change/").status_code == 200
    assert (
        client.get(f"/admin/orders/productionpack/{other.pk}/change/").status_code == 302
    )  # not found: to the index
    download = client.get(f"/admin/orders/productionpack/{mine.pk}/download/")
    assert download.status_code == 200
    assert b"".join(download.streaming_content)[:2] == b"PK"
    assert client.get(f"/admin/orders/productionpack/{other.pk}/download/").status_code == 404
    assert client.get(f"{LIST}{mine.line.order_id}/change/").status_code == 403


def test_a_webhook_is_applied_again(browser: Client) -> None:
    event = StripeEvent.objects.create(event_id="evt_1", type="x", payload={}, status="failed", attempts=8)
    url = "/admin/orders/stripeevent/"
    as_role(roles.SUPPORT).post(url, {"action": "replay", "_selected_action": [str(event.pk)]})
    event.refresh_from_db()
    assert event.status == "failed"
    browser.post(url, {"action": "replay", "_selected_action": [str(event.pk)]})
    event.refresh_from_db()
    assert (event.status, event.attempts) == ("queued", 0)
