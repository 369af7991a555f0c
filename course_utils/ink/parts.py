"""Connected parts of the ink: which belong to the digit, and what else was seen."""

import numpy as np
from scipy.ndimage import (
    binary_dilation,
    distance_transform_edt,
    find_objects,
    label,
    maximum_filter,
)

_EIGHT = np.ones((3, 3))  # a pixel's neighbours, the diagonal ones among them
_SPECK = 0.02  # of the largest part's area: dust and noise; the dot of an i would be no digit
_ALONG = 0.5  # of a side's length: what lies along the border so far is no digit
_ALL_ALONG = 0.95  # the same in a picture that is a digit's own rectangle
_FRAME_SPAN, _FRAME_INSIDE = 0.6, 0.03  # of the picture's sides, and of the part's own area
_INSIDE = 0.2  # of the largest part: if one so large is clear of the border, others that are not go
_CUT_OUT = 48  # pixels: a smaller picture is a digit's own rectangle
_THIN = 3  # pixels of width
_TALL = 0.6  # of the tallest part's height: a second digit is at least so tall


def without_specks_and_edges(ink: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Ink without dark edges, frames and specks, and what went in words (specks unmentioned)."""
    dark = ink >= 0.5
    parts, n = label(maximum_filter(dark, 3) if _is_thin(dark) else dark, _EIGHT)
    parts = parts * dark
    if n <= 1:
        return ink, []
    areas = np.bincount(parts.ravel(), minlength=n + 1)
    areas[0] = 0
    edges = _along_the_border(parts, n) | _frames(parts, n, areas)
    edges[0] = False
    left_out = []
    if edges.any():
        rest = areas[~edges].max()
        if rest > 0.1 * areas.max() or rest > 200:
            areas[edges] = 0
            left_out.append("a frame or dark edge")
    border = np.unique(np.concatenate([parts[0], parts[-1], parts[:, 0], parts[:, -1]]))
    inside = np.ones(n + 1, bool)
    inside[border] = False
    cut_out = max(parts.shape) <= _CUT_OUT  # then a digit reaches the border
    if areas[inside].max(initial=0) > _INSIDE * areas.max() and not cut_out:
        areas[border] = 0
    drop = areas < _SPECK * areas.max()
    drop[0] = False
    if not drop.any():
        return ink, left_out
    halo = maximum_filter(drop[parts], size=5)  # their grey edges go with them
    return np.where(halo & ((parts == 0) | drop[parts]), 0, ink).astype(np.float32), left_out


def _is_thin(dark: np.ndarray) -> bool:
    """Whether most lines are so thin that a photograph tears them."""
    return min(dark.shape) > 100 and 4 * (distance_transform_edt(dark)[dark].mean() - 0.5) < _THIN


def _along_the_border(parts: np.ndarray, n: int) -> np.ndarray:
    """For each part whether it lies along more than half of one side of the picture."""
    band = max(1, min(parts.shape) // 50)
    sides = (parts[:band], parts[-band:], parts[:, :band].T, parts[:, -band:].T)
    along = [np.bincount(s.max(axis=0), minlength=n + 1) / s.shape[1] for s in sides]
    return np.max(along, axis=0) > (_ALONG if max(parts.shape) > _CUT_OUT else _ALL_ALONG)


def _frames(parts: np.ndarray, n: int, areas: np.ndarray) -> np.ndarray:
    """For each part whether it spans the picture both ways and is empty inside."""
    found = np.zeros(n + 1, bool)
    for k, where in enumerate(find_objects(parts), start=1):
        spans = [(s.stop - s.start) / side for s, side in zip(where, parts.shape, strict=True)]
        if min(spans) < _FRAME_SPAN:
            continue
        inside = tuple(
            slice(s.start + (s.stop - s.start) // 5, s.stop - (s.stop - s.start) // 5)
            for s in where
        )
        found[k] = np.sum(parts[inside] == k) < _FRAME_INSIDE * areas[k]
    return found


def joined_again(core: np.ndarray, missing: np.ndarray, window: int) -> np.ndarray:
    """The ink of ``core`` and what of ``everything`` hangs on it along the picture's border.

    ``core`` was found with the picture going on beyond its border as it ends there: strokes that
    run along the border are lost with a desk's edge. What is connected with the digit, no thicker
    than a pen (``window``) and no longer than half a side is given back.
    """
    dark = core >= 0.5
    parts, n = label(missing >= 0.5, _EIGHT)
    if n == 0:
        return core
    touching = np.unique(parts[binary_dilation(dark, _EIGHT)])
    edges = _along_the_border(parts, n)
    thick = distance_transform_edt(np.pad((missing >= 0.5) | dark, 1))[1:-1, 1:-1]
    back = np.zeros(n + 1, bool)
    for k in touching[touching > 0]:
        back[k] = not edges[k] and 2 * thick[parts == k].max() <= window
    if not back.any():
        return core
    halo = maximum_filter(back[parts], size=3)
    return np.where(halo, np.maximum(core, missing), core)


def several_digits(ink: np.ndarray) -> int:
    """How many parts stand side by side, each tall and with paper on both sides of it."""
    parts, _ = label(ink >= 0.5, _EIGHT)
    boxes = find_objects(parts)
    heights = [b[0].stop - b[0].start for b in boxes]
    if not heights:
        return 0
    tall = sorted(
        (b[1].start, b[1].stop)
        for b, h in zip(boxes, heights, strict=True)
        if h >= _TALL * max(heights)
    )
    count, reached = 1, tall[0][1]
    for start, stop in tall[1:]:
        count += start > reached
        reached = max(reached, stop)
    return count


def what_is_doubtful(ink: np.ndarray) -> list[str]:
    """Why the ink of a picture (h, w) may not be one whole digit, in words."""
    dark = ink >= 0.5
    if not dark.any():
        return []
    doubts = []
    if several_digits(ink) > 1:
        doubts.append(
            "expected one digit, got parts that stand side by side: cut them out one by one"
        )
    sides = (dark[0], dark[-1], dark[:, 0], dark[:, -1])
    rows, columns = np.nonzero(dark)
    spans = np.ptp(rows) + 1 >= dark.shape[0] * 0.97, np.ptp(columns) + 1 >= dark.shape[1] * 0.97
    if sum(side.any() for side in sides) >= 3 and all(spans) and min(dark.shape) > _CUT_OUT:
        doubts.append(
            "expected a digit on paper, got ink all over: a frame or lines may be left in it"
        )
    elif any(side.any() for side in sides):
        doubts.append("the ink reaches the picture's border: the digit may be cut off")
    return doubts
