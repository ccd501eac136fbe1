"""What holds for every test: the profile it runs in, and a clean cache."""

import os

import pytest
from django.core.cache import cache

PROFILES = ("embedded", "production")


@pytest.fixture(scope="session")
def profile() -> str:
    """`embedded` (SQLite, no Redis) or `production` (PostgreSQL and Redis)."""
    return os.environ["TEST_PROFILE"]


@pytest.fixture(autouse=True)
def clean_cache() -> None:
    """Counters and cached answers of one test must not reach the next."""
    cache.clear()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests that are marked for the other profile alone; they run when that profile does."""
    other = next(name for name in PROFILES if name != os.environ["TEST_PROFILE"])
    left_out = [item for item in items if item.get_closest_marker(other)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
