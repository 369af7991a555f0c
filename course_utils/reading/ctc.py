"""Connectionist temporal classification (CTC): from scores of every time step to a text, and back.

``log_probs`` are natural logarithms of probabilities, float (steps, classes): at every time step a
distribution over the blank ("no letter here") and the letters of an alphabet. A path names one
class for each step; the text it stands for is what is left when repeats are merged and blanks are
dropped. A text's probability is the sum over all its paths.
Source: A. Graves, S. Fernández, F. Gomez, J. Schmidhuber, Connectionist temporal classification
(2006).
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

import numpy as np

from course_utils.data import ALPHABET

BLANK = 0  # class of "no letter"; the letter in place k of the alphabet is class k + 1
_NONE = -np.inf
_LEAVE_OUT_EVERY = 4  # steps
_SUM_TO_ONE = 1e-2  # how far the probabilities of a step may be from 1 in all: half precision


def collapse(path: Sequence[int] | np.ndarray, blank: int = BLANK) -> list[int]:
    """The classes that a path stands for: repeats merged first, then blanks dropped.

    [1, 1, 0, 1, 2, 2] is [1, 1, 2]: only a blank keeps equal letters apart.
    """
    return [int(label) for label, _ in groupby(path) if label != blank]


def to_text(classes: Iterable[int], alphabet: str = ALPHABET) -> str:
    """Classes from 1 as letters. Raises ValueError for a class that is no letter."""
    found = list(classes)
    if not all(1 <= label <= len(alphabet) for label in found):
        raise ValueError(f"expected classes 1 … {len(alphabet)}, got {found}; collapse paths first")
    return "".join(alphabet[label - 1] for label in found)


def to_classes(text: str, alphabet: str = ALPHABET) -> list[int]:
    """Letters as classes from 1. Raises ValueError for a sign that the alphabet lacks."""
    missing = sorted(set(text) - set(alphabet))
    if missing:
        raise ValueError(f"expected letters of {alphabet!r}, got {missing} in {text!r}")
    return [alphabet.index(letter) + 1 for letter in text]


def ctc_greedy(log_probs: np.ndarray, alphabet: str = ALPHABET) -> tuple[str, float]:
    """The text of the most probable path, and the logarithm of that *path's* probability.

    Fast, but other texts may be more probable: their probability may be spread over many paths.
    Raises ValueError as ``check_scores``.
    """
    log_probs = check_scores(log_probs, alphabet)
    best = log_probs.argmax(axis=1)
    return to_text(collapse(best), alphabet), float(log_probs.max(axis=1).sum())


def ctc_log_probability(log_probs: np.ndarray, text: str, alphabet: str = ALPHABET) -> float:
    """The logarithm of a text's probability: minus the CTC loss; -inf when no path can say it.

    The forward recursion, in logarithms. Blanks are put around and between the letters, so that
    place s of 2 · len(text) + 1 is a blank where s is even; ``ahead[s]`` is the probability of all
    beginnings of paths that end at place s. A step stays, goes on by one place, or skips a blank
    between two different letters.
    Raises ValueError as ``check_scores``, and for a sign that the alphabet lacks.
    """
    log_probs = check_scores(log_probs, alphabet)
    classes = to_classes(text, alphabet)
    places = np.full(2 * len(classes) + 1, BLANK)
    places[1::2] = classes
    may_skip = np.zeros(len(places), dtype=bool)
    may_skip[2:] = (places[2:] != BLANK) & (places[2:] != places[:-2])
    ahead = np.full(len(places), _NONE)
    ahead[:2] = log_probs[0, places[:2]]
    for step in log_probs[1:]:
        by_one = np.concatenate([[_NONE], ahead[:-1]])
        by_two = np.where(
            may_skip, np.concatenate([[_NONE, _NONE], ahead[:-2]])[: len(places)], _NONE
        )
        ahead = np.logaddexp(np.logaddexp(ahead, by_one), by_two) + step[places]
    return float(np.logaddexp.reduce(ahead[-2:]))


class WordTree:
    """A list of words as a tree of their beginnings: which letters may follow one.

    Node 0 is the empty beginning. ``children``: for each node the nodes that its letters (classes)
    lead to. ``words``: node → word, where a word ends. ``parents`` and ``labels``: for each node
    the node before it and the letter between, int64 (nodes,); parents come before their children.
    Raises ValueError for no words, an empty one, and a sign that the alphabet lacks; TypeError for
    a single text.
    """

    def __init__(self, words: Iterable[str], alphabet: str = ALPHABET) -> None:
        if isinstance(words, str):
            raise TypeError(f"words must be a list or set of words, got the text {words!r}")
        children: list[dict[int, int]] = [{}]
        ends, parents, labels, depths = {}, [0], [BLANK], [0]
        for word in words:
            node = 0
            for label in to_classes(word, alphabet):
                following = children[node].get(label)
                if following is None:
                    following = children[node][label] = len(parents)
                    children.append({})
                    parents.append(node)
                    labels.append(label)
                    depths.append(depths[node] + 1)
                node = following
            ends[node] = word
        if not ends or 0 in ends:
            raise ValueError("expected one or more words, none of them empty")
        order = np.argsort(depths, kind="stable")  # short beginnings first
        place = np.empty_like(order)
        place[order] = np.arange(len(order))
        self.children = [
            {label: int(place[child]) for label, child in children[node].items()} for node in order
        ]
        self.words: dict[int, str] = {int(place[node]): word for node, word in ends.items()}
        self.parents, self.labels = place[np.array(parents)[order]], np.array(labels)[order]
        self.levels = np.cumsum(np.bincount(depths))  # where the nodes of each depth end

    def from_these(self, begun: np.ndarray) -> np.ndarray:
        """The nodes, int64 (m,) in order, that are, or go on from, one of the nodes ``begun``."""
        reached = np.zeros(len(self.parents), dtype=bool)
        reached[begun] = True
        for start, end in pairwise(self.levels):
            reached[start:end] |= reached[self.parents[start:end]]
        return np.flatnonzero(reached)


def word_probabilities(
    log_probs: np.ndarray,
    tree: WordTree,
    n: int = 5,
    alphabet: str = ALPHABET,
    *,
    least: float = 1e-9,
) -> list[tuple[str, float]]:
    """The ``n`` most probable words of a list, best first, and the probability of each.

    The forward recursion is run over the whole tree, whose beginnings the words share. The
    probabilities are those given that the text is in the list: over all of it they sum to 1. Words
    too long for the number of steps have 0. So have those of which, after some step, every
    beginning has less than ``least`` times the probability of the best one: that saves most of the
    time (0 leaves none out). Empty when that is so for every word.
    Raises ValueError for n below 1, and as ``check_scores``.
    """
    if n < 1:
        raise ValueError(f"expected n of 1 or more words, got {n}")
    probabilities = np.exp(check_scores(log_probs, alphabet))
    nodes = np.arange(len(tree.parents))
    labels, parents, doubled = _relations(tree, nodes)
    blank, letter = np.zeros(len(nodes) + 1), np.zeros(len(nodes) + 1)
    blank[0] = 1.0
    for k, step in enumerate(probabilities):
        both = blank + letter
        before = both[parents]
        before[doubled] = blank[parents[doubled]]  # a letter doubles only after a blank
        letter += before
        letter *= step[labels]
        blank = np.multiply(both, step[BLANK], out=both)
        if k % _LEAVE_OUT_EVERY == _LEAVE_OUT_EVERY - 1:
            scale = max(letter.max(), blank.max()) or 1.0  # nothing may become too small
            blank, letter = blank / scale, letter / scale
            left = tree.from_these(nodes[(blank + letter)[:-1] >= least])
            if len(left) < 0.9 * len(nodes):
                at = np.append(np.searchsorted(nodes, left), len(nodes))
                nodes, blank, letter = left, blank[at], letter[at]
                labels, parents, doubled = _relations(tree, nodes)
    shares = {tree.words[node]: k for k, node in enumerate(nodes.tolist()) if node in tree.words}
    found = (blank + letter)[list(shares.values())]
    if not found.sum() > 0:
        return []
    best = np.argsort(-found, kind="stable")[:n]
    words = list(shares)
    return [(words[k], float(found[k] / found.sum())) for k in best if found[k] > 0]


def _relations(tree: WordTree, nodes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Letters of some nodes of a tree, where their parents are among them, and who has the same.

    One place more stands at the end, for parents left out.
    """
    above = tree.parents[nodes]
    places = np.searchsorted(nodes, above)
    places[(nodes[places] != above) | (nodes == 0)] = len(nodes)
    labels = np.append(tree.labels[nodes], BLANK)
    doubled = np.flatnonzero(labels[:-1] == tree.labels[above])
    return labels, np.append(places, len(nodes)), doubled[nodes[doubled] != 0]


@dataclass
class _Beginning:
    """A beginning of a text in the beam: the probability of its paths that end in a blank, and of
    those that end in its last letter; its place in the word tree.
    """

    blank: float = _NONE
    letter: float = _NONE
    node: int = 0

    @property
    def total(self) -> float:
        return _add(self.blank, self.letter)


def ctc_beam_search(
    log_probs: np.ndarray,
    width: int = 16,
    *,
    words: WordTree | None = None,
    alphabet: str = ALPHABET,
    least: float = -12.0,
) -> list[tuple[str, float]]:
    """The most probable texts, best first, each with the logarithm of its probability.

    Prefix beam search: after every step the ``width`` most probable beginnings are kept; paths that
    say the same are added up. With ``words`` only texts of that list are looked for. Letters whose
    logarithm of probability is below ``least`` at a step are not tried there (unless nothing would
    be), which loses next to nothing and saves most of the time. The probabilities are of the paths
    that were kept: lower bounds, and they do not sum to 1 over a list.
    Empty when a list is given and no word of it fits into the beam.
    Raises ValueError for a width below 1, and as ``check_scores``.
    Source: A. Hannun, A. Maas, D. Jurafsky, A. Ng, First-pass large vocabulary continuous speech
    recognition using bi-directional recurrent DNNs (2014).
    """
    log_probs = check_scores(log_probs, alphabet)
    if width < 1:
        raise ValueError(f"the beam must be 1 or more texts wide, got {width}")
    beam: dict[tuple[int, ...], _Beginning] = {(): _Beginning(blank=0.0)}
    for step in log_probs.tolist():
        tried = [label for label, score in enumerate(step) if label != BLANK and score > least]
        grown = _grown(beam, step, tried, words)
        best = sorted(grown.items(), key=lambda item: item[1].total, reverse=True)
        beam = dict(best[:width])
    found = [
        (to_text(text, alphabet), state.total)
        for text, state in beam.items()
        if (words is None or state.node in words.words) and state.total > _NONE
    ]
    return sorted(found, key=lambda pair: pair[1], reverse=True)


def _grown(
    beam: dict[tuple[int, ...], _Beginning],
    step: list[float],
    tried: list[int],
    words: WordTree | None,
) -> dict[tuple[int, ...], _Beginning]:
    """The beginnings after one more time step."""
    grown: dict[tuple[int, ...], _Beginning] = {}

    def at(text: tuple[int, ...], node: int) -> _Beginning:
        if text not in grown:
            grown[text] = _Beginning(node=node)
        return grown[text]

    for text, state in beam.items():
        total = state.total
        same = at(text, state.node)
        same.blank = _add(same.blank, total + step[BLANK])
        if text:
            same.letter = _add(same.letter, state.letter + step[text[-1]])
        following = None if words is None else words.children[state.node]
        for label in tried:
            if following is not None and label not in following:
                continue
            longer = at((*text, label), 0 if following is None else following[label])
            # A letter doubles only when a blank stood between.
            before = state.blank if text and text[-1] == label else total
            longer.letter = _add(longer.letter, before + step[label])
    return grown


def _add(a: float, b: float) -> float:
    """The logarithm of the sum of two numbers given by their logarithms."""
    high, low = (a, b) if a >= b else (b, a)
    return high if low == _NONE else high + math.log1p(math.exp(low - high))


def check_scores(log_probs: np.ndarray, alphabet: str = ALPHABET) -> np.ndarray:
    """The scores as float64 (steps, classes).

    Raises ValueError for another shape, no steps, NaN, and rows that are no logarithms of
    probabilities which sum to 1.
    """
    found = np.asarray(log_probs, dtype=np.float64)
    if found.ndim != 2 or found.shape[1] != len(alphabet) + 1 or len(found) == 0:
        raise ValueError(
            f"log_probs must be of shape (steps, {len(alphabet) + 1}), a blank and "
            f"{len(alphabet)} letters, one step or more, got {found.shape}"
        )
    if np.isnan(found).any():
        raise ValueError("log_probs must be numbers, got NaN: look at what the network was given")
    sums = np.exp(np.minimum(found, 50)).sum(axis=1)
    if np.abs(sums - 1).max() > _SUM_TO_ONE:
        raise ValueError(
            "log_probs must be logarithms of probabilities that sum to 1 at every step, got sums "
            f"of {sums.min():.3g} … {sums.max():.3g}; probabilities want np.log, raw scores "
            "log_softmax"
        )
    return found
