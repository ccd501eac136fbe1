"""The production profile, running: headers, limits, health under each fault, its pool, its end under load."""

from __future__ import annotations

import io
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from PIL import Image

from demo.storefront import Storefront
from tests.fakes.stripe import FakeStripe
from tests.stolentee.production import PROXY, QUIET, Production, Server, place_order, wait_until
from tests.stolentee.vendor import FakeRemoveBg

pytestmark = [pytest.mark.production, pytest.mark.timeout(300)]
PHOTO = Path(__file__).resolve().parents[2] / "demo" / "shirt-photo.jpg"
HEALTH_IS_FRESH_AFTER_S = 10.5  # checks are kept for ten seconds in each process
FAULT_IS_FORGOTTEN_AFTER_S = 1.1
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains; preload",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), microphone=(), camera=(), payment=(self)",
    "X-Permitted-Cross-Domain-Policies": "none",
    "X-XSS-Protection": "0",
}


def health_of(shop: Production) -> dict[str, Any]:
    """The answer of a process whose last checks are stale by now."""
    time.sleep(HEALTH_IS_FRESH_AFTER_S)
    answer = shop.get("/health")
    body: dict[str, Any] = answer.json()
    return body | {"code": answer.status_code}


def test_headers_of_good_and_bad_answers(shop: Production) -> None:
    origin = {"Origin": "https://stolentee.com"}
    answers = {
        path: shop.get(path, **origin)
        for path in ("/api/products", "/api/unknown", "/api/auth/me", "/health", "/api/price/quote/none")
    }
    answers["preflight"] = requests.options(
        f"{shop.url}/api/orders/create",
        headers=PROXY | origin | {"Access-Control-Request-Method": "POST"},
        timeout=10,
    )
    answers["too large"] = requests.post(
        f"{shop.url}/api/orders/create", data=b"x" * (11 * 2**20), headers=PROXY | origin, timeout=10
    )
    answers["asset"] = shop.get("/assets/black-front.png", **origin)
    for name, answer in answers.items():
        for header, value in SECURITY_HEADERS.items():
            assert answer.headers.get(header) == value, (name, header)
        assert "upgrade-insecure-requests" in answer.headers["Content-Security-Policy"], name
        assert answer.headers["Access-Control-Allow-Origin"] in ("https://stolentee.com", "*"), name
        if answer.status_code >= 400:
            assert answer.headers["Cache-Control"] == "no-store", name
            assert answer.json().get("message"), (name, answer.status_code, answer.text[:500])
    assert answers["too large"].status_code == 413
    assert answers["/api/products"].headers["Cache-Control"] == (
        "public, max-age=3600, stale-while-revalidate=7200"
    )
    assert answers["asset"].headers["Cache-Control"] == "public, max-age=604800, immutable"
    assert answers["asset"].headers["CDN-Cache-Control"] == "public, max-age=604800"
    assert answers["/api/unknown"].headers["RateLimit-Policy"] == "100;w=900"


def test_plain_http_is_sent_to_https_but_health_is_not(shop: Production) -> None:
    redirected = requests.get(f"{shop.url}/api/products", timeout=10, allow_redirects=False)
    assert redirected.status_code == 301
    assert redirected.headers["Location"].startswith("https://")
    assert requests.get(f"{shop.url}/health", timeout=10, allow_redirects=False).status_code == 200


def test_both_processes_count_one_limit(shop: Production) -> None:
    client = {"X-Forwarded-For": "198.51.100.7"}
    body = {"email": "nobody@example.com", "password": "Wrong-password-1"}
    statuses = [shop.post("/api/auth/login", body, **client).status_code for _ in range(7)]
    assert statuses == [401] * 5 + [429] * 2
    refused = shop.post("/api/auth/login", body, **client)
    assert int(refused.headers["Retry-After"]) > 0 and refused.json()["message"]


def test_without_the_database_it_is_alive_unhealthy_and_back_at_once(shop: Production) -> None:
    with shop.without_database():
        assert shop.get("/health/live").status_code == 200
        ready = shop.get("/health/ready")
        assert (ready.status_code, ready.json()["reason"]) == (503, "Database unavailable")
        body = health_of(shop)
        assert (body["code"], body["status"]) == (503, "unhealthy")
        assert "stolentee" not in str(body["checks"]) and "127.0.0.1" not in str(body)
    # Each of the two processes has a pool of its own; a new connection for each question, so that both are asked.
    in_a_row: list[float] = []
    started = time.monotonic()
    while len(in_a_row) < 12 and time.monotonic() - started < 15:
        ready = shop.get("/health/ready", Connection="close")
        in_a_row = [*in_a_row, time.monotonic() - started] if ready.status_code == 200 else []
    assert len(in_a_row) == 12 and in_a_row[0] < 4, in_a_row
    time.sleep(FAULT_IS_FORGOTTEN_AFTER_S)
    assert [shop.get("/health", Connection="close").status_code for _ in range(8)] == [200] * 8


def test_a_restart_of_the_database_costs_no_request(shop: Production) -> None:
    """Every pooled connection is dead; the first request finds that out, and gets its answer all the same."""
    client = {"X-Forwarded-For": "198.51.100.9"}
    with ThreadPoolExecutor(8) as threads:  # so that both processes have connections
        warm = list(threads.map(lambda _: shop.get("/api/products", **client), range(24)))
    assert [answer.status_code for answer in warm] == [200] * 24
    shop.disconnect_all()
    started = time.monotonic()
    answers = [shop.get("/health/ready") for _ in range(12)]
    assert [answer.status_code for answer in answers] == [200] * 12
    assert time.monotonic() - started < 6


def test_without_redis_it_is_degraded_and_still_sells(
    shop: Production, browser: Storefront, stripe: FakeStripe
) -> None:
    with shop.without_redis():
        body = health_of(shop)
        assert (body["code"], body["status"]) == (200, "degraded")
        assert body["checks"]["redis"]["status"] == "down"
        assert body["checks"]["database"]["status"] == "ok"
        started = time.monotonic()
        order = place_order(browser)
        assert order["client_secret"] and stripe.intents
        photo = browser.call(
            "POST", "/api/uploads/shirt-photo", files={"file": ("p.jpg", PHOTO.read_bytes(), "image/jpeg")}
        )
        assert photo.status_code == 201
        assert time.monotonic() - started < 10
        # Counted per process: at most both limits together are let through.
        client = {"X-Forwarded-For": "198.51.100.8"}
        wrong = {"email": "nobody@example.com", "password": "Wrong-password-1"}
        statuses = [shop.post("/api/auth/login", wrong, **client).status_code for _ in range(14)]
        assert 5 <= statuses.count(401) <= 10 and set(statuses) == {401, 429}, statuses
    job = photo.json()["data"]["jobId"]
    assert browser.json("GET", f"/api/jobs/{job}")["job"]["status"] == "queued"
    # The bell was lost with Redis; the sweeper rings again.
    worker, beat = _start_workers(shop)
    try:
        wait_until(lambda: browser.json("GET", f"/api/jobs/{job}")["job"]["status"] == "done", "the job", 90)
        assert shop.sql("SELECT count(*) FROM ops_healthsample")[0][0] >= 1
        work = health_of(shop)["work"]
        assert (work["worker"], work["workers"], work["modelWarm"]) == ("ok", 1, True)
        details = shop.details()
        assert details["work"]["queues"]["Job"]["waiting"] == 0
        assert details["infrastructure"]["estimatedMonthlySavings"].startswith("$")
    finally:
        stopped = worker.stop(), beat.stop()
    assert all(code == 0 and seconds < 12 for code, seconds in stopped), stopped
    assert shop.sql("SELECT count(*) FROM ops_workerbeat")[0][0] == 0


def _start_workers(shop: Production) -> Any:
    queues = "images,cutouts,ai,mockups,payments,production,mail,ops"
    worker = shop.celery("worker", "-Q", queues, "-c", "2", *QUIET, log="worker.log")
    beat = shop.celery("beat", "--schedule", str(shop.folder / "beat"), log="beat.log")
    worker.start()
    beat.start()
    return worker, beat


@pytest.mark.parametrize("answers_in_time", [True, False], ids=["finishes", "gives back"])
def test_a_worker_leaves_within_ten_seconds_and_its_job_is_done_once(
    shop: Production, browser: Storefront, answers_in_time: bool
) -> None:
    """SIGTERM while the cut-out waits for a vendor that answers a second later, or not before the worker's end."""
    request_id = f"worker-stop-{answers_in_time}".lower()
    with FakeRemoveBg() as vendor:
        vendor.may_answer.clear()
        browser.session.headers.update({"X-Request-ID": request_id, "X-Forwarded-For": "198.51.100.11"})
        photo = _other_photo(800 + answers_in_time)
        job = browser.json("POST", "/api/uploads/shirt-photo", files={"file": ("p.jpg", photo, "image/jpeg")})
        job_id = job["data"]["jobId"]
        worker = _paid_cutouts(shop, vendor, f"{request_id}.log")
        try:
            wait_until(lambda: vendor.calls == 1, "the vendor's first call", 90)
            answering = threading.Timer(1, vendor.may_answer.set)
            if answers_in_time:
                answering.start()
            code, seconds = worker.stop()
        finally:
            worker.end()
        assert (code, seconds < 10) == (0, True), (seconds, worker.log.read_text()[-3000:])
        (left,) = _job_row(shop, job_id)
        # Given back, it is as if nobody had tried: a release must not use up a job's attempts.
        assert left == (("done", 1, None) if answers_in_time else ("queued", 0, None))

        if not answers_in_time:
            vendor.may_answer.set()
            following = _paid_cutouts(shop, vendor, f"{request_id}-next.log")
            beat = shop.celery("beat", "--schedule", str(shop.folder / "beat"), log="beat.log")
            beat.start()  # its sweeper rings for the row
            try:
                wait_until(lambda: _job_row(shop, job_id)[0][0] == "done", "the job", 90)
            finally:
                assert (following.stop()[0], beat.stop()[0]) == (0, 0)
    assert _job_row(shop, job_id) == [("done", 1, None)]
    assert shop.sql(
        "SELECT count(*) FROM uploads_asset WHERE job_id = %s AND kind = 'transparent'", job_id
    ) == [(1,)]
    # Every line that the worker wrote about the job names the request that asked for it.
    lines = [line for line in worker.log.read_text().splitlines() if '"cutout.' in line and job_id in line]
    assert lines and all(f'"request_id": "{request_id}"' in line for line in lines), lines


def _paid_cutouts(shop: Production, vendor: FakeRemoveBg, log: str) -> Server:
    """A started worker for cut-outs whose own network has no weights, so that each photo goes to the vendor."""
    worker = shop.celery("worker", "-Q", "cutouts,ops", "-c", "1", *QUIET, log=log)
    paid = {"REMBG_MODEL": "u2net", "REMOVEBG_API_KEY": "key", "REMOVEBG_API_URL": vendor.url}
    worker.environment = worker.environment | paid
    worker.start()
    return worker


def _job_row(shop: Production, job_id: str) -> list[tuple[Any, ...]]:
    return shop.sql("SELECT status, attempts, lease_token FROM uploads_job WHERE id = %s", job_id)


def _other_photo(side_px: int) -> bytes:
    """The demo's photo in another size: an equal one would be answered from the first result."""
    file = io.BytesIO()
    Image.open(PHOTO).resize((side_px, side_px)).save(file, "JPEG")
    return file.getvalue()


def test_the_pool_keeps_to_its_share(shop: Production) -> None:
    """34 connections, 4 kept back, two processes: 15 each."""
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda _: shop.get("/health/ready"), range(80)))
    assert {answer.status_code for answer in answers} == {200}
    details = shop.details()
    assert details["database"]["poolMax"] == 15
    assert details["database"]["pool"]["waiting"] == 0
    used = shop.sql("SELECT count(*) FROM pg_stat_activity WHERE datname = 'stolentee'")[0][0]
    assert used <= 31  # ours included


def test_the_metrics_are_of_all_processes_and_need_the_key(shop: Production) -> None:
    assert shop.get("/metrics").status_code == 403
    client = {"X-Forwarded-For": "198.51.100.10"}
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: shop.get("/api/products", **client), range(40)))
        time.sleep(1.2)
        answers += threads.map(lambda _: shop.get("/api/products", **client), range(16))
    assert [answer.status_code for answer in answers] == [200] * 56
    text = shop.get("/metrics", Authorization="Bearer metrics-key").text
    served = [line for line in text.splitlines() if line.startswith("stolentee_http_requests_total")]
    products = sum(float(line.split()[-1]) for line in served if 'route="/api/products"' in line)
    assert products >= 56
    assert 'stolentee_database_pool_connections{state="max"} 30.0' in text
    assert 'stolentee_queue_waiting{work="Job"}' in text


def test_it_ends_under_load_without_losing_a_request(shop: Production) -> None:
    """SIGTERM with eight requests under way: each gets its answer, and the end comes within ten seconds.

    New ones are not sent then, as a balancer that drains an instance does not: a connection that arrives while the
    listener closes is refused, and whoever balances asks the next instance.
    """
    answers: list[tuple[float, str]] = []
    asked_to_stop = threading.Event()
    body = {"email": "nobody@example.com", "password": "Wrong-password-1"}

    def call(caller: int) -> None:
        number = 0
        while not asked_to_stop.is_set():
            number += 1
            try:  # a refused sign-in takes an Argon2 hash: long enough to be under way when the signal comes
                answer = shop.post(
                    "/api/auth/login",
                    body,
                    Connection="close",
                    **{"X-Forwarded-For": f"10.{caller}.{number // 250}.{number % 250}"},
                )
                answers.append((time.monotonic(), str(answer.status_code)))
            except requests.RequestException as error:
                answers.append((time.monotonic(), str(error)))

    callers = [threading.Thread(target=call, args=(number,)) for number in range(8)]
    for caller in callers:
        caller.start()
    time.sleep(3)
    asked_to_stop.set()
    time.sleep(0.02)  # the last requests have arrived
    signalled_at = time.monotonic()
    code, seconds = shop.web.stop()
    for caller in callers:
        caller.join(20)
    try:
        assert {word for _, word in answers} == {"401"}, answers[-8:]
        assert sum(at > signalled_at for at, _ in answers) >= 1, "nothing was under way when the signal came"
        assert (code, seconds < 10) == (0, True), seconds
    finally:
        shop.web.start()
        wait_until(lambda: shop.get("/health/ready").status_code == 200, "the web server")
