"""Stripe's webhook, the browser's report, and the test gateway's confirmation."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import Anyone
from common.api import MoneyField, TimestampField, envelope, success
from common.errors import DomainError, NotFound, problem_json
from common.money import from_cents, money_text
from orders.payments import services
from orders.payments.gateway import SignatureInvalid, payment_gateway
from orders.serializers import OrderSerializer


@method_decorator(csrf_exempt, name="dispatch")
class StripeWebhookView(View):
    """Verify the raw body, store, answer. The work happens in a worker."""

    def post(self, request: HttpRequest) -> HttpResponse:
        signature = request.headers.get("Stripe-Signature", "")
        try:
            event = payment_gateway().verify_event(request.body, signature)
        except SignatureInvalid:
            return problem_json(400, "The webhook signature is missing or wrong.", code="signature_invalid")
        services.event_receive(event)
        return JsonResponse({"received": True})


class CaptureRequestSerializer(serializers.Serializer):
    payment_intent_id = serializers.CharField(
        max_length=255,
        error_messages=dict.fromkeys(("required", "null", "blank"), "payment_intent_id is required"),
    )


class PaymentCaptureView(APIView):
    permission_classes = [Anyone]

    @extend_schema(
        request=CaptureRequestSerializer, responses=envelope("PaymentCaptured", order=OrderSerializer)
    )
    def post(self, request: Request, order_id: str) -> Response:
        body = CaptureRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        try:
            pk = UUID(order_id)
        except ValueError as error:
            raise NotFound("Order not found", code="order_not_found") from error
        order = services.payment_capture(pk, body.validated_data["payment_intent_id"])
        return success({"order": OrderSerializer(order).data})


class CheckoutSessionSerializer(serializers.Serializer):
    id = serializers.CharField(source="session_id")
    url = serializers.CharField(source="session_url", help_text="Where the customer pays.")
    expires_at = TimestampField(source="session_expires_at")
    amount = MoneyField()
    currency = serializers.CharField()


class CheckoutSessionView(APIView):
    """For shops that prefer Stripe's hosted page to a card form of their own. The same apply step takes the money."""

    permission_classes = [Anyone]

    @extend_schema(
        request=None, responses=envelope("CheckoutSessionOpened", session=CheckoutSessionSerializer)
    )
    def post(self, request: Request, order_id: str) -> Response:
        try:
            pk = UUID(order_id)
        except ValueError as error:
            raise NotFound("Order not found", code="order_not_found") from error
        payment = services.checkout_session_ensure(pk)
        return success({"session": CheckoutSessionSerializer(payment).data})


class ConfirmRequestSerializer(serializers.Serializer):
    client_secret = serializers.CharField(max_length=255)
    payment_method = serializers.CharField(max_length=64)


class TestGatewayConfirmView(APIView):
    """`stripe.confirmCardPayment` of the test gateway. Mounted only where that gateway takes the payments."""

    permission_classes = [Anyone]

    @extend_schema(exclude=True)
    def post(self, request: Request, intent_id: str) -> Response:
        from orders.payments.backends.bank import confirm_intent

        body = ConfirmRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        intent = confirm_intent(intent_id, **body.validated_data)
        failure = intent["last_payment_error"]
        if failure:
            return Response({"error": {**failure, "payment_intent": intent}}, status=402)
        return Response(intent)


class TestGatewayCheckoutView(View):
    """The hosted page of the test gateway, with test cards for buttons. Mounted as the view above."""

    def get(self, request: HttpRequest, session_id: str) -> HttpResponse:
        return _checkout_page(request, session_id)

    def post(self, request: HttpRequest, session_id: str) -> HttpResponse:
        from orders.payments.backends.bank import pay_session

        try:
            intent = pay_session(session_id, request.POST.get("payment_method", ""))
        except DomainError as error:
            return problem_json(error.status, error.message, code=error.code)
        failure = intent["last_payment_error"]
        return _checkout_page(request, session_id, failure["message"] if failure else "")


def _checkout_page(request: HttpRequest, session_id: str, failure: str = "") -> HttpResponse:
    from orders.payments.backends import bank

    session = bank.session_data(session_id)
    if session is None:
        return problem_json(404, "No such checkout session", code="resource_missing")
    cards = [
        ("Pay", "pm_card_visa"),
        ("Pay with 3-D Secure", bank.THREE_D_SECURE),
        ("Be declined", "pm_card_chargeDeclined"),
        ("Pay by slow bank transfer", bank.DELAYED),
    ]
    context = {
        "session": session,
        "amount": money_text(from_cents(session["amount_total"])),
        "cards": cards,
        "failure": failure,
        "three_d_secure": bank.THREE_D_SECURE,
    }
    return render(request, "orders/test_checkout.html", context)
