"""The usual way to train on MNIST and the course's, side by side.

    python -m benchmarks recipes [--seeds 3] [--json FILE]

``usual``: torchvision's data set with ``ToTensor`` and ``Normalize`` for each image, a
``DataLoader``, and the network of the well-known PyTorch example (two convolutions, 128 hidden
units, dropout; Adadelta, batches of 64), one epoch of all 60,000 training images.
``course 99.0`` and ``course 99.4``: the course's ``fit`` on its 50,000 training images, with the
recipes below. Both were chosen on the validation images; the test images are read once by every
finished network, and only to fill the last column.

Every training runs in a process of its own, so that its peak memory is its own, and the kinds
take turns, so that a computer that slows down slows all. Time runs from the data set on the disk
to the finished network; imports are left out. ``floor`` is the time in which the processor would
do the training's multiplications and nothing else: three for every one of the forward pass, at
the speed measured for one large product of matrices.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import psutil
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader
from torchvision import datasets, transforms
from tqdm import tqdm

from benchmarks._memory import MB, watching
from benchmarks._runs import apart, exam_errors, write_json
from course_utils.augment import Augment
from course_utils.data import data_folder, load_mnist, unpack_mnist
from course_utils.models import SmallCNN, as_input
from course_utils.training import Recipe, bfloat16_pays, choose_device, fit, predict, set_seed

COURSE = {
    "course 99.0": Recipe(
        epochs=1,
        batch_size=96,
        max_lr=0.01,
        warm_up=0.15,
        optimiser="adamw",
        weight_decay=0.01,
        label_smoothing=0.0,
    ),
    "course 99.4": Recipe(
        epochs=4,
        batch_size=128,
        max_lr=0.4,
        optimiser="sgd",
        weight_decay=5e-4,
        label_smoothing=0.1,
    ),
}
# Chapter 5 tells what this is; a few per cent of a step, and it spares an epoch.
AUGMENT = {"course 99.4": Augment(rotation=6, shift=1, scale=0.06, shear=0.06)}
KINDS = ("usual", *COURSE)
MEAN, DEVIATION = (0.1307,), (0.3081,)


@dataclass(frozen=True)
class Measurement:
    """One training: seconds by the clock, most memory in megabytes, wrong readings of 10,000.

    ``products``: multiplications of the forward pass for one image; ``shown``: images that were
    shown to the network, counted as often as they were.
    """

    kind: str
    seed: int
    seconds: float
    peak_mb: float
    errors: int
    parameters: int
    products: int
    shown: int


class UsualNetwork(nn.Module):
    """The network of PyTorch's MNIST example: 1,199,882 parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 3)
        self.conv2 = nn.Conv2d(32, 64, 3)
        self.dropout1, self.dropout2 = nn.Dropout(0.25), nn.Dropout(0.5)
        self.fc1 = nn.Linear(64 * 12 * 12, 128)
        self.fc2 = nn.Linear(128, 10)

    def forward(self, x: Tensor) -> Tensor:
        """Standardised images (n, 1, 28, 28) to log-probabilities (n, 10)."""
        x = nn.functional.relu(self.conv1(x))
        x = nn.functional.relu(self.conv2(x))
        x = self.dropout1(nn.functional.max_pool2d(x, 2)).flatten(1)
        x = self.dropout2(nn.functional.relu(self.fc1(x)))
        return self.fc2(x).log_softmax(1)


# -- the trainings --------------------------------------------------------------------------------


def train_usual(n: int | None = None, device: torch.device | None = None) -> tuple[nn.Module, int]:
    """One epoch of the usual recipe over the first n images (default: all 60,000).

    Returns the network and how many images it was shown.
    """
    device = device or choose_device()
    steps = [transforms.ToTensor(), transforms.Normalize(MEAN, DEVIATION)]
    images = datasets.MNIST(str(data_folder()), train=True, transform=transforms.Compose(steps))
    part = images if n is None else torch.utils.data.Subset(images, range(n))
    network = UsualNetwork().to(device)
    optimiser = torch.optim.Adadelta(network.parameters(), lr=1.0)
    for batch, labels in DataLoader(part, batch_size=64, shuffle=True):
        optimiser.zero_grad()
        loss = nn.functional.nll_loss(network(batch.to(device)), labels.to(device))
        loss.backward()
        optimiser.step()
    return network, len(part)


def train_course(kind: str, seed: int, n: int | None = None) -> tuple[nn.Module, int]:
    """One of the course's recipes over the first n training images (default: all 50,000).

    Returns the network and how many images it was shown.
    """
    recipe = Recipe(**{**asdict(COURSE[kind]), "seed": seed})
    train = load_mnist().train
    part = train if n is None else train.select(range(n))
    augment = AUGMENT.get(kind)
    network = fit(SmallCNN(), part, recipe=recipe, augment=augment, progress=False).model
    return network, len(part) * recipe.epochs


def measure(kind: str, seed: int, n: int | None = None) -> Measurement:
    """Train once in this process, and let the network sit the exam.

    Raises ValueError for an unknown kind.
    """
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}, got {kind!r}")
    unpack_mnist()
    choose_device()  # so that starting a GPU is not counted
    set_seed(seed)
    with watching(os.getpid()) as most:
        start = time.perf_counter()
        network, shown = train_usual(n) if kind == "usual" else train_course(kind, seed, n)
        seconds = time.perf_counter() - start
    reader = standardised(network) if kind == "usual" else network
    return Measurement(
        kind=kind,
        seed=seed,
        seconds=seconds,
        peak_mb=most[0] / MB,
        errors=exam_errors(kind, partial(predict, reader)),
        parameters=sum(weights.numel() for weights in network.parameters()),
        products=products(network),
        shown=shown,
    )


def measure_apart(kind: str, seed: int, n: int | None = None) -> Measurement:
    """``measure`` in a fresh process. Raises what it raised."""
    return apart(measure, kind, seed, n)


def standardised(network: nn.Module) -> nn.Module:
    """A network that expects standardised images, made to take images 0 … 1."""
    return nn.Sequential(transforms.Normalize(MEAN, DEVIATION), network)


# -- the floor ------------------------------------------------------------------------------------


def products(network: nn.Module) -> int:
    """Multiplications of one image's forward pass, in convolutions and linear layers."""
    counts: list[int] = []

    def count(layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        counts.append(output[0].numel() * layer.weight[0].numel())

    layers = [m for m in network.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    hooks = [layer.register_forward_hook(count) for layer in layers]
    mode, device = network.training, next(network.parameters()).device
    with torch.no_grad():
        network.eval()(as_input(torch.zeros(1, 28, 28, dtype=torch.uint8)).to(device))
    network.train(mode)
    for hook in hooks:
        hook.remove()
    return sum(counts)


def peak_speed(dtype: torch.dtype, size: int = 2_048, tries: int = 5) -> float:
    """Multiplications per second in the fastest of some products of two large matrices."""
    device = choose_device()
    a, b = (torch.randn(size, size, device=device).to(dtype) for _ in range(2))
    seconds = []
    for _ in range(tries):
        start = time.perf_counter()
        (a @ b)[0, 0].item()  # reading a number waits for the device
        seconds.append(time.perf_counter() - start)
    return size**3 / min(seconds)


# -- command --------------------------------------------------------------------------------------


def table(rows: list[Measurement], speed: Callable[[str], float]) -> str:
    """Means over the seeds as text, with the ratio to the usual recipe's time.

    ``speed`` gives for a kind the multiplications per second that its floor is reckoned with.
    """
    head = f"{'recipe':<12} {'parameters':>10} {'time':>8} {'range':>14} {'ratio':>7} {'floor':>8} "
    lines = [head + f"{'peak':>9} {'right':>8}  each seed"]
    usual = [row.seconds for row in rows if row.kind == "usual"]
    for kind in dict.fromkeys(row.kind for row in rows):
        mine = [row for row in rows if row.kind == kind]
        seconds = [row.seconds for row in mine]
        mean = statistics.mean(seconds)
        floor = 3 * mine[0].products * mine[0].shown / speed(kind)
        spread = f"{min(seconds):.1f}-{max(seconds):.1f} s"
        ratio = f"1/{statistics.mean(usual) / mean:.1f}" if usual else "-"
        right = [1 - row.errors / 10_000 for row in mine]
        each = ", ".join(f"{value:.2%}" for value in right)
        lines.append(
            f"{kind:<12} {mine[0].parameters:10,} {mean:6.1f} s {spread:>14} {ratio:>7} "
            f"{floor:6.2f} s {max(row.peak_mb for row in mine):6,.0f} MB "
            f"{statistics.mean(right):8.2%}  {each}"
        )
    return "\n".join(lines)


def main(argv: list[str] | None = None) -> int:
    """Measure every kind with every seed and print the table; 2 for bad usage."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks recipes", description="The usual recipe and the course's."
    )
    parser.add_argument("--seeds", type=int, default=3, metavar="N", help="seeds of each kind")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    options = parser.parse_args(argv)
    if options.seeds < 1:
        parser.error(f"--seeds must be 1 or more, got {options.seeds}")
    if options.json and not options.json.resolve().parent.is_dir():
        parser.error(f"--json {options.json}: there is no such folder to write in")
    todo = [(kind, seed) for seed in range(options.seeds) for kind in KINDS]
    rows = [measure_apart(kind, seed) for kind, seed in tqdm(todo, unit="training", disable=None)]
    device = choose_device()
    full, half = peak_speed(torch.float32), peak_speed(torch.bfloat16)
    fast = max(full, half) if bfloat16_pays(device) else full
    print(f"{platform.system()}, {psutil.cpu_count()} cores, {torch.get_num_threads()} threads,")
    print(f"torch {torch.__version__}, device {device.type}; multiplications per second at most:")
    print(f"{full / 1e9:,.0f} thousand million in float32, {half / 1e9:,.0f} in bfloat16")
    print(table(rows, lambda kind: full if kind == "usual" else fast))
    if options.json:
        write_json(options.json, rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
