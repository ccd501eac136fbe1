"""A fortnight of a small shop, so that its pages have something to show: the same every time."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone
from PIL import Image

from common.models import LedgerEntry
from demo.shirt_photo import artwork, shirt_photo
from demo.storefront import Json, Storefront
from orders import lifecycle
from orders.models import Order, OrderLine, ProductionPack, StripeEvent
from orders.production import desk
from tests.contracts.baskets import placed
from tests.factories import OrderFactory
from uploads.models import ArtReview, Asset, Job
from uploads.services import PHOTO_REFUSAL, PHOTO_TYPES, asset_create

PEOPLE = (
    ("Grace Hopper", "grace@example.com"),
    ("Alan Turing", "alan@example.com"),
    ("Katherine Johnson", "katherine@example.com"),
    ("Hedy Lamarr", "hedy@example.com"),
    ("Jürgen Müller", "juergen@example.com"),
)
# Well inside the print area: 5 inches wide on the chest.
CHEST = {"x": 223, "y": 150, "scaleX": 0.3, "scaleY": 0.3, "rotation": 0}
# Orders of each of the last days, the oldest first.
_ORDERS = (3, 5, 4, 6, 2, 3, 5, 7, 6, 4, 8, 5, 6)
_QUALITY = (0.71, 0.74, 0.78, 0.7, 0.81, 0.83, 0.8, 0.86, 0.84, 0.88, 0.85, 0.9, 0.89)


def png(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def crest(guest: Storefront) -> Json:
    """An artwork with colours, edges and holes, large enough to print."""
    return guest.upload_file("summit-crest.png", png(artwork(1400)), "image/png")


def one_order(
    guest: Storefront,
    paid_order: Callable[..., Order],
    built: Callable[[Order], list[ProductionPack]],
    *quantities: int,
) -> Order:
    """A paid order with the crest on its first line, and its packs."""
    order = paid_order(*quantities, front=[placed(crest(guest), CHEST)])
    built(order)
    order.refresh_from_db()
    return order


def fortnight(colour_pictures: tuple[str, str]) -> None:
    """Past orders, cut-outs and costs for the charts and the list; `colour_pictures` are mock-ups to show again."""
    now = timezone.now()
    for place, (orders, quality) in enumerate(zip(_ORDERS, _QUALITY, strict=True)):
        day = now - timedelta(days=len(_ORDERS) - place)
        for index in range(orders):
            _past_order(day - timedelta(minutes=index), place + index, colour_pictures)
        _past_cost(day, orders)
        _past_cutout(day, place, quality)


def _past_order(at: Any, seed: int, pictures: tuple[str, str]) -> None:
    name, email = PEOPLE[seed % len(PEOPLE)]
    subtotal = Decimal("12.98") * (1 + seed % 4)
    order = OrderFactory(
        paid=True,
        customer_name=name,
        customer_email=email,
        subtotal=subtotal,
        tracking_number=f"9400{seed:012d}",
    )
    Order.objects.filter(pk=order.pk).update(
        created_at=at,
        paid_at=at,
        shipped_at=at + timedelta(days=2),
        production_status="delivered" if seed % 3 else "shipped",
    )
    template = OrderLine.objects.exclude(front_mockup_name="").first()
    if template is not None:
        template.pk, template._state.adding = None, True
        template.id = OrderLine._meta.get_field("id").get_default()
        template.order, template.number, template.quantity = order, 1, 1 + seed % 4
        template.unit_price, template.total_price = Decimal("12.98"), subtotal
        template.production_status = "delivered"
        template.front_mockup_name = pictures[seed % 2]
        template.save(force_insert=True)


def _past_cost(at: Any, pictures: int) -> None:
    for _ in range(pictures):
        row = LedgerEntry.objects.create(
            provider="local",
            operation="cutout",
            units=Decimal("1.2"),
            unit="cpu_s",
            cost_usd=Decimal("0.00002"),
            baseline_usd=Decimal("0.20"),
            outcome=LedgerEntry.Outcome.OK,
        )
        LedgerEntry.objects.filter(pk=row.pk).update(created_at=at)


def _past_cutout(at: Any, place: int, quality: float) -> None:
    asset = Asset.objects.create(
        kind=Asset.Kind.TRANSPARENT,
        owner_type=Asset.OwnerType.JOB,
        original_file=f"cutouts/past-{place}.png",
        public_name=f"past-{place}.png",
        file_type="image/png",
        public_file_type="image/png",
        file_size=1000,
        original_name="past.png",
        sha256="0" * 64,
        width_px=1000,
        height_px=1000,
        metadata={"confidence": quality},
    )
    Asset.objects.filter(pk=asset.pk).update(created_at=at)


def inbox() -> tuple[StripeEvent, StripeEvent]:
    """Two webhooks: one that could not be applied, and one that was."""
    kinds = {"failed": ("payment_intent.succeeded", 8, "internal_error"), "done": ("charge.refunded", 1, "")}
    failed, done = (
        StripeEvent.objects.create(
            event_id=f"evt_{status}", type=kind, payload={}, status=status, attempts=attempts, error_code=code
        )
        for status, (kind, attempts, code) in kinds.items()
    )
    return failed, done


def held(order: Order) -> Order:
    desk.order_put_on_hold(
        order, actor="system", note="The customer asked to wait for the other half of the team."
    )
    order.refresh_from_db()
    return order


def shipped(order: Order) -> Order:
    for status in ("in_production", "shipped"):
        lifecycle.order_change_production(
            order.pk, status, actor="printer", tracking_number="1Z999AA10123456784", carrier="UPS"
        )
    order.refresh_from_db()
    return order


def doubtful_cutout(run: Callable[[str], None]) -> ArtReview:
    """A cut-out of a photo of a shirt, made by the real pipeline, that waits for a person."""
    photo, _ = shirt_photo()
    file = io.BytesIO()
    photo.save(file, "JPEG", quality=92)
    source = asset_create(
        file.getvalue(),
        original_name="IMG_2041.jpg",
        owner=None,
        owner_type=Asset.OwnerType.SHIRT_UPLOAD,
        allowed_types=PHOTO_TYPES,
        refusal=PHOTO_REFUSAL,
    )
    job = Job.objects.create(source=source)
    run(str(job.pk))
    job.refresh_from_db()
    assert job.status == Job.Status.DONE, job.error_message
    return ArtReview.objects.get(asset__job=job)
