"""Train chapter 4's network with the seeds that the chapter leaves out for time's sake.

    python -m benchmarks small_cnn [--folder data/models]

The chapter trains seed 0 itself and reads these two from ``small_cnn_1.pt`` and ``small_cnn_2.pt``;
``small_cnn.md`` is their card. A file that is there already is not made anew.
"""

from __future__ import annotations

import argparse
import hashlib
from dataclasses import replace
from pathlib import Path

import torch

from course_utils.data import data_folder, load_mnist
from course_utils.models import SmallCNN
from course_utils.training import Recipe, fit, load_checkpoint, save_checkpoint, set_seed
from tools.notebooks import write_bytes

SEEDS = (1, 2)
RECIPE = Recipe(5, 128, max_lr=0.2, optimiser="sgd", weight_decay=5e-4, label_smoothing=0.1)
CARD = """# Model card: `small_cnn_1.pt`, `small_cnn_2.pt`

Made by `python -m benchmarks small_cnn`; read with
`course_utils.training.load_checkpoint(path, SmallCNN())`, as chapter 4 does.

| | |
|---|---|
| network | `course_utils.models.SmallCNN`, 29,434 parameters |
| input, output | uint8 images of 28 × 28, ink 255 on paper 0, prepared as MNIST's; ten scores |
| data | the 50,000 training images of `load_mnist`; the epoch kept is the best of five on the \
10,000 validation images |
| recipe | that of the chapter, which trains seed 0 itself |
| torch | {torch} |
{rows}

**Meant for** comparing seeds in chapter 4. **Not meant for** anything where a wrong digit costs
somebody money or health. Another processor or torch version gives other weights of much the same
quality.

Licence of the weights: MIT, as the code; of the images see the [data card](../README.md).
"""


def main(argv: list[str] | None = None) -> int:
    """Train what is missing, and write the card."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks small_cnn", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--folder", type=Path, default=data_folder() / "models")
    folder = parser.parse_args(argv).folder
    mnist, rows = load_mnist(), []
    for seed in SEEDS:
        path = folder / f"small_cnn_{seed}.pt"
        if not path.exists():
            set_seed(seed)
            model, recipe = SmallCNN(), replace(RECIPE, seed=seed)
            save_checkpoint(path, fit(model, mnist.train, mnist.validation, recipe))
        outcome = load_checkpoint(path, SmallCNN())
        errors = min(outcome.history.validation_errors)
        checksum = hashlib.sha256(path.read_bytes()).hexdigest()
        rows += [f"| seed {seed} | {errors} validation errors of 10,000; SHA-256 `{checksum}` |"]
    text = CARD.format(torch=torch.__version__, rows="\n".join(rows))
    write_bytes(folder / "small_cnn.md", text.encode("utf-8"))
    print(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
