"""What staff do all day, done with a mouse and a keyboard: every step leaves a picture in out/screens/."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice
from playwright.sync_api import Page, expect

from accounts.models import User
from demo.storefront import Storefront
from orders.models import Order, OrderEvent, OutboxMail, ProductionPack, Refund
from pricing.models import DiscountCode, PriceBook
from pricing.services.books import book_draft
from tests.browser import scene
from tests.factories import UserFactory
from tests.factories.accounts import PASSWORD
from uploads.cutout import pipeline
from uploads.cutout.rollout import rollout_percent
from uploads.models import ArtReview, Job

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]
Shot = Callable[..., None]
Build = Callable[[Order], list[ProductionPack]]


@pytest.fixture
def owner() -> User:
    return UserFactory(owner=True, email="dana@example.com", name="Dana Reyes")


@pytest.fixture
def order(guest: Storefront, paid_order: Callable[..., Order], built: Build) -> Order:
    return scene.one_order(guest, paid_order, built, 3, 2)


def log_in(page: Page, user: User) -> None:
    page.goto("/admin/")
    page.locator("#id_username").fill(user.email)
    page.locator("#id_password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: urlsplit(url).path == "/admin/")


def code_of(user: User) -> str:
    """What the authenticator app shows now. Codes work once, so the last one is forgotten."""
    device = TOTPDevice.objects.get(user=user)
    TOTPDevice.objects.filter(pk=device.pk).update(last_t=-1)
    return f"{TOTP(device.bin_key).token():06d}"


def enrol(page: Page, user: User, shot: Shot | None = None) -> None:
    """Sets the second factor up on the page that is open."""
    expect(page.locator("svg").first).to_be_visible()
    if shot:
        shot("two-factor")
    page.locator("input[name=code]").fill(code_of(user))
    page.keyboard.press("Enter")
    expect(page.locator("li code")).to_have_count(10)


def test_the_day_begins(
    page: Page, shot: Shot, owner: User, order: Order, guest: Storefront, paid_order: Any, built: Build
) -> None:
    line = order.lines.get(number=1)
    other = order.lines.get(number=2)
    scene.fortnight((line.front_mockup_name, other.front_mockup_name or line.front_mockup_name))
    scene.held(scene.one_order(guest, paid_order, built, 1))
    page.goto("/admin/")
    expect(page.locator("#id_username")).to_be_visible()
    shot("login")
    log_in(page, owner)
    expect(page.get_by_text("Revenue today")).to_be_visible()
    assert page.locator("svg.st-chart rect").count() >= 28
    shot("dashboard", full=True)
    page.goto("/admin/orders/order/")
    expect(page.get_by_text(order.number)).to_be_visible()
    shot("orders")
    page.goto(f"/admin/orders/order/?q={order.number[:12].lower()}")
    expect(page.locator("#result_list tbody tr")).not_to_have_count(0)
    page.goto("/admin/orders/order/?q=Hopper")
    expect(page.get_by_text("grace@example.com").first).to_be_visible()


def test_an_order_is_looked_at_held_released_and_shipped(
    page: Page, shot: Shot, owner: User, order: Order
) -> None:
    log_in(page, owner)
    page.goto(f"/admin/orders/order/{order.pk}/change/")
    expect(page.get_by_text("What happened")).to_be_visible()
    page.get_by_role("button", name="Put on hold").click()
    page.locator("#hold-note").fill("The blanks have a flaw.")
    shot("order-hold")
    page.locator("#do-hold").get_by_role("button", name="Put on hold").click()
    expect(page.get_by_text("The order is on hold").first).to_be_visible()
    page.get_by_role("button", name="Release the hold").click()
    page.locator("#release-note").fill("New blanks came in.")
    page.locator("#do-release").get_by_role("button", name="Release the hold").click()
    expect(page.get_by_text("The hold is over.")).to_be_visible()
    page.get_by_role("button", name="Start production").click()
    page.locator("#do-start").get_by_role("button", name="Start production").click()
    expect(page.get_by_text("The order is in production.")).to_be_visible()
    page.locator("[popovertarget=do-ship]").first.click()
    page.locator("#ship-tracking_number").fill("9400111899223817463852")
    page.locator("#ship-carrier").fill("USPS")
    shot("order-ship")
    page.locator("#do-ship").get_by_role("button", name="Ship").click()
    expect(page.get_by_text("The order is shipped.")).to_be_visible()
    shot("order", full=True)
    order.refresh_from_db()
    assert (order.production_status, order.tracking_number) == ("shipped", "9400111899223817463852")
    actors = OrderEvent.objects.filter(order=order, kind="order.shipped").values_list("actor", flat=True)
    assert list(actors) == [f"staff:{owner.pk}"]
    assert OutboxMail.objects.filter(order=order, kind="order_shipped").exists()


def test_a_refund_asks_for_the_second_factor(page: Page, shot: Shot, owner: User, order: Order) -> None:
    log_in(page, owner)
    page.goto(f"/admin/orders/order/{order.pk}/change/")
    page.locator("#order").get_by_role("link", name="Refund").click()
    enrol(page, owner, shot)
    page.goto(f"/admin/orders/order/{order.pk}/refund/")
    page.locator("input[name=line_1]").fill("1")
    shot("refund")
    page.get_by_role("button", name="Refund").click()
    expect(page.get_by_text("is on its way back")).to_be_visible()
    refund = Refund.objects.get()
    assert (str(refund.amount), refund.actor) == ("12.98", f"staff:{owner.pk}")


def test_art_is_marked_cut_out_again_and_approved_by_one_key(
    page: Page, shot: Shot, owner: User, settings: Any, guest: Any
) -> None:
    settings.CUTOUT_MIN_SCORE = 1.01  # whatever comes out, a person looks at it
    review = scene.doubtful_cutout(pipeline.run)
    log_in(page, owner)
    page.goto("/admin/uploads/artreview/queue/")
    expect(page.get_by_text("IMG_2041")).to_be_visible()
    page.locator("[data-ground='#18181b']").click()
    shot("art-queue", full=True)
    page.keyboard.press("r")
    expect(page.locator("#do-reject")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("m")
    photo = page.locator("#do-mark [data-part]")
    frame = photo.bounding_box()
    assert frame is not None
    page.mouse.move(frame["x"] + 0.78 * frame["width"], frame["y"] + 0.71 * frame["height"])
    page.mouse.down()
    page.mouse.move(frame["x"] + 0.22 * frame["width"], frame["y"] + 0.28 * frame["height"], steps=4)
    page.mouse.up()
    page.mouse.move(frame["x"] + 5, frame["y"] + 5)  # let go of, so the box stays
    sides = [
        float(page.locator(f"#part-{side}").input_value()) for side in ("left", "top", "right", "bottom")
    ]
    assert sides == pytest.approx([22, 28, 78, 71], abs=0.4)
    shot("art-mark")
    page.locator("#do-mark").get_by_role("button", name="Cut out with our own rembg").click()
    expect(page.get_by_text("is being cut out again")).to_be_visible()
    again = Job.objects.get(review=review)
    pipeline.run(str(again.pk))
    page.goto("/admin/uploads/artreview/queue/")
    expect(page.get_by_text("a new version")).to_be_visible()
    page.keyboard.press("a")
    expect(page.get_by_text("Nothing is waiting")).to_be_visible()
    shot("art-empty")
    review.refresh_from_db()
    fresh = ArtReview.objects.select_related("asset").get(asset__job=again)
    assert (review.status, fresh.status, fresh.decided_by) == ("replaced", "approved", owner)
    left, top, right, bottom = fresh.asset.metadata["source_box_px"]
    marked = again.within
    assert marked[0] <= left < right <= marked[2] and marked[1] <= top < bottom <= marked[3]


def test_a_price_book_is_previewed_and_published(
    page: Page, shot: Shot, owner: User, catalogue: None
) -> None:
    draft = book_draft("storefront")
    PriceBook.objects.filter(pk=draft.pk).update(rules={**draft.rules, "second_side": "4.00"})
    log_in(page, owner)
    page.goto("/admin/pricing/pricebook/")
    shot("price-books")
    page.goto(f"/admin/pricing/pricebook/{draft.pk}/preview/")
    shot("price-book-preview")
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("is in force")).to_be_visible()
    draft.refresh_from_db()
    assert draft.status == PriceBook.Status.PUBLISHED


def test_a_code_is_made_a_switch_is_turned_and_a_webhook_applied_again(
    page: Page, shot: Shot, owner: User
) -> None:
    event, _ = scene.inbox()
    log_in(page, owner)
    page.goto("/admin/pricing/discountcode/add/")
    page.locator("#id_code").fill("autumn10")
    page.locator("#id_kind").select_option("percent")
    page.locator("#id_value").fill("10")
    page.locator("#id_budget").fill("500")
    shot("discount-add")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("AUTUMN10").first).to_be_visible()
    page.goto("/admin/pricing/discountcode/")
    shot("discounts")
    page.goto("/admin/common/featureswitch/add/")
    page.locator("#id_name").select_option("self_hosted_rollout")
    page.locator("#id_percent").fill("100")
    page.get_by_role("button", name="Save", exact=True).click()
    page.locator("#id_form-0-percent").fill("25")
    shot("switches")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#id_form-0-percent")).to_have_value("25")
    assert rollout_percent() == 25
    page.goto("/admin/orders/stripeevent/")
    page.locator(f"input[name=_selected_action][value='{event.pk}']").check()
    page.locator("select[name=action]").select_option("replay")
    shot("webhooks")
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_text("1 queued.")).to_be_visible()
    event.refresh_from_db()
    assert (DiscountCode.objects.get().value, event.attempts) == (10, 0)


def test_a_printer_sees_a_work_list_and_no_customers(page: Page, shot: Shot, order: Order) -> None:
    printer = UserFactory(role=User.Role.PRINTER, name="Ink & Press")
    log_in(page, printer)
    expect(page.get_by_text("Your packs")).to_be_visible()
    shot("printer")
    assert order.customer_email not in page.content()
