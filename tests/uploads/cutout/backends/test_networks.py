"""One network on two engines: the same masks, and nothing else that anybody would notice."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from common.errors import ProviderError
from tests.uploads.cutout.pictures import disc, mixed, noise
from uploads.cutout.backends.networks import EngineMissing, MnnNetwork
from uploads.cutout.backends.rembg import RembgBackend
from uploads.cutout.weights import prepare_home

SIDE_PX = 384
LEVEL = 1 / 255


@pytest.fixture(scope="module")
def onnx(tmp_path_factory: pytest.TempPathFactory) -> RembgBackend:
    """The reference: rembg's own session."""
    backend = RembgBackend(home=tmp_path_factory.mktemp("models"), engine="onnxruntime")
    backend.load()
    return backend


def pictures() -> dict[str, NDArray[np.uint8]]:
    spots = disc(SIDE_PX, (120, 110), 60) + disc(SIDE_PX, (270, 260), 80)
    busy = 128 + noise(SIDE_PX, 60, seed=4)
    return {
        "an object": mixed(disc(SIDE_PX, (190, 200), 110), (220, 60, 40), 128 + noise(SIDE_PX, 30)),
        "two objects": mixed(spots, (40, 90, 210), 200 + noise(SIDE_PX, 15, seed=2)),
        "cut off by the frame": mixed(disc(SIDE_PX, (0, 200), 150), (20, 160, 60), busy),
        "no object": mixed(np.zeros((SIDE_PX, SIDE_PX), dtype=np.float32), (0, 0, 0), busy),
    }


@pytest.mark.parametrize("name", pictures())
def test_engines_agree_to_a_level(rembg: RembgBackend, onnx: RembgBackend, name: str) -> None:
    picture = pictures()[name]
    ours, theirs = rembg.mask(picture), onnx.mask(picture)
    assert float(theirs.max() - theirs.min()) > 0.5
    assert float(np.abs(ours - theirs).max()) < LEVEL


def test_several_threads_of_one_picture_change_nothing(rembg: RembgBackend, tmp_path: Path) -> None:
    picture = pictures()["an object"]
    two = RembgBackend(home=tmp_path, threads=2)
    assert float(np.abs(two.mask(picture) - rembg.mask(picture)).max()) < LEVEL


def test_other_threads_go_on_while_the_network_thinks(rembg: RembgBackend) -> None:
    ended, turns = threading.Event(), 0

    def think() -> None:
        rembg.mask(pictures()["an object"])
        ended.set()

    thread = threading.Thread(target=think)
    thread.start()
    while not ended.wait(0.001):
        turns += 1
    thread.join()
    assert turns > 20


def printed(program: str, home: Path) -> str:
    """What the program writes to its standard output, with `home` as its argument."""
    command = [sys.executable, "-c", program, str(home)]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ, check=True).stdout


def test_standard_output_is_left_to_the_program(tmp_path: Path) -> None:
    """Logs are read there by machines, and MNN prints whatever it does."""
    program = (
        "import numpy as np, pathlib, sys\n"
        "from uploads.cutout.backends.rembg import RembgBackend\n"
        "backend = RembgBackend(home=pathlib.Path(sys.argv[1]))\n"
        "backend.mask(np.arange(48 * 48 * 3, dtype=np.uint8).reshape(48, 48, 3))\n"
        "print('the program', flush=True)\n"
    )
    assert printed(program, tmp_path) == "the program\n"


def test_rembg_is_not_imported_where_mnn_runs(tmp_path: Path) -> None:
    program = (
        "import pathlib, sys\n"
        "from uploads.cutout.backends.rembg import RembgBackend\n"
        "RembgBackend(home=pathlib.Path(sys.argv[1])).load()\n"
        "print(sorted({'rembg', 'onnxruntime', 'numba'} & set(sys.modules)))\n"
    )
    assert printed(program, tmp_path).strip() == "[]"


def test_weights_that_are_no_network_are_refused(tmp_path: Path) -> None:
    broken = tmp_path / "u2netp.onnx"
    broken.write_bytes(prepare_home(tmp_path / "home").read_bytes()[:1000])
    with pytest.raises(EngineMissing, match=r"cannot read u2netp\.onnx"):
        MnnNetwork(broken, 1)


class _GivesUp:
    """An interpreter without memory, say."""

    def getSessionInput(self, session: object) -> "_GivesUp":
        return self

    def copyFrom(self, tensor: object) -> None:
        pass

    def runSession(self, session: object) -> int:
        return 1


def test_engine_that_gives_up_may_be_asked_again(tmp_path: Path) -> None:
    backend = RembgBackend(home=tmp_path)
    network = backend.load()
    assert isinstance(network, MnnNetwork)
    whole = network._interpreters.pop()
    network._interpreters.append((_GivesUp(), None))
    with pytest.raises(ProviderError, match="MNN ended with code 1") as failure:
        backend.mask(pictures()["an object"])
    assert failure.value.retryable
    network._interpreters.append(whole)
    assert backend.mask(pictures()["an object"]).max() == 1
