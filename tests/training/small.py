"""Small sets and networks for the tests of the training room."""

import torch
from torch import nn

from course_utils.data import LabelledImages
from course_utils.models import MLP
from course_utils.training import Recipe, fit

RECIPE = Recipe(epochs=3, batch_size=32, precision="float32", seed=3)


def examples(n: int = 200, seed: int = 0, n_classes: int = 10) -> LabelledImages:
    """Noise with a bright row at the height of its label: easy to learn."""
    generator = torch.Generator().manual_seed(seed)
    images = torch.randint(0, 120, (n, 28, 28), generator=generator, dtype=torch.uint8)
    labels = torch.randint(0, n_classes, (n,), generator=generator)
    images[torch.arange(n), labels * 28 // n_classes] = 255
    return LabelledImages(images, labels, torch.arange(n))


def network(seed: int = 1, **arguments: object) -> MLP:
    torch.manual_seed(seed)
    return MLP(**{"widths": (20,)} | arguments)


def train_here(model: nn.Module, train: LabelledImages, *others: object, **options: object):
    return fit(model, train, *others, **{"device": "cpu", "progress": False} | options)


def same(a: nn.Module, b: nn.Module) -> bool:
    pairs = zip(a.state_dict().values(), b.state_dict().values(), strict=True)
    return all(torch.equal(x, y) for x, y in pairs)
