"""The training loop."""

import math
import sys
import time
import warnings
from pathlib import Path

import torch
from torch import nn
from tqdm import tqdm

from course_utils.data import LabelledImages
from course_utils.models import as_input
from course_utils.training.checkpoints import (
    CheckpointError,
    check_can_be_written,
    load_run,
    save_run,
)
from course_utils.training.devices import choose_device, device_named, own_randomness
from course_utils.training.prediction import logits
from course_utils.training.recipe import Augment, Fit, History, Recipe
from course_utils.training.run import Run

_CHECK_EVERY = 64  # steps between two looks at the loss: each look makes a GPU wait


def fit(
    model: nn.Module,
    train: LabelledImages,
    validation: LabelledImages | None = None,
    recipe: Recipe | None = None,
    *,
    augment: Augment | None = None,
    checkpoint: Path | str | None = None,
    resume: bool = False,
    device: torch.device | str | None = None,
    progress: bool = True,
) -> Fit:
    """Train a model in place, and leave it with the weights of its best epoch.

    Best is the epoch with the fewest validation errors (the first of equals), or the last epoch
    when there is no validation part. The same recipe, data and first weights give the same
    result on the same machine. ``augment`` changes a batch (n, 1, 28, 28), 0 … 1, with the given
    generator. After each epoch all that is needed to go on is saved in ``checkpoint``; with
    ``resume`` a file that exists is gone on from, and the result is that of an unbroken run.
    Interrupting the kernel ends the training cleanly: the result says ``interrupted``. Where a
    checkpoint cannot be written, a warning says so, and the training goes on.
    Raises ValueError for an empty set, for labels the model has no score for, and for a recipe,
    data or an augmentation other than the checkpoint's; CheckpointError for a file that cannot be
    read, or a place that cannot be written to; TrainingError when the loss is no longer a number.
    """
    recipe = recipe or Recipe()
    _check_set(model, train, "training")
    if validation is not None:
        _check_set(model, validation, "validation")
    if resume and checkpoint is None:
        raise ValueError("resume needs to know the file: pass checkpoint=…")
    path = None if checkpoint is None else check_can_be_written(Path(checkpoint))
    device = choose_device() if device is None else device_named(str(device))
    run = Run(model.to(device), train, validation, recipe, augment, device)
    with own_randomness(recipe.seed, device):
        if resume and path.exists():
            load_run(path, run)
        return _go_on(run, path, progress)


def _go_on(run: Run, path: Path | None, progress: bool) -> Fit:
    """Train from where the run stands to its last epoch, or until interrupted."""
    todo = run.recipe.epochs - len(run.history)
    bar = tqdm(
        total=todo * run.steps_per_epoch, unit="batch", disable=not progress, file=sys.stdout
    )
    interrupted = False
    try:
        for _ in range(todo):
            _one_epoch(run, bar)
            bar.set_description_str(_in_words(run.history))
            if path is not None:
                _save(path, run)
    except KeyboardInterrupt:
        interrupted = True
        bar.set_description_str(f"interrupted, keeping epoch {run.best_epoch}")
    finally:
        bar.close()
        run.model.load_state_dict(run.best_weights)
    return run.outcome(interrupted)


def _one_epoch(run: Run, bar: tqdm) -> None:
    """Show the model every training image once, then measure."""
    begin, recipe = time.perf_counter(), run.recipe
    first, steps = len(run.history) * run.steps_per_epoch, recipe.epochs * run.steps_per_epoch
    total = torch.zeros((), device=run.device)
    run.model.train()
    for step, index in enumerate(run.new_batches()):
        set_rate(run.optimiser, *one_cycle(first + step, steps, recipe.max_lr, recipe.warm_up))
        index = index.to(run.device)
        batch = run.changed(as_input(run.images[index]))
        with torch.autocast(run.device.type, torch.bfloat16, enabled=run.bfloat16):
            scores = run.model(batch)
        loss = nn.functional.cross_entropy(
            scores.float(), run.labels[index], label_smoothing=recipe.label_smoothing
        )
        run.optimiser.zero_grad()
        loss.backward()
        run.optimiser.step()
        total += loss.detach() * len(index)
        if step % _CHECK_EVERY == 0:
            run.mean_loss(total)
        bar.update()
    run.note(run.mean_loss(total), time.perf_counter() - begin)


def one_cycle(step: int, steps: int, max_lr: float, warm_up: float = 0.25) -> tuple[float, float]:
    """Learning rate and momentum at ``step`` (0 … steps - 1): "one cycle", in two half cosines.

    The rate rises from a 25th of ``max_lr`` to it, for a share ``warm_up`` of the steps, and falls
    to almost 0; the momentum falls from 0.95 to 0.85 meanwhile and rises again. The same numbers as
    ``torch.optim.lr_scheduler.OneCycleLR``.
    Source: L. N. Smith, N. Topin, Super-convergence (2018).
    """

    def between(start: float, end: float, share: float) -> float:
        return end + (start - end) / 2 * (math.cos(math.pi * share) + 1)

    # The top is never reached after exactly one step: that would divide by zero.
    top = max(warm_up, min(1.5 / steps, 0.9)) * steps - 1
    if step <= top:
        share = step / top
        return between(max_lr / 25, max_lr, share), between(0.95, 0.85, share)
    share = (step - top) / (steps - 1 - top)
    return between(max_lr, max_lr / 25 / 1e4, share), between(0.85, 0.95, share)


def set_rate(optimiser: torch.optim.Optimizer, rate: float, momentum: float) -> None:
    """Set an optimiser's learning rate and its momentum (of AdamW, the first beta)."""
    for group in optimiser.param_groups:
        group["lr"] = rate
        if "betas" in group:
            group["betas"] = (momentum, group["betas"][1])
        else:
            group["momentum"] = momentum


def _save(path: Path, run: Run) -> None:
    try:
        save_run(path, run)
    except CheckpointError as error:  # the training is worth more than its checkpoint
        warnings.warn(f"{error}; the training goes on without", stacklevel=4)


def _check_set(model: nn.Module, examples: LabelledImages, part: str) -> None:
    """Refuse what would fail later, or silently teach nonsense."""
    if not isinstance(examples, LabelledImages):
        raise TypeError(
            f"the {part} part must be LabelledImages, as in load_mnist().train, "
            f"got {type(examples).__name__}"
        )
    if len(examples) == 0:
        raise ValueError(f"the {part} part is empty: expected at least one image")
    n_classes = logits(model, examples.images[:2]).shape[1]
    low, high = int(examples.labels.min()), int(examples.labels.max())
    if low < 0 or high >= n_classes:
        raise ValueError(
            f"the {part} labels run from {low} to {high}, but the model has {n_classes} scores, "
            f"for the labels 0 … {n_classes - 1}: give it more classes, or count labels from 0"
        )


def _in_words(history: History) -> str:
    text = f"epoch {len(history)}: loss {history.train_loss[-1]:.3f}"
    if history.validation_errors:
        text += f", {history.validation_errors[-1]} validation errors"
    return text
