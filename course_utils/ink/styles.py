"""Ways of writing that MNIST hardly has, drawn onto its own images.

Its writers were Americans. Elsewhere a 1 begins with an upstroke (here: a flag) and may stand on a
foot, a 6 begins with a hook, a 7 is crossed, and a 0 has a slash where it must not be taken for an
O. No shift or bend of a plain 1 makes a flag; a line drawn in the right place does.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
import torch
from PIL import Image

from course_utils.data import IMAGE_SHAPE, LabelledImages
from course_utils.ink.fitting import BOX, centre, fit_into_box, stroke_width
from course_utils.ink.strokes import draw_strokes

_PARTS = 8  # straight pieces of a bent line


def flagged_one(ink: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    """A plain 1 with a flag at its top and, about every third time, a foot.

    ``ink``: (28, 28) of 0 … 1, as MNIST's; so is what comes back, its centre of mass in the middle.
    The flag falls to the left, 20 to 62 degrees from the stem but no more than 68 from the vertical
    (it would be a 7), and is at least 0.2 times as long as the 1 is high, at most 0.75 times where
    it is steep and 0.55 times where it is flat. Raises ValueError for another shape, values outside
    0 … 1 and empty paper.
    """
    box = _Box(ink)
    from_stem = chance.uniform(20, 62)
    angle = min(box.lean + np.deg2rad(from_stem), np.deg2rad(68))
    length = chance.uniform(0.2, 0.85 - from_stem / 200) * box.height
    fall = length * np.array([-np.sin(angle), np.cos(angle)])
    lines = [_bent(box.upper_end, box.upper_end + fall, chance.uniform(-0.15, 0.15))]
    if chance.random() < 0.35:
        half = np.array([chance.uniform(0.15, 0.45) * box.height, 0.0])
        middle = box.lower_end + chance.uniform(-0.3, 0.3) * half
        tilt = np.array([0.0, chance.uniform(-1, 1)])
        lines.append(_bent(middle - half, middle + half + tilt, chance.uniform(-0.05, 0.05)))
    return _with_lines(ink, lines)


def slashed_zero(ink: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    """A plain 0 with a line through its middle, from upper right to lower left.

    ``ink``: as for ``flagged_one``, and so are the errors. The line leans by 8 to 65 degrees from
    the vertical and ends between the middle of the 0's lines and some way outside.
    """
    box = _Box(ink)
    angle = np.deg2rad(chance.uniform(8, 65))
    to_edge = min(box.width / 2 / np.sin(angle), box.height / 2 / np.cos(angle))
    half = chance.uniform(0.75, 1.3) * to_edge * np.array([np.sin(angle), -np.cos(angle)])
    line = _bent(box.middle + half, box.middle - half, chance.uniform(-0.05, 0.05))
    return _with_lines(ink, [line])


def hooked_six(ink: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    """A plain 6 whose upper end goes on to the right and bends down a little way.

    ``ink``: as for ``flagged_one``, and so are the errors. The hook reaches 0.15 to 0.4 times the
    6's height to the right and ends up to a quarter of the height lower, above the loop.
    """
    box = _Box(ink)
    reach = np.array([chance.uniform(0.15, 0.4), chance.uniform(0.02, 0.25)]) * box.height
    hook = _bent(box.upper_end, box.upper_end + reach, chance.uniform(-0.9, -0.3))
    return _with_lines(ink, [hook])


def crossed_seven(ink: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    """A plain 7 with a short bar through its stem, at half its height or somewhat below.

    ``ink``: as for ``flagged_one``, and so are the errors. The bar is 0.28 to 0.6 times as long as
    the 7 is high and rises to the right by up to 19 degrees, or falls by up to 9.
    """
    box = _Box(ink)
    height = box.middle[1] + chance.uniform(-0.05, 0.2) * box.height
    rows = ink[round(height) - 1 : round(height) + 1]
    half = chance.uniform(0.14, 0.3) * box.height * np.array([1, chance.uniform(-0.35, 0.15)])
    middle = np.array([_mean_column(rows) + chance.uniform(-0.3, 0.3) * half[0], height])
    return _with_lines(ink, [_bent(middle - half, middle + half, chance.uniform(-0.1, 0.1))])


def one_with_long_upstroke(ink: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    """A plain 1 that begins with an upstroke 0.6 to 0.95 times as long as it is high, close to it.

    ``ink``: as for ``flagged_one``, and so are the errors. The upstroke falls to the left, 18 to 34
    degrees from the stem: wider ones of this length are 7s or 4s to any reader.
    """
    box = _Box(ink)
    angle = box.lean + np.deg2rad(chance.uniform(18, 34))
    fall = chance.uniform(0.6, 0.95) * box.height * np.array([-np.sin(angle), np.cos(angle)])
    line = _bent(box.upper_end, box.upper_end + fall, chance.uniform(-0.12, 0.12))
    return _with_lines(ink, [line])


def seven_with_short_bar(ink: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    """A plain 7 with a bar through its stem that is 0.16 to 0.28 times as long as the 7 is high.

    ``ink``: as for ``flagged_one``, and so are the errors.
    """
    box = _Box(ink)
    height = box.middle[1] + chance.uniform(-0.05, 0.15) * box.height
    rows = ink[round(height) - 1 : round(height) + 1]
    half = chance.uniform(0.08, 0.14) * box.height * np.array([1, chance.uniform(-0.35, 0.15)])
    middle = np.array([_mean_column(rows) + chance.uniform(-0.2, 0.2) * half[0], height])
    return _with_lines(ink, [_bent(middle - half, middle + half, 0.0)])


def nine_with_tail(ink: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    """A plain 9 whose stem goes on below and bends to the left and up, as a g's does.

    ``ink``: as for ``flagged_one``, and so are the errors. The tail reaches 0.3 to 0.6 times the
    9's height to the left and 0.1 to 0.3 times of it down.
    """
    box = _Box(ink)
    deep = np.array([0.0, chance.uniform(0.1, 0.3) * box.height])
    left = np.array(
        [-chance.uniform(0.3, 0.6) * box.height, chance.uniform(-0.15, 0.1) * box.height]
    )
    bottom = box.lower_end + deep + 0.35 * left
    lines = [
        _bent(box.lower_end, bottom, 0.35),
        _bent(bottom, box.lower_end + left, 0.35),
    ]
    return _with_lines(ink, lines)


def open_four(ink: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    """A 4 in place of another, written open: an arm with a bar, and a stem through the bar.

    ``ink``: as for ``flagged_one``, and so are the errors; of it the lines' width, the slant and
    the size are taken. The stem begins between the arm's top and 0.45 of the height below it.
    """
    box = _Box(ink)
    h, w = float(box.height), max(float(box.width), 0.55 * box.height)
    slant = -np.tan(np.clip(box.lean, -0.5, 0.5)) + chance.uniform(-0.1, 0.1)
    bar = chance.uniform(0.5, 0.68) * h
    arm_top = np.array([chance.uniform(0.1, 0.25) * w, 0.0])
    corner = np.array([chance.uniform(0.0, 0.1) * w, bar + chance.uniform(-0.04, 0.04) * h])
    bar_end = np.array([chance.uniform(0.85, 1.0) * w, bar + chance.uniform(-0.1, 0.06) * h])
    stem = chance.uniform(0.6, 0.78) * w
    stem_top = np.array([stem, chance.uniform(0.0, 0.45) * h])
    stem_end = np.array([stem + chance.uniform(-0.06, 0.06) * w, h])
    lines = [
        _bent(arm_top, corner, chance.uniform(-0.1, 0.15)),
        _bent(corner, bar_end, chance.uniform(-0.08, 0.08)),
        _bent(stem_top, stem_end, chance.uniform(-0.06, 0.06)),
    ]
    leaning = [line + (h / 2 - line[:, 1:]) * [slant, 0] for line in lines]
    every = np.concatenate(leaning)
    shift = 14 - (every.min(axis=0) + every.max(axis=0)) / 2
    return _with_lines(np.zeros_like(ink), [line + shift for line in leaning], _line_width(ink))


def six_with_short_bow(ink: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    """A 6 whose bow above the loop is 0.35 to 0.65 times as high as it was; the loop stays.

    ``ink``: as for ``flagged_one``, and so are the errors.
    """
    box = _Box(ink)
    top, bottom = int(box.upper_end[1]), int(np.ceil(box.lower_end[1]))
    middle = top + round(0.5 * (bottom - top))
    bow = Image.fromarray(np.asarray(ink[top - 1 : middle], np.float32))
    rows = max(2, round(chance.uniform(0.35, 0.65) * bow.height))
    small = np.asarray(bow.resize((28, rows), Image.Resampling.BILINEAR))
    both = np.zeros_like(ink, dtype=np.float32)
    both[middle:] = ink[middle:]
    both[middle - rows : middle] = small
    return _placed(both)


Style = Callable[[np.ndarray, np.random.Generator], np.ndarray]
STYLES: Mapping[int, Style] = MappingProxyType(
    {1: flagged_one, 0: slashed_zero, 6: hooked_six, 7: crossed_seven}
)
MORE_STYLES: Mapping[str, tuple[int, Style]] = MappingProxyType(
    {
        "1 with a long upstroke": (1, one_with_long_upstroke),
        "open 4": (4, open_four),
        "6 with a short bow": (6, six_with_short_bow),
        "7 with a short bar": (7, seven_with_short_bar),
        "9 with a tail": (9, nine_with_tail),
    }
)


def with_other_styles(
    part: LabelledImages, shares: Mapping[int | str, float], seed: int = 0
) -> LabelledImages:
    """The images of ``part`` and, after them, some of its digits once more, in other styles.

    ``shares``: for each digit in ``STYLES``, or name in ``MORE_STYLES``, the share of the digit's
    images, 0 … 1, that is drawn onto; they are chosen at random and keep their ids. Raises
    ValueError for another digit, name or share, and for a seed that is no whole number from 0.
    """
    if not isinstance(seed, int) or seed < 0:
        raise ValueError(f"expected a whole number from 0 as seed, got {seed!r}")
    chance = np.random.default_rng(seed)
    where, drawn = [], []
    for name, share in shares.items():
        if (name not in STYLES and name not in MORE_STYLES) or not 0 <= share <= 1:
            raise ValueError(
                f"expected digits of {sorted(STYLES)} and shares of 0 to 1, or names of "
                f"{sorted(MORE_STYLES)}, got {share} for {name}"
            )
        digit, style = (name, STYLES[name]) if name in STYLES else MORE_STYLES[name]
        known = np.flatnonzero(part.labels.numpy() == digit)
        for at in chance.choice(known, round(share * len(known)), replace=False):
            ink = style(part.images[at].numpy() / 255, chance)
            drawn.append(torch.from_numpy(np.rint(255 * ink).astype(np.uint8)))
            where.append(int(at))
    if not drawn:
        return part
    again = part.select(where)
    return LabelledImages(
        torch.cat([part.images, torch.stack(drawn)]),
        torch.cat([part.labels, again.labels]),
        torch.cat([part.ids, again.ids]),
    )


class _Box:
    """Where a digit lies, in pixels from the outer corner; points are (x, y), lean to the right."""

    def __init__(self, ink: np.ndarray) -> None:
        if ink.shape != IMAGE_SHAPE or not (0 <= ink.min() and ink.max() <= 1):
            raise ValueError(
                f"expected ink of 0 … 1 and shape (28, 28), got {ink.min():g} … {ink.max():g} "
                f"of shape {ink.shape}"
            )
        dark = ink >= 0.5
        if not dark.any():
            raise ValueError("no ink found: expected a digit, got empty paper")
        rows, columns = np.flatnonzero(dark.any(axis=1)), np.flatnonzero(dark.any(axis=0))
        top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
        self.height, self.width = bottom - top, right - left
        self.middle = np.array([left + right, top + bottom]) / 2
        half_a_line = stroke_width(ink) / 2
        self.upper_end = np.array([_mean_column(ink[top : top + 2]), top + half_a_line])
        self.lower_end = np.array([_mean_column(ink[bottom - 2 : bottom]), bottom - half_a_line])
        across, down = self.lower_end - self.upper_end
        self.lean = np.arctan2(-across, max(down, 1))


def _mean_column(rows: np.ndarray) -> float:
    """The mean x of the ink in some rows."""
    weights = rows.sum(axis=0)
    return float(weights @ (np.arange(rows.shape[1]) + 0.5) / weights.sum())


def _bent(start: np.ndarray, end: np.ndarray, bow: float) -> np.ndarray:
    """A quadratic Bézier curve, (points, 2), that leaves the chord by ``bow`` / 2 of its length."""
    chord = end - start
    pull = (start + end) / 2 + bow * np.array([-chord[1], chord[0]])
    t = np.linspace(0, 1, _PARTS + 1)[:, None]
    return (1 - t) ** 2 * start + 2 * t * (1 - t) * pull + t**2 * end


def _with_lines(ink: np.ndarray, lines: list[np.ndarray], width: float | None = None) -> np.ndarray:
    """Lines as wide as the digit's own drawn onto it, then all of it back into place and box."""
    drawn = draw_strokes(lines, IMAGE_SHAPE, width or _line_width(ink))
    return _placed(np.maximum(ink, drawn))


def _line_width(ink: np.ndarray) -> float:
    return float(np.clip(stroke_width(ink), 1.5, 3))


def _placed(both: np.ndarray) -> np.ndarray:
    """Ink fitted into the box, if it is larger, and centred."""
    rows, columns = np.flatnonzero(both.any(axis=1)), np.flatnonzero(both.any(axis=0))
    tight = both[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(np.float32)
    return centre(fit_into_box(tight) if max(tight.shape) > BOX else tight)
