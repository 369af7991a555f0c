"""The networks, each a short ``nn.Module``; all take images as ``as_input`` makes them."""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from course_utils.data import IMAGE_SHAPE, LETTER_SHAPE, N_CLASSES

MNIST_MEAN, MNIST_DEVIATION = 0.1307, 0.3081  # of the training pixels, as 0 … 1: chapter 1


def as_input(images: Tensor) -> Tensor:
    """Images (n, 28, 28) of uint8 as a network takes them: float32 (n, 1, 28, 28), 0 … 1.

    Letters (n, 16, 8) become (n, 1, 16, 8).
    Raises ValueError for no images, another shape or another dtype.
    """
    check_images(images)
    return images.unsqueeze(1).float() / 255


def check_images(images: Tensor) -> None:
    """Raise ValueError unless these are uint8 images (n, 28, 28) or (n, 16, 8), one or more."""
    if images.dtype != torch.uint8 or tuple(images.shape[1:]) not in (IMAGE_SHAPE, LETTER_SHAPE):
        raise ValueError(
            "images must be a uint8 tensor of shape (n, 28, 28) with values 0 … 255 (letters: "
            "(n, 16, 8)), got "
            f"{images.dtype} of shape {tuple(images.shape)}; pass them as load_mnist() gives them: "
            "scaling and standardising are done inside"
        )
    if len(images) == 0:
        raise ValueError(
            f"there are no images: expected at least one, got shape {tuple(images.shape)}"
        )


class Standardise(nn.Module):
    """Subtract a mean and divide by a standard deviation; both are saved with the weights.

    Raises ValueError unless both are finite and the deviation is above 0.
    """

    def __init__(self, mean: float = MNIST_MEAN, deviation: float = MNIST_DEVIATION) -> None:
        super().__init__()
        if not (-math.inf < mean < math.inf and 0 < deviation < math.inf):
            raise ValueError(
                "the mean must be finite and the standard deviation finite and above 0, got "
                f"mean={mean}, deviation={deviation}"
            )
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


class ConvNet(nn.Module):
    """What the convolutional networks share; each spells out its layers and its ``features``.

    Each convolution ``conv1``, ``conv2``, … has a BatchNorm of its own, ``norm1``, ``norm2``, …;
    one linear layer, ``out``, turns ``n_features`` numbers into scores.
    """

    def __init__(self, convolutions: Sequence[nn.Conv2d], n_features: int, n_classes: int) -> None:
        super().__init__()
        self.standardise = Standardise()
        for k, convolution in enumerate(convolutions, start=1):
            self.add_module(f"conv{k}", convolution)
            self.add_module(f"norm{k}", nn.BatchNorm2d(convolution.out_channels))
        self.pool = nn.MaxPool2d(2)
        self.out = nn.Linear(n_features, n_classes)
        self.to(memory_format=torch.channels_last)  # a CPU convolves faster with channels last

    def enter(self, images: Tensor) -> Tensor:
        """Images (n, 1, 28, 28), 0 … 1, standardised and laid out for the convolutions."""
        return self.standardise(images).contiguous(memory_format=torch.channels_last)

    def features(self, images: Tensor) -> Tensor:
        """Images (n, 1, 28, 28), 0 … 1, to what the last layer sees (n, n_features)."""
        raise NotImplementedError(f"{type(self).__name__} must spell out its features")

    def forward(self, images: Tensor) -> Tensor:
        """Images (n, 1, 28, 28), 0 … 1, to scores (n, classes), before any softmax."""
        return self.out(self.features(images))


class SmallCNN(ConvNet):
    """Three convolutions and one linear layer: 29,434 parameters with the usual widths.

    The first convolution moves in strides of two pixels; the others pool before they normalise,
    so that BatchNorm and ReLU have a quarter of the values to work on. ``widths``: channels of the
    three convolutions. Raises ValueError unless there are three widths of 1 or more.
    Source: S. Ioffe, C. Szegedy, Batch normalization (2015).
    """

    def __init__(self, widths: Sequence[int] = (16, 32, 64), n_classes: int = N_CLASSES) -> None:
        first, second, third = _checked(widths, 3, n_classes)
        super().__init__(
            [
                nn.Conv2d(1, first, 5, stride=2, bias=False),  # 28 → 12
                nn.Conv2d(first, second, 3, padding=1, bias=False),  # 12, pooled to 6
                nn.Conv2d(second, third, 3, padding=1, bias=False),  # 6, pooled to 3
            ],
            third * 3 * 3,
            n_classes,
        )

    def features(self, images: Tensor) -> Tensor:
        """Images (n, 1, 28, 28), 0 … 1, to what the last layer sees (n, 9 × third width)."""
        x = self.enter(images)
        x = nn.functional.relu(self.norm1(self.conv1(x)))
        x = nn.functional.relu(self.norm2(self.pool(self.conv2(x))))
        x = nn.functional.relu(self.norm3(self.pool(self.conv3(x))))
        return x.flatten(1)


class StridedCNN(ConvNet):
    """A strided convolution and two pairs of 3 × 3 convolutions: 70,586 parameters.

    The first convolution moves in strides of two pixels; the first pair works on its maps of
    12 × 12, the second on maps half as large. Of each map of the last pair only the largest answer
    goes on ("global max pooling"): *that* a stroke was found counts, not where. ``widths``:
    channels of the first convolution, of the first pair and of the second. Raises ValueError
    unless there are three widths of 1 or more.
    Source: as for ``DeepCNN``.
    """

    def __init__(self, widths: Sequence[int] = (16, 32, 64), n_classes: int = N_CLASSES) -> None:
        first, second, third = _checked(widths, 3, n_classes)
        super().__init__(
            [
                nn.Conv2d(1, first, 5, stride=2, bias=False),  # 28 → 12
                nn.Conv2d(first, second, 3, padding=1, bias=False),
                nn.Conv2d(second, second, 3, padding=1, bias=False),  # 12, pooled to 6
                nn.Conv2d(second, third, 3, padding=1, bias=False),
                nn.Conv2d(third, third, 3, padding=1, bias=False),  # 6, pooled to 1
            ],
            third,
            n_classes,
        )

    def features(self, images: Tensor) -> Tensor:
        """Images (n, 1, 28, 28), 0 … 1, to what the last layer sees (n, third width)."""
        x = self.enter(images)
        x = nn.functional.relu(self.norm1(self.conv1(x)))
        x = nn.functional.relu(self.norm2(self.conv2(x)))
        x = nn.functional.relu(self.pool(self.norm3(self.conv3(x))))
        x = nn.functional.relu(self.norm4(self.conv4(x)))
        return nn.functional.relu(self.norm5(self.conv5(x)).amax(dim=(2, 3)))


class LetterCNN(ConvNet):
    """Three convolutions and a hidden layer for letters of 16 × 8: 80,906 parameters.

    The image is halved after the first and after the third convolution; of the last maps, 4 × 2,
    all values go on, since where a stroke is tells a b from a p. ``widths``: channels of the first
    convolution and of the two others. ``hidden``: numbers before the last layer. ``dropout``: share
    of what enters and leaves the hidden layer that is switched off at random while training.
    Raises ValueError unless there are two widths of 1 or more, hidden is 1 or more and
    0 ≤ dropout < 1.
    Source: as for ``DeepCNN``; N. Srivastava et al., Dropout (2014).
    """

    def __init__(
        self,
        widths: Sequence[int] = (16, 48),
        n_classes: int = 26,
        hidden: int = 128,
        dropout: float = 0.3,
    ) -> None:
        first, second = _checked(widths, 2, n_classes)
        if hidden < 1 or not 0 <= dropout < 1:
            raise ValueError(
                "expected hidden of 1 or more and 0 <= dropout < 1, got "
                f"hidden={hidden}, dropout={dropout}"
            )
        super().__init__(
            [
                nn.Conv2d(1, first, 5, padding=2, bias=False),  # 16 × 8, pooled to 8 × 4
                nn.Conv2d(first, second, 3, padding=1, bias=False),
                nn.Conv2d(second, second, 3, padding=1, bias=False),  # 8 × 4, pooled to 4 × 2
            ],
            hidden,
            n_classes,
        )
        self.hidden = nn.Linear(second * 4 * 2, hidden)
        self.dropout = nn.Dropout(dropout)

    def features(self, images: Tensor) -> Tensor:
        """Letters (n, 1, 16, 8), 0 … 1, to what the last layer sees (n, hidden)."""
        x = self.enter(images)
        x = nn.functional.relu(self.norm1(self.pool(self.conv1(x))))
        x = nn.functional.relu(self.norm2(self.conv2(x)))
        x = nn.functional.relu(self.norm3(self.pool(self.conv3(x))))
        x = self.dropout(x.flatten(1))
        return self.dropout(nn.functional.relu(self.hidden(x)))


class DeepCNN(ConvNet):
    """Three pairs of convolutions: 283,642 parameters with the usual widths.

    The first pair sees every pixel; then the image is halved, and halved again. Of each map of the
    last pair only the largest answer goes on ("global max pooling"): *that* a stroke was found
    counts, not where. ``widths``: channels of the two convolutions of the first pair, of both of
    the second and of both of the third. Raises ValueError unless there are four widths of 1 or
    more.
    Source: S. Ioffe, C. Szegedy, Batch normalization (2015); pairs of 3 × 3 as in K. Simonyan,
    A. Zisserman, Very deep convolutional networks (2014); global pooling as in M. Lin, Q. Chen,
    S. Yan, Network in network (2013), there the mean.
    """

    def __init__(
        self, widths: Sequence[int] = (16, 32, 64, 128), n_classes: int = N_CLASSES
    ) -> None:
        first, second, third, fourth = _checked(widths, 4, n_classes)
        super().__init__(
            [
                nn.Conv2d(1, first, 5, bias=False),  # 28 → 24
                nn.Conv2d(first, second, 3, bias=False),  # 24 → 22, pooled to 11
                nn.Conv2d(second, third, 3, padding=1, bias=False),
                nn.Conv2d(third, third, 3, padding=1, bias=False),  # 11, pooled to 5
                nn.Conv2d(third, fourth, 3, padding=1, bias=False),
                nn.Conv2d(fourth, fourth, 3, padding=1, bias=False),  # 5, pooled to 1
            ],
            fourth,
            n_classes,
        )

    def features(self, images: Tensor) -> Tensor:
        """Images (n, 1, 28, 28), 0 … 1, to what the last layer sees (n, fourth width)."""
        x = self.enter(images)
        x = nn.functional.relu(self.norm1(self.conv1(x)))
        x = nn.functional.relu(self.pool(self.norm2(self.conv2(x))))
        x = nn.functional.relu(self.norm3(self.conv3(x)))
        x = nn.functional.relu(self.pool(self.norm4(self.conv4(x))))
        x = nn.functional.relu(self.norm5(self.conv5(x)))
        return nn.functional.relu(self.norm6(self.conv6(x)).amax(dim=(2, 3)))


def _checked(widths: Sequence[int], n: int, n_classes: int) -> tuple[int, ...]:
    """The widths. Raises ValueError unless there are ``n``, and they and n_classes 1 or more."""
    if len(widths) != n or min((*widths, n_classes)) < 1:
        raise ValueError(
            f"expected {n} widths and n_classes, each 1 or more, got "
            f"widths={tuple(widths)}, n_classes={n_classes}"
        )
    return tuple(widths)
