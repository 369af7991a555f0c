"""What the checks of the exercises share, so that a check reads in ten lines what it asks.

    # Check of exercise 3
    answer = checking.Answer(straighten, exercise=3, forbid={"scipy.ndimage.shift": "do it"})
    for degrees in (30, -20, 0):
        image = rng.integers(1, 256, (28, 28), dtype=np.uint8)
        got = checking.array(answer(image, degrees), "the image", shape=(28, 28), dtype="uint8")
        checking.equal(
            got,
            moved_rows(image, degrees),  # computed after the answer ran
            slips={"the rows move the wrong way": lambda: moved_rows(image, -degrees)},
            otherwise="the rows are not where they belong",
        )
    answer.passed("every row is where it belongs")

Where the chapter goes on, ``checking.solved("straighten", course_version)`` is the learner's
function if it passed, else the course's.
"""

import sys

from course_utils.checking.answer import Answer, solved
from course_utils.checking.compare import (
    array,
    equal,
    independent,
    named,
    number,
    several,
    uniform,
    whole,
)
from course_utils.checking.guard import guard
from course_utils.checking.values import Notes, describe

__all__ = [
    "Answer",
    "Notes",
    "array",
    "describe",
    "equal",
    "independent",
    "named",
    "number",
    "several",
    "solved",
    "uniform",
    "whole",
]

guard(sys.modules[__name__])  # checks call these functions: replacing one must not disarm them
