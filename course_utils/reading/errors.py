"""How far what was read is from what stands there: edit distance, character and word error."""

from collections.abc import Sequence
from dataclasses import dataclass


def edit_distance(read: Sequence, true: Sequence) -> int:
    """The fewest insertions, deletions and replacements that make one text the other.

    Texts, or lists of signs of any kind that can be compared. One row of the table is kept at a
    time, the distances of every beginning of ``true`` from the beginning of ``read`` so far.
    Source: V. Levenshtein, Binary codes capable of correcting deletions, insertions and reversals
    (1966); R. Wagner, M. Fischer, The string-to-string correction problem (1974).
    """
    row = list(range(len(true) + 1))
    for i, ours in enumerate(read, start=1):
        diagonal, row[0] = row[0], i
        for j, theirs in enumerate(true, start=1):
            replaced = diagonal + (ours != theirs)
            diagonal = row[j]
            row[j] = min(replaced, row[j] + 1, row[j - 1] + 1)
    return row[-1]


@dataclass(frozen=True)
class ReadingErrors:
    """What is wrong in texts that were read: edits of ``characters``, and wrong ones of ``words``.

    A word is a whole text here, right only when every character is.
    """

    edits: int
    characters: int
    wrong: int
    words: int

    @property
    def character_error(self) -> float:
        """Edits for each character that stands there; above 1 when far too much was read."""
        return self.edits / self.characters

    @property
    def word_error(self) -> float:
        """Share of the texts that are not read exactly."""
        return self.wrong / self.words

    def __str__(self) -> str:
        return (
            f"{self.character_error:.2%} of the characters wrong ({self.edits:,} of "
            f"{self.characters:,}), {self.word_error:.2%} of the words "
            f"({self.wrong:,} of {self.words:,})"
        )


def reading_errors(read: Sequence[str], true: Sequence[str]) -> ReadingErrors:
    """Errors of texts ``read`` against ``true`` ones, in the same order.

    Edits are added up over all texts and divided once, by all characters that stand there: a mean
    of the texts' own shares would make a letter of a short word weigh more than one of a long word.
    Raises ValueError when there are not as many of each, or no true character at all, TypeError for
    a single text in place of a list.
    """
    if isinstance(read, str) or isinstance(true, str):
        raise TypeError(f"expected two lists of texts, got {read!r} and {true!r}")
    characters = sum(map(len, true))
    if len(read) != len(true) or characters == 0:
        raise ValueError(
            "expected as many texts read as true ones, with at least one character to read, got "
            f"{len(read):,} and {len(true):,} with {characters} characters"
        )
    pairs = list(zip(read, true, strict=True))
    edits = sum(edit_distance(ours, theirs) for ours, theirs in pairs)
    return ReadingErrors(edits, characters, sum(a != b for a, b in pairs), len(pairs))
