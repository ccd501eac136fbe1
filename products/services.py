"""Staff writes to the catalogue."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction

from common.errors import NotFound
from products.models import Product
from products.serializers import ProductWriteSerializer


def _locked(product_id: UUID) -> Product:
    product = Product.objects.select_for_update().filter(pk=product_id).first()
    if product is None:
        raise NotFound("Product not found", code="product_not_found")
    return product


@transaction.atomic
def product_create(data: Any) -> Product:
    """Raises ValidationError naming the fields."""
    body = ProductWriteSerializer(data=data)
    body.is_valid(raise_exception=True)
    return body.save()


@transaction.atomic
def product_update(product_id: UUID, data: Any) -> Product:
    """Changes the named fields only. Raises NotFound or ValidationError."""
    body = ProductWriteSerializer(_locked(product_id), data=data, partial=True)
    body.is_valid(raise_exception=True)
    return body.save()


@transaction.atomic
def product_archive(product_id: UUID) -> Product:
    """Takes the product off sale; orders keep referring to it."""
    product = _locked(product_id)
    product.status = Product.Status.ARCHIVED
    product.save(update_fields=["status", "updated_at"])
    return product
