"""The seeded shop and its people, as the contract tests have them."""

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
