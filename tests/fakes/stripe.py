"""A stateful double of the part of Stripe that the shop uses, on loopback.

Requests are checked against the SDK's own typed parameters, so that what the real Stripe would refuse is refused here.
"""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from stripe.params import PaymentIntentCreateParams
from stripe.params.tax import CalculationCreateParams

from tests.fakes.stripe_params import fault

MINIMUM_CHARGE_CENTS = 50  # https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]
    form: dict[str, str]


@dataclass
class FakeStripe:
    """`with FakeStripe() as stripe:` serves at `stripe.url`; the rest are its controls and what it saw."""

    intents: dict[str, dict[str, Any]] = field(default_factory=dict)
    calculations: list[dict[str, str]] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    replies: dict[str, tuple[dict[str, str], int, dict[str, Any]]] = field(default_factory=dict)
    tax_percent: float = 7.25
    _failures: list[int] = field(default_factory=list)
    _delays_s: list[float] = field(default_factory=list)

    def __enter__(self) -> FakeStripe:
        double = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *args: Any) -> None:
                """The test's output stays readable."""

            def _answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                form = dict(parse_qsl(self.rfile.read(length).decode(), keep_blank_values=True))
                headers = {name.lower(): value for name, value in self.headers.items()}
                request = Request(self.command, urlsplit(self.path).path, headers, form)
                status, body = double.handle(request)
                data = json.dumps(body).encode()
                time.sleep(double._delays_s.pop(0) if double._delays_s else 0)
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                try:
                    self.end_headers()
                    self.wfile.write(data)
                except OSError:
                    self.close_connection = True  # the caller has lost its patience

            do_GET = do_POST = _answer

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def fail_next(self, times: int, status: int) -> None:
        self._failures += [status] * times

    def delay_next(self, times: int, seconds: float) -> None:
        """The request is carried out at once, and its answer comes late."""
        self._delays_s += [seconds] * times

    def pay(self, intent_id: str) -> None:
        intent = self.intents[intent_id]
        intent |= {"status": "succeeded", "amount_received": intent["amount"]}

    def cancel(self, intent_id: str) -> None:
        self.intents[intent_id]["status"] = "canceled"

    def decline(self, intent_id: str, message: str) -> None:
        self.intents[intent_id]["last_payment_error"] = {
            "type": "card_error",
            "code": "card_declined",
            "message": message,
        }

    def handle(self, request: Request) -> tuple[int, dict[str, Any]]:
        self.requests.append(request)
        if self._failures:
            status = self._failures.pop(0)
            return status, _error("api_error", "told to fail")
        key = request.headers.get("idempotency-key")
        if request.method == "POST" and key in self.replies:
            form, status, body = self.replies[key]
            same = form == request.form
            return (
                (status, body)
                if same
                else (400, _error("idempotency_error", "other parameters for the same key"))
            )
        status, body = self._route(request)
        # Stripe keeps no reply to parameters that it refused (https://docs.stripe.com/api/idempotent_requests).
        if request.method == "POST" and key and status != 400:
            self.replies[key] = (request.form, status, body)
        return status, body

    def _route(self, request: Request) -> tuple[int, dict[str, Any]]:
        parts = request.path.strip("/").split("/")
        if (request.method, parts) == ("POST", ["v1", "payment_intents"]):
            return self._create_intent(request.form)
        if (request.method, parts) == ("POST", ["v1", "tax", "calculations"]):
            return self._calculate(request.form)
        if request.method == "GET" and parts[:2] == ["v1", "payment_intents"] and parts[2] in self.intents:
            return 200, self.intents[parts[2]]
        return 404, _error("invalid_request_error", f"No such resource: {request.path}")

    def _create_intent(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        wrong = fault(form, PaymentIntentCreateParams)
        if not wrong and int(form["amount"]) < MINIMUM_CHARGE_CENTS:
            wrong = "Amount must convert to at least 50 cents."
        if wrong:
            return 400, _error("invalid_request_error", wrong)
        intent_id = f"pi_{len(self.intents) + 1:024d}"
        metadata = {name[9:-1]: value for name, value in form.items() if name.startswith("metadata[")}
        self.intents[intent_id] = {
            "id": intent_id,
            "object": "payment_intent",
            "amount": int(form["amount"]),
            "amount_received": 0,
            "currency": form["currency"],
            "client_secret": f"{intent_id}_secret_fake",
            "status": "requires_payment_method",
            "metadata": metadata,
            "last_payment_error": None,
        }
        return 200, self.intents[intent_id]

    def _calculate(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        references = [value for name, value in form.items() if name.endswith("[reference]")]
        wrong = fault(form, CalculationCreateParams)
        if not wrong and len(set(references)) != len(references):
            wrong = "Line item references must be unique."
        if wrong:
            return 400, _error("invalid_request_error", wrong)
        self.calculations.append(form)
        goods = sum(
            int(value)
            for name, value in form.items()
            if name.startswith("line_items[") and name.endswith("[amount]")
        )
        tax = round(goods * self.tax_percent / 100)
        part = {
            "amount": tax,
            "inclusive": False,
            "taxable_amount": goods,
            "tax_rate_details": {"state": "CA"},
        }
        body = {
            "id": "taxcalc_1",
            "object": "tax.calculation",
            "tax_amount_exclusive": tax,
            "tax_breakdown": [part],
        }
        return 200, body


def _error(kind: str, message: str) -> dict[str, Any]:
    return {"error": {"type": kind, "message": message}}
