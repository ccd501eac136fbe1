"""One shop in the production profile for all tests of a process that ask for it; its start takes a while."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from demo.storefront import Storefront
from tests.fakes.stripe import FakeStripe
from tests.stolentee.production import PROXY, Production, production


@pytest.fixture(scope="session")
def stripe() -> Iterator[FakeStripe]:
    with FakeStripe() as double:
        yield double


@pytest.fixture(scope="session")
def shop(stripe: FakeStripe, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Production]:
    with production(tmp_path_factory.mktemp("production"), STRIPE_API_URL=stripe.url) as started:
        yield started


@pytest.fixture
def browser(shop: Production) -> Storefront:
    storefront = Storefront(shop.url, origin="https://stolentee.com")
    storefront.session.headers.update(PROXY)
    return storefront
