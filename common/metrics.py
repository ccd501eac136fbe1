"""What the shop counts and measures as it happens, for Prometheus.

What can be read from the database (queues, jobs, orders, money) is not counted here but asked for when the figures
are fetched: that is right however many processes there are and however often they are restarted.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import trace
from prometheus_client import Counter, Gauge, Histogram

_tracer = trace.get_tracer("stolentee")

REQUESTS = Counter(
    "stolentee_http_requests", "Answered requests by route and status.", ["method", "route", "status"]
)
REQUEST_SECONDS = Histogram(
    "stolentee_http_request_seconds",
    "How long requests took.",
    ["method", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 2.0, 5.0, 10.0, 30.0),
)
REQUESTS_UNDER_WAY = Gauge(
    "stolentee_http_requests_under_way", "Requests being answered.", multiprocess_mode="livesum"
)
REQUESTS_LIMITED = Counter("stolentee_http_requests_limited", "Requests refused with 429.", ["bucket"])
DATABASE_QUERIES = Histogram(
    "stolentee_database_query_seconds",
    "How long queries took.",
    ["database", "operation"],
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0, 10.0, 30.0),
)
DATABASE_POOL = Gauge(
    "stolentee_database_pool_connections",
    "Connections of all processes: max, open, idle, and requests that wait for one.",
    ["state"],
    multiprocess_mode="livesum",
)
PROCESS_MEMORY = Gauge(
    "stolentee_process_resident_bytes", "Memory of all processes.", multiprocess_mode="livesum"
)
TASKS = Counter("stolentee_tasks", "Tasks that ended, by name and how.", ["task", "outcome"])
TASK_SECONDS = Histogram(
    "stolentee_task_seconds",
    "How long tasks took.",
    ["task"],
    buckets=(0.01, 0.05, 0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0),
)
VENDOR_SECONDS = Histogram(
    "stolentee_vendor_call_seconds",
    "How long calls to vendors took, by vendor and outcome.",
    ["vendor", "operation", "outcome"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0),
)


@contextmanager
def vendor_call(vendor: str, operation: str) -> Iterator[None]:
    """Measures one call to a vendor and makes it a span of the current trace."""
    started = time.perf_counter()
    outcome = "ok"
    with _tracer.start_as_current_span(f"{vendor} {operation}", kind=trace.SpanKind.CLIENT) as span:
        span.set_attribute("peer.service", vendor)
        try:
            yield
        except BaseException as error:
            outcome = type(error).__name__
            raise
        finally:
            VENDOR_SECONDS.labels(vendor, operation, outcome).observe(time.perf_counter() - started)
