"""Chapter 6's studies: one training as asked, judged on held-back images, and the stored figures.

``python -m benchmarks craft_study`` runs them and stores the rows in ``data/studies/craft/``; the
chapter repeats a part of them with the same functions.
"""

import copy
import functools
import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import torch
from torch import Tensor, nn

from course_utils.augment import Augment
from course_utils.data import data_folder, load_letters, load_mnist, split_letters
from course_utils.models import SAME_SIZE, ConvNet, ResNet, as_input
from course_utils.training import one_cycle, set_seed

N_CHOOSE = N_JUDGE = 5_000  # held-back images of part A, which may choose, and of part B
BORDER = 2  # pixels of paper around a letter of 16 × 8
SCHEDULES = ("constant", "step", "exponential", "cosine", "warm-up + cosine", "one cycle")
STUDIES = (
    "pretrained", "regularisers", "schedules", "batches",
    "batches in equal time", "equals", "depth", "architectures",
    "architectures on digits",
    "searching",
)  # fmt: skip
AUGMENT = MappingProxyType(
    {
        "letters": Augment(rotation=5, shift=1, scale=0.1, shear=0.2),
        "digits": Augment(rotation=10, shift=2, scale=0.1, shear=0.1),
    }
)


class Tiny(ConvNet):
    """One convolution and two linear layers, for studies of many trainings: 37,114 parameters.

    Of its 32 maps 4 × 2 places go on, whatever the size of the image, from 12 × 10 pixels.
    """

    def __init__(self, n_classes: int = 26) -> None:
        super().__init__([nn.Conv2d(1, 32, 5, stride=2, bias=False)], 128, n_classes)
        self.pool, self.hidden = nn.AdaptiveMaxPool2d((4, 2)), nn.Linear(256, 128)

    def features(self, images: Tensor) -> Tensor:
        """Images (n, 1, height, width), 0 … 1, to what the last layer sees (n, 128)."""
        x = nn.functional.relu(self.pool(self.norm1(self.conv1(self.enter(images)))))
        return nn.functional.relu(self.hidden(x.flatten(1)))


NETWORKS = MappingProxyType(
    {"tiny": Tiny}
    | {f"plain-{6 * n + 2}": functools.partial(ResNet, 4, n, shortcuts=False) for n in (1, 2, 3)}
    | {f"ResNet-{6 * n + 2}": functools.partial(ResNet, 4, n) for n in (1, 2, 3)}
    | SAME_SIZE
)


@dataclass(frozen=True)
class Asked:
    """One training with SGD and Nesterov momentum 0.9, in float32.

    ``task``: "letters" or "digits". ``n_labels``: training images, drawn by the seed; 0 is all of
    them. ``network``: a name in ``NETWORKS``. ``rate``: the highest learning rate. ``dropout``: of
    what the last layer sees. ``augment``: with the task's ``AUGMENT``. ``looks``: how often part A
    is looked at, for early stopping.
    Raises ValueError for a value out of its range.
    """

    task: str = "letters"
    n_labels: int = 10_000
    network: str = "tiny"
    steps: int = 300
    batch: int = 64
    rate: float = 0.1
    schedule: str = "one cycle"
    weight_decay: float = 0.0
    dropout: float = 0.0
    smoothing: float = 0.0
    augment: bool = False
    looks: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        conditions = {
            "task must be letters or digits": self.task in AUGMENT,
            f"network must be one of {', '.join(NETWORKS)}": self.network in NETWORKS,
            f"schedule must be one of {', '.join(SCHEDULES)}": self.schedule in SCHEDULES,
            "steps and batch must be 2 or more": min(self.steps, self.batch) >= 2,
            "rate must be above 0": 0 < self.rate < math.inf,
            "weight_decay must be 0 or more": 0 <= self.weight_decay < math.inf,
            "dropout and smoothing must be 0 or more and below 1": 0 <= self.dropout < 1
            and 0 <= self.smoothing < 1,
            "n_labels, looks and seed must be 0 or more": min(self.n_labels, self.looks, self.seed)
            >= 0,
        }
        broken = [text for text, holds in conditions.items() if not holds]
        if broken:
            raise ValueError(f"expected: {'; '.join(broken)}; got {self}")


@dataclass(frozen=True)
class Part:
    """Images (n, 1, height, width), 0 … 1, and their labels (n,)."""

    x: Tensor
    y: Tensor


@dataclass(frozen=True)
class Parts:
    """What is learned from; what may choose, ``a``; and what judges, ``b``: as hard as ``a``."""

    train: Part
    a: Part
    b: Part


@functools.lru_cache(maxsize=2)
def load(task: str = "letters") -> Parts:
    """A task's images: letters of words that training has not seen are held back, or digits.

    Letters have a border and are (n, 1, 20, 12). Raises ValueError for another task.
    """
    if task not in AUGMENT:
        raise ValueError(f"expected task to be letters or digits, got {task!r}")
    if task == "letters":
        split = split_letters(load_letters(), "unseen words")
        train, held = split.train, split.test
    else:
        train, held = load_mnist().train, load_mnist().validation
    order = torch.randperm(len(held), generator=torch.Generator().manual_seed(0))
    a, b = order[:N_CHOOSE], order[N_CHOOSE : N_CHOOSE + N_JUDGE]
    border = BORDER if task == "letters" else 0
    parts = [
        Part(nn.functional.pad(as_input(part.images), (border,) * 4), part.labels)
        for part in (train, held.select(a), held.select(b))
    ]
    return Parts(*parts)


def rate_at(schedule: str, step: int, steps: int) -> tuple[float, float]:
    """Share 0 … 1 of the highest rate, and momentum, at ``step`` (0 … steps - 1) of a schedule.

    "step": a tenth after half of the steps and a hundredth after three quarters. "exponential":
    falls to a hundredth. "warm-up + cosine": rises for a tenth of the steps.
    Raises ValueError for another schedule or a step outside.
    """
    if schedule not in SCHEDULES or not 0 <= step < steps:
        raise ValueError(
            f"expected one of {', '.join(SCHEDULES)} and 0 <= step < steps, got {schedule!r}, "
            f"step={step}, steps={steps}"
        )
    done, warm = step / steps, 0.1
    shares = {
        "constant": 1.0,
        "step": 1.0 if done < 0.5 else 0.1 if done < 0.75 else 0.01,
        "exponential": 0.01**done,
        "cosine": (1 + math.cos(math.pi * done)) / 2,
        "warm-up + cosine": (step + 1) / (warm * steps)
        if step + 1 <= warm * steps
        else (1 + math.cos(math.pi * (done - warm) / (1 - warm))) / 2,
    }
    return one_cycle(step, steps, 1.0) if schedule == "one cycle" else (shares[schedule], 0.9)


class Training:
    """A training under way: the network, its averaged weights, and what was seen on part A."""

    def __init__(self, asked: Asked, parts: Parts) -> None:
        set_seed(asked.seed)
        self.asked, self.parts = asked, parts
        n_classes = 26 if asked.task == "letters" else 10
        self.model, self.average = (NETWORKS[asked.network](n_classes=n_classes) for _ in "ab")
        self.average.load_state_dict(self.model.state_dict())
        self.looks: list[dict] = []
        self.best: dict[str, tuple[int, dict]] = {}
        self.generator = torch.Generator().manual_seed(asked.seed)
        order = torch.randperm(len(parts.train.y), generator=self.generator)
        self.chosen = order[: asked.n_labels or None]

    def batches(self) -> Tensor:
        """Positions (steps, batch) of training images: all of them in a new order, and again."""
        asked, n = self.asked, len(self.chosen)
        rounds = math.ceil(asked.steps * asked.batch / n)
        orders = [torch.randperm(n, generator=self.generator) for _ in range(rounds)]
        places = torch.cat(orders)[: asked.steps * asked.batch]
        return self.chosen[places].view(asked.steps, asked.batch)

    def go(self) -> None:
        """Train to the last step."""
        asked, train = self.asked, self.parts.train
        optimiser = torch.optim.SGD(
            self.model.parameters(), asked.rate, 0.9, 0, asked.weight_decay, nesterov=True
        )
        for step, index in enumerate(self.batches()):
            share, momentum = rate_at(asked.schedule, step, asked.steps)
            optimiser.param_groups[0].update(lr=share * asked.rate, momentum=momentum)
            x = train.x[index]
            if asked.augment:
                x = AUGMENT[asked.task](x, self.generator)
            seen = nn.functional.dropout(self.model.features(x), asked.dropout)
            loss = nn.functional.cross_entropy(
                self.model.out(seen), train.y[index], label_smoothing=asked.smoothing
            )
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            self.update_average()
            if asked.looks and (step + 1) % (asked.steps // asked.looks) == 0:
                self.look(step + 1)

    def update_average(self) -> None:
        """Move the averaged weights (EMA) towards those of now: over the last 5 % of the steps."""
        step = min(1.0, 20 / self.asked.steps)
        with torch.no_grad():
            for old, new in zip(
                self.average.state_dict().values(), self.model.state_dict().values(), strict=True
            ):
                old.lerp_(new, step) if old.is_floating_point() else old.copy_(new)

    def look(self, step: int) -> None:
        """Note loss and errors (%) on part A; keep the weights where either is least so far."""
        scores, y = logits(self.model, self.parts.a.x), self.parts.a.y
        self.model.train()
        look = {
            "step": step,
            "loss": nn.functional.cross_entropy(scores, y).item(),
            "a": 100 * (scores.argmax(1) != y).double().mean().item(),
        }
        self.looks.append(look)
        for by in ("loss", "a"):
            if look[by] < min((before[by] for before in self.looks[:-1]), default=math.inf):
                self.best[by] = step, copy.deepcopy(self.model.state_dict())

    def error(self, part: str, average: bool = False) -> float:
        """Errors (%) on a part: "train" (2,000 of those learned from, at most), "a" or "b"."""
        model = self.average if average else self.model
        examples: Part = getattr(self.parts, part)
        x, y = examples.x, examples.y
        if part == "train":
            x, y = x[self.chosen[:2_000]], y[self.chosen[:2_000]]
        return 100 * (logits(model, x).argmax(1) != y).double().mean().item()


def logits(model: nn.Module, x: Tensor) -> Tensor:
    """Scores (n, classes) of a network in evaluation mode for images (n, 1, height, width)."""
    model.eval()
    with torch.no_grad():
        return torch.cat([model(part) for part in x.split(1_000)])


def trained(asked: Asked, parts: Parts | None = None) -> Training:
    """A finished training: ``.model``, ``.average``, ``.looks``."""
    training = Training(asked, parts or load(asked.task))
    training.go()
    return training


def run(asked: Asked, parts: Parts | None = None) -> dict:
    """Train as asked: the row that is stored. All errors in %.

    "train", "a", "b": of the last weights; "ema_a", "ema_b": of the averaged ones; with looks also
    "by_loss" and "by_errors": on B where the loss, or the errors, on A were least, and where that
    was, "by_loss_at" and "by_errors_at" (steps). "seconds": of the processor, in one thread.
    """
    begin = time.process_time()
    training = trained(asked, parts)
    found = {"seconds": round(time.process_time() - begin, 2)}
    found |= {part: training.error(part) for part in ("train", "a", "b")}
    found |= {f"ema_{part}": training.error(part, average=True) for part in ("a", "b")}
    for name, by in (("by_loss", "loss"), ("by_errors", "a")) if training.looks else ():
        found[f"{name}_at"], weights = training.best[by]
        training.model.load_state_dict(weights)
        found[name] = training.error("b")
    return asdict(asked) | {name: round(value, 3) for name, value in found.items()}


def folder() -> Path:
    """The folder of the stored rows, a file for each of ``STUDIES``."""
    return data_folder() / "studies" / "craft"


def file_name(study: str) -> str:
    """The name of a study's file: ``batches_in_equal_time.json``."""
    return f"{study.replace(' ', '_')}.json"


def stored(study: str, path: Path | None = None) -> list[dict]:
    """The rows of one of ``STUDIES``, from ``path`` or the course's: what was asked, and figures.

    Raises ValueError for another name.
    """
    if study not in STUDIES:
        raise ValueError(f"expected one of {', '.join(STUDIES)}, got {study!r}")
    path = path or folder() / file_name(study)
    contents = json.loads(path.read_text(encoding="utf-8"))
    return [contents["shared"] | row for row in contents["rows"]]


def errors(rows: Sequence[Mapping], figure: str = "b", **fields: object) -> np.ndarray:
    """One figure (n,) of the rows with these fields, in the order of seeds.

    Raises ValueError when there is none.
    """
    found = [row for row in rows if all(row.get(name) == value for name, value in fields.items())]
    if not found:
        raise ValueError(f"expected rows with {fields}, got none among {len(rows)}")
    return np.array([row[figure] for row in sorted(found, key=lambda row: row["seed"])])
