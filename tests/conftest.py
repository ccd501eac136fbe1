"""What holds for every test: the profile it runs in, and a clean cache."""

import os

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.core.cache import cache

PROFILES = ("embedded", "production")
# They wait for servers, for time or for hundreds of events; the slowest first.
SLOW_MODULES = tuple(
    f"tests/{name}.py"
    for name in (
        "stolentee/test_production",
        "uploads/test_kill",
        "orders/payments/test_permutations",
        "stolentee/test_redis_economy",
        "uploads/hostile/test_corpus",
        "browser/test_admin",
        "uploads/storage/test_migration",
        "journeys/test_interruption",
        "ops/test_drill",
        "pricing/test_books_migration",
        "stolentee/test_boot",
    )
)


def pytest_configure() -> None:
    """Passwords are hashed by Argon2 as ever, but not for a tenth of a second each."""
    Argon2PasswordHasher.time_cost, Argon2PasswordHasher.memory_cost, Argon2PasswordHasher.parallelism = (
        1,
        64,
        1,
    )


@pytest.fixture(scope="session")
def profile() -> str:
    """`embedded` (SQLite, no Redis) or `production` (PostgreSQL and Redis)."""
    return os.environ["TEST_PROFILE"]


@pytest.fixture(autouse=True)
def clean_cache() -> None:
    """Counters and cached answers of one test must not reach the next."""
    cache.clear()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests that are marked for the other profile alone; they run when that profile does.

    The slow modules begin, so that no process is left alone with one of them at the end.
    """
    other = next(name for name in PROFILES if name != os.environ["TEST_PROFILE"])
    left_out = [item for item in items if item.get_closest_marker(other)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    items.sort(key=lambda item: (*SLOW_MODULES, item.nodeid.split("::")[0]).index(item.nodeid.split("::")[0]))
