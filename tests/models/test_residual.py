"""Deep networks with and without shortcuts, and networks of equal size."""

import pytest
import torch
from torch import nn

from course_utils.models import SAME_SIZE, DenseNet, PreActResNet, ResNet, multiply_adds


def parameters(net: nn.Module) -> int:
    return sum(weights.numel() for weights in net.parameters())


@pytest.mark.parametrize("n_classes", [10, 26])
def test_networks_of_the_same_size_are_so_to_three_percent(n_classes: int) -> None:
    size = parameters(SAME_SIZE["ResNet"](n_classes=n_classes))
    for name, make in SAME_SIZE.items():
        net = make(n_classes=n_classes).eval()
        assert abs(parameters(net) / size - 1) < 0.03, name
        for shape in ((3, 1, 28, 28), (3, 1, 20, 12)):
            assert net(torch.rand(shape)).shape == (3, n_classes)


@pytest.mark.parametrize("blocks", [1, 2, 3])
def test_shortcuts_add_the_input_of_each_block(blocks: int) -> None:
    torch.manual_seed(0)
    net, plain = ResNet(4, blocks).eval(), ResNet(4, blocks, shortcuts=False).eval()
    assert len(net.layers) == 6 * blocks + 1 and parameters(net) == parameters(plain)
    plain.load_state_dict(net.state_dict())
    x = torch.rand(2, 1, 16, 8)
    assert not torch.allclose(net(x), plain(x))
    with torch.no_grad():  # blocks that give 0: the input goes through, or nothing does
        for k in range(2, len(net.layers) + 1):
            for one in (net, plain):
                getattr(one, f"conv{k}").weight.zero_()
        first = nn.functional.relu(net.part(1, net.enter(x)))[:, :, ::4, ::4].mean((2, 3))
        assert torch.allclose(net.features(x)[:, :4], first, atol=1e-6)
        assert not net.features(x)[:, 4:].any() and not plain.features(x).any()


def test_the_published_size() -> None:
    assert parameters(ResNet(16, 3)) == pytest.approx(0.27e6, rel=0.02)  # He et al., table 6


def test_without_norm_there_is_none() -> None:
    net = ResNet(4, 1, norm=False)
    assert not any(isinstance(part, nn.BatchNorm2d) for part in net.modules())
    assert net(torch.rand(2, 1, 16, 8)).isfinite().all()


def test_preactivation_leaves_the_shortcut_bare() -> None:
    net = PreActResNet(4, 1).eval()
    with torch.no_grad():
        for k in range(2, 8):
            getattr(net, f"conv{k}").weight.zero_()
    x = torch.rand(2, 1, 16, 8)
    first = net.conv1(net.enter(x))[:, :, ::4, ::4]
    expected = nn.functional.relu(first / (1 + net.norm7.eps) ** 0.5).mean((2, 3))
    assert torch.allclose(net.features(x)[:, :4], expected, atol=1e-6)


def test_every_weight_learns() -> None:
    for make in SAME_SIZE.values():
        net = make(n_classes=10)
        net(torch.rand(4, 1, 20, 12)).square().sum().backward()
        assert all(weights.grad is not None for weights in net.parameters())


def test_multiplications_by_hand() -> None:
    net = nn.Sequential(nn.Conv2d(1, 3, 5, padding=2), nn.Flatten(), nn.Linear(3 * 6 * 4, 7))
    assert multiply_adds(net, 6, 4) == 3 * 25 * 6 * 4 + 3 * 6 * 4 * 7
    assert net.training
    with pytest.raises(ValueError, match="whole numbers of 1 or more, got height=0"):
        multiply_adds(net, 0, 4)


@pytest.mark.parametrize("make", [ResNet, PreActResNet, DenseNet])
@pytest.mark.parametrize("sizes", [(0, 1, 10), (4, 1.5, 10), (4, 1, -1)])
def test_sizes_that_are_none_are_refused(make: type, sizes: tuple) -> None:
    with pytest.raises(ValueError, match="expected whole numbers of 1 or more, got"):
        make(*sizes)
