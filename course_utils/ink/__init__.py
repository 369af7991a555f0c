"""From a drawn or photographed digit to a network's input.

``from_strokes`` and ``from_image`` do the whole preparation, ``prepare_photo`` tells what it left
out; each of their steps is a function of its own. ``DrawingPad`` takes strokes from a mouse, finger
or pen in the notebook, ``my_drawings`` keeps them. ``with_other_styles`` draws ways of writing that
MNIST hardly has.
"""

from typing import Any

from course_utils.ink.corners import paper_corners, straightened
from course_utils.ink.drawings import Drawings, load_strokes
from course_utils.ink.fitting import (
    BOX,
    IMAGE_STEPS,
    STROKE_STEPS,
    STROKE_WIDTH,
    centre,
    crop,
    fit_into_box,
    set_stroke_width,
    stroke_width,
)
from course_utils.ink.kept import KeptDrawings, my_drawings
from course_utils.ink.light import ink_is_dark
from course_utils.ink.lines import Line, paper_lines, without_lines
from course_utils.ink.parts import without_specks_and_edges
from course_utils.ink.photo import (
    InkWarning,
    Preparation,
    find_ink,
    from_image,
    prepare_photo,
)
from course_utils.ink.pixels import shrink, to_grey
from course_utils.ink.strokes import check_strokes, draw_strokes, from_strokes
from course_utils.ink.styles import (
    MORE_STYLES,
    STYLES,
    crossed_seven,
    flagged_one,
    hooked_six,
    slashed_zero,
    with_other_styles,
)

__all__ = [
    "BOX",
    "IMAGE_STEPS",
    "MORE_STYLES",
    "STROKE_STEPS",
    "STROKE_WIDTH",
    "STYLES",
    "DrawingPad",
    "Drawings",
    "InkWarning",
    "KeptDrawings",
    "Line",
    "Preparation",
    "centre",
    "check_strokes",
    "crop",
    "crossed_seven",
    "draw_strokes",
    "find_ink",
    "fit_into_box",
    "flagged_one",
    "from_image",
    "from_strokes",
    "hooked_six",
    "ink_is_dark",
    "load_strokes",
    "my_drawings",
    "paper_corners",
    "paper_lines",
    "prepare_photo",
    "set_stroke_width",
    "shrink",
    "slashed_zero",
    "straightened",
    "stroke_width",
    "to_grey",
    "with_other_styles",
    "without_lines",
    "without_specks_and_edges",
]


def __getattr__(name: str) -> Any:
    """The drawing pad, when it is asked for: it alone needs the widgets of the extra ``lab``."""
    if name != "DrawingPad":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        from course_utils.ink.pad import DrawingPad
    except ModuleNotFoundError as error:
        if error.name not in ("anywidget", "ipywidgets", "traitlets"):
            raise
        from course_utils.ink.no_pad import DrawingPad
    return DrawingPad
