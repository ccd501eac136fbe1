"""The cost model against every table of the operations document, to the cent, and against its wrong sums."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from ops.cost_document import (
    CURRENT,
    STATED_CURVE,
    STATED_TABLES,
    STATED_TOTALS,
    THOUSAND,
    document_usage,
    errata,
    scaling_curve,
)
from ops.costs import (
    Plan,
    by_service,
    month,
    profit,
    r2,
    redis,
    removal_comparison,
    removebg,
    saved_by_switches,
    stripe_fees,
    supabase_database,
    supabase_storage,
    total,
    usage_at,
)


@pytest.mark.parametrize("plan", list(Plan))
def test_each_line_and_total_of_the_documents_tables(plan: Plan) -> None:
    lines = month(plan, document_usage(plan))
    assert {service: str(amount) for service, amount in by_service(lines).items()} == STATED_TABLES[plan]
    assert str(total(lines)) == STATED_TOTALS[plan]


def test_the_stated_totals_are_the_sums_of_the_stated_lines() -> None:
    for plan, stated in STATED_TABLES.items():
        assert sum(map(Decimal, stated.values())) == Decimal(STATED_TOTALS[plan])


def test_the_projection_for_a_thousand_users() -> None:
    assert (THOUSAND.orders, THOUSAND.images, THOUSAND.redis_commands) == (2000, 10_000, 403_000)
    assert (THOUSAND.storage_gb, THOUSAND.database_gb) == (Decimal("57.000"), Decimal("0.1000"))
    assert (THOUSAND.revenue, THOUSAND.api_instances, THOUSAND.workers) == (Decimal("60000.00"), 3, 1)


def test_the_profitability_takes_stripe_off_once() -> None:
    before = profit(month(Plan.UNOPTIMIZED, THOUSAND), THOUSAND)
    after = profit(month(Plan.OPTIMIZED, THOUSAND), THOUSAND)
    assert (before.cost_percent, before.stripe_percent) == (Decimal("7.4"), Decimal("3.9"))
    assert (after.cost_percent, after.stripe_percent) == (Decimal("4.0"), Decimal("3.9"))
    assert (before.margin, before.margin_percent) == (Decimal("55537.19"), Decimal("92.6"))
    assert (after.margin, after.margin_percent) == (Decimal("57573.16"), Decimal("96.0"))
    # The document's own figures are these less one more time Stripe.
    assert before.margin - before.stripe == Decimal("53197.19")
    assert after.margin - after.stripe == Decimal("55233.16")
    assert before.cost - after.cost == Decimal("2035.97")


def test_the_provider_comparison() -> None:
    found = removal_comparison(10_000)
    assert (found.paid_per_image, found.own_per_image) == (Decimal("0.20"), Decimal("0.0025"))
    assert (found.paid_month, found.own_month) == (Decimal("2001.00"), Decimal("25.00"))
    assert (found.saved_month, found.saved_percent) == (Decimal("1976.00"), Decimal("98.8"))
    with pytest.raises(ValueError, match="images must be at least 1"):
        removal_comparison(0)


@pytest.mark.parametrize(
    ("own", "r2_storage", "saved"),
    [(True, True, "1999.97"), (True, False, "1976.00"), (False, True, "23.97"), (False, False, "0.00")],
)
def test_the_savings_of_the_two_switches(own: bool, r2_storage: bool, saved: str) -> None:
    assert saved_by_switches(THOUSAND, rembg_self_hosted=own, r2_storage=r2_storage) == Decimal(saved)


def test_few_images_save_nothing_with_a_worker_of_their_own() -> None:
    few = replace(THOUSAND, images=100)
    assert saved_by_switches(few, rembg_self_hosted=True, r2_storage=False) == 0


def test_the_scaling_curve_beside_the_documents() -> None:
    curve = scaling_curve()
    assert [
        (point.users, point.orders, str(point.stated), str(point.stated_per_user)) for point in curve
    ] == [*STATED_CURVE]
    assert [str(point.model) for point in curve] == [
        "69.38", "162.09", "279.18", "1255.92", "2426.84", "6029.60", "11934.18",
    ]  # fmt: skip
    assert [str(point.without_stripe) for point in curve[1:]] == [
        "45.09", "45.18", "85.92", "86.84", "179.60", "234.18",
    ]  # fmt: skip


def test_each_erratum_is_one() -> None:
    found = {erratum.where: erratum for erratum in errata()}
    assert len(found) == 12
    assert all(erratum.stated != erratum.right and erratum.why for erratum in found.values())
    assert found["Scenario A, gross margin"].right == "$55,537.19 (92.6%)"
    assert found["Scenario B, gross margin"].right == "$57,573.16 (96.0%)"
    assert found["Scenario B, savings column"].right == "$2,035.97"
    assert found["Self-hosted rembg, $1,976 saved"].right == "$1,991.00"
    assert found["Current costs, Stripe"].right == "$23.40"


def test_prices_of_single_services() -> None:
    assert stripe_fees(1) == Decimal("1.17")
    assert removebg(0) == 0
    assert redis(6400 * 30) == Decimal("0.38")
    assert r2(Decimal("57"), 10_000) == Decimal("1.03")
    assert supabase_storage(Decimal("100")) == Decimal("25.00")
    assert supabase_storage(Decimal("200")) == Decimal("27.10")
    assert supabase_database(Decimal("0.5"), pro_is_paid=False) == 0
    assert supabase_database(Decimal("0.51"), pro_is_paid=False) == Decimal("25.00")
    assert supabase_database(Decimal("9"), pro_is_paid=True) == Decimal("0.13")


def test_users_below_one_are_refused() -> None:
    with pytest.raises(ValueError, match="users must be at least 1"):
        usage_at(0)
    with pytest.raises(CommandError, match="--users must be at least 1"):
        call_command("costs", users=-1)


def printed(command: str, **options: object) -> str:
    out = StringIO()
    call_command(command, stdout=out, **options)
    return out.getvalue()


def test_the_command_prints_the_documents_tables() -> None:
    text = printed("costs")
    for total_of_plan in STATED_TOTALS.values():
        assert f"the document: {total_of_plan}" in text
    assert "saved against the unoptimized plan: 2,035.97 of 4,462.81 (45.6%)" in text
    assert "current: 10 users" in text
    assert CURRENT.users == 10


def test_the_command_for_a_number_of_users() -> None:
    text = printed("costs", users=5000, plan="optimized")
    assert "optimized: 5,000 users, 10,000 orders, 50,000 images a month" in text
    assert "unoptimized:" not in text
    assert "11,934.18" in text


def test_the_command_lists_the_errata() -> None:
    assert printed("costs", errata=True).count("taken off a second time") == 2
