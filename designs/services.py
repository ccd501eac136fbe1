"""Saving, changing, restoring, sharing and removing designs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.db.models import Max

from accounts.models import User
from common.errors import NotFound, Unprocessable
from designs.inspection import VIEWS, hash_of, placed_of
from designs.mockups.services import mockup_main, mockups_drop, mockups_ensure
from designs.models import Design, DesignArtwork, DesignVersion, Mockup, VersionArtwork
from designs.selectors import design_of, version_of
from products.models import Colour, Product, Variant
from uploads.models import Asset
from uploads.services import asset_use

MAX_DESIGNS_PER_USER = 500
MAX_VERSIONS = 50
_SHARE_SALT = "designs.share"
_FIELDS = {"name": "name", "designData": "design_data", "notes": "notes"}


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


def _show(design: Design, url: str, user: User) -> None:
    """Sets the thumbnail to a picture that this user may use: somebody else's is none."""
    if url == design.thumbnail_url:
        return
    design.thumbnail_url, design.thumbnail_asset = url, None
    if url and not Mockup.objects.filter(thumbnail_name=url.rpartition("/")[2]).exists():
        asset = Asset.objects.filter(public_name=url.rpartition("/")[2]).first()
        if asset is None:
            message = "The thumbnail is not available. Please save again."
            raise Unprocessable(message, code="thumbnail_not_found")
        design.thumbnail_asset = asset_use(asset.pk, user=user)
    design.save()


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
    """Raises Unprocessable for foreign products, variants, artworks and thumbnails, and beyond 500 designs."""
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
    _show(design, _text(data.get("thumbnailUrl")), user)
    return _settled(user, design)


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
    if "thumbnailUrl" in data:
        _show(design, _text(data["thumbnailUrl"]), user)
    return _settled(user, design)


@transaction.atomic
def design_restore(user: User, design_id: str, number: int) -> Design:
    """Makes an old version the newest; nothing is lost, the version before stays. Raises NotFound."""
    design = design_of(user, design_id)
    version = version_of(design, number)
    design.name, design.product, design.variant = version.name, version.product, version.variant
    design.design_data = version.design_data
    design.save()
    _place(design, [artwork.asset_id for artwork in version.artworks.all()], user)
    _show(design, "", user)  # the old one showed another look; the server draws one of this
    return _settled(user, design)


@transaction.atomic
def design_delete(user: User, design_id: str) -> None:
    """Removes the design, its versions, and the mock-ups that nothing else shows."""
    design = design_of(user, design_id)
    hashes = {design.design_hash, *design.versions.values_list("design_hash", flat=True)} - {""}
    design.delete()
    for found in hashes:
        mockups_drop(found)


def design_share(user: User, design_id: str) -> str:
    """A token that lets whoever has it read this design for `DESIGN_SHARE_MAX_AGE`. Raises NotFound."""
    design = design_of(user, design_id)
    if design.share_key is None:
        Design.objects.filter(pk=design.pk, share_key=None).update(share_key=uuid4())
        design.refresh_from_db(fields=["share_key"])
    return signing.dumps([str(design.pk), str(design.share_key)], salt=_SHARE_SALT)


def design_unshare(user: User, design_id: str) -> None:
    """Ends every link to this design. Raises NotFound."""
    Design.objects.filter(pk=design_of(user, design_id).pk).update(share_key=None)


def design_shared(token: str) -> Design:
    """Raises NotFound for an altered, expired, ended or unknown link, in the same words."""
    try:
        design_id, key = signing.loads(token, salt=_SHARE_SALT, max_age=settings.DESIGN_SHARE_MAX_AGE)
        return Design.objects.select_related("product", "variant__colour", "variant__size").get(
            pk=UUID(design_id), share_key=UUID(key)
        )
    except (signing.BadSignature, ValueError, TypeError, Design.DoesNotExist) as error:
        raise NotFound("This link is not valid any more.", code="share_link_invalid") from error


def colour_of(design: Design) -> Colour | None:
    """The cloth that the design shows: the colour that was chosen on the page wins over the variant (CONTRACT 2.3)."""
    chosen = design.design_data.get("selectedColor")
    colours = {variant.colour.name: variant.colour for variant in _variants(design.product)}
    if isinstance(chosen, str) and chosen in colours:
        return colours[chosen]
    if design.variant:
        return design.variant.colour
    return next(iter(colours.values()), None)


def colours_of(product: Product) -> list[Colour]:
    """Every colour that the garment comes in."""
    return list({variant.colour_id: variant.colour for variant in _variants(product)}.values())


def _variants(product: Product) -> list[Variant]:
    return list(product.variants.select_related("colour").order_by("colour__name", "size__position"))


def design_mockups(design: Design, colour_name: str = "") -> dict[Colour, dict[str, Mockup]]:
    """Front and back in every colour of the garment, or in one; what is not drawn yet is asked for."""
    placed = placed_of(design)
    look = design.design_hash or hash_of(placed, design.product)  # designs from before hashes were kept
    return {
        colour: mockups_ensure(placed, design.product, colour, look)
        for colour in colours_of(design.product)
        if colour_name in ("", colour.name)
    }


def _settled(user: User, design: Design) -> Design:
    """The design as saved, with its hash, its version, and a thumbnail on the way where the owner sent none."""
    design = design_of(user, str(design.pk))
    placed = placed_of(design)
    design.design_hash = hash_of(placed, design.product)
    colour = colour_of(design)
    design.made_thumbnail = design.thumbnail_side = ""
    if not design.thumbnail_url and colour is not None:
        main = mockup_main(mockups_ensure(placed, design.product, colour, design.design_hash))
        if main is not None:
            design.thumbnail_side, design.made_thumbnail = main.side, main.thumbnail_name
    Design.objects.filter(pk=design.pk).update(
        design_hash=design.design_hash,
        made_thumbnail=design.made_thumbnail,
        thumbnail_side=design.thumbnail_side,
    )
    _keep_version(design)
    return design


def _keep_version(design: Design) -> None:
    """A new version, unless nothing that a version holds has changed. The oldest beyond 50 go."""
    last = design.versions.first()
    held = ("name", "product_id", "variant_id", "design_data", "design_hash")
    artworks = [artwork.asset_id for artwork in design.artworks.all()]
    if last and all(getattr(last, name) == getattr(design, name) for name in held):
        return
    number = (design.versions.aggregate(last=Max("number"))["last"] or 0) + 1
    version = DesignVersion.objects.create(
        design=design, number=number, **{name: getattr(design, name) for name in held}
    )
    VersionArtwork.objects.bulk_create(
        VersionArtwork(version=version, asset_id=asset_id, position=index)
        for index, asset_id in enumerate(artworks)
    )
    design.versions.filter(number__lte=number - MAX_VERSIONS).delete()
