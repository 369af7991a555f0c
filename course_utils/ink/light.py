"""Polarity and light: which of two is the ink, and how bright the paper around it would be."""

import numpy as np
from scipy.ndimage import gaussian_filter, grey_closing, grey_opening

from course_utils.ink.pixels import smaller

_POLARITY_SIDE = 96  # pixels: a small picture is enough to tell ink from paper
_DARKEST = 0.4  # of the brightness of most of the paper
_LINE = 0.08  # of the picture's longer side: what is narrower may be a line
_WINDOWS = (0.06, 0.12, 0.24, 0.48)  # of the longer side: pens are looked for up to this width


def ink_is_dark(grey: np.ndarray) -> tuple[bool, bool]:
    """Two opinions on whether the ink is darker than the paper, of a picture (h, w), 0 … 1.

    The first asks all of the picture: ink takes little room and differs much, paper and light
    change slowly; less its own blurred self, the picture leans to the side of the ink (the sum of
    its cubes has that sign). It was right for all of MNIST's validation images, cut out tightly or
    not, but a dark desk round the paper turns it. The second asks narrow things only (what a
    closing or an opening with a window of 0.08 of the side would fill): a desk does not count
    there, but a thick pen, or the gaps in a tightly cut digit, mislead it.
    """
    small = smaller(grey, _POLARITY_SIDE)
    rest = small - gaussian_filter(small, 0.25 * max(small.shape), mode="nearest", truncate=2.0)
    window = max(3, int(_LINE * max(small.shape)))
    dark = grey_closing(small, (window, window), mode="nearest") - small
    bright = small - grey_opening(small, (window, window), mode="nearest")
    return bool(np.sum(rest**3) <= 0), bool(np.sum(bright**3) <= np.sum(dark**3))


def paper_around(grey: np.ndarray, window: int) -> np.ndarray:
    """The brightness that the paper has, or would have, at each pixel of a picture (h, w), 0 … 1.

    That is the picture's "closing": whatever dark thing is narrower than ``window`` pixels is
    filled from its surroundings; a shadow or a desk, being wider, is paper of its own.
    Source: J. Serra, Image Analysis and Mathematical Morphology (1982).
    """
    padded = np.pad(grey, window, mode="edge")  # beyond its border the picture goes on as it ends
    return grey_closing(padded, (window, window))[window:-window, window:-window]


def lifted(paper: np.ndarray) -> np.ndarray:
    """The paper's brightness, nowhere below 0.4 of what most of it has.

    What is seen where paper is much darker is mostly noise, or the grain of a desk.
    """
    return np.maximum(paper, max(_DARKEST * float(np.quantile(paper[::4, ::4], 0.9)), 0.02))


def windows(shape: tuple[int, int]) -> list[int]:
    """Windows to try on a picture, in pixels: wider than a fine, a usual, a fat pen."""
    return [max(3, round(share * max(shape))) for share in _WINDOWS]
