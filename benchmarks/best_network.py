"""How good the course's best network is, over several seeds.

    python -m benchmarks best_network [--recipes quick middle long] [--seeds 3] [--styles]
        [--unaugmented] [--folds] [--json FILE]

Trains ``tools.models``'s recipes, seed by seed, on all 60,000 labelled images and lets every
finished network read the 10,000 test images twice: once as they are, and averaged over nine
positions, shifted by up to a pixel ("nine"). Nothing is chosen by these readings. MNIST is asked
about MNIST: digits in other styles are learned only with --styles, as the stored network has
learned them. With --unaugmented the images teach as they are, all else alike: so augmentation is
judged.

For choosing there is --folds, a grouped cross-validation. MNIST names no writers, but its order
tells groups of them apart: at the odd places of the training file stand digits of employees of
the Census Bureau, writer after writer (C. Yadav, L. Bottou, Cold case: the lost MNIST digits,
2019). So these 30,000 places are cut into six stretches, and the digits of each are read by a
network that learned from all others: hands that it has not seen, but for a few at the ends. With
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
from torch import Tensor

from benchmarks._runs import exam_errors, write_json
from course_utils.data import LabelledImages, load_mnist
from course_utils.training import predict, predict_in_nine_positions
from tools.models import AUGMENT, RECIPES, train

FOLDS = 6
N_TEST = 10_000
N_LABELLED = 60_000


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
    errors: int
    errors_nine: int | None  # not measured in some stored rows
    threads: int
    torch: str


def fold_of(examples: LabelledImages) -> Tensor:
    """The fold 0 … 5 of each image (n,): stretches of the odd places; -1 at the even ones.

    Images at even places, mostly by students, are in no order of writers and never held back.
    """
    stretch = examples.ids // 2 * FOLDS // (N_LABELLED // 2)
    return torch.where(examples.ids % 2 == 1, stretch, -1)


def measure(
    recipe: str,
    seed: int,
    fold: int | None = None,
    *,
    styles: bool = False,
    augmented: bool = True,
) -> Measurement:
    """Train once and let the network read in both ways. Raises KeyError for a recipe.

    Without a ``fold`` it learns from all images and reads the test images; with one it reads that
    fold's images and learns from the others. With ``styles`` it learns other styles;
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
    return Measurement(
        recipe=recipe,
        seed=seed,
        fold=fold,
        styles=styles,
        augmented=augmented,
        epochs=outcome.recipe.epochs,
        seconds=round(seconds, 1),
        n_read=n_read,
        errors=count(partial(predict, outcome.model)),
        errors_nine=count(partial(predict_in_nine_positions, outcome.model)),
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
        for name in ("errors", "errors_nine"):
            read = [row for row in mine if getattr(row, name) is not None]
            if not read:
                continue
            found, n_read = [getattr(row, name) for row in read], sum(row.n_read for row in read)
            shares = [count / row.n_read for count, row in zip(found, read, strict=True)]
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
