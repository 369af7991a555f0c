"""A word as one strip of pixels: written in a hand, or put together from single letters."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from scipy.ndimage import gaussian_filter, map_coordinates
from torch import Tensor

from course_utils.reading.hands import GLYPH_X_HEIGHT, JOINED_HANDS, Glyph, glyph

HEIGHT = 32  # rows of every strip
X_HEIGHT = 10.0  # usual height of an x in a strip, in rows
LETTER_HEIGHT = 17.0  # usual height in a strip of letters that were all made equally high
MARGIN = 3  # columns of paper before and after the ink
_ROOM = HEIGHT - 2  # rows that ink may fill


@dataclass(frozen=True)
class Variation:
    """How much words differ from their font, each by draws of its own; 0 is not at all.

    ``size`` and ``width``: deviation of the logarithm of the height and of the proportions.
    ``slant``: up to so many columns a row either way. ``distance``: typical extra way between
    letters that stand apart, in heights of an x. ``bend``: typical way of the baseline from a
    straight line, in heights of an x. ``wobble``: how much slant, height and width change within a
    word, as shares. ``thickness``: 0 … 1, how far lines are made thinner or bolder. ``noise``: the
    most that grey paper adds to the ink of 0 … 1, as a standard deviation.
    Raises ValueError for a value below 0 or above 1.
    """

    size: float = 0.16
    width: float = 0.14
    slant: float = 0.35
    distance: float = 0.12
    bend: float = 0.10
    wobble: float = 0.10
    thickness: float = 1.0
    noise: float = 0.08

    def __post_init__(self) -> None:
        if not all(0 <= value <= 1 for value in vars(self).values()):
            raise ValueError(f"every strength must be between 0 and 1, got {self}")


PLAIN = Variation(*[0.0] * 8)


def write_word(
    word: str,
    hand: str,
    chance: np.random.Generator,
    variation: Variation | None = None,
    *,
    x_height: float = X_HEIGHT,
) -> np.ndarray:
    """A word in one hand as a strip: ink 0 … 1, float32 (32, width), no two alike.

    Letters that join in the font stay close; the word's ink lies in the middle of the height. An x
    is about ``x_height`` rows high, less where the word would not fit into the strip.
    Raises ValueError for no letters or no height, and as ``glyph`` does.
    """
    if not word:
        raise ValueError("there is nothing to write: expected one or more letters, got ''")
    if not 0 < x_height <= HEIGHT:
        raise ValueError(f"x_height must be above 0 and at most {HEIGHT} rows, got {x_height}")
    how = variation or Variation()
    glyphs = [glyph(hand, letter) for letter in word]
    joined = hand in JOINED_HANDS
    loose = (0.1 if joined else 1.0) * how.distance * GLYPH_X_HEIGHT
    usual = loose * chance.normal(0.5, 1.0)
    gaps = usual + 0.5 * loose * chance.normal(size=len(word))
    lift = np.rint(
        (0.2 if joined else 0.5) * how.bend * GLYPH_X_HEIGHT * chance.normal(size=len(word))
    )
    canvas, baseline = _placed(glyphs, gaps, lift.astype(int))
    return _bent(canvas, baseline, x_height / GLYPH_X_HEIGHT, chance, how)


def join_letters(
    letters: np.ndarray | Tensor, chance: np.random.Generator, variation: Variation | None = None
) -> np.ndarray:
    """Single letters, uint8 (n, rows, columns) with ink 255, side by side as a strip (32, width).

    All are as high as their images; some touch or overlap, others stand apart.
    Raises ValueError for another shape or dtype, no letters, and a letter without ink.
    """
    images = np.asarray(letters)
    if images.dtype != np.uint8 or images.ndim != 3 or len(images) == 0:
        raise ValueError(
            "letters must be uint8 of shape (n, rows, columns), one or more, as load_letters() "
            f"gives them, got {images.dtype} of shape {images.shape}"
        )
    how = variation or Variation()
    glyphs = []
    for k, image in enumerate(images):
        columns = np.flatnonzero(image.any(axis=0))
        if len(columns) == 0:
            raise ValueError(f"letter {k} has no ink: leave it out")
        ink = image[:, columns[0] : columns[-1] + 1].astype(np.float32) / 255
        glyphs.append(Glyph(ink, image.shape[0], 0, ink.shape[1]))
    rows = images.shape[1]
    usual = chance.uniform(-0.5, 2.5) if how.distance else 1.0
    gaps = usual + 8 * how.distance * chance.normal(size=len(glyphs))
    lift = np.rint(0.5 * how.bend * rows * chance.normal(size=len(glyphs))).astype(int)
    canvas, baseline = _placed(glyphs, gaps, lift)
    return _bent(canvas, baseline, LETTER_HEIGHT / rows, chance, how)


def as_strip(ink: np.ndarray) -> np.ndarray:
    """A word's ink 0 … 1 on paper of any size as a strip, float32 (32, width).

    Cropped, made so large that an x is about ``X_HEIGHT`` rows high, and centred. How high an x is
    is guessed: most ink lies between the baseline and the top of an x.
    Raises ValueError for another shape, values outside 0 … 1, and no ink.
    """
    ink = np.asarray(ink, dtype=np.float32)
    if ink.ndim != 2 or ink.size == 0 or not (ink.min() >= 0 and ink.max() <= 1):
        raise ValueError(
            f"expected ink 0 … 1 of shape (rows, columns), got shape {ink.shape}; paper is 0"
        )
    dark = ink > 0.3
    if not dark.any():
        raise ValueError("there is no ink: expected a word, got empty paper; write something first")
    rows, columns = (np.flatnonzero(dark.any(axis=k)) for k in (1, 0))
    tight = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    factor = min(X_HEIGHT / x_height(tight), _ROOM / tight.shape[0])
    height = max(round(tight.shape[0] * factor), 1)
    width = max(round(tight.shape[1] * factor), 1)
    small = Image.fromarray(tight).resize((width, height), Image.Resampling.BOX)
    strip = np.zeros((HEIGHT, width + 2 * MARGIN), dtype=np.float32)
    top = (HEIGHT - height) // 2
    strip[top : top + height, MARGIN : MARGIN + width] = np.asarray(small)
    return np.clip(strip / max(strip.max(), 1e-6), 0, 1)


def x_height(ink: np.ndarray) -> float:
    """How high an x probably is in a word's tightly cropped ink, in rows, 1 or more.

    The rows that hold most of the ink, as many as are crossed about as often as the fullest ones.
    """
    dark = (ink > 0.3).astype(np.int8)
    crossings = (np.diff(dark, axis=1, prepend=0) == 1).sum(axis=1).astype(float)
    smooth = gaussian_filter(crossings, max(len(crossings) / 30, 0.5))
    return max(float((smooth >= 0.5 * smooth.max()).sum()), 1.0)


def as_batch(strips: Sequence[np.ndarray]) -> tuple[Tensor, Tensor]:
    """Strips side by side, padded with paper: float32 (n, 1, 32, widest) and widths int64 (n,).

    Raises ValueError for no strips and for one that is not of shape (32, width).
    """
    if len(strips) == 0:
        raise ValueError("there are no strips: expected one or more, got none")
    for k, strip in enumerate(strips):
        if strip.ndim != 2 or strip.shape[0] != HEIGHT or strip.shape[1] == 0:
            raise ValueError(f"strip {k}: expected shape ({HEIGHT}, width), got {strip.shape}")
    widths = torch.tensor([strip.shape[1] for strip in strips])
    batch = torch.zeros(len(strips), 1, HEIGHT, int(widths.max()))
    for row, strip in zip(batch, strips, strict=True):
        row[0, :, : strip.shape[1]] = torch.from_numpy(np.ascontiguousarray(strip))
    return batch, widths


def _placed(glyphs: Sequence[Glyph], gaps: np.ndarray, lift: np.ndarray) -> tuple[np.ndarray, int]:
    """Glyphs written one after another, each lifted by so many rows; the row of the baseline."""
    pens = np.cumsum([0.0, *[g.advance + gap for g, gap in zip(glyphs, gaps, strict=True)]])[:-1]
    lefts = np.rint([pen + g.left for pen, g in zip(pens, glyphs, strict=True)]).astype(int)
    lefts -= lefts.min()
    tops = np.array([g.top for g in glyphs]) + lift
    baseline = int(tops.max())
    bottom = max(g.ink.shape[0] - top for g, top in zip(glyphs, tops, strict=True))
    right = max(left + g.ink.shape[1] for g, left in zip(glyphs, lefts, strict=True))
    canvas = np.zeros((baseline + bottom, right), dtype=np.float32)
    for g, left, top in zip(glyphs, lefts, tops, strict=True):
        rows, columns = g.ink.shape
        part = canvas[baseline - top : baseline - top + rows, left : left + columns]
        np.maximum(part, g.ink, out=part)
    return canvas, baseline


def _bent(
    canvas: np.ndarray, baseline: int, scale: float, chance: np.random.Generator, how: Variation
) -> np.ndarray:
    """The canvas made a strip: scaled, slanted, bent, and its lines thickened.

    For every pixel of the strip it is computed where on the canvas it comes from.
    """
    rows, columns = canvas.shape
    up = scale * np.exp(how.size * chance.normal())
    bend = how.bend * GLYPH_X_HEIGHT
    up = min(up, _ROOM / (rows + 2 * bend))
    along = up * np.exp(np.clip(how.width * chance.normal(), -0.3, 0.4))
    slant = how.slant * chance.uniform(-1, 1)
    reach = abs(slant) * rows * up
    width = max(int(np.ceil(columns * along + reach)) + 2 * MARGIN, 8)
    x = np.arange(width) + 0.5
    middle = baseline - rows / 2  # of the ink, in rows above the baseline
    waves = _waves(x / X_HEIGHT, 4, chance)
    height = 1 + how.wobble * waves[0]
    lean = slant + how.wobble * waves[1]
    tilt = 0.3 * chance.normal() * bend * (x / width - 0.5)
    shift = bend * waves[2] + tilt - (bend * waves[2] + tilt).mean()
    y = (HEIGHT / 2 - (np.arange(HEIGHT) + 0.5))[:, None]  # rows above the middle
    source_up = (y / up + middle) / height + shift
    sideways = lean * (y + (chance.normal() if how.slant else 0.0))
    stretch = how.wobble * 0.5 * X_HEIGHT * waves[3]
    source_x = (x - width / 2 + stretch - sideways) / along + columns / 2
    strip = map_coordinates(
        canvas, [baseline - source_up - 0.5, source_x - 0.5], order=1, mode="constant"
    )
    return _inked(strip, chance, how)


def _waves(x: np.ndarray, n: int, chance: np.random.Generator) -> np.ndarray:
    """``n`` smooth random functions of x, (n, len(x)), of typical size 0.7, as sums of sines."""
    lengths = np.exp(chance.uniform(np.log(2), np.log(10), (n, 2, 1)))
    phases = chance.uniform(0, 2 * np.pi, (n, 2, 1))
    sizes = chance.normal(size=(n, 2, 1))
    return (sizes * np.sin(2 * np.pi * x / lengths + phases)).mean(axis=1)


def _inked(strip: np.ndarray, chance: np.random.Generator, how: Variation) -> np.ndarray:
    """Lines thinner or bolder, ink paler or darker, and grey paper."""
    darkest = max(float(strip.max()), 1e-3)
    if how.thickness:
        blurred = gaussian_filter(strip, chance.uniform(0.25, 0.75) * how.thickness, truncate=2.5)
        level = max(float(np.quantile(blurred[blurred > 0.05 * darkest], 0.9)), 1e-3)
        gain = np.exp(how.thickness * chance.uniform(np.log(0.8), np.log(2.0)))
        threshold = chance.uniform(0, 0.2) * how.thickness
        strip = gain * (blurred / level - threshold) / (1 - threshold)
        strip = np.clip(strip, 0, 1) * (1 - 0.35 * how.thickness * chance.random())
    if how.noise and chance.random() < 0.5:
        strip = strip + chance.uniform(0, how.noise) * chance.standard_normal(strip.shape)
    return np.clip(strip, 0, 1).astype(np.float32)
