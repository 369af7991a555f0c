"""A word from its letters' scores and from what is known of spelling."""

from dataclasses import replace

import numpy as np
import pytest

from course_utils.data import ALPHABET
from course_utils.reading import METHODS, LetterModel, Speller, WordList

LISTED = ["cat", "car", "cut", "tar", "at", "rat", "cap"]
EVEN = np.full(26, -np.log(26))


def scores(*rows: dict[str, float]) -> np.ndarray:
    """Logarithms of the given shares; the other letters share a thousandth."""
    found = np.full((len(rows), 26), 0.001 / 26)
    for row, shares in zip(found, rows, strict=True):
        for sign, share in shares.items():
            row[ALPHABET.index(sign)] = share
    return np.log(found)


UAT = scores({"u": 0.6, "c": 0.4}, {"a": 1.0}, {"t": 0.9, "r": 0.1})


def test_each_method_by_what_it_knows() -> None:
    speller = Speller(LISTED, ["cat"], EVEN, order=3, weight=1.0)
    assert speller.read(UAT, "letters") == "uat"
    assert speller.read(UAT, "list") == "cat"
    assert speller.read(UAT, "n-grams that know") == "cat"
    assert speller.read(UAT) == "cat"
    assert METHODS == ("letters", "n-grams", "n-grams that know", "list", "list or n-grams")


def test_tested_words_are_not_learnt() -> None:
    speller = Speller(LISTED, ["cat", "rat"], EVEN, order=3)
    left = LetterModel(["cap", "car", "cut", "tar", "at"], 3)
    for word in LISTED:
        assert speller.models["n-grams"].log_probability(word) == left.log_probability(word)
    knowing = speller.models["n-grams that know"].log_probability("cat")
    assert knowing > left.log_probability("cat") and "cat" in speller.words


def test_a_list_does_not_hold_every_word() -> None:
    zat = scores({"z": 1.0}, {"a": 1.0}, {"t": 1.0})
    speller = Speller(LISTED, [], EVEN, order=3)
    assert speller.read(zat, "list") in LISTED
    assert speller.read(zat, "list or n-grams") == "zat"
    assert replace(speller, known=1 - 1e-12).read(zat) in LISTED
    longer = scores({"c": 1.0}, {"a": 1.0}, {"r": 1.0}, {"t": 1.0})
    assert [speller.read(longer, method) for method in METHODS] == ["cart"] * 5


def test_the_network_s_own_prior_is_taken_off() -> None:
    prior = EVEN.copy()
    prior[ALPHABET.index("u")] = np.log(0.9)  # in training almost every letter was a u
    unsure = scores({"u": 0.6, "c": 0.4}, {"u": 0.6, "a": 0.4}, {"t": 1.0})
    assert Speller(LISTED, [], EVEN).read(unsure, "list") == "cut"
    assert Speller(LISTED, [], prior).read(unsure, "list") == "cat"


def test_another_weight_learns_nothing_anew() -> None:
    speller = Speller(LISTED, ["cat"], EVEN)
    other = replace(speller, weight=0.1)
    assert other.words is speller.words and other.models is speller.models
    assert isinstance(other.words, WordList) and other.weight == 0.1


def test_other_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match=r"prior of shape \(26,\).* got shape \(25,\) and 0.9"):
        Speller(LISTED, [], EVEN[1:])
    with pytest.raises(ValueError, match="0 < known < 1, got shape .* and 1"):
        Speller(LISTED, [], EVEN, known=1.0)
    with pytest.raises(ValueError, match="at least one word to learn from, got none"):
        Speller(LISTED, LISTED, EVEN)
    speller = Speller(LISTED, [], EVEN)
    with pytest.raises(ValueError, match="one of letters, n-grams, .* got 'magic'"):
        speller.read(UAT, "magic")
    with pytest.raises(ValueError, match=r"\(letters, 26\).* got shape \(3,\)"):
        speller.read(np.zeros(3))
