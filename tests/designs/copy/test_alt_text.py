"""Alternative texts of designs: from facts alone, or from the artwork where the shop's terms cover that."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from accounts.tokens import issue_token
from common.gemini import gateway
from common.gemini.text import run
from common.models import TextRequest
from common.storage import private_storage
from designs.copy.alt_text import alt_text_request
from designs.models import Design, DesignArtwork
from tests.factories import AssetFactory, DesignFactory
from tests.fakes.gemini import KEY, FakeGemini
from uploads.models import PhotoDisclosure

pytestmark = pytest.mark.django_db
TEXT = "Black T-shirt with a red rectangle on the chest"


@pytest.fixture
def gemini(settings: Any) -> Iterator[FakeGemini]:
    with FakeGemini() as fake:
        fake.says({"alt_text": TEXT})
        settings.GEMINI_API_KEY, settings.GEMINI_API_URL = KEY, fake.url
        settings.TEXT_WAIT_S = 0
        gateway.gemini_gateway.cache_clear()
        yield fake
        gateway.gemini_gateway.cache_clear()


def design_with_artwork() -> Design:
    design: Design = DesignFactory()
    DesignArtwork.objects.create(design=design, asset=AssetFactory(), position=0)
    return design


def written(design: Design) -> Design:
    run(str(alt_text_request(design).pk))
    return Design.objects.select_related("alt_text_request").get(pk=design.pk)


def test_a_design_has_its_text_once_it_is_written(gemini: FakeGemini) -> None:
    design = DesignFactory()
    assert design.alt_text is None
    assert written(design).alt_text == TEXT


def test_no_picture_leaves_without_the_shops_terms(gemini: FakeGemini, settings: Any) -> None:
    settings.GEMINI_PHOTO_CONSENT = False
    written(design_with_artwork())
    (part,) = gemini.sent()["contents"][0]["parts"]
    assert "You do not see the artwork" in part["text"]
    assert not PhotoDisclosure.objects.exists()


def test_with_them_the_artwork_goes_along_and_that_is_written_down(gemini: FakeGemini, settings: Any) -> None:
    settings.GEMINI_PHOTO_CONSENT = True
    design = design_with_artwork()
    written(design)
    assert len(gemini.sent()["contents"][0]["parts"]) == 2
    record = PhotoDisclosure.objects.get()
    artwork = design.artworks.get()
    assert (record.asset_id, record.purpose, record.ground) == (
        artwork.asset_id,
        "alternative text",
        "shop_terms",
    )
    _, files = private_storage().listdir("intermediates")
    assert not [name for name in files if name.endswith(".jpg")]


def test_asking_again_costs_nothing_and_leaves_no_file(gemini: FakeGemini, settings: Any) -> None:
    settings.GEMINI_PHOTO_CONSENT = True
    design = design_with_artwork()
    written(design)
    written(design)
    assert (len(gemini.asked), TextRequest.objects.count(), PhotoDisclosure.objects.count()) == (1, 1, 1)


def test_the_owner_asks_over_http(gemini: FakeGemini, client: Client) -> None:
    design = DesignFactory()
    headers = {"authorization": f"Bearer {issue_token(design.user.pk, design.user.token_version)}"}
    url = f"/api/designs/{design.pk}"
    first = client.post(f"{url}/alt-text", headers=headers)
    assert (first.status_code, first.json()["data"]) == (202, {"status": "queued", "alt_text": None})
    run(str(TextRequest.objects.get().pk))
    again = client.post(f"{url}/alt-text", headers=headers)
    assert (again.status_code, again.json()["data"]["alt_text"]) == (200, TEXT)
    assert client.get(url, headers=headers).json()["data"]["design"]["alt_text"] == TEXT


def test_nobody_asks_for_another_ones_design(gemini: FakeGemini, client: Client) -> None:
    design, other = DesignFactory(), DesignFactory()
    headers = {"authorization": f"Bearer {issue_token(other.user.pk, other.user.token_version)}"}
    assert client.post(f"/api/designs/{design.pk}/alt-text", headers=headers).status_code == 404
    assert gemini.asked == [] and not TextRequest.objects.exists()
