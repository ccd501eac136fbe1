"""What the double of Stripe keeps: intents, sessions, refunds, disputes, tax and events, and the rules between them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from stripe.params import (
    DisputeListParams,
    EventListParams,
    PaymentIntentCancelParams,
    PaymentIntentCreateParams,
    PaymentIntentListParams,
    RefundCreateParams,
    RefundListParams,
)
from stripe.params.checkout import SessionCreateParams, SessionExpireParams
from stripe.params.tax import (
    CalculationCreateParams,
    TransactionCreateFromCalculationParams,
    TransactionCreateReversalParams,
)

from tests.fakes.stripe_params import fault
from tests.fakes.stripe_tax import TaxBooks, TaxRefusal

MINIMUM_CHARGE_CENTS = 50  # https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts
Thing = dict[str, Any]
Form = dict[str, str]


class Refusal(Exception):
    """What Stripe answers instead of doing it."""

    def __init__(
        self, message: str, *, code: str = "", status: int = 400, kind: str = "invalid_request_error"
    ) -> None:
        super().__init__(message)
        self.status, self._code, self._kind = status, code, kind

    def body(self) -> Thing:
        error = {"type": self._kind, "message": str(self)}
        return {"error": error | ({"code": self._code} if self._code else {})}


def _metadata(form: Form, prefix: str = "metadata") -> dict[str, str]:
    return {
        name[len(prefix) + 1 : -1]: value for name, value in form.items() if name.startswith(f"{prefix}[")
    }


@dataclass
class Books:
    intents: dict[str, Thing] = field(default_factory=dict)
    sessions: dict[str, Thing] = field(default_factory=dict)
    refunds: dict[str, Thing] = field(default_factory=dict)
    disputes: dict[str, Thing] = field(default_factory=dict)
    calculations: list[Form] = field(default_factory=list)
    events: list[Thing] = field(default_factory=list)
    longest_page: int = 100
    tax_percent: float = 7.25
    tax: TaxBooks = field(default_factory=TaxBooks)

    # --- What customers, banks and the dashboard do -----------------------------------------------------------------

    def pay(self, intent_id: str) -> Thing:
        intent = self.intents[intent_id]
        intent |= {"status": "succeeded", "amount_received": intent["amount"], "last_payment_error": None}
        return self.tell("payment_intent.succeeded", intent)

    def process(self, intent_id: str) -> Thing:
        self.intents[intent_id]["status"] = "processing"
        return self.tell("payment_intent.processing", self.intents[intent_id])

    def cancel(self, intent_id: str) -> Thing:
        self.intents[intent_id]["status"] = "canceled"
        return self.tell("payment_intent.canceled", self.intents[intent_id])

    def decline(self, intent_id: str, message: str) -> Thing:
        self.intents[intent_id]["last_payment_error"] = {
            "type": "card_error",
            "code": "card_declined",
            "message": message,
        }
        return self.tell("payment_intent.payment_failed", self.intents[intent_id])

    def pay_session(self, session_id: str) -> Thing:
        """The customer fills in the hosted page: only now is there an intent."""
        session = self.sessions[session_id]
        intent = self._intent(
            session["amount_total"], session["currency"], session["payment_intent_data_metadata"]
        )
        session |= {"status": "complete", "payment_status": "paid", "payment_intent": intent["id"]}
        self.pay(intent["id"])
        return self.tell("checkout.session.completed", session)

    def refund(self, intent_id: str, amount: int, metadata: dict[str, str] | None = None) -> Thing:
        """In the dashboard, or by the API."""
        intent = self.intents[intent_id]
        dispute = self.disputes.get(f"dp_{intent_id}")
        if dispute is not None and dispute["status"] != "won":
            raise Refusal("This charge has been charged back.", code="charge_disputed")
        gone = sum(r["amount"] for r in self._refunds_of(intent_id) if r["status"] != "failed")
        if gone + amount > intent["amount_received"]:
            raise Refusal("Refund amount is greater than unrefunded amount", code="amount_too_large")
        refund = {
            "id": f"re_{len(self.refunds) + 1:024d}",
            "object": "refund",
            "amount": amount,
            "currency": intent["currency"],
            "payment_intent": intent_id,
            "status": "succeeded",
            "reason": None,
            "metadata": metadata or {},
            "created": int(time.time()),
        }
        self.refunds[refund["id"]] = refund
        charge = {"id": f"ch_{intent_id}", "object": "charge", "payment_intent": intent_id}
        self.tell("charge.refunded", charge | {"amount_refunded": gone + amount})
        self.tell("refund.updated", refund)
        return refund

    def fail_refund(self, refund_id: str) -> Thing:
        self.refunds[refund_id] |= {"status": "failed", "failure_reason": "lost_or_stolen_card"}
        return self.tell("refund.failed", self.refunds[refund_id])

    def dispute(self, intent_id: str, status: str = "needs_response") -> Thing:
        """Opens the intent's dispute, or moves it on."""
        intent = self.intents[intent_id]
        dispute_id = f"dp_{intent_id}"
        kind = "created" if dispute_id not in self.disputes else "closed"
        self.disputes[dispute_id] = {
            "id": dispute_id,
            "object": "dispute",
            "amount": intent["amount_received"],
            "currency": intent["currency"],
            "payment_intent": intent_id,
            "status": status,
            "reason": "fraudulent",
            "evidence_details": {"due_by": int(time.time()) + 604800},
            "created": int(time.time()),
        }
        return self.tell(f"charge.dispute.{kind}", self.disputes[dispute_id])

    def tell(self, kind: str, about: Thing) -> Thing:
        """Notes the event, with its object as it is now; delivering it is the test's affair."""
        event = {
            "id": f"evt_{len(self.events) + 1:024d}",
            "object": "event",
            "type": kind,
            "created": int(time.time()),
            "data": {"object": json.loads(json.dumps(about))},
        }
        self.events.append(event)
        return event

    # --- The API ----------------------------------------------------------------------------------------------------

    def answer(self, method: str, path: str, form: Form) -> Thing:
        """The object that a request makes, reads or changes. Raises Refusal."""
        parts = path.strip("/").split("/")[1:]
        match (method, *parts):
            case ("POST", "payment_intents"):
                return self._checked(form, PaymentIntentCreateParams, self._create_intent)
            case ("POST", "payment_intents", key, "cancel") if key in self.intents:
                return self._checked(form, PaymentIntentCancelParams, lambda _: self._cancel_intent(key))
            case ("POST", "checkout", "sessions"):
                return self._checked(form, SessionCreateParams, self._create_session)
            case ("POST", "checkout", "sessions", key, "expire") if key in self.sessions:
                return self._checked(form, SessionExpireParams, lambda _: self._expire_session(key))
            case ("POST", "refunds"):
                return self._checked(form, RefundCreateParams, self._create_refund)
            case ("POST", "tax", "calculations"):
                return self._checked(form, CalculationCreateParams, self._calculate)
            case ("POST", "tax", "transactions", "create_from_calculation"):
                return self._checked(form, TransactionCreateFromCalculationParams, self._of(self.tax.record))
            case ("POST", "tax", "transactions", "create_reversal"):
                return self._checked(form, TransactionCreateReversalParams, self._of(self.tax.reverse))
            case ("GET", "payment_intents"):
                return self._listed(path, form, PaymentIntentListParams, list(self.intents.values()))
            case ("GET", "refunds"):
                rows = [
                    r
                    for r in self.refunds.values()
                    if form.get("payment_intent", r["payment_intent"]) == r["payment_intent"]
                ]
                return self._listed(path, form, RefundListParams, rows)
            case ("GET", "disputes"):
                return self._listed(path, form, DisputeListParams, list(self.disputes.values()))
            case ("GET", "events"):
                return self._listed(path, form, EventListParams, self.events)
            case ("GET", "payment_intents", key) if key in self.intents:
                return self.intents[key]
            case ("GET", "checkout", "sessions", key) if key in self.sessions:
                return self.sessions[key]
            case ("GET", "refunds", key) if key in self.refunds:
                return self.refunds[key]
            case ("GET", "disputes", key) if key in self.disputes:
                return self.disputes[key]
        raise Refusal(f"No such resource: {path}", code="resource_missing", status=404)

    def _checked(self, form: Form, params: Any, do: Callable[[Form], Thing]) -> Thing:
        wrong = fault(form, params)
        if wrong:
            raise Refusal(wrong)
        return do(form)

    def _listed(self, path: str, form: Form, params: Any, rows: list[Thing]) -> Thing:
        """One page, the newest first, as Stripe's own lists are turned by `starting_after`."""
        wrong = fault(form, params)
        if wrong:
            raise Refusal(wrong)
        since = int(form.get("created[gte]", 0))
        found = [row for row in reversed(rows) if row["created"] >= since]
        if "starting_after" in form:
            ids = [row["id"] for row in found]
            found = found[ids.index(form["starting_after"]) + 1 :]
        limit = min(int(form.get("limit", 10)), self.longest_page)
        return {"object": "list", "data": found[:limit], "has_more": len(found) > limit, "url": path}

    def _create_intent(self, form: Form) -> Thing:
        if int(form["amount"]) < MINIMUM_CHARGE_CENTS:
            raise Refusal("Amount must convert to at least 50 cents.", code="amount_too_small")
        return self._intent(int(form["amount"]), form["currency"], _metadata(form))

    def _intent(self, amount: int, currency: str, metadata: dict[str, str]) -> Thing:
        intent_id = f"pi_{len(self.intents) + 1:024d}"
        self.intents[intent_id] = {
            "id": intent_id,
            "object": "payment_intent",
            "amount": amount,
            "amount_received": 0,
            "currency": currency,
            "client_secret": f"{intent_id}_secret_fake",
            "status": "requires_payment_method",
            "metadata": metadata,
            "last_payment_error": None,
            "created": int(time.time()),
        }
        return self.intents[intent_id]

    def _cancel_intent(self, key: str) -> Thing:
        if self.intents[key]["status"] in ("succeeded", "processing", "canceled"):
            raise Refusal("You cannot cancel this intent.", code="payment_intent_unexpected_state")
        self.cancel(key)
        return self.intents[key]

    def _create_session(self, form: Form) -> Thing:
        expires_at = int(form["expires_at"])
        if not 1790 <= expires_at - time.time() <= 86400:
            raise Refusal("The `expires_at` must be 30 minutes to 24 hours from now.")
        session_id = f"cs_{len(self.sessions) + 1:024d}"
        self.sessions[session_id] = {
            "id": session_id,
            "object": "checkout.session",
            "url": f"https://checkout.stripe.com/c/pay/{session_id}",
            "status": "open",
            "payment_status": "unpaid",
            "payment_intent": None,
            "amount_total": int(form["line_items[0][price_data][unit_amount]"]),
            "currency": form["line_items[0][price_data][currency]"],
            "metadata": _metadata(form),
            "payment_intent_data_metadata": _metadata(form, "payment_intent_data[metadata]"),
            "expires_at": expires_at,
            "created": int(time.time()),
        }
        return self.sessions[session_id]

    def _expire_session(self, key: str) -> Thing:
        if self.sessions[key]["status"] != "open":
            raise Refusal("Only Checkout Sessions with a status in `open` can be expired.")
        self.sessions[key]["status"] = "expired"
        self.tell("checkout.session.expired", self.sessions[key])
        return self.sessions[key]

    def _create_refund(self, form: Form) -> Thing:
        if form["payment_intent"] not in self.intents:
            raise Refusal("No such payment_intent", code="resource_missing", status=404)
        return self.refund(form["payment_intent"], int(form["amount"]), _metadata(form))

    def _refunds_of(self, intent_id: str) -> list[Thing]:
        return [refund for refund in self.refunds.values() if refund["payment_intent"] == intent_id]

    def _calculate(self, form: Form) -> Thing:
        self.tax.percent = self.tax_percent
        made = self._of(self.tax.calculate)(form)
        self.calculations.append(form)
        return made

    @staticmethod
    def _of(do: Callable[[Form], Thing]) -> Callable[[Form], Thing]:
        def answer(form: Form) -> Thing:
            try:
                return do(form)
            except TaxRefusal as error:
                raise Refusal(str(error)) from error

        return answer
