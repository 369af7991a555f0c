"""The paired comparison of two models on the same images."""

import math

import numpy as np
import pytest
import torch

from course_utils.evaluation import PairedComparison, compare_paired


def readings(b: int, c: int, both_right: int, both_wrong: int) -> tuple[np.ndarray, ...]:
    """Two models' predictions and the labels with the given counts, in a random order."""
    rng = np.random.default_rng(0)
    right = np.repeat(
        [[1, 0], [0, 1], [1, 1], [0, 0]], [b, c, both_right, both_wrong], axis=0
    ).astype(bool)
    rng.shuffle(right)
    labels = rng.integers(0, 10, len(right))
    wrong = (labels[:, None] + rng.integers(1, 10, right.shape)) % 10
    predictions = np.where(right, labels[:, None], wrong)
    return predictions[:, 0], predictions[:, 1], labels


def p_by_hand(b: int, c: int) -> float:
    """The formula as the chapter states it."""
    n = b + c
    return min(1.0, 2 * sum(math.comb(n, i) for i in range(min(b, c) + 1)) / 2**n)


@pytest.mark.parametrize(("b", "c"), [(5, 1), (1, 5), (0, 0), (0, 7), (6, 6), (40, 22), (1, 0)])
def test_counts_and_p_value(b: int, c: int) -> None:
    found = compare_paired(*readings(b, c, both_right=30, both_wrong=17))
    assert (found.only_first, found.only_second) == (b, c)
    assert found.p_value == pytest.approx(p_by_hand(b, c))


def test_worked_example() -> None:
    assert compare_paired(*readings(5, 1, 3, 3)).p_value == pytest.approx(14 / 64)


def test_what_both_read_alike_does_not_count() -> None:
    few = compare_paired(*readings(9, 2, both_right=1, both_wrong=0))
    many = compare_paired(*readings(9, 2, both_right=900, both_wrong=300))
    assert few == many


def test_exchanged_models() -> None:
    first, second, labels = readings(12, 4, 20, 5)
    there, back = compare_paired(first, second, labels), compare_paired(second, first, labels)
    assert (there.only_first, there.only_second) == (back.only_second, back.only_first)
    assert there.p_value == back.p_value


def test_tensors_and_arrays_alike() -> None:
    first, second, labels = readings(12, 4, 20, 5)
    tensors = (torch.as_tensor(values) for values in (first, second, labels))
    assert compare_paired(*tensors) == compare_paired(first, second, labels)


def test_result_reads_as_a_sentence() -> None:
    text = str(PairedComparison(1_234, 5, 0.00123))
    assert text == "1,234 images only the first reads correctly, 5 only the second (p = 0.0012)"


@pytest.mark.parametrize("which", ["first", "second"])
def test_refuses_what_is_no_list_of_digits(which: str) -> None:
    labels = np.array([1, 2, 3])
    for wrong in (np.array([1, 2]), np.array([1, 2, 10]), np.array([0.5, 1, 2]), np.eye(3)):
        pair = (wrong, labels) if which == "first" else (labels, wrong)
        with pytest.raises(ValueError, match=f"predictions of the {which} model"):
            compare_paired(*pair, labels)


def test_refuses_labels_that_are_no_digits() -> None:
    with pytest.raises(ValueError, match="labels"):
        compare_paired(np.array([1]), np.array([1]), np.array([-1]))
