"""Words in many hands: fonts drawn from people's writing, their glyphs, and which are held back.

A font has one glyph for each letter, a person does not: ``strips`` bends, stretches and thickens
every word anew. Whole fonts are held back for testing; a network has never seen their shapes.
"""

import functools
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from course_utils.data import DataError, data_folder

# Chosen before any network was trained: those of a first prototype.
TEST_APART = ("indie-flower", "kalam", "reenie-beanie", "the-girl-next-door")
TEST_JOINED = ("cedarville-cursive", "homemade-apple", "la-belle-aurore")
TRAIN_JOINED = (
    "allura", "beth-ellen", "dancing-script", "dawning-of-a-new-day", "kristi", "marck-script",
    "mr-de-haviland", "sacramento", "zeyada",
)  # fmt: skip
TRAIN_APART = (
    "annie-use-your-telescope", "architects-daughter", "bad-script", "breip", "caveat",
    "covered-by-your-grace", "delicious-handrawn", "dkg", "gaegu", "gloria-hallelujah",
    "gochi-hand", "handlee", "just-me-again-down-here", "long-cang", "mansalva",
    "nanum-brush-script", "nanum-pen-script", "nothing-you-could-do", "over-the-rainbow",
    "patrick-hand", "schoolbell", "sedgwick-ave", "shadows-into-light", "short-stack",
    "sue-ellen-francisco", "swanky-and-moo-moo", "yomogi",
)  # fmt: skip
TEST_HANDS = TEST_APART + TEST_JOINED
TRAIN_HANDS = TRAIN_APART + TRAIN_JOINED
JOINED_HANDS = frozenset(TEST_JOINED + TRAIN_JOINED)
GLYPH_X_HEIGHT = 12  # pixels from the baseline to the top of an x
_TRUETYPE = {"breip": "Breip.ttf", "dkg": "dkg.ttf"}
_TEST_SHARE = 10  # every so manieth word of a list is for testing


@dataclass(frozen=True)
class Glyph:
    """One letter as ink: ``ink`` float32 (height, width), 0 … 1, and where it lies.

    ``top``: rows from the baseline up to the first row of ink; ``left``: columns from the pen's
    place to the first column; ``advance``: how far the pen then moves. All in pixels.
    """

    ink: np.ndarray
    top: int
    left: int
    advance: float


@functools.lru_cache(maxsize=8192)
def glyph(hand: str, letter: str) -> Glyph:
    """The glyph of one letter in one hand, an x being ``GLYPH_X_HEIGHT`` pixels high.

    Raises ValueError for an unknown hand, more or less than one letter, and a letter that the font
    does not draw; DataError when the font's file is missing or damaged.
    """
    if len(letter) != 1:
        raise ValueError(f"expected one letter, got {letter!r}")
    font = _font(hand)
    left, top, right, bottom = font.getbbox(letter, anchor="ls")
    if right <= left or bottom <= top:
        raise ValueError(f"the hand {hand!r} does not draw {letter!r}: choose another letter")
    image = Image.new("L", (right - left, bottom - top))
    ImageDraw.Draw(image).text((-left, -top), letter, fill=255, font=font, anchor="ls")
    ink = np.asarray(image, dtype=np.float32) / 255
    ink.setflags(write=False)  # every word shares it
    return Glyph(ink, -top, left, font.getlength(letter))


@functools.lru_cache(maxsize=64)
def _font(hand: str) -> ImageFont.FreeTypeFont:
    if hand not in TRAIN_HANDS + TEST_HANDS:
        known = ", ".join(sorted(TRAIN_HANDS + TEST_HANDS))
        raise ValueError(f"expected a hand of {known}, got {hand!r}")
    path = data_folder() / "fonts" / _TRUETYPE.get(hand, f"{hand}.woff2")
    large = _opened(path, 400)
    _, top, _, _ = large.getbbox("x", anchor="ls")
    return _opened(path, 400 * GLYPH_X_HEIGHT / -top)


def _opened(path: Path, size: float) -> ImageFont.FreeTypeFont:
    try:
        return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)
    except OSError as error:
        raise DataError(
            f"{path} is missing or damaged ({error}).\nRemedy: restore it with "
            f"`git checkout -- data/fonts/{path.name}`. If you set COURSE_DATA, copy the folder "
            "fonts there."
        ) from error


def split_words(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Words to learn from and words to be tested on, about every tenth; the order is kept.

    The same word always falls in the same part, whatever list it is in.
    """
    held = [zlib.crc32(word.encode()) % _TEST_SHARE == 0 for word in words]
    train = [word for word, out in zip(words, held, strict=True) if not out]
    return train, [word for word, out in zip(words, held, strict=True) if out]
