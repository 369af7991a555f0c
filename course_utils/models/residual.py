"""Deep networks, plain and with shortcuts, and networks of equal size to compare them with."""

from functools import partial
from itertools import pairwise
from types import MappingProxyType

import torch
from torch import Tensor, nn

from course_utils.data import N_CLASSES
from course_utils.models.networks import ConvNet, DeepCNN, StridedCNN

relu = nn.functional.relu


def _three(inputs: int, outputs: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)


def _check(**sizes: int) -> None:
    """Raise ValueError unless all are whole numbers of 1 or more."""
    if any(not isinstance(size, int) or size < 1 for size in sizes.values()):
        got = ", ".join(f"{name}={size!r}" for name, size in sizes.items())
        raise ValueError(f"expected whole numbers of 1 or more, got {got}")


class ResNet(ConvNet):
    """6 × ``blocks`` + 2 layers: a convolution, three stages of blocks of two, a linear layer.

    After each block its input is added to its output, the "shortcut"; ``shortcuts=False`` leaves
    this away and all else as it is (a "plain" network, with the same parameters). The stages have
    ``width``, twice and four times as many channels; the second and the third halve the image.
    Where a shortcut meets a larger block, every second pixel is taken, and channels of zeros are
    added. ``norm=False``: no BatchNorm. Images (n, 1, height, width) of any size from 4 × 4.
    Raises ValueError for sizes that are no whole numbers of 1 or more.
    Source: K. He, X. Zhang, S. Ren, J. Sun, Deep residual learning for image recognition (2015),
    the form for CIFAR-10, shortcuts of type A.
    """

    def __init__(
        self,
        width: int = 4,
        blocks: int = 3,
        n_classes: int = N_CLASSES,
        *,
        shortcuts: bool = True,
        norm: bool = True,
    ) -> None:
        _check(width=width, blocks=blocks, n_classes=n_classes)
        channels = [width * 2**stage for stage in range(3) for _ in range(blocks)]
        layers = [_three(1, width)]
        for before, after in pairwise([width, *channels]):
            layers += [_three(before, after, after // before), _three(after, after)]
        super().__init__(layers, 4 * width, n_classes)
        self.shortcuts, self.layers = shortcuts, layers  # in order of depth
        if not norm:
            for k, layer in enumerate(layers, start=1):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                setattr(self, f"norm{k}", nn.Identity())

    def part(self, k: int, x: Tensor) -> Tensor:
        """The k-th convolution (from 1) with its BatchNorm."""
        return getattr(self, f"norm{k}")(getattr(self, f"conv{k}")(x))

    def features(self, images: Tensor) -> Tensor:
        """Images (n, 1, height, width), 0 … 1, to means of the last maps (n, 4 × width)."""
        x = relu(self.part(1, self.enter(images)))
        for k in range(2, len(self.layers), 2):
            inside = self.part(k + 1, relu(self.part(k, x)))
            x = relu(inside + fitted(x, inside) if self.shortcuts else inside)
        return x.mean((2, 3))


def fitted(x: Tensor, other: Tensor) -> Tensor:
    """A shortcut's maps (n, c, h, w) in the form of ``other``: fewer pixels, channels of zeros."""
    if x.shape == other.shape:
        return x
    more = other.shape[1] - x.shape[1]
    return nn.functional.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 0, more))


class PreActResNet(ResNet):
    """``ResNet`` with BatchNorm and ReLU before each convolution: nothing stands on the shortcuts.

    Raises ValueError as ``ResNet`` does.
    Source: K. He, X. Zhang, S. Ren, J. Sun, Identity mappings in deep residual networks (2016).
    """

    def __init__(self, width: int = 4, blocks: int = 3, n_classes: int = N_CLASSES) -> None:
        super().__init__(width, blocks, n_classes)
        for k, layer in enumerate(self.layers[1:], start=1):  # each norm stands before layer k + 1
            setattr(self, f"norm{k}", nn.BatchNorm2d(layer.in_channels))

    def features(self, images: Tensor) -> Tensor:
        """Images (n, 1, height, width), 0 … 1, to means of the last maps (n, 4 × width)."""
        x = self.conv1(self.enter(images))
        for k in range(2, len(self.layers), 2):
            inside = getattr(self, f"conv{k}")(relu(getattr(self, f"norm{k - 1}")(x)))
            inside = getattr(self, f"conv{k + 1}")(relu(getattr(self, f"norm{k}")(inside)))
            x = inside + fitted(x, inside)
        return relu(getattr(self, f"norm{len(self.layers)}")(x)).mean((2, 3))


class DenseNet(ConvNet):
    """Three blocks in which each layer sees all maps made before it and adds ``growth`` new ones.

    A layer: BatchNorm, ReLU, a 1 × 1 convolution to 2 × ``growth`` maps, BatchNorm, ReLU, a 3 × 3
    convolution to ``growth``. Between blocks a 1 × 1 convolution halves the number of maps, and
    mean pooling the image. ``blocks``: layers of each block. Images (n, 1, height, width) of any
    size from 4 × 4. Raises ValueError for sizes that are no whole numbers of 1 or more.
    Source: G. Huang, Z. Liu, L. van der Maaten, K. Weinberger, Densely connected convolutional
    networks (2017), DenseNet-BC, there with 4 × growth maps after the 1 × 1 convolution.
    """

    def __init__(self, growth: int = 10, blocks: int = 2, n_classes: int = N_CLASSES) -> None:
        _check(growth=growth, blocks=blocks, n_classes=n_classes)
        maps, stages = 2 * growth, []
        for stage in range(3):
            stages += [_DenseLayer(maps + k * growth, growth) for k in range(blocks)]
            maps += blocks * growth
            if stage < 2:
                stages += [_normed(nn.Conv2d(maps, maps // 2, 1, bias=False)), nn.AvgPool2d(2)]
                maps //= 2
        super().__init__([_three(1, 2 * growth)], maps, n_classes)
        self.stages, self.norm1 = nn.Sequential(*stages), nn.BatchNorm2d(maps)
        self.to(memory_format=torch.channels_last)

    def features(self, images: Tensor) -> Tensor:
        """Images (n, 1, height, width), 0 … 1, to means of all last maps (n, maps)."""
        x = self.stages(self.conv1(self.enter(images)))
        return relu(self.norm1(x)).mean((2, 3))


class _DenseLayer(nn.Module):
    """A layer of ``DenseNet``: what came in, and behind it ``growth`` new maps."""

    def __init__(self, maps: int, growth: int) -> None:
        super().__init__()
        self.narrow = _normed(nn.Conv2d(maps, 2 * growth, 1, bias=False))
        self.new = _normed(_three(2 * growth, growth))

    def forward(self, x: Tensor) -> Tensor:
        """Maps (n, maps, height, width) to (n, maps + growth, height, width)."""
        return torch.cat([x, self.new(self.narrow(x))], 1)


def _normed(convolution: nn.Conv2d) -> nn.Sequential:
    """BatchNorm and ReLU, then the convolution."""
    return nn.Sequential(nn.BatchNorm2d(convolution.in_channels), nn.ReLU(), convolution)


# Networks of about 17,300 parameters, by name; each is called with n_classes=….
SAME_SIZE = MappingProxyType(
    {
        "plain": partial(ResNet, 4, 3, shortcuts=False),
        "ResNet": partial(ResNet, 4, 3),
        "PreActResNet": partial(PreActResNet, 4, 3),
        "DenseNet": partial(DenseNet, 10, 2),
        "DeepCNN": partial(DeepCNN, (4, 8, 16, 30)),
        "StridedCNN": partial(StridedCNN, (8, 16, 31)),
    }
)


def multiply_adds(model: nn.Module, height: int = 28, width: int = 28) -> int:
    """Multiplications of the convolutions and linear layers for one image of this size.

    Raises ValueError for a size below 1, and whatever the model does for one that is too small.
    """
    _check(height=height, width=width)
    counts, hooks = [], []

    def count(layer: nn.Module, _: object, output: Tensor) -> None:
        counts.append(output[0].numel() * layer.weight[0].numel())

    for layer in model.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            hooks.append(layer.register_forward_hook(count))
    modes = [(part, part.training) for part in model.modules()]
    try:
        with torch.no_grad():
            model.eval()(torch.zeros(1, 1, height, width))
    finally:
        for hook in hooks:
            hook.remove()
        for part, training in modes:
            part.training = training
    return sum(counts)
