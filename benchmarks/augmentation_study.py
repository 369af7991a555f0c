"""What augmentation gains: with few and many images, weak and strong, one kind at a time.

    python -m benchmarks augmentation_study [--seeds 5] [--json FILE]

(or ``python -m benchmarks.augmentation_study``). Chapter 5 shows the figures that this writes to
``data/studies/augmentation.json`` and repeats a part of the runs with the same function,
``course_utils.studies.augmentation.run``. Every run trains the same small network for the same
number of steps or a few more, to the end of an epoch, plain or augmented, on a random and balanced
part of the training images; another seed means other images, other first weights and another
order. All are judged on the 10,000 validation images; the test images are not touched. The whole
takes about a quarter of an hour on two cores; when it is cut off, the next call goes on from the
last run finished.
"""

from __future__ import annotations

import argparse
import json
import platform
from dataclasses import asdict
from pathlib import Path

import torch
from tqdm import tqdm

from course_utils.augment import Augment
from course_utils.data import load_mnist
from course_utils.studies.augmentation import (
    CORRUPTIONS,
    FACTORS,
    FEW,
    KINDS,
    SIZES,
    STANDARD,
    Run,
    errors,
    results,
    run,
    settings,
    stored,
)
from tools.notebooks import write_bytes

SEEDS = 5


def plan(seeds: int = SEEDS) -> list[Run]:
    """All runs, each once, seed by seed."""
    asked = []
    for seed in range(seeds):
        asked += [Run(n, change, seed) for n in SIZES for change in (Augment(), STANDARD)]
        asked += [Run(FEW, STANDARD.scaled(factor), seed) for factor in FACTORS]
        asked += [Run(FEW, change, seed) for change in KINDS.values()]
    return list({r.key: r for r in asked}.values())


def write(path: Path, runs: list[Run]) -> None:
    """Write runs with their settings and versions to ``path``, whole or not at all."""
    versions = {"python": platform.python_version(), "torch": str(torch.__version__)}
    contents = {"made by": "python -m benchmarks augmentation_study", **settings()}
    plain = asdict(Augment())
    changes = [{k: v for k, v in asdict(r.augment).items() if v != plain[k]} for r in runs]
    rows = [asdict(r) | {"augment": change} for r, change in zip(runs, changes, strict=True)]
    contents |= {"versions": versions, "runs": rows}
    write_bytes(path, (json.dumps(contents, indent=1) + "\n").encode("utf-8"))


def main(argv: list[str] | None = None) -> int:
    """Do the runs that the file lacks and print the study's three tables; 2 for bad usage."""
    parser = argparse.ArgumentParser(description="Study what augmentation gains.")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--json", type=Path, default=results(), metavar="FILE")
    options = parser.parse_args(argv)
    if options.seeds < 1:
        parser.error(f"at least one seed is needed, got {options.seeds}")
    wanted = plan(options.seeds)
    done = {r.key: r for r in stored(options.json)} if options.json.is_file() else {}
    mnist = load_mnist()
    for asked in tqdm([r for r in wanted if r.key not in done], unit="run", disable=None):
        corruptions = CORRUPTIONS if asked.n_images == FEW else CORRUPTIONS[:1]
        done[asked.key] = run(asked, mnist, corruptions)
        write(options.json, [done[r.key] for r in wanted if r.key in done])
    write(options.json, [done[r.key] for r in wanted])
    print(tables([done[r.key] for r in wanted]))
    return 0


def tables(runs: list[Run]) -> str:
    """Mean errors in %: by number of images, by strength, by kind and corruption."""

    def mean(n: int, change: Augment, corruption: str = "clean") -> str:
        return f"{errors(runs, n, change, corruption).mean().item():8.2f}"

    lines = [f"{'images':>8} {'plain':>8} {'changed':>8}"]
    lines += [f"{n:8,} {mean(n, Augment())} {mean(n, STANDARD)}" for n in SIZES]
    lines += ["", f"{'strength':>8} {'error':>8}"]
    lines += [f"{f:8g} {mean(FEW, STANDARD.scaled(f))}" for f in FACTORS]
    lines += ["", " ".join(f"{name:>8}" for name in ("", *CORRUPTIONS))]
    lines += [
        f"{kind:>8} " + " ".join(mean(FEW, change, name) for name in CORRUPTIONS)
        for kind, change in KINDS.items()
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
