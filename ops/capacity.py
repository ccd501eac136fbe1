"""How many machines a number of users needs, what breaks first, and what it costs. Pure.

Demand comes from the document's projection of a user (2 orders, 10 pictures, 57 MB a month) and from stated assumptions
about browsing; supply comes from rates measured by `bench/`. Both are arguments, so a shop can put in its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from math import ceil, floor

from ops.costs import CostLine, Plan, Usage, cents, month, usage_at

_SECONDS_PER_MONTH = 30 * 24 * 3600
# Beyond these the document's vendor plans end; they are limits of one account or one machine.
_DATABASE_GB_ONE_SERVER = 16_000


@dataclass(frozen=True, slots=True)
class Rates:
    """What one part does, on two cores that had other work. Where a benchmark measured it, its name stands beside it;
    processes, slots, connections and Redis are assumptions.

    Limits of vendors are their published ones.
    """

    requests_per_s_process: float = 236.0  # bench.quotes: 473 quotes a second, two processes
    orders_per_s_database: float = (
        21.0  # bench.checkout: orders created a second, PostgreSQL on the same cores
    )
    cutout_s: float = 0.62  # bench.cutout_speed: processor seconds of a photo of 2,000 px, to its file
    compression_s: float = 0.97  # bench.compression: 80.7 ms a megapixel, for a photo of 12
    pack_s: float = 19.6  # bench.production: processor seconds of four placements of 12 x 16 inches
    processes_per_instance: int = 2  # one per core
    slots_per_worker: int = 4  # REMBG_MAX_WORKERS of the document
    connections_per_process: float = 2.5  # bench.quotes at saturation; the pool's maximum is 15
    database_connections: int = 60  # direct connections of the smallest paid database
    redis_commands_per_s: float = 80_000.0  # one Redis on one core
    stripe_requests_per_s: float = 100.0  # live mode, write and read each
    stripe_requests_per_order: float = 5.0  # tax twice, intent, confirmation read, tax transaction


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What the document does not say about a user."""

    requests_per_user: float = 400.0  # a month: ten visits of forty requests
    peak_factor: float = 6.0  # the busiest minutes over the month's average
    headroom: float = 0.7  # machines are planned to be 70 % busy at the peak
    document_requests_per_s_user: float = (
        0.1  # the document's load targets: 100/s at 1,000 users, 500/s at 5,000
    )


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the shop under this load.

    `count` is what is needed at the peak; `limit_users` is where `at_most` of them end; `grows` tells whether more of
    them can be had by a setting.
    """

    name: str
    load: str
    count: int
    at_most: int
    limit_users: int
    grows: str

    @property
    def enough(self) -> bool:
        return self.count <= self.at_most


@dataclass(frozen=True, slots=True)
class CapacityPlan:
    users: int
    peak_requests_per_s: float
    peak_orders_per_s: float
    peak_pictures_per_s: float
    parts: tuple[Part, ...]
    storage_gb_month: Decimal
    database_gb: Decimal
    costs: tuple[CostLine, ...]
    first_bottleneck: Part
    document_instances: int

    @property
    def cost(self) -> Decimal:
        return cents(sum((line.amount for line in self.costs), Decimal(0)))


def capacity(
    users: int,
    rates: Rates | None = None,
    assumptions: Assumptions | None = None,
    *,
    plan: Plan = Plan.OPTIMIZED,
) -> CapacityPlan:
    """The machines, connections, storage and cost of a month with this many users, and what breaks first.

    Raises ValueError below one user.
    """
    rates, assumed = rates or Rates(), assumptions or Assumptions()
    usage = usage_at(users)
    peak = _per_s(1.0, assumed)  # of something that happens once a month
    requests = users * assumed.requests_per_user * peak
    orders, pictures = usage.orders * peak, usage.images * peak
    parts = _parts(usage, rates, assumed)
    by_name = {part.name: part for part in parts}
    machines = replace(usage, api_instances=by_name["API instances"].count, workers=by_name["workers"].count)
    return CapacityPlan(
        users=users,
        peak_requests_per_s=requests,
        peak_orders_per_s=orders,
        peak_pictures_per_s=pictures,
        parts=parts,
        storage_gb_month=usage.storage_gb,
        database_gb=usage.database_gb,
        costs=month(plan, machines),
        first_bottleneck=min(parts, key=lambda part: part.limit_users),
        document_instances=_ceil(
            users
            * assumed.document_requests_per_s_user
            / (rates.requests_per_s_process * rates.processes_per_instance * assumed.headroom)
        ),
    )


def with_rates(rates: Rates, changes: Sequence[str]) -> Rates:
    """`rates` with `name=number` changes. Raises ValueError for an unknown name and for what is no positive number."""
    kinds = {field.name: type(getattr(rates, field.name)) for field in fields(rates)}
    found: dict[str, float | int] = {}
    for change in changes:
        name, _, value = change.partition("=")
        if name not in kinds:
            raise ValueError(f"no rate is called {name!r}; there are: {', '.join(kinds)}")
        try:
            number = kinds[name](value)
        except ValueError as error:
            raise ValueError(f"{name} must be a number, not {value!r}") from error
        if not number > 0:
            raise ValueError(f"{name} must be above 0")
        found[name] = number
    return replace(rates, **found)  # type: ignore[arg-type]


def _per_s(count_per_month: float, assumed: Assumptions) -> float:
    return count_per_month / _SECONDS_PER_MONTH * assumed.peak_factor


def _ceil(value: float) -> int:
    return max(1, ceil(value - 1e-9))


def _part(name: str, load: str, use: float, at_most: int, users: int, grows: str) -> Part:
    """`use` is the load at the peak in units of one machine, or of one account; it grows with the users."""
    return Part(name, load, _ceil(use), at_most, floor(users * at_most / use + 1e-9), grows)


def _connections_part(instances: float, workers: float, users: int, rates: Rates) -> Part:
    """Whole machines are counted, though a machine that is half idle is not what ends the connections."""

    def connections(of_instances: float, of_workers: float) -> float:
        processes = of_instances * rates.processes_per_instance + of_workers * rates.slots_per_worker
        return processes * rates.connections_per_process

    whole = connections(_ceil(instances), _ceil(workers))
    part = _part(
        "database connections",
        f"{whole:,.0f} of {rates.database_connections}",
        connections(instances, workers) / rates.database_connections,
        1,
        users,
        "transaction pooler",
    )
    return replace(part, count=_ceil(whole / rates.database_connections))


def _parts(usage: Usage, rates: Rates, assumed: Assumptions) -> tuple[Part, ...]:
    users = usage.users
    requests = _per_s(users * assumed.requests_per_user, assumed)
    orders, pictures = _per_s(usage.orders, assumed), _per_s(usage.images, assumed)
    work_s = pictures * (rates.cutout_s + rates.compression_s) + orders * rates.pack_s
    instance = rates.requests_per_s_process * rates.processes_per_instance * assumed.headroom
    instances = requests / instance
    workers = work_s / (rates.slots_per_worker * assumed.headroom)
    redis = _per_s(usage.redis_commands, assumed)
    stripe = orders * rates.stripe_requests_per_order
    return (
        _part("API instances", f"{requests:,.2f} requests/s", instances, 5, users, "auto-scaling, 2 to 5"),
        _part(
            "workers",
            f"{pictures:,.3f} pictures/s, {work_s:,.2f} CPU s/s",
            workers,
            5,
            users,
            "more services",
        ),
        _connections_part(instances, workers, users, rates),
        _part(
            "database writer",
            f"{orders:,.3f} orders/s",
            orders / (rates.orders_per_s_database * assumed.headroom),
            1,
            users,
            "a larger machine; then orders by region",
        ),
        _part(
            "database size",
            f"{usage.database_gb:,} GB",
            float(usage.database_gb) / _DATABASE_GB_ONE_SERVER,
            1,
            users,
            "archive by month",
        ),
        _part(
            "Redis",
            f"{redis:,.2f} commands/s",
            redis / (rates.redis_commands_per_s * assumed.headroom),
            1,
            users,
            "cache and broker apart",
        ),
        _part(
            "Stripe's rate limit",
            f"{stripe:,.2f} requests/s",
            stripe / (rates.stripe_requests_per_s * assumed.headroom),
            1,
            users,
            "ask Stripe for a higher limit",
        ),
    )
