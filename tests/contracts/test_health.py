"""CONTRACT 9: what watches over the shop reads."""

import pytest

from demo.storefront import Storefront
from tests.contracts.expectations import A_NUMBER, A_TEXT, A_TIME, AN_OBJECT, assert_has

CHECKS = ("database", "redis", "storage", "memory", "disk")


def test_health_has_the_documented_shape(guest: Storefront) -> None:
    answer = guest.call("GET", "/health")
    body = answer.json()

    assert answer.status_code == 200
    assert body["status"] in ("healthy", "degraded")
    assert_has(body, timestamp=A_TIME, uptime=A_NUMBER, version="1.0.0", environment="development")
    assert tuple(body["checks"]) == CHECKS
    for check in body["checks"].values():
        assert check["status"] in ("ok", "degraded", "down")
        assert_has(check, latency=A_NUMBER)


def test_monitors_find_the_literal_that_they_look_for(guest: Storefront) -> None:
    """They search the text, so there are no spaces in it and `status` comes first."""
    text = guest.call("GET", "/health").text

    assert text.startswith('{"status":"')
    assert '"database":{"status":"ok"' in text


@pytest.mark.parametrize(("path", "status"), [("/health/live", "alive"), ("/health/ready", "ready")])
def test_live_and_ready(guest: Storefront, path: str, status: str) -> None:
    answer = guest.call("GET", path)

    assert answer.status_code == 200
    assert set(answer.json()) == {"status", "timestamp"}
    assert_has(answer.json(), status=status, timestamp=A_TIME)
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_details_have_the_documented_shape(guest: Storefront) -> None:
    body = guest.call("GET", "/health/detailed").json()

    assert_has(body, status=A_TEXT, timestamp=A_TIME, uptime=A_NUMBER, environment="development")
    for name in ("used", "total", "external", "rss", "usedPercent"):
        assert body["memory"][name] == A_NUMBER
    assert_has(body["memory"]["system"], total=A_NUMBER, free=A_NUMBER, usedPercent=A_NUMBER)
    assert len(body["cpu"]["loadAverage"]) == 3 and body["cpu"]["cores"] >= 1
    assert_has(body["database"], latency=A_NUMBER, status=A_TEXT, pool=AN_OBJECT)
    assert set(body["database"]["pool"]) == {"total", "idle", "waiting"}
    assert_has(body["process"], pid=A_NUMBER, version=A_TEXT, platform=A_TEXT, arch=A_TEXT)
    assert_has(body["infrastructure"], rembgSelfHosted=True, r2Storage=False)


@pytest.mark.parametrize("given", ["", "wrong"])
def test_the_details_can_be_locked(guest: Storefront, settings: object, given: str) -> None:
    settings.HEALTH_KEY = "the-key"  # type: ignore[attr-defined]

    refused = guest.call("GET", "/health/detailed", headers={"X-Health-Key": given})
    opened = guest.call("GET", "/health/detailed", headers={"X-Health-Key": "the-key"})

    assert (refused.status_code, refused.json()["message"]) == (403, A_TEXT)
    assert opened.status_code == 200
