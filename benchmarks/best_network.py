"""How good the course's best network is, over several seeds.

    python -m benchmarks best_network [--recipes quick long] [--seeds 3] [--json FILE]

Trains ``tools.models``'s recipes, seed by seed, and lets every finished network read the 10,000
test images twice: once as they are, and once averaged over nine positions, shifted by up to a
pixel ("shifts"). Nothing is chosen by these readings. With --json the figures are written after
each training, and seeds that the file has already are not trained again. The seconds are those of
the training and of its looks at the validation images, after each epoch.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from benchmarks._runs import write_json
from course_utils.data import load_mnist
from course_utils.evaluation import final_exam
from course_utils.training import logits, predict
from tools.models import RECIPES, train, unlogged_exam

SHIFTS = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1)]


@dataclass(frozen=True)
class Measurement:
    """One training: its recipe and seed, seconds, and wrong readings of 10,000 images each."""

    recipe: str
    seed: int
    epochs: int
    seconds: float
    validation_errors: int
    test_errors: int
    test_errors_shifts: int
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


def measure(recipe: str, seed: int) -> Measurement:
    """Train once and let the network sit the exam both ways. Raises KeyError for a recipe."""
    outcome = train(recipe, seed)
    model = outcome.model
    with unlogged_exam():
        plain = final_exam("benchmarks", recipe, lambda images: predict(model, images))
        shifts = final_exam("benchmarks", "shifts", lambda images: predict_shifts(model, images))
    validation = load_mnist().validation
    return Measurement(
        recipe=recipe,
        seed=seed,
        epochs=outcome.recipe.epochs,
        seconds=round(sum(outcome.history.seconds), 1),
        validation_errors=int((predict(model, validation.images) != validation.labels).sum()),
        test_errors=plain.accuracy.errors,
        test_errors_shifts=shifts.accuracy.errors,
        threads=torch.get_num_threads(),
        torch=str(torch.__version__),
    )


def table(rows: list[Measurement]) -> str:
    """Every training, and for each recipe means and spread."""
    lines = []
    for recipe in dict.fromkeys(row.recipe for row in rows):
        mine = [row for row in rows if row.recipe == recipe]
        seconds = statistics.mean(row.seconds for row in mine)
        lines.append(f"{recipe}: {mine[0].epochs} epochs, {len(mine)} seeds, {seconds:.0f} s each")
        for name in ("validation_errors", "test_errors", "test_errors_shifts"):
            found = [getattr(row, name) for row in mine]
            deviation = statistics.stdev(found) if len(found) > 1 else 0.0
            lines.append(
                f"  {name.replace('_', ' '):<20} {1 - statistics.mean(found) / 1e4:.3%} right "
                f"± {deviation / 1e4:.3%}; errors of 10,000: {', '.join(map(str, found))}"
            )
    return "\n".join(lines)


def main(argv: list[str] | None = None) -> int:
    """Train what is not in the file yet and print the table; 2 for bad usage."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks best_network", description="The best network, seed by seed."
    )
    parser.add_argument("--recipes", nargs="+", choices=RECIPES, default=list(RECIPES))
    parser.add_argument("--seeds", type=int, default=3, metavar="N")
    parser.add_argument("--json", type=Path, metavar="FILE", help="read and write the figures")
    options = parser.parse_args(argv)
    if options.seeds < 1:
        parser.error(f"--seeds must be 1 or more, got {options.seeds}")
    rows = []
    if options.json and options.json.exists():
        rows = [Measurement(**row) for row in json.loads(options.json.read_text("utf-8"))]
    done = {(row.recipe, row.seed) for row in rows}
    for seed in range(options.seeds):
        for recipe in options.recipes:
            if (recipe, seed) in done:
                continue
            rows.append(measure(recipe, seed))
            if options.json:
                write_json(options.json, rows)
    print(table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
