"""What a trained model makes of images."""

import contextlib
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from course_utils.models import as_input

NINE_POSITIONS = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1)]


def logits(model: nn.Module, images: Tensor, batch_size: int = 2_000) -> Tensor:
    """The model's scores (n, classes) for uint8 images (n, 28, 28), as float32 on the CPU.

    The model is put in evaluation mode meanwhile. Computed where its weights are.
    Raises ValueError for images of another shape or dtype, for none, and for a model that does not
    give one row of scores per image, or scores that are no numbers.
    """
    as_input(images[:1])
    device = next((p.device for p in model.parameters()), torch.device("cpu"))
    parts = []
    with _evaluation_mode(model), torch.no_grad():
        for part in images.split(batch_size):
            scores = model(as_input(part.to(device)))
            if scores.ndim != 2 or len(scores) != len(part):
                raise ValueError(
                    f"the model must return one row of scores per image, ({len(part)}, classes), "
                    f"but returned shape {tuple(scores.shape)}"
                )
            parts.append(scores.float().cpu())
    scores = torch.cat(parts)
    if torch.isnan(scores).any():
        raise ValueError(
            "the model's scores must be numbers, got nan: its weights are damaged, or were trained "
            "with steps that were too long; load or train it anew"
        )
    return scores


def predict(model: nn.Module, images: Tensor, batch_size: int = 2_000) -> Tensor:
    """The class (n,) with the highest score for each uint8 image (n, 28, 28).

    Raises ValueError as ``logits`` does.
    """
    return logits(model, images, batch_size).argmax(1)


def predict_in_nine_positions(model: nn.Module, images: Tensor) -> Tensor:
    """The class (n,) with the highest mean probability over nine readings of each image.

    It is read where it stands and moved by one pixel to each side and corner; background comes in.
    This is test-time augmentation. ``images``: uint8 (n, 28, 28). Raises ValueError as ``logits``.
    """
    as_input(images[:1])
    padded = nn.functional.pad(images, (1, 1, 1, 1))
    height, width = images.shape[1:]
    moved = (
        padded[:, 1 - down : 1 - down + height, 1 - right : 1 - right + width]
        for down, right in NINE_POSITIONS
    )
    return sum(logits(model, part).softmax(1) for part in moved).argmax(1)


@contextlib.contextmanager
def _evaluation_mode(model: nn.Module) -> Iterator[None]:
    """Evaluation mode, and afterwards every part back in the mode it was in."""
    modes = [(part, part.training) for part in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for part, training in modes:
            part.training = training
