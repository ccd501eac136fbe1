"""What the database knows of the business, as figures for Prometheus: queues, workers, jobs, cut-outs, orders, money.

Windows of a day, each read through an index on a time, so that the cost does not grow with the age of the shop.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Avg, Count, FloatField, Sum
from django.db.models.fields.json import KT
from django.db.models.functions import Cast
from django.utils import timezone

from ops.costs import REMOVEBG_IMAGE
from ops.probes import work_facts
from orders.models import Order, ProductionPack
from uploads.models import Asset, Job

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Figure:
    name: str
    help: str
    value: float
    labels: dict[str, str] = field(default_factory=dict)


def figures(now: datetime | None = None) -> list[Figure]:
    now = now or timezone.now()
    return [*_work(now), *_jobs(now), *_cutouts(now), *_orders(now)]


def _work(now: datetime) -> Iterator[Figure]:
    facts = work_facts(now)
    for name, queue in facts.queues.items():
        work = {"work": name}
        yield Figure("stolentee_queue_waiting", "Rows that are due and wait.", queue.waiting, work)
        yield Figure("stolentee_queue_running", "Rows being worked on.", queue.running, work)
        yield Figure(
            "stolentee_queue_oldest_seconds", "Age of the oldest waiting row.", queue.oldest_waiting_s, work
        )
        yield Figure(
            "stolentee_queue_running_seconds", "Age of the oldest running row.", queue.oldest_running_s, work
        )
    yield Figure("stolentee_workers_alive", "Workers with a recent sign of life.", facts.workers_alive)
    yield Figure(
        "stolentee_model_warm", "Whether a worker has the cut-out's network loaded.", float(facts.model_warm)
    )


def _jobs(now: datetime) -> Iterator[Figure]:
    counts = Job.objects.filter(created_at__gte=now - DAY).order_by().values("status").annotate(n=Count("pk"))
    found = {row["status"]: row["n"] for row in counts}
    for status in Job.Status.values:
        yield Figure("stolentee_jobs_day", "Jobs of the last day.", found.get(status, 0), {"status": status})


def _cutouts(now: datetime) -> Iterator[Figure]:
    """By backend and route. Quality is the scoring's confidence; remove.bg alone costs money by the piece."""
    rows = (
        Asset.objects.filter(kind=Asset.Kind.TRANSPARENT, created_at__gte=now - DAY)
        .order_by()
        .values(method=KT("metadata__method"), backend=KT("metadata__backend"))
        .annotate(
            n=Count("pk"),
            quality=Avg(Cast(KT("metadata__confidence"), FloatField())),
            seconds=Avg(Cast(KT("metadata__seconds"), FloatField())),
        )
    )
    for row in rows:
        backend = {"backend": row["backend"] or "rembg", "method": row["method"] or "unknown"}
        paid = row["n"] if "removebg" in backend["backend"] else 0
        yield Figure("stolentee_cutouts_day", "Cut-outs of the last day.", row["n"], backend)
        yield Figure(
            "stolentee_cutout_quality", "Their mean confidence, 0 to 1.", row["quality"] or 0, backend
        )
        yield Figure("stolentee_cutout_seconds", "Their mean duration.", row["seconds"] or 0, backend)
        yield Figure(
            "stolentee_cutout_cost_dollars_day", "What they cost.", float(paid * REMOVEBG_IMAGE), backend
        )


def _orders(now: datetime) -> Iterator[Figure]:
    counts = (
        Order.objects.filter(created_at__gte=now - DAY)
        .order_by()
        .values("payment_status")
        .annotate(n=Count("pk"))
    )
    found = {row["payment_status"]: row["n"] for row in counts}
    for status in Order.PaymentStatus.values:
        yield Figure(
            "stolentee_orders_day",
            "Orders of the last day.",
            found.get(status, 0),
            {"payment_status": status},
        )
    revenue = Order.objects.filter(paid_at__gte=now - DAY).aggregate(total=Sum("total"))["total"]
    yield Figure("stolentee_revenue_dollars_day", "Paid in the last day.", float(revenue or 0))
    held = Order.objects.exclude(hold_reason="").count()
    yield Figure("stolentee_orders_held", "Orders that wait for staff.", held)
    failed = ProductionPack.objects.filter(
        status=ProductionPack.Status.FAILED, completed_at__gte=now - DAY
    ).count()
    yield Figure("stolentee_packs_failed_day", "Packs that could not be built.", failed)
