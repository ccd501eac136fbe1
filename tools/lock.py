"""Turns requirements.in and requirements-dev.in into the hashed locks: `python -m tools.lock [--upgrade]`.

Versions that still satisfy the .in files are kept; `--upgrade` (of uv) looks for newer ones. The weights
and uv itself are one package each, pinned by hand.
"""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
UV = Path(sys.executable).parent / "uv"
OPTIONS = ("--generate-hashes", "--python-version", "3.11", "--no-annotate", "--no-header", "--quiet")
LOCKS = ("requirements", "requirements-dev")  # in this order: the second is constrained by the first


def main(arguments: Sequence[str]) -> int:
    """Recompile both locks; the exit code of the first that fails, else 0."""
    for name in LOCKS:
        lock = PROJECT / f"{name}.txt"
        before = lock.read_text() if lock.exists() else ""
        command = [str(UV), "pip", "compile", f"{name}.in", "--output-file", lock.name, *OPTIONS, *arguments]
        done = subprocess.run(command, cwd=PROJECT, check=False)
        if done.returncode != 0:
            return done.returncode
        after = lock.read_text()
        packages = sum("==" in line for line in after.splitlines() if not line.startswith((" ", "#")))
        print(f"{lock.name}: {packages} packages, {'unchanged' if after == before else 'changed'}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
