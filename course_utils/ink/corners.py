"""The sheet of paper in a picture: its four corners, and the picture straightened by them.

A camera sees more than the paper: a desk round it, a stripe along a side, a scanner's black border.
Where the paper ends is told from what lies along it, place by place, because a shadow may make
the paper at one side darker than the desk at another.
"""

import numpy as np
from scipy.ndimage import gaussian_filter, grey_closing
from scipy.stats import theilslopes
from skimage.transform import ProjectiveTransform, warp

from course_utils.ink.pixels import smaller

_LOOKED_AT = 160  # pixels: the edge of the paper is looked for in a picture of this size
_DEEPEST = 0.32  # of a side: so far inside the picture the paper may begin
_DARKER = 0.7  # of the paper: what lies beside it is no brighter
_NEAR = 2.0  # pixels: places on one straight edge lie so near a line
_SEEN = 0.6  # of the picture's width: along so much of it an edge must be seen,
_STRAIGHT = 0.85  # and so many of the places where one is seen lie on one line
_STEEPEST = np.tan(np.deg2rad(15))
_STROKE = 0.75  # of what is beside it: so dark at the edge is ink or a printed line
_INSIDE = 1.5  # pixels of _LOOKED_AT: cut away with the edge, which is blurred


def paper_corners(grey: np.ndarray) -> np.ndarray | None:
    """The corners of the paper in a picture (h, w), 0 … 1, or None where it fills the picture.

    float64 (4, 2): x and y in pixels of the upper left, upper right, lower right and lower left
    corner. A side along which no straight edge between bright paper and something darker is clearly
    seen is the picture's own. An edge that strokes run across is one of a shadow, and does not
    count.
    """
    small = smaller(grey, _LOOKED_AT)
    h, w = small.shape
    edges = [_upper_edge(np.rot90(small, turns)) for turns in range(4)]  # top, right, bottom, left
    if not any(edges):
        return None
    # As a·x + b·y = c, after turning back by as many quarters.
    sides = []
    for turns, edge in enumerate(edges):
        slope, at = (edge[0], edge[1] + _INSIDE) if edge else (0.0, 0.0)
        sides.append(
            [
                (-slope, 1.0, at),  # y = at + slope · x
                (1.0, slope, w - at),  # w - x = at + slope · y
                (-slope, 1.0, h - at - slope * w),  # h - y = at + slope · (w - x)
                (1.0, slope, at + slope * h),  # x = at + slope · (h - y)
            ][turns]
        )
    top, right, bottom, left = np.array(sides)
    pairs = ((top, left), (top, right), (bottom, right), (bottom, left))
    corners = [np.linalg.solve([a[:2], b[:2]], [a[2], b[2]]) for a, b in pairs]
    scale = np.array(grey.shape[::-1]) / (w, h)
    return np.array(corners) * scale


def straightened(grey: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """What lies between four corners of a picture (h, w), as a rectangle, by a homography.

    ``corners``: as ``paper_corners`` gives them. The rectangle is as wide and high as opposite
    sides are on average. Source: R. Hartley, A. Zisserman, Multiple View Geometry (2003).
    """
    low, high = np.round(corners).min(axis=0), np.round(corners).max(axis=0)
    upright = np.array([low, (high[0], low[1]), high, (low[0], high[1])])
    if np.abs(upright - corners).max() <= 1:  # upright already: nothing is to be turned
        left, top, right, bottom = np.concatenate([low, high]).astype(int).clip(0)
        return grey[top:bottom, left:right]
    upper, right, lower, left = np.hypot(*(np.roll(corners, -1, axis=0) - corners).T)
    w, h = max(2, round((upper + lower) / 2)), max(2, round((left + right) / 2))
    to = np.array([(0, 0), (w, 0), (w, h), (0, h)])
    homography = ProjectiveTransform.from_estimate(to - 0.5, corners - 0.5)
    return warp(grey, homography, output_shape=(h, w), mode="edge").astype(np.float32)


def _upper_edge(grey: np.ndarray) -> tuple[float, float] | None:
    """Slope and place at x = 0 of a straight upper edge of the paper, in pixels, or None."""
    h, w = grey.shape
    soft = np.maximum(gaussian_filter(grey, (0.5, 1)), 0.01)
    brightest = np.maximum.accumulate(soft, axis=0)
    below = np.minimum(soft[2:-1], soft[3:])  # the two rows after the next one
    rises = (brightest[:-3] < _DARKER * below)[: int(_DEEPEST * h)]
    seen = rises.any(axis=0)
    if seen.mean() < _SEEN:
        return None
    columns = np.flatnonzero(seen)
    places = rises.argmax(axis=0)[columns] + 2.0  # of the outermost rise in each column
    slope, at, *_ = theilslopes(places, columns + 0.5)
    for _ in range(2):
        near = np.abs(places - at - slope * (columns + 0.5)) <= _NEAR
        if near.mean() < _STRAIGHT or near.sum() < _SEEN * w:
            return None
        slope, at = np.polyfit(columns[near] + 0.5, places[near], 1)
    if abs(slope) > _STEEPEST or _crossed(soft, slope, at):
        return None
    return float(slope), float(at)


def _crossed(grey: np.ndarray, slope: float, at: float) -> bool:
    """Whether something dark and narrow runs on both sides of a line: it is drawn across it."""
    h, w = grey.shape
    columns = np.arange(w)
    beside = []
    for away in (-3, 3):
        rows = np.rint(at + slope * (columns + 0.5) - 0.5 + away).astype(int)
        kept = (rows >= 0) & (rows < h)
        profile = grey[rows[kept], columns[kept]]
        usual = grey_closing(profile, max(3, w // 6), mode="nearest") if kept.any() else 1
        dips = np.zeros(w, bool)
        dips[kept] = profile < _STROKE * usual
        beside.append(dips)
    return bool((beside[0] & beside[1]).any())
