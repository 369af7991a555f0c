"""Fields of a form: what is written follows a pattern, and the pattern reads along.

A pattern is a finite automaton: states, and for each state which sign leads where. Only texts that
it accepts compete, and their probabilities are shared out anew among them.
"""

from dataclasses import dataclass

import numpy as np

from course_utils.reading.decode import check_scores, log_sum
from course_utils.reading.language import check_alphabet

SIGNS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_DIGITS = frozenset("0123456789")
_UPPER = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_LOWER = frozenset("abcdefghijklmnopqrstuvwxyz")
CLASSES = {
    "D": _DIGITS,
    "L": _UPPER | _LOWER,
    "U": _UPPER,
    "S": _LOWER,
    "A": _DIGITS | _UPPER | _LOWER,
}
_REPEATS = "?*+"


class Pattern:
    """A pattern such as ``LLDDDD``, as a deterministic automaton over an alphabet.

    ``D`` stands for a digit, ``L`` for a letter, ``U`` for one of upper case, ``S`` for a small
    one, ``A`` for a digit or a letter, ``[…]`` for one of the signs between the brackets, and any
    other sign for itself. Behind each of these ``?`` means once or not at all, ``+`` once or more,
    ``*`` any number of times. ``LA+`` is a user name: a letter, then one or more letters or digits.
    ``alphabet``: the signs that can be read, in the order of the scores.
    Raises ValueError for an empty pattern, a repeat with nothing before it, a bracket that is not
    closed, and a place for which the alphabet has no sign.
    Source: K. Thompson, Regular expression search algorithm (1968); M. Rabin, D. Scott, Finite
    automata and their decision problems (1959).
    """

    def __init__(self, text: str, alphabet: str = SIGNS) -> None:
        self.text, self.alphabet = text, check_alphabet(alphabet)
        self._places = list(_places(text, alphabet))
        # A state is the set of places that may come next; subsets of them become numbers.
        first = self._after(frozenset([0]))
        numbers, waiting, rows = {first: 0}, [first], []
        while waiting:
            reached = [self._step(waiting[0], sign) for sign in alphabet]
            for state in reached:
                if state and state not in numbers:
                    numbers[state] = len(numbers)
                    waiting.append(state)
            rows.append([numbers.get(state, -1) for state in reached])
            del waiting[0]
        self.next_state = np.array(rows)  # (states, signs): the state reached, -1 for none
        self.accepts = np.array([len(self._places) in state for state in numbers])  # (states,)

    def _after(self, state: frozenset[int]) -> frozenset[int]:
        """A state with all places that it reaches by leaving out what may be left out."""
        found = set(state)
        for place, (_, optional, _) in enumerate(self._places):  # in order: one pass is enough
            if place in found and optional:
                found.add(place + 1)
        return frozenset(found)

    def _step(self, state: frozenset[int], sign: str) -> frozenset[int]:
        found = set()
        for place in state:
            if place < len(self._places) and sign in self._places[place][0]:
                found |= {place, place + 1} if self._places[place][2] else {place + 1}
        return self._after(frozenset(found)) if found else frozenset()

    def matches(self, text: str) -> bool:
        """Whether the pattern accepts a text; False for signs that are not in the alphabet."""
        state = 0
        for sign in text:
            place = self.alphabet.find(sign)
            state = -1 if place < 0 else self.next_state[state, place]
            if state < 0:
                return False
        return bool(self.accepts[state])


def _places(text: str, alphabet: str) -> list[tuple[frozenset[str], bool, bool]]:
    """For each place: its signs, whether it may be left out, whether it may be repeated."""
    found, rest = [], text
    while rest:
        if rest[0] == "[":
            inside, closed, rest = rest[1:].partition("]")
            signs = frozenset(inside) if closed else frozenset()
        else:
            signs, rest = CLASSES.get(rest[0], frozenset(rest[0]) - set(_REPEATS)), rest[1:]
        repeat = rest[0] if rest and rest[0] in _REPEATS else ""
        rest = rest[len(repeat) :]
        if not signs & set(alphabet):
            raise ValueError(
                "a pattern must be made of D, L, U, S, A, […] and signs of the alphabet, each with "
                f"?, + or * behind it or not; got {text!r} with nothing to read at place "
                f"{len(found) + 1}"
            )
        found.append((signs, repeat in ("?", "*"), repeat in ("+", "*")))
    if not found:
        raise ValueError("a pattern must have at least one place, got ''")
    return found


@dataclass(frozen=True)
class FieldReading:
    """What a field says: the likeliest text that its pattern accepts.

    ``probability``: of this text, all texts that the pattern accepts taken together being 1.
    ``fit``: the probability, before the pattern was asked, that the field holds a text that it
    accepts; close to 0 when something else stands there. ``sure``: both are as high as asked.
    """

    text: str
    probability: float
    fit: float
    sure: bool

    def __str__(self) -> str:
        return f"{self.text if self.sure else 'unsure'} ({self.probability:.1%})"


def read_field(
    scores: np.ndarray, pattern: Pattern, *, at_least: float = 0.9, fit: float = 0.01
) -> FieldReading | None:
    """The likeliest text that a pattern accepts, with its probability; None when there is none.

    ``scores``: natural logarithms of probabilities, (letters, signs), in the order of the pattern's
    alphabet. ``at_least``, ``fit``: a reading is sure when its probability and its fit are not
    below these. The best text is found as by ``viterbi``, the sum over all accepted texts by the
    same recursion with sums in place of maxima: each accepted text is one path of the automaton.
    Raises ValueError for scores of another form, nan or +inf, and for bounds outside 0 … 1.
    """
    scores = check_scores(scores, pattern.alphabet)
    if not (0 <= at_least <= 1 and 0 <= fit <= 1):
        raise ValueError(f"bounds must lie between 0 and 1, got at_least={at_least}, fit={fit}")
    if (scores.max(1) == -np.inf).any():
        return None
    scores = scores - log_sum(scores, axis=1)[:, None]
    n_states = len(pattern.accepts)
    best, total = (np.where(np.arange(n_states) == 0, 0.0, -np.inf) for _ in range(2))
    source, sign = np.nonzero(pattern.next_state >= 0)
    target, steps = pattern.next_state[source, sign], []
    for row in scores:
        ways = best[source] + row[sign]
        order = np.lexsort((-ways, target))  # for each target its best way comes first
        states, first = np.unique(target[order], return_index=True)
        back = np.zeros(n_states, dtype=np.int64)
        back[states] = order[first]
        steps.append(back)
        best = np.full(n_states, -np.inf)
        best[states] = ways[order[first]]
        sums = np.full(n_states, -np.inf)
        np.logaddexp.at(sums, target, total[source] + row[sign])
        total = sums
    ends = np.where(pattern.accepts, best, -np.inf)
    if ends.max() == -np.inf:
        return None
    state, signs = int(ends.argmax()), []
    for back in reversed(steps):
        signs.append(pattern.alphabet[sign[back[state]]])
        state = source[back[state]]
    accepted = float(log_sum(total[pattern.accepts], axis=0))
    probability, share = float(np.exp(ends.max() - accepted)), float(np.exp(accepted))
    sure = probability >= at_least and share >= fit
    return FieldReading("".join(reversed(signs)), probability, share, sure)
