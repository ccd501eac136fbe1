"""Stripe's webhook, the browser's report, and the test gateway's confirmation."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import Anyone
from common.api import envelope, success
from common.errors import NotFound, problem_json
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


class ConfirmRequestSerializer(serializers.Serializer):
    client_secret = serializers.CharField(max_length=255)
    payment_method = serializers.CharField(max_length=64)


class TestGatewayConfirmView(APIView):
    """`stripe.confirmCardPayment` of the test gateway. Mounted only where that gateway takes the payments."""

    permission_classes = [Anyone]

    @extend_schema(exclude=True)
    def post(self, request: Request, intent_id: str) -> Response:
        from orders.payments.backends.testing import confirm_intent

        body = ConfirmRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        intent = confirm_intent(intent_id, **body.validated_data)
        failure = intent["last_payment_error"]
        if failure:
            return Response({"error": {**failure, "payment_intent": intent}}, status=402)
        return Response(intent)
