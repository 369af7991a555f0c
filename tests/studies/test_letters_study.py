"""Chapter 7's study of letters and words, on a few of them, and its stored figures."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks import letters_study as bench
from course_utils.data import (
    ALPHABET,
    UNSEEN_FOLDS,
    Letters,
    LetterSplit,
    data_folder,
    load_letters,
)
from course_utils.models import LetterCNN
from course_utils.reading import (
    CRF_RECIPE,
    METHODS,
    ChainCRF,
    LetterReader,
    Speller,
    chosen_speller,
    letter_network,
    read_with_crf,
    teach_words,
)
from course_utils.studies import letters as study
from course_utils.training import CheckpointError, predict


@pytest.fixture(scope="module")
def letters() -> Letters:
    return load_letters()


@pytest.fixture
def few(letters: Letters, monkeypatch: pytest.MonkeyPatch) -> LetterSplit:
    """One epoch, a few writings of every word to learn from, and four words to read."""
    monkeypatch.setattr(study, "RECIPE", replace(study.RECIPE, epochs=1, batch_size=64))
    monkeypatch.setattr(bench, "CRF_RECIPE", replace(CRF_RECIPE, epochs=1))
    monkeypatch.setattr(study, "WEIGHTS", (0.5, 1.0))
    whole = study.parts(letters, "unseen words", 0)
    train, validation, test = (
        part.select(part.words % n == 0)
        for part, n in ((whole.train, 40), (whole.validation, 60), (whole.test, 60))
    )
    part = LetterSplit(train, validation, test)
    monkeypatch.setattr(study, "parts", lambda *_: part)
    monkeypatch.setattr(bench, "parts", lambda *_: part)
    return part


def test_one_fold_is_learnt_from_and_nine_are_tested(letters: Letters) -> None:
    split = study.parts(letters, study.ONE_FOLD, 1)
    assert split.train.folds.unique().tolist() == [1] == split.validation.folds.unique().tolist()
    assert sorted(split.test.folds.unique().tolist()) == [0, 2, 3, 4, 5, 6, 7, 8, 9]
    assert len(split.train) + len(split.validation) + len(split.test) == 52_152
    assert not set(split.train.words.tolist()) & set(split.validation.words.tolist())
    same = study.parts(letters, "word", 3)
    assert len(same.test) > 10_000 and same.test.types.unique().numel() == 55


def test_balanced_letters_are_equally_frequent_and_repeat(letters: Letters) -> None:
    train = letters.select(range(0, 52_152, 4))
    found = study.balanced(train, seed=0)
    counts = torch.bincount(found.labels, minlength=26)
    assert len(found) == len(train) and counts.min() > 400 and counts.max() < 610
    assert torch.equal(found.ids, study.balanced(train, seed=0).ids)
    assert not torch.equal(found.ids, study.balanced(train, seed=1).ids)


def test_a_run_counts_what_the_network_reads(few: LetterSplit, letters: Letters) -> None:
    asked = study.Run("unseen words", 0)
    network = study.trained(asked, few).model
    found = study.run(asked, letters, network)
    read = predict(network, few.test.images)
    assert found.key == asked.key and sum(found.counts) == len(few.test)
    assert found.error == pytest.approx((read != few.test.labels).double().mean().item())
    shares = [
        (read[few.test.labels == k] != k).double().mean().item()
        for k in few.test.labels.unique().tolist()
    ]
    assert found.macro_error == pytest.approx(np.mean(shares))
    assert set(found.words) == {"all", *METHODS} and found.weight in (0.5, 1.0)
    assert set(found.words["all"]) <= set(UNSEEN_FOLDS[0])
    texts = ["".join(ALPHABET[k] for k in word) for word in read.split(few.test.word_lengths())]
    right = [a == b for a, b in zip(texts, few.test.spellings(), strict=True)]
    assert found.words_right("letters") == pytest.approx(np.mean(right))
    assert set(study.run(replace(asked, by="word"), letters, network).words) == set()
    again = study.trained(asked, few).model
    assert torch.equal(again.out.weight, network.out.weight)


def test_tested_and_validated_words_are_not_learnt(few: LetterSplit) -> None:
    speller = chosen_speller(LetterCNN(), few, (0.5, 1.0))
    assert isinstance(speller, Speller) and speller.prior.shape == (26,)
    assert np.exp(speller.prior).sum() == pytest.approx(1)
    assert set(speller.tested) == {*few.validation.spellings(), *few.test.spellings()}


def test_the_crf_is_taught_with_the_network(few: LetterSplit, letters: Letters) -> None:
    network = LetterCNN()
    before = network.conv1.weight.clone()
    outcome = teach_words(network, few.train, CRF_RECIPE, study.AUGMENT)
    losses = outcome.history.train_loss
    assert len(losses) == 2 and losses[1] < losses[0]
    assert not torch.equal(network.conv1.weight, before) and not outcome.model.training
    assert outcome.model.crf.transitions.abs().max() > 0
    read = read_with_crf(outcome.model, few.test)
    assert read.shape == few.test.labels.shape and read.min() >= 0
    found = study.run(study.Run("unseen words", 0, "CNN and CRF"), letters, outcome.model)
    assert found.error == pytest.approx((read != few.test.labels).double().mean().item())
    assert set(found.words) == {"all", "CRF"}


def test_a_crf_without_steps_reads_letter_by_letter(few: LetterSplit) -> None:
    reader = LetterReader(LetterCNN().eval(), ChainCRF(26))
    read = read_with_crf(reader, few.test)
    assert torch.equal(read, predict(reader.network, few.test.images))


# -- the benchmark and its figures ---------------------------------------------------------------


def test_networks_and_runs_are_not_made_twice(
    few: LetterSplit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = study.Run("unseen words", 0, "CNN and CRF")
    first, seconds = bench.network(asked, few.test, tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "unseen_words_0_CNN_0.pt",
        "unseen_words_0_CNN_and_CRF_0.pt",
    ]
    again, same = bench.network(asked, few.test, tmp_path)
    assert seconds == same > 0 and not again.training
    assert torch.equal(first.crf.transitions, again.crf.transitions)
    path, made = tmp_path / "study.json", []

    def pretend(run: study.Run, *_: object) -> study.Run:
        made.append(run.key)
        if len(made) == 3:
            raise KeyboardInterrupt
        return replace(run, counts=(1,) * 26, confusions={"a b": 1})

    monkeypatch.setattr(bench, "run", pretend)
    monkeypatch.setattr(bench, "network", lambda *_: (first, 1.25))
    arguments = ["--folds", "1", "--json", str(path), "--networks", str(tmp_path)]
    with pytest.raises(KeyboardInterrupt):
        bench.main(arguments)
    assert len(json.loads(path.read_text("utf-8"))["runs"]) == 2
    assert bench.main(arguments) == 0
    assert len(study.stored(path)) == len(bench.plan(1)) == len(set(made)) == len(made) - 1
    assert study.stored(path)[0].seconds == 1.2 and study.stored(path)[0].error == 1 / 26
    monkeypatch.setattr(study, "ORDER", 3)
    with pytest.raises(ValueError, match="'order': 5.* delete it and run python -m benchmarks"):
        study.stored(path)


def test_folds_that_there_are_not_are_bad_usage(capsys: pytest.CaptureFixture) -> None:
    for folds in ("0", "6"):
        with pytest.raises(SystemExit) as caught:
            bench.main(["--folds", folds])
        assert caught.value.code == 2 and f"got {folds}" in capsys.readouterr().err


def test_the_plan_has_every_run_once() -> None:
    keys = [run.key for run in bench.plan()]
    assert len(keys) == len(set(keys))
    for by, kind in (("unseen words", "CNN"), ("unseen words", "CNN and CRF"), ("word", "CNN")):
        assert [k[1] for k in sorted(keys) if (k[0], k[2]) == (by, kind)] == [0, 1, 2, 3, 4]


def made_up(words: dict[str, dict[str, int]], fold: int = 0) -> study.Run:
    return study.Run("unseen words", fold, counts=(10,) * 26, words=words)


def test_a_gain_is_told_with_an_interval_over_words() -> None:
    every = {f"w{k}": 10 for k in range(8)}
    same = made_up({"all": every, "a": dict.fromkeys(every, 4), "b": dict.fromkeys(every, 9)})
    assert study.gain([same], "a", "b") == pytest.approx((0.5, 0.5, 0.5))
    none = dict.fromkeys(every, 0)
    one = made_up({"all": every, "a": none, "b": none | {"w0": 10}})
    other = made_up({"all": {"v": 20}, "a": {"v": 5}, "b": {"v": 0}}, 1)
    gain, low, high = study.gain([one, other], "a", "b")
    assert gain == pytest.approx((10 - 5) / 100) and low < 0 < gain < high
    assert study.gain([one, other], "a", "b") == study.gain([other, one], "a", "b")
    apart = [made_up({"all": every, "a": none}), made_up({"all": every, "b": none | {"w1": 8}})]
    assert study.gain(apart, "a", "b")[0] == pytest.approx(0.1)
    assert study.gain([*apart, made_up({"all": {"v": 9}, "a": {"v": 9}})], "a", "b")[0] > 0.09
    with pytest.raises(ValueError, match="read by 'a' and by 'c', got none"):
        study.gain(apart, "a", "c")


def test_confusions_are_added_up_over_runs() -> None:
    first = study.Run("word", 1, counts=(10,) * 26, confusions={"i l": 3, "a o": 1})
    second = study.Run("word", 0, counts=(10,) * 26, confusions={"i l": 1, "u v": 2})
    assert study.confusions([first, second]) == [
        ("i l", 4, 0.2), ("u v", 2, 0.1), ("a o", 1, 0.05),
    ]  # fmt: skip
    assert study.of_kind([first, second, made_up({})], "word") == [second, first]
    assert first.error == 4 / 260 and first.macro_error == pytest.approx(4 / 260)


def test_the_stored_network_is_the_one_of_the_card(letters: Letters, tmp_path: Path) -> None:
    network = letter_network()
    folder = data_folder() / "models"
    card = (folder / "letter_cnn.md").read_text("utf-8")
    assert hashlib.sha256((folder / "letter_cnn.pt").read_bytes()).hexdigest() in card
    assert f"{sum(p.numel() for p in network.parameters()):,} parameters" in card
    split = study.parts(letters, "unseen words", 0)
    assert f"{len(split.train):,} letters" in card and not network.training
    wrong = int((predict(network, split.test.images) != split.test.labels).sum())
    stated = int(card.split("% wrong (")[1].split(" of ")[0])
    assert abs(wrong - stated) <= 3  # another processor rounds otherwise
    assert f"of {len(split.test):,})" in card
    with pytest.raises(FileNotFoundError, match="benchmarks letters_study"):
        letter_network(tmp_path)
    (tmp_path / "letter_cnn.pt").write_bytes(b"no network")
    with pytest.raises(CheckpointError, match="damaged"):
        letter_network(tmp_path)


def test_the_stored_figures_are_of_this_plan_and_say_what_the_chapter_says(
    letters: Letters,
) -> None:
    runs = study.stored()
    keys = [r.key for r in runs]
    assert len(keys) == len(set(keys)) and set(keys) <= {r.key for r in bench.plan()}
    for r in runs:
        test = study.parts(letters, r.by, r.fold).test
        assert list(r.counts) == torch.bincount(test.labels, minlength=26).tolist()
        assert all(n <= r.counts[ALPHABET.index(pair[0])] for pair, n in r.confusions.items())
    unseen = study.of_kind(runs, "unseen words")
    assert len(unseen) >= 3 and np.mean([r.error for r in unseen]) < 0.09
    assert np.mean([r.macro_error for r in unseen]) > np.mean([r.error for r in unseen])
    assert np.mean([r.words_right("list or n-grams") for r in unseen]) > 0.86
    assert study.gain(unseen, "letters", "n-grams")[1] > 0
    assert study.confusions(unseen)[0][0] == "i l"
