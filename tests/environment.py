"""The environment of a test run, arranged before Django reads its settings: this plugin loads first.

TEST_PROFILE is `embedded` (SQLite, no Redis) or `production` (PostgreSQL and Redis, whose addresses `python
-m tests.services` sets). Without it, the presence of DATABASE_URL and REDIS_URL decides.
"""

import atexit
import os
import re
import shutil
import tempfile
from pathlib import Path

import pytest

import tests.network.sitecustomize  # noqa: F401  Importing it closes the network.

# The tests must not depend on, let alone use, what the developer's shell has for the real vendors.
VENDOR_PREFIXES = (
    "STRIPE_",
    "GEMINI_",
    "GOOGLE_",
    "S3_",
    "AWS_",
    "REMOVEBG_",
    "REMBG_",
    "SMTP_",
    "SUPABASE_",
)
SHOP_PREFIXES = (
    "PRINTER_",
    "BACKUP_",
    "STAFF_",
    "DATABASE_POOL",
    "UPLOAD_",
    "MAX_FILE_",
    "TRUSTED_PROXY_",
    "RATE_LIMIT",
    "SWEEP_",
    "WORK_",
    "TAX_",
    "HEALTH_",
    "DATABASE_CONNECT",
    "DATABASE_DIRECT_",
    "DATABASE_QUERY",
    "DATABASE_REPLICA",
    "DATABASE_SLOW",
    "DATABASE_STATEMENT",
    "REPLICA_",
    "REDIS_POLL",
    "WORKER_",
    "MAINTENANCE_",
    "METRICS_",
    "PROMETHEUS_",
    "CATALOGUE_",
    "SENTRY_",
    "OTEL_",
)
SHOP_NAMES = (
    *("SECRET_KEY", "ALLOWED_HOSTS", "PUBLIC_URL", "FRONTEND_URL", "HOST", "PORT", "LOG_LEVEL"),
    *("INSTANCES", "WEB_CONCURRENCY"),
)
SERVICE_NAMES = ("DATABASE_URL", "REDIS_URL")
PROJECT = Path(__file__).resolve().parent.parent


def choose_profile(environment: dict[str, str]) -> str:
    """The profile that the environment asks for.

    :raises pytest.UsageError: the profile is unknown, or the production profile lacks a server
    """
    present = [name for name in SERVICE_NAMES if environment.get(name)]
    profile = environment.get("TEST_PROFILE") or ("production" if present else "embedded")
    if profile not in ("embedded", "production"):
        raise pytest.UsageError(f"TEST_PROFILE is {profile!r}; it may be 'embedded' or 'production'")
    if profile == "production" and len(present) < len(SERVICE_NAMES):
        raise pytest.UsageError(
            "the production profile needs servers: python -m tests.services run -- pytest"
        )
    return profile


def redis_url_for_worker(url: str, worker_number: int) -> str:
    """The URL with a database of the worker's own: those of two parallel workers must not meet."""
    base, first = re.fullmatch(r"(.*?)(?:/(\d*))?", url).groups()  # type: ignore[union-attr]
    return f"{base}/{int(first or 0) + worker_number}"


def arrange(environment: dict[str, str] | os._Environ[str]) -> None:
    """Clear what is the developer's, close the network for children, give the process its own folder."""
    profile = choose_profile(dict(environment))
    for name in list(environment):
        if name.startswith(VENDOR_PREFIXES + SHOP_PREFIXES) or name in SHOP_NAMES:
            del environment[name]
    if profile == "embedded":
        for name in SERVICE_NAMES:
            environment.pop(name, None)
    environment["TEST_PROFILE"] = profile
    environment["ENVIRONMENT"] = "development"
    # Most tests order with pictures of a few pixels; those of the gate itself shut it.
    environment["PRINT_QUALITY_GATE"] = "note"
    environment["NUMBA_DISABLE_JIT"] = "1"  # otherwise rembg's first import compiles for half a minute
    guard = str(PROJECT / "tests" / "network")
    paths = environment.get("PYTHONPATH", "").split(os.pathsep)
    if guard not in paths:
        environment["PYTHONPATH"] = os.pathsep.join([guard, *filter(None, paths)])

    worker = environment.get("PYTEST_XDIST_WORKER")
    if worker is None:
        environment["TEST_RUN_DIR"] = tempfile.mkdtemp(prefix="stolentee-test-")
        atexit.register(shutil.rmtree, environment["TEST_RUN_DIR"], ignore_errors=True)
    environment["VAR_DIR"] = str(Path(environment["TEST_RUN_DIR"]) / (worker or "main"))
    Path(environment["VAR_DIR"]).mkdir(exist_ok=True)
    if worker is not None and profile == "production":
        worker_number = 1 + int(worker.removeprefix("gw"))
        environment["REDIS_URL"] = redis_url_for_worker(environment["REDIS_URL"], worker_number)


arrange(os.environ)
