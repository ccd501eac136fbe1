"""Paid orders and built packs."""

from tests.orders.production.conftest import big_art, built, paid_order  # noqa: F401  (fixtures)
