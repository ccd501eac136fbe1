"""Sales tax behind one interface: Stripe Tax where the shop has Stripe, an offline table otherwise."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

from django.conf import settings
from django.core.cache import cache
from django.utils.module_loading import import_string

from common.errors import ProviderError
from common.money import from_cents, round_to_cents, to_cents
from orders.checkout.tax_rates import CANADA_RATES, US_RATES, region_code
from orders.models import Order

if TYPE_CHECKING:
    from stripe.params.tax import TransactionCreateReversalParams

_POSTAL_CODES = {
    "US": re.compile(r"\d{5}(-?\d{4})?"),
    "CA": re.compile(r"[A-Z]\d[A-Z] ?\d[A-Z]\d", re.IGNORECASE),
}
# https://docs.stripe.com/tax/tax-codes: clothing, and shipping. (txcd_20030000 is "General - Services".)
_CLOTHING, _SHIPPING = "txcd_30011000", "txcd_92010001"
_CACHE_S = 3600


@dataclass(frozen=True)
class TaxableLine:
    quantity: int
    total: Decimal


@dataclass(frozen=True)
class TaxAddress:
    line1: str
    city: str
    state: str
    postal_code: str
    country: str

    @property
    def is_complete(self) -> bool:
        """Typing a ZIP sends one request per digit: only the last is worth an answer (CONTRACT 1.4)."""
        pattern = _POSTAL_CODES.get(self.country)
        return bool(pattern and pattern.fullmatch(self.postal_code.strip()))


@dataclass(frozen=True)
class Tax:
    """`calculation_id` is what Stripe makes the transaction from once the order is paid; empty without Stripe."""

    amount: Decimal
    source: str
    breakdown: list[dict[str, Any]]
    calculation_id: str = ""
    cache_key: str = ""


class TaxCalculator(Protocol):
    """Every method raises ProviderError, and none is called inside a transaction."""

    def calculate(self, address: TaxAddress, lines: Sequence[TaxableLine], shipping: Decimal) -> Tax:
        """The tax on the goods."""

    def record_sale(self, calculation_id: str, reference: str) -> str:
        """Tells the provider that the tax was collected. Returns the transaction; the same reference is one sale."""

    def record_reversal(self, transaction_id: str, reference: str, amount: Decimal | None) -> str:
        """Takes back a sale, or `amount` of it with the tax that is in it. Returns the transaction."""


class OfflineTaxCalculator:
    """State and provincial rates from a table, in the regions where the shop is registered (`TAX_REGIONS`).

    It knows no county or city rates, so every order says that its tax came from here.
    """

    def calculate(self, address: TaxAddress, lines: Sequence[TaxableLine], shipping: Decimal) -> Tax:
        region = region_code(address.country, address.state)
        if not address.is_complete or f"{address.country}-{region}" not in settings.TAX_REGIONS:
            return Tax(Decimal("0.00"), Order.TaxSource.OFFLINE, [])
        table = US_RATES if address.country == "US" else CANADA_RATES
        rule = table[region]
        taxable = sum(
            (line.total for line in lines if rule.taxes_piece(line.total / line.quantity)), Decimal(0)
        )
        amount = round_to_cents(taxable * rule.percent / 100)
        part = {
            "jurisdiction": f"{address.country}-{region}",
            "percentage": str(rule.percent),
            "amount": to_cents(amount),
        }
        return Tax(amount, Order.TaxSource.OFFLINE, [part])

    def record_sale(self, calculation_id: str, reference: str) -> str:
        raise _no_stripe()

    def record_reversal(self, transaction_id: str, reference: str, amount: Decimal | None) -> str:
        raise _no_stripe()


def _no_stripe() -> ProviderError:
    """For what was calculated by Stripe before the shop lost its key: it must not look as if it were recorded."""
    return ProviderError("this shop has no Stripe Tax", provider="Stripe", retryable=False)


class StripeTaxCalculator:
    """Stripe Tax, asked once per address and amounts."""

    def calculate(self, address: TaxAddress, lines: Sequence[TaxableLine], shipping: Decimal) -> Tax:
        if not address.is_complete:
            return Tax(Decimal("0.00"), Order.TaxSource.STRIPE, [])
        key = _cache_key(address, lines, shipping)
        known = cache.get(key)
        if known is None:
            known = self._ask(address, lines, shipping)
            cache.set(key, known, _CACHE_S)
        cents, breakdown, calculation_id = known
        return Tax(from_cents(cents), Order.TaxSource.STRIPE, breakdown, calculation_id, key)

    def record_sale(self, calculation_id: str, reference: str) -> str:
        from orders.payments.backends.stripe import call_stripe, stripe_client

        # https://docs.stripe.com/api/tax/transactions/create_from_calculation
        transactions = stripe_client().v1.tax.transactions
        made = call_stripe(
            lambda: transactions.create_from_calculation(
                {"calculation": calculation_id, "reference": reference},
                {"idempotency_key": f"tax:{reference}"},
            )
        )
        return made.id

    def record_reversal(self, transaction_id: str, reference: str, amount: Decimal | None) -> str:
        from orders.payments.backends.stripe import call_stripe, stripe_client

        # https://docs.stripe.com/api/tax/transactions/create_reversal ; the flat amount is negative and includes tax.
        params: TransactionCreateReversalParams = {
            "mode": "full" if amount is None else "partial",
            "original_transaction": transaction_id,
            "reference": reference,
        }
        if amount is not None:
            params["flat_amount"] = -to_cents(amount)
        transactions = stripe_client().v1.tax.transactions
        made = call_stripe(
            lambda: transactions.create_reversal(params, {"idempotency_key": f"tax:{reference}"})
        )
        return made.id

    def _ask(
        self, address: TaxAddress, lines: Sequence[TaxableLine], shipping: Decimal
    ) -> tuple[int, list[dict[str, Any]], str]:
        from orders.payments.backends.stripe import call_stripe, stripe_client

        # https://docs.stripe.com/api/tax/calculations/create ; references must be unique within a calculation.
        calculation = call_stripe(
            lambda: stripe_client().v1.tax.calculations.create(
                {
                    "currency": settings.CURRENCY,
                    "line_items": [
                        {
                            "amount": to_cents(line.total),
                            "quantity": line.quantity,
                            "reference": f"line-{index}",
                            "tax_code": _CLOTHING,
                            "tax_behavior": "exclusive",
                        }
                        for index, line in enumerate(lines, start=1)
                    ],
                    "shipping_cost": {
                        "amount": to_cents(shipping),
                        "tax_code": _SHIPPING,
                        "tax_behavior": "exclusive",
                    },
                    "customer_details": {
                        "address": {
                            "line1": address.line1,
                            "city": address.city,
                            "state": address.state,
                            "postal_code": address.postal_code,
                            "country": address.country,
                        },
                        "address_source": "shipping",
                    },
                }
            )
        )
        breakdown = [part.to_dict() for part in calculation.tax_breakdown]
        return calculation.tax_amount_exclusive, breakdown, calculation.id or ""


def _cache_key(address: TaxAddress, lines: Sequence[TaxableLine], shipping: Decimal) -> str:
    facts = repr((address, [(line.quantity, line.total) for line in lines], shipping))
    return f"tax:{hashlib.sha256(facts.encode()).hexdigest()}"


def calculation_spent(tax: Tax) -> None:
    """An order has taken this calculation: the next one needs its own, because each makes one transaction."""
    if tax.cache_key:
        cache.delete(tax.cache_key)


@lru_cache(maxsize=2)
def _calculator(path: str) -> TaxCalculator:
    calculator: TaxCalculator = import_string(path)()
    return calculator


def tax_calculator() -> TaxCalculator:
    """The calculator that the settings name."""
    return _calculator(settings.TAX_CALCULATOR)
