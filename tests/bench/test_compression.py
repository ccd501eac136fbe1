"""The benchmark of compression measures what it says, on pictures small enough for a test."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench import compression
from bench.compression import (
    PILLOW,
    SHARP,
    SHOP,
    Clock,
    Likeness,
    Result,
    Row,
    main,
    smallest_as_good,
    verdict,
)
from bench.photos import photos_in, scene
from uploads.compression.encode import jpeg


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for seed in (1, 2):
        Image.fromarray(scene(300, 200, seed)).save(folder / f"{seed}.jpg", quality=95)
    (folder / "notes.txt").write_text("no picture")
    return folder


def row(size: float, wall: float, cpu: float) -> Row:
    """The shop against sharp, with these ratios."""
    results = {SHARP: Result(1000, 0.95, 10.0, 20.0), SHOP: Result(900, 0.95, 10.0 * wall, 20.0 * cpu)}
    return Row("a.jpg", 5000, results, {SHARP: size})


@pytest.mark.parametrize(
    ("size", "wall", "cpu", "is_passed"),
    [
        (1.0, 1.0, 1.0, True),
        (0.9, 0.5, 2.0, True),
        (0.9, 2.0, 1.04, True),
        (1.01, 0.5, 0.5, False),
        (0.9, 1.06, 1.06, False),
    ],
)
def test_the_shop_must_be_as_small_and_by_one_clock_as_fast(
    size: float, wall: float, cpu: float, is_passed: bool
) -> None:
    found = verdict([row(size, wall, cpu)], SHARP)
    assert (found.size, found.wall, found.cpu) == pytest.approx((size, wall, cpu))
    assert found.is_passed is is_passed


def test_likeness_is_one_for_the_same_pixels_and_less_for_worse(photos: Path) -> None:
    data = (photos / "1.jpg").read_bytes()
    likeness = Likeness(data)
    good, bad = (likeness.ssim(jpeg(data, quality=quality).data) for quality in (95, 30))
    assert 1 > good > bad > 0
    assert likeness.ssim(data) == pytest.approx(1, abs=0.01)
    assert likeness.megapixels == pytest.approx(0.06)


def test_the_smallest_as_good_is_just_not_worse(photos: Path) -> None:
    data = (photos / "1.jpg").read_bytes()
    likeness = Likeness(data)
    found = smallest_as_good(data, likeness, likeness.ssim(jpeg(data, quality=80).data))
    assert found <= len(jpeg(data, quality=80).data)
    assert found >= len(jpeg(data, quality=70).data)


def test_a_clock_keeps_the_best_round() -> None:
    clock = Clock()
    for wall_ms, cpu_ms in ((5, 9), (4, 10)):
        clock.note(wall_ms, cpu_ms)
    assert (clock.wall_ms, clock.cpu_ms) == (4, 9)


def test_a_folder_of_photos_is_measured_against_pillow(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(compression, "OUT", tmp_path / "out")
    assert [path.name for path in photos_in(photos)] == ["1.jpg", "2.jpg"]
    assert main([str(photos), "--rounds", "1", "--without-sharp"]) == 0
    printed = capsys.readouterr().out
    assert printed.count("1.jpg") == printed.count("2.jpg") == 1
    assert f"shop / {PILLOW}" in printed and SHARP not in printed


def test_a_folder_without_pictures_is_said_to_be_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(compression, "OUT", tmp_path / "out")
    (tmp_path / "empty").mkdir()
    assert main([str(tmp_path / "empty")]) == 2
    assert "no pictures" in capsys.readouterr().err


def test_made_photos_have_noise_and_never_change() -> None:
    first, second = scene(64, 48, 3), scene(64, 48, 3)
    assert np.array_equal(first, second) and first.shape == (48, 64, 3)
    assert not np.array_equal(first, scene(64, 48, 4))
