"""How well letters and words are read, under splits that share less and less.

    python -m benchmarks letters_study [--folds 5] [--json FILE] [--networks FOLDER]

(or ``python -m benchmarks.letters_study``). Chapter 7 shows the figures that this writes to
``data/studies/letters.json``. One small network is taught by letters split by letter, by word and
by unseen words, and by the file's own folds; then by as many of each letter, and together with a
chain CRF. Words are read letter by letter, with letter n-grams, and with a list. Nothing is chosen
on the test parts: the recipe was on the validation words of the first fold, the weight of the
letter model is on each fold's. Trained networks are kept in FOLDER (build/letters); the first
fold's are those in ``data/models``. When it is cut off, the next call goes on from the last run
finished.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn
from tqdm import tqdm

from course_utils.data import ALPHABET, Letters, load_letters
from course_utils.models import LetterCNN
from course_utils.reading import CRF_RECIPE, ChainCRF, LetterReader, teach_words
from course_utils.studies.letters import (
    AUGMENT,
    ONE_FOLD,
    Run,
    gain,
    parts,
    results,
    run,
    settings,
    stored,
    trained,
)
from course_utils.training import load_checkpoint, save_checkpoint
from tools.notebooks import ROOT, write_bytes

FOLDS = 5
BOTH = ("CNN", "CNN and CRF")


def plan(folds: int = FOLDS) -> list[Run]:
    """All runs, each once, the most telling first."""
    asked = [Run("unseen words", fold) for fold in range(folds)]
    asked += [Run("word", 0), Run("letter", 0), Run("unseen words", 0, "CNN and CRF")]
    asked += [Run(by, n, kind) for by, n in ((ONE_FOLD, 1), ("published", 0)) for kind in BOTH]
    asked += [Run("unseen words", fold, "balanced") for fold in (0, 3) if fold < folds]
    for fold in range(1, folds):
        asked += [Run("unseen words", fold, "CNN and CRF"), Run("word", fold), Run("letter", fold)]
    return asked


def network(asked: Run, letters: Letters, folder: Path) -> tuple[nn.Module, float]:
    """The trained network of a run and the seconds that its training took; kept in ``folder``."""
    name = "_".join(map(str, asked.key)).replace(" ", "_")
    path = folder / f"{name}.pt"
    model = LetterCNN()
    if asked.kind == "CNN and CRF":
        model = LetterReader(model, ChainCRF(len(ALPHABET)))
    if path.is_file():
        outcome = load_checkpoint(path, model)
        outcome.model.eval()
        return outcome.model, sum(outcome.history.seconds)
    split, begin = parts(letters, asked.by, asked.fold), time.process_time()
    if asked.kind == "CNN and CRF":
        below, _ = network(replace(asked, kind="CNN"), letters, folder)
        begin = time.process_time()
        recipe = replace(CRF_RECIPE, seed=asked.seed)
        outcome = teach_words(below, split.train, recipe, AUGMENT)
    else:
        outcome = trained(asked, split)
    outcome.history.seconds[:] = [time.process_time() - begin]
    save_checkpoint(path, outcome)
    outcome.model.eval()
    return outcome.model, sum(outcome.history.seconds)


def write(path: Path, runs: list[Run]) -> None:
    """Write runs with their settings and versions to ``path``, whole or not at all."""
    versions = {"python": platform.python_version(), "torch": str(torch.__version__)}
    contents = {"made by": "python -m benchmarks letters_study", **settings()}
    contents |= {"versions": versions, "runs": [asdict(r) for r in runs]}
    write_bytes(path, (json.dumps(contents, separators=(",", ":")) + "\n").encode("utf-8"))


def main(argv: list[str] | None = None) -> int:
    """Do the runs that the file lacks and print the study's tables; 2 for bad usage."""
    parser = argparse.ArgumentParser(description="Study how letters and words are read.")
    parser.add_argument("--folds", type=int, default=FOLDS)
    parser.add_argument("--json", type=Path, default=results(), metavar="FILE")
    parser.add_argument("--networks", type=Path, default=ROOT / "build" / "letters", metavar="DIR")
    options = parser.parse_args(argv)
    if not 1 <= options.folds <= FOLDS:
        parser.error(f"folds must be between 1 and {FOLDS}, got {options.folds}")
    torch.set_num_threads(1)  # the same sums in the same order on every machine
    wanted = plan(options.folds)
    done = {r.key: r for r in stored(options.json)} if options.json.is_file() else {}
    letters = load_letters()
    for asked in tqdm([r for r in wanted if r.key not in done], unit="run", disable=None):
        model, seconds = network(asked, letters, options.networks)
        done[asked.key] = replace(run(asked, letters, model), seconds=round(seconds, 1))
        write(options.json, [done[r.key] for r in wanted if r.key in done])
    print(tables([done[r.key] for r in wanted]))
    return 0


def tables(runs: list[Run]) -> str:
    """Letter errors by split and kind, and for unseen words the share of the words read rightly."""
    lines = [f"{'split':<14} {'kind':<12} {'folds':>5} {'wrong %':>8} {'macro %':>8} {'s':>5}"]
    for by, kind in dict.fromkeys((r.by, r.kind) for r in runs):
        mine = [r for r in runs if (r.by, r.kind) == (by, kind)]
        wrong, macro = (
            100 * np.mean([getattr(r, name) for r in mine]) for name in ("error", "macro_error")
        )
        seconds = np.mean([r.seconds for r in mine])
        lines.append(f"{by:<14} {kind:<12} {len(mine):>5} {wrong:8.2f} {macro:8.2f} {seconds:5.0f}")
    lines += ["", f"{'unseen words, read by':<24} {'right %':>8}"]
    methods = dict.fromkeys(m for r in runs for m in r.words if m != "all")
    for method in methods if "letters" in methods else ():
        mine = [r for r in runs if method in r.words]
        more, low, high = (100 * value for value in gain(runs, "letters", method))
        lines.append(
            f"{method:<24} {100 * np.mean([r.words_right(method) for r in mine]):8.2f}   "
            f"{more:+.1f} points beside letter by letter ({low:+.1f} to {high:+.1f})"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
