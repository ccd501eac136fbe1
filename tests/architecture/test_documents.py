"""What the documents name exists: paths, links, commands, routes."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest
from django.core.management import get_commands

from tests.architecture.test_routes import STRANGER

ROOT = Path(__file__).resolve().parents[2]
RECORDS = sorted((ROOT / "docs" / "adr").glob("*.md"))
DOCUMENTS = [
    *(
        "README.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "CHANGELOG.md",
        "docs/ARCHITECTURE.md",
        "docs/DEPLOY.md",
        "docs/DISASTER_RECOVERY.md",
        "docs/INCIDENT_RESPONSE.md",
        "docs/MONITORING.md",
        "docs/SCALING.md",
        "docs/PRICING.md",
    ),
    *(str(path.relative_to(ROOT)) for path in RECORDS),
]
WRITTEN_AT_RUN_TIME = ("out/", "var/", ".venv/")
PACKAGES = [path for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")]
FORBIDDEN = ("utils.py",)  # the house rules name it to say that there is none
# Doors for development, and the root, which leads to the docs: the README tells of them in words.
# Pages answer every method alike, and are listed with those that a browser uses.
PAGES = {"api/docs": ["get"], "admin/two-factor": ["get", "post"]}
NOT_IN_THE_TABLE = ("test-gateway/", "test-printer/")


def quoted(text: str) -> list[str]:
    """What stands in backticks, and the words of code blocks."""
    blocks = re.findall(r"^```\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"`([^`\n]+)`", prose) + [word for block in blocks for word in block.split()]


def looks_like_a_path(word: str) -> bool:
    """A folder or a file of the project by its look, such as `uploads/cutout/` or `Makefile` or `orders/totals.py`."""
    if word.startswith(WRITTEN_AT_RUN_TIME):
        return False
    return bool(
        re.fullmatch(r"\.?[a-z_]+/(?:[A-Za-z0-9_.-]+/?)*", word)
        or re.fullmatch(r"[A-Za-z_.-]+\.(?:py|txt|in|toml|md|yaml)|Makefile|LICENSE", word)
    )


@pytest.mark.parametrize("name", DOCUMENTS)
def test_paths_exist(name: str) -> None:
    text = (ROOT / name).read_text()
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if not link.startswith("http")]
    for link in links:
        assert ((ROOT / name).parent / link).exists(), link
    for word in filter(looks_like_a_path, quoted(text)):
        # A bare name may lie in any package; the layout names the folders of a package in the package's own line.
        places = [ROOT, *PACKAGES] if "/" not in word.rstrip("/") else [ROOT]
        assert any((place / word).exists() for place in places) or word in FORBIDDEN, word


@pytest.mark.parametrize("name", DOCUMENTS)
def test_commands_exist(name: str) -> None:
    text = (ROOT / name).read_text()
    targets = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:`|^|3002 )make ([a-z-]+)", text, re.MULTILINE)) <= targets
    for module in re.findall(r"python -m ([\w.]+)", text):
        assert importlib.util.find_spec(module), module
    assert set(re.findall(r"manage\.py ([a-z_]+)", text)) <= set(get_commands())


def test_the_readmes_table_lists_every_route() -> None:
    rows = re.findall(r"^\| ([A-Z, ]+) \| ([^|]+) \|", (ROOT / "README.md").read_text(), re.MULTILINE)
    listed = {
        (method.lower(), path)
        for methods, paths in rows
        for method in methods.split(", ")
        for path in re.findall(r"`/([^`]+)`", paths)
    }
    routes = {
        (method, re.sub(r"<\w+:(\w+)>", r"{\1}", route))
        for route, methods in STRANGER.items()
        if route and not route.startswith(NOT_IN_THE_TABLE)
        for method in PAGES.get(route, methods)
    }
    assert listed == routes


def test_every_decision_has_its_four_parts_and_the_number_of_its_file() -> None:
    assert len(RECORDS) >= 8
    for number, record in enumerate(RECORDS, start=1):
        text = record.read_text()
        assert record.name.startswith(f"{number:04d}-")
        assert text.startswith(f"# {number}. ")
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == [
            "Context",
            "Decision",
            "Consequences",
            "Alternatives",
        ]
