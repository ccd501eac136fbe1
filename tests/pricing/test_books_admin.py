"""Staff edit, preview, publish and roll back price books in the admin; nobody else does."""

from __future__ import annotations

import copy
import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from pricing.engine import LineInput, price
from pricing.models import PriceBook, Quote
from pricing.rules import Book
from pricing.seed import BOOKS
from pricing.selectors import published_book
from pricing.services.books import book_draft, book_publish
from products.models import Variant
from tests.pricing.engine_lines import line, place

pytestmark = pytest.mark.django_db

BOTH_SIDES = line(place("front", "dtg"), place("back", "dtg"), quantity=2)
FRONT = line(place("front", "dtg"))


def page(name: str, *arguments: Any) -> str:
    return reverse(f"admin:pricing_pricebook_{name}", args=arguments)


@pytest.fixture(autouse=True)
def seeded(db: None) -> None:
    call_command("seed_prices")


def signed_in(role: str) -> Client:
    client = Client()
    client.force_login(User.objects.create_user(f"{role}@example.com", None, name=role, role=role))
    return client


@pytest.fixture
def staff() -> Client:
    return signed_in(User.Role.OPERATIONS)


@pytest.fixture
def draft() -> PriceBook:
    """A second side costs 6.00 instead of 5.00."""
    draft = book_draft("storefront")
    draft.rules = {**draft.rules, "second_side": "6.00"}
    draft.save()
    return draft


def in_force() -> PriceBook:
    return PriceBook.objects.get(code="storefront", status="published")


def quoted(asked: LineInput) -> Quote:
    book: Book = published_book("storefront")
    breakdown = price(book, asked)
    return Quote.objects.create(
        book=book.code,
        book_version=book.version,
        variant=Variant.objects.order_by("sku")[0],
        quantity=asked.quantity,
        design_hash="0" * 64,
        line=asked.to_json(),
        breakdown=breakdown.to_json(),
        unit_price=breakdown.unit_price,
        total=breakdown.total,
        currency=book.currency,
        expires_at=timezone.now() + timedelta(days=1),
        signature="0" * 64,
    )


@pytest.mark.parametrize("role", ["customer", "art", "support", "printer"])
def test_only_who_runs_the_shop_gets_in(role: str, draft: PriceBook) -> None:
    client = signed_in(role)
    refused = 302 if role == "customer" else 403  # a customer is sent to the log-in of the staff
    assert client.get(page("preview", draft.pk)).status_code == refused
    # Support answers questions about prices, so it may look at the rules.
    assert client.get(page("change", draft.pk)).status_code == (200 if role == "support" else refused)
    for name in ("publish", "new_draft", "roll_back"):
        assert client.post(page(name, draft.pk)).status_code == refused
    client.post(page("change", draft.pk), {"rules": "{}", "notes": "mine"})
    draft.refresh_from_db()
    assert draft.notes != "mine"
    assert Client().post(page("publish", draft.pk)).status_code == 302
    assert in_force().version == 1


@pytest.mark.parametrize("name", ["publish", "new_draft", "roll_back"])
def test_nothing_changes_by_a_link(name: str, staff: Client, draft: PriceBook) -> None:
    assert staff.get(page(name, draft.pk)).status_code == 405
    assert in_force().version == 1


def test_the_list_and_the_pages_of_a_book(staff: Client, draft: PriceBook) -> None:
    assert "storefront v2" in staff.get(page("changelist")).content.decode()
    editable = staff.get(page("change", draft.pk)).content.decode()
    assert '<textarea name="rules"' in editable and "Preview and publish" in editable
    frozen = staff.get(page("change", in_force().pk)).content.decode()
    assert '<textarea name="rules"' not in frozen and "Roll back" in frozen
    assert "&quot;second_side&quot;: &quot;5.00&quot;" in frozen


def test_a_draft_is_edited(staff: Client, draft: PriceBook) -> None:
    rules = {**BOOKS["storefront"], "second_side": "7.00"}
    answer = staff.post(page("change", draft.pk), {"rules": json.dumps(rules), "notes": "Ink is dearer."})
    assert answer.status_code == 302
    draft.refresh_from_db()
    assert (draft.rules, draft.notes, draft.status) == (rules, "Ink is dearer.", "draft")


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ('{"currency": "usd"', "Enter a valid JSON."),
        (json.dumps(BOOKS["storefront"] | {"second_side": 5.5}), "/second_side: must be a string such as"),
        (json.dumps(BOOKS["storefront"] | {"surprise": "1"}), "/surprise: is not known here"),
    ],
)
def test_a_mistake_is_shown_with_its_pointer(
    typed: str, message: str, staff: Client, draft: PriceBook
) -> None:
    answer = staff.post(page("change", draft.pk), {"rules": typed, "notes": ""})
    assert answer.status_code == 200
    assert message in answer.content.decode()
    draft.refresh_from_db()
    assert draft.rules["second_side"] == "6.00"


def test_what_was_published_is_not_edited(staff: Client) -> None:
    row = in_force()
    rules = json.dumps({**BOOKS["storefront"], "second_side": "0.01"})
    staff.post(page("change", row.pk), {"rules": rules, "notes": "hm", "status": "draft"})
    row.refresh_from_db()
    assert (row.rules, row.notes, row.status) == (
        BOOKS["storefront"],
        "The shop's first prices.",
        "published",
    )


def test_only_drafts_are_deleted(staff: Client, draft: PriceBook) -> None:
    assert staff.post(page("delete", in_force().pk), {"post": "yes"}).status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": [str(in_force().pk)], "post": "yes"}
    staff.post(page("changelist"), chosen)
    assert staff.post(page("delete", draft.pk), {"post": "yes"}).status_code == 302
    assert list(PriceBook.objects.filter(code="storefront").values_list("version", flat=True)) == [1]


def test_a_new_book_starts_as_the_first_draft(staff: Client) -> None:
    body = {"code": "club", "rules": json.dumps(BOOKS["storefront"]), "notes": ""}
    assert staff.post(page("add"), body).status_code == 302
    row = PriceBook.objects.get(code="club")
    assert (row.version, row.status) == (1, "draft")
    again = staff.post(page("add"), body)
    assert again.status_code == 200 and "There is a draft of this book already." in again.content.decode()


def test_the_preview_prices_real_quotes_twice(staff: Client, draft: PriceBook) -> None:
    call_command("seed_catalogue")
    changed, same = quoted(BOTH_SIDES), quoted(FRONT)
    answer = staff.get(page("preview", draft.pk))
    assert answer.status_code == 200
    comparison = answer.context["comparison"]
    rows = [(row.quote_id, row.before, row.after, row.change) for row in comparison["rows"]]
    assert rows == [
        (changed.pk, Decimal("35.96"), Decimal("37.96"), Decimal("2.00")),
        (same.pk, Decimal("12.98"), Decimal("12.98"), Decimal("0.00")),
    ]
    assert (comparison["changed"], comparison["dearer"], comparison["cheaper"]) == (1, 1, 0)
    assert (comparison["before"], comparison["after"]) == (Decimal("48.94"), Decimal("50.94"))
    text = answer.content.decode()
    assert "/second_side" in text and "+2.00" in text and "Publish storefront v2" in text


def test_the_preview_names_what_is_not_possible_any_more(staff: Client, draft: PriceBook) -> None:
    call_command("seed_catalogue")
    quoted(FRONT)
    draft.rules = {**draft.rules, "minimum_quantity": 6}
    draft.save()
    answer = staff.get(page("preview", draft.pk))
    assert answer.context["comparison"]["refused"] == 1
    assert "At least 6 pieces are needed" in answer.content.decode()


def test_the_preview_of_rules_that_cannot_be_read(staff: Client, draft: PriceBook) -> None:
    PriceBook.objects.filter(pk=draft.pk).update(rules={"currency": "usd"})
    answer = staff.get(page("preview", draft.pk))
    assert answer.status_code == 200
    text = answer.content.decode()
    assert "/rounding" in text and "is missing" in text and "Publish storefront" not in text


def test_publishing_from_the_preview(staff: Client, draft: PriceBook) -> None:
    assert staff.post(page("publish", draft.pk)).url == page("changelist")  # type: ignore[attr-defined]
    assert (in_force().version, in_force().published_by.email) == (2, "operations@example.com")  # type: ignore[union-attr]
    assert published_book("storefront").second_side == Decimal("6.00")


def test_rising_prices_are_published_only_with_the_tick(staff: Client) -> None:
    draft = book_draft("trade")
    draft.rules = copy.deepcopy(draft.rules)
    draft.rules["methods"]["dtg"]["rows"][2]["dark"][0] = "8.01"
    draft.save()
    assert "accept_rising_prices" in staff.get(page("preview", draft.pk)).content.decode()

    refused = staff.post(page("publish", draft.pk), follow=True)
    assert "More pieces would cost more each." in refused.content.decode()
    assert published_book("trade").version == 1

    staff.post(page("publish", draft.pk), {"accept_rising_prices": "on"})
    assert published_book("trade").version == 2


def test_a_new_draft_and_a_roll_back_from_the_page(staff: Client, draft: PriceBook) -> None:
    book_publish(draft, None)
    made = staff.post(page("new_draft", in_force().pk))
    third = PriceBook.objects.get(code="storefront", status="draft")
    assert (made.url, third.version) == (page("change", third.pk), 3)  # type: ignore[attr-defined]
    staff.post(page("roll_back", in_force().pk))
    assert (in_force().version, in_force().rules) == (4, BOOKS["storefront"])


def test_the_actions_of_the_list(staff: Client) -> None:
    def act(action: str, row: PriceBook) -> str:
        body = {"action": action, "_selected_action": [str(row.pk)]}
        return staff.post(page("changelist"), body, follow=True).content.decode()

    assert "has no version before it" in act("roll_back", in_force())
    assert "storefront v2 is a draft now" in act("new_draft", in_force())
    assert "is a draft already" in act("new_draft", in_force())
    assert "is not a draft" in act("publish", in_force())
    assert "storefront v2 is in force" in act("publish", PriceBook.objects.get(status="draft"))
    assert "storefront v3 is in force" in act("roll_back", in_force())
    assert (in_force().version, in_force().rules) == (3, BOOKS["storefront"])


def test_an_unknown_book_is_not_found(staff: Client) -> None:
    assert staff.get(page("preview", "00000000-0000-4000-8000-000000000000")).status_code == 404
