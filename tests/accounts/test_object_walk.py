"""Every route that names an object, asked for by everybody: whose it is, and that the others learn and change nothing.

One customer's world is built by the real API. Then a stranger, its customer, another customer and each role of the
staff knock at each of its doors with the same request. What was allowed is undone again, so that everybody finds the
same world.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import transaction
from django.urls import get_resolver

from accounts import roles
from accounts.models import User
from common.storage import private_storage, write_file
from demo.storefront import Json, Storefront
from orders.models import GangSheet, Order, OrderLine, Payment, ProductionPack
from orders.production import builder
from orders.production.handoff import pack_link
from products.models import Product
from tests.architecture.test_routes import routes
from tests.contracts.baskets import create, order_body, pay, tee
from tests.contracts.expectations import data_of, nothing_changes
from tests.contracts.test_designs import design_body, save
from tests.factories import JobFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(300)]

STRANGER, OWN, OTHER = "stranger", "its customer", "another customer"
STAFF = (roles.OWNER, roles.OPERATIONS, roles.ART, roles.SUPPORT, roles.PRINTER)
ACTORS = (STRANGER, OWN, OTHER, *STAFF)
Answers = dict[str, int]


def _answers(others: int, **own: int) -> Answers:
    return dict.fromkeys(ACTORS, others) | own


def anyone(status: int = 200) -> Answers:
    """The address is public, or the key itself: an id or token that nobody can guess."""
    return _answers(status)


def its_customer(status: int = 200) -> Answers:
    """Nobody else, the shop's owner included; a stranger is asked to log in."""
    return _answers(404) | {STRANGER: 401, OWN: status}


def managers(status: int = 200) -> Answers:
    """Who runs the shop; other roles work in the staff's admin, not by the storefront's API."""
    return _answers(403) | {STRANGER: 401} | dict.fromkeys(roles.MANAGERS, status)


def customer_and_managers(refused: int = 404) -> Answers:
    return _answers(refused) | {OWN: 200} | dict.fromkeys(roles.MANAGERS, 200)


def customer_alone(status: int, refused: int) -> Answers:
    """A guest may come, too, but not to somebody else's."""
    return _answers(refused) | {OWN: status}


@dataclass(frozen=True)
class Door:
    """One request; `route` is as in the URL configuration, its arguments are members of the world."""

    method: str
    route: str
    answers: Answers
    body: Any = None
    raw: bool = False
    args: dict[str, str] = field(default_factory=dict)


@dataclass
class World:
    """What one customer has. `ids` fill the arguments of addresses; `secrets` are nobody else's to read."""

    ids: dict[str, str]
    bodies: dict[str, Any]
    secrets: tuple[str, ...]
    address: str


SHARE = "api/designs/<str:design_id>/share"
GANG = "api/admin/production/gang-sheets/<uuid:gang_id>"
DOORS = [
    Door("GET", "api/products/<str:slug>", anyone()),
    Door("PUT", "api/admin/products/<uuid:product_id>", managers(), {"title": "Mine"}),
    Door("DELETE", "api/admin/products/<uuid:product_id>", managers()),
    Door("GET", "api/price/quote/<str:quote_id>", anyone()),
    Door("GET", "api/uploads/<str:asset_id>", customer_and_managers()),
    Door("GET", "api/uploads/<str:asset_id>/original", customer_and_managers()),
    Door("GET", "api/uploads/originals/<str:token>", anyone(), args={"token": "original"}),
    Door("PUT", "api/uploads/direct/<str:token>", anyone(), "art", raw=True, args={"token": "upload"}),
    Door("GET", "uploads/<str:name>", anyone()),
    Door("GET", "api/jobs/<str:job_id>", anyone()),
    Door("POST", "api/jobs/<str:job_id>/cancel", anyone()),
    Door("GET", "api/jobs/<str:job_id>/events", anyone(), args={"job_id": "ended_job"}),
    Door("GET", "api/designs/<str:design_id>", its_customer()),
    Door("PUT", "api/designs/<str:design_id>", its_customer(), {"name": "Mine"}),
    Door("DELETE", "api/designs/<str:design_id>", its_customer()),
    Door("GET", "api/designs/<str:design_id>/versions", its_customer()),
    Door("POST", "api/designs/<str:design_id>/versions/<str:number>/restore", its_customer()),
    Door("GET", "api/designs/<str:design_id>/mockups", its_customer()),
    Door("POST", SHARE, its_customer(201)),
    Door("DELETE", SHARE, its_customer()),
    Door("POST", "api/designs/<str:design_id>/alt-text", its_customer(202)),
    Door("GET", "api/designs/shared/<str:token>", anyone(), args={"token": "share"}),
    Door("GET", "api/text/slogans/<str:request_id>", anyone(202)),
    Door("POST", "api/orders/<str:order_id>/capture-payment", anyone(), "capture"),
    Door("POST", "api/orders/<str:order_id>/checkout-session", anyone(), args={"order_id": "unpaid_order"}),
    # The page behind the number is for everybody who has it; that it keeps the customer's name to itself is below.
    Door("GET", "api/orders/<str:reference>", anyone()),
    Door("PATCH", "api/orders/<str:reference>", customer_alone(200, 403), "address"),
    Door("POST", "api/orders/<str:reference>/cancel", customer_alone(200, 403), {"reason": "Mine now"}),
    Door("GET", "api/production/packs/<str:token>", anyone(), args={"token": "pack"}),
    Door("GET", GANG, managers()),
    Door("GET", f"{GANG}/file", managers()),
    Door("POST", "api/admin/production/packs/<uuid:pack_id>", managers(), {"action": "resend"}),
    Door("POST", "api/admin/production/orders/<uuid:order_id>/release", managers(), {"note": "go on"}),
    Door("GET", "printer/<str:token>", anyone(), args={"token": "pack"}),
    Door("GET", "api/admin/orders/<str:order_id>", managers()),
    Door("PATCH", "api/admin/orders/<str:order_id>/status", managers(), {"status": "processing"}),
    Door(
        "PATCH",
        "api/admin/orders/<str:order_id>/lines/<str:number>/status",
        managers(),
        {"status": "in_production"},
    ),
    # These name their object in the body.
    Door("POST", "api/jobs/start", customer_alone(201, 422), "start"),
    Door("POST", "api/designs", _answers(422) | {STRANGER: 401, OWN: 201}, "design"),
    Door("POST", "api/orders/create", customer_alone(201, 422), "order"),
    Door("POST", "api/admin/production/reprints", managers(201), "reprint"),
    Door("POST", "api/admin/production/gang-sheets", managers(422), "gang"),
]
# Links of letters and doors of the test set-up: each has tests of its own.
ELSEWHERE = {
    "setup/<str:token>",
    "account/reset-password/<str:uid>/<str:token>",
    "account/confirm-email/<str:uid>/<str:token>",
    "test-gateway/payment_intents/<str:intent_id>/confirm",
    "test-gateway/checkout/<str:session_id>",
    "test-printer/orders/<str:number>",
}


def test_every_route_that_names_an_object_has_a_door() -> None:
    with_object = {route for route in routes(get_resolver()) if "<" in route}
    assert with_object == {door.route for door in DOORS if "<" in door.route} | ELSEWHERE


@pytest.fixture
def world(customer: Storefront, customer_user: User, art_png: bytes, settings: Any) -> World:
    settings.RATELIMIT_ENABLE = False
    settings.TEXT_WAIT_S = 0
    settings.GEMINI_API_KEY = "a-key"
    art = customer.upload_file("secret-plan.png", art_png, "image/png")
    photo = data_of(
        customer.call("POST", "/api/uploads/shirt-photo", files={"file": ("p.png", art_png, "image/png")}),
        201,
    )
    design = save(customer, design_body(art, name="The secret plan"))
    shared = data_of(customer.call("POST", f"/api/designs/{design['id']}/share"), 201)
    created = create(customer, tee(None))
    intent = pay(customer, created)
    order = Order.objects.get(pk=created["order"]["id"])
    pack = ProductionPack.objects.get(line__order=order)
    builder.build(str(pack.pk))
    pack.refresh_from_db()
    unpaid = create(customer, tee(None, quantity=2))
    quote_body = {
        "variant_id": tee(None)["variant_id"], "method": "dtg", "quantity": 1,
        "placements": [{"placement": "front", "ink_colours": 1, "width": 5, "height": 5}],
    }  # fmt: skip
    quote = data_of(customer.call("POST", "/api/price/quote", json=quote_body))["quote"]
    signed_body = {"filename": "x.png", "filetype": "image/png", "size": len(art_png)}
    signed = data_of(customer.call("POST", "/api/uploads/signed-url", json=signed_body))
    original = data_of(customer.call("GET", f"/api/uploads/{art['id']}/original"))
    slogans = data_of(customer.call("POST", "/api/text/slogans", json={"topic": "secret plans"}), 202)
    gang = GangSheet.objects.create(
        prints=[], actor="test", status="done", file=write_file(private_storage(), "gang/test.zip", b"PK")
    )
    line = OrderLine.objects.get(order=order)
    return World(
        ids={
            "slug": "classic-tee",
            "product_id": str(Product.objects.get(slug="classic-tee").pk),
            "quote_id": quote["id"],
            "asset_id": art["id"],
            "original": original["url"].rpartition("/")[2],
            "upload": signed["upload_url"].rpartition("/")[2],
            "name": art["file_url"].rpartition("/")[2],
            "job_id": photo["jobId"],
            "ended_job": str(JobFactory(status="done", user=customer_user).pk),
            "design_id": design["id"],
            "number": "1",
            "share": shared["token"],
            "request_id": slogans["requestId"],
            "order_id": str(order.pk),
            "reference": str(order.pk),
            "unpaid_order": unpaid["order"]["id"],
            "pack": str(pack_link(pack)).rpartition("/")[2],
            "pack_id": str(pack.pk),
            "gang_id": str(gang.pk),
        },
        bodies={
            "art": art_png,
            "capture": {"payment_intent_id": intent["id"]},
            "address": {
                "shipping_address": order_body(tee(None))["shipping_address"] | {"line1": "9 New St"}
            },
            "start": {"uploadAssetId": art["id"]},
            "design": design_body(art, thumbnailUrl=""),
            "order": order_body(tee(art, quantity=3)),
            "reprint": {"line_id": str(line.pk), "quantity": 1, "defect": "lost"},
            "gang": {"packs": [str(pack.pk)]},
        },
        secrets=(
            customer_user.email,
            customer_user.name,
            str(order.shipping_address["line1"]),
            "secret-plan",
            "The secret plan",
            str(Payment.objects.get(order=order).intent_id),
        ),
        address=str(order.shipping_address["line1"]),
    )


@contextmanager
def undone() -> Iterator[None]:
    """Whatever happens inside has not happened afterwards."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def knock(door: Door, world: World, browser: Storefront) -> Any:
    path = door.route
    for name in world.ids:
        for kind in ("str", "uuid"):
            path = path.replace(f"<{kind}:{name}>", world.ids[door.args.get(name, name)])
    path = path.replace("<str:token>", world.ids[door.args["token"]]) if "<" in path else path
    body = world.bodies[door.body] if isinstance(door.body, str) else door.body
    if door.raw:
        return browser.call(door.method, f"/{path}", data=body, headers={"Content-Type": "image/png"})
    return browser.call(door.method, f"/{path}", json=body)


@pytest.fixture
def actors(
    guest: Storefront,
    customer: Storefront,
    stranger: Storefront,
    sign_in: Callable[[User], Storefront],
) -> dict[str, Storefront]:
    staff = {role: sign_in(UserFactory(role=role)) for role in STAFF}
    return {STRANGER: guest, OWN: customer, OTHER: stranger, **staff}


def test_each_door_opens_for_those_whose_it_is(world: World, actors: dict[str, Storefront]) -> None:
    wrong: list[tuple[Any, ...]] = []
    for door in DOORS:
        for name in (name for name in ACTORS if door.answers[name] < 400):
            with undone():
                answer = knock(door, world, actors[name])
            if answer.status_code != door.answers[name]:
                wrong.append((door.method, door.route, name, answer.status_code, answer.text[:200]))
    assert wrong == []


def test_for_all_others_it_stays_shut_and_they_learn_and_change_nothing(
    world: World, actors: dict[str, Storefront]
) -> None:
    wrong: list[tuple[Any, ...]] = []
    for door in DOORS:
        refused = [name for name in ACTORS if door.answers[name] >= 400]
        with nothing_changes():
            for name in refused:
                answer = knock(door, world, actors[name])
                told = [secret for secret in world.secrets if secret in answer.text]
                if answer.status_code != door.answers[name] or told:
                    wrong.append((door.method, door.route, name, answer.status_code, told, answer.text[:200]))
    assert wrong == []


def test_the_page_of_an_order_names_its_customer_to_nobody_else(
    world: World, actors: dict[str, Storefront]
) -> None:
    """Where the parcel goes stands on the page behind the number, as the storefront needs it (CONTRACT 1.7)."""
    path = f"/api/orders/{world.ids['order_id']}"
    private = [secret for secret in world.secrets if secret != world.address]
    with nothing_changes():
        told = {
            name
            for name, browser in actors.items()
            if any(secret in browser.call("GET", path).text for secret in private)
        }
    assert told == {OWN}


@pytest.mark.parametrize("path", ["/api/designs", "/api/jobs", "/api/auth/me"])
def test_lists_hold_ones_own(world: World, actors: dict[str, Storefront], path: str) -> None:
    mine = actors[OWN].call("GET", path)
    assert mine.status_code == 200
    known = [world.ids["design_id"], world.ids["job_id"], *world.secrets]
    assert any(text in mine.text for text in known)
    for name in (OTHER, *STAFF):
        answer = actors[name].call("GET", path)
        assert answer.status_code == 200
        assert [text for text in known if text in answer.text] == [], name


def test_a_foreign_key_opens_its_own_order_alone(world: World, actors: dict[str, Storefront]) -> None:
    """The key of one's own order, sent along to another one."""
    own: Json = create(actors[OTHER], tee(None))
    headers = {"X-Order-Token": own["access_token"]}
    path = f"/api/orders/{world.ids['order_id']}"
    with nothing_changes():
        assert actors[OTHER].call("POST", f"{path}/cancel", json={}, headers=headers).status_code == 403
        assert actors[OTHER].call("PATCH", path, json={}, headers=headers).status_code == 403
        assert "access_token" not in actors[OTHER].call("GET", path, headers=headers).text
