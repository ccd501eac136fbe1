"""The weights are the published ones, or nothing runs."""

import os
from pathlib import Path

import pytest

from uploads.cutout import weights
from uploads.cutout.weights import (
    ModelNotAllowed,
    WeightsMissing,
    carried_weights,
    check_model,
    prepare_home,
    verify_weights,
)


def test_installed_weights_have_the_published_hash() -> None:
    path = carried_weights()
    assert path.stat().st_size == 4_574_861
    verify_weights(path)


def test_home_is_prepared_once(tmp_path: Path) -> None:
    home = tmp_path / "models"
    placed = prepare_home(home)
    assert placed == home / "u2netp.onnx"
    assert placed.read_bytes() == carried_weights().read_bytes()
    before = placed.stat().st_mtime_ns
    assert prepare_home(home) == placed
    assert placed.stat().st_mtime_ns == before
    assert os.listdir(home) == ["u2netp.onnx"]


def test_altered_weights_are_refused(tmp_path: Path) -> None:
    altered = bytearray(carried_weights().read_bytes())
    altered[1000] ^= 1
    path = tmp_path / "u2netp.onnx"
    path.write_bytes(altered)
    with pytest.raises(WeightsMissing, match="SHA-256") as refusal:
        prepare_home(tmp_path)
    assert not refusal.value.retryable
    assert path.read_bytes() == bytes(altered)


def test_half_written_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "u2netp.onnx").write_bytes(b"half")
    verify_weights(prepare_home(tmp_path))


def test_missing_package_is_named_with_its_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "_CARRIER", "no_package_of_this_name")
    with pytest.raises(WeightsMissing, match=r"requirements-weights\.txt"):
        prepare_home(tmp_path)
    assert os.listdir(tmp_path) == []


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing, match=r"u2netp\.onnx"):
        verify_weights(tmp_path / "u2netp.onnx")


def test_larger_model_must_be_put_there_by_the_operator(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing, match=r"silueta\.onnx"):
        prepare_home(tmp_path, "silueta")
    (tmp_path / "silueta.onnx").write_bytes(b"the operator's")
    assert prepare_home(tmp_path, "silueta") == tmp_path / "silueta.onnx"


@pytest.mark.parametrize("model", ["bria-rmbg", "withoutbg", "atlascloud", "", "../u2netp"])
def test_other_models_are_not_allowed(model: str, tmp_path: Path) -> None:
    with pytest.raises(ModelNotAllowed):
        check_model(model)
    with pytest.raises(ModelNotAllowed):
        prepare_home(tmp_path, model)
