"""The network that reads strips, its scores, and its file."""

from pathlib import Path

import numpy as np
import pytest
import torch

from course_utils.data import DataError, data_folder, load_words
from course_utils.reading import (
    CRNN,
    TEST_APART,
    WordTree,
    as_batch,
    as_targets,
    ctc_greedy,
    load_word_reader,
    n_steps,
    reading_errors,
    save_word_reader,
    split_words,
    word_probabilities,
    word_scores,
    write_word,
)

STORED = (data_folder() / "models" / "word_crnn.npz").exists()


@pytest.fixture
def network() -> CRNN:
    torch.manual_seed(0)
    return CRNN((8, 8, 8, 8), 16, dropout=0.0).eval()


def strips(*words: str) -> list[np.ndarray]:
    chance = np.random.default_rng(0)
    return [write_word(word, "kalam", chance) for word in words]


def test_the_usual_network() -> None:
    usual = CRNN()
    size = sum(p.numel() for p in usual.parameters())
    assert f"{size:,} parameters" in CRNN.__doc__ and 200_000 < size < 400_000
    out = usual.eval()(torch.rand(2, 1, 32, 51))
    assert out.shape == (2, 25, 27) and n_steps(torch.tensor([51, 50])).tolist() == [25, 25]
    assert torch.allclose(out.exp().sum(-1), torch.ones(2, 25), atol=1e-5)


def test_it_looks_along_the_word_both_ways(network: CRNN) -> None:
    plain, changed = torch.zeros(1, 1, 32, 60), torch.zeros(1, 1, 32, 60)
    changed[..., 30] = 1
    differs = (network(plain) - network(changed)).abs().amax(-1)[0]
    assert differs[0] > 0 and differs[-1] > 0


def test_scores_come_in_the_order_of_the_strips(network: CRNN) -> None:
    asked = strips("wide", "i", "wider", "at")
    found = word_scores(network, asked, batch_size=3)
    assert [len(each) for each in found] == [strip.shape[1] // 2 for strip in asked]
    for strip, scores in zip(asked, found, strict=True):
        (alone,) = word_scores(network, [strip])
        assert np.allclose(scores[: len(alone) // 2], alone[: len(alone) // 2], atol=0.2)
        assert ctc_greedy(scores)[1] <= 0
    network.train()
    word_scores(network, asked)
    assert network.training
    with pytest.raises(ValueError, match="one or more, got none"):
        word_scores(network, [])


def test_targets() -> None:
    classes, lengths = as_targets(["abz", "a"])
    assert classes.tolist() == [1, 2, 26, 1] and lengths.tolist() == [3, 1]
    with pytest.raises(ValueError, match="expected letters of .*got"):
        as_targets(["Abz"])


def test_it_learns_two_words(network: CRNN) -> None:
    batch, widths = as_batch(strips("on", "me"))
    targets, lengths = as_targets(["on", "me"])
    optimiser = torch.optim.Adam(network.train().parameters(), 0.02)
    losses = []
    for _ in range(40):
        scores = network(batch).transpose(0, 1)
        loss = torch.nn.functional.ctc_loss(scores, targets, n_steps(widths), lengths)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.3 * losses[0]


def test_saved_and_loaded(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = CRNN().eval()
    save_word_reader(tmp_path / "word_crnn.npz", network)
    again = load_word_reader(tmp_path)
    assert not again.training and (tmp_path / "word_crnn.npz").stat().st_size < 800_000
    for name, values in network.state_dict().items():
        assert torch.allclose(values, again.state_dict()[name], rtol=1e-3, atol=1e-4), name


def test_files_that_hold_no_network(tmp_path: Path) -> None:
    path = tmp_path / "word_crnn.npz"
    with pytest.raises(DataError, match="git checkout -- data/models/word_crnn.npz"):
        load_word_reader(tmp_path)
    path.write_bytes(b"PK no archive")
    with pytest.raises(DataError, match="missing or damaged"):
        load_word_reader(tmp_path)
    save_word_reader(path, CRNN((4, 4, 4, 4), 8))
    with pytest.raises(DataError, match="got RuntimeError"):
        load_word_reader(tmp_path)
    broken = CRNN()
    with torch.no_grad():
        broken.out.bias[3] = float("nan")
    save_word_reader(path, broken)
    with pytest.raises(DataError, match="got ValueError"):
        load_word_reader(tmp_path)


@pytest.mark.parametrize("bad", [{"widths": (1, 2, 3)}, {"n_hidden": 0}, {"dropout": 1.0}])
def test_bad_builds(bad: dict) -> None:
    with pytest.raises(ValueError, match="expected four widths and n_hidden, each 1 or more"):
        CRNN(**bad)


@pytest.mark.skipif(not STORED, reason="the network is made by benchmarks words_study")
def test_the_stored_network_reads_hands_it_has_not_seen() -> None:
    words = split_words(load_words())[1][::70]
    chance = np.random.default_rng(1)
    asked = [write_word(w, TEST_APART[k % 4], chance) for k, w in enumerate(words)]
    scores = word_scores(load_word_reader(), asked)
    greedy = reading_errors([ctc_greedy(each)[0] for each in scores], words)
    tree = WordTree(load_words())
    listed = reading_errors([word_probabilities(each, tree, 1)[0][0] for each in scores], words)
    assert greedy.character_error < 0.3
    assert listed.word_error < greedy.word_error
