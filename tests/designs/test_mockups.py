"""One picture per look, cloth and side: large, right, shared, and drawn once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

from common.storage import private_storage, public_storage
from designs import services
from designs.document import PlacedSource, canonical_document, design_hash
from designs.geometry import Position
from designs.mockups.painter import paint
from designs.mockups.services import mockups_ensure
from designs.models import Mockup
from products.models import Colour, Product
from tests.designs.stage_views import tee_front
from tests.factories import AssetFactory, UserFactory

HALF = {"x": 170.5, "y": 170.5, "scaleX": 0.5, "scaleY": 0.5, "rotation": 0}


def drawn(product: str, *, back: bool = False, width_px: int = 400, height_px: int = 300) -> Any:
    """A saved design with one artwork on the front, and on demand on the back."""
    art = AssetFactory(width_px=width_px, height_px=height_px)
    views = {"front": [HALF], "back": [HALF] if back else []}
    return services.design_create(
        UserFactory(),
        {
            "name": "Fox",
            "productId": Product.objects.get(slug=product).pk,
            "designData": views,
            "artworkIds": [art.pk] * (2 if back else 1),
        },
    )


@pytest.mark.django_db
def test_every_colour_has_front_and_back_of_2000_pixels(catalogue: None) -> None:
    design = drawn("classic-tee")
    found = services.design_mockups(design)
    assert {colour.name: sorted(sides) for colour, sides in found.items()} == {
        name: ["back", "front"] for name in ("Black", "White", "Navy")
    }
    white = {colour.name: sides for colour, sides in found.items()}["White"]
    for mockup in white.values():
        paint(str(mockup.pk))
        mockup.refresh_from_db()
    with public_storage().open(white["front"].file_name) as file:
        front = Image.open(file).convert("RGB")
    assert front.size == (2000, 2000)
    # 250 x 187.5 stage pixels from (170.5, 170.5); 2000 / 600 pixels each.
    assert np.abs(np.asarray(front.getpixel((985, 880))) - (200, 40, 60)).max() < 30
    cloth = np.asarray(front.getpixel((985, 1500)))
    assert cloth.min() > 190
    with public_storage().open(white["front"].thumbnail_name) as file:
        assert Image.open(file).size == (600, 600)


@pytest.mark.django_db
def test_a_hoodie_is_as_high_as_its_stage(catalogue: None) -> None:
    design = drawn("classic-hoodie", back=True)
    back = services.design_mockups(design)[Colour.objects.get(name="Black")]["back"]
    paint(str(back.pk))
    back.refresh_from_db()
    with public_storage().open(back.file_name) as file:
        assert Image.open(file).size == (2000, 2129)


@pytest.mark.django_db
def test_art_at_the_neck_of_a_hoodie_is_seen_from_behind(catalogue: None) -> None:
    art = AssetFactory(width_px=300, height_px=300)
    place = {"x": 300, "y": 200, "scaleX": 0.4, "scaleY": 0.4, "rotation": 0}
    design = services.design_create(
        UserFactory(),
        {
            "name": "Fox",
            "productId": Product.objects.get(slug="classic-hoodie").pk,
            "designData": {"front": [], "back": [], "neck": [place]},
            "artworkIds": [art.pk],
        },
    )
    sides = services.design_mockups(design)[Colour.objects.get(name="Black")]
    assert (sides["front"].layers, len(sides["back"].layers)) == ([], 1)
    paint(str(sides["back"].pk))
    sides["back"].refresh_from_db()
    with public_storage().open(sides["back"].file_name) as file:
        picture = np.asarray(Image.open(file).convert("RGB")).astype(int)
    red = (picture[..., 0] > 120) & (picture[..., 1] < 110)
    rows, columns = np.flatnonzero(red.any(axis=1)), np.flatnonzero(red.any(axis=0))
    # The neck's stage shows an inch as 100 pixels, the back's as 390 / 14, and each has its own collar seam: 1 in above
    # an area at 225 px, 3 in above one at 100 px. The base box is 250 px wide: an inch from (300, 200), a clear border
    # of 5 in 300 px on each side. The centre line stands at 345. A stage pixel is 2000 / 690.
    scale, inch = 2000 / 690, 390 / 14
    left_px, top_px = 345 + (300 - 345) / 100 * inch, 100 - 3 * inch + (200 - 125) / 100 * inch
    border, whole = inch / 60, inch * 59 / 60
    assert [columns[0], columns[-1]] == pytest.approx(
        [(left_px + border) * scale, (left_px + whole) * scale], abs=4
    )
    assert [rows[0], rows[-1]] == pytest.approx([(top_px + border) * scale, (top_px + whole) * scale], abs=4)


@pytest.mark.django_db
def test_equal_looks_share_their_pictures_and_a_picture_is_drawn_once(catalogue: None) -> None:
    design = drawn("classic-tee")
    black = Colour.objects.get(name="Black")
    first = services.design_mockups(design, "Black")[black]["front"]
    paint(str(first.pk))
    first.refresh_from_db()
    name = first.file_name
    assert name
    paint(str(first.pk))
    again = services.design_mockups(design, "Black")[black]["front"]
    assert (again.pk, again.file_name) == (first.pk, name)
    other_cloth = mockups_ensure([], design.product, black, design.design_hash, "#223344")
    assert {mockup.colour_hex for mockup in other_cloth.values()} == {"#223344"}
    assert Mockup.objects.filter(design_hash=design.design_hash, view="front").count() == 2


@pytest.mark.django_db
def test_a_lost_original_ends_the_mock_up_for_good(catalogue: None) -> None:
    design = drawn("classic-tee")
    mockup = Mockup.objects.get(view="front", design_hash=design.design_hash)
    private_storage().delete(design.artworks.first().asset.original_file)
    paint(str(mockup.pk))
    mockup.refresh_from_db()
    assert (mockup.status, mockup.error_code, mockup.file_name) == ("failed", "artwork_unreadable", "")


def test_equal_looks_have_one_hash() -> None:
    views = {"front": tee_front()}

    def look(position: Position | None, sha256: str = "a", index: int = 0) -> str:
        return design_hash(
            canonical_document(
                "classic-tee", views, {"front": [PlacedSource(sha256, index, position)], "back": []}
            )
        )

    untouched = look(None)
    assert look(Position(200, 250)) == untouched, "where it appeared"
    assert look(Position(200.0004, 250, rotation_deg=360.0)) == untouched
    assert look(Position(200, 250, rotation_deg=-0.0)) == untouched
    different = [
        look(Position(200.1, 250)),
        look(Position(200, 250, 1.001, 1.001)),
        look(Position(200, 250, rotation_deg=1)),
        look(None, "b"),
        look(None, index=1),
    ]
    assert len({untouched, *different}) == 6
    assert design_hash(canonical_document("classic-hoodie", views, {})) != design_hash(
        canonical_document("classic-tee", views, {})
    )
