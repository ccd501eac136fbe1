"""The key figures that the shop's own rows tell: uptime, the time of its jobs, what a user costs."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Avg, Count, DurationField, ExpressionWrapper, F, Max, Min, Q

from ops.costs import CostLine, Plan, Usage, month, total
from ops.kpis import Kpi, Measured
from ops.models import HealthSample
from ops.month_usage import month_usage
from uploads.models import Job

WINDOW = timedelta(days=30)


def stored_figures(now: datetime, plan: Plan) -> dict[Kpi, Measured]:
    """Figures of the last thirty days."""
    return {
        Kpi.UPTIME_PERCENT: uptime(now),
        Kpi.JOB_S: job_seconds(now),
        Kpi.COST_PER_USER: cost_per_user(month_usage(now), plan),
    }


def uptime(now: datetime) -> Measured:
    """Good minutes among all since the first sample of the window; a minute without a sample is a bad one."""
    samples = HealthSample.objects.filter(at__gte=now - WINDOW, at__lte=now)
    found = samples.aggregate(
        first=Min("at"), good=Count("pk", filter=~Q(status=HealthSample.Status.UNHEALTHY))
    )
    if found["first"] is None:
        return Measured(None, "no health sample")
    # The minute under way need not have its sample yet.
    minutes = max(1, int((now.replace(second=0, microsecond=0) - found["first"]).total_seconds() // 60))
    good = min(found["good"], minutes)
    return Measured(good / minutes * 100, f"{good:,} of {minutes:,} minutes")


def job_seconds(now: datetime) -> Measured:
    """From the upload to the cut-out, on average, of the jobs that ended well."""
    took = ExpressionWrapper(F("completed_at") - F("created_at"), output_field=DurationField())
    done = Job.objects.filter(
        status=Job.Status.DONE, created_at__gte=now - WINDOW, completed_at__isnull=False
    )
    found = done.aggregate(mean=Avg(took), longest=Max(took), jobs=Count("pk"))
    if not found["jobs"]:
        return Measured(None, "no finished job")
    longest = f"longest {found['longest'].total_seconds():,.1f} s"
    return Measured(found["mean"].total_seconds(), f"mean of {found['jobs']:,} jobs, {longest}")


def cost_per_user(usage: Usage, plan: Plan) -> Measured:
    """A month's real use, priced by the cost model, without Stripe's fees, which grow with the revenue."""
    if not usage.users:
        return Measured(None, "no user")
    lines: tuple[CostLine, ...] = month(plan, usage)
    cost = total(line for line in lines if line.service != "Stripe")
    basis = f"${cost:,} for {usage.users:,} users, {plan.value} plan, without Stripe's fees"
    return Measured(float(cost / Decimal(usage.users)), basis)
