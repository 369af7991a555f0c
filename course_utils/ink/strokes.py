"""From strokes to 28 × 28 pixels.

Strokes are a sequence of arrays (n_points, 2) of floats: x to the right, y down, in any unit; a
stroke of one point is a dot.
"""

from collections.abc import Collection, Sequence

import numpy as np
from scipy.spatial import cKDTree
from torch import Tensor

from course_utils.ink.fitting import (
    BOX,
    SIDE,
    STROKE_STEPS,
    STROKE_WIDTH,
    centre,
    checked_steps,
    to_uint8,
)


def from_strokes(
    strokes: Sequence[np.ndarray],
    *,
    width: float = STROKE_WIDTH,
    pad_size: tuple[float, float] | None = None,
    pen_width: float | None = None,
    skip: Collection[str] = (),
) -> Tensor:
    """Strokes of one digit as a uint8 image (28, 28), 0 = background, 255 = ink.

    ``width``: of the drawn lines, in pixels of the image. ``skip`` names steps (``STROKE_STEPS``)
    to be left out: without "crop" the whole pad (``pad_size``: its width and height in the strokes'
    unit) is made small; without "width" the lines are as wide as the pad's pen (``pen_width``, same
    unit) becomes; without "aspect" the digit fills the box both ways; without "margin" the box is
    28 × 28; without "smooth" pixels are black or white; without "centre" the middle of the box,
    not the centre of mass, goes to the middle.
    Raises ValueError for no strokes, points that are no finite numbers, and unknown steps.
    """
    skip = checked_steps(skip, STROKE_STEPS)
    strokes = check_strokes(strokes)
    box = SIDE if "margin" in skip else BOX
    corner, size = _extent(strokes)
    if "crop" in skip:
        corner, size = np.zeros(2), _needed(pad_size, "pad_size", "crop")
    if "width" in skip:
        pen = float(_needed(pen_width, "pen_width", "width"))
        width = pen * box / (max(size) + (0 if "crop" in skip else pen))
    room = box if "crop" in skip else max(box - width, 1.0)
    keep_aspect = "aspect" not in skip
    scale = _scale(np.asarray(size, dtype=float), room, keep_aspect)
    edge = 0.0 if "crop" in skip else width / 2
    fitted = [(stroke - corner) * scale + edge for stroke in strokes]
    shape = tuple(np.ceil(np.asarray(size) * scale + 2 * edge - 1e-6).astype(int).clip(1)[::-1])
    ink = draw_strokes(fitted, shape, width, smooth="smooth" not in skip)
    return to_uint8(centre(ink, by_mass="centre" not in skip))


def check_strokes(strokes: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The strokes as float64 arrays (n, 2) with n ≥ 1; empty strokes are left out.

    Raises ValueError when nothing is left, for another shape, and for NaN or infinity.
    """
    checked = []
    for i, stroke in enumerate(strokes):
        try:
            points = np.asarray(stroke, dtype=np.float64)
        except (TypeError, ValueError):
            raise ValueError(
                f"stroke {i}: expected points, one row x, y of numbers each, got {stroke!r:.60}"
            ) from None
        if points.size == 0:
            continue
        if points.ndim != 2 or points.shape[1] != 2:
            raise ValueError(
                f"stroke {i}: expected shape (n_points, 2), one row x, y per point, "
                f"got shape {points.shape}"
            )
        if not np.isfinite(points).all():
            raise ValueError(
                f"stroke {i}: expected finite numbers, got NaN or infinity; leave such points out"
            )
        checked.append(points)
    if not checked:
        raise ValueError(
            "there are no strokes: expected one or more, got none; draw something first"
        )
    return checked


def draw_strokes(
    strokes: Sequence[np.ndarray], shape: tuple[int, int], width: float, smooth: bool = True
) -> np.ndarray:
    """Ink of lines ``width`` pixels wide with round ends, on paper of ``shape`` (height, width).

    Points are in pixels, (0, 0) is the outer corner of the first one. With ``smooth`` a pixel that
    the line covers in part is grey; otherwise it is 1 where its middle is covered.
    """
    dots = np.concatenate([_densely(stroke) for stroke in check_strokes(strokes)])
    rows, columns = np.mgrid[: shape[0], : shape[1]] + 0.5
    pixels = np.column_stack([columns.ravel(), rows.ravel()])
    distance, _ = cKDTree(dots).query(pixels, distance_upper_bound=width / 2 + 1)
    inside = (width / 2 - distance).reshape(shape)
    ink = np.clip(inside + 0.5, 0, 1) if smooth else inside >= 0
    return ink.astype(np.float32)


def _densely(points: np.ndarray, spacing: float = 0.2) -> np.ndarray:
    """Points along the line through ``points``, at most ``spacing`` apart."""
    if len(points) == 1:
        return points
    lengths = np.hypot(*np.diff(points, axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(lengths)])
    n = int(np.ceil(along[-1] / spacing)) + 1
    at = np.linspace(0, along[-1], n)
    return np.column_stack([np.interp(at, along, points[:, i]) for i in range(2)])


def _extent(strokes: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Left upper corner and size (x, y) of the rectangle around the points."""
    points = np.concatenate(strokes)
    return points.min(axis=0), np.ptp(points, axis=0)


def _scale(size: np.ndarray, room: float, keep_aspect: bool) -> np.ndarray:
    """Factors (x, y) that make ``size`` fit into ``room``; a dot or a straight line stays thin."""
    largest = size.max()
    if largest == 0:
        return np.ones(2)
    if keep_aspect:
        return np.full(2, room / largest)
    return np.where(size > 0, room / np.where(size > 0, size, 1), 1.0)


def _needed(value: object, name: str, step: str) -> object:
    if value is None:
        raise ValueError(f'without the step "{step}" {name} must be given: see the docstring')
    return value
