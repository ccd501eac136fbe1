"""`manage.py dev`: an empty folder becomes a shop, and a busy port is refused with words."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def dev(var_dir: Path, *arguments: str, port: int = 3001) -> subprocess.CompletedProcess[str]:
    environment = {
        name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")
    }
    environment |= {"VAR_DIR": str(var_dir), "PORT": str(port)}
    return subprocess.run(
        [sys.executable, "manage.py", "dev", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.embedded
def test_preparing_twice_adds_nothing(tmp_path: Path) -> None:
    for _ in range(2):
        result = dev(tmp_path, "--no-serve")
        assert result.returncode == 0, result.stderr
        assert re.search(r"catalogue: 2 products, 20 variants", result.stdout)
    assert (tmp_path / "db.sqlite3").exists()


@pytest.mark.embedded
def test_a_busy_port_is_refused(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = dev(tmp_path, port=port)
    assert result.returncode == 1
    assert f"Port {port} on 127.0.0.1 is taken" in result.stderr
    assert not (tmp_path / "db.sqlite3").exists()
