"""`.env.example` names what the settings read, tells their defaults truly, and can be used as it is."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / ".env.example"
SET = re.compile(r"^([A-Z][A-Z0-9_]*)=(.*)$", re.MULTILINE)
SUGGESTED = re.compile(r"^# ([A-Z][A-Z0-9_]*)=(.*)$", re.MULTILINE)
READ = re.compile(r'\benv\.[a-z]+\(\s*"([A-Z][A-Z0-9_]*)"')
# Every setting as text, and what could not be read.
TELL = """
import json, sys
from stolentee import settings
found = {name: getattr(value, "__name__", repr(value)) for name, value in vars(settings).items() if name.isupper()}
json.dump({"settings": found, "problems": [problem.name for problem in settings.ENVIRONMENT_PROBLEMS]}, sys.stdout)
"""


def settings_with(tmp_path: Path, assignments: str) -> dict[str, dict[str, str] | list[str]]:
    """The settings of a process that has sourced these lines in a shell, and nothing else."""
    (tmp_path / "variables").write_text(assignments)
    environment = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    done = subprocess.run(
        [
            "sh",
            "-euc",
            'set -a; . "$0"; set +a; exec "$@"',
            tmp_path / "variables",
            sys.executable,
            "-c",
            TELL,
        ],
        cwd=ROOT,
        env=environment | {"VAR_DIR": str(tmp_path / "var")},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, dict[str, str] | list[str]] = json.loads(done.stdout)
    return found


def test_it_names_exactly_what_the_settings_read() -> None:
    text = EXAMPLE.read_text()
    names = [name for name, _ in SET.findall(text) + SUGGESTED.findall(text)]
    read = set(READ.findall((ROOT / "stolentee" / "settings.py").read_text()))
    assert len(read) > 40
    assert len(names) == len(set(names))
    assert set(names) == read


def test_sourcing_it_changes_nothing(tmp_path: Path) -> None:
    untouched = settings_with(tmp_path, "")
    assert untouched["problems"] == []
    assert settings_with(tmp_path, EXAMPLE.read_text()) == untouched


def test_what_it_suggests_can_be_read(tmp_path: Path) -> None:
    example = EXAMPLE.read_text()
    # One folder of this run in the place of the one that is suggested; the rest as it stands there.
    kept = SUGGESTED.sub(lambda line: line[0] if line[1] == "VAR_DIR" else line[0][2:], example)
    complete = settings_with(tmp_path, kept.replace("ENVIRONMENT=development", "ENVIRONMENT=production"))
    assert complete["problems"] == []
    settings = complete["settings"]
    assert isinstance(settings, dict)
    assert settings["PRODUCTION"] == "True"
    assert settings["ALLOWED_HOSTS"] == "['api.example.com']"
    assert "postgresql" in settings["DATABASES"]
    assert settings["CELERY_BROKER_URL"].startswith("'rediss://")
    assert settings["PAYMENT_GATEWAY"] == "'orders.payments.backends.stripe.StripeGateway'"
    assert "S3Storage" in settings["STORAGES"]
