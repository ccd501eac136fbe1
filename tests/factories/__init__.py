"""Rows for tests, with sane values for whatever a test does not care about."""

from tests.factories.accounts import UserFactory
from tests.factories.designs import DesignFactory
from tests.factories.orders import OrderFactory, OrderLineFactory
from tests.factories.products import ColourFactory, ProductFactory, SizeFactory, VariantFactory
from tests.factories.uploads import AssetFactory, JobFactory

__all__ = [
    "AssetFactory",
    "ColourFactory",
    "DesignFactory",
    "JobFactory",
    "OrderFactory",
    "OrderLineFactory",
    "ProductFactory",
    "SizeFactory",
    "UserFactory",
    "VariantFactory",
]
