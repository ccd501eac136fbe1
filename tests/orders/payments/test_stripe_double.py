"""The double refuses what Stripe would: it is worth as much as that."""

from __future__ import annotations

import pytest
from stripe.params import PaymentIntentCreateParams
from stripe.params.tax import CalculationCreateParams

from tests.fakes.stripe_params import fault

INTENT = {
    "amount": "1796",
    "currency": "usd",
    "automatic_payment_methods[enabled]": "true",
    "metadata[order_id]": "1",
}
CALCULATION = {
    "currency": "usd",
    "line_items[0][amount]": "1298",
    "line_items[0][tax_behavior]": "exclusive",
    "customer_details[address][country]": "US",
    "customer_details[address_source]": "shipping",
}


def test_what_is_right_has_no_fault() -> None:
    assert fault(INTENT, PaymentIntentCreateParams) == ""
    assert fault(CALCULATION, CalculationCreateParams) == ""


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"colour": "red"}, "Received unknown parameter: colour"),
        ({"automatic_payment_methods[on]": "true"}, "unknown parameter: automatic_payment_methods[on]"),
        ({"automatic_payment_methods[enabled]": "yes"}, "Invalid bool: automatic_payment_methods[enabled]"),
        ({"amount": "17.96"}, "Invalid int: amount"),
        ({"metadata": "1"}, "Invalid hash: metadata"),
        ({"capture_method": "later"}, "Invalid capture_method: must be one of"),
    ],
    ids=str,
)
def test_a_wrong_intent_is_named(change: dict[str, str], words: str) -> None:
    form = {name: value for name, value in INTENT.items() if name.split("[")[0] not in change} | change
    assert words in fault(form, PaymentIntentCreateParams)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"line_items[0][tax_behavior]": "sometimes"}, "Invalid line_items[0][tax_behavior]"),
        ({"line_items[1][quantity]": "1"}, "Missing required param: line_items[1][amount]"),
        (
            {"customer_details[address][planet]": "Earth"},
            "unknown parameter: customer_details[address][planet]",
        ),
        ({"line_items[0][amount]": "-"}, "Invalid int: line_items[0][amount]"),
    ],
    ids=str,
)
def test_a_wrong_calculation_is_named(change: dict[str, str], words: str) -> None:
    assert words in fault(CALCULATION | change, CalculationCreateParams)


def test_what_is_missing_is_named() -> None:
    assert fault({"currency": "usd"}, PaymentIntentCreateParams) == "Missing required param: amount"
