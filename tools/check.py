"""Everything that can be said about the code without running its tests: `python -m tools.check`.

Runs every check even if an earlier one fails, prints what the failing ones said, and exits 1 if there is one. The
audit of the dependencies needs its advisory service; where that is out of reach, the check is listed as not run.
"""

import os
import secrets
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tools.audit import NOT_AUDITED

PROJECT = Path(__file__).resolve().parent.parent
PROGRAMS = Path(sys.executable).parent  # of the virtual environment; resolving it would leave that


def commands() -> dict[str, list[str]]:
    """The checks by name."""
    manage = [sys.executable, "-W", "error::RuntimeWarning", "manage.py"]
    return {
        "lint": [str(PROGRAMS / "ruff"), "check", "--output-format", "concise", "."],
        "format": [str(PROGRAMS / "ruff"), "format", "--check", "--output-format", "concise", "."],
        "types": [str(PROGRAMS / "mypy")],
        "imports": [str(PROGRAMS / "lint-imports")],
        "migrations": [*manage, "makemigrations", "--check", "--dry-run"],
        "deployment": [*manage, "check", "--deploy", "--fail-level", "WARNING"],
        "traffic": [sys.executable, "-m", "tools.migration_lint"],
        "secrets": [sys.executable, "-m", "tools.secret_scan"],
        "image": [str(PROGRAMS / "hadolint"), "Dockerfile"],
        "sbom": [sys.executable, "-m", "tools.sbom"],
        "audit": [sys.executable, "-m", "tools.audit"],
    }


def development_environment(var_dir: str) -> dict[str, str]:
    """The environment of a fresh clone: no service, no key, and a folder of its own for what is written."""
    kept = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE", "NO_COLOR", "FORCE_COLOR", "TERM")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    return environment | {"NUMBA_DISABLE_JIT": "1", "VAR_DIR": var_dir, "PYTHONPATH": str(PROJECT)}


def production_environment(var_dir: str) -> dict[str, str]:
    """The environment of a complete deployment, with keys that are made up on the spot and reach nobody."""

    def made_up(prefix: str) -> str:
        return prefix + secrets.token_hex(32)

    return development_environment(var_dir) | {
        "ENVIRONMENT": "production",
        "SECRET_KEY": made_up(""),
        "ALLOWED_HOSTS": "api.stolentee.example",
        "PUBLIC_URL": "https://api.stolentee.example",
        "FRONTEND_URL": "https://stolentee.example",
        "DATABASE_URL": f"postgresql://shop:{made_up('')}@database.example:5432/shop",
        "REDIS_URL": f"rediss://:{made_up('')}@redis.example:6379/0",
        "S3_BUCKET": "stolentee-assets",
        "S3_ENDPOINT_URL": "https://storage.example",
        "S3_ACCESS_KEY_ID": made_up(""),
        "S3_SECRET_ACCESS_KEY": made_up(""),
        "STRIPE_SECRET_KEY": made_up("sk_live_"),
        "STRIPE_WEBHOOK_SECRET": made_up("whsec_"),
        "GEMINI_API_KEY": made_up(""),
        "REMOVEBG_API_KEY": made_up(""),
        "PRINTER_EMAIL": "printer@stolentee.example",
        "PRINTER_WEBHOOK_SECRET": made_up(""),
        "SMTP_HOST": "mail.example",
        "SMTP_USER": "shop",
        "SMTP_PASS": made_up(""),
    }


def passes(name: str, command: list[str], environment: dict[str, str]) -> bool | None:
    """Run one check, print its line, and below it what it said if it failed; None if it could not be run."""
    started = time.monotonic()
    done = subprocess.run(
        command,
        cwd=PROJECT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    said = done.stdout.strip()
    seconds = f"{time.monotonic() - started:.1f} s"
    if done.returncode == 0:
        last_line = said.splitlines()[-1] if said else ""
        print(f"{name:<12}ok      {seconds:>8}   {last_line}", flush=True)
        return True
    if name == "audit" and done.returncode == NOT_AUDITED:
        print(f"{name:<12}NOT RUN {seconds:>8}   {said}", flush=True)
        return None
    print(f"{name:<12}FAILED  {seconds:>8}   {' '.join(command)}\n{said}\n", flush=True)
    return False


def main() -> int:
    """Run every check; 1 if one of them failed."""
    with tempfile.TemporaryDirectory(prefix="stolentee-check-") as var_dir:
        development = development_environment(var_dir)
        production = production_environment(var_dir)
        results = [
            passes(name, command, production if name == "deployment" else development)
            for name, command in commands().items()
        ]
    failed, not_run = results.count(False), results.count(None)
    print(f"{results.count(True)} of {len(results)} checks passed, {not_run} not run", flush=True)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
