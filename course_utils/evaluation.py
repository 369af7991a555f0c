"""How good a model is: claims, accuracy with its interval, the hard digits, the final exam."""

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from IPython import get_ipython
from IPython.display import publish_display_data
from scipy.stats import binomtest
from torch import Tensor

from course_utils.data import N_CLASSES, LabelledImages, locked_test_set

# Chosen by benchmarks/choose_hard_digits.py: positions in MNIST's training file, all of them in the
# validation part; 8 somewhat hard, 8 hard, 8 hardest.
HARD_DIGIT_IDS = (
    35727, 14139, 21040, 2286, 50879, 17053, 14321, 17222,
    18247, 8898, 28491, 57683, 9256, 11039, 38586, 58649,
    8966, 15324, 39378, 54264, 56914, 49892, 39425, 33412,
)  # fmt: skip


class ClaimError(AssertionError):
    """A statement of the text does not hold in this run."""


def claim(text: str, holds: bool) -> None:
    """Print ``✓ text`` when the statement holds, else raise.

    A chapter states its conclusions this way, so that every run tests them.
    Raises ClaimError when it does not hold, TypeError when ``holds`` is not a single truth value.
    """
    if not isinstance(holds, bool | np.bool_):
        raise TypeError(
            f"claim() needs one truth value, got {type(holds).__name__}; "
            "compare numbers, and reduce arrays with .all() or .any()"
        )
    if not holds:
        raise ClaimError(f"✗ {text}: this does not hold in this run")
    print(f"✓ {text}")


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
    Raises ValueError unless 0 ≤ right ≤ n, n ≥ 1 and 0 < confidence < 1.
    Source: E. B. Wilson, Probable inference, the law of succession, and statistical inference
    (1927).
    """
    if not (n >= 1 and 0 <= right <= n):
        raise ValueError(f"expected 0 <= right <= n and n >= 1, got right={right}, n={n}")
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
    """Two models on the same images: how many only one of them reads rightly, and chance's part.

    ``p_value`` is the probability that two equally good models differ at least so much.
    """

    only_first: int
    only_second: int
    p_value: float

    def __str__(self) -> str:
        return (
            f"{self.only_first:,} images only the first reads rightly, "
            f"{self.only_second:,} only the second (p = {self.p_value:.2g})"
        )


def compare_paired(
    first: Tensor | np.ndarray, second: Tensor | np.ndarray, labels: Tensor | np.ndarray
) -> PairedComparison:
    """Compare two models' predictions for the same images, all (n,) whole numbers 0-9.

    McNemar's exact two-sided test: images that both read rightly, or both wrongly, say nothing;
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


def hard_digits(validation: LabelledImages) -> LabelledImages:
    """The same 24 hard validation images in every chapter, easiest grade first.

    Raises ValueError when handed another set than MNIST's validation part.
    """
    position = {int(image_id): i for i, image_id in enumerate(validation.ids)}
    missing = [i for i in HARD_DIGIT_IDS if i not in position]
    if missing:
        raise ValueError(
            f"{len(missing)} of the {len(HARD_DIGIT_IDS)} hard digits are not in this set of "
            f"{len(validation):,} images; pass load_mnist().validation"
        )
    return validation.select([position[i] for i in HARD_DIGIT_IDS])


def earlier_verdicts(chapter: str) -> dict[str, list[int]]:
    """What the models of the chapters before ``chapter`` made of the hard digits, by model.

    ``chapter`` is the folder's name, for example ``"04_convolutional_network"``. The verdicts are
    those of the executed notebooks, as collected in ``notebooks/results.json``.
    """
    path = Path(__file__).resolve().parent.parent / "notebooks" / "results.json"
    if not path.is_file():
        return {}
    verdicts = json.loads(path.read_text(encoding="utf-8"))["verdicts"]
    return {v["model"]: v["predictions"] for v in verdicts if v["chapter"] < chapter}


@dataclass(frozen=True)
class ExamResult:
    """The outcome of one sitting of the final exam."""

    chapter: str
    model: str
    accuracy: Accuracy
    sitting: int

    def __str__(self) -> str:
        return f"Final exam, {self.model}: {self.accuracy}.\nThis is sitting {self.sitting}."


def final_exam(
    chapter: str, model: str, predict: Callable[[Tensor], Tensor | np.ndarray | Sequence[int]]
) -> ExamResult:
    """Let a finished model read the 10,000 locked test images, once.

    ``predict`` takes uint8 images (10000, 28, 28) and returns one digit per image. The result is
    shown with its 95 % interval and the number of times this model has sat the exam: if it was
    changed after a sitting, the next figure is no longer an honest estimate.
    Sittings are logged in ``workbook/exam_log.jsonl`` (or ``$COURSE_EXAM_LOG``), but not while
    nbgrader grades.
    Raises ValueError when the answers are not 10,000 digits; such a sitting does not count.
    """
    test = locked_test_set()
    result = accuracy(predict(test.images.clone()), test.labels)
    sitting = _log_sitting(chapter, model, result)
    exam = ExamResult(chapter, model, result, sitting)
    _show(exam)
    return exam


def _show(exam: ExamResult) -> None:
    """In a notebook an output that the results table is made from, elsewhere a printed line."""
    if get_ipython() is None:  # publishing would start an interactive shell
        print(exam)
        return
    publish_display_data(
        {"text/plain": str(exam), "text/markdown": _exam_markdown(exam)},
        metadata={
            "course": {
                "exam": {
                    "chapter": exam.chapter,
                    "model": exam.model,
                    "errors": exam.accuracy.errors,
                    **{k: v for k, v in asdict(exam.accuracy).items() if k != "right"},
                }
            }
        },
    )


def _exam_markdown(exam: ExamResult) -> str:
    note = (
        "This is the first sitting."
        if exam.sitting == 1
        else f"This is **sitting {exam.sitting}**: if the model was changed since the first one, "
        "this figure flatters it."
    )
    return f"**Final exam, {exam.model}:** {exam.accuracy}. {note}"


def _exam_log() -> Path:
    override = os.environ.get("COURSE_EXAM_LOG")
    if override:
        return Path(override)
    if "NBGRADER_EXECUTION" in os.environ:
        return Path(os.devnull)  # grading a learner's notebook is no sitting of the instructor's
    return Path(__file__).resolve().parent.parent / "workbook" / "exam_log.jsonl"


def _log_sitting(chapter: str, model: str, result: Accuracy) -> int:
    """Append this sitting to the log and return its number for this chapter's model."""
    log = _exam_log()
    sitting = 1 + sum(
        r.get("chapter") == chapter and r.get("model") == model for r in _read_log(log)
    )
    record = {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "chapter": chapter,
        "model": model,
        "sitting": sitting,
        "errors": result.errors,
    }
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(record, ensure_ascii=False) + "\n")
    return sitting


def _read_log(log: Path) -> list[dict]:
    """The sittings logged so far; a line cut short by a crash is passed over, the rest counts."""
    records = []
    for line in log.read_text(encoding="utf-8").splitlines() if log.is_file() else []:
        try:
            record = json.loads(line)
        except json.JSONDecodeError:
            continue
        if isinstance(record, dict):
            records.append(record)
    return records
