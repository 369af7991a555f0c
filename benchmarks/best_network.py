"""How good the course's best network is, over several seeds.

    python -m benchmarks best_network [--recipes quick middle long] [--seeds 3] [--styles]
        [--unaugmented] [--folds] [--json FILE]

Trains ``tools.models``'s recipes, seed by seed, on all 60,000 labelled images and lets every
finished network read the 10,000 test images in three ways: once as they are, averaged over nine
positions, shifted by up to a pixel ("shifts"), and with a second look at those it is unsure of
("second look"). Before, it has read them as the training left it, with BatchNorm not yet measured
anew ("as trained"). Nothing is chosen by these readings. MNIST is asked about MNIST:
digits in other styles are learned only with --styles, as the stored network has learned them. With
--unaugmented the images teach as they are, all else alike: so augmentation is judged.

For choosing there is --folds: the writers are dealt out in six parts, and the digits of each part
are read by a network that learned from the others (cross-validation). So 60,000 readings judge
instead of 10,000, and each is of a hand that the network has never seen, as in the test. With
--json the figures are written after each training, and what the file has already is not trained
again.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from benchmarks._runs import exam_errors, write_json
from course_utils.data import LabelledImages, load_mnist, load_writers
from course_utils.second_look import probabilities
from course_utils.training import logits, predict
from tools.models import AUGMENT, RECIPES, finish, train

FOLDS = 6
N_TEST = 10_000
SHIFTS = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1)]


@dataclass(frozen=True)
class Measurement:
    """One training: what was asked, seconds, and wrong readings of ``n_read`` images each way."""

    recipe: str
    seed: int
    fold: int | None
    styles: bool
    augmented: bool
    epochs: int
    seconds: float
    n_read: int
    errors_as_trained: int
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


def fold_of(examples: LabelledImages) -> Tensor:
    """The fold 0 … 5 of each image (n,): the writers, by their numbers, are dealt out in turn.

    Employees have the lower numbers, students the higher: every fold has its share of both.
    """
    _, rank = load_writers().unique(return_inverse=True)
    return rank[examples.ids] % FOLDS


def measure(
    recipe: str,
    seed: int,
    fold: int | None = None,
    *,
    styles: bool = False,
    augmented: bool = True,
) -> Measurement:
    """Train once and let the network read in all ways. Raises KeyError for a recipe.

    Without a ``fold`` it learns from all images and reads the test images; with one it reads what
    that fold's writers wrote and learns from the others. With ``styles`` it learns other styles;
    unless ``augmented`` it learns from unchanged images.
    """
    examples = load_mnist().together()
    count, n_read = partial(exam_errors, "best network"), N_TEST
    if fold is not None:
        held_back = fold_of(examples) == fold
        count = partial(errors_of, examples.select(torch.nonzero(held_back).flatten()))
        n_read = int(held_back.sum())
        examples = examples.select(torch.nonzero(~held_back).flatten())
    begin = time.perf_counter()
    augment = AUGMENT if augmented else None
    outcome = train(recipe, seed, examples, plain=not styles, augment=augment)
    seconds = time.perf_counter() - begin
    as_trained = count(partial(predict, outcome.model))
    begin = time.perf_counter()
    finish(recipe, outcome.model, examples)
    seconds += time.perf_counter() - begin
    ways = {
        "errors": predict,
        "errors_shifts": predict_shifts,
        "errors_second_look": predict_second_look,
    }
    return Measurement(
        recipe=recipe,
        seed=seed,
        fold=fold,
        styles=styles,
        augmented=augmented,
        epochs=outcome.recipe.epochs,
        seconds=round(seconds, 1),
        n_read=n_read,
        errors_as_trained=as_trained,
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
    for kind in dict.fromkeys(map(_kind, rows)):
        mine = [row for row in rows if _kind(row) == kind]
        recipe, styles, augmented, folds = kind
        how = " with other styles" * styles + " without augmentation" * (not augmented)
        seconds = statistics.mean(row.seconds for row in mine)
        lines.append(
            f"{recipe}{how}: {mine[0].epochs} epochs, "
            f"{len(mine)} trainings, {seconds:.0f} s each; {'folds' if folds else 'test images'}"
        )
        for name in ("errors_as_trained", "errors", "errors_shifts", "errors_second_look"):
            found = [getattr(row, name) for row in mine]
            n_read = sum(row.n_read for row in mine)
            shares = [count / row.n_read for count, row in zip(found, mine, strict=True)]
            deviation = statistics.stdev(shares) if len(shares) > 1 else 0.0
            lines.append(
                f"  {name.replace('_', ' '):<18} {1 - sum(found) / n_read:.3%} right "
                f"± {deviation:.3%}; errors: {', '.join(map(str, found))}; "
                f"{sum(found)} of {n_read:,}"
            )
    return "\n".join(lines)


def _kind(row: Measurement) -> tuple[str, bool, bool, bool]:
    """What a line is about: recipe; other styles, augmentation and folds, each or not."""
    return row.recipe, row.styles, row.augmented, row.fold is not None


def main(argv: list[str] | None = None) -> int:
    """Train what is not in the file yet and print the table; 2 for bad usage."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks best_network", description="The best network, seed by seed."
    )
    parser.add_argument("--recipes", nargs="+", choices=RECIPES, default=list(RECIPES))
    parser.add_argument("--seeds", type=int, default=3, metavar="N")
    parser.add_argument("--styles", action="store_true", help="learn other styles as well")
    parser.add_argument("--unaugmented", action="store_true", help="learn from unchanged images")
    parser.add_argument("--folds", action="store_true", help="judge by cross-validation")
    parser.add_argument("--json", type=Path, metavar="FILE", help="read and write the figures")
    options = parser.parse_args(argv)
    if options.seeds < 1:
        parser.error(f"--seeds must be 1 or more, got {options.seeds}")
    rows = []
    if options.json and options.json.exists():
        rows = [Measurement(**row) for row in json.loads(options.json.read_text("utf-8"))]
    how = {"styles": options.styles, "augmented": not options.unaugmented}
    alike = [row for row in rows if [row.styles, row.augmented] == list(how.values())]
    done = {(row.recipe, row.seed, row.fold) for row in alike}
    folds = range(FOLDS) if options.folds else [None]
    for asked in itertools.product(options.recipes, range(options.seeds), folds):
        if asked not in done:
            rows.append(measure(*asked, **how))
            if options.json:
                write_json(options.json, rows)
    print(table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
