"""CTC: collapsing, the forward recursion, beams, word lists."""

import itertools

import numpy as np
import pytest
import torch

from course_utils.data import ALPHABET
from course_utils.reading import (
    WordTree,
    collapse,
    ctc_beam_search,
    ctc_greedy,
    ctc_log_probability,
    to_classes,
    to_text,
    word_probabilities,
)

TOY = np.log([[0.6, 0.4], [0.6, 0.4]])  # blank and "a", two steps


def random_scores(rng: np.random.Generator, steps: int, n_letters: int) -> np.ndarray:
    raw = torch.tensor(2 * rng.normal(size=(steps, n_letters + 1)))
    return raw.log_softmax(-1).numpy()


def texts_by_paths(log_probs: np.ndarray, alphabet: str) -> dict[str, float]:
    """The probability of every text, added up path by path."""
    found: dict[str, float] = {}
    steps, classes = log_probs.shape
    for path in itertools.product(range(classes), repeat=steps):
        text = to_text(collapse(path), alphabet)
        share = np.exp(log_probs[range(steps), path].sum())
        found[text] = found.get(text, 0.0) + share
    return found


def test_collapse_merges_first_and_drops_blanks_then() -> None:
    assert collapse([1, 1, 0, 1, 2, 2, 0, 0]) == [1, 1, 2]
    assert collapse(np.array([0, 0])) == [] and collapse([]) == []
    assert collapse([3, 3, 1, 3], blank=3) == [1]


def test_the_toy_whose_best_path_says_nothing() -> None:
    text, score = ctc_greedy(TOY, "a")
    assert text == "" and np.exp(score) == pytest.approx(0.36)
    (first, high), (second, low) = ctc_beam_search(TOY, alphabet="a")
    assert (first, second) == ("a", "")
    assert np.exp([high, low]) == pytest.approx([0.64, 0.36])


def test_the_loss_is_torchs_in_200_cases() -> None:
    rng, impossible = np.random.default_rng(0), 0
    for _ in range(200):
        steps, n_letters, length = (int(rng.integers(*ends)) for ends in ((1, 30), (1, 6), (0, 9)))
        alphabet = ALPHABET[:n_letters]
        scores = random_scores(rng, steps, n_letters)
        text = "".join(alphabet[k] for k in rng.integers(0, n_letters, length))
        theirs = torch.nn.CTCLoss(reduction="sum")(
            torch.from_numpy(scores)[:, None],
            torch.tensor([to_classes(text, alphabet)], dtype=torch.int64),
            torch.tensor([steps]),
            torch.tensor([length]),
        ).item()
        ours = -ctc_log_probability(scores, text, alphabet)
        assert ours == theirs if np.isinf(theirs) else ours == pytest.approx(theirs, abs=1e-9)
        impossible += np.isinf(theirs)
    assert 10 < impossible < 100


def test_a_wide_beam_finds_every_text_with_all_its_paths() -> None:
    rng = np.random.default_rng(1)
    for steps in (1, 2, 5):
        scores = random_scores(rng, steps, 2)
        every = texts_by_paths(scores, "ab")
        found = dict(ctc_beam_search(scores, 1_000, alphabet="ab", least=-np.inf))
        assert found.keys() == every.keys()
        for text, share in every.items():
            assert np.exp(found[text]) == pytest.approx(share)
            assert np.exp(ctc_log_probability(scores, text, "ab")) == pytest.approx(share)
        ranks = list(found.values())
        assert ranks == sorted(ranks, reverse=True)


WORDS = ["a", "ab", "abba", "aa", "bab", "bb", "baba"]


def test_words_of_a_list_and_no_others() -> None:
    rng, tree = np.random.default_rng(2), WordTree(WORDS, "ab")
    for _ in range(20):
        scores = random_scores(rng, 6, 2)
        exact = {word: np.exp(ctc_log_probability(scores, word, "ab")) for word in WORDS}
        whole = sum(exact.values())
        found = word_probabilities(scores, tree, len(WORDS), "ab")
        assert dict(found) == pytest.approx({w: share / whole for w, share in exact.items()})
        assert [share for _, share in found] == sorted((s for _, s in found), reverse=True)
        assert word_probabilities(scores, tree, 2, "ab") == found[:2]
        every = word_probabilities(3 * scores - np.log(np.exp(3 * scores).sum(1, keepdims=True)),
                                   tree, 7, "ab", least=1e-3)  # fmt: skip
        assert {word for word, _ in every} <= set(WORDS)
        beam = ctc_beam_search(scores, 100, words=tree, alphabet="ab", least=-np.inf)
        assert {w: np.exp(score) for w, score in beam} == pytest.approx(exact)
        assert [w for w, _ in beam] == [w for w, _ in found]


def test_long_strips_do_not_underflow() -> None:
    scores = random_scores(np.random.default_rng(3), 3_000, 2)
    tree = WordTree(WORDS, "ab")
    (best, share), *_ = word_probabilities(scores, tree, 7, "ab", least=0)
    exact = {word: ctc_log_probability(scores, word, "ab") for word in WORDS}
    assert best == max(exact, key=exact.get)
    assert share == pytest.approx(
        np.exp(exact[best] - np.logaddexp.reduce(list(exact.values()))), rel=1e-6
    )


def test_words_that_do_not_fit() -> None:
    tree = WordTree(["abba"], "ab")
    scores = random_scores(np.random.default_rng(4), 3, 2)
    assert ctc_log_probability(scores, "abba", "ab") == -np.inf
    assert word_probabilities(scores, tree, 3, "ab") == []
    assert ctc_beam_search(scores, words=tree, alphabet="ab") == []
    long_enough = random_scores(np.random.default_rng(5), 5, 2)  # a b _ b a
    assert word_probabilities(long_enough, tree, 3, "ab") == [("abba", pytest.approx(1.0))]


def test_the_trees_order() -> None:
    tree = WordTree(WORDS, "ab")
    assert sorted(tree.words.values()) == sorted(WORDS)
    assert (tree.parents[1:] < np.arange(1, len(tree.parents))).all()
    for node, following in enumerate(tree.children):
        for label, child in following.items():
            assert (tree.parents[child], tree.labels[child]) == (node, label)


def test_texts_and_classes() -> None:
    assert to_classes("cab") == [3, 1, 2] and to_text([3, 1, 2]) == "cab"
    with pytest.raises(ValueError, match=r"got \['C'\] in 'Cab'"):
        to_classes("Cab")
    with pytest.raises(ValueError, match="expected classes 1 … 26, got .*collapse"):
        to_text([0, 1])


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        (np.exp(TOY), "sum to 1 at every step, got sums of 3.31 … 3.31; probabilities want np.log"),
        (np.zeros((4, 2)), "log_softmax"),
        (np.zeros((0, 2)), "one step or more"),
        (TOY[0], r"shape \(steps, 2\)"),
        (np.log(np.full((2, 3), 1 / 3)), r"got \(2, 3\)"),
        (np.full((2, 2), np.nan), "got NaN"),
    ],
)
def test_scores_that_are_none(scores: np.ndarray, message: str) -> None:
    tree = WordTree(["a"], "a")
    for read in (
        lambda: ctc_greedy(scores, "a"),
        lambda: ctc_log_probability(scores, "a", "a"),
        lambda: ctc_beam_search(scores, alphabet="a"),
        lambda: word_probabilities(scores, tree, 1, "a"),
    ):
        with pytest.raises(ValueError, match=message):
            read()


def test_bad_asks() -> None:
    with pytest.raises(ValueError, match="1 or more texts wide, got 0"):
        ctc_beam_search(TOY, 0, alphabet="a")
    with pytest.raises(ValueError, match="n of 1 or more words, got 0"):
        word_probabilities(TOY, WordTree(["a"], "a"), 0, "a")
    with pytest.raises(ValueError, match="one or more words, none of them empty"):
        WordTree([])
    with pytest.raises(ValueError, match="none of them empty"):
        WordTree(["a", ""])
    with pytest.raises(TypeError, match="got the text 'cat'"):
        WordTree("cat")
