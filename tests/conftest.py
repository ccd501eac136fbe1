"""What holds for every test: the profile it runs in, and a clean cache."""

import os
from importlib import import_module

import pytest
from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.core.cache import cache

pytest_plugins = ("tests.shop",)

PROFILES = ("embedded", "production")
# They wait for servers, for time or for hundreds of events; the slowest first.
SLOW_MODULES = tuple(
    f"tests/{name}.py"
    for name in (
        "stolentee/test_production",
        "deploy/test_commands_of_docs",
        "stolentee/test_production_database",
        "uploads/hostile/test_corpus",
        "orders/test_attacks_on_money",
        "uploads/test_kill",
        "orders/payments/test_permutations",
        "browser/test_admin",
        "orders/payments/test_killed",
        "orders/production/test_desk",
        "orders/production/test_builder",
        "journeys/test_interruption",
        "uploads/storage/test_migration",
        "orders/test_attacks_on_orders",
        "journeys/test_one_tee",
        "orders/production/test_ten_points",
        "pricing/test_books_migration",
        "journeys/test_checkout",
        "ops/test_drill",
        "stolentee/test_boot",
        "stolentee/test_tracing",
        "stolentee/test_redis_economy",
        "uploads/test_providers",
        "bench/test_uploads",
        "ops/test_dev",
    )
)
# What runs in one profile alone. No database and no Redis has a say in the first. Pages are looked at on PostgreSQL,
# and whoever attacks the money, the rights, the files or the order of events meets the servers that a shop has.
ONCE = {
    "embedded": (
        *(f"tests/{folder}/" for folder in ("architecture", "bench", "demo", "deploy", "tools")),
        *(f"tests/uploads/{folder}/" for folder in ("compression", "imaging")),
        *(
            f"tests/uploads/cutout/test_{name}.py"
            for name in ("artwork", "matting", "print_ink", "print_region")
        ),
        *(f"tests/designs/test_{name}.py" for name in ("geometry", "inks", "rendering", "text")),
        *(f"tests/orders/production/test_{name}.py" for name in ("golden", "pack", "pack_check", "sheet")),
        *(
            "tests/orders/production/test_ten_points.py",
            "tests/pricing/test_engine_",
            "tests/stolentee/test_boot.py",
            "tests/stolentee/test_sentry.py",
            "tests/uploads/cutout/backends/",
            "tests/uploads/cutout/test_service.py",
            "tests/uploads/extraction/test_lettering.py",
        ),
    ),
    "production": (
        "tests/browser/",
        "tests/admin/",
        "tests/uploads/hostile/",
        *(f"tests/accounts/test_{name}.py" for name in ("object_walk", "takeover")),
        *(f"tests/orders/test_attacks_on_{name}.py" for name in ("money", "orders")),
        *(
            f"tests/orders/payments/test_{name}.py"
            for name in ("apply", "crashes", "permutations", "stripe_checkout", "stripe_gateway")
        ),
        "tests/ops/test_privacy.py",
        *(f"tests/orders/production/test_{name}.py" for name in ("builder", "desk")),
        "tests/pricing/test_books_migration.py",
        "tests/stolentee/test_tracing.py",
        "tests/uploads/test_providers.py",
    ),
}


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


@pytest.fixture(scope="session", autouse=True)
def routes() -> None:
    """Which routes there are is settled at their import, by settings that no test has changed yet."""
    import_module(settings.ROOT_URLCONF)


@pytest.fixture(autouse=True)
def clean_cache() -> None:
    """Counters and cached answers of one test must not reach the next."""
    cache.clear()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests that are for the other profile alone; they run when that profile does.

    The slow modules begin, so that no process is left alone with one of them at the end.
    """
    other = next(name for name in PROFILES if name != os.environ["TEST_PROFILE"])
    kept: list[pytest.Item] = []
    left_out: list[pytest.Item] = []
    for item in items:
        (left_out if _is_for(other, item) else kept).append(item)
    config.hook.pytest_deselected(items=left_out)
    items[:] = sorted(kept, key=_place)


def _is_for(other: str, item: pytest.Item) -> bool:
    """Whether a test is for the other profile alone, by its own mark or by its place."""
    if item.get_closest_marker(other):
        return True
    return item.nodeid.startswith(ONCE[other]) and not item.get_closest_marker(os.environ["TEST_PROFILE"])


def _place(item: pytest.Item) -> int:
    module = item.nodeid.split("::")[0]
    return SLOW_MODULES.index(module) if module in SLOW_MODULES else len(SLOW_MODULES)
