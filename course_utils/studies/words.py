"""Chapter 7's study of words: a network taught to read words in many hands, and how well it reads.

``python -m benchmarks words_study`` trains it, stores it in ``data/models/word_crnn.pt`` and what
it reads in ``data/studies/words.json``; the chapter repeats a part with the same functions.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from course_utils.data import (
    ALPHABET,
    UNSEEN_FOLDS,
    data_folder,
    load_letters,
    load_words,
    split_letters,
    whole_file,
)
from course_utils.reading import (
    CRNN,
    TEST_APART,
    TEST_JOINED,
    TRAIN_HANDS,
    WordTree,
    as_batch,
    as_targets,
    ctc_beam_search,
    ctc_greedy,
    join_letters,
    n_steps,
    reading_errors,
    split_words,
    word_probabilities,
    word_scores,
    write_word,
)

FOLD = 0  # of the letters by unseen words: its eleven words are for testing
CHUNK = 8  # batches that are drawn together and sorted by width
KEPT = 248  # steps between two checkpoints
REPORTED = 248  # steps whose mean loss is kept
WORDS_A_HAND = 500  # that each test hand writes
BY_BEAM = 100  # of them read by a beam without a list, which takes longest
WAYS = ("greedy", "beam", "beam with list", "list")
SURE = 0.9  # a word's probability, given the list, from which it counts as sure


@dataclass(frozen=True)
class Plan:
    """How the network is trained: AdamW on strips drawn anew at every step.

    The learning rate rises over ``warm_up`` steps to ``max_lr``, stays, and falls to 0 over the
    last ``cool_down`` (a share) of ``steps``: a run may be made shorter while it stays.
    ``real``: share of strips put together from real letters; the others are written in hands.
    """

    steps: int = 4_000
    batch_size: int = 32
    max_lr: float = 2e-3
    warm_up: int = 300
    cool_down: float = 0.2
    weight_decay: float = 0.01
    real: float = 0.2
    seed: int = 0

    def lr(self, step: int) -> float:
        """The learning rate of a step, counted from 0."""
        left = (self.steps - step) / (self.cool_down * self.steps)
        return self.max_lr * min(1.0, (step + 1) / self.warm_up, left)


def words_for_training() -> list[str]:
    """Words of the list that may be learned from.

    Without every tenth, for testing; and without the held-back words of the real letters, also
    where such a word is one of the list's that has lost its first letter.
    """
    held_back = {*UNSEEN_FOLDS[FOLD], *UNSEEN_FOLDS[FOLD + 1][:4]}
    words = [w for w in load_words() if w not in held_back and w[1:] not in held_back]
    return split_words(words)[0]


class Teacher:
    """Draws the strips to learn from: the same for the same seed and chunk."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.words = words_for_training()
        letters = split_letters(load_letters(), "unseen words", FOLD).train
        self.writings = letters.images.split(letters.word_lengths())
        self.spellings = letters.spellings()
        self.single = [letters.images[letters.labels == k].numpy() for k in range(len(ALPHABET))]

    def chunk(self, number: int) -> list[tuple[Tensor, Tensor, list[str]]]:
        """``CHUNK`` batches of strips (n, 1, 32, width), their widths, and what they say."""
        chance = np.random.default_rng([self.plan.seed, number])
        size = self.plan.batch_size
        drawn = [self.example(chance) for _ in range(CHUNK * size)]
        drawn.sort(key=lambda pair: pair[0].shape[1])
        batches = [drawn[k : k + size] for k in range(0, len(drawn), size)]
        return [
            (*as_batch([strip for strip, _ in batches[k]]), [word for _, word in batches[k]])
            for k in chance.permutation(CHUNK)
        ]

    def example(self, chance: np.random.Generator) -> tuple[np.ndarray, str]:
        """One strip and what it says."""
        if chance.random() >= self.plan.real:
            word = self.words[chance.integers(len(self.words))]
            hand = TRAIN_HANDS[chance.integers(len(TRAIN_HANDS))]
            return write_word(word, hand, chance), word
        if chance.random() < 0.5:
            k = int(chance.integers(len(self.writings)))
            return join_letters(self.writings[k], chance), self.spellings[k]
        word = self.words[chance.integers(len(self.words))]
        known = [self.single[ALPHABET.index(letter)] for letter in word]
        images = np.stack([images[chance.integers(len(images))] for images in known])
        return join_letters(images, chance), word


def train(
    plan: Plan, checkpoint: Path | None = None, progress: bool = True
) -> tuple[CRNN, list[float]]:
    """Train as planned; the network, ready to read, and the mean loss of about every 250 steps.

    A ``checkpoint`` that exists is gone on from; the plan may have other ``steps`` than before as
    long as the learning rate had not begun to fall. The result is that of an unbroken run.
    Raises ValueError for a checkpoint that is further than the plan goes.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(plan.seed)
        network = CRNN()
        optimiser = torch.optim.AdamW(
            network.parameters(), plan.max_lr, weight_decay=plan.weight_decay
        )
        state = {"step": 0, "losses": [], "recent": []}
        if checkpoint is not None and checkpoint.exists():
            saved = torch.load(checkpoint, weights_only=True)
            network.load_state_dict(saved["network"])
            optimiser.load_state_dict(saved["optimiser"])
            state = {name: saved[name] for name in state}
        if state["step"] > plan.steps:
            raise ValueError(
                f"{checkpoint} has {state['step']:,} steps: expected at most the plan's "
                f"{plan.steps:,}; make the plan longer, or remove the file"
            )
        _go_on(network.train(), optimiser, plan, state, checkpoint, progress)
    return network.eval(), state["losses"]


def _go_on(
    network: CRNN,
    optimiser: torch.optim.Optimizer,
    plan: Plan,
    state: dict,
    checkpoint: Path | None,
    progress: bool,
) -> None:
    """Train from the state to the end of the plan, chunk by chunk."""
    teacher = Teacher(plan)
    while state["step"] < plan.steps:
        number = state["step"] // CHUNK
        torch.manual_seed(plan.seed + 1_000_003 * (number + 1))  # for dropout
        for batch, widths, words in teacher.chunk(number):
            for group in optimiser.param_groups:
                group["lr"] = max(plan.lr(state["step"]), 0.0)
            state["recent"].append(_step(network, optimiser, batch, widths, words))
            state["step"] += 1
        if len(state["recent"]) >= REPORTED:
            state["losses"].append(float(np.mean(state["recent"])))
            state["recent"].clear()
            if progress:
                print(f"step {state['step']:,}: loss {state['losses'][-1]:.3f}", flush=True)
        if checkpoint is not None and (state["step"] % KEPT < CHUNK or state["step"] >= plan.steps):
            weights = {"network": network.state_dict(), "optimiser": optimiser.state_dict()}
            with whole_file(checkpoint) as out:
                torch.save(weights | state, out)


def _step(
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    batch: Tensor,
    widths: Tensor,
    words: list[str],
) -> float:
    """One step of training; its loss, per word."""
    targets, lengths = as_targets(words)
    scores = network(batch)
    losses = nn.functional.ctc_loss(
        scores.transpose(0, 1),
        targets,
        n_steps(widths),
        lengths,
        reduction="none",
        zero_infinity=True,
    )
    optimiser.zero_grad()
    losses.mean().backward()
    nn.utils.clip_grad_norm_(network.parameters(), 10.0)
    optimiser.step()
    return float(losses.detach().mean())


@dataclass(frozen=True)
class Reading:
    """How well words of one kind were read in one way: "greedy", "beam" (of 16 texts), "beam with
    list", or "list": the most probable word of the whole list.

    ``kind``: "apart" and "joined", hands never seen; "seen", the training hands with words never
    seen; "real", unseen words put together from real letters. ``edits`` of ``characters`` and
    ``wrong`` of ``words``; with a list how many were ``sure``, and how many of these wrong.
    """

    kind: str
    hand: str
    way: str
    words: int
    characters: int
    edits: int
    wrong: int
    sure: int = 0
    sure_wrong: int = 0


def unseen_strips(
    kind: str, hand: str, n: int = WORDS_A_HAND
) -> tuple[list[np.ndarray], list[str]]:
    """Strips that nothing was learned from, the same at every call, and what they say.

    ``hand`` writes ``n`` of the test words; for the kind "real", up to ``n`` writings of the
    held-back words are put together from their own letters.
    """
    chance = np.random.default_rng([7, *hand.encode()])
    if kind == "real":
        letters = split_letters(load_letters(), "unseen words", FOLD).test
        writings, spellings = letters.images.split(letters.word_lengths()), letters.spellings()
        chosen = chance.permutation(len(writings))[:n]
        return [join_letters(writings[k], chance) for k in chosen], [spellings[k] for k in chosen]
    words = split_words(load_words())[1]
    chosen = [words[k] for k in chance.permutation(len(words))[:n]]
    return [write_word(word, hand, chance) for word in chosen], chosen


def word_tree(kind: str) -> WordTree:
    """The list that readings are held against: for real letters, of words without their first."""
    return WordTree(load_words(2, 20, first_letter=False) if kind == "real" else load_words())


def read(
    scores: Sequence[np.ndarray], truth: Sequence[str], tree: WordTree, kind: str, hand: str
) -> list[Reading]:
    """Read all in all ``WAYS``, by a beam without a list only the first ``BY_BEAM``."""
    likely = [word_probabilities(each, tree, 1) for each in scores]
    texts = {
        "greedy": [ctc_greedy(each)[0] for each in scores],
        "beam": [ctc_beam_search(each)[0][0] for each in scores[:BY_BEAM]],
        "beam with list": [_first(ctc_beam_search(each, words=tree)) for each in scores],
        "list": [_first(each) for each in likely],
    }
    sure = [bool(found) and found[0][1] >= SURE for found in likely]
    mistaken = [a and b != c for a, b, c in zip(sure, texts["list"], truth, strict=True)]
    rows = []
    for way in WAYS:
        found = reading_errors(texts[way], truth[: len(texts[way])])
        counts = (found.words, found.characters, found.edits, found.wrong)
        certain = (sum(sure), sum(mistaken)) if way == "list" else ()
        rows.append(Reading(kind, hand, way, *counts, *certain))
    return rows


def measure(network: nn.Module, n: int = WORDS_A_HAND) -> list[Reading]:
    """Let the network read all that it was not taught: hands, words, and real letters."""
    rows = []
    tree = word_tree("apart")
    for kind, hands in {"apart": TEST_APART, "joined": TEST_JOINED, "seen": TRAIN_HANDS}.items():
        for hand in hands:
            strips, truth = unseen_strips(kind, hand, n if kind != "seen" else max(n // 40, 1))
            rows += read(word_scores(network, strips), truth, tree, kind, hand)
    strips, truth = unseen_strips("real", "real letters", 2 * n)
    return rows + read(word_scores(network, strips), truth, word_tree("real"), "real", "all")


def _first(found: Sequence[tuple[str, float]]) -> str:
    return found[0][0] if found else ""


def results() -> Path:
    """The file of the stored figures."""
    return data_folder() / "studies" / "words.json"


def contents(plan: Plan, losses: Sequence[float], rows: Sequence[Reading]) -> dict:
    """All figures as they are stored."""
    return {
        "made by": "python -m benchmarks words_study",
        "plan": asdict(plan),
        "loss": [round(loss, 4) for loss in losses],
        "readings": [asdict(row) for row in rows],
    }


def stored(path: Path | None = None) -> list[Reading]:
    """The readings stored in ``path``, or those of the course."""
    saved = json.loads((path or results()).read_text(encoding="utf-8"))
    return [Reading(**row) for row in saved["readings"]]


def total(rows: Sequence[Reading], kind: str, way: str) -> tuple[float, float]:
    """Shares of characters and of words read wrongly, over all hands of a kind.

    Raises ValueError when there is no such row.
    """
    mine = [row for row in rows if (row.kind, row.way) == (kind, way)]
    if not mine:
        raise ValueError(f"there is no reading of kind {kind!r} in the way {way!r}")
    edits, characters = sum(row.edits for row in mine), sum(row.characters for row in mine)
    return edits / characters, sum(row.wrong for row in mine) / sum(row.words for row in mine)
