"""Train the course's best network and store it with its card.

    python -m tools.models [--recipe quick|middle|long] [--seed 0] [--plain] [--folder data/models]

``middle`` is what is stored in the repository: deep_cnn.pt, read with
``course_utils.training.best_network``; the card beside it, deep_cnn.md, says what it was made from
and how well it reads. ``long`` trains the same network half as long again. ``quick`` trains a
smaller one, ``StridedCNN``, in less time; its files are called strided_cnn. All were chosen on
images that were held back; the network that is stored learns from these, too, and keeps the
weights of its last epoch, since nothing is left to choose. With ``--plain`` it learns from MNIST's
images as they are, without digits in other styles: what ``benchmarks.best_network`` asks about
MNIST. An interrupted training goes on where it stopped when the command is given again.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import io
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import torch

from course_utils.augment import Augment
from course_utils.data import LabelledImages, data_folder, load_mnist
from course_utils.evaluation import Accuracy, accuracy, final_exam
from course_utils.ink import from_strokes, load_strokes, with_other_styles
from course_utils.models import DeepCNN, StridedCNN
from course_utils.training import Fit, Recipe, fit, predict, save_checkpoint, set_seed
from tools.notebooks import write_bytes

NETWORKS = {"quick": StridedCNN, "middle": DeepCNN, "long": DeepCNN}
NAMES = {StridedCNN: "strided_cnn", DeepCNN: "deep_cnn"}  # of the files
AUGMENT = Augment(rotation=10, shift=2.8, scale=0.1, shear=0.1)
OTHER_STYLES = {1: 0.2, 0: 0.1, 6: 0.1, 7: 0.1}  # shares that come a second time, drawn onto
_SHARED = {
    "batch_size": 128,
    "max_lr": 0.2,
    "optimiser": "sgd",
    "weight_decay": 5e-4,
    "label_smoothing": 0.1,
}
RECIPES = {
    name: Recipe(epochs=epochs, **_SHARED)
    for name, epochs in {"quick": 10, "middle": 10, "long": 15}.items()
}


def train(
    kind: str,
    seed: int,
    examples: LabelledImages | None = None,
    *,
    plain: bool = False,
    augment: Augment | None = AUGMENT,
    unfinished: Path | None = None,
    progress: bool = True,
) -> Fit:
    """Train the network of one of ``RECIPES``.

    ``examples``: what it learns from, usually all 60,000 labelled images; ``OTHER_STYLES`` are
    added unless ``plain``. ``augment``: None shows them unchanged, to tell what changes are
    worth. No epoch is chosen: the last one is kept. The training is saved in ``unfinished`` after
    each epoch, and gone on from where it exists.
    Raises KeyError for another kind.
    """
    recipe = Recipe(**asdict(RECIPES[kind]) | {"seed": seed})
    examples = examples or load_mnist().together()
    set_seed(seed)
    return fit(
        NETWORKS[kind](),
        examples if plain else with_other_styles(examples, OTHER_STYLES, seed),
        recipe=recipe,
        augment=augment,
        checkpoint=unfinished,
        resume=unfinished is not None,
        progress=progress,
    )


@contextlib.contextmanager
def unlogged_exam() -> Iterator[None]:
    """Let exams be sat without a word and without an entry in the learner's log."""
    before = os.environ.get("COURSE_EXAM_LOG")
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        os.environ["COURSE_EXAM_LOG"] = str(Path(folder) / "log.jsonl")
        try:
            yield
        finally:
            os.environ.pop("COURSE_EXAM_LOG")
            if before is not None:
                os.environ["COURSE_EXAM_LOG"] = before


def card(
    kind: str, outcome: Fit, drawn: Accuracy, exam: Accuracy, checksum: str, plain: bool = False
) -> str:
    """What a reader should know of the stored network, as Markdown."""
    recipe, history = outcome.recipe, outcome.history
    parameters = sum(weights.numel() for weights in outcome.model.parameters())
    augment = ", ".join(
        f"{name} {value:g}"
        for name, value in asdict(AUGMENT).items()
        if value and (name != "sigma" or AUGMENT.elastic)
    )
    styles = (
        "none"
        if plain
        else (
            f"{OTHER_STYLES[1]:.0%} of the 1s once more with a flag drawn onto them, "
            f"{OTHER_STYLES[0]:.0%} of the 0s with a slash, {OTHER_STYLES[6]:.0%} of the 6s with a "
            f"hook, {OTHER_STYLES[7]:.0%} of the 7s with a bar (`course_utils.ink`)"
        )
    )
    flag = " --plain" if plain else ""
    lr = f"{recipe.optimiser} up to {recipe.max_lr:g}, weight decay {recipe.weight_decay:g}"
    network, name = type(outcome.model).__name__, NAMES[type(outcome.model)]
    reader = (
        "course_utils.training.best_network()"
        if network == "DeepCNN"
        else f"course_utils.training.load_checkpoint(path, {network}())"
    )
    return f"""# Model card: `{name}.pt`

Made by `make models` (`python -m tools.models --recipe {kind} --seed {recipe.seed}{flag}`);
read with `{reader}`.

| | |
|---|---|
| network | `course_utils.models.{network}`, {parameters:,} parameters |
| input, output | uint8 images of 28 × 28, ink 255 on paper 0, prepared as MNIST's; ten scores |
| data | all 60,000 images of MNIST's training file, the validation images among them; \
the recipe was chosen with images held back |
| other styles | {styles} |
| augmentation | {augment} (degrees, pixels, shares) |
| recipe | {recipe.epochs} epochs, batches of {recipe.batch_size}, {lr}, \
label smoothing {recipe.label_smoothing:g} |
| seed | {recipe.seed} |
| epoch kept | the last of {len(history)} |
| time | {sum(history.seconds):.0f} s; torch {torch.__version__} |
| bundled drawings | {drawn} |
| test, one sitting | {exam} |
| SHA-256 of `{name}.pt` | `{checksum}` |

**Meant for** single digits, drawn or scanned, prepared by `course_utils.ink`; for teaching.
**Not meant for** anything where a wrong digit costs somebody money or health, for other signs than
the ten digits (it names one of them whatever it is shown), nor for whole numbers or pages. The
writers of its images were Americans of around 1990: of other ways of writing it has seen little
more than the flags, slashes, hooks and bars drawn onto some of them. Another processor or torch
version gives other weights of much the same quality.

Licence of the weights: MIT, as the code; of the images see the [data card](../README.md).
"""


def store(folder: Path, kind: str, outcome: Fit, plain: bool = False) -> None:
    """Let a finished network sit its exam, then write its checkpoint and its card."""
    name, drawings = NAMES[type(outcome.model)], load_strokes()
    prepared = torch.stack([from_strokes(drawing) for drawing in drawings.drawings])
    drawn = accuracy(predict(outcome.model, prepared), drawings.labels)
    with unlogged_exam():
        exam = final_exam("tools", name, lambda images: predict(outcome.model, images))
    path = folder / f"{name}.pt"
    save_checkpoint(path, outcome)
    checksum = hashlib.sha256(path.read_bytes()).hexdigest()
    text = card(kind, outcome, drawn, exam.accuracy, checksum, plain)
    write_bytes(path.with_suffix(".md"), text.encode("utf-8"))


def main(argv: list[str] | None = None) -> int:
    """Train, store and tell; 1 when interrupted, 2 for bad usage."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.models", description="Train and store the course's best network."
    )
    parser.add_argument("--recipe", choices=RECIPES, default="middle")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--plain", action="store_true", help="no digits in other styles")
    parser.add_argument("--folder", type=Path, default=data_folder() / "models")
    options = parser.parse_args(argv)
    options.folder.mkdir(parents=True, exist_ok=True)
    kind, plain = options.recipe, options.plain
    name = NAMES[NETWORKS[kind]]
    run = f"{name}.{kind}.{options.seed}" + (".plain" if plain else "")
    unfinished = options.folder / f"{run}.unfinished.pt"
    outcome = train(kind, options.seed, plain=plain, unfinished=unfinished)
    if outcome.interrupted:
        print(f"interrupted: give the same command again to go on from {unfinished}")
        return 1
    store(options.folder, kind, outcome, plain)
    unfinished.unlink()
    print((options.folder / f"{name}.md").read_text(encoding="utf-8"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
