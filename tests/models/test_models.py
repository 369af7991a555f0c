"""The networks and what they take."""

import re

import pytest
import torch
from torch import nn

from course_utils.data import load_mnist
from course_utils.models import (
    MLP,
    MNIST_DEVIATION,
    MNIST_MEAN,
    DeepCNN,
    LetterCNN,
    SmallCNN,
    Standardise,
    StridedCNN,
    as_input,
)


def pixels(n: int = 3, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (n, 28, 28), generator=generator, dtype=torch.uint8)


def test_as_input_scales_to_one() -> None:
    images = pixels()
    images[0, 0, :2] = torch.tensor([0, 255], dtype=torch.uint8)
    x = as_input(images)
    assert x.shape == (3, 1, 28, 28) and x.dtype == torch.float32
    assert x[0, 0, 0, :2].tolist() == [0.0, 1.0]
    assert torch.equal((x[:, 0] * 255).round().to(torch.uint8), images)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (
            pixels().float() / 255,
            "uint8 .* got torch.float32 .* scaling and standardising are done",
        ),
        (pixels().flatten(1), r"got torch.uint8 of shape \(3, 784\)"),
        (pixels().unsqueeze(1), r"got torch.uint8 of shape \(3, 1, 28, 28\)"),
        (pixels()[:, 1:], r"got torch.uint8 of shape \(3, 27, 28\)"),
        (pixels()[:0], "there are no images: expected at least one"),
    ],
    ids=["floats", "flat", "with a channel", "too low", "none"],
)
def test_as_input_refuses(images: torch.Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        as_input(images)


def test_constants_are_those_of_the_training_pixels() -> None:
    scaled = load_mnist().train.images.double() / 255
    assert float(scaled.mean()) == pytest.approx(MNIST_MEAN, abs=5e-4)
    assert float(scaled.std()) == pytest.approx(MNIST_DEVIATION, abs=5e-4)


def test_standardise_keeps_its_constants_with_the_weights() -> None:
    layer = Standardise(0.25, 0.5)
    assert torch.equal(layer(torch.tensor([0.25, 1.25])), torch.tensor([0.0, 2.0]))
    other = Standardise()
    other.load_state_dict(layer.state_dict())
    assert torch.equal(other(torch.tensor([1.25])), torch.tensor([2.0]))
    assert not list(layer.parameters())
    with pytest.raises(ValueError, match="above 0, got mean=0.0, deviation=0.0"):
        Standardise(0.0, 0.0)


def test_mlp_computes_what_the_formula_says() -> None:
    torch.manual_seed(0)
    net = MLP((30, 20), n_classes=26)
    x = as_input(pixels(5))
    a = (x.flatten(1) - MNIST_MEAN) / MNIST_DEVIATION
    for layer in net.layers[:-1]:
        a = (a @ layer.weight.T + layer.bias).clamp(min=0)
    expected = a @ net.layers[-1].weight.T + net.layers[-1].bias
    assert expected.min() < 0
    torch.testing.assert_close(net(x), expected)


def test_mlp_of_chapter_3_has_as_many_parameters_as_it_says() -> None:
    assert sum(p.numel() for p in MLP().parameters()) == 784 * 800 + 800 + 800 * 10 + 10
    assert [tuple(layer.weight.shape) for layer in MLP(()).layers] == [(10, 784)]


def test_dropout_only_while_training() -> None:
    torch.manual_seed(0)
    net, x = MLP((50,), dropout=0.5), as_input(pixels())
    assert not torch.equal(net(x), net(x))
    net.eval()
    assert torch.equal(net(x), net(x))


@pytest.mark.parametrize(
    "arguments",
    [{"widths": (0,)}, {"widths": (5, -1)}, {"n_classes": 0}, {"dropout": 1.0}, {"dropout": -0.1}],
)
def test_mlp_refuses(arguments: dict) -> None:
    wrong = re.escape(str(next(iter(arguments.values()))))
    with pytest.raises(ValueError, match=f"expected widths and n_classes of 1 or more.*{wrong}"):
        MLP(**arguments)


def layers(net: nn.Module, *order: str) -> nn.Sequential:
    """The network's layers one after the other, with a ReLU after each norm."""
    others = {"largest": nn.AdaptiveMaxPool2d(1)}
    parts = []
    for name in order:
        parts.append(others.get(name) or getattr(net, name))
        if name.startswith("norm"):
            parts.append(nn.ReLU())
    return nn.Sequential(net.standardise, *parts, nn.Flatten(), net.out)


@pytest.mark.parametrize(
    ("net", "order", "parameters"),
    [
        (SmallCNN(), "conv1 norm1 conv2 pool norm2 conv3 pool norm3", 29_434),
        (
            StridedCNN(),
            "conv1 norm1 conv2 norm2 conv3 norm3 pool conv4 norm4 conv5 norm5 largest",
            70_586,
        ),
        (
            DeepCNN(),
            (
                "conv1 norm1 conv2 norm2 pool conv3 norm3 conv4 norm4 pool "
                "conv5 norm5 conv6 norm6 largest"
            ),
            283_642,
        ),
    ],
)
def test_cnns_are_built_as_they_say(net: nn.Module, order: str, parameters: int) -> None:
    net.eval()
    x = as_input(pixels(4))
    torch.testing.assert_close(net(x), layers(net, *order.split())(x))
    torch.testing.assert_close(net(x), net.out(net.features(x)))
    assert net(x).shape == (4, 10)
    assert sum(weights.numel() for weights in net.parameters()) == parameters
    assert net.conv2.weight.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize(
    ("build", "wrong"),
    [
        (SmallCNN, {"widths": (16, 32)}),
        (SmallCNN, {"widths": (16, 32, 64, 96)}),
        (SmallCNN, {"widths": (16, 0, 64)}),
        (StridedCNN, {"widths": (16, 32, 64, 128)}),
        (StridedCNN, {"widths": (16, 32, -1)}),
        (DeepCNN, {"widths": (16, 32, 64)}),
        (DeepCNN, {"widths": (16, 32, 64, -1)}),
        (DeepCNN, {"n_classes": 0}),
    ],
)
def test_cnns_refuse(build: type, wrong: dict) -> None:
    n = {SmallCNN: 3, StridedCNN: 3, DeepCNN: 4}[build]
    with pytest.raises(ValueError, match=f"expected {n} widths and n_classes"):
        build(**wrong)


# -- letters -------------------------------------------------------------------------------------


def test_the_network_for_letters_has_the_stated_size_and_layers() -> None:
    model, images = LetterCNN(), torch.rand(3, 1, 16, 8)
    assert sum(p.numel() for p in model.parameters()) == 80_906
    assert model(images).shape == (3, 26) and model.features(images).shape == (3, 128)
    shapes = []
    for layer in (model.conv1, model.conv2, model.conv3):
        layer.register_forward_hook(lambda _, __, out: shapes.append(tuple(out.shape[1:])))
    model(images)
    assert shapes == [(16, 16, 8), (48, 8, 4), (48, 8, 4)]


def test_dropout_is_for_training_only() -> None:
    model, images = LetterCNN(dropout=0.5), torch.rand(4, 1, 16, 8)
    assert not torch.equal(model(images), model(images))
    model.eval()
    assert torch.equal(model(images), model(images))
    plain = LetterCNN(dropout=0.0)
    assert torch.equal(plain(images), plain(images))


@pytest.mark.parametrize(
    "settings", [{"widths": (16,)}, {"hidden": 0}, {"dropout": 1.0}, {"dropout": -0.1}]
)
def test_networks_for_letters_that_cannot_be_are_refused(settings: dict) -> None:
    with pytest.raises(ValueError, match="expected .* got"):
        LetterCNN(**settings)
