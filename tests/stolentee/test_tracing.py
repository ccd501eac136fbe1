"""One trace leads from the storefront's request through the task to the vendor, in a shop that runs."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from demo.storefront import Storefront
from tests.fakes.collector import Collector
from tests.server import running_shop
from tests.stolentee.vendor import FakeRemoveBg

pytestmark = pytest.mark.timeout(180)
REQUEST_ID = "storefront-upload-1"
PHOTO = Path(__file__).resolve().parents[2] / "demo" / "shirt-photo.jpg"


def attributes(span: Any) -> dict[str, str]:
    return {item.key: item.value.string_value for item in span.attributes}


def test_one_trace_from_the_request_to_the_vendor(tmp_path: Path) -> None:
    """rembg lacks its weights, so that the photo goes to the double of remove.bg."""
    with Collector() as collector, FakeRemoveBg() as vendor:
        with running_shop(
            tmp_path,
            OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
            REMOVEBG_API_KEY="key",
            REMOVEBG_API_URL=vendor.url,
            REMBG_MODEL="u2net",
        ) as shop:
            browser = Storefront(shop.url)
            browser.session.headers["X-Request-ID"] = REQUEST_ID
            job = browser.upload_photo(PHOTO)["jobId"]
            deadline = time.monotonic() + 90
            awaited = {"remove.bg removebg", "run/uploads.cutout.run_job"}
            while browser.job(job)["status"] in ("queued", "running") and time.monotonic() < deadline:
                time.sleep(0.3)
            assert vendor.calls >= 1
            browser.call("GET", "/setup/a-secret-link")
            browser.call("GET", "/health")
            while not awaited <= {span.name for span in collector.spans()} and time.monotonic() < deadline:
                time.sleep(0.3)  # they are sent every two seconds
        spans = collector.spans()  # the shop has stopped, and what it still had it has sent
    assert any("run_job" in span.name for span in spans), sorted(span.name for span in spans)
    by_name = {span.name: span for span in spans}
    request = next(span for span in spans if span.name.startswith("POST") and "shirt-photo" in span.name)
    task = by_name["run/uploads.cutout.run_job"]
    call = by_name["remove.bg removebg"]
    http = by_name["remove.bg POST"]
    assert len({span.trace_id for span in (request, task, call, http)}) == 1
    ids = {span.span_id: span for span in spans}

    def ancestors(span: Any) -> list[str]:
        names = []
        while span.parent_span_id in ids:
            span = ids[span.parent_span_id]
            names.append(span.name)
        return names

    assert ancestors(http)[0] == "remove.bg removebg"
    assert {task.name, request.name} <= set(ancestors(call))
    assert attributes(call)["peer.service"] == "remove.bg"
    assert attributes(request)["request.id"] == REQUEST_ID
    lines = [line for line in shop.log_text().splitlines() if '"cutout.' in line and job in line]
    assert lines and all(f'"request_id": "{REQUEST_ID}"' in line for line in lines), lines
    assert not any("health" in span.name for span in spans)
    assert "a-secret-link" not in str(spans)
