"""How good the course's best network is, over several seeds.

    python -m benchmarks best_network [--recipes quick middle long] [--seeds 3] [--folds]
        [--json FILE]

Trains ``tools.models``'s recipes, seed by seed, on all 60,000 labelled images and lets every
finished network read the 10,000 test images in three ways: once as they are, averaged over nine
positions, shifted by up to a pixel ("shifts"), and with a second look at those it is unsure of
("second look"). Nothing is chosen by these readings. For choosing there is --folds: every sixth of
the 60,000 images is read by a network that learned from the other five (cross-validation), so that
60,000 readings judge instead of 10,000. With --json the figures are written after each training,
and what the file has already is not trained again.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from benchmarks._runs import exam_errors, write_json
from course_utils.data import LabelledImages, load_mnist
from course_utils.second_look import probabilities
from course_utils.training import logits, predict
from tools.models import RECIPES, train

FOLDS = 6
SHIFTS = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1)]


@dataclass(frozen=True)
class Measurement:
    """One training: what was asked, seconds, and wrong readings of 10,000 images each way."""

    recipe: str
    seed: int
    fold: int | None
    epochs: int
    seconds: float
    errors: int
    errors_shifts: int
    errors_second_look: int
    threads: int
    torch: str


def shifted(images: Tensor, down: int, right: int) -> Tensor:
    """Images (n, 28, 28) moved by whole pixels, 0 or 1 in absolute value; paper comes in."""
    if max(abs(down), abs(right)) > 1:
        raise ValueError(f"shifts of at most one pixel, got {down} down and {right} right")
    padded = nn.functional.pad(images, (1, 1, 1, 1))
    return padded[:, 1 - down : 29 - down, 1 - right : 29 - right]


def predict_shifts(model: nn.Module, images: Tensor) -> Tensor:
    """Digits (n,) with the highest probability, averaged over ``SHIFTS``; images uint8."""
    total = sum(logits(model, shifted(images, *shift)).softmax(1) for shift in SHIFTS)
    return total.argmax(1)


def predict_second_look(model: nn.Module, images: Tensor) -> Tensor:
    """Digits (n,), those in doubt read again as ``course_utils.second_look`` does."""
    return probabilities(model, images).argmax(1)


def measure(recipe: str, seed: int, fold: int | None = None) -> Measurement:
    """Train once and let the network read in all ways. Raises KeyError for a recipe.

    Without a ``fold`` it learns from all images and reads the test images; with one it reads the
    images of that fold and learns from the others.
    """
    examples = load_mnist().together()
    count = partial(exam_errors, "best network")
    if fold is not None:
        held_back = examples.ids % FOLDS == fold
        count = partial(errors_of, examples.select(torch.nonzero(held_back).flatten()))
        examples = examples.select(torch.nonzero(~held_back).flatten())
    outcome = train(recipe, seed, examples)
    ways = {
        "errors": predict,
        "errors_shifts": predict_shifts,
        "errors_second_look": predict_second_look,
    }
    return Measurement(
        recipe=recipe,
        seed=seed,
        fold=fold,
        epochs=outcome.recipe.epochs,
        seconds=round(sum(outcome.history.seconds), 1),
        **{name: count(partial(way, outcome.model)) for name, way in ways.items()},
        threads=torch.get_num_threads(),
        torch=str(torch.__version__),
    )


def errors_of(examples: LabelledImages, read: Callable[[Tensor], Tensor]) -> int:
    """Wrong readings of labelled images."""
    return int((read(examples.images) != examples.labels).sum())


def table(rows: list[Measurement]) -> str:
    """For each recipe what every network misread, and its mean and spread."""
    lines = []
    for recipe, folds in dict.fromkeys((row.recipe, row.fold is not None) for row in rows):
        mine = [row for row in rows if (row.recipe, row.fold is not None) == (recipe, folds)]
        seconds = statistics.mean(row.seconds for row in mine)
        lines.append(
            f"{recipe}: {mine[0].epochs} epochs, {len(mine)} trainings, {seconds:.0f} s each; "
            f"{'folds' if folds else 'test images'}"
        )
        for name in ("errors", "errors_shifts", "errors_second_look"):
            found = [getattr(row, name) for row in mine]
            deviation = statistics.stdev(found) if len(found) > 1 else 0.0
            lines.append(
                f"  {name.replace('_', ' '):<18} {1 - statistics.mean(found) / 1e4:.3%} right "
                f"± {deviation / 1e4:.3%}; errors of 10,000: {', '.join(map(str, found))}"
                + (f"; of all: {sum(found)}" if folds else "")
            )
    return "\n".join(lines)


def main(argv: list[str] | None = None) -> int:
    """Train what is not in the file yet and print the table; 2 for bad usage."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks best_network", description="The best network, seed by seed."
    )
    parser.add_argument("--recipes", nargs="+", choices=RECIPES, default=list(RECIPES))
    parser.add_argument("--seeds", type=int, default=3, metavar="N")
    parser.add_argument("--folds", action="store_true", help="judge by cross-validation")
    parser.add_argument("--json", type=Path, metavar="FILE", help="read and write the figures")
    options = parser.parse_args(argv)
    if options.seeds < 1:
        parser.error(f"--seeds must be 1 or more, got {options.seeds}")
    rows = []
    if options.json and options.json.exists():
        rows = [Measurement(**row) for row in json.loads(options.json.read_text("utf-8"))]
    done = {(row.recipe, row.seed, row.fold) for row in rows}
    folds = range(FOLDS) if options.folds else [None]
    for asked in itertools.product(options.recipes, range(options.seeds), folds):
        if asked not in done:
            rows.append(measure(*asked))
            if options.json:
                write_json(options.json, rows)
    print(table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
