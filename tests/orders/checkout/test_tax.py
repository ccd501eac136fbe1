"""Sales tax: the offline table, and Stripe Tax through the real SDK."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from common.errors import ProviderError
from orders.checkout.tax import OfflineTaxCalculator, StripeTaxCalculator, TaxableLine, TaxAddress
from orders.checkout.tax_rates import CANADA_RATES, US_RATES, region_code
from tests.fakes.stripe import FakeStripe

TEE = [TaxableLine(1, Decimal("12.98"))]


def address(state: str, postal_code: str, country: str = "US") -> TaxAddress:
    return TaxAddress("1 Main Street", "Town", state, postal_code, country)


@pytest.mark.parametrize(
    ("state", "postal_code", "country", "lines", "tax"),
    [
        ("CA", "94041", "US", TEE, "0.94"),
        ("california", "94041-1234", "US", TEE, "0.94"),
        (" C.A. ", "94041", "US", TEE, "0.94"),
        ("CA", "9404", "US", TEE, "0.00"),  # still being typed
        ("CA", "", "US", TEE, "0.00"),
        ("PA", "19103", "US", TEE, "0.00"),  # clothing is exempt
        ("NY", "10001", "US", [TaxableLine(2, Decimal("219.98"))], "0.00"),  # below $110 a piece
        ("NY", "10001", "US", [TaxableLine(2, Decimal("220.00"))], "8.80"),
        ("NV", "89501", "US", TEE, "0.00"),  # the shop is not registered there
        ("ON", "M5V 3L9", "CA", TEE, "1.69"),
        ("Québec", "H2X 1Y4", "CA", TEE, "1.94"),
        ("Atlantis", "94041", "US", TEE, "0.00"),
        ("CA", "94041", "FR", TEE, "0.00"),
    ],
)
def test_offline_table(
    state: str, postal_code: str, country: str, lines: list[TaxableLine], tax: str, settings: Any
) -> None:
    settings.TAX_REGIONS = ["US-CA", "US-PA", "US-NY", "CA-ON", "CA-QC"]
    found = OfflineTaxCalculator().calculate(address(state, postal_code, country), lines, Decimal("4.98"))
    assert (found.amount, found.source) == (Decimal(tax), "offline")


def test_the_table_is_complete() -> None:
    assert (len(US_RATES), len(CANADA_RATES)) == (51, 13)
    assert all(Decimal(0) <= rate.percent <= 15 for rate in [*US_RATES.values(), *CANADA_RATES.values()])
    assert region_code("US", "west  virginia") == "WV"


@pytest.fixture
def fake(settings: Any) -> Iterator[FakeStripe]:
    with FakeStripe() as double:
        settings.STRIPE_SECRET_KEY, settings.STRIPE_API_URL = "sk_test_1", double.url
        yield double


def test_stripe_tax_gets_unique_references_and_the_clothing_code(fake: FakeStripe) -> None:
    lines = [TaxableLine(1, Decimal("12.98")), TaxableLine(3, Decimal("38.94"))]
    found = StripeTaxCalculator().calculate(address("CA", "94041"), lines, Decimal("4.98"))
    assert (found.amount, found.source) == (Decimal("3.76"), "stripe")
    form = fake.calculations[0]
    assert (form["line_items[0][reference]"], form["line_items[1][reference]"]) == ("line-1", "line-2")
    assert {form[f"line_items[{i}][tax_code]"] for i in range(2)} == {"txcd_30011000"}
    assert form["shipping_cost[amount]"] == "498"
    assert form["customer_details[address][postal_code]"] == "94041"


def test_the_same_question_is_paid_for_once(fake: FakeStripe) -> None:
    calculator = StripeTaxCalculator()
    first = calculator.calculate(address("CA", "94041"), TEE, Decimal("4.98"))
    assert calculator.calculate(address("CA", "94041"), TEE, Decimal("4.98")) == first
    assert len(fake.requests) == 1
    calculator.calculate(address("CA", "94042"), TEE, Decimal("4.98"))
    assert len(fake.requests) == 2


def test_an_incomplete_zip_costs_nothing(fake: FakeStripe) -> None:
    for typed in ("9", "94", "940", "9404"):
        found = StripeTaxCalculator().calculate(address("CA", typed), TEE, Decimal("4.98"))
        assert found.amount == 0
    assert fake.requests == []


def test_a_failing_stripe_is_an_error_and_not_a_tax_of_zero(fake: FakeStripe) -> None:
    fake.fail_next(5, 503)
    with pytest.raises(ProviderError):
        StripeTaxCalculator().calculate(address("CA", "94041"), TEE, Decimal("4.98"))
