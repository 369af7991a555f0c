"""The kinds of change that the tests of the augment room try."""

import pytest
import torch

from course_utils import augment
from course_utils.augment import Augment

KINDS = {
    "rotation": Augment(rotation=20),
    "shift": Augment(shift=3),
    "scale": Augment(scale=0.2),
    "shear": Augment(shear=0.3),
    "elastic": Augment(elastic=1.4),
    "erase": Augment(erase=8),
    "noise": Augment(noise=0.2),
    "all": Augment(10, 2.8, 0.1, 0.1, 1.0, 4.0, 8, 0.1),
}
each_kind = pytest.mark.parametrize("change", KINDS.values(), ids=KINDS.keys())


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def seen_by_warp(change: Augment, n: int, monkeypatch: pytest.MonkeyPatch) -> tuple:
    """The maps and shifts that a change draws for n images."""
    seen = []
    monkeypatch.setattr(augment, "warp", lambda images, *rest: seen.append(rest) or images.clone())
    change(torch.zeros(n, 1, 28, 28), seeded(5))
    return seen[0]
