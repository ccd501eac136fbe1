"""Rules that must hold for the rows of a living shop, whatever code wrote them: `manage.py check_invariants`.

Several are constraints of the database, too. They are asked again here, because a restore, a manual repair or another
database may have gone around them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from common.storage import private_storage, public_storage
from common.work import WorkItem
from ops.sweepers import QUEUES_OF_RECORD
from orders.models import Order, OrderLine, Payment, ProductionPack
from pricing.models import GiftCard, GiftCardEntry
from uploads.models import Asset, Job

NAMED = 5  # how many rows a violation names
SAMPLE = 200  # how many files are looked for
_HALF_CENT = Decimal("0.005")
_ABANDONED_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that some rows break: how many, and the first of them by id."""

    rule: str
    count: int
    rows: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.rule}: {self.count} ({', '.join(self.rows)})"


def violations(*, sample: int = SAMPLE) -> list[Violation]:
    """Every broken rule. `sample` files of each kind, the newest, are looked for in the store."""
    found = []
    for rule, query in RULES.items():
        rows = query()
        count = rows.count()
        if count:
            found.append(Violation(rule, count, tuple(map(str, rows.values_list("pk", flat=True)[:NAMED]))))
    return found + list(_files(sample))


def _orders_that_do_not_add_up() -> QuerySet[Any]:
    parts = F("subtotal") + F("shipping") + F("tax") - F("discount") - F("gift_card")
    return Order.objects.exclude(total__gt=parts - _HALF_CENT, total__lt=parts + _HALF_CENT)


def _orders_whose_lines_differ() -> QuerySet[Any]:
    lines = OrderLine.objects.filter(order=OuterRef("pk")).order_by().values("order")
    orders = Order.objects.annotate(of_lines=Subquery(lines.annotate(sum=Sum("total_price")).values("sum")))
    return orders.filter(
        Q(of_lines__lte=F("subtotal") - _HALF_CENT) | Q(of_lines__gte=F("subtotal") + _HALF_CENT)
    )


def _paid_without_payment() -> QuerySet[Any]:
    """A total of nothing is paid by a gift card or a code, without a payment."""
    paid = Order.objects.filter(paid_at__isnull=False, total__gt=0)
    succeeded = Payment.objects.filter(order=OuterRef("pk"), status=Payment.Status.SUCCEEDED)
    return paid.filter(~Exists(succeeded))


def _money_without_paid_order() -> QuerySet[Any]:
    """Money that the shop did not expect puts the order on hold."""
    return Payment.objects.filter(
        status=Payment.Status.SUCCEEDED, order__paid_at__isnull=True, order__hold_reason=""
    )


def _packs_without_money() -> QuerySet[Any]:
    return ProductionPack.objects.filter(line__order__paid_at__isnull=True)


def _jobs_without_result() -> QuerySet[Any]:
    results = Asset.objects.filter(job=OuterRef("pk"), kind=Asset.Kind.TRANSPARENT)
    return Job.objects.filter(status=Job.Status.DONE).filter(~Exists(results))


def _gift_cards_that_do_not_add_up() -> QuerySet[Any]:
    entries = GiftCardEntry.objects.filter(card=OuterRef("pk")).order_by().values("card")
    sums = Coalesce(Subquery(entries.annotate(sum=Sum("amount")).values("sum")), Decimal(0))
    return GiftCard.objects.annotate(of_entries=sums).filter(
        Q(of_entries__lte=F("balance") - _HALF_CENT) | Q(of_entries__gte=F("balance") + _HALF_CENT)
    )


def _refunds_above_payment() -> QuerySet[Any]:
    """Empty in a shop that does not refund."""
    models = {model.__name__: model for model in apps.get_app_config("orders").get_models()}
    refund = models.get("Refund")
    if refund is None:
        return Payment.objects.none()
    given = refund._default_manager.filter(payment=OuterRef("pk")).exclude(state__in=["failed", "canceled"])
    sums = given.order_by().values("payment").annotate(sum=Sum("amount")).values("sum")
    return Payment.objects.annotate(given_back=Subquery(sums)).filter(
        given_back__gte=F("amount") + _HALF_CENT
    )


def _abandoned(model: type[WorkItem]) -> Callable[[], QuerySet[Any]]:
    def query() -> QuerySet[Any]:
        silent = timezone.now() - _ABANDONED_AFTER
        return model._default_manager.filter(status=WorkItem.Status.RUNNING, lease_expires_at__lt=silent)

    return query


RULES: dict[str, Callable[[], QuerySet[Any]]] = {
    "an order's parts add up to its total": _orders_that_do_not_add_up,
    "an order's lines add up to its subtotal": _orders_whose_lines_differ,
    "a paid order has a payment that succeeded": _paid_without_payment,
    "a payment that succeeded has a paid or a held order": _money_without_paid_order,
    "a pack belongs to a paid order": _packs_without_money,
    "a finished job has its cut-out": _jobs_without_result,
    "a gift card holds what its entries add up to": _gift_cards_that_do_not_add_up,
    "no more is refunded than was paid": _refunds_above_payment,
    **{
        f"no {model.__name__} has been abandoned for an hour": _abandoned(model) for model in QUEUES_OF_RECORD
    },
}


def _files(sample: int) -> Iterable[Violation]:
    """Rows whose files are gone, among the newest of each kind."""
    newest = Asset.objects.order_by("-created_at")[:sample]
    gone = [
        asset
        for asset in newest
        if not private_storage().exists(asset.original_file) or not public_storage().exists(asset.public_name)
    ]
    yield from _violation("an asset's files are in the store", gone)
    packs = ProductionPack.objects.filter(status=ProductionPack.Status.DONE).order_by("-created_at")[:sample]
    yield from _violation(
        "a finished pack is in the store", [pack for pack in packs if not private_storage().exists(pack.file)]
    )


def _violation(rule: str, rows: list[Any]) -> Iterable[Violation]:
    if rows:
        yield Violation(rule, len(rows), tuple(str(row.pk) for row in rows[:NAMED]))
