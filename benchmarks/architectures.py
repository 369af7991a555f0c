"""Networks of the same size, compared at equal steps and at equal seconds.

    python -m benchmarks architectures [--seeds 5] [--json FILE] [--costs]

Prints the table of ``course_utils.models.SAME_SIZE`` on the letters: parameters, multiplications
for a letter, steps, and the errors on held-back words, means over the seeds. What
``data/studies/craft/architectures.json`` (or FILE) lacks is trained first, so that a new FILE makes
the whole table anew. With ``--costs`` a training step of each is timed as well, in turn and in one
thread: from such times come ``craft_study.STEPS_OF_EQUAL_SECONDS``.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn

from benchmarks.craft_study import SEEDS, STEPS_OF_EQUAL_SECONDS, do
from course_utils.models import SAME_SIZE, multiply_adds
from course_utils.studies import craft

LETTER = (20, 12)  # pixels, with the border
ROUNDS = 15


def costs(rounds: int = ROUNDS) -> dict[str, float]:
    """Milliseconds of the processor for a training step of 64 letters, the median of ``rounds``."""
    parts = craft.load("letters").train
    networks = {name: make(n_classes=26) for name, make in SAME_SIZE.items()}
    found: dict[str, list[float]] = {name: [] for name in networks}
    for _ in range(rounds):
        for name, net in networks.items():
            begin = time.process_time()
            nn.functional.cross_entropy(net(parts.x[:64]), parts.y[:64]).backward()
            found[name].append(1000 * (time.process_time() - begin))
    return {name: statistics.median(times) for name, times in found.items()}


def table(rows: Sequence[dict], times: dict[str, float] | None = None) -> str:
    """A row for each network: its size, its cost, and errors (%) at equal steps and seconds."""
    equal = min(row["steps"] for row in rows if row["network"] == "StridedCNN")
    lines = ["| network | parameters | multiplications | equal steps | equal seconds: steps | |"]
    lines += ["|:--|--:|--:|--:|--:|--:|"]
    for name, make in SAME_SIZE.items():
        net = make(n_classes=26)
        size = sum(weights.numel() for weights in net.parameters())
        cells = [name, f"{size:,}", f"{multiply_adds(net, *LETTER):,}"]
        for steps in (equal, STEPS_OF_EQUAL_SECONDS[name]):
            errors = craft.errors(rows, "b", network=name, steps=steps)
            spread = errors.std(ddof=1) if len(errors) > 1 else 0.0
            cells += [f"{steps}"] * (steps != equal or len(cells) > 3)
            cells.append(f"{errors.mean():.1f} ± {spread:.1f} %")
        if times:
            cells.append(f"{times[name]:.1f} ms a step")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main(argv: list[str] | None = None) -> int:
    """Train what is lacking and print the table; 2 for bad usage."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks architectures", description="Networks of the same size."
    )
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--json", type=Path, default=craft.folder() / "architectures.json")
    parser.add_argument("--costs", action="store_true", help="time a step of each")
    options = parser.parse_args(argv)
    if options.seeds < 1:
        parser.error(f"at least one seed is needed, got {options.seeds}")
    torch.set_num_threads(1)
    rows = do("architectures", options.seeds, options.json)
    print(table(rows, costs() if options.costs else None))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
