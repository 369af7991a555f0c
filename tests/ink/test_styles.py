"""Flags, feet, slashes, hooks and bars drawn onto MNIST's digits."""

import numpy as np
import pytest
import torch

from course_utils.data import LabelledImages, load_mnist
from course_utils.ink import (
    MORE_STYLES,
    STYLES,
    crossed_seven,
    flagged_one,
    hooked_six,
    slashed_zero,
    stroke_width,
    with_other_styles,
)


@pytest.fixture(scope="module")
def part() -> LabelledImages:
    return load_mnist().train.select(range(2_000))


def upright_one(width: int = 2) -> np.ndarray:
    """A vertical line 20 pixels high in the middle of the image."""
    ink = np.zeros((28, 28), dtype=np.float32)
    ink[4:24, 14 - width // 2 : 14 + width // 2] = 1
    return ink


def ring() -> np.ndarray:
    """A circle of radius 9 around the middle, lines 2 pixels wide."""
    rows, columns = np.mgrid[:28, :28] - 13.5
    return (abs(np.hypot(rows, columns) - 9) <= 1).astype(np.float32)


@pytest.mark.parametrize("style", STYLES.values())
def test_a_drawn_digit_is_prepared_as_mnist_s(style: object, part: LabelledImages) -> None:
    digit = {drawer: digit for digit, drawer in STYLES.items()}[style]
    images = part.images[part.labels == digit].numpy() / 255
    for seed, ink in enumerate(images[:60]):
        before = ink.copy()
        drawn = style(ink, np.random.default_rng(seed))
        assert np.array_equal(ink, before), "the image that was given is changed"
        assert drawn.shape == (28, 28) and 0 <= drawn.min() and drawn.max() <= 1
        rows, columns = (np.flatnonzero((drawn >= 0.5).any(axis=axis)) for axis in (1, 0))
        assert rows[-1] - rows[0] < 20 and columns[-1] - columns[0] < 20
        places = np.arange(28) - 13.5
        middle = [float(drawn.sum(axis=axis) @ places / drawn.sum()) for axis in (1, 0)]
        # MNIST's centre is between pixels 14 and 15; a wide digit is stopped by the edge
        assert np.allclose(middle, 0.5, atol=1.01)


def test_the_flag_falls_from_the_top_to_the_left() -> None:
    plain, seen_feet = upright_one(), 0
    for seed in range(40):
        drawn = flagged_one(plain, np.random.default_rng(seed)) >= 0.5
        columns = np.flatnonzero(drawn[8:18].sum(axis=0) >= 9)  # the stem, wherever it is now
        stem = range(columns[0], columns[-1] + 1)
        rows = np.flatnonzero(drawn.any(axis=1))
        upper = drawn[rows[0] : rows[0] + 14]
        left, right = upper[:, : stem[0]], upper[:, stem[-1] + 1 :]
        assert left.any() and left.sum() > right.sum() + 2
        tip = np.argwhere(left)[np.argwhere(left)[:, 1].argmin()]
        assert tip[0] >= 1, "the flag's end is below the top"
        foot = drawn[rows[-1] - 1]
        wide = foot[: stem[0]].sum() >= 2 and foot[stem[-1] + 1 :].sum() >= 1
        seen_feet += bool(wide)
    assert 5 <= seen_feet <= 25


def test_the_flag_follows_a_leaning_stem() -> None:
    lean, upright = np.zeros((28, 28), dtype=np.float32), upright_one()
    for row in range(4, 24):
        at = 14 + round((13.5 - row) * 0.4)
        lean[row, at - 1 : at + 1] = 1
    for seed in range(20):
        added = [
            flagged_one(ink, np.random.default_rng(seed)).sum() - ink.sum()
            for ink in (lean, upright)
        ]
        assert min(added) > 3, "a flag that lies on its stem is none"


def test_the_slash_crosses_the_zero() -> None:
    for seed in range(40):
        drawn = slashed_zero(ring(), np.random.default_rng(seed))
        assert drawn[12:16, 12:16].max() > 0.6, "the line goes through the middle"
        rows, columns = np.nonzero(drawn[9:19, 9:19] >= 0.5)
        slope = np.polyfit(rows, columns, 1)[0] if np.ptp(rows) else -9
        assert slope < 0, "from upper right to lower left"


def test_the_bar_crosses_the_seven_s_stem() -> None:
    seven = upright_one()
    seven[4:6, 6:15] = 1
    for seed in range(40):
        drawn = crossed_seven(seven, np.random.default_rng(seed)) >= 0.5
        columns = np.flatnonzero(drawn[8:22].sum(axis=0) >= 11)  # the stem, wherever it is now
        left, right = drawn[8:22, : columns[0]], drawn[8:22, columns[-1] + 1 :]
        assert left.any() and right.any(), "on both sides of the stem"
        rows = np.flatnonzero(left.any(axis=1) | right.any(axis=1)) + 8
        assert 10 <= rows[0] and rows[-1] <= 20 and rows[-1] - rows[0] <= 6, "at half the height"


def test_the_hook_bends_from_the_six_s_top_to_the_right() -> None:
    six = np.zeros((28, 28), dtype=np.float32)
    rows, columns = np.mgrid[:28, :28] - 13.5
    six[abs(np.hypot(rows - 4.5, columns) - 5) <= 1] = 1  # the loop, rows 12 to 23
    six[4:18, 8:10] = 1
    for seed in range(40):
        drawn = hooked_six(six, np.random.default_rng(seed)) >= 0.5
        top = np.flatnonzero(drawn.any(axis=1))[0]
        upper = drawn[top : top + 7]  # above the loop, wherever it is now
        stem = np.flatnonzero(upper.sum(axis=0) >= 5)[0]
        reach = np.flatnonzero(upper.any(axis=0))[-1] - stem
        assert 3 <= reach <= 11, "to the right, and not across the whole box"
        assert np.flatnonzero(upper.any(axis=0))[0] >= stem - 1, "nothing to the left"


def test_a_steep_flag_may_be_longer_than_a_flat_one() -> None:
    plain = upright_one()
    sizes = []
    for seed in range(200):
        drawn = flagged_one(plain, np.random.default_rng(seed)) >= 0.5
        columns = np.flatnonzero(drawn[8:18].sum(axis=0) >= 9)
        tip = np.argwhere(drawn[:15, : columns[0]])
        down, left = np.ptp(tip[:, 0]) + 1, columns[0] - tip[:, 1].min()
        sizes.append((left / down, np.hypot(down, left)))
    steep, flat = ([size for slope, size in sizes if (slope < 0.8) == kind] for kind in (1, 0))
    assert max(steep) > max(flat) - 1 and max(steep) > 12


def test_lines_are_as_wide_as_the_digit_s_own() -> None:
    for width in (2, 4):
        drawn = flagged_one(upright_one(width), np.random.default_rng(1))
        assert stroke_width(drawn) == pytest.approx(stroke_width(upright_one(width)), rel=0.35)


def test_adds_what_was_asked_for(part: LabelledImages) -> None:
    n_ones, n_zeros = (int((part.labels == digit).sum()) for digit in (1, 0))
    more = with_other_styles(part, {1: 0.1, 0: 0.02}, seed=4)
    n_drawn = [round(0.1 * n_ones), round(0.02 * n_zeros)]
    assert torch.equal(more.images[: len(part)], part.images)
    assert more.labels[len(part) :].tolist() == [1] * n_drawn[0] + [0] * n_drawn[1]
    added = more.select(range(len(part), len(more)))
    assert len(set(added.ids.tolist())) == sum(n_drawn)
    for image, label, origin in zip(added.images, added.labels, added.ids, strict=True):
        (at,) = torch.nonzero(part.ids == origin)
        assert part.labels[at] == label
        assert not torch.equal(part.images[at][0], image)
    again = with_other_styles(part, {1: 0.1, 0: 0.02}, seed=4)
    other = with_other_styles(part, {1: 0.1, 0: 0.02}, seed=5)
    assert torch.equal(more.images, again.images) and not torch.equal(more.images, other.images)
    assert with_other_styles(part, {1: 0}) is part
    assert len(with_other_styles(part, {0: 1})) == len(part) + n_zeros


@pytest.mark.parametrize("shares", [{3: 0.3}, {1: -0.1}, {0: 1.2}, {0: float("nan")}])
def test_refuses_what_cannot_be_drawn(part: LabelledImages, shares: dict[int, float]) -> None:
    with pytest.raises(ValueError, match=r"expected digits of \[0, 1, 6, 7\] and shares of 0 to 1"):
        with_other_styles(part, shares)


@pytest.mark.parametrize("style", STYLES.values())
@pytest.mark.parametrize(
    ("ink", "message"),
    [
        (np.zeros((28, 28)), "empty paper"),
        (np.ones((27, 28)), r"shape \(27, 28\)"),
        (np.full((28, 28), 255), "0 … 1"),
        (np.full((28, 28), np.nan), "0 … 1"),
    ],
)
def test_refuses_what_is_no_digit(style: object, ink: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        style(ink, np.random.default_rng(0))


# -- more ways of writing --------------------------------------------------------------------------


@pytest.mark.parametrize("name", MORE_STYLES)
def test_other_ways_are_prepared_as_mnist_s_and_differ(name: str, part: LabelledImages) -> None:
    digit, style = MORE_STYLES[name]
    for seed, image in enumerate(part.images[part.labels == digit][:40]):
        ink = image.numpy() / 255
        before = ink.copy()
        drawn = style(ink, np.random.default_rng(seed))
        assert np.array_equal(ink, before), "the image that was given is changed"
        assert drawn.shape == (28, 28) and 0 <= drawn.min() and drawn.max() <= 1
        rows, columns = (np.flatnonzero((drawn >= 0.5).any(axis=axis)) for axis in (1, 0))
        assert rows[-1] - rows[0] < 20 and columns[-1] - columns[0] < 20
        assert np.abs(drawn - ink).sum() > 0.5, "nothing was drawn"


def test_a_short_bow_makes_a_six_s_loop_larger_in_its_box(part: LabelledImages) -> None:
    style = MORE_STYLES["6 with a short bow"][1]
    lower = []
    for seed, image in enumerate(part.images[part.labels == 6][:40]):
        ink = image.numpy() / 255
        made = style(ink, np.random.default_rng(seed))
        heights = [np.ptp(np.flatnonzero((a >= 0.5).any(axis=1))) for a in (ink, made)]
        lower.append(heights[1] < heights[0])
    assert np.mean(lower) > 0.8


def test_named_ways_are_added_and_unknown_ones_refused(part: LabelledImages) -> None:
    n_nines = int((part.labels == 9).sum())
    more = with_other_styles(part, {"9 with a tail": 0.1, 7: 0.1}, seed=2)
    added = more.labels[len(part) :]
    assert int((added == 9).sum()) == round(0.1 * n_nines) and set(added.tolist()) == {7, 9}
    with pytest.raises(ValueError, match=r"names of .*open 4.* got 0\.1 for 5 with a hat"):
        with_other_styles(part, {"5 with a hat": 0.1})
    for seed in (-1, None, 1.5):
        with pytest.raises(ValueError, match="expected a whole number from 0 as seed, got"):
            with_other_styles(part, {7: 0.1}, seed=seed)
