"""sharp, the picture library of Node.js, as a child process that compresses what it is told to."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_SOURCES = Path(__file__).resolve().parent / "sharp"
_STOP_TIMEOUT_S = 10


class SharpUnavailable(Exception):
    """Node.js or npm is missing, or the package cannot be had."""


@dataclass(frozen=True)
class SharpRun:
    """What sharp measured of itself, round by round, and the size of its file."""

    wall_ms: tuple[float, ...]
    cpu_ms: tuple[float, ...]
    size_bytes: int


class Sharp:
    """A running process. `compress` waits for its answer, so that only one side works at a time."""

    def __init__(self, questions: IO[str], answers: IO[str]) -> None:
        self._questions = questions
        self._answers = answers

    def compress(self, source: Path, target: Path, *, rounds: int) -> SharpRun:
        task = {"source": str(source.resolve()), "target": str(target), "rounds": rounds}
        self._questions.write(json.dumps(task) + "\n")
        self._questions.flush()
        line = self._answers.readline()
        if not line:
            raise SharpUnavailable(f"sharp ended while it worked on {source.name}")
        answer = json.loads(line)
        return SharpRun(tuple(answer["wall_ms"]), tuple(answer["cpu_ms"]), int(answer["bytes"]))


def install_sharp(folder: Path) -> None:
    """Installs the locked packages into `folder`, unless they are there. Raises SharpUnavailable."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        raise SharpUnavailable("Node.js and npm are needed to measure sharp: apt install nodejs npm")
    folder.mkdir(parents=True, exist_ok=True)
    lock = _SOURCES / "package-lock.json"
    installed = folder / "package-lock.json"
    is_current = installed.exists() and installed.read_bytes() == lock.read_bytes()
    for name in ("package.json", "package-lock.json", "compress.js"):
        shutil.copyfile(_SOURCES / name, folder / name)
    if is_current and (folder / "node_modules" / "sharp" / "package.json").exists():
        return
    done = subprocess.run(
        [npm, "ci", "--no-audit", "--no-fund"], cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise SharpUnavailable(f"npm ci failed: {done.stderr.strip()[-500:]}")


@contextmanager
def sharp_process(folder: Path) -> Iterator[Sharp]:
    """sharp, installed where it must be, running until the block ends."""
    install_sharp(folder)
    process = subprocess.Popen(
        ["node", "compress.js"], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        yield Sharp(process.stdin, process.stdout)
    finally:
        process.stdin.close()  # which ends its loop
        try:
            process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
