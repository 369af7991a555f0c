"""Predictions: batches, modes, nine positions."""

import pytest
import torch
from torch import nn

from course_utils.data import load_mnist
from course_utils.models import as_input
from course_utils.training import logits, predict, predict_in_nine_positions
from tests.training.small import examples, network


def test_predictions_are_the_largest_logits_whatever_the_batch() -> None:
    model, images = network(), examples(70).images
    scores = logits(model, images, batch_size=16)
    torch.testing.assert_close(scores, model(as_input(images)).detach())
    assert not scores.requires_grad
    assert torch.equal(predict(model, images, batch_size=1), scores.argmax(1))


def test_predicting_switches_dropout_off_and_leaves_each_mode_as_it_was() -> None:
    model, images = network(dropout=0.5), examples(70).images
    model.train()
    model.dropout.eval()
    assert torch.equal(logits(model, images), logits(model, images))
    assert model.training and not model.dropout.training
    model.dropout.train()
    logits(model, images)
    assert model.dropout.training


def test_nine_positions_are_nine_readings_each_counted_alike() -> None:
    model, images = network(), load_mnist().validation.images[:50]
    total = torch.zeros(50, 10)
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            moved = images.roll((down, right), (1, 2))  # MNIST's border is empty
            total += logits(model, moved).softmax(1)
    assert torch.equal(predict_in_nine_positions(model, images), total.argmax(1))


def test_what_leaves_the_image_does_not_come_back() -> None:
    class Corner(nn.Module):
        """Says 1 for ink in the right lower corner, else 0."""

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            corner = x[:, 0, -1, -1]
            return torch.stack([torch.full_like(corner, 0.4), 9 * corner], 1)

    image = torch.zeros(1, 28, 28, dtype=torch.uint8)
    image[0, 0, 0] = 255
    assert predict_in_nine_positions(Corner(), image).tolist() == [0]
    with pytest.raises(ValueError, match="there are no images"):
        predict_in_nine_positions(Corner(), image[:0])
