"""From a page to what is written on it; so far, the paper itself: a simulator of photographs."""

from course_utils.reading.paper import CONDITIONS, Condition, mixture, picture, side_by_side
from course_utils.reading.sheet import Sheet, Writing, sheet

__all__ = [
    "CONDITIONS",
    "Condition",
    "Sheet",
    "Writing",
    "mixture",
    "picture",
    "sheet",
    "side_by_side",
]
