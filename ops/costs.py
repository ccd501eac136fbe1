"""What the shop costs in a month, service by service: the model of the operations document, as functions.

Everything here is pure. Amounts are US dollars as Decimal; a line is rounded to cents once, totals are sums of rounded
lines. `ops/cost_document.py` holds what the document states, and the tests hold this model against it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

CENT = Decimal("0.01")

# --- Prices. Where the document names a price, it is the document's; the rest are the vendors' published list prices.
STRIPE_PERCENT = Decimal("2.9")
STRIPE_FIXED = Decimal("0.30")
ORDER_VALUE = Decimal("30.00")
REMOVEBG_IMAGE = Decimal("0.20")
REMOVEBG_MONTH = Decimal(
    "1.00"
)  # 300 images are stated as $61 and 10,000 as $2,001: one dollar more than $0.20 each
REDIS_100K_COMMANDS = Decimal("0.20")
RAILWAY_HOBBY = Decimal("5.00")
RAILWAY_INSTANCE = Decimal("20.00")  # $60 for the three instances at 1,000 users
RAILWAY_WORKER = Decimal("15.00")
RAILWAY_REMBG_WORKER = Decimal("25.00")
VERCEL_PRO = Decimal("20.00")
SUPABASE_PRO = Decimal("25.00")  # storage to 100 GB and a database to 8 GB
SUPABASE_STORAGE_GB = Decimal("0.021")  # over 100 GB
SUPABASE_DATABASE_GB = Decimal("0.125")  # over 8 GB
SUPABASE_FREE_DATABASE_GB = Decimal("0.5")
R2_GB = Decimal("0.015")
R2_IMAGE_REQUESTS = Decimal(
    "0.0000175"
)  # what the document's $1.03 leaves for 10,000 images: 3 writes, 11 reads each
DOMAIN = Decimal("1.00")

# --- Use of one user in a month, from the document's projection for 1,000 users.
ORDERS_PER_USER = 2
IMAGES_PER_USER = 10
STORAGE_GB_PER_USER = Decimal("0.057")
DATABASE_GB_PER_USER = Decimal("0.0001")
REDIS_COMMANDS_PER_USER = 403


class Plan(StrEnum):
    CURRENT = "current"
    UNOPTIMIZED = "unoptimized"  # scenario A
    OPTIMIZED = "optimized"  # scenario B


@dataclass(frozen=True, slots=True)
class Usage:
    """What is used in one month. `stripe_fees` replaces the computed fees where the real ones are known."""

    users: int
    orders: int
    images: int
    storage_gb: Decimal
    database_gb: Decimal
    redis_commands: int
    api_instances: int = 1
    workers: int = 1
    order_value: Decimal = ORDER_VALUE
    stripe_fees: Decimal | None = None

    @property
    def revenue(self) -> Decimal:
        return cents(self.orders * self.order_value)


@dataclass(frozen=True, slots=True)
class CostLine:
    service: str
    amount: Decimal
    note: str


@dataclass(frozen=True, slots=True)
class Profit:
    """Percentages are of the revenue. Stripe's fees are part of `cost`, once."""

    revenue: Decimal
    cost: Decimal
    stripe: Decimal
    margin: Decimal
    cost_percent: Decimal
    stripe_percent: Decimal
    margin_percent: Decimal


@dataclass(frozen=True, slots=True)
class RemovalComparison:
    """Paid and self-hosted background removal, per image and in a month."""

    paid_per_image: Decimal
    own_per_image: Decimal
    paid_month: Decimal
    own_month: Decimal
    saved_month: Decimal
    saved_percent: Decimal


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


def percent(part: Decimal, whole: Decimal) -> Decimal:
    """`part` of `whole` in percent, to one place. 0 of nothing."""
    return (part / whole * 100).quantize(Decimal("0.1"), ROUND_HALF_UP) if whole else Decimal("0.0")


def usage_at(users: int) -> Usage:
    """The document's projection for this many users. Raises ValueError below one user."""
    if users < 1:
        raise ValueError("users must be at least 1")
    return Usage(
        users=users,
        orders=users * ORDERS_PER_USER,
        images=users * IMAGES_PER_USER,
        storage_gb=users * STORAGE_GB_PER_USER,
        database_gb=users * DATABASE_GB_PER_USER,
        redis_commands=users * REDIS_COMMANDS_PER_USER,
        api_instances=api_instances_at(users),
        workers=max(1, -(-users // 1000)),
    )


def api_instances_at(users: int) -> int:
    """The document's steps: one, three by 500 users, five by 5,000; from there one for each 1,000 users."""
    if users <= 100:
        return 1
    return 3 if users <= 1000 else max(5, -(-users // 1000))


def stripe_fees(orders: int, order_value: Decimal = ORDER_VALUE) -> Decimal:
    """2.9 % + $0.30 an order, each order's fee rounded to cents as Stripe does."""
    return orders * cents(order_value * STRIPE_PERCENT / 100 + STRIPE_FIXED)


def removebg(images: int) -> Decimal:
    return cents(images * REMOVEBG_IMAGE + REMOVEBG_MONTH) if images else Decimal("0.00")


def redis(commands: int) -> Decimal:
    return cents(Decimal(commands) / 100_000 * REDIS_100K_COMMANDS)


def r2(storage_gb: Decimal, images: int) -> Decimal:
    return cents(storage_gb * R2_GB + images * R2_IMAGE_REQUESTS)


def supabase_storage(storage_gb: Decimal) -> Decimal:
    return cents(SUPABASE_PRO + max(Decimal(0), storage_gb - 100) * SUPABASE_STORAGE_GB)


def supabase_database(database_gb: Decimal, *, pro_is_paid: bool) -> Decimal:
    """Nothing up to 0.5 GB; then the Pro plan, unless its storage is paid for already, and what exceeds its 8 GB."""
    if database_gb <= SUPABASE_FREE_DATABASE_GB:
        return Decimal("0.00")
    base = Decimal("0.00") if pro_is_paid else SUPABASE_PRO
    return cents(base + max(Decimal(0), database_gb - 8) * SUPABASE_DATABASE_GB)


def month(plan: Plan, usage: Usage) -> tuple[CostLine, ...]:
    """The lines of one month under this plan, in the document's order."""
    return _LINES[plan](usage)


def total(lines: Iterable[CostLine]) -> Decimal:
    return sum((line.amount for line in lines), Decimal("0.00"))


def by_service(lines: Iterable[CostLine]) -> Mapping[str, Decimal]:
    return {line.service: line.amount for line in lines}


def profit(lines: Iterable[CostLine], usage: Usage) -> Profit:
    """The month's result. The document takes Stripe's fees off twice; here they are taken off once."""
    lines = tuple(lines)
    cost, revenue = total(lines), usage.revenue
    stripe = by_service(lines)["Stripe"]
    return Profit(
        revenue=revenue,
        cost=cost,
        stripe=stripe,
        margin=revenue - cost,
        cost_percent=percent(cost, revenue),
        stripe_percent=percent(stripe, revenue),
        margin_percent=percent(revenue - cost, revenue),
    )


def removal_comparison(images: int, *, own_month: Decimal = RAILWAY_REMBG_WORKER) -> RemovalComparison:
    """The provider table: $0.20 an image against a worker of one's own. Raises ValueError without images."""
    if images < 1:
        raise ValueError("images must be at least 1")
    paid = removebg(images)
    own = own_month / images
    return RemovalComparison(
        paid_per_image=REMOVEBG_IMAGE,
        own_per_image=own,
        paid_month=paid,
        own_month=own_month,
        saved_month=paid - own_month,
        saved_percent=percent(paid - own_month, paid),
    )


def saved_by_switches(usage: Usage, *, rembg_self_hosted: bool, r2_storage: bool) -> Decimal:
    """What the two switches of the document save in a month against the all-paid shop with the same use."""
    saved = Decimal("0.00")
    if rembg_self_hosted:
        saved += max(Decimal(0), removebg(usage.images) - RAILWAY_REMBG_WORKER)
    if r2_storage:
        saved += supabase_storage(usage.storage_gb) - r2(usage.storage_gb, usage.images)
    return saved


def _stripe(usage: Usage) -> CostLine:
    known = usage.stripe_fees
    amount = stripe_fees(usage.orders, usage.order_value) if known is None else known
    note = "as billed" if known is not None else f"{usage.orders:,} orders, 2.9 % + $0.30"
    return CostLine("Stripe", cents(amount), note)


def _current(usage: Usage) -> tuple[CostLine, ...]:
    return (
        CostLine("Railway", RAILWAY_HOBBY, "Hobby plan"),
        CostLine("Vercel", Decimal("0.00"), "free tier"),
        CostLine("Supabase DB", Decimal("0.00"), "free tier"),
        CostLine("Supabase Storage", Decimal("0.00"), "free tier, up to 1 GB"),
        CostLine("Upstash Redis", redis(usage.redis_commands), f"{usage.redis_commands:,} commands"),
        CostLine("Gemini API", Decimal("0.00"), "free tier"),
        CostLine("Remove.bg", removebg(usage.images), f"{usage.images:,} images"),
        _stripe(usage),
        CostLine("Domain", DOMAIN, "about $12 a year"),
    )


def _unoptimized(usage: Usage) -> tuple[CostLine, ...]:
    return (
        CostLine(
            "Railway (API)", usage.api_instances * RAILWAY_INSTANCE, f"{usage.api_instances} instances, Pro"
        ),
        CostLine("Railway (Worker)", usage.workers * RAILWAY_WORKER, f"{usage.workers} of their own"),
        CostLine("Vercel", VERCEL_PRO, "Pro plan"),
        CostLine(
            "Supabase DB", supabase_database(usage.database_gb, pro_is_paid=True), _gb(usage.database_gb)
        ),
        CostLine(
            "Supabase Storage", supabase_storage(usage.storage_gb), f"Pro plan, {_gb(usage.storage_gb)}"
        ),
        CostLine("Upstash Redis", redis(usage.redis_commands), f"{usage.redis_commands:,} commands"),
        CostLine("Gemini API", Decimal("0.00"), "within the free tier"),
        CostLine("Remove.bg", removebg(usage.images), f"{usage.images:,} images at ${REMOVEBG_IMAGE} each"),
        _stripe(usage),
        CostLine("Domain", DOMAIN, "about $12 a year"),
    )


def _optimized(usage: Usage) -> tuple[CostLine, ...]:
    return (
        CostLine(
            "Railway (API)", usage.api_instances * RAILWAY_INSTANCE, f"{usage.api_instances} instances, Pro"
        ),
        CostLine(
            "Railway (Worker + self-hosted rembg)",
            usage.workers * RAILWAY_REMBG_WORKER,
            f"{usage.workers} of their own",
        ),
        CostLine("Vercel", Decimal("0.00"), "Hobby, static files behind the CDN"),
        CostLine(
            "Supabase DB", supabase_database(usage.database_gb, pro_is_paid=False), _gb(usage.database_gb)
        ),
        CostLine("Cloudflare R2", r2(usage.storage_gb, usage.images), _gb(usage.storage_gb)),
        CostLine("Upstash Redis", redis(usage.redis_commands), f"{usage.redis_commands:,} commands"),
        CostLine("Gemini API", Decimal("0.00"), "within the free tier"),
        CostLine("Self-hosted rembg", Decimal("0.00"), "in the worker's price"),
        _stripe(usage),
        CostLine("Cloudflare CDN + Domain", Decimal("0.00"), "free plan"),
    )


_LINES = {Plan.CURRENT: _current, Plan.UNOPTIMIZED: _unoptimized, Plan.OPTIMIZED: _optimized}


def _gb(amount: Decimal) -> str:
    return f"{amount.normalize():,f} GB"
