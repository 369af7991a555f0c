"""A word from its letters' images and from what is known of spelling: Bayes' rule, five ways."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from course_utils.data import ALPHABET, Letters, LetterSplit, data_folder, load_words
from course_utils.models import LetterCNN
from course_utils.reading.decode import WordList, beam_search, check_scores, likeliest
from course_utils.reading.language import LetterModel
from course_utils.training import load_checkpoint, logits

METHODS = ("letters", "n-grams", "n-grams that know", "list", "list or n-grams")
WEIGHTS = (0.2, 0.4, 0.6, 0.8, 1.0)  # of the letter model, to choose from


@dataclass(frozen=True)
class Speller:
    """Reads words whose letters are cut, by one of ``METHODS``.

    ``listed``: the word list. ``tested``: words that must not be learned from. ``prior``:
    logarithms of how frequent each sign was in training (signs,). A network's scores are those of
    the signs given the image: what they say of frequency is taken off, before a letter model says
    it anew. ``weight``: of the letter models beside the image. ``order``: of the letter models.
    ``width``: of the beam. ``known``: the probability that a word is one of the list.

    "letters": each for itself. "n-grams": a letter model of the list without the words tested.
    "n-grams that know": one that has learned from them too, to see what that would gain. "list":
    the likeliest word of the whole list. "list or n-grams": either, by Bayes' rule, a word being of
    the list with the probability ``known``.
    Raises ValueError as ``LetterModel`` and ``WordList`` do, for a prior of another shape, and for
    a probability outside 0 < known < 1.
    """

    listed: Collection[str]
    tested: Collection[str]
    prior: np.ndarray
    weight: float = 0.6
    order: int = 5
    width: int = 20
    known: float = 0.9
    models: dict[str, LetterModel] = field(default_factory=dict, repr=False, compare=False)
    words: WordList | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if np.shape(self.prior) != (len(ALPHABET),) or not 0 < self.known < 1:
            raise ValueError(
                f"expected a prior of shape ({len(ALPHABET)},) and 0 < known < 1, got shape "
                f"{np.shape(self.prior)} and {self.known}"
            )
        if self.words is None:  # replace() hands on what has been learned
            left = set(self.listed) - set(self.tested)
            self.models["n-grams"] = LetterModel(sorted(left), self.order)
            self.models["n-grams that know"] = LetterModel(sorted(self.listed), self.order)
            object.__setattr__(self, "words", WordList(self.listed))

    def read(self, scores: np.ndarray, method: str = "list or n-grams") -> str:
        """A word from the scores (letters, 26) of its letters, natural logarithms.

        With the list alone, a word of a length that no listed word has is read letter by letter.
        Raises ValueError for another method and for scores of another form.
        """
        if method not in METHODS:
            raise ValueError(f"method must be one of {', '.join(METHODS)}, got {method!r}")
        scores = check_scores(scores, ALPHABET)
        if method == "letters":
            return likeliest(scores)
        evidence = scores - self.prior
        if method in self.models:
            return self._spelled(evidence, method)[0]
        listed = self.words.best(evidence, 1)
        if method == "list":
            return listed[0][0] if listed else likeliest(scores)
        text, score = self._spelled(evidence, "n-grams")
        if not listed:
            return text
        word = listed[0][0]
        seen = evidence[np.arange(len(word)), [ALPHABET.index(sign) for sign in word]].sum()
        odds = np.log(self.known / len(self.words)) - np.log(1 - self.known)
        return word if seen + self.weight * odds >= score else text

    def _spelled(self, evidence: np.ndarray, model: str) -> tuple[str, float]:
        return beam_search(evidence, self.models[model], self.width, self.weight)[0]


def chosen_speller(
    network: nn.Module, split: LetterSplit, weights: Sequence[float] = WEIGHTS, order: int = 5
) -> Speller:
    """A reader of unseen words, its weight the one that reads most validation words rightly.

    Its letter model has learnt neither from the words for validation nor from those for the test.
    ``network``: of the letters, a score for each of a–z.
    """
    share = torch.bincount(split.train.labels, minlength=len(ALPHABET)).double()
    true, listed = split.validation.spellings(), load_words(1, 40, first_letter=False)
    speller = Speller(
        listed,
        tested={*true, *split.test.spellings()},
        prior=(share / share.sum()).log().numpy(),
        order=order,
    )
    right = []
    for weight in weights:
        read = read_words(replace(speller, weight=weight), network, split.validation, "n-grams")
        right.append(sum(a == b for a, b in zip(read, true, strict=True)))
    return replace(speller, weight=weights[int(np.argmax(right))])


def read_words(speller: Speller, network: nn.Module, letters: Letters, method: str) -> list[str]:
    """Every writing of ``letters``, in order, by one of ``METHODS``.

    Raises ValueError for another method.
    """
    scores = logits(network, letters.images).log_softmax(1).double()
    return [speller.read(word.numpy(), method) for word in scores.split(letters.word_lengths())]


def letter_network(folder: Path | None = None) -> LetterCNN:
    """The chapter's network for letters, trained, ready to read: data/models/letter_cnn.pt.

    It has learnt from the training part of ``split_letters(letters, "unseen words", 0)``; the card
    beside the file tells how well it reads.
    Raises FileNotFoundError when there is no such file, CheckpointError when it is damaged.
    """
    path = (folder or data_folder() / "models") / "letter_cnn.pt"
    if not path.exists():
        raise FileNotFoundError(
            f"{path} is missing: restore it with git, or train it anew with "
            "`python -m benchmarks letters_study`"
        )
    network = load_checkpoint(path, LetterCNN()).model
    return network.eval()
