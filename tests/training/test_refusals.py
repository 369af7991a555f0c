"""What the training room refuses, and in which words."""

import math

import pytest
import torch

from course_utils.data import LabelledImages
from course_utils.models import MLP
from course_utils.training import Recipe, TrainingError, predict
from tests.training.small import RECIPE, examples, network, same, train_here


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_loss_that_is_no_number_stops_the_run(bad: float) -> None:
    class Breaks(MLP):
        steps = 0

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            self.steps += self.training
            return super().forward(images) * (bad if self.steps > 9 else 1.0)

    torch.manual_seed(1)
    model = Breaks((20,))
    with pytest.raises(TrainingError, match="in epoch 2: .*smaller max_lr .it is 0.003.*log.0"):
        train_here(model, examples(), None, RECIPE)
    assert all(torch.isfinite(p).all() for p in model.parameters())
    assert not same(model, network())  # the first epoch is kept


def test_a_hopeless_run_stops_before_the_epochs_end() -> None:
    seen = []

    def spoil(batch: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        seen.append(len(batch))
        return batch * math.nan

    with pytest.raises(TrainingError, match="the loss became nan in epoch 1"):
        train_here(network(), examples(), None, Recipe(batch_size=1), augment=spoil)
    assert len(seen) < 100  # of 200 steps


def test_a_learning_rate_far_too_large_is_noticed() -> None:
    with pytest.raises(TrainingError, match="the loss became .* Try a smaller max_lr"):
        train_here(network(), examples(), None, Recipe(3, 32, 1e30, optimiser="sgd"))


def with_labels(labels: torch.Tensor) -> LabelledImages:
    return LabelledImages(examples(len(labels)).images, labels, torch.arange(len(labels)))


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, 10], "training labels run from 0 to 10, but the model has 10 scores.*0 … 9"),
        ([-1, 3], "training labels run from -1 to 3.*count labels from 0"),
    ],
)
def test_labels_out_of_range_are_refused(labels: list[int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        train_here(network(), with_labels(torch.tensor(labels)))


def test_validation_labels_are_looked_at_too() -> None:
    with pytest.raises(ValueError, match="validation labels run from 2 to 26"):
        train_here(network(), examples(), with_labels(torch.tensor([2, 26])))
    letters = examples(60, n_classes=26)
    train_here(network(n_classes=26), letters, letters, RECIPE)


def test_empty_sets_are_refused() -> None:
    none = examples().select([])
    with pytest.raises(ValueError, match="training part is empty: expected at least one image"):
        train_here(network(), none)
    with pytest.raises(ValueError, match="validation part is empty"):
        train_here(network(), examples(), none)


def test_bare_tensors_are_refused() -> None:
    with pytest.raises(TypeError, match="training part must be LabelledImages.*got Tensor"):
        train_here(network(), examples().images)


def test_a_model_without_one_row_per_image_is_refused() -> None:
    class Flat(MLP):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return super().forward(images).flatten()

    with pytest.raises(ValueError, match=r"one row of scores per image, \(2, classes\), but"):
        train_here(Flat((5,)), examples())


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (examples().images.float() / 255, "uint8 .* got torch.float32"),
        (examples().images.flatten(1), r"shape \(n, 28, 28\).*got torch.uint8 of shape \(1, 784\)"),
        (examples().images[:0], "there are no images"),
    ],
    ids=["dtype", "shape", "none"],
)
def test_predict_refuses_other_images(images: torch.Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        predict(network(), images)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"epochs": 0}, "epochs must be 1 or more"),
        ({"batch_size": 0}, "batch_size must be 1 or more"),
        ({"max_lr": 0.0}, "max_lr must be a number above 0"),
        ({"max_lr": math.nan}, "max_lr must be a number above 0"),
        ({"max_lr": math.inf}, "max_lr must be a number above 0"),
        ({"warm_up": 1.0}, "warm_up must lie between 0 and 1"),
        ({"optimiser": "adam"}, "optimiser must be adamw or sgd"),
        ({"weight_decay": -1.0}, "weight_decay must be 0 or more"),
        ({"label_smoothing": 1.0}, "label_smoothing must be 0 or more and below 1"),
        ({"precision": "float16"}, "precision must be auto, float32 or bfloat16"),
        ({"seed": -1}, "seed must be between"),
    ],
)
def test_recipe_refuses(arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Recipe(**arguments)


@pytest.mark.parametrize(
    ("device", "error", "message"),
    [
        ("gpu", ValueError, "device must be cpu, cuda, cuda:N or mps, got 'gpu'"),
        ("xla", ValueError, "device must be cpu, cuda, cuda:N or mps, got 'xla'"),
        ("cuda:99", RuntimeError, "device is 'cuda:99', but torch sees"),
    ],
)
def test_devices_that_are_not_here_are_refused(device: str, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        train_here(network(), examples(), None, RECIPE, device=device)


@pytest.mark.parametrize("change", [lambda batch, _: None, lambda batch, _: batch[:1]])
def test_an_augmentation_that_returns_no_batch_is_refused(change) -> None:
    with pytest.raises(TypeError, match=r"must return the changed batch.*\(32, 1, 28, 28\), got"):
        train_here(network(), examples(), None, RECIPE, augment=change)


def test_a_network_of_no_numbers_reads_nothing() -> None:
    model = network()
    with torch.no_grad():
        model.layers[0].weight[0, 0] = math.nan
    with pytest.raises(ValueError, match="scores must be numbers, got nan: its weights are damag"):
        predict(model, examples().images)
