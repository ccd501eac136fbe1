"""Traces: one from a request through the task that it rings for to each call to a vendor. Off without a collector."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from common.logs import hide_secret_paths

_started = False


def start() -> None:
    """Does nothing without OTEL_EXPORTER_OTLP_ENDPOINT, and nothing the second time."""
    global _started
    if _started or not settings.OTEL_EXPORTER_OTLP_ENDPOINT:
        return
    _started = True
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.instrumentation.celery import CeleryInstrumentor
    from opentelemetry.instrumentation.django import DjangoInstrumentor
    from opentelemetry.instrumentation.requests import RequestsInstrumentor
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

    provider = TracerProvider(
        resource=Resource.create(
            {
                "service.name": "stolentee",
                "service.version": settings.VERSION,
                "deployment.environment.name": settings.ENVIRONMENT,
            }
        ),
        sampler=ParentBased(TraceIdRatioBased(settings.OTEL_SAMPLE_PERCENT / 100)),
    )
    exporter = OTLPSpanExporter(endpoint=f"{settings.OTEL_EXPORTER_OTLP_ENDPOINT}/v1/traces", timeout=5)
    provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=2000))
    trace.set_tracer_provider(provider)
    DjangoInstrumentor().instrument(
        excluded_urls="health,health/.*,metrics,static/.*,assets/.*", response_hook=_after_request
    )
    CeleryInstrumentor().instrument()
    RequestsInstrumentor().instrument(request_hook=_before_vendor)


def _after_request(span: Any, request: Any, response: Any) -> None:
    """The request's id leads from the log to the trace; addresses that are keys do not leave."""
    if not span.is_recording():
        return
    span.set_attribute("request.id", response.get("X-Request-ID", ""))
    for name in ("http.url", "http.target", "url.path", "url.full"):
        value = (getattr(span, "attributes", None) or {}).get(name)
        if isinstance(value, str):
            span.set_attribute(name, hide_secret_paths(value).partition("?")[0])


def _before_vendor(span: Any, request: Any) -> None:
    if not span.is_recording():
        return
    vendor = _vendor_of(str(request.url))
    span.set_attribute("peer.service", vendor)
    span.update_name(f"{vendor} {request.method}")
    for name in ("http.url", "url.full"):
        if name in (getattr(span, "attributes", None) or {}):
            span.set_attribute(name, str(request.url).partition("?")[0])


def _vendor_of(url: str) -> str:
    known = {
        "stripe": (settings.STRIPE_API_URL, "https://api.stripe.com"),
        "remove.bg": (settings.REMOVEBG_API_URL,),
    }
    return next(
        (
            vendor
            for vendor, addresses in known.items()
            if any(base and url.startswith(base) for base in addresses)
        ),
        "http",
    )
