"""The seeded shop of the contract tests, paid orders and built packs."""

from tests.contracts.conftest import (  # noqa: F401  (fixtures)
    art,
    art_png,
    catalogue,
    customer,
    customer_user,
    guest,
    sign_in,
    staff,
    stranger,
)
from tests.orders.production.conftest import big_art, built, paid_order  # noqa: F401  (fixtures)
