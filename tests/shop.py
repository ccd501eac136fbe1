"""A seeded shop, browsers of a guest, a customer and the staff, and artwork that was uploaded."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.db.models import Model
from PIL import Image

from accounts.models import User
from accounts.tokens import issue_token
from demo.storefront import Json, Storefront
from pricing.models import PriceBook
from products.models import (
    Colour,
    DecorationMethod,
    PlacementConflict,
    PrintArea,
    Product,
    Size,
    SizeMeasurement,
    StageView,
    Variant,
)
from tests.contracts.in_process import storefront

_SEEDED_MODELS = (
    Colour,
    Size,
    Product,
    Variant,
    DecorationMethod,
    PrintArea,
    StageView,
    PlacementConflict,
    SizeMeasurement,
    PriceBook,
)
_seeded: dict[type[Model], list[Any]] = {}


@pytest.fixture
def catalogue(db: Any) -> None:
    """The shop's first catalogue and prices, seeded once and copied for every further test."""
    if _seeded:
        for model, rows in _seeded.items():
            model._default_manager.bulk_create(rows)
        return
    call_command("seed_catalogue", stdout=io.StringIO())
    call_command("seed_prices", stdout=io.StringIO())
    for model in _SEEDED_MODELS:
        _seeded[model] = list(model._default_manager.order_by("created_at"))


@pytest.fixture
def guest(catalogue: None) -> Storefront:
    """A browser without a token."""
    return storefront()


@pytest.fixture
def sign_in(catalogue: None) -> Callable[[User], Storefront]:
    """Makes a browser that keeps the user's token."""
    return lambda user: storefront(issue_token(user.pk, user.token_version))


@pytest.fixture
def customer_user(db: Any) -> User:
    return User.objects.create_user("ada@example.com", None, name="Ada Lovelace")


@pytest.fixture
def customer(sign_in: Callable[[User], Storefront], customer_user: User) -> Storefront:
    return sign_in(customer_user)


@pytest.fixture
def stranger(sign_in: Callable[[User], Storefront]) -> Storefront:
    """Another customer."""
    return sign_in(User.objects.create_user("mallory@example.com", None, name="Mallory"))


@pytest.fixture
def staff(sign_in: Callable[[User], Storefront]) -> Storefront:
    return sign_in(
        User.objects.create_user("owner@example.com", None, name="The Owner", role=User.Role.OWNER)
    )


@pytest.fixture
def art_png() -> bytes:
    """A small picture with clear and solid pixels."""
    picture = Image.new("RGBA", (40, 30), (0, 0, 0, 0))
    picture.paste((200, 40, 60, 255), (5, 5, 35, 25))
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def art(guest: Storefront, art_png: bytes) -> Json:
    """An artwork that a guest has uploaded."""
    return guest.upload_file("art.png", art_png, "image/png")
