"""The life of a price book, and that a change holds at once."""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import IntegrityError, connection, connections, transaction
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from common.errors import Conflict, NotFound, Unprocessable
from pricing.engine import price
from pricing.models import PriceBook
from pricing.rules import Book
from pricing.seed import BOOKS
from pricing.selectors import book_version, published_book
from pricing.services.books import book_diff, book_draft, book_publish, book_rollback, line_price
from tests.pricing.engine_lines import line, place

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def seeded(db: None) -> None:
    call_command("seed_prices")


@pytest.fixture
def owner() -> User:
    return User.objects.create_user("owner@example.com", None, name="Owner", role=User.Role.OWNER)


def published(code: str = "storefront") -> PriceBook:
    return PriceBook.objects.get(code=code, status="published")


def draft_with(second_side: str) -> PriceBook:
    draft = book_draft("storefront")
    draft.rules = {**draft.rules, "second_side": second_side}
    draft.save()
    return draft


def state(code: str = "storefront") -> list[tuple[int, str]]:
    return list(PriceBook.objects.filter(code=code).order_by("version").values_list("version", "status"))


def test_the_seed_publishes_three_books_and_changes_none() -> None:
    assert {row.code: row.rules for row in PriceBook.objects.filter(status="published")} == BOOKS
    book_publish(draft_with("6.00"), None)
    call_command("seed_prices")
    assert published().rules["second_side"] == "6.00"
    assert PriceBook.objects.count() == 4


def test_a_draft_is_a_copy_with_the_next_version() -> None:
    draft = book_draft("storefront")
    assert (draft.version, draft.status, draft.rules) == (2, "draft", BOOKS["storefront"])
    assert published_book("storefront").version == 1


def test_there_is_one_draft_at_a_time() -> None:
    book_draft("storefront")
    with pytest.raises(Conflict) as refusal:
        book_draft("storefront")
    assert refusal.value.code == "draft_exists"
    assert state() == [(1, "published"), (2, "draft")]


def test_an_unknown_book_has_no_draft() -> None:
    with pytest.raises(NotFound):
        book_draft("wholesale")


def test_publishing_retires_the_former_version(owner: User) -> None:
    row = book_publish(draft_with("6.00"), owner)
    assert state() == [(1, "retired"), (2, "published")]
    assert (row.published_by, row.published_at is not None) == (owner, True)
    assert published_book("storefront").second_side == Decimal("6.00")
    both_sides = line(place("front", "dtg"), place("back", "dtg"))
    assert price(published_book("storefront"), both_sides).charges[1].rule == "storefront@2/second_side"


@pytest.mark.parametrize("status", ["published", "retired"])
def test_only_drafts_are_published(status: str) -> None:
    book_publish(draft_with("6.00"), None)
    row = PriceBook.objects.get(code="storefront", status=status)
    with pytest.raises(Conflict) as refusal:
        book_publish(row, None)
    assert refusal.value.code == "not_a_draft"
    assert state() == [(1, "retired"), (2, "published")]


def test_rules_that_cannot_be_read_are_not_published() -> None:
    draft = draft_with("five")
    with pytest.raises(Unprocessable) as refusal:
        book_publish(draft, None)
    assert refusal.value.code == "rules_invalid"
    assert refusal.value.errors[0]["pointer"] == "/rules/second_side"
    assert state() == [(1, "published"), (2, "draft")]


def rising_draft() -> PriceBook:
    draft = book_draft("trade")
    draft.rules = copy.deepcopy(draft.rules)
    draft.rules["methods"]["dtg"]["rows"][2]["dark"][0] = "8.01"
    draft.save()
    return draft


def test_rising_prices_need_somebody_to_accept_them(owner: User) -> None:
    draft = rising_draft()
    with pytest.raises(Unprocessable) as refusal:
        book_publish(draft, owner)
    assert refusal.value.code == "prices_rise"
    assert "from 51 pieces on" in refusal.value.errors[0]["detail"]
    assert state("trade") == [(1, "published"), (2, "draft")]

    row = book_publish(draft, owner, accept_rising_prices=True)
    assert (row.status, row.allows_rising_prices) == ("published", True)


def test_rolling_back_publishes_the_old_rules_as_a_new_version(owner: User) -> None:
    book_publish(draft_with("6.00"), None)
    row = book_rollback("storefront", owner)
    assert state() == [(1, "retired"), (2, "retired"), (3, "published")]
    assert (row.rules, row.published_by) == (BOOKS["storefront"], owner)
    assert published_book("storefront").second_side == Decimal("5.00")


def test_a_first_version_has_nothing_to_roll_back_to() -> None:
    with pytest.raises(Conflict) as refusal:
        book_rollback("storefront", None)
    assert refusal.value.code == "nothing_to_roll_back_to"
    with pytest.raises(NotFound):
        book_rollback("wholesale", None)
    assert state() == [(1, "published")]


def test_a_draft_that_a_roll_back_has_overtaken_gets_the_next_version() -> None:
    book_publish(draft_with("6.00"), None)
    draft = draft_with("7.00")
    book_rollback("storefront", None)
    assert book_publish(draft, None).version == 5
    assert state() == [(1, "retired"), (2, "retired"), (4, "retired"), (5, "published")]


@pytest.mark.parametrize(
    "change",
    [{"rules": {"currency": "usd"}}, {"version": 9}, {"code": "other"}, {"status": "draft"}],
    ids=lambda change: next(iter(change)),
)
@pytest.mark.parametrize("status", ["published", "retired"])
def test_what_was_published_does_not_change(status: str, change: dict[str, Any]) -> None:
    book_publish(draft_with("6.00"), None)
    row = PriceBook.objects.get(code="storefront", status=status)
    before = PriceBook.objects.filter(pk=row.pk).values().get()
    for name, value in change.items():
        setattr(row, name, value)
    with pytest.raises(Conflict) as refusal:
        row.save()
    assert refusal.value.code == "price_book_frozen"
    with pytest.raises(Conflict):
        row.delete()
    assert PriceBook.objects.filter(pk=row.pk).values().get() == before


def test_a_retired_version_does_not_come_back_by_itself() -> None:
    book_publish(draft_with("6.00"), None)
    retired = PriceBook.objects.get(code="storefront", status="retired")
    retired.status = "published"
    with pytest.raises(Conflict):
        retired.save()


def test_drafts_change_and_go() -> None:
    draft = draft_with("6.00")
    draft.delete()
    assert state() == [(1, "published")]


@pytest.mark.parametrize("status", ["published", "draft"])
def test_the_database_keeps_one_published_book_and_one_draft_per_code(status: str) -> None:
    book_draft("storefront")
    at = timezone.now() if status == "published" else None
    with pytest.raises(IntegrityError), transaction.atomic():
        PriceBook.objects.create(code="storefront", version=9, status=status, rules={}, published_at=at)


@pytest.mark.parametrize(
    ("status", "has_time"), [("published", False), ("draft", True), ("retired", False), ("burnt", True)]
)
def test_the_database_refuses_what_cannot_be(status: str, has_time: bool) -> None:
    at = timezone.now() if has_time else None
    with pytest.raises(IntegrityError), transaction.atomic():
        PriceBook.objects.create(code="new", version=1, status=status, rules={}, published_at=at)


def test_a_book_in_force_takes_one_small_query(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(2):
        first = published_book("storefront")
    with django_assert_num_queries(1) as captured:
        assert published_book("storefront") is first
    assert '"rules"' not in captured.captured_queries[0]["sql"]
    book_publish(draft_with("6.00"), None)
    with django_assert_num_queries(2):
        assert published_book("storefront").version == 2


def test_a_change_of_another_process_holds_at_once() -> None:
    """Another process knows nothing of this one's cache: here a bare UPDATE stands for it."""
    assert published_book("storefront").second_side == Decimal("5.00")
    PriceBook.objects.filter(code="storefront").update(
        rules={**BOOKS["storefront"], "second_side": "6.00"}, updated_at=timezone.now()
    )
    assert published_book("storefront").second_side == Decimal("6.00")


def test_a_missing_book() -> None:
    PriceBook.objects.all().delete()
    with pytest.raises(ImproperlyConfigured, match="seed_prices"):
        published_book("storefront")
    with pytest.raises(NotFound):
        published_book("wholesale")


def test_an_old_version_prices_as_it_did() -> None:
    book_publish(draft_with("6.00"), None)
    both_sides = line(place("front", "dtg"), place("back", "dtg"))
    assert price(book_version("storefront", 1), both_sides).total == Decimal("17.98")
    assert price(book_version("storefront", 2), both_sides).total == Decimal("18.98")
    with pytest.raises(NotFound):
        book_version("storefront", 3)


def test_a_refusal_of_the_engine_names_the_field() -> None:
    with pytest.raises(Unprocessable) as refusal:
        line_price(published_book("storefront"), line(place("front", "vinyl")), pointer="/items/3")
    assert refusal.value.code == "method_not_priced"
    assert refusal.value.errors == [
        {
            "pointer": "/items/3/placements/0/method",
            "code": "method_not_priced",
            "detail": "The price book storefront@1 has no price for 'vinyl'.",
        }
    ]


def test_the_diff_prices_past_quotes_twice() -> None:
    draft = draft_with("6.50")
    both = line(place("front", "dtg"), place("back", "dtg"), quantity=2)
    front = line(place("front", "dtg"))
    vinyl = line(place("front", "vinyl"))
    quotes = [("a", both, Decimal("35.96")), ("b", front, Decimal("12.98")), ("c", vinyl, Decimal("1.00"))]
    differences = book_diff(draft, quotes)  # type: ignore[arg-type]
    assert [(d.quote_id, d.quoted, d.before, d.after, d.change, d.is_changed) for d in differences] == [
        ("a", Decimal("35.96"), Decimal("35.96"), Decimal("38.96"), Decimal("3.00"), True),
        ("b", Decimal("12.98"), Decimal("12.98"), Decimal("12.98"), Decimal("0.00"), False),
        ("c", Decimal("1.00"), None, None, None, False),
    ]
    assert "no price for 'vinyl'" in differences[2].reason


def test_the_diff_of_a_first_draft_has_nothing_before() -> None:
    draft = PriceBook.objects.create(code="club", version=1, rules=BOOKS["storefront"])
    difference = book_diff(draft, [(draft.pk, line(), Decimal("12.98"))])[0]
    assert (difference.before, difference.after, difference.is_changed) == (None, Decimal("12.98"), True)


@pytest.fixture
def workers() -> Iterator[list[threading.Thread]]:
    threads: list[threading.Thread] = []
    yield threads
    for thread in threads:
        thread.join(timeout=30)


@pytest.mark.production
@pytest.mark.django_db(transaction=True)
def test_one_of_many_publishers_wins(workers: list[threading.Thread]) -> None:
    draft = draft_with("6.00")
    start = threading.Barrier(4)
    outcomes: list[str] = []

    def publish() -> None:
        try:
            start.wait(timeout=10)
            book_publish(PriceBook.objects.get(pk=draft.pk), None)
            outcomes.append("published")
        except Conflict as refusal:
            outcomes.append(refusal.code)
        finally:
            connections.close_all()

    workers += [threading.Thread(target=publish) for _ in range(4)]
    for thread in workers:
        thread.start()
    for thread in workers:
        thread.join(timeout=30)
    assert sorted(outcomes) == ["not_a_draft"] * 3 + ["published"]
    assert state() == [(1, "retired"), (2, "published")]
    assert connection.vendor == "postgresql"


def test_a_draft_reads_as_a_book() -> None:
    assert isinstance(draft_with("6.00").parse(), Book)
