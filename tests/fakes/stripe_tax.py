"""Stripe Tax of the double: calculations, the transaction that one of them becomes, and what is taken back of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Thing = dict[str, Any]
Form = dict[str, str]


class TaxRefusal(Exception):
    """What Stripe Tax answers instead of doing it."""


@dataclass
class TaxBooks:
    percent: float = 7.25
    calculations: dict[str, Thing] = field(default_factory=dict)
    transactions: dict[str, Thing] = field(default_factory=dict)

    def calculate(self, form: Form) -> Thing:
        references = [value for name, value in form.items() if name.endswith("[reference]")]
        if len(set(references)) != len(references):
            raise TaxRefusal("Line item references must be unique.")
        goods = sum(
            int(value)
            for name, value in form.items()
            if name.startswith("line_items[") and name.endswith("[amount]")
        )
        tax = round(goods * self.percent / 100)
        part = {
            "amount": tax,
            "inclusive": False,
            "taxable_amount": goods,
            "tax_rate_details": {"state": "CA"},
        }
        made = {
            "id": f"taxcalc_{len(self.calculations) + 1}",
            "object": "tax.calculation",
            "amount_total": goods + tax + int(form.get("shipping_cost[amount]", 0)),
            "tax_amount_exclusive": tax,
            "tax_breakdown": [part],
        }
        self.calculations[made["id"]] = made
        return made

    def record(self, form: Form) -> Thing:
        calculation = self.calculations.get(form["calculation"])
        if calculation is None:
            raise TaxRefusal(f"No such tax calculation: {form['calculation']}")
        if any(known.get("calculation") == form["calculation"] for known in self.transactions.values()):
            raise TaxRefusal("This calculation has been recorded.")
        return self._book(form, "transaction", calculation["amount_total"], calculation=form["calculation"])

    def reverse(self, form: Form) -> Thing:
        """What is taken back of a sale never exceeds it."""
        sale = self.transactions.get(form["original_transaction"])
        if sale is None:
            raise TaxRefusal("No such tax transaction.")
        left = sale["amount"] + sum(
            known["amount"] for known in self.transactions.values() if known.get("of") == sale["id"]
        )
        amount = int(form["flat_amount"]) if form["mode"] == "partial" else -left
        if amount >= 0 or -amount > left:
            raise TaxRefusal(f"{amount} cannot be taken back of {left}.")
        return self._book(form, "reversal", amount, of=sale["id"])

    def _book(self, form: Form, kind: str, amount: int, **more: Any) -> Thing:
        if any(known["reference"] == form["reference"] for known in self.transactions.values()):
            raise TaxRefusal("This reference has been used.")
        made = {
            "id": f"tax_{len(self.transactions) + 1}",
            "object": "tax.transaction",
            "type": kind,
            "reference": form["reference"],
            "amount": amount,
            **more,
        }
        self.transactions[made["id"]] = made
        return made
