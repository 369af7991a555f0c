"""Chapter 6's studies: what each part of a recipe is worth, at equal budgets, over five seeds.

    python -m benchmarks craft_study [STUDY …] [--seeds 5] [--folder FOLDER]

Runs one or more of ``course_utils.studies.craft.STUDIES``, in their order, and stores each in a
file of ``data/studies/craft/``. What a file holds already is not run again, so that a study that
was cut off goes on when the command is given again. Letters of unseen words are held back: part A
chooses, part B judges. MNIST's test images are not touched. All was measured in one thread; the
whole takes about an hour.
"""

from __future__ import annotations

import argparse
import json
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields
from pathlib import Path

import torch
from tqdm import tqdm

from course_utils.models import SAME_SIZE
from course_utils.studies import craft, pretrained, searching
from course_utils.studies.craft import Asked
from tools.notebooks import write_bytes

SEEDS = 5
FEW, ALL = 1_000, 0
RATES = (0.03, 0.1, 0.3)
BATCHES, BATCH_RATES, SEEN = (32, 128, 512, 2_048), (0.05, 0.2, 0.8), 20_000
# What each batch size does in the two seconds of 625 batches of 32.
STEPS_OF_EQUAL_TIME = {32: 625, 128: 370, 512: 148, 2_048: 34}
# What each network does in six seconds of one thread, by ``benchmarks architectures --costs``.
STEPS_OF_EQUAL_SECONDS = {
    "plain": 150,
    "ResNet": 150,
    "PreActResNet": 140,
    "DenseNet": 100,
    "DeepCNN": 600,
    "StridedCNN": 600,
}
REGULARISERS = {
    "none": {},
    "weight decay": {"weight_decay": 5e-3},
    "dropout": {"dropout": 0.3},
    "label smoothing": {"smoothing": 0.1},
    "augmentation": {"augment": True},
    "all": {"weight_decay": 5e-3, "dropout": 0.3, "smoothing": 0.1, "augment": True},
}


def regularisers(seed: int) -> list[Asked]:
    """Each alone and all together, with few labels and with all; what needs looks has a row."""
    asked = []
    for n, steps in ((FEW, 500), (ALL, 500)):
        shared = {"n_labels": n, "steps": steps, "seed": seed}
        asked += [Asked(**shared, **settings) for settings in REGULARISERS.values()]
        asked.append(Asked(**shared, schedule="constant", looks=10))
    return asked


def schedules(seed: int) -> list[Asked]:
    """Every schedule with every rate."""
    pairs = [(schedule, rate) for schedule in craft.SCHEDULES for rate in RATES]
    return [Asked(schedule=s, rate=r, n_labels=ALL, steps=300, seed=seed) for s, r in pairs]


def batches(seed: int) -> list[Asked]:
    """Batch sizes with three rates each at equal epochs."""
    pairs = [(batch, rate) for batch in BATCHES for rate in BATCH_RATES]
    return [Asked(batch=b, rate=r, steps=SEEN // b, seed=seed) for b, r in pairs]


def batches_in_equal_time(seed: int) -> list[Asked]:
    """Batch sizes with three rates each at equal time."""
    pairs = [(batch, rate) for batch in BATCHES for rate in BATCH_RATES]
    return [Asked(batch=b, rate=r, steps=STEPS_OF_EQUAL_TIME[b], seed=seed) for b, r in pairs]


def depth(seed: int) -> list[Asked]:
    """8, 14 and 20 layers, plain and with shortcuts."""
    names = [f"{kind}-{n}" for n in (8, 14, 20) for kind in ("plain", "ResNet")]
    return [Asked(network=name, n_labels=ALL, steps=200, seed=seed) for name in names]


def architectures(seed: int) -> list[Asked]:
    """Networks of the same size: on letters as many steps for each, and as many seconds."""
    equal = [Asked(network=name, n_labels=ALL, steps=150, seed=seed) for name in SAME_SIZE]
    seconds = [
        Asked(network=name, n_labels=ALL, steps=steps, seed=seed)
        for name, steps in STEPS_OF_EQUAL_SECONDS.items()
    ]
    return list(dict.fromkeys([*equal, *seconds]))


def architectures_on_digits(seed: int) -> list[Asked]:
    """The same networks on digits, 150 steps each."""
    shared = {"task": "digits", "n_labels": ALL, "steps": 150, "seed": seed}
    return [Asked(network=name, **shared) for name in SAME_SIZE]


def pretrainings(seed: int) -> list[dict]:
    """Every start with every number of labels; the network as it is needs none."""
    pairs = [(start, n) for n in pretrained.SIZES for start in pretrained.STARTS]
    return [
        {"start": start, "n_labels": n, "seed": seed}
        for start, n in pairs
        if start != "as it is" or n == pretrained.SIZES[0]
    ]


PLANS: dict[str, Callable[[int], list[Asked] | list[dict]]] = {
    "regularisers": regularisers,
    "schedules": schedules,
    "batches": batches,
    "batches in equal time": batches_in_equal_time,
    "depth": depth,
    "architectures": architectures,
    "architectures on digits": architectures_on_digits,
    "pretrained": pretrainings,
    "equals": lambda seed: [{"seed": seed}],
    "searching": lambda seed: [{"method": name, "seed": seed} for name in searching.METHODS],
}
RUNS: dict[str, Callable[..., dict]] = {
    "pretrained": lambda start, n_labels, seed: pretrained.run(start, n_labels, seed),
    "equals": lambda seed: searching.equals(seed),
    "searching": lambda method, seed: searching.search(method, seed),
}


def write(path: Path, study: str, rows: Sequence[dict]) -> None:
    """Write rows to ``path``, whole or not at all; what all have in common stands once."""
    first = rows[0]
    names = [
        name for name in first if all(name in row and row[name] == first[name] for row in rows)
    ]
    shared = {name: first[name] for name in names if name != "seed"} if len(rows) > 1 else {}
    short = [{k: v for k, v in row.items() if k not in shared} for row in rows]
    versions = {"python": platform.python_version(), "torch": str(torch.__version__)}
    head = {"made by": f"python -m benchmarks craft_study {study}", "versions": versions}
    lines = ",\n".join(json.dumps(row) for row in short)
    text = json.dumps(head | {"shared": shared}, indent=1)[:-2]
    write_bytes(path, f'{text},\n "rows": [\n{lines}\n ]\n}}\n'.encode())


def do(study: str, seeds: int, path: Path) -> list[dict]:
    """Do the runs that the file lacks; the file is written after each."""
    wanted = [asked for seed in range(seeds) for asked in PLANS[study](seed)]
    rows = craft.stored(study, path) if path.is_file() else []
    for asked in tqdm(wanted, unit="run", desc=study, disable=None):
        named = asdict(asked) if isinstance(asked, Asked) else asked
        if not any(named.items() <= row.items() for row in rows):
            rows.append(craft.run(asked) if named is not asked else RUNS[study](**asked))
            write(path, study, rows)
    return rows


def table(rows: Sequence[dict]) -> str:
    """Mean errors (%) on part B and their standard deviation, for each kind of row."""
    varied = [f.name for f in fields(Asked) if f.name != "seed"] + ["start", "method"]
    varied = [name for name in varied if len({row.get(name) for row in rows}) > 1]
    kinds = dict.fromkeys(tuple(row.get(name) for name in varied) for row in rows)
    figures = ("train", "a", "b", "ema_b", "by_loss", "by_errors", "together_5", "seconds")
    lines = [" · ".join(varied) + " · " + ", ".join(figures)]
    for kind in kinds:
        mine = [row for row in rows if tuple(row.get(name) for name in varied) == kind]
        cells = []
        for figure in figures:
            if all(figure in row for row in mine):
                values = torch.tensor([row[figure] for row in mine], dtype=torch.float64)
                spread = f" ± {values.std():.2f}" if len(mine) > 1 else ""
                cells.append(f"{figure} {values.mean():.2f}{spread}")
        lines.append(f"{', '.join(map(str, kind))}: {'; '.join(cells)} (n = {len(mine)})")
    return "\n".join(lines)


def main(argv: list[str] | None = None) -> int:
    """Do what is lacking and print a table of each study; 2 for bad usage."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks craft_study", description="Chapter 6's studies."
    )
    parser.add_argument("studies", nargs="*", metavar="STUDY", help=", ".join(PLANS))
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--folder", type=Path, default=craft.folder())
    options = parser.parse_args(argv)
    if options.seeds < 1 or not {*options.studies} <= {*PLANS}:
        parser.error(f"expected studies of {', '.join(PLANS)} and at least one seed")
    torch.set_num_threads(1)
    options.folder.mkdir(parents=True, exist_ok=True)
    for study in options.studies or PLANS:
        print(
            study,
            table(do(study, options.seeds, options.folder / craft.file_name(study))),
            sep="\n",
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
