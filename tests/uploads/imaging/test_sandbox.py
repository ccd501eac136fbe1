"""What a process that opens strangers' files cannot do, and what becomes of the files that try."""

from __future__ import annotations

import io
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench.uploads import openers_of
from tests.uploads.hostile.corpus import RED_CIRCLE, pdf, svg
from uploads.imaging import formats, sandbox
from uploads.imaging.errors import ImageRejected

ROOT = Path(__file__).resolve().parents[3]
MAX_PIXELS = 100_000_000
CONFINED = """
import errno, os, socket, sys
sys.path.insert(0, sys.argv[1])
from uploads.imaging.confinement import close_system, limit_resources
limit_resources(memory_bytes=512 * 2**20, cpu_s=5, file_bytes=1000)
assert close_system()
def attempt():
{attempt}
try:
    attempt()
except OSError as error:
    print(errno.errorcode[error.errno])
except MemoryError:
    print("MemoryError")
else:
    print("done")
"""


def outcome(attempt: str, folder: Path) -> str:
    """What comes of these lines in a confined process: an error's name, `done`, or the signal that ended it."""
    code = CONFINED.format(attempt="\n".join(f"    {line}" for line in attempt.splitlines()))
    done = subprocess.run(
        [sys.executable, "-I", "-c", code, str(ROOT), str(folder)], capture_output=True, text=True, timeout=30
    )
    return done.stdout.strip() or f"ended with {done.returncode}: {done.stderr[-300:]}"


@pytest.mark.parametrize(
    ("attempt", "wanted"),
    [
        ("socket.socket()", "EPERM"),
        ("socket.socketpair()", "EPERM"),
        ("os.execv('/bin/true', ['true'])", "EPERM"),
        ("os.kill(os.getppid(), 0)", "EPERM"),
        ("open(sys.argv[2] + '/new', 'wb')", "EPERM"),
        ("open(sys.argv[2] + '/kept', 'ab')", "EPERM"),
        ("os.unlink(sys.argv[2] + '/kept')", "EPERM"),
        ("os.rename(sys.argv[2] + '/kept', sys.argv[2] + '/gone')", "EPERM"),
        ("os.mkdir(sys.argv[2] + '/folder')", "EPERM"),
        ("os.symlink('/etc/passwd', sys.argv[2] + '/link')", "EPERM"),
        ("bytes(2**30)", "MemoryError"),
        ("open(sys.argv[2] + '/kept', 'rb').read()", "done"),
        ("bytes(2**20)", "done"),
    ],
)
def test_the_system_is_closed_and_reading_stays(attempt: str, wanted: str, tmp_path: Path) -> None:
    (tmp_path / "kept").write_bytes(b"kept")
    assert outcome(attempt, tmp_path) == wanted
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert (tmp_path / "kept").read_bytes() == b"kept"


def saved(folder: Path, data: bytes) -> Path:
    path = folder / "file"
    path.write_bytes(data)
    return path


def png() -> bytes:
    file = io.BytesIO()
    Image.new("RGBA", (8, 6), (200, 60, 20, 128)).save(file, "PNG")
    return file.getvalue()


def test_facts_and_display_picture_come_out_of_confinement(tmp_path: Path) -> None:
    found = sandbox.intake(saved(tmp_path, png()), max_pixels=MAX_PIXELS)
    assert (found.content_type, found.width_px, found.height_px, found.has_alpha) == ("image/png", 8, 6, True)
    assert found.confined is (sys.platform == "linux")
    assert Image.open(io.BytesIO(found.display.data)).size == (8, 6)


@pytest.mark.parametrize(
    ("data", "size", "content_type"),
    [
        (png(), (8, 6), formats.PNG),
        (svg(RED_CIRCLE), (4800, 3600), formats.SVG),
        (pdf(b"1 0 0 rg 0 0 72 72 re f"), (4800, 2400), formats.PDF),
    ],
    ids=["png", "svg", "pdf"],
)
def test_the_pixels_for_cutting_and_printing(data: bytes, size: tuple[int, int], content_type: str) -> None:
    picture = sandbox.read_picture(data, max_pixels=MAX_PIXELS)
    assert (picture.width_px, picture.height_px, picture.content_type) == (*size, content_type)
    assert picture.rgba.shape == (size[1], size[0], 4) and picture.rgba.dtype == np.uint8
    assert picture.has_alpha


def test_time_is_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    endless = pdf(b"0 0 0 rg " + b"0 0 m 144 72 l 9 3 150 9 77 60 c S " * 150_000)
    monkeypatch.setattr(sandbox, "CPU_S", 1)
    started = time.monotonic()
    with pytest.raises(ImageRejected) as refused:
        sandbox.intake(saved(tmp_path, endless), max_pixels=MAX_PIXELS)
    assert refused.value.code == "too_complex"
    assert time.monotonic() - started < sandbox.WALL_S
    monkeypatch.setattr(sandbox, "WALL_S", 0.001)
    with pytest.raises(ImageRejected) as refused:
        sandbox.intake(saved(tmp_path, png()), max_pixels=MAX_PIXELS)
    assert refused.value.code == "too_complex"


def test_a_process_that_cannot_work_at_all_is_our_fault_and_not_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "_ROOT", tmp_path)
    monkeypatch.setattr(sandbox, "_server", None)
    with pytest.raises(sandbox.SandboxBroken, match="No module named 'uploads'"):
        sandbox.intake(saved(tmp_path, png()), max_pixels=MAX_PIXELS)
    # Its place is free again.
    assert sandbox._places.acquire(blocking=False)
    sandbox._places.release()


# --- The server that is forked ----------------------------------------------------------------------------------------


CLIENT = """
import os, sys, time
sys.path.insert(0, sys.argv[1])
os.setpgid(0, 0)
from pathlib import Path
from uploads.imaging import sandbox
size = sandbox.intake(Path(sys.argv[2]), max_pixels=10**8).width_px
child = os.fork()
if child == 0:
    os._exit(sandbox.intake(Path(sys.argv[2]), max_pixels=10**8).width_px)
print(size, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
sys.stdin.read()
"""


def test_the_server_ends_with_its_client_and_a_forked_client_has_one_of_its_own(tmp_path: Path) -> None:
    command = [sys.executable, "-c", CLIENT, str(ROOT), str(saved(tmp_path, png()))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as client:
        assert client.stdout is not None
        assert client.stdout.readline() == "8 8\n"
        deadline = time.monotonic() + 10
        while len(openers_of(client.pid)) != 1:  # that of the child has gone with it
            assert time.monotonic() < deadline, openers_of(client.pid)
            time.sleep(0.02)
        client.kill()
        client.wait(10)
    while openers_of(client.pid):
        assert time.monotonic() < deadline, openers_of(client.pid)
        time.sleep(0.02)


HALF_A_REQUEST = """
import os, sys
sys.path.insert(0, sys.argv[1])
os.setpgid(0, 0)
from pathlib import Path
from uploads.imaging.fork_server import ForkServer
ForkServer(Path(sys.argv[1]))._connection.sendall((100).to_bytes(4, "big") + b"{")
print(os.getpid(), flush=True)
"""


def test_a_client_that_ends_in_the_middle_of_a_request_leaves_no_server_behind() -> None:
    command = [sys.executable, "-c", HALF_A_REQUEST, str(ROOT)]
    group = int(subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout)
    deadline = time.monotonic() + 10
    while openers_of(group):
        assert time.monotonic() < deadline, openers_of(group)
        time.sleep(0.02)


def test_a_server_that_has_gone_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(tmp_path, png())
    sandbox.intake(path, max_pixels=MAX_PIXELS)
    first = sandbox._server
    assert first is not None
    first._connection.shutdown(socket.SHUT_RDWR)  # what an idle or a killed server looks like
    assert sandbox.intake(path, max_pixels=MAX_PIXELS).width_px == 8
    assert sandbox._server is not first


def test_forks_know_nothing_of_each_other(tmp_path: Path) -> None:
    """Many threads, each with a file of its own: everyone gets its own picture back."""

    def one(number: int) -> tuple[int, int]:
        path = tmp_path / str(number)
        Image.new("RGB", (10 + number, 5)).save(path, "PNG")
        return number, sandbox.intake(path, max_pixels=MAX_PIXELS).width_px

    with ThreadPoolExecutor(8) as threads:
        assert dict(threads.map(one, range(40))) == {number: 10 + number for number in range(40)}
