"""BatchNorm's statistics measured anew: against the definition, and what stays as it was."""

import pytest
import torch
from torch import nn

from course_utils.batchnorm import recalibrate
from course_utils.data import load_mnist
from course_utils.models import MLP, SmallCNN, as_input


@pytest.fixture
def images() -> torch.Tensor:
    return load_mnist().validation.images[:600]


class _OneLayer(nn.Module):
    """Pixels of 28 × 28 normalised, with dropout before, which must be off."""

    def __init__(self) -> None:
        super().__init__()
        self.dropout, self.norm = nn.Dropout(0.9), nn.BatchNorm2d(1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.norm(self.dropout(images))


def test_in_one_batch_they_are_the_mean_and_variance(images: torch.Tensor) -> None:
    model = _OneLayer()
    recalibrate(model, images, batch_size=600)
    pixels = as_input(images).flatten().double()
    assert model.norm.running_mean.item() == pytest.approx(pixels.mean().item(), rel=1e-4)
    assert model.norm.running_var.item() == pytest.approx(pixels.var().item(), rel=1e-4)
    assert model.norm.num_batches_tracked == 1


def test_batches_count_alike_and_nothing_of_before(images: torch.Tensor) -> None:
    model = _OneLayer()
    model.norm.running_mean.fill_(1e6)
    recalibrate(model, images, batch_size=100)
    pixels = as_input(images).flatten().double()
    assert model.norm.running_mean.item() == pytest.approx(pixels.mean().item(), rel=1e-3)
    assert model.norm.num_batches_tracked == 6


def test_no_image_is_left_alone(images: torch.Tensor) -> None:
    model = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(784))  # refuses a batch of one image
    recalibrate(model, images[:3], batch_size=2)
    assert model[1].num_batches_tracked == 1
    recalibrate(model, images[:2], batch_size=500)
    assert model[1].num_batches_tracked == 1


def test_the_rest_stays(images: torch.Tensor) -> None:
    torch.manual_seed(0)
    model = SmallCNN().train()
    model.norm1.eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    recalibrate(model, images)
    after = model.state_dict()
    changed = {name for name in after if not torch.equal(before[name], after[name])}
    assert changed and all(
        name.rsplit(".", 1)[1].startswith(("running_", "num_batches")) for name in changed
    )
    assert model.training and not model.norm1.training and model.norm2.training
    assert all(p.grad is None for p in model.parameters()) and model.norm1.momentum == 0.1
    found = model.eval()(as_input(images[:5]))
    recalibrate(model, images)
    assert torch.equal(found, model(as_input(images[:5])))  # the same draw every time
    assert not model.training


def test_a_model_without_the_layer_is_left_alone(images: torch.Tensor) -> None:
    model = MLP()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    recalibrate(model, images)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_an_interruption_leaves_what_was_there(images: torch.Tensor) -> None:
    model, seen = _OneLayer(), []

    def stop(*_: object) -> None:
        seen.append(1)
        if len(seen) == 3:
            raise KeyboardInterrupt

    model.norm.register_forward_hook(stop)
    with pytest.raises(KeyboardInterrupt):
        recalibrate(model, images, batch_size=100)
    assert model.norm.running_mean.item() == 0 and model.norm.running_var.item() == 1
    assert model.training and model.norm.momentum == 0.1


@pytest.mark.parametrize("bad", ["shape", "dtype", "one", "batch"])
def test_refuses_what_has_no_spread(bad: str, images: torch.Tensor) -> None:
    given = {"shape": images[0], "dtype": images / 255, "one": images[:1], "batch": images}[bad]
    with pytest.raises(ValueError, match="two or more uint8 images"):
        recalibrate(_OneLayer(), given, batch_size=1 if bad == "batch" else 100)
