"""Saved designs."""

import factory

from designs.models import Design
from tests.factories.accounts import UserFactory
from tests.factories.products import ProductFactory


class DesignFactory(factory.django.DjangoModelFactory):
    """A design without any artwork."""

    class Meta:
        model = Design

    user = factory.SubFactory(UserFactory)
    name = factory.Sequence(lambda number: f"Design {number}")
    product = factory.SubFactory(ProductFactory)
    design_data = factory.LazyFunction(lambda: {"front": [], "back": [], "neck": []})
