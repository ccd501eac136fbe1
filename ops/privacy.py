"""A customer's own data as one zip, and the forgetting of a customer.

Forgetting keeps what the law wants kept: that an order was paid, its amounts, its tax and the region that the tax was
for. Whoever placed it, where he lives, what he uploaded and what was drawn from it goes.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import structlog
from auditlog.models import LogEntry as AuditEntry
from django.apps import apps
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.sessions.models import Session
from django.core.files.storage import Storage
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction
from django.db.models.functions import Cast
from django.utils import timezone
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import AccountMail, User
from common.errors import Conflict
from common.storage import private_storage, public_storage, random_name, read_chunks
from designs.models import Mockup
from ops.personal_data import Customer, customer_of
from orders import lifecycle
from orders.models import (
    GangSheet,
    Order,
    OrderEvent,
    OrderLine,
    ProductionPack,
    StaffAlert,
    StripeEvent,
    TestEvent,
)
from uploads.models import Asset, Intermediate, Job, PhotoDisclosure

log = structlog.get_logger(__name__)

# Columns that are keys to something: no copy of a customer's data needs them.
_SECRETS = frozenset(
    {
        "password", "token_version", "secret", "lease_token", "client_secret", "idempotency_key", "access_nonce",
        "access_hash", "open_basket_key", "request_fingerprint", "link_sha256", "content_key",
    }
)  # fmt: skip
_OURS = (
    "accounts",
    "products",
    "uploads",
    "designs",
    "pricing",
    "orders",
    "common",
    "ops",
    "admin",
    "auditlog",
)
_GONE = "erased"


def row_of(record: models.Model) -> dict[str, Any]:
    """The columns of a row, without keys and secrets."""
    fields = record._meta.concrete_fields
    return {
        field.attname: field.value_from_object(record) for field in fields if field.attname not in _SECRETS
    }


def export_customer(reference: str, folder: Path | None = None) -> Path:
    """Writes a zip with everything the shop keeps about the customer. Raises NotFound.

    It holds one JSON file per kind and the files as they were sent. The path is unguessable: whoever has the file has
    the customer's data.
    """
    customer = customer_of(reference)
    folder = folder or settings.VAR_DIR / "exports"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / random_name("zip")
    with zipfile.ZipFile(path, "x", zipfile.ZIP_DEFLATED) as archive:
        for name, rows in _kinds(customer).items():
            text = json.dumps(rows, cls=DjangoJSONEncoder, indent=2, ensure_ascii=False)
            archive.writestr(f"{name}.json", text)
        for asset in customer.assets:
            _add_file(archive, f"files/{asset.pk}-{Path(asset.original_name).name}", asset.original_file)
        for pack in customer.packs.select_related("line__order").exclude(file=""):
            _add_file(archive, f"packs/{pack.line.order.number}-{pack.line.number}.zip", pack.file)
    path.chmod(0o600)
    log.info("customer.exported", user_id=str(customer.user.pk) if customer.user else None)
    return path


def _kinds(customer: Customer) -> dict[str, list[dict[str, Any]]]:
    assets, jobs = list(customer.assets), list(customer.jobs)
    orders = list(customer.orders.prefetch_related("lines", "events", "payments", "mails"))
    return {
        "account": [row_of(customer.user)] if customer.user else [],
        "letters": _rows(AccountMail.objects.filter(user=customer.user)) if customer.user else [],
        "orders": [
            row_of(order)
            | {
                name: _rows(getattr(order, name).all())
                for name in ("lines", "events", "payments", "mails", "shipments")
            }
            for order in orders
        ],
        "designs": [
            row_of(design) | {"versions": _rows(design.versions.all())} for design in customer.designs
        ],
        "uploads": _rows(assets),
        "cutouts": _rows(jobs),
        "pictures_that_left_the_server": _rows(
            PhotoDisclosure.objects.filter(asset_id__in=[asset.pk for asset in assets])
        ),
    }


def _rows(records: Iterable[models.Model]) -> list[dict[str, Any]]:
    return [row_of(record) for record in records]


def _add_file(archive: zipfile.ZipFile, name: str, stored: str) -> None:
    try:
        with archive.open(name, "w") as target:
            for chunk in read_chunks(private_storage(), stored):
                target.write(chunk)
    except FileNotFoundError:
        archive.writestr(f"{name}.missing.txt", "The store has no such file.\n")


def erase_customer(reference: str, *, actor: str) -> dict[str, int]:
    """Forgets the customer; returns what of him is still to be found, by column: nothing, or a fault to look into.

    Raises NotFound, and Conflict while an order is paid and not delivered yet. Safe to repeat after an interruption:
    files go after the rows that name them, and what is left of them is orphaned, which the clean-up deletes.
    """
    customer = customer_of(reference)
    words = customer.words()
    _end_open_orders(customer)
    with transaction.atomic():
        doomed = _erase_rows(customer, words, actor)
    for storage, name in doomed:
        storage.delete(name)
    log.info("customer.erased", actor=actor, files=len(doomed))
    return leftovers(words)


def _end_open_orders(customer: Customer) -> None:
    """Unpaid orders end here. What is paid for must have reached the customer first."""
    running = customer.orders.filter(paid_at__isnull=False).exclude(
        production_status__in=[Order.ProductionStatus.DELIVERED, Order.ProductionStatus.CANCELLED]
    )
    numbers = list(running.values_list("number", flat=True))
    if numbers:
        raise Conflict(
            "Orders of this customer are still being made or on their way.",
            code="orders_running",
            extra={"orders": numbers},
        )
    unpaid = customer.orders.filter(paid_at=None, production_status=Order.ProductionStatus.PENDING)
    for pk in list(unpaid.values_list("pk", flat=True)):
        lifecycle.order_expire(pk)


def _erase_rows(customer: Customer, words: set[str], actor: str) -> list[tuple[Storage, str]]:
    """Writes everything that has to go over, in one transaction. Returns the files that have to follow."""
    orders = list(customer.orders.values_list("pk", flat=True))
    assets, jobs, packs = list(customer.assets), list(customer.jobs), list(customer.packs)
    doomed = _files_of(assets, jobs, packs, orders)
    _erase_mockups(assets, doomed)
    customer.designs.delete()
    _erase_orders(orders, packs, actor)
    _erase_events(words)
    Intermediate.objects.filter(job__in=jobs).delete()
    on_orders = set(Asset.objects.filter(order_artworks__isnull=False, pk__in=[a.pk for a in assets]))
    for asset in on_orders:
        _blank(asset)
    Job.objects.filter(pk__in=[job.pk for job in jobs]).update(result={}, user=None, error_message="")
    _delete_what_nothing_holds(assets, on_orders, jobs)
    if customer.user is not None:
        _erase_account(customer.user)
    return doomed


def _files_of(
    assets: list[Asset], jobs: list[Job], packs: list[ProductionPack], orders: list[Any]
) -> list[tuple[Storage, str]]:
    private, public = private_storage(), public_storage()
    found = [(private, asset.original_file) for asset in assets] + [(public, a.public_name) for a in assets]
    for asset in assets:
        found += [(public, derivative.name) for derivative in asset.derivatives.all()]
    for item in Intermediate.objects.filter(job__in=jobs):
        found.append((public if item.is_public else private, item.file))
    found += [(private, pack.file) for pack in packs if pack.file]
    for line in OrderLine.objects.filter(order__in=orders):
        found += [(public, name) for name in (line.front_mockup_name, line.back_mockup_name) if name]
    return found


def _erase_mockups(assets: list[Asset], doomed: list[tuple[Storage, str]]) -> None:
    keys = {str(asset.pk) for asset in assets}
    for mockup in Mockup.objects.all():
        if any(layer.get("asset") in keys for layer in mockup.layers):
            doomed += [(public_storage(), name) for name in (mockup.file_name, mockup.thumbnail_name) if name]
            mockup.delete()


def _erase_orders(orders: list[Any], packs: list[ProductionPack], actor: str) -> None:
    for order in Order.objects.select_for_update().filter(pk__in=orders).order_by("pk"):
        Order.objects.filter(pk=order.pk).update(
            user=None,
            customer_email=f"{order.pk}@erased.invalid",
            customer_name=_GONE,
            customer_phone="",
            customer_notes="",
            internal_notes="",
            shipping_address=_region(order.shipping_address),
            billing_address=_region(order.billing_address),
            tracking_number="",
            access_hash=None,
            idempotency_key=None,
            open_basket_key=None,
            request_fingerprint="",
        )
        for event in order.events.all():
            if event.before or event.after or event.note:
                OrderEvent.objects.filter(pk=event.pk).update(before={}, after={}, note=_GONE)
        OrderEvent.objects.create(order=order, kind="order.erased", actor=actor)
        order.shipments.update(tracking_number="")
    OrderLine.objects.filter(order__in=orders).update(
        customization={}, front_mockup_name="", back_mockup_name=""
    )
    StaffAlert.objects.filter(order__in=orders).update(detail="")
    for pack in packs:
        file = f"{_GONE}/{pack.pk}" if pack.file else ""
        ProductionPack.objects.filter(pk=pack.pk).update(
            file=file, report={}, facts={}, link_sha256=None, link_expires_at=None
        )
        pack.events.update(details={}, note="")
    keys = {str(pack.pk) for pack in packs}
    for sheet in GangSheet.objects.all():
        if keys & set(sheet.prints):
            if sheet.file:
                private_storage().delete(sheet.file)
            sheet.delete()


def _region(address: Any) -> dict[str, str]:
    """What tax was charged for: country and state, and nothing finer."""
    kept = (
        {name: str(address.get(name, "")) for name in ("state", "country")}
        if isinstance(address, dict)
        else {}
    )
    return {"line1": _GONE, "city": "", "postal_code": "", **kept}


def _erase_events(words: set[str]) -> None:
    """What the provider told of the person. That the event came, and its kind, stay."""
    for model in (StripeEvent, TestEvent):
        text = Cast("payload", models.TextField())
        for word in words:
            told = model._default_manager.annotate(text=text).filter(text__icontains=word)
            told.update(payload={"erased": True})


def _blank(asset: Asset) -> None:
    """The row of an artwork that an order line names stays; the picture and its name go."""
    asset.derivatives.all().delete()
    Asset.objects.filter(pk=asset.pk).update(
        owner=None,
        original_name=_GONE,
        original_file=f"{_GONE}/{asset.pk}",
        public_name=f"{_GONE}-{asset.pk}",
        sha256="",
        metadata={},
    )


def _delete_what_nothing_holds(assets: list[Asset], kept: set[Asset], jobs: list[Job]) -> None:
    """Pictures and jobs refer to each other: results first, then jobs, then what they read."""
    rest = [asset for asset in assets if asset not in kept]
    PhotoDisclosure.objects.filter(asset_id__in=[asset.pk for asset in assets]).update(sent_sha256="")
    for asset in (asset for asset in rest if asset.job_id is not None):
        asset.delete()
    kept_jobs = set(Asset.objects.filter(job__in=jobs).values_list("job_id", flat=True))
    kept_jobs |= {job.pk for job in jobs if job.source_id not in {asset.pk for asset in rest}}
    for job in (job for job in jobs if job.pk not in kept_jobs):
        job.delete()
    for asset in (asset for asset in rest if asset.job_id is None):
        if asset.cutout_jobs.exists():
            _blank(asset)
        else:
            asset.delete()


def _erase_account(user: User) -> None:
    AccountMail.objects.filter(user=user).delete()
    for device in (TOTPDevice, StaticDevice):
        device.objects.filter(user=user).delete()
    AuditEntry.objects.filter(object_pk=str(user.pk)).delete()
    LogEntry.objects.filter(object_id=str(user.pk)).update(object_repr=_GONE, change_message="")
    for session in Session.objects.filter(expire_date__gt=timezone.now()):
        if session.get_decoded().get("_auth_user_id") == str(user.pk):
            session.delete()
    user.email = f"{user.pk}@erased.invalid"
    user.name = _GONE
    user.is_active = False
    user.supabase_id = None
    user.email_confirmed_at = None
    user.role = User.Role.CUSTOMER
    user.token_version += 1
    user.set_unusable_password()
    user.save()


def leftovers(words: set[str]) -> dict[str, int]:
    """In how many rows of which column one of these words still stands, anywhere in the shop's tables."""
    found: dict[str, int] = {}
    for model in apps.get_models():
        if model._meta.app_label not in _OURS:
            continue
        for field in model._meta.concrete_fields:
            if isinstance(field, (models.CharField, models.TextField, models.JSONField)):
                count = _count(model, field.attname, words)
                if count:
                    found[f"{model._meta.label}.{field.attname}"] = count
    return found


def _count(model: type[models.Model], column: str, words: set[str]) -> int:
    anywhere = models.Q()
    for word in words:
        anywhere |= models.Q(as_text__icontains=word)
    as_text = Cast(column, models.TextField())
    return model._default_manager.annotate(as_text=as_text).filter(anywhere).count() if words else 0
