"""The gate's score ranks simulated answers as their true errors do."""

import numpy as np

from bench.cutout_pictures import made_pictures
from bench.cutout_ranking import ranking, replies
from bench.cutouts import measure


def test_exact_answer_comes_first_and_every_other_errs_more() -> None:
    picture = next(picture for picture in made_pictures(1) if picture.kind == "photo")
    errors = [
        measure(np.dstack([picture.truth[..., :3], alpha]), picture.truth).tee
        for alpha in replies(picture.truth)
    ]
    assert errors[0] == 0
    assert min(errors[1:]) > 0.3


def test_edges_rank_better_than_the_matte_alone() -> None:
    photos = [picture for picture in made_pictures(2) if picture.kind == "photo"]
    found = ranking(photos, lambda reply, truth: measure(reply, truth).tee)
    assert found["with the edges"][1] > 0.85
    assert found["with the edges"][1] > found["matte alone"][1] + 0.15
    assert found["with the edges"][0] > found["matte alone"][0]
