"""Chapter 5's study of augmentation: one training of it, and the stored figures of all.

``python -m benchmarks augmentation_study`` runs the whole and stores it in
``data/studies/augmentation.json``; the chapter repeats a part of it with the same function.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from course_utils.augment import Augment
from course_utils.data import N_CLASSES, LabelledImages, Mnist, data_folder
from course_utils.models import SmallCNN, as_input
from course_utils.training import Recipe, fit, predict, set_seed

STEPS, BATCH = 400, 128
RECIPE = Recipe(
    batch_size=BATCH, max_lr=0.1, optimiser="sgd", weight_decay=5e-4, label_smoothing=0.1
)
STANDARD = Augment(rotation=10, shift=2, scale=0.1, shear=0.1, elastic=1.0)
SIZES = (100, 500, 2_000, 10_000, 50_000)
FEW = 500  # images from which strengths and kinds are compared
FACTORS = (0.0, 0.25, 0.5, 1.0, 2.0, 3.0, 4.0)
KINDS = {
    "none": Augment(),
    "shift": Augment(shift=3),
    "rotation": Augment(rotation=20),
    "scale": Augment(scale=0.2),
    "shear": Augment(shear=0.3),
    "elastic": Augment(elastic=1.4),
    "erase": Augment(erase=10),
    "noise": Augment(noise=0.3),
    "standard": STANDARD,
}
# What is done to the validation images: changes like those above, but stronger than usual.
CORRUPTIONS = ("clean", "shift", "rotation", "scale", "noise", "thick", "thin")


@dataclass(frozen=True)
class Run:
    """One training: what was asked, and the share of validation images read wrongly, by corruption.

    ``errors`` is empty before the training; afterwards it has "clean" always, and the other
    corruptions where they were asked for.
    """

    n_images: int
    augment: Augment
    seed: int
    errors: dict[str, float] = field(default_factory=dict)

    @property
    def key(self) -> tuple:
        """What tells this run from the others."""
        return self.n_images, self.augment, self.seed


def run(asked: Run, mnist: Mnist, corruptions: Sequence[str] = ("clean",)) -> Run:
    """Train as asked and read the validation images.

    Raises ValueError as ``balanced`` and ``corrupt`` do.
    """
    model = trained(asked, mnist)
    return replace(
        asked, errors={name: error(model, mnist.validation, name) for name in corruptions}
    )


def trained(asked: Run, mnist: Mnist) -> nn.Module:
    """A ``SmallCNN`` trained as asked, for ``STEPS`` steps (to the end of an epoch).

    Raises ValueError as ``balanced`` does.
    """
    train = balanced(mnist.train, asked.n_images, asked.seed)
    recipe = replace(RECIPE, seed=asked.seed, epochs=epochs_for(len(train)))
    set_seed(asked.seed)
    augment = asked.augment if asked.augment != Augment() else None
    return fit(SmallCNN(), train, recipe=recipe, augment=augment, progress=False).model


def epochs_for(n_images: int) -> int:
    """How many epochs make at least ``STEPS`` steps."""
    return math.ceil(STEPS / math.ceil(n_images / BATCH))


def balanced(train: LabelledImages, n: int, seed: int) -> LabelledImages:
    """A random part of the training images, as many of each digit; all of them for 50,000.

    Raises ValueError when ``n`` is no multiple of ten or some digit has too few.
    """
    if n == len(train):
        return train
    each, rest = divmod(n, N_CLASSES)
    order = torch.randperm(len(train), generator=torch.Generator().manual_seed(seed))
    found = [order[train.labels[order] == digit][:each] for digit in range(N_CLASSES)]
    if rest or not 1 <= each == min(len(part) for part in found):
        raise ValueError(
            f"n must be a multiple of {N_CLASSES}, with enough images of each digit, got {n}"
        )
    return train.select(torch.cat(found))


def error(model: nn.Module, validation: LabelledImages, corruption: str) -> float:
    """Share of the corrupted validation images that the model reads wrongly."""
    wrong = predict(model, corrupt(validation.images, corruption)) != validation.labels
    return wrong.double().mean().item()


def corrupt(images: Tensor, corruption: str) -> Tensor:
    """Images (n, 28, 28) of uint8 after one of ``CORRUPTIONS``, the same at every call.

    Raises ValueError for another name.
    """
    ink = as_input(images)
    generator = torch.Generator().manual_seed(1)
    if corruption == "thick":
        ink = nn.functional.max_pool2d(ink, 2, stride=1, padding=1)[..., :28, :28]
    elif corruption == "thin":
        ink = 1 - nn.functional.max_pool2d(1 - ink, 2, stride=1, padding=1)[..., :28, :28]
    elif corruption in CORRUPTIONS[1:]:
        strengths = {"shift": 5.0, "rotation": 35.0, "scale": 0.4, "noise": 0.5}
        ink = Augment(**{corruption: strengths[corruption]})(ink, generator)
    elif corruption != "clean":
        raise ValueError(f"corruption must be one of {', '.join(CORRUPTIONS)}, got {corruption!r}")
    return (ink[:, 0] * 255).round().to(torch.uint8)


def settings() -> dict:
    """What all runs have in common, as it is stored with them."""
    shared = {k: v for k, v in asdict(RECIPE).items() if k not in ("epochs", "seed")}
    return {"network": SmallCNN.__name__, "steps": STEPS, "recipe": shared}


def results() -> Path:
    """The file of the stored runs."""
    return data_folder() / "studies" / "augmentation.json"


def stored(path: Path | None = None) -> list[Run]:
    """The runs stored in ``path``, or those of the course.

    Raises ValueError when they were made with other settings.
    """
    path = path or results()
    contents = json.loads(path.read_text(encoding="utf-8"))
    theirs = {name: contents.get(name) for name in settings()}
    if theirs != settings():
        raise ValueError(
            f"{path} was made with {theirs}, now it is {settings()}: delete it and run "
            "python -m benchmarks augmentation_study"
        )
    return [Run(**r | {"augment": Augment(**r["augment"])}) for r in contents["runs"]]


def errors(runs: list[Run], n_images: int, augment: Augment, corruption: str = "clean") -> Tensor:
    """Errors (n,) in % of the runs with so many images and this change, in the order of seeds."""
    found = [r for r in runs if (r.n_images, r.augment) == (n_images, augment)]
    in_order = sorted(found, key=lambda r: r.seed)
    return torch.tensor([100 * r.errors[corruption] for r in in_order])
