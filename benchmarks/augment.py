"""What augmentation costs: milliseconds per batch, and the share of a training step.

    python -m benchmarks augment [--batch 128] [--repeats 60]

(or ``python -m benchmarks.augment``). Each kind of ``Augment`` alone and all together, beside one
whole training step of ``DeepCNN`` (forward, backward, optimiser; bfloat16 where ``fit`` would take
it), torchvision's ``RandomAffine`` image by image, and ``affine_grid`` with ``grid_sample``. All
take turns, so that a computer that slows down slows all; the median of the repeats counts.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import time
from collections.abc import Callable

import torch
from torch import nn
from torchvision.transforms import v2

from course_utils.augment import Augment
from course_utils.data import load_mnist
from course_utils.models import DeepCNN, as_input
from course_utils.training import bfloat16_pays, choose_device

KINDS = {
    "rotation": Augment(rotation=10),
    "affine": Augment(rotation=10, shift=2.8, scale=0.1, shear=0.1),
    "elastic": Augment(elastic=1.4),
    "affine, elastic": Augment(rotation=10, shift=2.8, scale=0.1, shear=0.1, elastic=1.4),
    "erase": Augment(erase=10),
    "noise": Augment(noise=0.1),
    "all": Augment(10, 2.8, 0.1, 0.1, 1.4, 4.0, 10, 0.1),
}
STEP, GRID, ONE_BY_ONE = "training step", "affine_grid, grid_sample", "torchvision, one by one"


def jobs(batch: int, device: torch.device) -> dict[str, Callable[[], object]]:
    """The work to time, by name; all on the same images.

    Raises ValueError when there are fewer training images than asked for.
    """
    train = load_mnist().train
    if not 1 <= batch <= len(train):
        raise ValueError(f"batch must be between 1 and {len(train):,}, got {batch}")
    images, labels = as_input(train.images[:batch]).to(device), train.labels[:batch].to(device)
    model, low = DeepCNN().to(device), bfloat16_pays(device)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, nesterov=True)
    generator = torch.Generator().manual_seed(0)
    theta = torch.eye(2, 3, device=device).expand(batch, 2, 3)
    single = v2.RandomAffine(10, (0.1, 0.1), interpolation=v2.InterpolationMode.BILINEAR)

    def step() -> None:
        with torch.autocast(device.type, torch.bfloat16, enabled=low):
            scores = model(images)
        loss = nn.functional.cross_entropy(scores.float(), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

    def grid() -> None:
        places = nn.functional.affine_grid(theta, images.shape, align_corners=False)
        nn.functional.grid_sample(images, places, align_corners=False)

    kinds = {
        name: lambda change=change: change(images, generator) for name, change in KINDS.items()
    }
    others = {GRID: grid, ONE_BY_ONE: lambda: [single(image) for image in images]}
    return {STEP: step, **kinds, **others}


def measure(batch: int, repeats: int, device: torch.device) -> dict[str, float]:
    """Median milliseconds of each job. Raises ValueError as ``jobs`` does."""
    todo, times = jobs(batch, device), {}
    for turn in range(repeats + 3):
        for name, job in todo.items():
            if name == ONE_BY_ONE and turn > 8:
                continue  # slow, and steady enough
            if device.type == "cuda":
                torch.cuda.synchronize()
            begin = time.perf_counter()
            job()
            if device.type == "cuda":
                torch.cuda.synchronize()
            if turn >= 3:  # the first turns warm up
                times.setdefault(name, []).append(1000 * (time.perf_counter() - begin))
    return {name: statistics.median(found) for name, found in times.items()}


def table(found: dict[str, float]) -> str:
    """A line for each job: milliseconds, and the share of a training step."""
    lines = [f"{'':<26} {'ms':>8} {'of a step':>10}"]
    lines += [f"{name:<26} {ms:8.2f} {ms / found[STEP]:10.1%}" for name, ms in found.items()]
    return "\n".join(lines)


def main(argv: list[str] | None = None) -> int:
    """Measure and print the table; 2 for bad usage."""
    parser = argparse.ArgumentParser(description="Time augmentation against a training step.")
    parser.add_argument("--batch", type=int, default=128, metavar="N")
    parser.add_argument("--repeats", type=int, default=60, metavar="N")
    options = parser.parse_args(argv)
    if options.batch < 1 or options.repeats < 1:
        parser.error("batch and repeats must be 1 or more")
    device = choose_device()
    print(
        f"{platform.system()}, {os.cpu_count()} cores, {torch.get_num_threads()} threads, {device}"
    )
    print(f"on {device}, batches of {options.batch}, median of {options.repeats}")
    print(table(measure(options.batch, options.repeats, device)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
