"""Training and storing the best network, on a few images."""

import copy
import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from benchmarks import best_network as study
from course_utils import training
from course_utils.augment import Augment
from course_utils.batchnorm import recalibrate
from course_utils.data import FIRST_STUDENT, LabelledImages, Mnist, load_mnist, load_writers
from course_utils.ink import from_strokes, load_strokes
from course_utils.models import SmallCNN, StridedCNN
from course_utils.training import (
    CheckpointError,
    Fit,
    History,
    Recipe,
    best_network,
    load_checkpoint,
    predict,
)
from tools import models


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> Mnist:
    """Tool and study with 512 images, one epoch and no exam's images to speak of."""
    whole = load_mnist()
    part = Mnist(whole.train.select(range(512)), whole.validation.select(range(200)))
    for module in (models, study):
        monkeypatch.setattr(module, "load_mnist", lambda: part)
    shorter = {name: replace(recipe, epochs=1) for name, recipe in models.RECIPES.items()}
    monkeypatch.setattr(models, "RECIPES", shorter)
    return part


def test_stores_a_network_that_can_be_read(
    few: Mnist, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "new"
    assert models.main(["--seed", "3", "--folder", str(folder)]) == 0
    assert sorted(path.name for path in folder.iterdir()) == ["deep_cnn.md", "deep_cnn.pt"]
    found = best_network(folder)
    assert found.recipe == replace(models.RECIPES["middle"], seed=3)
    assert not found.model.training
    again = models.train("middle", 3, progress=False).model
    assert torch.equal(
        predict(again, few.validation.images), predict(found.model, few.validation.images)
    )
    card = (folder / "deep_cnn.md").read_text("utf-8")
    assert card in capsys.readouterr().out
    assert "283,642 parameters" in card and "| seed | 3 |" in card and "of 10,000" in card
    assert "with a slash" in card and "--plain" not in card and "BatchNorm" not in card
    assert models.main(["--plain", "--recipe", "quick", "--folder", str(folder)]) == 0
    card = (folder / "strided_cnn.md").read_text("utf-8")
    assert "| other styles | none |" in card and "--seed 0 --plain`" in card
    assert "BatchNorm measured anew" in card
    assert "StridedCNN`, 70,586 parameters" in card and "best_network" not in card
    small = load_checkpoint(folder / "strided_cnn.pt", StridedCNN())
    assert small.recipe == models.RECIPES["quick"]


def test_batchnorm_is_measured_anew_where_mnist_alone_is_asked(few: Mnist) -> None:
    outcome = models.train("quick", 0, plain=True, progress=False)
    before = {name: value.clone() for name, value in outcome.model.state_dict().items()}
    expected = copy.deepcopy(outcome.model)
    models.finish("middle", outcome.model)
    after = outcome.model.state_dict()
    assert all(torch.equal(before[name], value) for name, value in after.items())
    models.finish("quick", outcome.model)
    recalibrate(expected, few.together().images)
    for name, value in outcome.model.state_dict().items():
        torch.testing.assert_close(expected.state_dict()[name], value)
        assert torch.equal(before[name], value) == ("running" not in name and "num_b" not in name)


def test_an_interrupted_training_is_kept(
    few: Mnist, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    real = training._Run._step
    monkeypatch.setattr(models, "RECIPES", {"middle": Recipe(epochs=2, batch_size=128)})
    saves = training._Run.save

    def save_and_stop(run: training._Run, path: Path) -> None:
        saves(run, path)
        monkeypatch.setattr(training._Run, "_step", stop)

    monkeypatch.setattr(training._Run, "save", save_and_stop)
    assert models.main(["--folder", str(tmp_path)]) == 1
    (unfinished,) = tmp_path.iterdir()
    assert len(training.read_checkpoint(unfinished)["history"]["seconds"]) == 1
    monkeypatch.setattr(training._Run, "_step", real)
    monkeypatch.setattr(training._Run, "save", saves)
    assert models.main(["--folder", str(tmp_path)]) == 0
    assert len(best_network(tmp_path).history) == 2 and not unfinished.exists()


def test_a_missing_network_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="make models"):
        best_network(tmp_path)
    (tmp_path / "deep_cnn.pt").write_bytes(b"no network")
    with pytest.raises(CheckpointError, match="damaged"):
        best_network(tmp_path)


def test_the_stored_network_is_the_one_of_the_card() -> None:
    found = best_network()
    assert found.recipe == models.RECIPES["middle"]
    drawings = load_strokes()
    prepared = torch.stack([from_strokes(drawing) for drawing in drawings.drawings])
    wrong = int((predict(found.model, prepared) != drawings.labels).sum())
    folder = Path(models.data_folder()) / "models"
    card = (folder / "deep_cnn.md").read_text("utf-8")
    assert hashlib.sha256((folder / "deep_cnn.pt").read_bytes()).hexdigest() in card
    stated = int(card.split("| bundled drawings | ")[1].split("(")[1].split(" errors")[0])
    assert abs(wrong - stated) <= 1  # another processor rounds otherwise
    assert f"{sum(p.numel() for p in found.model.parameters()):,} parameters" in card


def test_what_teaches(few: Mnist, monkeypatch: pytest.MonkeyPatch) -> None:
    seen, read, changes = [], [], []

    def fit(
        model: SmallCNN, examples: LabelledImages, *, augment: Augment | None, **_: object
    ) -> Fit:
        seen.append(examples)
        changes.append(augment)
        return Fit(model, Recipe(), History(seconds=[0.0]), 1)

    def errors_of(examples: LabelledImages, _: object) -> int:
        read.append(examples)
        return 0

    monkeypatch.setattr(models, "fit", fit)
    monkeypatch.setattr(study, "errors_of", errors_of)
    models.train("quick", 0)
    models.train("quick", 0, plain=True)
    everything, plain = seen
    together = few.together()
    assert torch.equal(plain.ids, together.ids) and torch.equal(plain.images, together.images)
    assert torch.equal(everything.images[: len(together)], together.images)
    added = everything.labels[len(together) :]
    for digit, share in models.OTHER_STYLES.items():
        n_digit = int((together.labels == digit).sum())
        assert int((added == digit).sum()) == round(share * n_digit) > 0
    seen.clear()
    writers = load_writers()
    for fold in range(study.FOLDS):
        row = study.measure("quick", 0, fold)
        assert row.fold == fold and not row.styles and row.n_read == len(read[-1])
    for examples, held_back in zip(seen, read[::4], strict=True):
        assert len(examples) + len(held_back) == len(together)
        assert not set(writers[examples.ids].tolist()) & set(writers[held_back.ids].tolist())
    assert sorted(torch.cat([part.ids for part in read[::4]]).tolist()) == sorted(
        together.ids.tolist()
    )
    study.measure("quick", 0, 0, styles=True)
    assert len(seen[-1]) > len(seen[0]) and torch.equal(seen[-1].ids[: len(seen[0])], seen[0].ids)
    assert set(changes) == {models.AUGMENT}
    row = study.measure("quick", 0, 0, augmented=False)
    assert not row.augmented and changes[-1] is None and torch.equal(seen[-1].ids, seen[0].ids)


def test_every_fold_has_employees_and_students() -> None:
    examples = load_mnist().together()
    folds, students = study.fold_of(examples), load_writers()[examples.ids] >= FIRST_STUDENT
    for fold in range(study.FOLDS):
        assert 9_000 < int((folds == fold).sum()) < 11_000
        assert 0.4 < students[folds == fold].double().mean().item() < 0.6


def test_shifts_by_whole_pixels() -> None:
    images = load_mnist().validation.images[:2]
    moved = study.shifted(images, 1, -1)
    assert torch.equal(moved[:, 1:, :-1], images[:, :-1, 1:])
    assert moved[:, 0].sum() == moved[:, :, -1].sum() == 0
    assert torch.equal(study.shifted(images, 0, 0), images)
    with pytest.raises(ValueError, match="at most one pixel"):
        study.shifted(images, 2, 0)


def test_averaging_takes_every_shift_alike() -> None:
    model = SmallCNN()
    images = load_mnist().validation.images[:50]
    parts = [training.logits(model, study.shifted(images, *s)).softmax(1) for s in study.SHIFTS]
    expected = torch.stack(parts).mean(0).argmax(1)
    assert len(parts) == 9 and torch.equal(study.predict_shifts(model, images), expected)


def test_the_study_goes_on_from_its_file(
    few: Mnist, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "study.json"
    command = ["--recipes", "quick", "--json", str(file), "--seeds"]
    assert study.main([*command, "1"]) == 0
    first = json.loads(file.read_text("utf-8"))
    assert study.main([*command, "2"]) == 0
    both = json.loads(file.read_text("utf-8"))
    assert both[:1] == first and [row["seed"] for row in both] == [0, 1]
    assert "quick: 1 epochs, 2 trainings" in capsys.readouterr().out
    assert study.main([*command, "1", "--styles"]) == 0
    assert "quick with other styles: 1 epochs, 1 trainings" in capsys.readouterr().out
    assert study.main([*command, "1", "--folds"]) == 0
    rows = json.loads(file.read_text("utf-8"))
    assert [row["fold"] for row in rows] == [None, None, None, *range(6)]
    total = sum(row["errors"] for row in rows[3:])
    assert sum(row["n_read"] for row in rows[3:]) == 712
    assert f"{total} of 712" in capsys.readouterr().out
    assert study.main([*command, "1", "--unaugmented"]) == 0
    assert "quick without augmentation: 1 epochs, 1 trainings" in capsys.readouterr().out
    assert len(json.loads(file.read_text("utf-8"))) == len(rows) + 1


def test_the_stored_figures_are_of_these_recipes() -> None:
    path = Path(study.__file__).with_suffix(".json")
    rows = [study.Measurement(**row) for row in json.loads(path.read_text("utf-8"))]
    keys = [(row.recipe, row.seed, row.fold, row.styles, row.augmented) for row in rows]
    ways = ((False, True), (True, True), (False, False))  # with other styles, augmented
    asked = {("quick", 0, fold, *way) for fold in range(study.FOLDS) for way in ways}
    seeds = {"quick": 6, "long": 6, "middle": 3}  # read the test images, one with other styles
    asked |= {
        (recipe, seed, None, recipe == "middle", True)
        for recipe, n_seeds in seeds.items()
        for seed in range(n_seeds)
    }
    assert len(keys) == len(asked) and set(keys) == asked
    assert all(row.epochs == models.RECIPES[row.recipe].epochs for row in rows)
