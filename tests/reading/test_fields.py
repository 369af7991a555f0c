"""Fields that follow a pattern, and the pattern's automaton."""

import itertools
import re

import numpy as np
import pytest

from course_utils.reading import SIGNS, Pattern, read_field

SMALL = "01ab"
AS_REGEX = {"D": "[01]", "L": "[ab]", "S": "[ab]", "A": "[01ab]"}


def texts(longest: int) -> list[str]:
    return ["".join(t) for n in range(longest + 1) for t in itertools.product(SMALL, repeat=n)]


@pytest.mark.parametrize(
    "pattern",
    ["LD", "LLDD", "D?D?D", "LA+", "A*", "A?L*D+", "[a0]b?", "aD", "L?A?D", "A+L", "[ab]+A?1"],
)
def test_a_pattern_accepts_what_the_regular_expression_accepts(pattern: str) -> None:
    same = re.compile("".join(AS_REGEX.get(sign, sign) for sign in pattern))
    automaton = Pattern(pattern, SMALL)
    for text in texts(5):
        assert automaton.matches(text) == bool(same.fullmatch(text)), text
    assert not automaton.matches("é")


@pytest.mark.parametrize("pattern", ["LLDD", "LA+", "D?D?D?D", "A?L*D+", "A+L", "A*A*A*"])
def test_a_field_agrees_with_all_texts_tried_one_by_one(pattern: str) -> None:
    rng = np.random.default_rng(0)
    automaton = Pattern(pattern, SMALL)
    for _ in range(20):
        scores = rng.normal(size=(4, 4))
        logs = scores - np.log(np.exp(scores).sum(1, keepdims=True))
        shares = {
            text: np.exp(sum(logs[k, SMALL.index(sign)] for k, sign in enumerate(text)))
            for text in texts(4)
            if len(text) == 4 and automaton.matches(text)
        }
        found = read_field(scores, automaton)
        assert found.text == max(shares, key=shares.get)
        assert found.fit == pytest.approx(sum(shares.values()))
        assert found.probability == pytest.approx(shares[found.text] / found.fit)


def test_a_code_is_read_by_its_pattern() -> None:
    """B looks like 8, O like 0; the pattern says which is meant."""

    def letter(**shares: float) -> np.ndarray:
        row = np.full(len(SIGNS), 1e-4)
        for sign, share in shares.items():
            row[SIGNS.index(sign.removeprefix("_"))] = share
        return np.log(row / row.sum())

    scores = np.stack([letter(_8=0.6, B=0.4), letter(X=1), letter(O=0.7, _0=0.3), letter(_1=1)])
    found = read_field(scores, Pattern("LLDD"))
    assert found.text == "BX01" and found.sure and 0.97 < found.probability < 0.99
    assert 0.1 < found.fit < 0.13 and str(found) == f"BX01 ({found.probability:.1%})"
    assert read_field(scores, Pattern("DADD")).text == "8X01"
    assert read_field(scores, Pattern("LLDDD")) is None
    two = np.stack([letter(B=0.5, R=0.45), letter(_1=1)])
    found = read_field(two, Pattern("LD"))
    assert found.text == "B1" and not found.sure and str(found).startswith("unsure (5")
    assert read_field(two, Pattern("LD"), at_least=0.5).sure
    assert not read_field(two, Pattern("DL"), at_least=0).sure, "nothing there fits"


def test_what_no_text_can_be_is_not_read() -> None:
    scores = np.zeros((2, 4))
    scores[1] = -np.inf
    assert read_field(scores, Pattern("AA", SMALL)) is None
    scores = np.full((1, 4), -np.inf)
    scores[0, 0] = 0
    assert read_field(scores, Pattern("L", SMALL)) is None
    assert read_field(scores, Pattern("D", SMALL)).probability == 1


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("", "at least one place, got ''"),
        ("+D", r"got '\+D' with nothing to read at place 1"),
        ("D??", r"got 'D\?\?' with nothing to read at place 2"),
        ("D[ab", "nothing to read at place 2"),
        ("D[]", "nothing to read at place 2"),
        ("DU", "got 'DU' with nothing to read at place 2"),
        ("D-", "nothing to read at place 2"),
    ],
)
def test_patterns_that_cannot_be_are_refused(pattern: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Pattern(pattern, SMALL)


def test_scores_and_bounds_of_another_form_are_refused() -> None:
    pattern = Pattern("LL")
    with pytest.raises(ValueError, match=r"\(letters, 62\).* got shape \(2, 26\)"):
        read_field(np.zeros((2, 26)), pattern)
    with pytest.raises(ValueError, match="got nan"):
        read_field(np.full((2, 62), np.nan), pattern)
    with pytest.raises(ValueError, match="between 0 and 1, got at_least=2"):
        read_field(np.zeros((2, 62)), pattern, at_least=2)
    with pytest.raises(ValueError, match="alphabet must be a text of different signs"):
        Pattern("LL", "aa")
