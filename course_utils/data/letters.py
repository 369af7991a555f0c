"""Handwritten lower-case letters, how they may be split, and a list of English words."""

import functools
import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from course_utils.data.files import check_packed, data_folder
from course_utils.data.mnist import LETTER_SHAPE, LabelledImages, joined

ALPHABET = "abcdefghijklmnopqrstuvwxyz"
LETTERS_SHA256 = "aefea4f99cb449f7d1781d487dd45a9e31e53b4cc7176dc6e7abe349ea0ee962"
WORDS_SHA256 = "a6e2bc32526c38fa082ffbdb527ad9999e41b0a712d06e8415244068454d4d55"
SPLITS = ("letter", "word", "unseen words", "published")
_SPLIT_SEED = 0  # fixes which letters and words are held back; never change it
_VALIDATION = 11  # every eleventh letter or word that is not tested is for validation

# The 55 words that were written (their first letters, capitals, are not in the set), in five folds
# of eleven. Drawn at random among the divisions whose folds have the same numbers of letters (to
# 5 %) and of writings (to 3 %), and one or two words each that the word list lacks. The four words
# named first in a fold are for validation while the fold before it is tested; so chosen that
# training has every letter of the alphabet at all times, and for validation 7 % of the letters.
_FOLDS = """
earbook ecompress mitted nnouncing ake axi ccountability eclaring mbraces overning urrounded
abulously omparatively uzz ylophone cknowledgement ero hadow olcanic ommanding omplex rojections
afeteria eeker ncomfortably nvulnerable ate isqualified kiing ndustrialized nworkable uff uizzically
evving obble poiling pproaching acking anquish ejuvenating gonizingly nconsequential nexpected ump
enu eography ransform ustifications idding ormalization rightfully ugging uzzlement wab
ympathetically
"""
UNSEEN_FOLDS = tuple(tuple(_FOLDS.split()[k : k + 11]) for k in range(0, 55, 11))
WORD_TYPES = tuple(sorted(word for fold in UNSEEN_FOLDS for word in fold))


@dataclass(frozen=True)
class Letters(LabelledImages):
    """Handwritten letters a–z in reading order, with the words that they belong to.

    ``images``: uint8 tensor (n, 16, 8), 0 = paper, 255 = ink. ``labels``: int64 (n,), 0–25 for a–z.
    ``ids``: int64 (n,), the position in the file. ``words``: int64 (n,), 0–6876, which writing of a
    word the letter is from. ``types``: int64 (n,), 0–54, what the word is: its place in
    ``WORD_TYPES``. ``folds``: int64 (n,), 0–9, the division that other people's results are for.
    Each word's first letter is missing: it was a capital. Nobody knows who wrote which word.
    Raises ValueError for other shapes and dtypes.
    """

    words: Tensor
    types: Tensor
    folds: Tensor

    def __repr__(self) -> str:
        n_words, n_types = len(self.words.unique()), len(self.types.unique())
        return f"Letters({len(self):,} letters, {n_words:,} writings of {n_types} words)"

    def word_lengths(self) -> list[int]:
        """The number of letters of each writing, in order; they follow one another.

        ``images.split(letters.word_lengths())`` gives the words one by one.
        """
        return torch.unique_consecutive(self.words, return_counts=True)[1].tolist()

    def spellings(self) -> list[str]:
        """What each writing says, in order: a word without its first letter."""
        text = "".join(ALPHABET[k] for k in self.labels.tolist())
        ends = np.cumsum([0, *self.word_lengths()])
        return [text[a:b] for a, b in itertools.pairwise(ends)]


@dataclass(frozen=True)
class LetterSplit:
    """What may be learned from, what chooses, and what judges; no letter is in two of them.

    The parts are reached by name on purpose: three values can be unpacked in the wrong order.
    """

    train: Letters
    validation: Letters
    test: Letters

    def together(self) -> Letters:
        """Training and validation letters: for the last training, when all has been chosen."""
        return joined([self.train, self.validation])


def load_letters(folder: Path | None = None) -> Letters:
    """Load all 52,152 letters: 6,877 writings of 55 words. ``split_letters`` divides them.

    Raises DataError when the file is missing, damaged or foreign, and says how to mend it.
    Source: R. Kassel, A comparison of approaches to on-line handwritten character recognition
    (1995); B. Taskar, C. Guestrin, D. Koller, Max-margin Markov networks (2003).
    """
    path = Path(folder or data_folder()) / "letters.npz"
    check_packed(path, LETTERS_SHA256, "letters.npz")
    with np.load(path, allow_pickle=False) as arrays:
        pixels = np.unpackbits(arrays["X"], axis=1).reshape(-1, *LETTER_SHAPE) * np.uint8(255)
        labels, words, folds = (
            torch.from_numpy(arrays[name].astype(np.int64)) for name in ("y", "word", "fold")
        )
    unnamed = Letters(
        torch.from_numpy(pixels), labels, torch.arange(len(labels)), words, words, folds
    )
    numbers = {word: k for k, word in enumerate(WORD_TYPES)}
    types = torch.tensor([numbers[word] for word in unnamed.spellings()])
    lengths = torch.tensor(unnamed.word_lengths())
    return Letters(
        unnamed.images, labels, unnamed.ids, words, types.repeat_interleave(lengths), folds
    )


def split_letters(letters: Letters, by: str = "unseen words", fold: int = 0) -> LetterSplit:
    """Divide all letters into training, validation and test part, the same at every call.

    ``by`` "letter": each letter for itself, so that a word's other letters, and the same word by
    many hands, are learned from. "word": writings whole; the same 55 words are in all parts.
    "unseen words": eleven words are tested and four others validate, in whatever hand; none of them
    is learned from. "published": the fold of the file is tested, and a part of the other nine
    validates. ``fold``: which part is tested, 0–4, or 0–9 for "published"; every letter is tested
    in one fold.
    Raises ValueError for another name or fold, and for letters that are not all.
    """
    n_folds = 10 if by == "published" else len(UNSEEN_FOLDS)
    if by not in SPLITS or isinstance(fold, bool) or fold not in range(n_folds):
        raise ValueError(
            f"expected by to be one of {', '.join(SPLITS)} and fold a whole number of "
            f"0 … {n_folds - 1}, got by={by!r}, fold={fold!r}"
        )
    if len(letters) != 52_152:
        raise ValueError(
            f"split_letters needs all 52,152 letters, as load_letters() gives them, got "
            f"{len(letters):,}; take a smaller part afterwards, with select"
        )
    test, validation = _held_back(letters, by, int(fold))
    train = ~(test | validation)
    return LetterSplit(letters.select(train), letters.select(validation), letters.select(test))


def _held_back(letters: Letters, by: str, fold: int) -> tuple[Tensor, Tensor]:
    """Masks (n,) of the letters for testing and for validation."""
    if by == "unseen words":
        after = UNSEEN_FOLDS[(fold + 1) % len(UNSEEN_FOLDS)][:4]
        return tuple(
            torch.isin(letters.types, torch.tensor([WORD_TYPES.index(word) for word in part]))
            for part in (UNSEEN_FOLDS[fold], after)
        )
    units = letters.ids if by == "letter" else letters.words
    generator = torch.Generator().manual_seed(_SPLIT_SEED)
    order = torch.randperm(int(units.max()) + 1, generator=generator)
    if by == "published":
        test = letters.folds == fold
    else:
        test = torch.isin(units, order[fold :: len(UNSEEN_FOLDS)])
    left = order[torch.isin(order, units[~test])]
    return test, torch.isin(units, left[::_VALIDATION])


def load_words(
    shortest: int = 3,
    longest: int = 10,
    *,
    without: Iterable[str] = (),
    first_letter: bool = True,
    folder: Path | None = None,
) -> list[str]:
    """English words of ``shortest`` to ``longest`` letters a–z, sorted, each once.

    34,697 with the usual lengths. ``first_letter=False`` cuts every word's first letter off before
    its length is counted, as the words of ``load_letters`` have lost theirs. ``without``: words to
    leave out, written as the result is: what is tested must not be learned from.
    Raises ValueError for lengths that no word has, TypeError when ``without`` is a single text,
    DataError when the list is missing or damaged.
    Source: K. Atkinson, Spell checker oriented word lists (SCOWL), Debian's small American list.
    """
    if isinstance(without, str):
        raise TypeError(f"without must be a list or set of words, got the text {without!r}")
    whole = all(isinstance(n, int) for n in (shortest, longest))
    if not whole or not 1 <= shortest <= longest:
        raise ValueError(
            "expected whole numbers, 1 <= shortest <= longest, got "
            f"shortest={shortest}, longest={longest}"
        )
    words = _word_list(Path(folder or data_folder()) / "words" / "american-english-small")
    if not first_letter:
        words = {word[1:] for word in words}
    return sorted(word for word in words - set(without) if shortest <= len(word) <= longest)


@functools.lru_cache(maxsize=2)
def _word_list(path: Path) -> frozenset[str]:
    """The words of the file that have letters a–z only. Raises DataError as ``check_packed``."""
    check_packed(path, WORDS_SHA256, f"words/{path.name}")
    return frozenset(re.findall(r"^[a-z]+$", path.read_text(encoding="utf-8"), re.MULTILINE))
