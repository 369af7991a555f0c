"""Chapter 7's study of letters: one network under several splits, and the words they make.

``python -m benchmarks letters_study`` runs the whole and stores it in
``data/studies/letters.json``; the chapter repeats a part of it with the same functions.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from course_utils.augment import Augment
from course_utils.data import ALPHABET, Letters, LetterSplit, data_folder, split_letters
from course_utils.models import LetterCNN
from course_utils.reading import (
    CRF_RECIPE,
    METHODS,
    LetterReader,
    chosen_speller,
    read_with_crf,
    read_words,
)
from course_utils.training import Fit, Recipe, fit, logits, set_seed

RECIPE = Recipe(
    epochs=7,
    batch_size=128,
    max_lr=0.1,
    optimiser="sgd",
    weight_decay=5e-4,
    label_smoothing=0.1,
    precision="float32",
)
AUGMENT = Augment(rotation=8, shift=0.7, scale=0.1, shear=0.15)
ONE_FOLD = "one fold"  # learns from one fold of the file and is tested on the nine others
KINDS = ("CNN", "balanced", "CNN and CRF")
ORDER, WEIGHTS = 5, (0.2, 0.4, 0.6, 0.8, 1.0)  # of the letter model; the best weight is chosen


@dataclass(frozen=True)
class Run:
    """One training: what was asked, and what came of it on the test part.

    ``by``, ``fold``: the split, as for ``split_letters``, or "one fold". ``kind``: "CNN";
    "balanced", the same network taught by as many of each letter; "CNN and CRF", the network of the
    first kind taught on, together with a chain CRF. ``seed``: of first weights and order.
    ``counts``: how many letters of each label there are (26). ``confusions``: how often a letter
    was read as another, by "true read". ``words``: for whole words, by method how many writings of
    each word were read rightly; under "all", how many there are.
    """

    by: str
    fold: int
    kind: str = "CNN"
    seed: int = 0
    counts: tuple[int, ...] = ()
    confusions: dict[str, int] = field(default_factory=dict)
    words: dict[str, dict[str, int]] = field(default_factory=dict)
    weight: float = 0.0
    seconds: float = 0.0

    @property
    def key(self) -> tuple:
        """What tells this run from the others."""
        return self.by, self.fold, self.kind, self.seed

    @property
    def error(self) -> float:
        """Share of the test letters that were read wrongly."""
        return sum(self.confusions.values()) / sum(self.counts)

    @property
    def macro_error(self) -> float:
        """Mean over the letters of the alphabet that occur of the share that was read wrongly."""
        wrong = Counter()
        for pair, n in self.confusions.items():
            wrong[pair[0]] += n
        shares = [wrong[a] / n for a, n in zip(ALPHABET, self.counts, strict=True) if n]
        return float(np.mean(shares))

    def words_right(self, method: str) -> float:
        """Share of the test words that a method read rightly. Raises KeyError for another."""
        return sum(self.words[method].values()) / sum(self.words["all"].values())


def parts(letters: Letters, by: str, fold: int) -> LetterSplit:
    """The split, as ``split_letters`` makes it, or for "one fold" its fold against all others.

    There the last eleventh of the fold's writings validates. Raises ValueError as it does.
    """
    if by != ONE_FOLD:
        return split_letters(letters, by, fold)
    inside = letters.select(letters.folds == fold)
    held_back = torch.isin(inside.words, inside.words.unique()[::11])
    test = letters.select(letters.folds != fold)
    return LetterSplit(inside.select(~held_back), inside.select(held_back), test)


def balanced(train: Letters, seed: int) -> Letters:
    """As many letters in all, each of the alphabet equally often, drawn with replacement."""
    shares = 1 / torch.bincount(train.labels, minlength=len(ALPHABET)).double()
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.multinomial(
        shares[train.labels], len(train), replacement=True, generator=generator
    )
    return train.select(drawn)


def trained(asked: Run, split: LetterSplit) -> Fit:
    """A ``LetterCNN`` taught by the training part, for the kinds "CNN" and "balanced".

    For one fold, a ninth of the letters, four times as many epochs.
    """
    epochs = RECIPE.epochs * (4 if asked.by == ONE_FOLD else 1)
    train = balanced(split.train, asked.seed) if asked.kind == "balanced" else split.train
    set_seed(asked.seed)
    recipe = replace(RECIPE, seed=asked.seed, epochs=epochs)
    return fit(LetterCNN(), train, recipe=recipe, augment=AUGMENT, device="cpu", progress=False)


def run(asked: Run, letters: Letters, network: nn.Module) -> Run:
    """What a trained network reads of the test part: letters, and words where all are unseen.

    ``network``: of ``trained``, or for "CNN and CRF" of ``teach_words``.
    """
    split = parts(letters, asked.by, asked.fold)
    scores = logits(network, split.test.images).log_softmax(1)
    read = scores.argmax(1)
    if isinstance(network, LetterReader):
        read = read_with_crf(network, split.test)
    counts = torch.bincount(split.test.labels, minlength=len(ALPHABET)).tolist()
    pairs = Counter(
        f"{ALPHABET[true]} {ALPHABET[other]}"
        for true, other in zip(split.test.labels.tolist(), read.tolist(), strict=True)
        if true != other
    )
    found = replace(asked, counts=tuple(counts), confusions=dict(pairs.most_common()))
    if asked.by != "unseen words":
        return found
    if isinstance(network, LetterReader):
        texts = replace_labels(split.test, read).spellings()
        return replace(found, words=by_word(split.test.spellings(), {"CRF": texts}))
    speller = chosen_speller(network, split, WEIGHTS, ORDER)
    texts = {method: read_words(speller, network, split.test, method) for method in METHODS}
    words = by_word(split.test.spellings(), texts)
    return replace(found, words=words, weight=speller.weight)


def replace_labels(letters: Letters, labels: Tensor) -> Letters:
    """The same letters, said to be others."""
    return replace(letters, labels=labels)


def by_word(true: Sequence[str], texts: dict[str, list[str]]) -> dict[str, dict[str, int]]:
    """By method how many writings of each word were read rightly; "all": how many there are."""
    found = {"all": dict(Counter(true))}
    for method, read in texts.items():
        right = Counter(word for word, text in zip(true, read, strict=True) if word == text)
        found[method] = {word: right[word] for word in found["all"]}
    return found


def settings() -> dict:
    """What all runs have in common, as it is stored with them."""
    shared = {k: v for k, v in vars(RECIPE).items() if k != "seed"}
    names = {"epochs": "epochs", "batch": "batch_size", "rate": "max_lr"}
    crf = {name: getattr(CRF_RECIPE, full) for name, full in names.items()}
    words = {"order": ORDER, "weights": list(WEIGHTS)}
    changes = {k: v for k, v in vars(AUGMENT).items() if v != vars(Augment())[k]}
    return {
        "network": LetterCNN.__name__,
        "recipe": shared,
        "augment": changes,
        "crf": crf,
        "words": words,
    }


def results() -> Path:
    """The file of the stored runs."""
    return data_folder() / "studies" / "letters.json"


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
            "python -m benchmarks letters_study"
        )
    return [Run(**r | {"counts": tuple(r["counts"])}) for r in contents["runs"]]


def of_kind(runs: Sequence[Run], by: str, kind: str = "CNN") -> list[Run]:
    """The runs of one split and kind, in the order of their folds."""
    return sorted((r for r in runs if (r.by, r.kind) == (by, kind)), key=lambda r: r.fold)


def confusions(runs: Sequence[Run]) -> list[tuple[str, int, float]]:
    """What is confused in all runs together: (true and read letter, how often, share of the true).

    The most frequent come first.
    """
    counts = np.sum([r.counts for r in runs], axis=0)
    pairs = sum((Counter(r.confusions) for r in runs), Counter())
    return [(pair, n, n / counts[ALPHABET.index(pair[0])]) for pair, n in pairs.most_common()]


def gain(runs: Sequence[Run], first: str, second: str, seed: int = 0) -> tuple[float, float, float]:
    """By how much more of the words ``second`` reads rightly than ``first``, with a 95 % interval.

    All shares between 0 and 1: (gain, low, high). Writings of one word are not independent of each
    other: the bootstrap draws whole words, 10,000 times as many as there are, with replacement.
    ``first`` and ``second``: methods in ``Run.words``; the words that both were tried on count.
    Raises ValueError when there are none.
    Source: B. Efron, R. Tibshirani, An introduction to the bootstrap (1993).
    """
    right: dict[str, Counter] = {name: Counter() for name in ("all", first, second)}
    for r in runs:
        for name in right.keys() & r.words.keys():
            if name != "all" or first in r.words:
                right[name].update(r.words[name])
    shared = sorted(right[first].keys() & right[second].keys())
    if not shared:
        raise ValueError(f"expected words read by {first!r} and by {second!r}, got none")
    rows = np.array([(right[second][w] - right[first][w], right["all"][w]) for w in shared])
    draws = np.random.default_rng(seed).integers(0, len(rows), (10_000, len(rows)))
    sums = rows[draws].sum(1)
    low, high = np.quantile(sums[:, 0] / sums[:, 1], (0.025, 0.975))
    difference, written = rows.sum(0)
    return float(difference / written), float(low), float(high)
