"""The networks, each a short ``nn.Module``; all take images as ``as_input`` makes them."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from course_utils.data import IMAGE_SHAPE, N_CLASSES

MNIST_MEAN, MNIST_DEVIATION = 0.1307, 0.3081  # of the training pixels, as 0 … 1: chapter 1


def as_input(images: Tensor) -> Tensor:
    """Images (n, 28, 28) of uint8 as a network takes them: float32 (n, 1, 28, 28), 0 … 1.

    Raises ValueError for no images, another shape or another dtype.
    """
    if images.dtype != torch.uint8 or images.shape[1:] != IMAGE_SHAPE:
        raise ValueError(
            "images must be a uint8 tensor of shape (n, 28, 28) with values 0 … 255, got "
            f"{images.dtype} of shape {tuple(images.shape)}; pass them as load_mnist() gives them: "
            "scaling and standardising are done inside"
        )
    if len(images) == 0:
        raise ValueError("there are no images: expected at least one, got shape (0, 28, 28)")
    return images.unsqueeze(1).float() / 255


class Standardise(nn.Module):
    """Subtract a mean and divide by a standard deviation; both are saved with the weights."""

    def __init__(self, mean: float = MNIST_MEAN, deviation: float = MNIST_DEVIATION) -> None:
        super().__init__()
        if not deviation > 0:
            raise ValueError(f"the standard deviation must be above 0, got {deviation}")
        self.register_buffer("mean", torch.tensor(mean))
        self.register_buffer("deviation", torch.tensor(deviation))

    def forward(self, x: Tensor) -> Tensor:
        """Any shape in, the same shape out."""
        return (x - self.mean) / self.deviation


class MLP(nn.Module):
    """A multilayer perceptron: all pixels in, hidden layers of ReLUs, one score per class out.

    ``widths``: units of each hidden layer. ``dropout``: share of the hidden units switched off at
    random while training. Raises ValueError for a width below 1 or a share outside 0 ≤ share < 1.
    """

    def __init__(
        self, widths: Sequence[int] = (800,), n_classes: int = N_CLASSES, dropout: float = 0.0
    ) -> None:
        super().__init__()
        if min((*widths, n_classes)) < 1 or not 0 <= dropout < 1:
            raise ValueError(
                "expected widths and n_classes of 1 or more and 0 <= dropout < 1, got "
                f"widths={tuple(widths)}, n_classes={n_classes}, dropout={dropout}"
            )
        sizes = [IMAGE_SHAPE[0] * IMAGE_SHAPE[1], *widths, n_classes]
        self.standardise = Standardise()
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes))
        self.dropout = nn.Dropout(dropout)

    def forward(self, images: Tensor) -> Tensor:
        """Images (n, 1, 28, 28), 0 … 1, to scores (n, classes), before any softmax."""
        x = self.standardise(images).flatten(1)
        for layer in self.layers[:-1]:
            x = self.dropout(nn.functional.relu(layer(x)))
        return self.layers[-1](x)
