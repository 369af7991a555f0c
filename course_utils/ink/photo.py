"""From a picture of one digit to 28 × 28 pixels.

MNIST's black-and-white digits came from a scanner and a form of which the place was known; here ink
and paper are told apart first. Ink is what is darker than the paper just around it, narrow, and
connected; what lies along the border or runs from border to border is no part of a digit.
"""

import warnings
from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np
from PIL import Image
from scipy.ndimage import distance_transform_edt, label, maximum_filter, minimum_filter
from torch import Tensor

from course_utils.ink.corners import paper_corners, straightened
from course_utils.ink.fitting import (
    BOX,
    IMAGE_STEPS,
    SIDE,
    STROKE_WIDTH,
    centre,
    checked_steps,
    crop,
    fit_into_box,
    stroke_width,
    to_uint8,
)
from course_utils.ink.light import ink_is_dark, lifted, paper_around, windows
from course_utils.ink.lines import paper_lines, without_lines
from course_utils.ink.parts import joined_again, what_is_doubtful, without_specks_and_edges
from course_utils.ink.pixels import LARGE, noise_of, shrink, shrink_lines, smaller, to_grey

# Chosen on simulated photographs (course_utils.reading.paper) and on MNIST's validation images.
_SMALL = 48  # pixels: so small a picture was cut out already; its light is even, it has no lines
_WEAKEST = 0.08  # of the paper's brightness: weaker marks are dirt, or writing that shines through
_NOISE = 6  # times the paper's own noise: what ink must stand out by
_NO_INK, _FULL_INK = 0.2, 0.7  # of the usual ink's depth: paper, and a pixel all of ink
_GROWS = 1.5  # times: a window is too narrow for a pen if with the next one its lines grow so much
_ROOM = 1.1  # times a window: thicker lines near the digit are lost under it
_BOARD = 0.5  # of the greatest brightness: most of a board is darker
_EXTENT = 0.15  # of the picture's longer side: a digit is at least so high or wide
_UNEVEN = 0.35  # of the picture's range of brightness: so much along the border is no paper alone
_LONG_ENOUGH = 12  # times as long as wide: any digit's lines are
_NARROW = 3.0  # times as likely is the reading in which narrow things are dark
_PALE = 0.25  # of full ink: printed lines may be paler than the pen
_REACHING = 0.2  # times as likely is writing that reaches the border
_CLEAR = 0.25  # of the paper's brightness: what differs so much in a small picture is no noise
_SMOOTH = 0.005  # of a picture: so little of even paper is neither paper nor ink
_BARE = 0.3  # of a side: so much of even paper's border may be ink
_ROOMY = 0.5  # of a picture, and more, is paper where a digit was written on it


class InkWarning(UserWarning):
    """A picture was read, but something in it makes the image that was made of it doubtful."""


@dataclass(frozen=True)
class Preparation:
    """What was made of a picture.

    ``image``: uint8 (28, 28), 0 = background, 255 = ink. ``warnings``: what makes it doubtful, in
    words. ``left_out``: what was seen and taken for no part of the digit, in words.
    """

    image: Tensor
    warnings: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def from_image(
    image: np.ndarray | Tensor | Image.Image,
    *,
    width: float = STROKE_WIDTH,
    skip: Collection[str] = (),
) -> Tensor:
    """A picture of one digit as a uint8 image (28, 28), 0 = background, 255 = ink.

    ``image``: grey (h, w), colour (h, w, 3) or with alpha (h, w, 2 or 4), whole numbers 0 … 255 or
    0 … 65,535, floats 0 … 1 or bool; or a PIL image. ``skip`` names steps (``IMAGE_STEPS``) to be
    left out: without "light" the lighting is not evened out; without "polarity" what is bright is
    taken for ink; the others as for ``from_strokes``. An ``InkWarning`` tells of two digits, of a
    digit that the border cuts, and of a frame that stayed.
    Raises ValueError for a picture without ink, of another shape or with values out of range, and
    TypeError for what is no picture.
    """
    prepared = prepare_photo(image, width=width, skip=skip)
    for doubt in prepared.warnings:
        warnings.warn(doubt, InkWarning, stacklevel=2)
    return prepared.image


def prepare_photo(
    image: np.ndarray | Tensor | Image.Image,
    *,
    width: float = STROKE_WIDTH,
    skip: Collection[str] = (),
) -> Preparation:
    """As ``from_image``, with what was left out, and with doubts as words in place of warnings."""
    skip = checked_steps(skip, IMAGE_STEPS)
    grey = to_grey(shrink(image, LARGE))
    _check_contrast(grey)
    corners = None if "polarity" in skip else _corners(grey)
    grey = shrink_lines(grey if corners is None else straightened(grey, corners))
    ink, left_out = _most_plausible(_readings(grey, "polarity" in skip), "light" not in skip)
    if corners is not None:
        left_out = ["what lies beside the paper", *left_out]
    doubts = what_is_doubtful(ink)
    if "crop" not in skip:
        ink = crop(ink)
    fitted = fit_into_box(
        ink,
        SIDE if "margin" in skip else BOX,
        width=None if "width" in skip else width,
        cropped="crop" not in skip,
        keep_aspect="aspect" not in skip,
    )
    if "smooth" in skip:
        fitted = (fitted >= 0.5).astype(np.float32)
    placed = centre(fitted, by_mass="centre" not in skip)
    return Preparation(to_uint8(placed), doubts, left_out)


def _check_contrast(grey: np.ndarray) -> None:
    """Raise ValueError for a picture that is equally bright everywhere."""
    contrast = float(np.ptp(grey))
    if contrast <= _WEAKEST * float(grey.max()):
        raise ValueError(
            "no ink found: the picture is blank, or its contrast is too weak (expected brightness "
            f"that differs by more than {_WEAKEST:.0%}, got {contrast:.3f} of 1)"
        )


def _corners(grey: np.ndarray) -> np.ndarray | None:
    """The corners of bright paper, or of a dark board, where the picture shows more than that."""
    if max(grey.shape) <= _SMALL:
        return None
    corners = paper_corners(grey)
    if corners is None and np.median(grey[::4, ::4]) < _BOARD * float(grey.max()):
        corners = paper_corners(1 - grey)
    return corners


# -- dark on light, or light on dark? -------------------------------------------------------------


def _readings(grey: np.ndarray, bright_is_ink: bool) -> list[np.ndarray]:
    """The picture as dark on light: the likelier way first where neither is certain."""
    if bright_is_ink:
        return [1 - grey]
    whole, narrow = ink_is_dark(grey)
    likely = grey if whole else 1 - grey
    if max(grey.shape) <= _SMALL or (whole == narrow and not _has_surroundings(grey)):
        return [likely]
    if is_even(likely):
        return [likely]
    return [grey, 1 - grey] if narrow else [1 - grey, grey]


def _has_surroundings(grey: np.ndarray) -> bool:
    """Whether the picture's border shows more than paper: a desk, a deep shadow."""
    coarse = smaller(grey, 24)  # lines on the paper vanish in it
    ring = np.concatenate([coarse[0], coarse[-1], coarse[:, 0], coarse[:, -1]])
    low, high = np.quantile(grey[::2, ::2], [0.02, 0.98])
    return bool(np.ptp(np.quantile(ring, [0.05, 0.95])) > _UNEVEN * (high - low))


def _most_plausible(readings: list[np.ndarray], light: bool) -> tuple[np.ndarray, list[str]]:
    """The ink of the reading that looks most like writing: one long thin part, of fine lines."""
    found, error = [], None
    for grey in readings:
        try:
            ink, left_out, window = _separated(grey, light)
        except ValueError as none:
            error = error or none
            continue
        before = _NARROW if grey is readings[0] else 1.0
        found.append((before * _likeness(ink) / np.sqrt(window), ink, left_out))
    if not found:
        raise error
    _, ink, left_out = max(found, key=lambda one: one[0])
    return ink, left_out


def _likeness(ink: np.ndarray) -> float:
    """How long and thin the largest part is, times its share of all ink."""
    dark = ink >= 0.5
    parts, _ = label(maximum_filter(dark, 3), np.ones((3, 3)))
    areas = np.bincount((parts * dark).ravel())[1:]
    largest = parts * dark == areas.argmax() + 1
    at_border = any(side.any() for side in (largest[0], largest[-1], largest[:, 0], largest[:, -1]))
    longish = areas.max() / max(stroke_width(largest.astype(np.float32)), 1e-6) ** 2
    likely = min(longish, _LONG_ENOUGH) * areas.max() / areas.sum()
    return likely * (_REACHING if at_border else 1)


# -- ink and paper --------------------------------------------------------------------------------


def _separated(grey: np.ndarray, light: bool) -> tuple[np.ndarray, list[str], int]:
    """The digit's ink in a picture (h, w) dark on light, what was left out, and the window.

    Windows are tried from narrow to wide, until one is found that the pen's lines fit in.
    """
    if max(grey.shape) <= _SMALL or not light:
        return *_on_even_paper(grey), max(grey.shape)
    if is_even(grey):
        ink, left_out = _on_even_paper(grey)
        return ink, left_out, windows(grey.shape)[0]
    noise, sizes = noise_of(grey), windows(grey.shape)
    for window, wider in zip(sizes, [*sizes[2:], sizes[-1], None], strict=True):
        try:
            ink, left_out = _digit_under(grey, window, noise)
        except ValueError:
            continue
        if wider is None or _fits(ink, _ink_under(grey, wider, noise), window):
            return ink, left_out, window
    ink, left_out = _on_even_paper(grey)
    dark = ink >= 0.5
    if max(side.mean() for side in (dark[0], dark[-1], dark[:, 0], dark[:, -1])) > 0.95:
        raise ValueError(
            "no ink found: expected dark lines on paper, got light that changes slowly"
        )
    return ink, left_out, max(grey.shape)


def _on_even_paper(grey: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """The digit's ink, and what was left out, if the paper is equally bright everywhere."""
    small = max(grey.shape) <= _SMALL
    share = np.minimum(grey / max(float(grey.max() if small else np.quantile(grey, 0.9)), 0.02), 1)
    noise, deepest = noise_of(share), 1 - float(share.min())
    if small and deepest > _CLEAR:  # most steps of a digit cut out tightly are its own
        noise = min(noise, deepest / (2 * _NOISE))
    ink = find_ink(share, noise)
    ink, _, left_out = _without_foreign(ink, ink)
    return ink, left_out


def is_even(grey: np.ndarray) -> bool:
    """Whether a picture (h, w) dark on light shows ink on evenly lit paper and nothing else.

    Its pixels are paper or ink, but for the edges of lines (what is in between is narrower than 3
    pixels), most of it is paper, and so is most of each side of its border.
    """
    share = np.minimum(grey / max(float(np.quantile(grey, 0.9)), 0.02), 1)
    try:
        ink = find_ink(share)
    except ValueError:
        return False
    sides = (ink[0], ink[-1], ink[:, 0], ink[:, -1])
    if ink.mean() > 1 - _ROOMY or max(float(np.mean(side > 0)) for side in sides) > _BARE:
        return False
    between = minimum_filter((ink > 0) & (ink < 1), 3)
    return bool(between.mean() < _SMOOTH)


def _digit_under(grey: np.ndarray, window: int, noise: float) -> tuple[np.ndarray, list[str]]:
    """The digit's ink as far as its lines are narrower than ``window``, and what was left out."""
    ink = _ink_under(grey, window, noise)
    padded = np.pad(grey, window, constant_values=float(np.quantile(grey, 0.98)))
    on_paper = _ink_under(padded, window, noise)[window:-window, window:-window]
    ink, lost, left_out = _without_foreign(ink, np.where(ink >= 0.5, 0, on_paper))
    return joined_again(ink, lost, window), left_out


def _ink_under(grey: np.ndarray, window: int, noise: float) -> np.ndarray:
    paper = paper_around(grey, window)
    return find_ink(np.clip(1 - (paper - grey) / lifted(paper), 0, 1), noise / lifted(paper))


def _fits(ink: np.ndarray, wider: np.ndarray, window: int) -> bool:
    """Whether the ink has a digit's size, and its lines are narrower than the window it is under.

    ``wider``: the ink under a wider window; what the narrow one lost of thick lines is there.
    """
    dark, more = ink >= 0.5, wider >= 0.5
    rows, columns = np.nonzero(dark)
    if max(np.ptp(rows), np.ptp(columns)) < _EXTENT * max(ink.shape):
        return False
    thick = 2 * distance_transform_edt(more)[maximum_filter(dark, window)].max()
    near = maximum_filter(dark, max(5, int(1.5 * stroke_width(ink))))
    return bool(thick < _ROOM * window and np.sum(near & more) < _GROWS * dark.sum())


def find_ink(share: np.ndarray, noise: np.ndarray | float | None = None) -> np.ndarray:
    """Ink (h, w), 0 … 1, of a picture (h, w) given as shares of the paper's brightness.

    Ink is what stands out from the paper by at least 0.08 and by six times the paper's own noise
    (``noise``: its standard deviation, everywhere or for each pixel; measured if not given). Less
    than a fifth of the usual ink's depth is 0, more than 0.7 of it is 1.
    Raises ValueError when nothing stands out.
    """
    depth = 1 - share
    least = np.maximum(_WEAKEST, _NOISE * (noise_of(share) if noise is None else noise))
    strong = depth[depth > least]
    if not len(strong):
        raise ValueError(
            "no ink found: the picture is blank, or its contrast is too weak (expected a depth of "
            f"more than {np.min(least):.2f}, got {float(depth.max()):.2f} at most). Draw or write "
            "bolder"
        )
    usual = float(np.sum(strong**5) / np.sum(strong**4))  # that of the dark among what stands out
    ink = np.clip((depth / usual - _NO_INK) / (_FULL_INK - _NO_INK), 0, 1)
    return np.where(depth > least, ink, 0).astype(np.float32)


def _without_foreign(ink: np.ndarray, lost: np.ndarray) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Ink without the paper's lines, edges and specks; ``lost`` without these lines; what went."""
    left_out = []
    for _ in range(2):  # lines hide others
        lines = paper_lines(ink >= _PALE) if max(ink.shape) > _SMALL else []
        if lines:
            left_out.append(f"{len(lines)} line{'s' * (len(lines) > 1)} on the paper")
        ink, lost = without_lines(ink, lines), without_lines(lost, lines)
        if not (ink >= 0.5).any():
            raise ValueError("no ink found: expected a digit, got lines and edges only")
        ink, more = without_specks_and_edges(ink)
        left_out += more
        if not lines:
            break
    return ink, lost, left_out
