"""A sheet of paper with a digit on it, made from strokes or from an image.

A picture is made of a ``Sheet``: the ink of a digit, the paper (with lines printed on it, or a desk
beside it) and the light that falls on both. A condition changes one of them; several may be
combined. All chance comes from the generator that is given, so that a seed fixes a picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from course_utils.data import IMAGE_SHAPE

SIDE = 280  # pixels of a picture, unless a condition sets another size
_FINE = 4  # drawn so many times larger, then averaged down
_NOISE = 0.015  # standard deviation of brightness, as of a telephone's camera in a room

Digit = Sequence[np.ndarray] | np.ndarray  # strokes (n, 2) on a pad, or ink (28, 28), 0 … 1


@dataclass
class Sheet:
    """A digit on paper before it is photographed; conditions change it in place.

    ``ink``: share of each pixel covered by the pen, (h, w), 0 … 1. ``paper``: how much light the
    paper throws back, (h, w), 0 … 1. ``light``: how much falls on it, (h, w), 1 = full. ``pen``:
    how much light the ink throws back. ``gloss``: light thrown back as by a mirror, (h, w).
    ``noise``: standard deviation of the camera's noise. ``dark_board``: white chalk on black.
    ``window``: rows and columns (top, bottom, left, right) that the picture shows.
    """

    ink: np.ndarray
    paper: np.ndarray
    light: np.ndarray
    gloss: np.ndarray
    pen: float = 0.12
    noise: float = _NOISE
    dark_board: bool = False
    window: tuple[int, int, int, int] | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.ink.shape

    @property
    def unit(self) -> float:
        """Pixels to one of a picture of ``SIDE``: what conditions measure lengths in."""
        return max(self.shape) / SIDE

    def box(self) -> tuple[int, int, int, int]:
        """The smallest rectangle around the digit: top, bottom, left, right (ends excluded)."""
        rows, columns = (np.flatnonzero((self.ink >= 0.5).any(axis=k)) for k in (1, 0))
        return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1

    def photographed(self, chance: np.random.Generator) -> np.ndarray:
        """The picture, uint8 (h, w), of what the window shows."""
        thrown = self.paper * (1 - self.ink) + self.paper * self.pen * self.ink
        if self.dark_board:
            thrown = 1 - thrown
        seen = thrown * self.light + self.gloss
        if self.noise:
            seen = seen + chance.normal(0, self.noise, seen.shape)
        top, bottom, left, right = self.window or (0, self.shape[0], 0, self.shape[1])
        return np.rint(255 * np.clip(seen[top:bottom, left:right], 0, 1)).astype(np.uint8)


@dataclass(frozen=True)
class Writing:
    """Pixels of a picture's side and of its lines' width; a pen of None is left to chance."""

    side: int = SIDE
    pen: float | None = None
    clean: bool = False  # drawn by a program: no grey edges, no noise


# -- the digit on the paper -----------------------------------------------------------------------


def sheet(digit: Digit, chance: np.random.Generator, writing: Writing | None = None) -> Sheet:
    """A clean sheet with the digit somewhere near its middle.

    ``digit``: strokes, arrays (n_points, 2) of x and y in any unit, or an image (28, 28) of 0 … 1,
    1 = ink. It becomes 0.45 to 0.6 of the sheet's side high (or wide). Strokes are drawn by a pen
    of 8 to 14 pixels on 280, unless ``writing`` says otherwise.
    Raises ValueError for an array of another shape.
    """
    writing = writing or Writing()
    side = writing.side
    pen = writing.pen or chance.uniform(8, 14) * side / SIDE
    size = chance.uniform(0.45, 0.6) * side
    middle = side / 2 + chance.uniform(-0.06, 0.06, 2) * side
    if isinstance(digit, np.ndarray):
        ink = _from_image(digit, side, size, middle)
    else:
        ink = _from_strokes(digit, side, size - pen, middle, pen, 1 if writing.clean else _FINE)
    paper = np.full((side, side), chance.uniform(0.8, 0.97), np.float32)
    return Sheet(
        ink=ink,
        paper=paper if not writing.clean else np.ones_like(paper),
        light=np.ones_like(paper),
        gloss=np.zeros_like(paper),
        pen=0.0 if writing.clean else chance.uniform(0.08, 0.3),
        noise=0.0 if writing.clean else _NOISE,
    )


def _from_strokes(
    strokes: Sequence[np.ndarray], side: int, size: float, middle: np.ndarray, pen: float, fine: int
) -> np.ndarray:
    points = np.concatenate(strokes)
    low, extent = points.min(axis=0), np.ptp(points, axis=0)
    scale = size / max(extent.max(), 1e-9)
    canvas = Image.new("L", (side * fine, side * fine))
    brush = ImageDraw.Draw(canvas)
    width = max(1, round(pen * fine))
    for stroke in strokes:
        placed = ((np.asarray(stroke) - low - extent / 2) * scale + middle) * fine
        brush.line([tuple(p) for p in placed], fill=255, width=width)
        r = (width - 1) / 2
        for x, y in placed if width > 2 else ():  # round ends and bends
            brush.ellipse((x - r, y - r, x + r, y + r), fill=255)
    return np.asarray(canvas.reduce(fine) if fine > 1 else canvas, np.float32) / 255


def _from_image(image: np.ndarray, side: int, size: float, middle: np.ndarray) -> np.ndarray:
    if image.shape != IMAGE_SHAPE:
        raise ValueError(f"expected strokes or ink of shape (28, 28), got shape {image.shape}")
    whole = round(size * 28 / 20)  # MNIST's digits fill a box of 20 pixels
    large = Image.fromarray(np.asarray(image, np.float32)).resize((whole, whole), Image.BICUBIC)
    # Steeper edges than enlarging leaves, as a pen's are.
    steep = np.clip((np.asarray(large) - 0.5) * 3 + 0.5, 0, 1)
    canvas = Image.new("F", (side, side))
    canvas.paste(Image.fromarray(steep), tuple(np.rint(middle - whole / 2).astype(int)))
    return np.array(canvas, np.float32)
