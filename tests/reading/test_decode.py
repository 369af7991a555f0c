"""Reading words from the scores of letters: chains, letter models, lists, edit distance."""

import itertools

import numpy as np
import pytest
from rapidfuzz.distance import Levenshtein

from course_utils.reading import (
    LetterModel,
    WordList,
    beam_search,
    edit_distance,
    forward_backward,
    likeliest,
    reading_errors,
    viterbi,
)


def random_chain(rng: np.random.Generator, length: int, n: int) -> tuple[np.ndarray, ...]:
    scores = 2 * rng.normal(size=(length, n))
    return scores, 2 * rng.normal(size=(n, n)), rng.normal(size=n), rng.normal(size=n)


def path_scores(scores, transitions, start, end) -> dict[tuple, float]:
    """Every path's score, one by one."""
    length, n = scores.shape
    return {
        path: start[path[0]]
        + end[path[-1]]
        + sum(scores[k, sign] for k, sign in enumerate(path))
        + sum(transitions[a, b] for a, b in itertools.pairwise(path))
        for path in itertools.product(range(n), repeat=length)
    }


# -- chains --------------------------------------------------------------------------------------


def test_viterbi_and_forward_backward_agree_with_every_path_on_200_chains() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        length, n = rng.integers(1, 6), rng.integers(1, 5)
        chain = random_chain(rng, length, n)
        every = path_scores(*chain)
        path, score = viterbi(*chain)
        assert score == pytest.approx(max(every.values()))
        assert every[tuple(path)] == pytest.approx(score)
        shares, total = forward_backward(*chain)
        assert total == pytest.approx(np.log(sum(np.exp(list(every.values())))))
        wanted = np.zeros((length, n))
        for signs, value in every.items():
            wanted[np.arange(length), signs] += np.exp(value - total)
        assert np.allclose(shares, wanted)


def test_three_letters_by_hand() -> None:
    """The image says "nat" or "uat"; in the list n after the start is rarer than c."""
    with np.errstate(divide="ignore"):
        scores = np.log([[0.6, 0.4], [0.5, 0.5], [0.1, 0.9]])
        steps = np.log([[0.9, 0.1], [0.5, 0.5]])
    path, score = viterbi(scores, steps)
    # 0 0 0: 0.6·0.9·0.5·0.9·0.1 = 0.0243; 0 0 1: 0.6·0.9·0.5·0.1·0.9 = 0.0243;
    # 0 1 1: 0.6·0.1·0.5·0.5·0.9 = 0.0135; 1 1 1: 0.4·0.5·0.5·0.5·0.9 = 0.045
    assert path == [1, 1, 1] and np.exp(score) == pytest.approx(0.045)
    assert viterbi(scores, np.zeros((2, 2)))[0] in ([0, 0, 1], [0, 1, 1])


def test_what_is_forbidden_is_not_read() -> None:
    scores, steps = np.zeros((3, 2)), np.array([[-np.inf, 0.0], [0.0, -np.inf]])
    assert viterbi(scores, steps, start=np.array([-1.0, 0.0]))[0] == [1, 0, 1]
    shares, total = forward_backward(scores, steps)
    assert np.allclose(shares, 0.5) and total == pytest.approx(np.log(2))
    for search in (viterbi, forward_backward):
        with pytest.raises(ValueError, match="every path is forbidden"):
            search(scores, np.full((2, 2), -np.inf))


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("scores", np.zeros(3)),
        ("scores", np.zeros((0, 3))),
        ("scores", np.full((2, 3), np.nan)),
        ("transitions", np.zeros((3, 2))),
        ("start", np.zeros(2)),
        ("end", np.full(3, np.inf)),
    ],
)
def test_chains_of_another_form_are_refused(name: str, values: np.ndarray) -> None:
    chain = {
        "scores": np.zeros((2, 3)),
        "transitions": np.zeros((3, 3)),
        "start": np.zeros(3),
        "end": np.zeros(3),
    }
    for search in (viterbi, forward_backward):
        with pytest.raises(ValueError, match=r"got .* of shape|got nan or \+inf"):
            search(**chain | {name: values})


def test_long_words_and_far_scores_do_not_overflow() -> None:
    rng = np.random.default_rng(1)
    chain = random_chain(rng, 400, 26)
    shares, total = forward_backward(chain[0] * 500, *chain[1:])
    assert np.isfinite(total) and np.allclose(shares.sum(1), 1)


# -- letter models -------------------------------------------------------------------------------


def test_a_letter_model_by_hand() -> None:
    model = LetterModel(["ab", "ab", "b"], order=2, alphabet="ab")
    # "" was followed by a 2, b 3, end 3: 8 signs of 3 kinds, shared with 1/3 each.
    every = (np.array([2, 3, 3]) + 3 / 3) / (8 + 3)
    # The start was followed by a 2, b 1: 3 signs of 2 kinds, shared with what "" says.
    start = (np.array([2, 1, 0]) + 2 * every) / (3 + 2)
    assert np.allclose(np.exp(model.log_next("")), start)
    after_a = (np.array([0, 2, 0]) + 1 * every) / (2 + 1)
    after_b = (np.array([0, 0, 3]) + 1 * every) / (3 + 1)
    assert np.allclose(np.exp(model.log_next("a")), after_a)
    assert np.allclose(np.exp(model.log_next("bba")), after_a)
    wanted = np.log(start[0] * after_a[1] * after_b[2])
    assert model.log_probability("ab") == pytest.approx(wanted)
    assert model.perplexity(["ab"]) == pytest.approx(np.exp(-wanted / 3))


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_all_words_together_have_the_probability_1(order: int) -> None:
    model = LetterModel(["aab", "abba", "b", "bab"], order, "ab")
    for before in ("", "a", "ab", "abab", "bbbbb"):
        assert np.exp(model.log_next(before)).sum() == pytest.approx(1)
    words = ["".join(w) for n in range(15) for w in itertools.product("ab", repeat=n)]
    total = sum(np.exp(model.log_probability(word)) for word in words)
    assert 0.97 < total <= 1 + 1e-9


def test_longer_histories_know_the_words_they_learnt_better() -> None:
    words = ["cat", "car", "tar", "rat", "art"]
    orders = [LetterModel(words, n, "acrt").perplexity(words) for n in (1, 2, 3)]
    assert orders[0] > orders[1] > orders[2] > 1


def test_a_chain_is_the_model_of_order_2() -> None:
    model = LetterModel(["cat", "car", "tar"], 2, "acrt")
    start, steps, end = model.chain()
    assert model.log_probability("car") == pytest.approx(
        start[1] + steps[1, 0] + steps[0, 2] + end[2]
    )
    with pytest.raises(ValueError, match="order 2, got one of order 3"):
        LetterModel(["cat"], 3, "acrt").chain()


@pytest.mark.parametrize(
    ("words", "order", "alphabet", "message"),
    [
        ([], 2, "ab", "at least one word to learn from, got none"),
        (["ab", "Ab"], 2, "ab", "signs 'ab' alone, got 'Ab'"),
        ([""], 2, "ab", "alone, got ''"),
        ([3], 2, "ab", "alone, got 3"),
        (["ab"], 0, "ab", "1 … 20, got 0"),
        (["ab"], 2.5, "ab", "1 … 20, got 2.5"),
        (["ab"], 2, "aba", "different signs, got 'aba'"),
        (["ab"], 2, "", "different signs, got ''"),
    ],
)
def test_letter_models_that_cannot_be_are_refused(words, order, alphabet, message) -> None:
    with pytest.raises(ValueError, match=message):
        LetterModel(words, order, alphabet)


def test_words_of_other_signs_have_no_probability() -> None:
    model = LetterModel(["ab"], 2, "ab")
    with pytest.raises(ValueError, match="alone, got 'abc'"):
        model.log_probability("abc")
    with pytest.raises(ValueError, match="at least one word, got none"):
        model.perplexity([])


# -- beam search ---------------------------------------------------------------------------------


def test_a_wide_beam_finds_every_text_in_order() -> None:
    rng = np.random.default_rng(2)
    model = LetterModel(["abc", "cab", "bac", "aab"], 3, "abc")
    for _ in range(30):
        scores = rng.normal(size=(4, 3))
        weight = rng.uniform(0, 2)
        found = beam_search(scores, model, 81, weight)
        wanted = {
            "".join(w): sum(scores[k, "abc".index(s)] for k, s in enumerate(w))
            + weight * model.log_probability("".join(w))
            for w in itertools.product("abc", repeat=4)
        }
        assert [text for text, _ in found] == sorted(wanted, key=wanted.get, reverse=True)
        assert all(score == pytest.approx(wanted[text]) for text, score in found)


def test_a_beam_of_order_2_finds_what_viterbi_finds() -> None:
    rng = np.random.default_rng(3)
    model = LetterModel(["abc", "cab", "bac", "aab"], 2, "abc")
    start, steps, end = model.chain()
    for _ in range(50):
        scores = rng.normal(size=(6, 3))
        path, score = viterbi(scores, steps, start, end)
        text, found = beam_search(scores, model, 27)[0]
        assert text == "".join("abc"[k] for k in path) and found == pytest.approx(score)


def test_a_narrow_beam_can_lose_the_best_text() -> None:
    model = LetterModel(["ba"] * 5 + ["ab"] * 5, 2, "ab")
    scores = np.log([[0.6, 0.4], [0.99, 0.01]])
    narrow, wide = beam_search(scores, model, 1), beam_search(scores, model, 2)
    assert narrow[0][0][0] == "a" and wide[0][0] == "ba" and narrow[0][1] < wide[0][1]


def test_without_weight_the_letters_decide() -> None:
    model = LetterModel(["bb"], 2, "ab")
    scores = np.log([[0.9, 0.1], [0.6, 0.4]])
    assert beam_search(scores, model, 2, 0.0)[0][0] == "aa" == likeliest(scores, "ab")
    assert beam_search(scores, model, 2, 3.0)[0][0] == "bb"


@pytest.mark.parametrize(
    ("scores", "width", "weight"),
    [
        (np.zeros((2, 3)), 5, 1),
        (np.zeros(2), 5, 1),
        (np.zeros((0, 2)), 5, 1),
        (np.full((2, 2), np.nan), 5, 1),
        (np.full((2, 2), np.inf), 5, 1),
        (np.full((2, 2), -np.inf), 5, 1),
        (np.zeros((2, 2)), 0, 1),
        (np.zeros((2, 2)), 2.5, 1),
        (np.zeros((2, 2)), 5, -1),
        (np.zeros((2, 2)), 5, float("nan")),
    ],
)
def test_beams_that_cannot_be_are_refused(scores, width, weight) -> None:
    with pytest.raises(ValueError, match="got"):
        beam_search(scores, LetterModel(["ab"], 2, "ab"), width, weight)


# -- lists of words ------------------------------------------------------------------------------


def test_the_best_word_of_a_list() -> None:
    words = WordList(["cat", "cap", "tap", "at"], "acpt")
    assert len(words) == 4 and "cap" in words and "pat" not in words
    scores = np.log([[0.1, 0.5, 0.1, 0.3], [0.7, 0.1, 0.1, 0.1], [0.1, 0.1, 0.35, 0.45]])
    found = words.best(scores)
    shares = {"cat": 0.5 * 0.45, "cap": 0.5 * 0.35, "tap": 0.3 * 0.35}
    assert [word for word, _ in found] == ["cat", "cap", "tap"]
    assert [p for _, p in found] == pytest.approx(
        [shares[w] / sum(shares.values()) for w in ("cat", "cap", "tap")]
    )
    assert [word for word, _ in words.best(scores, 1)] == ["cat"]
    assert words.best(scores[:1]) == [] and words.best(np.full((3, 4), -np.inf)) == []


def test_lists_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one word, got none"):
        WordList([])
    with pytest.raises(ValueError, match="alone, got 'Cat'"):
        WordList(["cat", "Cat"])
    words = WordList(["cat"])
    with pytest.raises(ValueError, match=r"\(letters, 26\).*got shape \(3, 4\)"):
        words.best(np.zeros((3, 4)))
    with pytest.raises(ValueError, match="whole number of 1 or more, got 0"):
        words.best(np.zeros((3, 26)), 0)


# -- errors --------------------------------------------------------------------------------------


def test_edit_distance_agrees_with_a_library_on_200_pairs() -> None:
    rng = np.random.default_rng(4)
    for _ in range(200):
        a, b = ("".join(rng.choice(list("abcd"), rng.integers(0, 12))) for _ in range(2))
        assert edit_distance(a, b) == edit_distance(b, a) == Levenshtein.distance(a, b)
    assert edit_distance("kitten", "sitting") == 3
    assert edit_distance([1, 2, 3], [1, 3]) == 1


def test_errors_are_added_up_before_they_are_divided() -> None:
    found = reading_errors(["at", "inconsequentiel"], ["it", "inconsequential"])
    assert (found.edits, found.characters, found.wrong, found.words) == (2, 17, 2, 2)
    assert found.character_error == 2 / 17 and found.word_error == 1
    assert str(found) == ("11.76% of the characters wrong (2 of 17), 100.00% of the words (2 of 2)")


@pytest.mark.parametrize(
    ("read", "true", "error"),
    [
        (["a"], ["a", "b"], ValueError),
        ([], [], ValueError),
        (["a"], [""], ValueError),
        ("ab", ["a", "b"], TypeError),
        (["a", "b"], "ab", TypeError),
    ],
)
def test_errors_of_other_things_are_refused(read, true, error: type) -> None:
    with pytest.raises(error, match="expected .*got"):
        reading_errors(read, true)
