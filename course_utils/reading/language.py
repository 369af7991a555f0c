"""What the spelling of words says about the next letter: letter n-grams, learnt from a list."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from course_utils.data import ALPHABET

_START = "\x02"  # stands before every word; no sign of an alphabet


class LetterModel:
    """Probabilities of the next letter after the ``order`` - 1 letters before it.

    Learnt from ``words``, each counted once however frequent it is in texts. The end of a word is a
    sign of its own, the last one. Smoothed after Witten and Bell: after a history seen n times,
    with t different followers, a follower seen c times gets (c + t · p) / (n + t), where p is what
    the history without its oldest letter says. Behind the shortest stands that all are alike.
    ``alphabet``: the signs, in the order of the scores.
    Raises ValueError for an order below 1, no words, an alphabet with a sign twice, and words with
    signs that are not in it.
    Source: I. Witten, T. Bell, The zero-frequency problem (1991); compared with others in S. Chen,
    J. Goodman, An empirical study of smoothing techniques for language modeling (1998).
    """

    def __init__(self, words: Iterable[str], order: int = 4, alphabet: str = ALPHABET) -> None:
        self.order, self.alphabet = order, check_alphabet(alphabet)
        if not isinstance(order, int) or not 1 <= order <= 20:
            raise ValueError(f"order must be a whole number of 1 … 20, got {order!r}")
        self._next = _smoothed(self._counts(words), len(alphabet) + 1)

    def _counts(self, words: Iterable[str]) -> dict[str, np.ndarray]:
        """How often each sign follows each history of 0 … order - 1 signs."""
        number = {sign: k for k, sign in enumerate(self.alphabet)}
        counts = defaultdict(lambda: np.zeros(len(self.alphabet) + 1))
        for word in words:
            if not isinstance(word, str) or not word or any(s not in number for s in word):
                raise ValueError(
                    f"expected words of the signs {self.alphabet!r} alone, got {word!r}"
                )
            text = _START + word
            for end in range(1, len(text) + 1):
                follower = number[text[end]] if end < len(text) else len(self.alphabet)
                for begin in range(max(0, end - self.order + 1), end + 1):
                    counts[text[begin:end]][follower] += 1
        if not counts:
            raise ValueError("expected at least one word to learn from, got none")
        return counts

    def log_next(self, before: str) -> np.ndarray:
        """Natural logarithms of the probabilities of every sign, and of the end, (signs + 1,).

        ``before``: the word up to here, "" at its start. Histories that no word has are shortened.
        """
        text = _START + before
        history = text[max(0, len(text) - self.order + 1) :]
        while history not in self._next:
            history = history[1:]
        return self._next[history]

    def log_probability(self, word: str) -> float:
        """Natural logarithm of the probability of a whole word, its end included.

        Raises ValueError for signs that are not in the alphabet.
        """
        if any(sign not in self.alphabet for sign in word):
            raise ValueError(f"expected signs of {self.alphabet!r} alone, got {word!r}")
        steps = [self.alphabet.index(sign) for sign in word] + [len(self.alphabet)]
        return float(sum(self.log_next(word[:k])[step] for k, step in enumerate(steps)))

    def perplexity(self, words: Sequence[str]) -> float:
        """Between how many equally likely signs the model wavers, on average, at every sign.

        Raises ValueError for no words, and as ``log_probability``.
        """
        signs = sum(len(word) + 1 for word in words)
        if signs == 0:
            raise ValueError("expected at least one word, got none")
        return float(np.exp(-sum(self.log_probability(word) for word in words) / signs))

    def chain(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """For ``viterbi``: start (signs,), transitions (signs, signs) and end (signs,), logarithms.

        Raises ValueError unless ``order`` is 2: only then is the letter before all that counts.
        """
        if self.order != 2:
            raise ValueError(f"a chain needs a model of order 2, got one of order {self.order}")
        after = np.stack([self.log_next(sign) for sign in self.alphabet])
        return self.log_next("")[:-1], after[:, :-1], after[:, -1]


def check_alphabet(alphabet: str) -> str:
    """The alphabet. Raises ValueError when it has no sign, or one twice."""
    if not isinstance(alphabet, str) or not alphabet or len(set(alphabet)) < len(alphabet):
        raise ValueError(f"alphabet must be a text of different signs, got {alphabet!r}")
    return alphabet


def _smoothed(counts: dict[str, np.ndarray], n_signs: int) -> dict[str, np.ndarray]:
    """Logarithms of the smoothed probabilities after every history, shorter ones first."""
    probabilities: dict[str, np.ndarray] = {}
    for history in sorted(counts, key=len):
        seen = counts[history]
        shorter = probabilities[history[1:]] if history else np.full(n_signs, 1 / n_signs)
        kinds = np.count_nonzero(seen)
        probabilities[history] = (seen + kinds * shorter) / (seen.sum() + kinds)
    return {history: np.log(p) for history, p in probabilities.items()}
