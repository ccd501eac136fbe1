"""The seeded shop of the contract tests."""

from tests.contracts.conftest import (  # noqa: F401  (fixtures)
    catalogue,
    customer,
    customer_user,
    guest,
    sign_in,
    staff,
)
