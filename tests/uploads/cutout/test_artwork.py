"""Each route from a whole picture to its artwork; the last test is the demo's shirt."""

from pathlib import Path

import numpy as np
import pytest

from demo import shirt_photo
from products.garments.tint import garment_picture
from tests.uploads.cutout.pictures import ByteArray, FloatArray, disc, garment_photo, mixed, noise, ring
from uploads.cutout import artwork, scoring
from uploads.cutout.artwork import STEP_FIND, STEP_REMOVE, CutoutFailed, extract_artwork
from uploads.cutout.backends.rembg import RembgBackend
from uploads.cutout.print_region import NoPrintFound
from uploads.imaging.decode import decode

SIDE_PX = 400


def no_network(rgb: ByteArray) -> FloatArray:
    raise AssertionError("the network must not be asked")


def silent(step: str) -> None:
    """Take no notice of the steps."""


def failure_of(rgb: ByteArray, mask: FloatArray | None = None) -> str:
    def mask_of(picture: ByteArray) -> FloatArray:
        assert mask is not None
        assert picture.shape[:2] == mask.shape
        return mask

    with pytest.raises(CutoutFailed) as failure:
        extract_artwork(rgb, mask_of, silent)
    assert failure.value.message
    return failure.value.code


def test_flat_background_takes_the_key_and_no_network() -> None:
    steps: list[str] = []
    alpha = ring(SIDE_PX, 100, 50)
    cutout = extract_artwork(mixed(alpha, (200, 30, 40), (255, 255, 255)), no_network, steps.append)
    assert cutout.method == "colour_key"
    # The ring spans the pixels 100 to 300; the padding is 2 % of these 201.
    assert cutout.box == (96, 96, 305, 305)
    assert cutout.rgba.shape == (209, 209, 4)
    assert np.abs(cutout.rgba[..., 3] / 255.0 - alpha[96:305, 96:305]).mean() < 0.002
    assert (cutout.rgba[cutout.rgba[..., 3] == 0] == 0).all()
    assert steps == [STEP_FIND, STEP_REMOVE]


def test_steps_move_the_storefronts_progress_bar() -> None:
    # The bar stands at 35 % on "step 1", at 60 % on "step 2" or "background", tested in this order.
    assert "step 1" in STEP_FIND.lower()
    assert "background" in STEP_REMOVE.lower()
    assert "step 1" not in STEP_REMOVE.lower()


def test_large_flat_picture_is_worked_out_at_2000_px_and_boxed_in_source_px() -> None:
    side_px = 3000
    rgb = mixed(disc(side_px, (1500, 1200), 600), (200, 30, 40), (255, 255, 255))
    cutout = extract_artwork(rgb, no_network, silent)
    assert np.abs(np.array(cutout.box) - (576, 876, 1824, 2124)).max() <= 3
    assert np.abs(np.array(cutout.rgba.shape[:2]) - 832).max() <= 3


def test_small_logo_on_a_large_page_is_found() -> None:
    cutout = extract_artwork(
        mixed(disc(SIDE_PX, (200, 200), 12), (0, 0, 0), (255, 255, 255)), no_network, silent
    )
    assert cutout.rgba.shape[0] == pytest.approx(26, abs=2)


def test_print_is_lifted_off_a_garment() -> None:
    alpha = ring(SIDE_PX, 70, 30)
    rgb, garment = garment_photo(SIDE_PX, alpha, (235, 225, 205))

    def mask_of(picture: ByteArray) -> FloatArray:
        return garment if picture.shape[:2] == garment.shape else np.ones(picture.shape[:2], dtype=np.float32)

    cutout = extract_artwork(rgb, mask_of, silent)
    assert cutout.method == "print"
    left, top, right, bottom = cutout.box
    assert np.abs(np.array(cutout.box) - (127, 127, 273, 273)).max() <= 3
    assert np.abs(cutout.rgba[..., 3] / 255.0 - alpha[top:bottom, left:right]).mean() < 0.03
    assert cutout.confidence == pytest.approx(np.prod(list(cutout.components.values())))
    assert cutout.confidence > 0.5


def test_print_that_cannot_be_lifted_leaves_the_garment(monkeypatch: pytest.MonkeyPatch) -> None:
    rgb, garment = garment_photo(SIDE_PX, ring(SIDE_PX, 70, 30), (235, 225, 205))

    def no_cloth(*arguments: object) -> None:
        raise NoPrintFound("no cloth")

    monkeypatch.setattr(artwork, "lift_print", no_cloth)
    cutout = extract_artwork(rgb, lambda picture: garment[: picture.shape[0], : picture.shape[1]], silent)
    assert cutout.method == "salient"
    # The garment spans the pixels 50 to 349; the padding is 2 % of these 300.
    assert np.abs(np.array(cutout.box) - (44, 44, 356, 356)).max() <= 5


def garment_on_page(seed: int = 3) -> tuple[ByteArray, FloatArray]:
    """Return a tee with a ring printed on it, on a white page, and the ring's alpha."""
    picture = garment_picture("tee", "front", "#2a5c48", SIDE_PX - 40)
    cloth = np.full((SIDE_PX, SIDE_PX, 3), 250, dtype=np.float32)
    shape = np.zeros((SIDE_PX, SIDE_PX, 1), dtype=np.float32)
    layer = np.asarray(picture, dtype=np.float32)
    shape[20 : 20 + layer.shape[0], 20 : 20 + layer.shape[1]] = layer[..., 3:] / 255
    cloth[20 : 20 + layer.shape[0], 20 : 20 + layer.shape[1]] = layer[..., :3]
    alpha = ring(SIDE_PX, 50, 24)
    printed = np.asarray((240, 210, 60), np.float32) * alpha[..., None] + cloth * (1 - alpha[..., None])
    grained = (printed + noise(SIDE_PX, 2, seed)) * shape + 250 * (1 - shape)
    return np.clip(np.rint(grained), 0, 255).astype(np.uint8), alpha


def test_print_is_lifted_off_a_garment_on_a_plain_page() -> None:
    rgb, alpha = garment_on_page()
    cutout = extract_artwork(rgb, lambda picture: np.ones(picture.shape[:2], dtype=np.float32), silent)
    assert (cutout.route, cutout.method) == ("garment_on_flat", "print")
    left, top, right, bottom = cutout.box
    assert alpha[top:bottom, left:right].sum() > 0.999 * alpha.sum()
    assert np.abs(cutout.rgba[..., 3] / 255.0 - alpha[top:bottom, left:right]).mean() < 0.03


def test_whole_garment_is_kept_where_the_object_is_wanted() -> None:
    rgb, _ = garment_on_page()
    cutout = extract_artwork(rgb, no_network, silent, subject="object")
    assert (cutout.route, cutout.method) == ("flat", "colour_key")
    assert cutout.box[2] - cutout.box[0] > 0.8 * SIDE_PX


def test_photo_on_a_plain_page_is_asked_of_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    alpha = disc(SIDE_PX, (200, 200), 120)
    rgb = mixed(alpha, np.clip(215 + noise(SIDE_PX, 25), 0, 245).astype(np.uint8), (255, 255, 255))
    monkeypatch.setattr(scoring, "is_photographic", lambda unmixed: True)
    cutout = extract_artwork(rgb, lambda picture: alpha, silent)
    assert (cutout.route, cutout.method) == ("photo_on_flat", "salient")
    other = extract_artwork(rgb, lambda picture: np.roll(alpha, 180, axis=1), silent)
    assert (other.route, other.method) == ("flat", "colour_key")


def test_lesser_thing_that_the_frame_cuts_off_is_left_out_and_doubted() -> None:
    alpha = disc(SIDE_PX, (170, 200), 100)
    rival = disc(SIDE_PX, (420, 330), 50)
    rgb = mixed(np.maximum(alpha, rival), (220, 60, 40), 128 + noise(SIDE_PX, 30))
    alone = extract_artwork(rgb, lambda picture: alpha, silent, subject="object")
    cutout = extract_artwork(rgb, lambda picture: np.maximum(alpha, rival), silent, subject="object")
    assert cutout.box == alone.box
    assert cutout.confidence < 0.8 * alone.confidence


def test_stages_are_timed() -> None:
    cutout = extract_artwork(
        mixed(ring(SIDE_PX, 100, 50), (200, 30, 40), (255, 255, 255)), no_network, silent
    )
    assert list(cutout.timings_s) == ["route", "unmix", "find_print", "trim"]
    assert all(taken_s >= 0 for taken_s in cutout.timings_s.values())


def test_object_on_a_busy_ground_is_cut_out(rembg: RembgBackend) -> None:
    alpha = disc(SIDE_PX, (190, 210), 110)
    rgb = mixed(alpha, (220, 60, 40), 128 + noise(SIDE_PX, 30))
    cutout = extract_artwork(rgb, rembg.mask, silent)
    assert cutout.method == "salient"
    left, top, right, bottom = cutout.box
    assert np.abs(cutout.rgba[..., 3] / 255.0 - alpha[top:bottom, left:right]).mean() < 0.03
    assert 0 < cutout.confidence <= 0.8


def busy() -> ByteArray:
    return np.random.default_rng(1).integers(0, 256, (100, 120, 3), dtype=np.uint8)


def test_uncut_picture_is_never_returned() -> None:
    assert failure_of(busy(), np.ones((100, 120), dtype=np.float32)) == "not_separable"


def test_empty_mask_is_a_failure() -> None:
    assert failure_of(busy(), np.zeros((100, 120), dtype=np.float32)) == "nothing_found"


@pytest.mark.parametrize("size_px", [(1, 1), (2, 3), (8, 8), (1, 500)])
def test_plain_pictures_of_any_size_have_no_artwork(size_px: tuple[int, int]) -> None:
    assert failure_of(np.full((*size_px, 3), 77, dtype=np.uint8)) == "nothing_found"


def test_shirt_of_the_demo(rembg: RembgBackend) -> None:
    photo = decode(Path(shirt_photo.__file__).with_name("shirt-photo.jpg").read_bytes())
    cutout = extract_artwork(photo.rgba[..., :3], rembg.mask, silent)
    _, truth_image = shirt_photo.shirt_photo()
    left, top, right, bottom = cutout.box
    whole = np.asarray(truth_image, dtype=np.float32) / 255
    truth = whole[top:bottom, left:right]
    assert cutout.method == "print"
    assert cutout.confidence > 0.8
    # Nothing of the print lies outside of the box.
    assert whole.sum() - truth.sum() < 0.001 * whole.sum()
    alpha = cutout.rgba[..., 3].astype(np.float32) / 255
    error = np.abs(alpha - truth)
    assert error.mean() < 0.0102  # measured 0.0085
    # No haze on the cloth, no hole in the ink: measured 0.0011 and 0.0042.
    assert error[truth < 0.02].mean() < 0.0014
    assert error[truth > 0.98].mean() < 0.0051
