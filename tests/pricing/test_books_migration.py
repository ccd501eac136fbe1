"""Prices of a shop that ran before books had a history survive."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from pricing.rules import Book

BEFORE = ("pricing", "0001_initial")
AFTER = ("pricing", "0002_price_books")
OLD_RULES = {
    "second_side": "5.50",
    "neck_label": {"classic-hoodie": "1.00"},
    "shipping": {"US": "4.98", "CA": "4.98"},
}
OLD_METHOD = {
    "base_price": "5.00",
    "per_color": "1.50",
    "per_location": "3.00",
    "quantity_breaks": [
        {"min": 1, "max": 11, "multiplier": "1.00"},
        {"min": 12, "max": None, "multiplier": "0.85"},
    ],
}


@pytest.fixture
def old_apps(transactional_db: None) -> Any:
    """The database as it was, and afterwards as it should be."""
    executor = MigrationExecutor(connection)
    executor.migrate([BEFORE])
    yield apps_at(executor, BEFORE)
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


def apps_at(executor: MigrationExecutor, pricing: tuple[str, str]) -> Any:
    """The models as they are with this migration of pricing and today's products."""
    products = executor.loader.graph.leaf_nodes("products")
    return executor.loader.project_state([pricing, *products]).apps


def migrate() -> Any:
    executor = MigrationExecutor(connection)
    executor.migrate([AFTER])
    return apps_at(executor, AFTER)


def test_books_methods_and_discounts_are_converted(old_apps: Any) -> None:
    books = old_apps.get_model("pricing", "PriceBook").objects
    for version, status in ((1, "published"), (2, "published"), (3, "draft")):
        books.create(code="storefront", version=version, status=status, rules=OLD_RULES)
    old_apps.get_model("products", "DecorationMethod").objects.create(
        name="screen_print",
        display_name="Screen Print",
        pricing_rules=OLD_METHOD,
        file_requirements={"max_colors": 6},
    )
    discounts = old_apps.get_model("pricing", "QuantityDiscountRule").objects
    discounts.create(name="12+", min_quantity=12, max_quantity=23, percent="12.50", priority=1)
    discounts.create(name="off", min_quantity=50, percent="20.00", priority=3, active=False)

    rows = {(row.code, row.version): row for row in migrate().get_model("pricing", "PriceBook").objects.all()}

    assert {key: row.status for key, row in rows.items()} == {
        ("storefront", 1): "retired",
        ("storefront", 2): "published",
        ("storefront", 3): "draft",
        ("standard", 1): "published",
    }
    assert all((row.published_at is None) == (row.status == "draft") for row in rows.values())
    storefront = Book.parse("storefront", 2, rows["storefront", 2].rules)
    assert (str(storefront.second_side), str(storefront.shipping["CA"])) == ("5.50", "4.98")
    assert list(storefront.methods) == ["dtg"]
    assert rows["standard", 1].rules == {
        "currency": "usd",
        "rounding": "line",
        "garment": {"description": "Garment"},
        "quantity_discounts": [{"from": 12, "percent": "12.50"}],
        "methods": {
            "screen_print": {
                "kind": "formula",
                "base_price": "5.00",
                "per_colour": "1.50",
                "per_location": "3.00",
                "max_colours": 6,
                "breaks": [{"from": 1, "multiplier": "1.00"}, {"from": 12, "multiplier": "0.85"}],
            }
        },
    }
    assert Book.parse("standard", 1, rows["standard", 1].rules).methods.keys() == {"screen_print"}


def test_a_new_database_waits_for_its_seed(old_apps: Any) -> None:
    assert (
        not migrate()
        .get_model("pricing", "PriceBook")
        .objects.filter(created_at__lte=timezone.now())
        .exists()
    )
