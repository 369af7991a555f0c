"""Accuracy with its interval, and two models compared on the same images."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest
from torch import Tensor

from course_utils.data import N_CLASSES


@dataclass(frozen=True)
class Accuracy:
    """A share of right answers, ``right`` of ``n``, with its 95 % interval (low, high)."""

    right: int
    n: int
    low: float
    high: float

    @property
    def value(self) -> float:
        """The share itself, between 0 and 1."""
        return self.right / self.n

    @property
    def errors(self) -> int:
        """How many answers are wrong."""
        return self.n - self.right

    def __str__(self) -> str:
        return (
            f"{self.value:.2%} right ({self.errors:,} errors of {self.n:,}; "
            f"95 % interval {self.low:.2%} to {self.high:.2%})"
        )


def wilson_interval(right: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Interval for a proportion from ``right`` successes in ``n`` trials.

    Unlike the textbook ± it stays within 0 and 1 and is sensible for 0 or n successes.
    Raises ValueError unless they are whole numbers, 0 ≤ right ≤ n, n ≥ 1 and 0 < confidence < 1.
    Source: E. B. Wilson, Probable inference, the law of succession, and statistical inference
    (1927).
    """
    whole = all(isinstance(count, int | np.integer) for count in (right, n))
    if not (whole and n >= 1 and 0 <= right <= n):
        raise ValueError(
            f"expected whole numbers, 0 <= right <= n and n >= 1, got right={right}, n={n}"
        )
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be between 0 and 1, for example 0.95, got {confidence}")
    interval = binomtest(int(right), int(n)).proportion_ci(confidence, method="wilson")
    return float(interval.low), float(interval.high)


def accuracy(predictions: Tensor | np.ndarray, labels: Tensor | np.ndarray) -> Accuracy:
    """Compare predicted with true labels, both (n,) whole numbers 0-9.

    Raises ValueError when the shapes differ, are empty or not one-dimensional, and when a
    prediction is not a digit.
    """
    truth = _as_digits(labels, "labels")
    guess = _as_digits(predictions, "predictions", len(truth))
    right = int((guess == truth).sum())
    return Accuracy(right, len(truth), *wilson_interval(right, len(truth)))


def _as_digits(values: Tensor | np.ndarray, name: str, n: int | None = None) -> np.ndarray:
    """Labels as an int64 array (n,), or a ValueError that says what is wrong with them."""
    array = values.detach().cpu().numpy() if isinstance(values, Tensor) else np.asarray(values)
    if array.ndim != 1 or len(array) == 0:
        hint = "; take argmax over the classes" if array.ndim == 2 else ""
        raise ValueError(f"{name} must have shape (n,) with n >= 1, got shape {array.shape}{hint}")
    if n is not None and len(array) != n:
        raise ValueError(f"expected {n:,} {name}, one per image, got {len(array):,}")
    if not np.issubdtype(array.dtype, np.integer):
        raise ValueError(f"{name} must be whole numbers 0-9, got dtype {array.dtype}")
    if array.min() < 0 or array.max() >= N_CLASSES:
        raise ValueError(f"{name} must lie in 0-9, got {array.min()} … {array.max()}")
    return array.astype(np.int64)


@dataclass(frozen=True)
class PairedComparison:
    """Two models on the same images: how many only one of them reads correctly, and chance's part.

    ``p_value`` is the probability that two equally good models differ at least so much.
    """

    only_first: int
    only_second: int
    p_value: float

    def __str__(self) -> str:
        return (
            f"{self.only_first:,} images only the first reads correctly, "
            f"{self.only_second:,} only the second (p = {self.p_value:.2g})"
        )


def compare_paired(
    first: Tensor | np.ndarray, second: Tensor | np.ndarray, labels: Tensor | np.ndarray
) -> PairedComparison:
    """Compare two models' predictions for the same images, all (n,) whole numbers 0-9.

    McNemar's exact two-sided test: images that both read correctly, or both wrongly, say nothing;
    each of the others is the toss of a fair coin if the models are equally good. Where there are
    none, ``p_value`` is 1.
    Raises ValueError as ``accuracy`` does.
    Source: Q. McNemar, Note on the sampling error of the difference between correlated proportions
    or percentages (1947).
    """
    truth = _as_digits(labels, "labels")
    first_right = _as_digits(first, "predictions of the first model", len(truth)) == truth
    second_right = _as_digits(second, "predictions of the second model", len(truth)) == truth
    only_first = int((first_right & ~second_right).sum())
    only_second = int((second_right & ~first_right).sum())
    n = only_first + only_second
    p_value = float(binomtest(only_first, n).pvalue) if n else 1.0
    return PairedComparison(only_first, only_second, p_value)
