"""Random changes of a batch: against torch's and scipy's own, one image at a time."""

import math

import numpy as np
import pytest
import torch
from scipy import ndimage
from torch import nn

from course_utils import augment
from course_utils.augment import Augment, elastic_field, linear_maps, sampling_grid, warp
from tests.augment.kinds import KINDS, seeded, seen_by_warp


def maps_of(n: int, seed: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
    draws = torch.rand(n, 6, generator=seeded(seed)) * 2 - 1
    angle, wide, high, shear = draws[:, :4].unbind(1)
    return (
        linear_maps(60 * angle, 1 + 0.3 * wide, 1 + 0.3 * high, 0.4 * shear),
        5 * draws[:, 4:],
    )


def spot(x: int, y: int) -> torch.Tensor:
    """One image with one white pixel, x and y counted from the upper left corner."""
    image = torch.zeros(1, 1, 28, 28)
    image[0, 0, y, x] = 1
    return image


def centre_of_ink(image: torch.Tensor) -> tuple[float, float]:
    """Mean place of the ink, x to the right and y down, from the middle of the image."""
    ink, places = image.squeeze().double(), torch.arange(28) - 13.5
    return float((ink.sum(0) * places).sum() / ink.sum()), float(
        (ink.sum(1) * places).sum() / ink.sum()
    )


def test_warp_is_affine_grid_and_grid_sample(digits: torch.Tensor) -> None:
    maps, shifts = maps_of(len(digits))
    back = torch.linalg.inv(maps)
    start = -(back @ shifts.unsqueeze(2)) / 14  # in half images of 28 pixels
    grid = nn.functional.affine_grid(torch.cat([back, start], 2), digits.shape, align_corners=False)
    expected = nn.functional.grid_sample(digits, grid, align_corners=False)
    assert torch.allclose(sampling_grid(maps, shifts, (28, 28)), grid, atol=1e-5)
    assert torch.allclose(warp(digits, maps, shifts), expected, atol=1e-4)


def test_warp_is_scipys_affine_transform(digits: torch.Tensor) -> None:
    maps, shifts = (t.double() for t in maps_of(len(digits), seed=2))
    ours = warp(digits.double(), maps, shifts)
    swap, middle = np.array([[0, 1], [1, 0]]), np.array([13.5, 13.5])  # scipy counts (y, x)
    for image, result, map_, shift in zip(digits, ours, maps.numpy(), shifts.numpy(), strict=True):
        back = swap @ np.linalg.inv(map_) @ swap
        expected = ndimage.affine_transform(
            image[0].double().numpy(),
            back,
            middle - back @ (middle + shift[::-1]),
            order=1,
            mode="grid-constant",
        )
        assert np.allclose(result[0].numpy(), expected, atol=1e-9)


def test_a_field_is_added_to_the_places_looked_up(digits: torch.Tensor) -> None:
    maps, shifts = (t.double() for t in maps_of(len(digits), seed=3))
    field = elastic_field(len(digits), (28, 28), 2.0, 4.0, seeded()).double()
    ours = warp(digits.double(), maps, shifts, field)
    y, x = np.mgrid[:28, :28] - 13.5
    for i in range(len(digits)):
        back = np.linalg.inv(maps[i].numpy())
        moved = np.stack([x - shifts[i, 0].item(), y - shifts[i, 1].item()])
        places = np.einsum("ab,bij->aij", back, moved) + field[i].numpy() + 13.5
        expected = ndimage.map_coordinates(
            digits[i, 0].double().numpy(), places[::-1], order=1, mode="grid-constant"
        )
        assert np.allclose(ours[i, 0].numpy(), expected, atol=1e-9)


def test_images_that_are_not_square_are_moved_by_whole_pixels() -> None:
    image = torch.rand(1, 1, 12, 30, generator=seeded())
    moved = warp(image, torch.eye(2).unsqueeze(0), torch.tensor([[3.0, -2.0]]))
    expected = torch.zeros_like(image)
    expected[..., :-2, 3:] = image[..., 2:, :-3]
    assert torch.allclose(moved, expected, atol=1e-5)


def one_map(
    rotation: float = 0, wide: float = 1, high: float = 1, shear: float = 0
) -> torch.Tensor:
    return linear_maps(*(torch.tensor([float(v)]) for v in (rotation, wide, high, shear)))


@pytest.mark.parametrize(
    ("map_", "shift", "before", "after"),
    [
        (one_map(rotation=90), (0, 0), (24, 13), (13, 3)),  # from the right to the top
        (one_map(rotation=-90), (0, 0), (24, 13), (14, 24)),  # from the right to the bottom
        (one_map(), (2, 3), (10, 10), (12, 13)),  # right and down
        (one_map(wide=2), (0, 0), (17, 13), (20.5, 13)),  # twice as far from the middle
        (one_map(high=0.5), (0, 0), (13, 3), (13, 8.25)),
        (one_map(shear=0.5), (0, 0), (13, 3), (18.25, 3)),  # the top leans to the right
        (one_map(rotation=90, wide=2), (0, 0), (17, 13), (13, 6.5)),  # stretched, then turned
    ],
)
def test_directions(
    map_: torch.Tensor, shift: tuple, before: tuple[int, int], after: tuple[float, float]
) -> None:
    moved = warp(spot(*before), map_, torch.tensor([[float(v) for v in shift]]))
    x, y = centre_of_ink(moved)
    assert (x + 13.5, y + 13.5) == pytest.approx(after, abs=0.3)


def test_a_right_angle_is_exact(digits: torch.Tensor) -> None:
    maps = one_map(rotation=90).expand(len(digits), 2, 2)
    turned = warp(digits, maps, torch.zeros(len(digits), 2))
    assert torch.allclose(turned, torch.rot90(digits, 1, (2, 3)), atol=1e-4)


# -- the strengths ------------------------------------------------------------------------------


def test_strengths_are_the_ends_of_even_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    maps, shifts, _ = seen_by_warp(Augment(rotation=10, shift=2.8), 20_000, monkeypatch)
    angles = torch.rad2deg(torch.atan2(maps[:, 0, 1], maps[:, 0, 0]))
    for drawn, strength in ((angles, 10.0), (shifts[:, 0], 2.8), (shifts[:, 1], 2.8)):
        assert drawn.abs().max() <= strength * 1.0001
        edges = torch.tensor([-1, -0.5, 0, 0.5, 1]) * strength * 1.001
        shares = torch.histogram(drawn, edges).hist / len(drawn)
        assert torch.allclose(shares, torch.tensor(0.25), atol=0.02)
    assert abs(torch.corrcoef(shifts.T)[0, 1]) < 0.03, "across and down are drawn apart"


def test_scale_and_shear_are_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    maps, shifts, field = seen_by_warp(Augment(scale=0.2, shear=0.3), 20_000, monkeypatch)
    wide, high, lean = maps[:, 0, 0], maps[:, 1, 1], -maps[:, 0, 1] / maps[:, 1, 1]
    for drawn, low, high_end in ((wide, 0.8, 1.2), (high, 0.8, 1.2), (lean, -0.3, 0.3)):
        assert low - 1e-4 <= drawn.min() < low + 0.01
        assert high_end - 0.01 < drawn.max() <= high_end + 1e-4
    assert abs(torch.corrcoef(torch.stack([wide, high]))[0, 1]) < 0.03
    assert (maps[:, 1, 0] == 0).all() and (shifts == 0).all() and field is None


def test_scaled_multiplies_every_strength_but_sigma() -> None:
    assert KINDS["all"].scaled(0.5) == Augment(5, 1.4, 0.05, 0.05, 0.5, 4.0, 4, 0.05)
    with pytest.raises(ValueError, match="rotation must be between 0 and 180"):
        Augment(rotation=100).scaled(2)


# -- elastic fields -----------------------------------------------------------------------------


def test_a_field_is_noise_smoothed_by_a_gaussian() -> None:
    """The same numbers as a sum over all points of noise, written out."""
    ours = elastic_field(2, (5, 7), 1.5, 2.0, seeded(3))
    rows, columns = torch.arange(-4, 5) * 2.0, torch.arange(-5, 6) * 2.0  # 3 deviations beyond
    noise = torch.randn(4, len(rows), len(columns), generator=seeded(3))
    for k, i, j in np.ndindex(4, 5, 7):
        weights = torch.exp(
            -((i - 2 - rows[:, None]) ** 2 + (j - 3 - columns[None]) ** 2) / (2 * 2.0**2)
        )
        expected = 1.5 * (weights * noise[k]).sum() / weights.norm()
        assert ours[k // 2, k % 2, i, j].item() == pytest.approx(expected.item(), abs=1e-5)


def test_a_field_has_the_spread_and_smoothness_of_simards() -> None:
    """Against noise drawn at every pixel and smoothed by scipy, far from the borders."""
    ours = elastic_field(4_000, (28, 28), 2.0, 4.0, seeded(1)).flatten(0, 1)
    fine = np.random.default_rng(0).uniform(-1, 1, (2_000, 76, 76))
    theirs = ndimage.gaussian_filter(fine, (0, 4, 4))[:, 24:52, 24:52]
    theirs = torch.tensor(2.0 * theirs / theirs.std())
    for distance in (0, 2, 4, 8, 12):
        wanted = 4 * math.exp(-(distance**2) / (4 * 4.0**2))
        for field in (ours, theirs):
            here, there = field[:, :, : 28 - distance], field[:, :, distance:]
            assert float((here * there).mean()) == pytest.approx(wanted, abs=0.2)
    each_pixel = ours.square().mean(0).sqrt()
    assert torch.allclose(each_pixel, torch.tensor(2.0), atol=0.1), "at the borders, too"


@pytest.mark.parametrize("sigma", [1.0, 3.0, 4.0, 8.0])
def test_drawing_seldom_changes_next_to_nothing(sigma: float) -> None:
    """The exact correlation of the field, from its weights, against the Gaussian's."""
    weights = augment._smoothing(28, sigma).double()
    found = weights @ weights.T
    apart = torch.arange(28).double()
    wanted = torch.exp(-((apart[:, None] - apart) ** 2) / (4 * sigma**2))
    assert torch.allclose(found, wanted, atol=2e-4)
    assert torch.allclose(found.diag(), torch.ones(28).double(), atol=1e-6)


def test_x_and_y_of_a_field_are_drawn_apart() -> None:
    x, y = elastic_field(3_000, (28, 28), 1.0, 4.0, seeded()).unbind(1)
    assert abs(float((x * y).mean())) < 0.02


# -- erasing and noise --------------------------------------------------------------------------


def test_a_square_is_erased_with_its_centre_anywhere() -> None:
    images = torch.ones(4_000, 1, 28, 28)
    erased = Augment(erase=6)(images, seeded()) == 0
    assert (erased.sum((1, 2, 3)) <= 36).all() and (erased.sum((1, 2, 3)) >= 9).all()
    assert set(erased.any(2).sum((1, 2)).tolist()) <= {3, 4, 5, 6}
    inside = erased[:, 0, 3:-3, 3:-3].float().mean(0)
    assert torch.allclose(inside, torch.tensor(36 / 784), atol=0.015), "every place is as likely"
    kept = Augment(erase=6)(images * 0.5, seeded())
    assert set(kept.unique().tolist()) == {0.0, 0.5}


def test_noise_has_its_deviation_and_stays_ink() -> None:
    noisy = Augment(noise=0.1)(torch.full((50, 1, 28, 28), 0.5), seeded())
    assert float(noisy.mean()) == pytest.approx(0.5, abs=0.003)
    assert float(noisy.std()) == pytest.approx(0.1, abs=0.003)
    on_paper = Augment(noise=0.5)(torch.zeros(50, 1, 28, 28), seeded())
    assert on_paper.min() == 0 and 0.9 < on_paper.max() <= 1
    assert float((on_paper == 0).float().mean()) == pytest.approx(0.5, abs=0.02)
