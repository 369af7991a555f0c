"""From a page to what is written on it: the paper, and words and fields from letters' scores."""

from course_utils.reading.crf import ChainCRF, padded
from course_utils.reading.decode import (
    WordList,
    beam_search,
    forward_backward,
    likeliest,
    viterbi,
)
from course_utils.reading.errors import ReadingErrors, edit_distance, reading_errors
from course_utils.reading.fields import SIGNS, FieldReading, Pattern, read_field
from course_utils.reading.language import LetterModel
from course_utils.reading.paper import CONDITIONS, Condition, mixture, picture, side_by_side
from course_utils.reading.sheet import Sheet, Writing, sheet

__all__ = [
    "CONDITIONS",
    "SIGNS",
    "ChainCRF",
    "Condition",
    "FieldReading",
    "LetterModel",
    "Pattern",
    "ReadingErrors",
    "Sheet",
    "WordList",
    "Writing",
    "beam_search",
    "edit_distance",
    "forward_backward",
    "likeliest",
    "mixture",
    "padded",
    "picture",
    "read_field",
    "reading_errors",
    "sheet",
    "side_by_side",
    "viterbi",
]
