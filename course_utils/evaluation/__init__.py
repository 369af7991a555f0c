"""How good a model is: claims, accuracy with its interval, the hard digits, the final exam."""

from course_utils.evaluation.accuracy import (
    Accuracy,
    PairedComparison,
    accuracy,
    compare_paired,
    wilson_interval,
)
from course_utils.evaluation.claims import ClaimError, claim
from course_utils.evaluation.exam import ExamResult, final_exam
from course_utils.evaluation.hard_digits import HARD_DIGIT_IDS, earlier_verdicts, hard_digits

__all__ = [
    "HARD_DIGIT_IDS",
    "Accuracy",
    "ClaimError",
    "ExamResult",
    "PairedComparison",
    "accuracy",
    "claim",
    "compare_paired",
    "earlier_verdicts",
    "final_exam",
    "hard_digits",
    "wilson_interval",
]
