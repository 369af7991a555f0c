"""The simulator of paper: seeded, of the documented form, each condition visible."""

import numpy as np
import pytest

from course_utils.data import load_mnist
from course_utils.ink import load_strokes
from course_utils.reading import CONDITIONS, mixture, picture, side_by_side

DRAWN = load_strokes().drawings


@pytest.mark.parametrize("name", CONDITIONS)
def test_a_condition_is_fixed_by_its_seed_and_changes_the_picture(name: str) -> None:
    page = picture(DRAWN[50], [name], seed=3)
    assert page.dtype == np.uint8 and page.ndim == 2 and min(page.shape) >= 20
    assert np.array_equal(page, picture(DRAWN[50], [name], seed=3))
    assert not np.array_equal(page, picture(DRAWN[50], [name], seed=4))
    if name != "clean paper":
        clean = picture(DRAWN[50], ["clean paper"], seed=3)
        assert page.shape != clean.shape or np.mean(page != clean) > 0.001


def test_a_validation_image_can_be_written_on_the_paper() -> None:
    ink = load_mnist().validation.images[0].numpy() / 255
    page = picture(ink, ["ruled, grey"], seed=0)
    assert page.shape == (280, 280) and page.min() < 90 and np.median(page) > 180
    with pytest.raises(ValueError, match=r"expected strokes or ink of shape \(28, 28\), got"):
        picture(ink[:20], ["ruled, grey"], seed=0)


def test_a_tight_crop_holds_the_whole_digit_and_a_cut_one_does_not() -> None:
    for seed in range(8):
        tight = picture(DRAWN[20], ["tight crop"], seed) < 110
        rows = np.flatnonzero(tight.any(axis=1))
        assert rows[0] <= 9 and len(tight) - rows[-1] <= 10
        cut = picture(DRAWN[20], ["cut by the border"], seed) < 110
        sides = (cut[0], cut[-1], cut[:, 0], cut[:, -1])
        assert sum(side.any() for side in sides) >= 1


def test_mixtures_take_conditions_of_different_kinds() -> None:
    for seed in range(60):
        names = mixture(seed)
        assert len(names) == 3 == len({CONDITIONS[name].kind for name in names})
        assert "cut by the border" not in names and names == mixture(seed)
    assert len({mixture(seed) for seed in range(60)}) > 50


def test_what_cannot_be_made_is_refused() -> None:
    with pytest.raises(ValueError, match="expected conditions of clean paper.*got 'rain'"):
        picture(DRAWN[0], ["rain"], seed=0)
    with pytest.raises(ValueError, match="at most one size"):
        picture(DRAWN[0], ["1 px on 280", "3 px on 600"], seed=0)


def test_several_digits_on_one_sheet() -> None:
    page = side_by_side([DRAWN[0], DRAWN[20]], seed=0)
    assert page.shape == (280, 560)
    assert (page[:, :280] < 110).any() and (page[:, 280:] < 110).any()
