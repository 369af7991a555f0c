"""From the scores of letters to a word: with a chain, with letter n-grams, with a list of words.

Scores are natural logarithms of probabilities, (letters, signs): a row for each letter of one
word, a column for each sign of the alphabet, as ``log_softmax`` gives them.
"""

from collections.abc import Iterable

import numpy as np

from course_utils.data import ALPHABET
from course_utils.reading.language import LetterModel, check_alphabet


def viterbi(
    scores: np.ndarray,
    transitions: np.ndarray,
    start: np.ndarray | None = None,
    end: np.ndarray | None = None,
) -> tuple[list[int], float]:
    """The best path through a chain, and its score: every letter's, and every step's, added up.

    ``scores``: (letters, signs). ``transitions``: (signs, signs), from a row's sign to a column's.
    ``start``, ``end``: (signs,), for the first and the last sign. -inf forbids. Of equally good
    paths one is given.
    Raises ValueError for other shapes, for nan and +inf, and when every path is forbidden.
    Source: A. Viterbi, Error bounds for convolutional codes (1967).
    """
    scores, transitions, start, end = _chain(scores, transitions, start, end)
    best, came_from = scores[0] + start, []
    for row in scores[1:]:
        ways = best[:, None] + transitions
        came_from.append(ways.argmax(0))
        best = ways.max(0) + row
    best = best + end
    path = [int(best.argmax())]
    if best[path[0]] == -np.inf:
        raise ValueError("every path is forbidden: expected one whose scores are above -inf, got 0")
    for sources in reversed(came_from):
        path.append(int(sources[path[-1]]))
    return path[::-1], float(best.max())


def forward_backward(
    scores: np.ndarray,
    transitions: np.ndarray,
    start: np.ndarray | None = None,
    end: np.ndarray | None = None,
) -> tuple[np.ndarray, float]:
    """The probability of every sign at every place (letters, signs), all paths taken together.

    Also the logarithm of the sum over all paths of exp(score), with which a path's score becomes a
    probability. Arguments and errors as for ``viterbi``.
    Raises ValueError as ``viterbi`` does.
    Source: L. Baum et al., A maximization technique occurring in the statistical analysis of
    probabilistic functions of Markov chains (1970).
    """
    scores, transitions, start, end = _chain(scores, transitions, start, end)
    forward, backward = np.empty_like(scores), np.empty_like(scores)
    forward[0], backward[-1] = scores[0] + start, end
    for k in range(1, len(scores)):
        forward[k] = log_sum(forward[k - 1][:, None] + transitions, axis=0) + scores[k]
    for k in range(len(scores) - 2, -1, -1):
        backward[k] = log_sum(transitions + scores[k + 1] + backward[k + 1], axis=1)
    total = float(log_sum(forward[-1] + end, axis=0))
    if total == -np.inf:
        raise ValueError("every path is forbidden: expected one whose scores are above -inf, got 0")
    return np.exp(forward + backward - total), total


def beam_search(
    scores: np.ndarray, model: LetterModel, width: int = 20, weight: float = 1.0
) -> list[tuple[str, float]]:
    """Texts by their score with a letter model, best first: (text, score), at most ``width``.

    The score adds those of the letters and ``weight`` times the logarithm of the model's
    probability of the text, its end included. Letter by letter the ``width`` best beginnings are
    kept; the best text can be lost when one of its beginnings is not among them.
    Raises ValueError for scores that do not fit the model's alphabet or are nan or +inf, for a
    width below 1, and for a weight that is negative or no number.
    Source: B. Lowerre, The Harpy speech recognition system (1976).
    """
    scores = check_scores(scores, model.alphabet)
    if not (isinstance(width, int) and width >= 1 and 0 <= weight < np.inf):
        raise ValueError(
            f"expected a whole width of 1 or more and a weight of 0 or more, got {width}, {weight}"
        )
    texts, totals = [""], np.zeros(1)
    for row in scores:
        steps = np.stack([model.log_next(text)[:-1] for text in texts])
        found = (totals[:, None] + row + weight * steps).ravel()
        kept = np.argsort(-found, kind="stable")[:width]
        kept = kept[found[kept] > -np.inf]
        totals = found[kept]
        places = [divmod(int(k), len(model.alphabet)) for k in kept]
        texts = [texts[text] + model.alphabet[sign] for text, sign in places]
        if not texts:
            raise ValueError("every text is forbidden: expected scores above -inf, got none")
    totals = totals + weight * np.array([model.log_next(text)[-1] for text in texts])
    return [(texts[k], float(totals[k])) for k in np.argsort(-totals, kind="stable")]


class WordList:
    """Words that may be read, each equally likely, arranged by length for a quick look-up.

    ``alphabet``: the signs, in the order of the scores. Raises ValueError for no words and for a
    word with other signs.
    """

    def __init__(self, words: Iterable[str], alphabet: str = ALPHABET) -> None:
        self.alphabet = check_alphabet(alphabet)
        number = {sign: k for k, sign in enumerate(alphabet)}
        by_length: dict[int, list[str]] = {}
        for word in sorted(set(words)):
            if not word or any(sign not in number for sign in word):
                raise ValueError(f"expected words of the signs {alphabet!r} alone, got {word!r}")
            by_length.setdefault(len(word), []).append(word)
        if not by_length:
            raise ValueError("expected at least one word, got none")
        self._words = by_length
        self._signs = {
            length: np.array([[number[sign] for sign in word] for word in words])
            for length, words in by_length.items()
        }

    def __len__(self) -> int:
        return sum(map(len, self._words.values()))

    def __contains__(self, word: str) -> bool:
        return word in self._words.get(len(word), ())

    def best(self, scores: np.ndarray, n: int = 5) -> list[tuple[str, float]]:
        """The ``n`` likeliest words of as many letters, best first, with their probabilities.

        ``scores``: (letters, signs). A word's probability is its share of the sum over the words
        of that length: sure only as far as the list holds the word that was written. An empty list
        where it has none of that length, or none that the scores allow.
        Raises ValueError for scores of another form, nan or +inf, and n below 1.
        """
        scores = check_scores(scores, self.alphabet)
        if not isinstance(n, int) or n < 1:
            raise ValueError(f"n must be a whole number of 1 or more, got {n!r}")
        if len(scores) not in self._words:
            return []
        totals = scores[np.arange(len(scores)), self._signs[len(scores)]].sum(1)
        if totals.max() == -np.inf:
            return []
        shares = np.exp(totals - log_sum(totals, axis=0))
        order = np.argsort(-totals, kind="stable")[:n]
        return [(self._words[len(scores)][k], float(shares[k])) for k in order]


def likeliest(scores: np.ndarray, alphabet: str = ALPHABET) -> str:
    """The word read letter by letter: at every place the sign with the highest score.

    Raises ValueError for scores of another form, nan or +inf.
    """
    return "".join(alphabet[k] for k in check_scores(scores, alphabet).argmax(1))


def check_scores(scores: np.ndarray, alphabet: str) -> np.ndarray:
    """The scores as float64 (letters, signs).

    Raises ValueError for another form, for no letter, and for nan or +inf.
    """
    values = np.asarray(scores, dtype=np.float64)
    if values.ndim != 2 or len(values) == 0 or values.shape[1] != len(check_alphabet(alphabet)):
        raise ValueError(
            f"scores must have shape (letters, {len(alphabet)}), a column for each sign and one "
            f"row or more, got shape {values.shape}"
        )
    if np.isnan(values).any() or (values == np.inf).any():
        raise ValueError("scores must be numbers or -inf, got nan or +inf")
    return values


def log_sum(values: np.ndarray, axis: int) -> np.ndarray:
    """The logarithm of the sum of exp(values) along an axis, without overflow; -inf is log 0."""
    top = values.max(axis, keepdims=True)
    safe = np.where(np.isfinite(top), top, 0)
    with np.errstate(divide="ignore"):
        return np.log(np.exp(values - safe).sum(axis)) + safe.squeeze(axis)


def _chain(
    scores: np.ndarray, transitions: np.ndarray, start: np.ndarray | None, end: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """All four as float64; 0 for a start or end that is not given."""
    n = np.shape(scores)[-1] if np.ndim(scores) == 2 else 0
    parts = {
        "scores": (scores, (len(scores) if np.ndim(scores) else 0, n)),
        "transitions": (transitions, (n, n)),
        "start": (np.zeros(n) if start is None else start, (n,)),
        "end": (np.zeros(n) if end is None else end, (n,)),
    }
    found = []
    for name, (values, shape) in parts.items():
        array = np.asarray(values, dtype=np.float64)
        if array.shape != shape or 0 in shape:
            raise ValueError(
                "expected scores (letters, signs) of one letter and sign or more, transitions "
                f"(signs, signs), start and end (signs,), got {name} of shape {array.shape} "
                f"for {n} signs"
            )
        if np.isnan(array).any() or (array == np.inf).any():
            raise ValueError(f"{name} must be numbers or -inf, got nan or +inf")
        found.append(array)
    return tuple(found)
