"""Product texts: drafted by Gemini, decided on by staff, one of them in force."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from common.errors import Conflict
from common.gemini import gateway
from common.gemini.text import run
from common.models import TextRequest
from products.copy.services import copy_approve, copy_draft, copy_reject, texts_of
from products.models import ProductCopy
from tests.factories import ProductFactory, UserFactory
from tests.fakes.gemini import KEY, FakeGemini

pytestmark = pytest.mark.django_db
TEXTS = {
    "description": "A soft cotton tee for every day, cut straight and printed with what you draw.",
    "seo_title": "Classic tee with your own print",
    "seo_description": "A soft cotton tee that is printed with your own artwork, in all sizes.",
}


@pytest.fixture
def gemini(settings: Any) -> Iterator[FakeGemini]:
    with FakeGemini() as fake:
        fake.says(TEXTS)
        settings.GEMINI_API_KEY, settings.GEMINI_API_URL = KEY, fake.url
        gateway.gemini_gateway.cache_clear()
        yield fake
        gateway.gemini_gateway.cache_clear()


def drafted(**product: Any) -> ProductCopy:
    copy = copy_draft(ProductFactory(**product))
    run(str(copy.request.pk))
    return ProductCopy.objects.select_related("request", "product").get(pk=copy.pk)


def test_a_draft_changes_nothing_until_it_is_approved(gemini: FakeGemini) -> None:
    copy = drafted(title="Classic Tee", description="old")
    assert (copy.status, texts_of(copy), copy.product.description) == ("draft", TEXTS, "old")
    assert '"title": "Classic Tee"' in gemini.prompt()


def test_approving_puts_the_words_on_the_product(gemini: FakeGemini) -> None:
    copy, owner = drafted(metadata={"kept": 1}), UserFactory()
    approved = copy_approve(copy, user=owner)
    product = approved.product
    product.refresh_from_db()
    assert product.description == TEXTS["description"]
    seo = {"title": TEXTS["seo_title"], "description": TEXTS["seo_description"]}
    assert product.metadata == {"kept": 1, "seo": seo}
    assert (approved.status, approved.decided_by, approved.decided_at is not None) == (
        "approved",
        owner,
        True,
    )


def test_staffs_own_words_go_before_geminis(gemini: FakeGemini) -> None:
    copy = drafted()
    ProductCopy.objects.filter(pk=copy.pk).update(seo_title="Our own title")
    product = copy_approve(copy, user=UserFactory()).product
    product.refresh_from_db()
    assert product.metadata["seo"]["title"] == "Our own title"
    assert product.description == TEXTS["description"]


def test_a_later_approval_takes_the_place_of_the_earlier(gemini: FakeGemini) -> None:
    first, owner = drafted(), UserFactory()
    copy_approve(first, user=owner)
    second = ProductCopy.objects.create(
        product=first.product, request=first.request, description="newer words"
    )
    copy_approve(second, user=owner)
    statuses = dict(ProductCopy.objects.values_list("pk", "status"))
    assert statuses == {first.pk: "rejected", second.pk: "approved"}
    second.product.refresh_from_db()
    assert second.product.description == "newer words"


@pytest.mark.parametrize("decide", [copy_approve, copy_reject])
def test_what_is_decided_is_decided(gemini: FakeGemini, decide: Any) -> None:
    copy, owner = drafted(), UserFactory()
    copy_reject(copy, user=owner)
    with pytest.raises(Conflict):
        decide(copy, user=owner)
    assert not copy.product.metadata.get("seo")


def test_what_has_no_words_yet_cannot_be_approved(gemini: FakeGemini) -> None:
    copy = copy_draft(ProductFactory(description="old"))
    with pytest.raises(Conflict) as refusal:
        copy_approve(copy, user=UserFactory())
    assert refusal.value.code == "copy_unwritten"
    copy.product.refresh_from_db()
    assert copy.product.description == "old"


def test_staff_draft_and_approve_in_the_admin(gemini: FakeGemini, admin_of_the_shop: Client) -> None:
    product = ProductFactory()
    chosen = {"action": "draft_copy", "_selected_action": [str(product.pk)]}
    answer = admin_of_the_shop.post("/admin/products/product/", chosen, follow=True)
    assert "a draft is being written" in answer.content.decode()
    run(str(TextRequest.objects.get().pk))
    copy = ProductCopy.objects.get()
    page = admin_of_the_shop.get(f"/admin/products/productcopy/{copy.pk}/change/")
    assert TEXTS["seo_title"] in page.content.decode()
    chosen = {"action": "approve", "_selected_action": [str(copy.pk)]}
    admin_of_the_shop.post("/admin/products/productcopy/", chosen, follow=True)
    product.refresh_from_db()
    assert product.description == TEXTS["description"]


def test_the_admin_says_when_the_texts_of_the_day_are_used_up(
    gemini: FakeGemini, admin_of_the_shop: Client, settings: Any
) -> None:
    settings.GEMINI_DAILY_LIMIT = 0
    chosen = {"action": "draft_copy", "_selected_action": [str(ProductFactory().pk)]}
    answer = admin_of_the_shop.post("/admin/products/product/", chosen, follow=True)
    assert "used up" in answer.content.decode()
    assert not ProductCopy.objects.exists() and gemini.asked == []


@pytest.fixture
def admin_of_the_shop(client: Client) -> Client:
    owner = UserFactory(owner=True)
    client.force_login(owner)
    return client
