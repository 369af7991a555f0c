"""A training under way: everything that changes from step to step."""

import hashlib
import math
from pathlib import Path

import torch
from torch import Tensor, nn

from course_utils.data import LabelledImages
from course_utils.training.devices import bfloat16_pays
from course_utils.training.prediction import logits
from course_utils.training.recipe import Augment, Fit, History, Recipe, TrainingError


class Run:
    """The model, its optimiser, the order of the images, and the best weights so far."""

    def __init__(
        self,
        model: nn.Module,
        train: LabelledImages,
        validation: LabelledImages | None,
        recipe: Recipe,
        augment: Augment | None,
        device: torch.device,
    ) -> None:
        self.model, self.recipe, self.augment, self.device = model, recipe, augment, device
        self.images, self.labels = train.images.to(device), train.labels.to(device)
        self.validation = validation
        self.optimiser = new_optimiser(model, recipe)
        # On the CPU, whatever the device: so the order of the images is the same everywhere.
        self.generator = torch.Generator().manual_seed(recipe.seed)
        self.bfloat16 = recipe.precision == "bfloat16" or (
            recipe.precision == "auto" and bfloat16_pays(device)
        )
        self.history = History()
        self.best_epoch, self.fewest_errors = 0, math.inf
        self.best_weights = copy_of(model.state_dict())
        self.steps_per_epoch = len(self.cut(torch.arange(len(train))))
        self.data = _fingerprint(train, validation)

    def new_batches(self) -> list[Tensor]:
        """Positions of all training images in a new random order, cut into batches."""
        return self.cut(torch.randperm(len(self.images), generator=self.generator))

    def cut(self, order: Tensor) -> list[Tensor]:
        """Positions cut into batches; a single one left over goes with the batch before it."""
        batches = list(order.split(self.recipe.batch_size))
        if len(batches) > 1 and len(batches[-1]) == 1 < self.recipe.batch_size:
            # BatchNorm cannot learn the spread of one value.
            batches[-2:] = [torch.cat(batches[-2:])]
        return batches

    def changed(self, batch: Tensor) -> Tensor:
        """The batch (n, 1, 28, 28) after augmentation. Raises TypeError, ValueError for another."""
        if self.augment is None:
            return batch
        new = self.augment(batch, self.generator)
        if not isinstance(new, Tensor) or new.shape != batch.shape:
            got = tuple(new.shape) if isinstance(new, Tensor) else type(new).__name__
            raise TypeError(
                f"augment must return the changed batch, a tensor of shape {tuple(batch.shape)}, "
                f"got {got}: does it end with return?"
            )
        return new

    def mean_loss(self, total: Tensor) -> float:
        """The mean loss per image, from the sum of this epoch so far.

        Raises TrainingError when it is infinite or no number; once it is so it stays so.
        """
        value = total.item()
        if not math.isfinite(value):
            raise TrainingError(
                f"expected a loss that stays a number, got {value} in epoch "
                f"{len(self.history) + 1}: the steps are too long or the model divides by zero. "
                f"Try a smaller max_lr (it is {self.recipe.max_lr:g}); if that does not help, look "
                "for log(0) or x / 0 in the model. The model has the weights of its last good epoch"
            )
        return value / len(self.images)

    def note(self, train_loss: float, seconds: float) -> None:
        """Measure on the validation part; keep the figures, and the weights if they are best."""
        history, errors = self.history, -math.inf
        if self.validation is not None:
            scores = logits(self.model, self.validation.images)
            smoothing = self.recipe.label_smoothing
            loss = nn.functional.cross_entropy(
                scores, self.validation.labels, label_smoothing=smoothing
            )
            errors = int((scores.argmax(1) != self.validation.labels).sum())
            history.validation_loss.append(loss.item())
            history.validation_errors.append(errors)
        history.train_loss.append(train_loss)
        history.seconds.append(seconds)
        if errors < self.fewest_errors or self.validation is None:
            self.best_epoch, self.fewest_errors = len(history), errors
            self.best_weights = copy_of(self.model.state_dict())

    def outcome(self, interrupted: bool = False) -> Fit:
        """What has come of it so far."""
        return Fit(self.model, self.recipe, self.history, self.best_epoch, interrupted)

    def state(self) -> dict:
        """All that is needed to go on, as tensors and plain values."""
        state = {
            "n_images": len(self.images),
            "data": self.data,
            "augment": describe(self.augment),
            "weights": self.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "generator": self.generator.get_state(),
            "random": torch.get_rng_state(),
            "fewest_errors": self.fewest_errors,
        }
        if self.device.type == "cuda":
            state["random_cuda"] = torch.cuda.get_rng_state(self.device)
        return state

    def go_back_to(self, saved: dict, path: Path) -> None:
        """Go on from where a saved run stood. Raises ValueError when it was another run."""
        state = saved["training"]
        self._check_same(saved, path)
        self.model.load_state_dict(state["weights"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.generator.set_state(state["generator"])
        torch.set_rng_state(state["random"])
        if self.device.type == "cuda" and "random_cuda" in state:
            torch.cuda.set_rng_state(state["random_cuda"], self.device)
        self.history = History(**saved["history"])
        self.best_epoch, self.best_weights = saved["best_epoch"], copy_of(saved["weights"])
        self.fewest_errors = state["fewest_errors"]

    def _check_same(self, saved: dict, path: Path) -> None:
        state, ours, theirs = saved["training"], vars(self.recipe), saved["recipe"]
        other = [k for k in ours | theirs if ours.get(k) != theirs.get(k)]
        if other:
            differences = ", ".join(f"{k} was {theirs.get(k)}, is {ours.get(k)}" for k in other)
            raise ValueError(
                f"{path} was made with another recipe ({differences}). Resume with the same "
                "recipe, or start anew: resume=False, or another checkpoint file"
            )
        if state["n_images"] != len(self.images) or state["data"] != self.data:
            raise ValueError(
                f"{path} was trained on {state['n_images']:,} images, now there are "
                f"{len(self.images):,}; the images, labels and validation part must be the same: "
                "resume with the same data, or start anew"
            )
        if state["augment"] != describe(self.augment):
            raise ValueError(
                f"{path} was made with augment={state['augment']}, now it is "
                f"{describe(self.augment)}; resume with the same one, or start anew"
            )


def new_optimiser(model: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """The recipe's optimiser for the model's weights; ``fit`` sets its rate at every step."""
    shared = {"lr": recipe.max_lr, "weight_decay": recipe.weight_decay}
    if recipe.optimiser == "adamw":
        return torch.optim.AdamW(model.parameters(), **shared)
    return torch.optim.SGD(model.parameters(), momentum=0.9, nesterov=True, **shared)


def describe(augment: Augment | None) -> str:
    """A name for the augmentation that another process can compare."""
    name = getattr(augment, "__qualname__", None)
    return repr(augment) if name is None else f"{augment.__module__}.{name}"


def copy_of(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Weights that do not change with the model's."""
    return {name: tensor.detach().clone() for name, tensor in weights.items()}


def _fingerprint(*parts: LabelledImages | None) -> str:
    """A checksum of the images and labels."""
    digest = hashlib.sha256()
    for part in parts:
        for values in (part.images, part.labels) if part is not None else ():
            digest.update(values.cpu().contiguous().numpy())
        digest.update(b"|")
    return digest.hexdigest()
