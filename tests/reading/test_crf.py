"""The chain CRF against all paths, one by one, and against the NumPy decoder."""

import itertools

import numpy as np
import pytest
import torch
from torch import Tensor

from course_utils.data import load_letters
from course_utils.models import LetterCNN
from course_utils.reading import ChainCRF, padded, teach_words, viterbi


def random_crf(n: int, generator: torch.Generator) -> ChainCRF:
    crf = ChainCRF(n).double()
    for weights in crf.parameters():
        weights.data = torch.randn(weights.shape, generator=generator, dtype=torch.float64)
    return crf


@torch.no_grad()
def path_scores(crf: ChainCRF, scores: Tensor) -> dict[tuple, float]:
    """Every path's score for one word (letters, signs), one by one."""
    signs = range(scores.shape[1])
    return {
        path: float(
            crf.start[path[0]]
            + crf.end[path[-1]]
            + sum(scores[k, sign] for k, sign in enumerate(path))
            + sum(crf.transitions[a, b] for a, b in itertools.pairwise(path))
        )
        for path in itertools.product(signs, repeat=len(scores))
    }


def test_agrees_with_every_path_on_200_words_of_many_lengths() -> None:
    generator = torch.Generator().manual_seed(0)
    for _ in range(50):
        n = int(torch.randint(1, 5, (), generator=generator))
        lengths = torch.randint(1, 5, (4,), generator=generator).tolist()
        crf = random_crf(n, generator)
        rows = torch.randn(sum(lengths), n, generator=generator, dtype=torch.float64)
        labels = torch.randint(0, n, (sum(lengths),), generator=generator)
        scores, mask = padded(rows, lengths)
        truth, same = padded(labels, lengths)
        assert torch.equal(mask, same)
        scores = scores.masked_fill(~mask.unsqueeze(2), 1e6)  # behind a word: not looked at
        truth = truth.masked_fill(~mask, -7)
        found, best = crf(scores, truth, mask), crf.decode(scores, mask)
        words = zip(rows.split(lengths), labels.split(lengths), strict=True)
        for k, (word, signs) in enumerate(words):
            every = path_scores(crf, word)
            total = np.log(sum(np.exp(list(every.values()))))
            assert float(found[k]) == pytest.approx(every[tuple(signs.tolist())] - total)
            assert best[k, : lengths[k]].tolist() == list(max(every, key=every.get))
            assert (best[k, lengths[k] :] == -1).all()
            arrays = (crf.transitions, crf.start, crf.end)
            ours, _ = viterbi(word.numpy(), *(a.detach().numpy() for a in arrays))
            assert ours == best[k, : lengths[k]].tolist()


def test_learns_which_step_is_right_and_a_word_alone_counts_as_in_a_batch() -> None:
    crf, (scores, mask) = ChainCRF(2), padded(torch.zeros(5, 2), [3, 2])
    labels = torch.tensor([[0, 1, 0], [1, 0, 0]])
    assert torch.allclose(crf(scores, labels, mask), torch.log(torch.tensor([1 / 8, 1 / 4])))
    optimiser = torch.optim.SGD(crf.parameters(), lr=0.5)
    for _ in range(100):
        optimiser.zero_grad()
        (-crf(scores, labels, mask).mean()).backward()
        optimiser.step()
    assert crf.transitions[0, 1] > crf.transitions[0, 0] + 2
    assert crf.decode(scores, mask)[0].tolist() in ([0, 1, 0], [1, 0, 1])
    alone = crf(scores[1:, :2], labels[1:, :2], mask[1:, :2])
    assert torch.allclose(alone, crf(scores, labels, mask)[1:])


@pytest.mark.parametrize(
    ("scores", "labels", "mask", "message"),
    [
        (torch.zeros(2, 3, 4), None, None, r"float \(words, letters, 3\), got .*\(2, 3, 4\)"),
        (torch.zeros(2, 3, 3, dtype=torch.int64), None, None, "scores must be float"),
        (None, torch.zeros(2, 2, dtype=torch.int64), None, r"mask's shape \(2, 3\), got"),
        (None, torch.zeros(2, 3), None, "labels must be int64"),
        (None, None, torch.ones(2, 2, dtype=torch.bool), r"truth values of shape \(2, 3\), got"),
        (None, None, torch.ones(2, 3), "truth values .* got torch.float32"),
        (None, None, torch.tensor([[True, False, True], [True] * 3]), "got one with a gap"),
        (None, None, torch.tensor([[False] * 3, [True] * 3]), "without a letter"),
    ],
)
def test_batches_of_another_form_are_refused(scores, labels, mask, message: str) -> None:
    crf = ChainCRF(3)
    scores = torch.zeros(2, 3, 3) if scores is None else scores
    labels = torch.zeros(2, 3, dtype=torch.int64) if labels is None else labels
    mask = torch.ones(2, 3, dtype=torch.bool) if mask is None else mask
    with pytest.raises(ValueError, match=message):
        crf(scores, labels, mask)


def test_padding_needs_lengths_that_add_up() -> None:
    batch, mask = padded(torch.arange(5), [2, 3])
    assert batch.tolist() == [[0, 1, 0], [2, 3, 4]] and mask.tolist()[0] == [True, True, False]
    for lengths in ([2, 2], [5, 0], []):
        with pytest.raises(ValueError, match="add up to 5 letters, got"):
            padded(torch.arange(5), lengths)
    with pytest.raises(ValueError, match="1 sign or more, got n_signs=0"):
        ChainCRF(0)


def test_nothing_is_learnt_from_no_words() -> None:
    none = load_letters().select([])
    with pytest.raises(ValueError, match="at least one word to learn from, got none"):
        teach_words(LetterCNN(), none)
