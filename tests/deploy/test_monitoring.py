"""The files of deploy/ are right: expressions parse, their metrics are exported, the thresholds are there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from common.metrics import DATABASE_POOL, DATABASE_QUERIES, REQUEST_SECONDS, REQUESTS, VENDOR_SECONDS
from stolentee import metrics
from tests.factories.uploads import AssetFactory
from uploads.models import Asset

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
ALERTS = DEPLOY / "prometheus-alerts.yml"
DURATION = re.compile(r"(\d+(ms|[smhdwy]))+")
PROMETHEUS_OWN = {"up"}


def alerts() -> list[dict[str, Any]]:
    groups = yaml.safe_load(ALERTS.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def dashboard() -> dict[str, Any]:
    board: dict[str, Any] = json.loads((DEPLOY / "grafana-dashboard.json").read_text())
    return board


def panel_expressions() -> list[str]:
    return [target["expr"] for panel in dashboard()["panels"] for target in panel.get("targets", [])]


def selectors(node: Any) -> Iterator[Any]:
    """Every vector selector below this node of a parsed expression."""
    if isinstance(node, promql_parser.VectorSelector):
        yield node
        return
    for name in ("expr", "lhs", "rhs", "vector_selector", "param"):
        child = getattr(node, name, None)
        if child is not None and not isinstance(child, (str, int, float)):
            yield from selectors(child)
    for argument in getattr(node, "args", None) or []:
        yield from selectors(argument)


def names_and_labels(expression: str) -> set[tuple[str, str]]:
    """Metric names, each with the labels that it is selected by."""
    found = set()
    for selector in selectors(promql_parser.parse(expression)):
        labels = [matcher.name for matcher in selector.matchers.matchers]
        found |= {(selector.name, label) for label in labels} | {(selector.name, "")}
    return found


@pytest.fixture
def exported(db: None) -> dict[str, set[str]]:
    """Every sample's name and its labels, as the shop shows them."""
    REQUESTS.labels("GET", "/x", "500").inc()
    REQUEST_SECONDS.labels("GET", "/x").observe(0.1)
    DATABASE_QUERIES.labels("default", "SELECT").observe(0.001)
    DATABASE_POOL.labels("open").set(1)
    VENDOR_SECONDS.labels("stripe", "x", "ok").observe(0.1)
    facts = {"method": "flat", "confidence": 0.9, "seconds": 1.5}
    AssetFactory(kind=Asset.Kind.TRANSPARENT, metadata=facts)
    AssetFactory(kind=Asset.Kind.TRANSPARENT, metadata=facts | {"backend": "removebg"})
    metrics.reset_figures()
    answer = Client().get("/metrics")
    assert answer.status_code == 200
    return {
        sample.name: set(sample.labels)
        for family in text_string_to_metric_families(answer.content.decode())
        for sample in family.samples
    }


def test_the_rules_have_prometheus_own_shape() -> None:
    found = yaml.safe_load(ALERTS.read_text())
    assert set(found) == {"groups"}
    assert len({group["name"] for group in found["groups"]}) == len(found["groups"])
    names = [rule["alert"] for rule in alerts()]
    assert len(names) == len(set(names)) > 20
    for rule in alerts():
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}, rule["alert"]
        assert re.fullmatch(r"[A-Z][A-Za-z]+", rule["alert"])
        assert DURATION.fullmatch(rule.get("for", "1m")), rule["alert"]
        assert rule["labels"]["severity"] in ("info", "warning", "critical")
        assert rule["annotations"]["summary"] and rule["annotations"]["action"]


def test_an_expression_that_is_wrong_is_found() -> None:
    """The parser of these tests is one: it refuses what Prometheus would."""
    for wrong in ("sum(rate(x[5m])", "rate(x)", "x >>> 1", 'x{a="b"', "histogram_quantile(x[5m])"):
        with pytest.raises(ValueError):
            promql_parser.parse(wrong)


@pytest.mark.parametrize("rule", alerts(), ids=lambda rule: rule["alert"])
def test_every_alert_compares_something(rule: dict[str, Any]) -> None:
    parsed = promql_parser.parse(rule["expr"])
    assert isinstance(parsed, promql_parser.BinaryExpr)
    assert str(parsed.op).strip() in (">", "<", "=="), parsed.op


def test_every_metric_in_rules_and_panels_is_exported(exported: dict[str, set[str]]) -> None:
    expressions = [rule["expr"] for rule in alerts()] + panel_expressions()
    used = set().union(*(names_and_labels(expression) for expression in expressions))
    assert len({name for name, _ in used}) > 20
    missing = {
        (name, label)
        for name, label in used
        if name not in PROMETHEUS_OWN and (name not in exported or (label and label not in exported[name]))
    }
    assert missing == set()


def test_quantiles_and_thresholds_stand_on_buckets(exported: dict[str, set[str]]) -> None:
    """A threshold between two buckets would be guessed."""
    text = " ".join([rule["expr"] for rule in alerts()] + panel_expressions())
    for bound in set(re.findall(r'le="([\d.]+)"', text)):
        assert float(bound) in DATABASE_QUERIES._kwargs["buckets"]
    for bound in (0.1, 0.2, 1.0):
        assert bound in DATABASE_QUERIES._kwargs["buckets"]
    for bound in (0.3, 0.5, 1.0, 2.0):
        assert bound in REQUEST_SECONDS._kwargs["buckets"]


# CONTRACT 12 and the operations document: metric, threshold, how long, severity.
THRESHOLDS = [
    ("ErrorRateHigh", "> 0.01", "10m", "warning"),
    ("ErrorRateCritical", "> 0.05", "5m", "critical"),
    ("ErrorsPerHour", "> 10", None, "warning"),
    ("ResponsesSlow", "> 1", "10m", "warning"),
    ("ResponsesVerySlow", "> 2", "5m", "critical"),
    ("DatabaseSlow", "> 0.1", "10m", "warning"),
    ("DatabaseLatencyHigh", "> 0.2", "5m", "warning"),
    ("DatabaseLatencyCritical", "> 1", "5m", "critical"),
    ("DatabaseConnectionsNearlyUsedUp", "> 0.8 *", "5m", "warning"),
    ("DatabaseConnectionsUsedUp", "> 0", "1m", "critical"),
    ("MemoryHigh", "> 80", "10m", "warning"),
    ("MemoryCritical", "> 90", "2m", "critical"),
    ("ProcessorBusy", "> 80", "15m", "warning"),
    ("ProcessorBusyEarly", "> 70", "15m", "info"),
    ("ProcessorSaturated", "> 90", "2m", "critical"),
    ("DiskFilling", "> 80", "10m", "warning"),
    ("DiskFull", "> 90", "2m", "critical"),
    ("QueueDeep", "> 20", "5m", "warning"),
    ("QueueVeryDeep", "> 100", "5m", "critical"),
    ("QueueOld", "> 1800", None, "critical"),
    ("JobsSlow", "> 600", None, "warning"),
    ("UptimeBelowTarget", "< 0.995", None, "warning"),
    ("ShopDown", "== 0", "5m", "critical"),
]


@pytest.mark.parametrize(("name", "threshold", "lasting", "severity"), THRESHOLDS, ids=lambda v: str(v))
def test_the_thresholds_are_the_documents(
    name: str, threshold: str, lasting: str | None, severity: str
) -> None:
    (rule,) = (rule for rule in alerts() if rule["alert"] == name)
    expression = re.sub(r"\s+", " ", rule["expr"])
    assert threshold in expression
    assert (rule.get("for"), rule["labels"]["severity"]) == (lasting, severity)


def test_the_dashboard_has_its_panels_and_a_database_row() -> None:
    board = dashboard()
    rows = [panel["title"] for panel in board["panels"] if panel["type"] == "row"]
    assert "Database queries" in rows
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids))
    places = [panel["gridPos"] for panel in board["panels"]]
    cells = [
        (x, y)
        for place in places
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(cells) == len(set(cells)), "two panels overlap"
    assert all(place["x"] + place["w"] <= 24 for place in places)
    for expression in panel_expressions():
        promql_parser.parse(expression)


@pytest.mark.django_db
def test_the_monitors_look_for_what_the_shop_says() -> None:
    monitors = yaml.safe_load((DEPLOY / "uptimerobot.yml").read_text())["monitors"]
    ours = [monitor for monitor in monitors if "//api." in monitor["url"]]
    assert len(ours) == 3
    for monitor in monitors:
        assert monitor["interval_minutes"] == 5 and monitor["alert_contacts"] == ["email", "slack"]
    for monitor in ours:
        answer = Client().get(re.sub(r"https://[^/]+", "", monitor["url"]))
        assert answer.status_code == 200
        if monitor["type"] == "keyword":
            assert monitor["keyword"] in answer.content.decode()


def test_prometheus_reads_the_rules_and_uses_the_key() -> None:
    found = yaml.safe_load((DEPLOY / "prometheus.yml").read_text())
    (scrape,) = found["scrape_configs"]
    assert found["rule_files"] == [ALERTS.name]
    assert scrape["job_name"] == "stolentee" and scrape["metrics_path"] == "/metrics"
    assert scrape["authorization"]["type"] == "Bearer"
