"""Real rembg with the real weights."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from common.errors import ProviderError
from tests.uploads.cutout.pictures import disc, mixed, noise
from uploads.cutout.backends.rembg import Engine, RembgBackend
from uploads.cutout.weights import ModelNotAllowed

SIDE_PX = 384
DISC = disc(SIDE_PX, (190, 200), 110)


def test_disc_on_noise_is_found(rembg: RembgBackend) -> None:
    ground = 128 + noise(SIDE_PX, 30)
    mask = rembg.mask(mixed(DISC, (220, 60, 40), ground))
    assert mask.dtype == np.float32
    assert mask.shape == (SIDE_PX, SIDE_PX)
    assert 0 <= mask.min() <= mask.max() <= 1
    found, truth = mask > 0.5, DISC > 0.5
    assert np.count_nonzero(found & truth) / np.count_nonzero(found | truth) > 0.8


def test_picture_of_one_colour_has_no_object(rembg: RembgBackend) -> None:
    mask = rembg.mask(np.full((50, 70, 3), 90, dtype=np.uint8))
    assert mask.shape == (50, 70)
    assert mask.max() == 0


def test_threads_share_the_session(rembg: RembgBackend) -> None:
    pictures = [mixed(DISC, (40 * k, 90, 200), 128 + noise(SIDE_PX, 20, seed=k)) for k in range(3)]
    serial = [rembg.mask(picture) for picture in pictures]
    with ThreadPoolExecutor(3) as pool:
        parallel = list(pool.map(rembg.mask, pictures))
    for one, other in zip(serial, parallel, strict=True):
        assert np.array_equal(one, other)


def test_loading_leaves_the_environment_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("U2NET_HOME", "/somewhere/else")
    RembgBackend(home=tmp_path, engine="onnxruntime").load()
    assert os.environ["U2NET_HOME"] == "/somewhere/else"
    monkeypatch.delenv("U2NET_HOME")
    RembgBackend(home=tmp_path, engine="onnxruntime").load()
    assert "U2NET_HOME" not in os.environ


def test_name_tells_the_model(tmp_path: Path) -> None:
    assert RembgBackend("silueta", home=tmp_path).name == "rembg:silueta"


def test_forbidden_model_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(ModelNotAllowed):
        RembgBackend("bria-rmbg", home=tmp_path)


@pytest.mark.parametrize(("engine", "package"), [("mnn", "MNN"), ("onnxruntime", "onnxruntime")])
def test_missing_engine_is_an_error_and_no_exit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: Engine, package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ProviderError) as refusal:
        RembgBackend(home=tmp_path, engine=engine).mask(mixed(DISC, (1, 2, 3), (200, 200, 200)))
    assert not refusal.value.retryable
    assert refusal.value.provider == "rembg:u2netp"
