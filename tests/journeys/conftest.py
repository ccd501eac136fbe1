"""One running shop for the journeys of a worker, and the end of its log beside every failure."""

from collections.abc import Iterator
from typing import Any

import pytest

from demo.storefront import Storefront
from tests.server import Shop, running_shop

# A Supabase project that no test can reach: the network is closed for the shop as it is for the tests.
UNREACHABLE_URL = "https://192.0.2.1"
WALK_SECONDS = "walk_seconds"


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The shop with a printer, as a process of its own. It must stop in good order when the journeys are over."""
    var_dir = tmp_path_factory.mktemp("shop")
    with running_shop(
        var_dir, SWEEP_INTERVAL_S="1", SUPABASE_URL=UNREACHABLE_URL, PRINTER_EMAIL="printer@example.com"
    ) as started:
        yield started


@pytest.fixture
def browser(shop: Shop) -> Iterator[Storefront]:
    """The storefront in a fresh browser: nobody is signed in."""
    storefront = Storefront(shop.url)
    with storefront.session:
        yield storefront


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report = yield
    running = getattr(item, "funcargs", {}).get("shop")
    if report.failed and isinstance(running, Shop):
        report.sections.append(("the shop's log", running.log_tail()))
    return report


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """How long one tee took from the photo to the pack; the JUnit report has it too."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            if name == WALK_SECONDS:
                terminalreporter.write_line(f"one tee, from the photo to the pack: {value} s")
