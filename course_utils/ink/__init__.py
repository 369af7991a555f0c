"""From a drawn or photographed digit to a network's input.

``from_strokes`` and ``from_image`` do the whole preparation; each of their steps is a function of
its own. ``DrawingPad`` takes strokes from a mouse, finger or pen in the notebook.
"""

from course_utils.ink.drawings import Drawings, load_strokes
from course_utils.ink.pad import DrawingPad
from course_utils.ink.preparation import (
    BOX,
    IMAGE_STEPS,
    STROKE_STEPS,
    STROKE_WIDTH,
    centre,
    check_strokes,
    crop,
    dark_on_light,
    draw_strokes,
    even_light,
    find_ink,
    fit_into_box,
    from_image,
    from_strokes,
    set_stroke_width,
    shrink,
    stroke_width,
    to_grey,
)

__all__ = [
    "BOX",
    "IMAGE_STEPS",
    "STROKE_STEPS",
    "STROKE_WIDTH",
    "DrawingPad",
    "Drawings",
    "centre",
    "check_strokes",
    "crop",
    "dark_on_light",
    "draw_strokes",
    "even_light",
    "find_ink",
    "fit_into_box",
    "from_image",
    "from_strokes",
    "load_strokes",
    "set_stroke_width",
    "shrink",
    "stroke_width",
    "to_grey",
]
