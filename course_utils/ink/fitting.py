"""Ink put into place as MNIST's makers put theirs: cut out, fitted, centred.

What MNIST's page and LeCun, Bottou, Bengio, Haffner, Gradient-based learning applied to document
recognition (1998), say: the black-and-white digits were size-normalised to fit a box of 20 × 20
pixels, keeping their aspect ratio; grey levels come from the anti-aliasing of that step; the centre
of mass was then moved to the middle of 28 × 28 pixels. In the 50,000 training images the larger
side of the ink is 20 pixels, and the centre of mass lies within half a pixel of the *centre of
pixel 14* (counted from 0) in both directions: they were moved by whole pixels. All this is done
alike here. What differs: their pens were alike; here every pen is made about as thick as theirs.

Ink is a float32 array (height, width), 0 = paper, 1 = full ink.
"""

from collections.abc import Collection

import numpy as np
import torch
from PIL import Image
from scipy.ndimage import distance_transform_edt
from torch import Tensor

from course_utils.data import IMAGE_SHAPE

BOX = 20  # pixels: side of the box into which MNIST's digits were fitted
MIDDLE = 14.5  # where the centre of mass goes: the middle of pixel 14, from 0, both ways
# Pixels of the 28 × 28. Drawn so wide, the strokes of 1,500 recorded digits (UNIPEN) have the
# stroke width (2.5, as `stroke_width` measures it) and the share of ink (13 %) of MNIST's training
# images; from 1.4 to 2.8 networks read them equally well, to within 0.3 %.
STROKE_WIDTH = 2.4

STROKE_STEPS = ("crop", "aspect", "margin", "width", "smooth", "centre")
IMAGE_STEPS = ("light", "polarity", *STROKE_STEPS)

SIDE = IMAGE_SHAPE[0]
_FINE = 4  # working pixels to one of the final ones
_THINNEST_WORK = 2.5  # working pixels: thinner lines would be lost when the ink is made smaller
# Share of a line's width that may be taken off it. A small network made 32 errors on 3,000
# validation images read directly; after from_image, with 0.7, 0.5, 0.35, 0.2 and 0.1 of it, 60, 47,
# 36, 36 and 38.
_THINNEST = 0.2


def crop(ink: np.ndarray) -> np.ndarray:
    """The smallest rectangle that holds all pixels of at least half ink."""
    dark = ink >= 0.5
    rows, columns = np.flatnonzero(dark.any(axis=1)), np.flatnonzero(dark.any(axis=0))
    if not len(rows):
        raise ValueError("no ink found: no pixel is at least half ink")
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def stroke_width(ink: np.ndarray) -> float:
    """Typical width of the lines, in pixels: four times the mean distance of ink to paper.

    Across a straight line of width w the distance to its nearer edge runs from 0 to w / 2 and back;
    its mean is w / 4. Ink touching the picture's edge is taken to end there.
    """
    dark = np.pad(ink >= 0.5, 1)
    if not dark.any():
        raise ValueError("no ink found: no pixel is at least half ink")
    return float(4 * (distance_transform_edt(dark)[dark].mean() - 0.5))


def set_stroke_width(ink: np.ndarray, change: float) -> np.ndarray:
    """Lines wider by ``change`` pixels (negative: thinner): their edges move by half of it."""
    dark = ink >= 0.5
    to_paper, to_ink = distance_transform_edt(dark), distance_transform_edt(~dark)
    inside = np.where(dark, to_paper - 0.5, 0.5 - to_ink)
    return np.clip(inside + change / 2 + 0.5, 0, 1).astype(np.float32)


def fit_into_box(
    ink: np.ndarray,
    box: int = BOX,
    *,
    width: float | None = None,
    cropped: bool = True,
    keep_aspect: bool = True,
) -> np.ndarray:
    """Ink scaled, anti-aliased, so that its longer side is ``box`` pixels.

    ``width``: the lines are made so many pixels wide; None leaves them as they are.
    """
    h, w = ink.shape
    longest = _FINE * box
    if keep_aspect:
        size = [max(1, round(n * longest / max(h, w))) for n in (w, h)]
    else:
        size = [longest, longest]
    if cropped:
        ink = _thick_enough(ink, max(h, w) / longest)
    work = np.asarray(Image.fromarray(ink).resize(size, Image.Resampling.BILINEAR))
    if width is None:
        return _reduce(work, 0.0, box / longest, box)
    now = stroke_width(work)
    if longest < 3 * now:  # a blot: it has no lines
        return _reduce(work, 0.0, box / longest, box)
    factor = (box - width) / (longest - now) if cropped else box / longest
    change = max(width / factor - now, -_THINNEST * now)
    margin = int(np.ceil(max(change, 0) / 2)) + 2
    changed = set_stroke_width(np.pad(work, margin), change)
    return _reduce(changed, margin - change / 2 if cropped else margin, factor, box)


def _thick_enough(ink: np.ndarray, pixel: float) -> np.ndarray:
    """Lines made so thick that none is lost in a picture whose pixels are ``pixel`` as large."""
    now, least = stroke_width(ink), _THINNEST_WORK * pixel
    if now >= least:
        return ink
    margin = int(np.ceil((least - now) / 2)) + 1
    return crop(set_stroke_width(np.pad(ink, margin), least - now))


def _reduce(work: np.ndarray, margin: float, factor: float, box: int) -> np.ndarray:
    """Average ``work`` less its margin down to pixels 1 / ``factor`` as large."""
    h, w = (n - 2 * margin for n in work.shape)
    rows, columns = (min(box, max(1, int(np.ceil(n * factor - 1e-3)))) for n in (h, w))
    grow_y, grow_x = ((m / factor - n) / 2 for m, n in ((rows, h), (columns, w)))
    edge = int(np.ceil(max(grow_y - margin, grow_x - margin, 0)))
    padded = Image.fromarray(np.pad(work, edge))
    left, top = margin + edge - grow_x, margin + edge - grow_y
    area = (left, top, left + columns / factor, top + rows / factor)
    area = np.clip(area, 0, [padded.width, padded.height] * 2)
    return np.asarray(padded.resize((columns, rows), Image.Resampling.BOX, box=tuple(area)))


def centre(ink: np.ndarray, by_mass: bool = True) -> np.ndarray:
    """Ink moved, by whole pixels, to the middle of 28 × 28; what would fall outside is kept inside.

    ``by_mass``: its centre of mass goes there, otherwise the middle of its rectangle.
    """
    h, w = ink.shape
    if max(h, w) > SIDE:
        raise ValueError(f"expected ink of at most 28 × 28 pixels, got {h} × {w}")
    total = float(ink.sum())
    if total == 0:
        raise ValueError("no ink found: there is nothing to centre")
    middle = [h / 2, w / 2]
    target = SIDE / 2
    if by_mass:
        middle = [
            float(ink.sum(axis=1) @ (np.arange(h) + 0.5)) / total,
            float(ink.sum(axis=0) @ (np.arange(w) + 0.5)) / total,
        ]
        target = MIDDLE
    top, left = (
        int(np.clip(np.floor(target - m + 0.5), 0, SIDE - n))
        for m, n in zip(middle, (h, w), strict=True)
    )
    placed = np.zeros(IMAGE_SHAPE, dtype=np.float32)
    placed[top : top + h, left : left + w] = ink
    return placed


def to_uint8(ink: np.ndarray) -> Tensor:
    """Ink 0 … 1 as a uint8 tensor 0 … 255, rounded."""
    return torch.from_numpy(np.rint(np.clip(ink, 0, 1) * 255).astype(np.uint8))


def checked_steps(skip: Collection[str], known: tuple[str, ...]) -> frozenset[str]:
    """The steps to leave out, each one of ``known``; ValueError for another."""
    if isinstance(skip, str):
        skip = (skip,)
    unknown = sorted(set(skip) - set(known))
    if unknown:
        raise ValueError(f"there is no step {', '.join(unknown)}; the steps are {', '.join(known)}")
    return frozenset(skip)
