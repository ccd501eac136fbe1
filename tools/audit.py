"""Asks the advisory database about every pinned package: `python -m tools.audit`, or `make audit`.

pip-audit calls a package that its service does not know "skipped", and then says that nothing is vulnerable. So it is
asked first about a release that is known to be vulnerable: a service that has nothing against that one has no
advisories, or is out of reach, and then nothing was audited. That is said, with exit code 3, and is not a pass.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements.txt", "requirements-dev.txt", "requirements-weights.txt", "requirements-bootstrap.txt")
CANARY = "jinja2==2.10"  # CVE-2019-10906, and five more
NOT_AUDITED = 3
_TIMEOUT_S = 300


def main() -> int:
    """0: no known vulnerability; 1: there are some, printed; 3: nobody could be asked."""
    with tempfile.TemporaryDirectory() as folder:
        canary = Path(folder) / "canary.txt"
        canary.write_text(CANARY + "\n")
        known = _ask([canary])
        if known is None or not _vulnerabilities(known):
            print(
                "NOT AUDITED: the advisory service is out of reach, or has no advisories. Run `make audit` elsewhere."
            )
            return NOT_AUDITED
        found = _ask([PROJECT / name for name in LOCKS])
    if found is None:
        print("NOT AUDITED: the advisory service went away.")
        return NOT_AUDITED
    problems = _vulnerabilities(found)
    unknown = [each["name"] for each in found["dependencies"] if "skip_reason" in each]
    if problems:
        print("\n".join(problems))
        return 1
    if unknown:
        print(f"NOT AUDITED: {', '.join(unknown)}")
        return NOT_AUDITED
    print(f"{len(found['dependencies'])} packages, no known vulnerability")
    return 0


def _ask(locks: Sequence[Path]) -> dict[str, Any] | None:
    """pip-audit's own report; None where it came to none."""
    command = [
        str(Path(sys.executable).with_name("pip-audit")),
        "--no-deps",
        "--disable-pip",
        "--format=json",
    ]
    command += ["--progress-spinner=off", *(f"--requirement={lock}" for lock in locks)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
        report: dict[str, Any] = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, json.JSONDecodeError):
        return None
    return report


def _vulnerabilities(report: dict[str, Any]) -> list[str]:
    return [
        f"{each['name']} {each['version']}: {found['id']}, fixed in {', '.join(found['fix_versions']) or 'no release'}"
        for each in report["dependencies"]
        for found in each.get("vulns", [])
    ]


if __name__ == "__main__":
    sys.exit(main())
