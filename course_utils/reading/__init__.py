"""From a page to what is written on it: the paper, and words and fields from letters' scores."""

from course_utils.reading.crf import (
    CRF_RECIPE,
    ChainCRF,
    LetterReader,
    padded,
    read_with_crf,
    teach_words,
)
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
from course_utils.reading.words import (
    METHODS,
    Speller,
    chosen_speller,
    letter_network,
    read_words,
)

__all__ = [
    "CONDITIONS",
    "CRF_RECIPE",
    "METHODS",
    "SIGNS",
    "ChainCRF",
    "Condition",
    "FieldReading",
    "LetterModel",
    "LetterReader",
    "Pattern",
    "ReadingErrors",
    "Sheet",
    "Speller",
    "WordList",
    "Writing",
    "beam_search",
    "chosen_speller",
    "edit_distance",
    "forward_backward",
    "letter_network",
    "likeliest",
    "mixture",
    "padded",
    "picture",
    "read_field",
    "read_with_crf",
    "read_words",
    "reading_errors",
    "sheet",
    "side_by_side",
    "teach_words",
    "viterbi",
]
