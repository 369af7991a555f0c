"""Lines on the paper that are no part of the digit: ruled, squared, boxes, underlines, hairlines.

A pen's stroke may be straight as well. What tells a line of the paper from it: it is longer than
the rest of the ink is, and goes on beyond the rest at both of its ends.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import distance_transform_edt, label, maximum_filter

_LOOKED_AT = 160  # pixels: lines are looked for in a mask of this size
_LONG = 0.5  # of the picture's longer side: shorter runs are no lines of the paper
_FILLED = 0.97  # of a run: noise may tear a line here and there
_ANGLES = np.deg2rad(np.arange(-7.5, 8, 1.5))  # around the horizontal and the vertical
_BEYOND = 0.04  # of the picture's longer side: so far a line goes on beyond the digit, at least
_COVERED = 0.7  # of a line's pixels: it was found twice
_LONGER = 0.7  # of the picture's longer side: no digit on a sheet was written so large
_CUT = 0.85  # the same with one end at the border: a stroke that runs out of the picture is shorter
_THICK = 0.05  # of the picture's longer side: lines are printed thinner


@dataclass(frozen=True)
class Line:
    """A straight line: its pixels in a mask (h, w), its ends (x, y) and its width in pixels."""

    pixels: np.ndarray
    start: np.ndarray
    end: np.ndarray
    width: float

    @property
    def length(self) -> float:
        """From end to end, in pixels."""
        return float(np.hypot(*(self.end - self.start)))


def paper_lines(dark: np.ndarray) -> list[Line]:
    """The lines of the paper in a mask (h, w) of ink, longest first; none if there is nothing else.

    Looked for are straight runs of at least half the picture's longer side, near the horizontal and
    the vertical, and lines of any direction from border to border.
    """
    lines = _each_once(_long_runs(dark) + _from_border_to_border(dark))
    if not lines:
        return []
    ruled = _ruling(lines, dark.shape)
    single = [x for x in lines if not any(x is y for y in ruled) and _far_enough(x, dark.shape)]
    rest = _main_parts(dark & ~_all_pixels(lines, dark.shape, grown=2))
    if not rest.any():  # a 1 among lines: the thickest of those that end on the paper
        inside = [x for x in lines if not _ends_at_border(x, dark.shape)]
        digit = max(inside, key=lambda x: x.width) if inside else lines[-1]
        return [x for x in lines if (x.pixels & digit.pixels).sum() < 0.5 * x.pixels.sum()]
    return ruled + [x for x in single if _is_foreign(x, rest)]


def _each_once(lines: list[Line]) -> list[Line]:
    """The lines, longest first, without those of which another one covers most pixels."""
    lines = sorted(lines, key=lambda x: -x.length)
    if not lines:
        return []
    flat = np.array([line.pixels.ravel() for line in lines], np.float32)
    shared, kept = flat @ flat.T, []
    for k in range(len(lines)):
        if shared[k, kept].max(initial=0) < _COVERED * shared[k, k]:
            kept.append(k)
    return [lines[k] for k in kept]


def _ruling(lines: list[Line], shape: tuple[int, int]) -> list[Line]:
    """Lines from border to border, if three or more of them are parallel."""
    found = []
    for flat in (True, False):
        alike = [
            x
            for x in lines
            if (abs(x.end - x.start)[0] > abs(x.end - x.start)[1]) == flat
            and (
                _ends_at_border(x, shape) == 2
                or _ends_at_border(x, shape)
                and x.length > _LONG * max(shape)
            )
        ]
        if len(alike) >= 3:
            found += alike
    return found


def _far_enough(line: Line, shape: tuple[int, int]) -> bool:
    """Whether a line is longer than a digit's, and no thicker than lines are printed.

    That is from border to border, or nearly so; a stroke that the border cuts has one end there.
    """
    at_border = _ends_at_border(line, shape)
    long_enough = line.length > (_CUT if at_border else _LONGER) * max(shape)
    return (at_border == 2 or long_enough) and line.width < _THICK * max(shape)


def _is_foreign(line: Line, rest: np.ndarray) -> bool:
    """Whether a line is longer than the rest of the ink, sticks out on both sides of it, and the
    rest does not fill the picture, as a digit does that was cut out tightly.
    """
    rows, columns = np.nonzero(rest)
    points = np.column_stack([columns, rows]) + 0.5
    beyond = max(1.5, _BEYOND * max(rest.shape))
    along = (line.end - line.start) / line.length
    places = (points - line.start) @ along
    sticks_out = places.min() >= beyond and line.length - places.max() >= beyond
    across = points[:, 0] if abs(along[1]) > abs(along[0]) else points[:, 1]
    room = rest.shape[1] if abs(along[1]) > abs(along[0]) else rest.shape[0]
    free = across.min() >= beyond and room - across.max() >= beyond
    return bool(line.length > max(np.ptp(rows), np.ptp(columns)) + 1 and sticks_out and free)


def without_lines(ink: np.ndarray, lines: list[Line]) -> np.ndarray:
    """Ink (h, w), 0 … 1, without the lines; strokes that cross one are joined again."""
    if not lines:
        return ink
    band = _all_pixels(lines, ink.shape, grown=2)
    rest = (ink >= 0.5) & ~band
    reach = 0.75 * (max(x.width for x in lines) + 4) + 1
    closed = _closed(rest, min(reach, 0.06 * max(ink.shape) + 2))
    return np.where(band & ~closed, 0, ink).astype(np.float32)


def _ends_at_border(line: Line, shape: tuple[int, int]) -> int:
    """How many of the two ends lie within 3 % of the picture's longer side from its border."""
    near = 0.03 * max(shape)
    ends = np.array([line.start, line.end])
    return int(((ends < near) | (ends > np.array(shape[::-1]) - near)).any(axis=1).sum())


def _all_pixels(lines: list[Line], shape: tuple[int, int], grown: int) -> np.ndarray:
    pixels = np.zeros(shape, bool)
    for line in lines:
        pixels |= line.pixels
    return maximum_filter(pixels, 2 * grown + 1) if grown else pixels


def _main_parts(mask: np.ndarray) -> np.ndarray:
    """The mask without parts below a tenth of its largest."""
    parts, n = label(mask, np.ones((3, 3)))
    areas = np.bincount(parts.ravel(), minlength=n + 1)
    areas[0] = 0
    return (areas >= max(0.1 * areas.max(), 4))[parts]


def _closed(mask: np.ndarray, radius: float) -> np.ndarray:
    """A mask whose gaps a disc of ``radius`` pixels cannot enter are filled (closing by a disc)."""
    margin = int(radius) + 1
    grown = distance_transform_edt(~np.pad(mask, margin)) <= radius
    return (distance_transform_edt(grown) > radius)[margin:-margin, margin:-margin]


# -- near the horizontal and the vertical ----------------------------------------------------------


def _long_runs(dark: np.ndarray) -> list[Line]:
    step = -(-max(dark.shape) // _LOOKED_AT)
    small = _any_of(dark, step)
    found = []
    for turned in (False, True):
        grid = small.T if turned else small
        flagged = _in_long_runs(grid, max(5, int(_LONG * max(small.shape))))
        parts, n = label(flagged, np.ones((3, 3)))
        for k in range(1, n + 1):
            found.append(_as_line(parts == k, turned, step, dark))
    return [line for line in found if line is not None]


def _any_of(dark: np.ndarray, step: int) -> np.ndarray:
    """A mask ``step`` times smaller: a pixel is set where any of its pixels is."""
    if step == 1:
        return dark
    h, w = (-(-n // step) for n in dark.shape)
    padded = np.pad(dark, [(0, h * step - dark.shape[0]), (0, w * step - dark.shape[1])])
    return padded.reshape(h, step, w, step).any(axis=(1, 3))


def _in_long_runs(dark: np.ndarray, length: int) -> np.ndarray:
    """Pixels of runs of at least ``length`` pixels along a nearly horizontal line."""
    h, w = dark.shape
    flagged = np.zeros_like(dark)
    if w < length or dark.sum() < length:
        return flagged
    columns = np.arange(w)
    shift = np.rint(np.tan(_ANGLES)[:, None] * (columns - w / 2)).astype(int)
    edge = int(np.abs(shift).max())
    rows = np.arange(h)[:, None] + shift[:, None]  # (angles, h, w): where each sheared row runs
    sheared = np.pad(dark, [(edge, edge), (0, 0)])[rows + edge, columns]
    angle, row = np.nonzero(sheared.sum(axis=2) >= _FILLED * length)
    which, column = np.nonzero(_runs(sheared[angle, row], length))
    flagged[rows[angle[which], row[which], column], column] = True
    return flagged


def _runs(rows: np.ndarray, length: int) -> np.ndarray:
    """Where each row is filled, all but for ``1 - _FILLED``, over ``length`` pixels."""
    n, w = rows.shape
    before = np.concatenate([np.zeros((n, 1), int), rows.cumsum(axis=1)], axis=1)
    full = before[:, length:] - before[:, :-length] >= _FILLED * length  # starts of full windows
    steps = np.zeros((n, w + 1), int)
    steps[:, : full.shape[1]] += full
    steps[:, length : length + full.shape[1]] -= full
    return (steps.cumsum(axis=1)[:, :w] > 0) & rows


def _as_line(part: np.ndarray, turned: bool, step: int, dark: np.ndarray) -> Line | None:
    """A flagged part of the small mask as a line of the large one, without what crosses it."""
    places = np.flatnonzero(part.any(axis=0))
    thick = part.sum(axis=0)[places]
    width = float(np.median(thick))
    middle = (part * np.arange(len(part))[:, None]).sum(axis=0)[places] / thick
    alone = thick <= width + 1  # where nothing crosses or runs along it
    if alone.sum() < 3:
        return None
    slope, offset = np.polyfit(places[alone], middle[alone], 1)
    rows, columns = np.ogrid[: part.shape[0], : part.shape[1]]
    part = part & (np.abs(rows - offset - slope * columns) <= width / 2 + 1)
    start, end = (np.array([x, offset + slope * x + 0.5]) * step for x in places[[0, -1]] + [0, 1])
    if turned:
        part, start, end = part.T, start[::-1], end[::-1]
    pixels = np.repeat(np.repeat(part, step, 0), step, 1)[: dark.shape[0], : dark.shape[1]] & dark
    length = float(np.hypot(*(end - start)))
    return Line(pixels, start, end, pixels.sum() / length) if length else None


# -- from border to border -------------------------------------------------------------------------


def _from_border_to_border(dark: np.ndarray) -> list[Line]:
    """Lines of any direction, straight from one side of the picture to another one."""
    h, w = dark.shape
    ends = []
    for side, cells in enumerate((dark[0], dark[-1], dark[:, 0], dark[:, -1])):
        parts, n = label(cells)
        for k in range(1, n + 1):
            at = np.flatnonzero(parts == k)
            if len(at) <= 0.15 * len(cells):
                place = at.mean() + 0.5
                ends.append(
                    (side, np.array([(place, 0), (place, h), (0, place), (w, place)][side], float))
                )
    if not 2 <= len(ends) <= 60:
        return []
    side = np.array([number for number, _ in ends])
    place = np.array([at for _, at in ends])
    i, j = np.triu_indices(len(ends), 1)
    lengths = np.hypot(*(place[j] - place[i]).T)
    kept = (side[i] != side[j]) & (lengths >= _LONG * max(h, w))
    start, end = place[i[kept], None], place[j[kept], None]
    t = (np.arange(max(h, w)) + 0.5)[:, None] / max(h, w)
    x, y = np.moveaxis((start + t * (end - start)).astype(int), 2, 0)
    x, y = x.clip(0, w - 1), y.clip(0, h - 1)
    filled = np.flatnonzero(maximum_filter(dark, 3)[y, x].mean(axis=1) >= _FILLED)
    if not len(filled):
        return []
    thick = distance_transform_edt(dark)
    found = []
    for k in filled:
        width = 2 * float(np.median(thick[y[k], x[k]])) + 1
        pixels = _band(dark, start[k, 0], end[k, 0], width)
        found.append(Line(pixels, start[k, 0], end[k, 0], width))
    return found


def _band(dark: np.ndarray, start: np.ndarray, end: np.ndarray, width: float) -> np.ndarray:
    rows, columns = np.mgrid[: dark.shape[0], : dark.shape[1]] + 0.5
    along = (end - start) / np.hypot(*(end - start))
    away = np.abs((columns - start[0]) * along[1] - (rows - start[1]) * along[0])
    return dark & (away <= width / 2 + 0.5)
