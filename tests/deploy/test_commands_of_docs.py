"""Every command in the operations documents works: `sh` is run against a living shop, `sql` on PostgreSQL.

What a person does at a vendor stands in prose as a *console step*. Other blocks hold what a command has printed.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from tests.server import Shop

ROOT = Path(__file__).resolve().parents[2]
RUNBOOKS = sorted((ROOT / "docs" / "runbooks").glob("*.md"))
DOCUMENTS = [
    *(
        ROOT / "docs" / name
        for name in ("DISASTER_RECOVERY.md", "DEPLOY.md", "SCALING.md", "INCIDENT_RESPONSE.md")
    ),
    *RUNBOOKS,
]
SECTIONS = ["Symptoms", "Quick diagnosis", "Resolution", "Verification", "Prevention", "Related"]
SITUATIONS = {
    *("database-down", "redis-down", "worker-stuck", "high-traffic", "security-incident"),
    *("site-outage", "high-error-rate", "payment-issues", "storage-down"),
}
# What must be there before the others: a backup.
FIRST = "python manage.py backup --files"


def blocks(kind: str) -> list[str]:
    """All lines of the blocks of a kind, in the order of the documents, each once."""
    found: dict[str, None] = {}
    for path in DOCUMENTS:
        for block in re.findall(rf"^```{kind}\n(.*?)^```$", path.read_text(), re.MULTILINE | re.DOTALL):
            found |= dict.fromkeys(line for line in block.splitlines() if line.strip())
    return list(found)


COMMANDS = blocks("sh")
STATEMENTS = blocks("sql")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    shop = Shop(tmp_path_factory.mktemp("docs"), services={})
    shop.start()
    try:
        yield shop
    finally:
        shop.kill()


def run(shop: Shop, command: str) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    own = {"PATH": path, "SHOP": shop.url, "HEALTH_KEY": "", "PUBLIC_URL": shop.url}
    # The folder of the secrets is the project's; here they are made in the shop's own.
    command = command.replace("deploy/make-secrets", f"deploy/make-secrets {shop.var_dir}/secrets")
    return subprocess.run(
        ["sh", "-euc", command],
        cwd=ROOT,
        env=shop.environment() | own,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
    )


@pytest.mark.embedded
@pytest.mark.timeout(600)
def test_every_command_works(shop: Shop) -> None:
    assert FIRST in COMMANDS and len(COMMANDS) > 25
    made = run(shop, FIRST)
    assert made.returncode == 0, made.stderr
    failed = []
    for command in [command for command in COMMANDS if command != FIRST]:
        done = run(shop, command)
        if done.returncode != 0:
            failed.append(f"{command}\n{done.stdout[-500:]}{done.stderr[-1500:]}")
    assert failed == []


@pytest.mark.production
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("statement", STATEMENTS)
def test_every_statement_works(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        assert statement.startswith("VACUUM") or cursor.description


@pytest.mark.parametrize("path", RUNBOOKS, ids=lambda path: path.stem)
def test_a_runbook_has_its_six_parts(path: Path) -> None:
    text = path.read_text()
    assert text.startswith("# Runbook: ")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == SECTIONS
    assert all(part.strip() for part in re.split(r"^## .+$", text, flags=re.MULTILINE)[1:])


def test_the_nine_situations_are_there_and_can_be_found() -> None:
    assert {path.stem for path in RUNBOOKS} == SITUATIONS
    table = (ROOT / "docs" / "INCIDENT_RESPONSE.md").read_text()
    assert set(re.findall(r"\(runbooks/([a-z-]+)\.md\)", table)) == SITUATIONS


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_blocks_are_of_a_known_kind_and_links_lead_somewhere(path: Path) -> None:
    text = path.read_text()
    kinds = re.findall(r"^```(\w*)$", text, re.MULTILINE)[::2]
    assert set(kinds) <= {"sh", "sql", "text"}
    for link in re.findall(r"\]\(([^)#]+)\)", text):
        assert (path.parent / link).exists(), link
