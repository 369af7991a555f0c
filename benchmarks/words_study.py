"""Reading words without cuts: training the network, and how well it reads hands it has not seen.

    python -m benchmarks words_study [--steps 4000] [--folder DIR] [--json FILE] [--measure]

Trains ``course_utils.reading.CRNN`` with CTC on words of the list, written in 36 hands and put
together from real letters, every strip drawn anew (``course_utils.studies.words``). Stores the
weights and their card in ``data/models/`` and the figures in ``data/studies/words.json``. Words,
seven hands and eleven of the real words are held back; they are read once, in four ways: the
likeliest path, a beam of 16 texts, such a beam with the word list, and the list as a whole.
A step takes about a quarter of a second of one core; a training that is cut off is gone on from,
also with more ``--steps`` while the learning rate has not begun to fall (the last 20 %).
``--measure`` reads with the stored network and trains none.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import platform
import sys
from pathlib import Path

import torch

from course_utils.data import data_folder
from course_utils.reading import (
    CRNN,
    TEST_APART,
    TEST_JOINED,
    TRAIN_HANDS,
    load_word_reader,
    save_word_reader,
)
from course_utils.studies import words as study
from tools.notebooks import write_bytes

KINDS = {
    "apart": "hands not seen, letters apart",
    "joined": "hands not seen, letters joined",
    "seen": "hands seen, words not seen",
    "real": "real letters, words not seen",
}


def table(rows: list[study.Reading]) -> str:
    """Shares of characters and of words read wrongly, in % and by kind, as Markdown."""
    lines = [
        "| characters wrong / words wrong | " + " | ".join(study.WAYS) + " | words |",
        "|:--|" + "--:|" * (len(study.WAYS) + 1),
    ]
    hands = dict.fromkeys((row.kind, row.hand) for row in rows if row.kind in ("apart", "joined"))
    parts = [(KINDS[kind], [row for row in rows if row.kind == kind]) for kind in KINDS]
    parts += [(hand, [row for row in rows if (row.kind, row.hand) == (kind, hand)])
              for kind, hand in hands]  # fmt: skip
    for name, mine in parts:
        if not mine:
            continue
        kind = mine[0].kind
        pairs = [study.total(mine, kind, way) for way in study.WAYS]
        shares = " | ".join(f"{100 * a:.1f} / {100 * b:.1f}" for a, b in pairs)
        n_words = sum(row.words for row in mine if row.way == "greedy")
        lines.append(f"| {name} | {shares} | {n_words:,} |")
    return "\n".join(lines)


def card(plan: study.Plan, rows: list[study.Reading], checksum: str) -> str:
    """What a reader should know of the stored network, as Markdown."""
    parameters = sum(weights.numel() for weights in CRNN().parameters())
    n_words = len(study.words_for_training())
    facts = {
        "network": f"`course_utils.reading.CRNN`, {parameters:,} parameters, in half precision",
        "input": "strips of 32 rows, ink 0 … 1 (`course_utils.reading.as_strip`)",
        "output": "log-probabilities of the blank and of a–z for every second column",
        "data": f"{n_words:,} words of `words/american-english-small` written in "
        f"{len(TRAIN_HANDS)} hands (`fonts/`), and, a share of {plan.real:g}, strips of real "
        f"letters (`letters.npz` but fold {study.FOLD} of unseen words); every strip drawn anew",
        "held back": f"every tenth word; the hands {', '.join((*TEST_APART, *TEST_JOINED))}",
        "recipe": f"CTC, AdamW, {plan.steps:,} steps of {plan.batch_size} strips, learning rate "
        f"{plan.max_lr:g}, falling over the last {plan.cool_down:.0%}, weight decay "
        f"{plan.weight_decay:g}",
        "seed": str(plan.seed),
        "torch": f"{torch.__version__}, Python {platform.python_version()}",
        "SHA-256 of `word_crnn.npz`": f"`{checksum}`",
    }
    lines = "\n".join(f"| {name} | {fact} |" for name, fact in facts.items())
    return f"""# Model card: `word_crnn.npz`

Made by `python -m benchmarks words_study --steps {plan.steps}`; read with
`course_utils.reading.load_word_reader()`.

| | |
|---|---|
{lines}

What it misread, in % of the characters (edits) and of the words:

{table(rows)}

"list": the likeliest word of the whole list, in which the true word always stands, but for the real
letters, where {_missing()} of the eleven words are not in it.

**Meant for** single words of lower-case letters; for teaching. **Not meant for** anything where a
wrong word costs somebody money or health, for capitals, digits and whole lines. Hands are fonts,
bent and stretched: how well it reads *people* has been measured on strips of real letters only.

Licence of the weights: MIT, as the code; of fonts, letters and words see the
[data card](../README.md).
"""


def _missing() -> int:
    listed = set(study.word_tree("real").words.values())
    return sum(word not in listed for word in study.UNSEEN_FOLDS[study.FOLD])


def store(folder: Path, figures: Path, plan: study.Plan, losses: list[float], n: int) -> None:
    """Let the network stored in ``folder`` read, and write figures and card."""
    rows = study.measure(load_word_reader(folder), n)
    text = json.dumps(study.contents(plan, losses, rows), indent=1) + "\n"
    write_bytes(figures, text.encode("utf-8"))
    checksum = hashlib.sha256((folder / "word_crnn.npz").read_bytes()).hexdigest()
    write_bytes(folder / "word_crnn.md", card(plan, rows, checksum).encode("utf-8"))
    print(table(rows))


def main(argv: list[str] | None = None) -> int:
    """Train, store and measure; 2 for bad usage."""
    parser = argparse.ArgumentParser(description="Read words without cuts.")
    parser.add_argument("--steps", type=int, default=study.Plan().steps)
    parser.add_argument("--words", type=int, default=study.WORDS_A_HAND, help="of each test hand")
    parser.add_argument("--folder", type=Path, default=data_folder() / "models", metavar="DIR")
    parser.add_argument("--json", type=Path, default=study.results(), metavar="FILE")
    parser.add_argument("--measure", action="store_true", help="read with the stored network")
    options = parser.parse_args(argv)
    if options.steps < 1 or options.words < 1:
        parser.error(f"expected 1 or more, got {options.steps} steps and {options.words} words")
    if options.measure:
        saved = json.loads(options.json.read_text(encoding="utf-8"))
        plan, losses = study.Plan(**saved["plan"]), saved["loss"]
    else:
        plan = study.Plan(steps=options.steps)
        unfinished = options.folder / "word_crnn.unfinished.pt"
        network, losses = study.train(plan, unfinished)
        save_word_reader(options.folder / "word_crnn.npz", network)
        unfinished.unlink()
    store(options.folder, options.json, plan, losses, options.words)
    return 0


if __name__ == "__main__":
    sys.exit(main())
