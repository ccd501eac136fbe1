"""The seeded shop of the contract tests."""

from tests.contracts.conftest import catalogue  # noqa: F401  (fixture)
