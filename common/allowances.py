"""Budgets and quotas of a day, spent by one conditional update, so that two workers cannot both take the last of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from django.db.models import F
from django.db.models.functions import Greatest
from django.utils import timezone

from common.models import DailyAllowance


def today() -> date:
    return timezone.now().astimezone(UTC).date()


def reserve(name: str, amount: Decimal, *, limit: Decimal) -> bool:
    """Takes `amount` of today's allowance, unless that would pass `limit`. True where it was taken."""
    day = today()
    DailyAllowance.objects.get_or_create(name=name, day=day)
    return bool(
        DailyAllowance.objects.filter(name=name, day=day, used__lte=limit - amount).update(
            used=F("used") + amount
        )
    )


def settle(name: str, *, reserved: Decimal, spent: Decimal) -> None:
    """Puts the true amount in the place of a reservation: gives back what was not spent, adds what was more."""
    if reserved != spent:
        DailyAllowance.objects.filter(name=name, day=today()).update(
            used=Greatest(F("used") + (spent - reserved), Decimal(0))
        )


def used(name: str) -> Decimal:
    """What today has used of it so far."""
    row = DailyAllowance.objects.filter(name=name, day=today()).first()
    return row.used if row else Decimal(0)


def seconds_until_renewal() -> int:
    """Until the next day begins in UTC: what Retry-After says of a quota that is used up."""
    now = timezone.now().astimezone(UTC)
    midnight = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), tzinfo=UTC)
    return max(1, int((midnight - now).total_seconds()))
