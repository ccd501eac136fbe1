"""What the documents name exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "docs/ARCHITECTURE.md"]


def test_env_example_names_exactly_what_the_settings_read() -> None:
    settings = (ROOT / "stolentee" / "settings.py").read_text()
    read = set(re.findall(r'env\.\w+\(\s*"([A-Z][A-Z0-9_]+)"', settings))
    given = set(re.findall(r"^([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert given == read
    assert len(read) > 40


@pytest.mark.parametrize("name", DOCUMENTS)
def test_paths_and_targets_exist(name: str) -> None:
    text = (ROOT / name).read_text()
    targets = set(re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z]+)", text)) <= targets
    links = re.findall(r"\]\(([^)#]+)\)", text)
    quoted = re.findall(r"`((?:[a-z_.]+/)+[A-Za-z0-9_.-]*)`", text)
    written_later = ("out/", "var/", ".venv/")
    for path in [*links, *quoted]:
        if not path.startswith(("http", *written_later)):
            base = ROOT if path in quoted else (ROOT / name).parent
            assert (base / path).exists(), path


def test_every_decision_has_its_four_parts() -> None:
    records = sorted((ROOT / "docs" / "adr").glob("*.md"))
    assert len(records) >= 6
    for number, record in enumerate(records, start=1):
        assert record.name.startswith(f"{number:04d}-")
        parts = re.findall(r"^## (.+)$", record.read_text(), re.MULTILINE)
        assert parts == ["Context", "Decision", "Consequences", "Alternatives"], record.name
