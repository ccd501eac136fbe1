"""What the shop has really used in the last thirty days, in the cost model's terms."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from django.db import connection
from django.db.models import Sum

from accounts.models import User
from ops.costs import Usage
from orders.models import Order
from uploads.models import Asset, Job

MONTH = timedelta(days=30)
_GB = Decimal(10**9)


def month_usage(now: datetime) -> Usage:
    """Orders paid and photos cut out since thirty days ago; storage and database as they are.

    Redis bills its commands itself and is left out: the switches whose savings are computed do not touch it.
    """
    since = now - MONTH
    orders = Order.objects.filter(paid_at__gte=since)
    count = orders.count()
    revenue = orders.aggregate(total=Sum("total"))["total"] or Decimal(0)
    stored_bytes = Asset.objects.aggregate(total=Sum("file_size"))["total"] or 0
    return Usage(
        users=User.objects.filter(is_active=True).count(),
        orders=count,
        images=Job.objects.filter(created_at__gte=since, status=Job.Status.DONE).count(),
        storage_gb=Decimal(stored_bytes) / _GB,
        database_gb=Decimal(_database_bytes()) / _GB,
        redis_commands=0,
        order_value=revenue / count if count else Decimal(0),
    )


def _database_bytes() -> int:
    statement = (
        "SELECT pg_database_size(current_database())"
        if connection.vendor == "postgresql"
        else "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return int(cursor.fetchone()[0])
