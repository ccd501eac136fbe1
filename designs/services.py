"""Saving, changing and removing designs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.models import User
from common.errors import Unprocessable
from designs.models import Design, DesignArtwork
from designs.selectors import design_of
from designs.serializers import VIEWS
from products.models import Product, Variant
from uploads.services import asset_use

MAX_DESIGNS_PER_USER = 500
_FIELDS = {"name": "name", "designData": "design_data", "thumbnailUrl": "thumbnail_url", "notes": "notes"}


def _product(product_id: UUID) -> Product:
    product = Product.objects.filter(pk=product_id, status=Product.Status.ACTIVE).first()
    if product is None:
        raise Unprocessable("This product is not available.", code="product_not_found")
    return product


def _variant(variant_id: UUID | None, product: Product) -> Variant | None:
    if variant_id is None:
        return None
    variant = Variant.objects.filter(pk=variant_id, product=product).first()
    if variant is None:
        raise Unprocessable("This variant does not belong to the product.", code="variant_not_found")
    return variant


def _refuse_missing_artworks(design: Design, artworks: int) -> None:
    """The storefront pairs ids with positions by order, so the counts must agree."""
    positions = sum(len(design.design_data.get(view) or []) for view in VIEWS)
    if artworks != positions:
        raise Unprocessable(
            "An artwork has not finished uploading. Please wait a moment and save again.",
            code="artwork_missing",
        )


def _place(design: Design, artwork_ids: Sequence[UUID], user: User) -> None:
    """Ties the artworks to the design."""
    _refuse_missing_artworks(design, len(artwork_ids))
    # One order of locks for everybody: two designs with the same artworks must not wait for each other.
    assets = {asset_id: asset_use(asset_id, user=user) for asset_id in sorted(set(artwork_ids))}
    design.artworks.all().delete()
    DesignArtwork.objects.bulk_create(
        DesignArtwork(design=design, asset=assets[asset_id], position=index)
        for index, asset_id in enumerate(artwork_ids)
    )


def _text(value: Any) -> Any:
    return "" if value is None else value


@transaction.atomic
def design_create(user: User, data: Mapping[str, Any]) -> Design:
    """Raises Unprocessable for foreign or unknown products, variants and artworks, and beyond 500 designs."""
    if Design.objects.filter(user=user).count() >= MAX_DESIGNS_PER_USER:
        raise Unprocessable(f"You can keep {MAX_DESIGNS_PER_USER} designs.", code="too_many_designs")
    product = _product(data["productId"])
    design = Design.objects.create(
        user=user,
        product=product,
        variant=_variant(data.get("variantId"), product),
        **{column: _text(data[key]) for key, column in _FIELDS.items() if key in data},
    )
    _place(design, data.get("artworkIds", []), user)
    return design_of(user, str(design.pk))


@transaction.atomic
def design_update(user: User, design_id: str, data: Mapping[str, Any]) -> Design:
    """Changes the keys that are present. Raises as `design_create`, and NotFound."""
    design = design_of(user, design_id)
    if "productId" in data and data["productId"] != design.product_id:
        design.product = _product(data["productId"])
        design.variant = None
    if "variantId" in data:
        design.variant = _variant(data["variantId"], design.product)
    for key, column in _FIELDS.items():
        if key in data:
            setattr(design, column, _text(data[key]))
    design.save()
    if "artworkIds" in data:
        _place(design, data["artworkIds"], user)
    elif "designData" in data:
        _refuse_missing_artworks(design, design.artworks.count())
    return design_of(user, design_id)


@transaction.atomic
def design_delete(user: User, design_id: str) -> None:
    design_of(user, design_id).delete()
