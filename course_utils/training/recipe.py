"""How to train, what was measured, and what came of it."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

Augment = Callable[[Tensor, torch.Generator], Tensor]


class TrainingError(RuntimeError):
    """The training cannot go on."""


@dataclass(frozen=True)
class Recipe:
    """How to train. The learning rate rises to ``max_lr`` and falls to almost 0: "one cycle".

    ``warm_up``: share of the steps in which it rises. ``optimiser``: "adamw", or "sgd" with
    Nesterov momentum 0.9. ``precision``: "float32", "bfloat16" for the layers that allow it, or
    "auto": bfloat16 where the device has instructions for it. ``seed`` fixes the order of the
    images, dropout and augmentation; the model's first weights are drawn before, by its maker.
    Raises ValueError for a value out of its range.
    Source: L. N. Smith, N. Topin, Super-convergence (2018).
    """

    epochs: int = 8
    batch_size: int = 256
    max_lr: float = 3e-3
    warm_up: float = 0.25
    optimiser: str = "adamw"
    weight_decay: float = 0.0
    label_smoothing: float = 0.1
    precision: str = "auto"
    seed: int = 0

    def __post_init__(self) -> None:
        conditions = {
            "epochs must be 1 or more": self.epochs >= 1,
            "batch_size must be 1 or more": self.batch_size >= 1,
            "max_lr must be a number above 0": 0 < self.max_lr < math.inf,
            "warm_up must lie between 0 and 1": 0 < self.warm_up < 1,
            "optimiser must be adamw or sgd": self.optimiser in ("adamw", "sgd"),
            "weight_decay must be 0 or more": 0 <= self.weight_decay < math.inf,
            "label_smoothing must be 0 or more and below 1": 0 <= self.label_smoothing < 1,
            "precision must be auto, float32 or bfloat16": self.precision
            in ("auto", "float32", "bfloat16"),
            "seed must be between 0 and 2**32 - 1": 0 <= self.seed < 2**32,
            "epochs, batch_size and seed must be whole numbers": all(
                isinstance(value, int) for value in (self.epochs, self.batch_size, self.seed)
            ),
        }
        broken = [text for text, holds in conditions.items() if not holds]
        if broken:
            raise ValueError(f"{'; '.join(broken)}; got {self}")


@dataclass
class History:
    """What was measured after each epoch. Losses are means per image, as the recipe smooths them.

    ``train_loss`` is the mean over the epoch, while the weights were changing.
    """

    train_loss: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    validation_errors: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.train_loss)


@dataclass
class Fit:
    """The outcome of ``fit``: the model holds the weights of ``best_epoch`` (counted from 1).

    ``best_epoch`` is 0, and the model as it was, when not one epoch was finished.
    """

    model: nn.Module
    recipe: Recipe
    history: History
    best_epoch: int = 0
    interrupted: bool = False
