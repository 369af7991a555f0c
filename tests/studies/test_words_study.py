"""The study of words: what is held back, training and going on, readings and their file."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks import words_study as bench
from course_utils.data import UNSEEN_FOLDS, data_folder, load_words
from course_utils.reading import CRNN, TEST_HANDS, TRAIN_HANDS, WordTree, split_words
from course_utils.studies import words as study

TINY = study.Plan(steps=2 * study.CHUNK, batch_size=2, warm_up=4)


def test_what_is_tested_is_not_learned_from() -> None:
    learned = set(study.words_for_training())
    assert len(learned) > 30_000 and not learned & set(split_words(load_words())[1])
    for word in UNSEEN_FOLDS[study.FOLD]:
        assert word not in learned and not any(each[1:] == word for each in learned)
    for kind, hand in (("apart", TEST_HANDS[0]), ("seen", TRAIN_HANDS[0])):
        _, truth = study.unseen_strips(kind, hand, 50)
        assert len(set(truth)) == 50 and not set(truth) & learned
    _, truth = study.unseen_strips("real", "real letters", 40)
    assert set(truth) <= set(UNSEEN_FOLDS[study.FOLD]) and len(truth) == 40


def test_the_teacher_draws_the_same_for_the_same_number() -> None:
    teacher = study.Teacher(TINY)
    first, again, other = teacher.chunk(3), teacher.chunk(3), teacher.chunk(4)
    assert len(first) == study.CHUNK
    words = {word for _, _, words in first for word in words}
    assert {word for _, _, words in again for word in words} == words
    assert {word for _, _, words in other for word in words} != words
    for (a, widths, words), (b, _, _) in zip(first, again, strict=True):
        assert torch.equal(a, b) and a.shape[:3] == (2, 1, 32) and len(words) == 2
        assert a.shape[3] == widths.max()
    held_back = set(UNSEEN_FOLDS[study.FOLD])
    assert not held_back & set(teacher.spellings)


def test_the_learning_rate() -> None:
    plan = study.Plan(steps=1_000, warm_up=100, cool_down=0.2, max_lr=0.5)
    assert plan.lr(0) == pytest.approx(0.005) and plan.lr(99) == plan.lr(799) == 0.5
    assert plan.lr(900) == pytest.approx(0.25) and plan.lr(1_000) == 0
    longer = study.Plan(steps=2_000, warm_up=100, cool_down=0.2, max_lr=0.5)
    assert all(plan.lr(step) == longer.lr(step) for step in range(0, 800, 50))


def test_going_on_gives_what_an_unbroken_run_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(study, "KEPT", study.CHUNK)
    monkeypatch.setattr(study, "REPORTED", study.CHUNK)
    state = torch.random.get_rng_state()
    whole, losses = study.train(TINY, progress=False)
    assert torch.equal(torch.random.get_rng_state(), state) and not whole.training
    assert len(losses) == 2 and all(np.isfinite(losses))
    path, real = tmp_path / "run.pt", torch.save

    def save_and_stop(*arguments: object) -> None:
        real(*arguments)
        monkeypatch.setattr(torch, "save", real)
        raise KeyboardInterrupt

    monkeypatch.setattr(torch, "save", save_and_stop)
    with pytest.raises(KeyboardInterrupt):
        study.train(TINY, path, progress=False)
    monkeypatch.setattr(torch, "save", real)
    if not path.exists():  # stopped inside the writing: nothing half-written is left
        study.train(study.Plan(**vars(TINY) | {"steps": study.CHUNK}), path, progress=False)
    again, _ = study.train(TINY, path, progress=False)
    assert torch.load(path, weights_only=True)["step"] == TINY.steps
    shorter = study.Plan(**vars(TINY) | {"steps": study.CHUNK})
    with pytest.raises(ValueError, match="has 16 steps: expected at most the plan's 8"):
        study.train(shorter, path, progress=False)
    assert {name for name, _ in again.named_parameters()} == {
        n for n, _ in whole.named_parameters()
    }


def test_readings_of_scores_that_are_clear() -> None:
    truth = ["cat", "dog", "tree"]
    scores = []
    for said in ("cat", "dig", "tree"):  # the second is said wrongly
        classes = [k for letter in said for k in (ord(letter) - 96, 0)]
        probabilities = np.full((len(classes), 27), 0.001)
        probabilities[range(len(classes)), classes] = 1 - 0.026
        scores.append(np.log(probabilities))
    tree = WordTree(["cat", "dog", "tree", "cap"])
    rows = {row.way: row for row in study.read(scores, truth, tree, "apart", "nobody")}
    assert set(rows) == set(study.WAYS)
    assert (rows["greedy"].edits, rows["greedy"].wrong, rows["greedy"].words) == (1, 1, 3)
    assert rows["greedy"].characters == 10
    assert rows["list"].wrong == rows["beam with list"].wrong == 0
    assert rows["list"].sure == 3 and rows["list"].sure_wrong == 0
    found = list(rows.values())
    assert study.total(found, "apart", "greedy") == (0.1, pytest.approx(1 / 3))
    with pytest.raises(ValueError, match="no reading of kind 'real'"):
        study.total(found, "real", "greedy")


def test_the_whole_in_small(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def train(plan: study.Plan, unfinished: Path) -> tuple[CRNN, list[float]]:
        unfinished.write_bytes(b"")
        return CRNN().eval(), [1.5]

    monkeypatch.setattr(study, "train", train)
    monkeypatch.setattr(study, "TRAIN_HANDS", TRAIN_HANDS[:2])
    monkeypatch.setattr(study, "load_words", lambda *_, **__: ["cat", "dog", "unsure", "abacuses"])
    monkeypatch.setattr(study, "split_words", lambda words: ([], words))
    figures = tmp_path / "words.json"
    command = ["--words", "2", "--folder", str(tmp_path), "--json", str(figures)]
    assert bench.main([*command, "--steps", "8"]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "word_crnn.md",
        "word_crnn.npz",
        "words.json",
    ]
    rows = study.stored(figures)
    assert {row.kind for row in rows} == {"apart", "joined", "seen", "real"}
    assert len(rows) == len(study.WAYS) * (len(TEST_HANDS) + 2 + 1)
    card = (tmp_path / "word_crnn.md").read_text(encoding="utf-8")
    assert "8 steps of 32 strips" in card and "374,987 parameters" in card
    assert "hands not seen, letters apart" in capsys.readouterr().out
    assert json.loads(figures.read_text("utf-8"))["loss"] == [1.5]
    assert bench.main([*command, "--measure"]) == 0
    assert study.stored(figures) == rows
    with pytest.raises(SystemExit):
        bench.main(["--steps", "0"])


@pytest.mark.skipif(not study.results().exists(), reason="made by benchmarks words_study")
def test_the_stored_figures() -> None:
    rows = study.stored()
    saved = json.loads(study.results().read_text("utf-8"))
    assert saved["plan"] == vars(study.Plan())
    assert {row.hand for row in rows if row.kind in ("apart", "joined")} == set(TEST_HANDS)
    assert sum(row.words for row in rows if (row.kind, row.way) == ("apart", "list")) >= 2_000
    for kind in ("apart", "joined"):
        greedy, listed = (study.total(rows, kind, way)[0] for way in ("greedy", "list"))
        assert listed < greedy
    card = (data_folder() / "models" / "word_crnn.md").read_text(encoding="utf-8")
    assert bench.table(rows) in card
