"""What the operations document states about costs, and where its sums are wrong.

Stated figures are copied from the document and used by the tests and by `manage.py costs --errata` only: the model of
`ops/costs.py` computes its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from ops.costs import (
    ORDER_VALUE,
    Plan,
    Usage,
    by_service,
    cents,
    month,
    profit,
    removal_comparison,
    stripe_fees,
    total,
    usage_at,
)

# "Current": fewer than ten users, 300 images, 6,400 Redis commands a day, 62 MB; Stripe as stated.
CURRENT = Usage(
    users=10,
    orders=20,
    images=300,
    storage_gb=Decimal("0.062"),
    database_gb=Decimal("0.001"),
    redis_commands=6400 * 30,
    stripe_fees=Decimal("2.00"),
)
THOUSAND = usage_at(1000)

STATED_TABLES: dict[Plan, dict[str, str]] = {
    Plan.CURRENT: {
        "Railway": "5.00", "Vercel": "0.00", "Supabase DB": "0.00", "Supabase Storage": "0.00",
        "Upstash Redis": "0.38", "Gemini API": "0.00", "Remove.bg": "61.00", "Stripe": "2.00", "Domain": "1.00",
    },
    Plan.UNOPTIMIZED: {
        "Railway (API)": "60.00", "Railway (Worker)": "15.00", "Vercel": "20.00", "Supabase DB": "0.00",
        "Supabase Storage": "25.00", "Upstash Redis": "0.81", "Gemini API": "0.00", "Remove.bg": "2001.00",
        "Stripe": "2340.00", "Domain": "1.00",
    },
    Plan.OPTIMIZED: {
        "Railway (API)": "60.00", "Railway (Worker + self-hosted rembg)": "25.00", "Vercel": "0.00",
        "Supabase DB": "0.00", "Cloudflare R2": "1.03", "Upstash Redis": "0.81", "Gemini API": "0.00",
        "Self-hosted rembg": "0.00", "Stripe": "2340.00", "Cloudflare CDN + Domain": "0.00",
    },
}  # fmt: skip
STATED_TOTALS = {Plan.CURRENT: "69.38", Plan.UNOPTIMIZED: "4462.81", Plan.OPTIMIZED: "2426.84"}

# users, orders, infrastructure cost in whole dollars, cost per user
STATED_CURVE: tuple[tuple[int, int, str, str], ...] = (
    (10, 20, "69", "6.90"),
    (50, 100, "150", "3.00"),
    (100, 200, "250", "2.50"),
    (500, 1000, "800", "1.60"),
    (1000, 2000, "2427", "2.43"),
    (2500, 5000, "3500", "1.40"),
    (5000, 10000, "5000", "1.00"),
)


@dataclass(frozen=True, slots=True)
class Erratum:
    """One statement of the document that does not hold. `right` is computed by the model."""

    where: str
    stated: str
    right: str
    why: str


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One row of the scaling curve: the document's figure beside the model's, with and without Stripe's fees."""

    users: int
    orders: int
    stated: Decimal
    stated_per_user: Decimal
    model: Decimal
    model_per_user: Decimal
    without_stripe: Decimal


def document_usage(plan: Plan) -> Usage:
    """The use that the document's table of this plan is about."""
    return CURRENT if plan is Plan.CURRENT else THOUSAND


def scaling_curve() -> tuple[CurvePoint, ...]:
    """The document's seven points. The model's column is the optimized plan, the first point today's shop."""
    points = []
    for users, orders, stated, _ in STATED_CURVE:
        plan, usage = (Plan.CURRENT, CURRENT) if users == CURRENT.users else (Plan.OPTIMIZED, usage_at(users))
        lines = month(plan, usage)
        cost = total(lines)
        points.append(
            CurvePoint(
                users=users,
                orders=orders,
                stated=Decimal(stated),
                stated_per_user=cents(Decimal(stated) / users),
                model=cost,
                model_per_user=cents(cost / users),
                without_stripe=cost - by_service(lines)["Stripe"],
            )
        )
    return tuple(points)


def errata() -> tuple[Erratum, ...]:
    """Every wrong sum of the document, with the right one and the reason."""
    plans = {plan: month(plan, THOUSAND) for plan in (Plan.UNOPTIMIZED, Plan.OPTIMIZED)}
    before, after = (profit(plans[plan], THOUSAND) for plan in (Plan.UNOPTIMIZED, Plan.OPTIMIZED))
    removal = removal_comparison(THOUSAND.images)
    worker_rise = by_service(plans[Plan.OPTIMIZED])["Railway (Worker + self-hosted rembg)"]
    worker_rise -= by_service(plans[Plan.UNOPTIMIZED])["Railway (Worker)"]
    saved = before.cost - after.cost
    return (
        Erratum(
            "Scenario A, gross margin",
            "$53,197.19 (88.7%)",
            _with_percent(before.margin, before.margin_percent),
            f"Stripe's ${before.stripe:,} is inside the ${before.cost:,} already and is taken off a second time.",
        ),
        Erratum(
            "Scenario B, gross margin",
            "$55,233.16 (92.1%)",
            _with_percent(after.margin, after.margin_percent),
            f"Stripe's ${after.stripe:,} is inside the ${after.cost:,} already and is taken off a second time.",
        ),
        Erratum(
            "Scenario B, savings column",
            "$2,045.97 (sum of its rows)",
            f"${saved:,}",
            f"The worker's price rises by ${worker_rise:,}, but its row says no change. The stated total is right.",
        ),
        Erratum(
            "Remove.bg at 1,000 users",
            "10K images @ $0.20 each = $2,001.00",
            f"${cents(THOUSAND.images * removal.paid_per_image):,}",
            "One dollar too much, as in $61 for 300 images. The model keeps it as a monthly dollar to match.",
        ),
        Erratum(
            "Self-hosted rembg, $1,976 saved",
            f"${removal.saved_month:,}",
            f"${cents(removal.paid_month - worker_rise):,}",
            "The $25 worker replaces a $15 one, so only the $10 more is the price of self-hosting.",
        ),
        Erratum(
            "Current costs, Stripe",
            "~$2.00",
            f"${stripe_fees(CURRENT.orders):,}",
            f"20 orders a month of ${ORDER_VALUE} cost $1.17 each; one or two orders a day would cost $35 to $70.",
        ),
        Erratum(
            "Current usage, 300 images",
            "30 images a user",
            f"{THOUSAND.images // THOUSAND.users} images a user",
            "The projection for 1,000 users assumes a third of today's images for each user.",
        ),
        Erratum(
            "Scaling curve, 500 users",
            "$800",
            f"${stripe_fees(1000):,} for Stripe alone",
            "The row leaves Stripe's fees out; the rows of 10 and of 1,000 users include them.",
        ),
        Erratum(
            "Scaling curve, 2,500 users",
            "$3,500",
            f"${stripe_fees(5000):,} for Stripe alone",
            "The row leaves Stripe's fees out.",
        ),
        Erratum(
            "Scaling curve, 5,000 users",
            "$5,000",
            f"${stripe_fees(10000):,} for Stripe alone",
            "The row leaves Stripe's fees out.",
        ),
        Erratum(
            "Key insight: cost per user decreases",
            "$1.60 at 500, $2.43 at 1,000",
            "it rises between the two",
            "The curve mixes sums with and without Stripe's fees, which are $2.34 a user at any size.",
        ),
        Erratum(
            "Provider comparison, speed",
            "3-5 s to 2-4 s is +20% faster",
            "25 % less time, a third more speed",
            "The middles are 4 s and 3 s. What this shop needs is measured by its own records and benchmarks.",
        ),
    )


def _with_percent(amount: Decimal, share: Decimal) -> str:
    return f"${amount:,} ({share}%)"
