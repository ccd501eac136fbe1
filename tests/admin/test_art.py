"""The art queue: what staff decide, and what it means for the orders that print the picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import roles
from accounts.models import User
from ops.sweepers import ring_lost_work
from orders.models import Order, OrderEvent, OutboxMail, ProductionPack
from orders.production import builder
from orders.production.art_desk import reviews_open_missing
from tests.contracts.baskets import placed
from tests.contracts.expectations import nothing_changes
from tests.factories import AssetFactory, JobFactory, UserFactory
from tests.factories.uploads import picture_png
from uploads.models import ArtReview, Asset, Job
from uploads.review import replacements_of

pytestmark = pytest.mark.django_db
CHEST = {"x": 223, "y": 150, "scaleX": 0.3, "scaleY": 0.3, "rotation": 0}
QUEUE = "/admin/uploads/artreview/queue/"


@dataclass
class Doubt:
    """A paid order whose artwork somebody has doubts about, with its built pack."""

    order: Order
    review: ArtReview
    pack: ProductionPack


@pytest.fixture
def artist() -> User:
    return UserFactory(role=roles.ART, name="Ines")


@pytest.fixture
def browser(artist: User) -> Client:
    client = Client()
    client.force_login(artist)
    return client


@pytest.fixture
def doubt(paid_order: Callable[..., Order], built: Any, big_art: Any) -> Doubt:
    order = paid_order(2, front=[placed(big_art, CHEST)])
    (pack,) = built(order)
    assert pack.status == "done", pack.error_message
    return Doubt(order, ArtReview.objects.create(asset_id=big_art["id"]), pack)


def cut_out(job: Job, **fields: Any) -> ArtReview:
    """What the job has cut out waits for a decision."""
    asset = AssetFactory(kind="transparent", owner_type="job", job=job)
    return ArtReview.objects.create(asset=asset, **fields)


def status_of(review: ArtReview) -> str:
    review.refresh_from_db()
    return review.status


def decide(client: Client, review: ArtReview, verb: str, **fields: Any) -> Any:
    return client.post(reverse("admin:uploads_artreview_decide", args=[review.pk, verb]), fields, follow=True)


def test_the_queue_shows_the_most_urgent_and_goes_on_by_itself(browser: Client, doubt: Doubt) -> None:
    idle = ArtReview.objects.create(asset=AssetFactory(kind="transparent"))
    ArtReview.objects.filter(pk=idle.pk).update(created_at="2020-01-01T00:00:00Z")
    first = browser.get(QUEUE, follow=True)
    page = first.content.decode()
    assert first.redirect_chain[-1][0].endswith(f"{doubt.review.pk}/")  # on order, so before the older one
    assert doubt.order.number in page and "2 waiting" in page and "Black, ordered" in page
    after = decide(browser, doubt.review, "approve")
    assert after.redirect_chain[-1][0].endswith(f"{idle.pk}/")
    assert browser.get(f"{QUEUE}?after={idle.pk}", follow=True).redirect_chain[-1][0].endswith(f"{idle.pk}/")
    assert "Nothing is waiting" in decide(browser, idle, "approve").content.decode()


@pytest.mark.parametrize(
    ("facts", "opened"),
    [
        ({"confidence": 0.9, "needs_review": True}, 1),
        ({"confidence": 0.2}, 1),  # from before the job said so itself
        ({"confidence": 0.9}, 0),
        ({"confidence": 0.2, "needs_review": False}, 0),
        ({}, 0),
    ],
)
def test_doubtful_art_of_orders_from_before_the_queue_comes_into_it_once(
    paid_order: Callable[..., Order], big_art: Any, facts: dict[str, Any], opened: int
) -> None:
    order = paid_order(2, front=[placed(big_art, CHEST)])
    Asset.objects.filter(pk=big_art["id"]).update(kind="transparent", metadata=facts)
    ring_lost_work()
    assert ArtReview.objects.filter(asset=big_art["id"], status="pending").count() == opened
    assert reviews_open_missing() == 0
    ArtReview.objects.all().delete()
    Order.objects.filter(pk=order.pk).update(production_status="shipped")
    assert reviews_open_missing() == 0


def test_an_approval_names_who_gave_it_and_is_given_once(browser: Client, artist: User, doubt: Doubt) -> None:
    decide(browser, doubt.review, "approve")
    doubt.review.refresh_from_db()
    assert (doubt.review.status, doubt.review.decided_by) == ("approved", artist)
    assert "is approved already" in decide(browser, doubt.review, "reject", reason="no").content.decode()
    doubt.review.refresh_from_db()
    assert doubt.review.status == "approved"


def test_a_rejection_needs_a_reason_and_holds_the_orders(browser: Client, doubt: Doubt) -> None:
    with nothing_changes():
        answer = browser.post(reverse("admin:uploads_artreview_decide", args=[doubt.review.pk, "reject"]))
        assert answer.status_code == 302
        browser.session.flush()
    browser.force_login(UserFactory(role=roles.ART))
    decide(browser, doubt.review, "reject", reason="Parts of the shirt are still there.")
    doubt.order.refresh_from_db()
    assert doubt.order.hold_reason == "art_rejected"
    assert OutboxMail.objects.filter(order=doubt.order, kind="order_hold").exists()
    event = OrderEvent.objects.get(order=doubt.order, kind="order.held")
    assert event.note == "Parts of the shirt are still there."


def test_a_picture_of_our_own_takes_its_place_and_the_pack_is_built_from_it(
    browser: Client, doubt: Doubt
) -> None:
    old_sha = doubt.pack.sha256
    decide(browser, doubt.review, "reject", reason="Frayed.")
    fresh = ArtReview.objects.create(
        asset=AssetFactory(kind="transparent"), replaces_id=doubt.review.asset_id
    )
    file = SimpleUploadedFile("better.png", picture_png(900, 900), "image/png")
    page = decide(browser, fresh, "replace", file=file).content.decode()
    assert "1 line of orders changed" in page
    artwork = doubt.order.lines.get().artworks.get()
    assert artwork.asset.original_name == "better.png"
    assert replacements_of([str(doubt.review.asset_id)]) == {
        str(doubt.review.asset_id): str(artwork.asset_id)
    }
    doubt.order.refresh_from_db()
    assert doubt.order.hold_reason == ""
    assert OrderEvent.objects.filter(order=doubt.order, kind="line.art_exchanged").count() == 1
    builder.build(str(doubt.pack.pk))
    doubt.pack.refresh_from_db()
    assert doubt.pack.status == "done", doubt.pack.error_message
    assert doubt.pack.sha256 != old_sha


def test_what_is_no_picture_replaces_nothing(browser: Client, doubt: Doubt) -> None:
    file = SimpleUploadedFile("better.png", b"not a picture", "image/png")
    assert "Invalid file type" in decide(browser, doubt.review, "replace", file=file).content.decode()
    assert "Choose a file" in decide(browser, doubt.review, "replace").content.decode()
    doubt.review.refresh_from_db()
    assert doubt.review.status == "pending"


def test_it_is_cut_out_again_by_whom_staff_want(browser: Client) -> None:
    job = JobFactory(status="done")
    review = cut_out(job)
    assert "is no background remover" in decide(browser, review, "rerun", arm="magic").content.decode()
    decide(browser, review, "rerun", arm="removebg")
    review.refresh_from_db()
    again = Job.objects.get(review=review)
    assert (review.status, again.wanted_arm, again.source) == ("rerunning", "removebg", job.source)
    assert again.status == "queued"


def test_it_is_cut_out_again_from_the_part_that_staff_have_marked(browser: Client) -> None:
    source = AssetFactory(
        owner_type=Asset.OwnerType.SHIRT_UPLOAD, data=picture_png(400, 300), width_px=400, height_px=300
    )
    review = cut_out(JobFactory(status="done", source=source))
    assert "do-mark" in browser.get(f"{QUEUE}{review.pk}/").content.decode()
    part = {"left": "12.5", "top": "10", "right": "75.3", "bottom": "100"}
    decide(browser, review, "rerun", arm="self_hosted", **part)
    assert Job.objects.get(review=review).within == [50, 30, 301, 300]


@pytest.mark.parametrize(
    "part",
    [
        {"left": "10"},
        {"left": "a", "top": "0", "right": "50", "bottom": "50"},
        {"left": "nan", "top": "0", "right": "50", "bottom": "50"},
        {"left": "-1", "top": "0", "right": "50", "bottom": "50"},
        {"left": "0", "top": "0", "right": "50", "bottom": "101"},
        {"left": "50", "top": "0", "right": "10", "bottom": "50"},
        {"left": "0", "top": "0", "right": "7.7", "bottom": "50"},  # 31 of 400 px
    ],
)
def test_what_is_no_part_of_the_photo_is_refused(browser: Client, part: dict[str, str]) -> None:
    source = AssetFactory(
        owner_type=Asset.OwnerType.SHIRT_UPLOAD, data=picture_png(400, 300), width_px=400, height_px=300
    )
    review = cut_out(JobFactory(status="done", source=source))
    assert "Mark " in decide(browser, review, "rerun", arm="self_hosted", **part).content.decode()
    review.refresh_from_db()
    assert (review.status, Job.objects.filter(review=review).count()) == ("pending", 0)


def test_a_picture_whose_cutting_out_again_fails_comes_back_with_the_reason(browser: Client) -> None:
    review = cut_out(JobFactory(status="done"))
    decide(browser, review, "rerun", arm="self_hosted")
    ring_lost_work()
    assert status_of(review) == "rerunning"  # its job waits
    again = Job.objects.get(review=review)
    assert Job.claim(again.pk) is not None
    ring_lost_work()
    assert status_of(review) == "rerunning"  # its job is under way
    Job.objects.filter(pk=again.pk).update(
        status="failed", error_message="No artwork was found in the picture.", completed_at=timezone.now()
    )
    ring_lost_work()
    assert status_of(review) == "pending"
    assert "No artwork was found" in browser.get(f"{QUEUE}{review.pk}/").content.decode()


def test_a_picture_comes_back_when_its_new_version_is_rejected(browser: Client) -> None:
    review = cut_out(JobFactory(status="done"))
    decide(browser, review, "rerun", arm="self_hosted")
    again = Job.objects.get(review=review)
    Job.objects.filter(pk=again.pk).update(status="done", completed_at=timezone.now())
    fresh = cut_out(again, replaces_id=review.asset_id)
    ring_lost_work()
    assert status_of(review) == "rerunning"  # staff have not seen the new version yet
    decide(browser, fresh, "reject", reason="Worse.")
    ring_lost_work()
    assert (status_of(review), status_of(fresh)) == ("pending", "rejected")


@pytest.mark.parametrize("role", [None, roles.CUSTOMER, roles.SUPPORT, roles.PRINTER])
def test_others_decide_nothing(role: str | None) -> None:
    review = ArtReview.objects.create(asset=AssetFactory(kind="transparent"))
    client = Client()
    if role:
        client.force_login(UserFactory(role=role))
    with nothing_changes():
        for verb in ("approve", "reject", "rerun", "replace"):
            address = reverse("admin:uploads_artreview_decide", args=[review.pk, verb])
            answer = client.post(address, {"reason": "mine", "arm": "removebg"})
            assert answer.status_code == (302 if role in (None, roles.CUSTOMER) else 403)
    assert Asset.objects.count() == 1
