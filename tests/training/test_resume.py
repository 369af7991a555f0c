"""Interrupted and resumed trainings, and what is shown of their progress."""

import itertools
from pathlib import Path

import pytest
import torch

from course_utils.data import LabelledImages
from course_utils.training import CheckpointError, Recipe, checkpoints, predict
from tests.training.small import RECIPE, examples, network, same, train_here


class StopAt:
    """An ``augment`` that interrupts the run in its given step, as a hand would; else nothing."""

    def __init__(self, step: int | None = None) -> None:
        self.step, self.steps = step, itertools.count(1)

    def __repr__(self) -> str:
        return "StopAt()"  # another step is no other augmentation

    def __call__(self, batch: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        if next(self.steps) == self.step:
            raise KeyboardInterrupt
        return batch


@pytest.mark.parametrize("step", [8, 9, 14, 20])  # 7 steps per epoch
@pytest.mark.parametrize("optimiser", ["adamw", "sgd"])
def test_interrupted_and_resumed_equals_uninterrupted(
    tmp_path: Path, optimiser: str, step: int
) -> None:
    train, validation = examples(), examples(50, seed=9)
    recipe = Recipe(epochs=4, batch_size=32, optimiser=optimiser, seed=3)
    whole = train_here(network(dropout=0.2), train, validation, recipe)

    path = tmp_path / "run.pt"
    stopped = train_here(
        network(dropout=0.2), train, validation, recipe, checkpoint=path, augment=StopAt(step)
    )
    assert stopped.interrupted and len(stopped.history) == (step - 1) // 7
    resumed = train_here(
        network(seed=77, dropout=0.2),
        train,
        validation,
        recipe,
        augment=StopAt(),
        checkpoint=path,
        resume=True,
    )
    assert not resumed.interrupted
    assert same(whole.model, resumed.model)
    assert whole.best_epoch == resumed.best_epoch
    assert whole.history.train_loss == resumed.history.train_loss
    assert whole.history.validation_errors == resumed.history.validation_errors


def test_interrupted_run_keeps_its_best_epoch() -> None:
    train, validation = examples(), examples(50, seed=9)
    stopped = train_here(network(), train, validation, RECIPE, augment=StopAt(16))
    wrong = int((predict(stopped.model, validation.images) != validation.labels).sum())
    assert stopped.interrupted
    assert wrong == min(stopped.history.validation_errors)
    assert stopped.history.validation_errors[stopped.best_epoch - 1] == wrong


def test_interrupted_before_the_first_epoch_leaves_the_model_as_it_was() -> None:
    stopped = train_here(network(), examples(), None, RECIPE, augment=StopAt(3))
    assert stopped.interrupted and stopped.best_epoch == 0 and len(stopped.history) == 0
    assert same(stopped.model, network())


def test_resume_without_a_file_starts_and_with_a_finished_one_ends_at_once(tmp_path: Path) -> None:
    train, path = examples(), tmp_path / "run.pt"
    first = train_here(network(), train, None, RECIPE, checkpoint=path, resume=True)
    again = train_here(network(seed=8), train, None, RECIPE, checkpoint=path, resume=True)
    assert len(first.history) == len(again.history) == 3
    assert same(first.model, again.model)


@pytest.mark.parametrize(
    ("recipe", "n", "message"),
    [
        (Recipe(4, 32, seed=3), 200, "another recipe .*epochs was 3, is 4.*start anew"),
        (Recipe(3, 32, precision="float32", seed=4), 200, "seed was 3, is 4"),
        (RECIPE, 150, "trained on 200 images, now there are 150"),
    ],
    ids=["epochs", "seed", "data"],
)
def test_resume_refuses_another_run(tmp_path: Path, recipe: Recipe, n: int, message: str) -> None:
    train, path = examples(), tmp_path / "run.pt"
    train_here(network(), train, None, RECIPE, checkpoint=path)
    with pytest.raises(ValueError, match=message):
        train_here(network(), train.select(range(n)), None, recipe, checkpoint=path, resume=True)


def test_resume_needs_a_file_name() -> None:
    with pytest.raises(ValueError, match="pass checkpoint="):
        train_here(network(), examples(), resume=True)


def test_progress_is_shown_on_request_and_never_on_stderr(
    capsys: pytest.CaptureFixture[str],
) -> None:
    train_here(network(), examples(), examples(50, seed=9), RECIPE)
    assert capsys.readouterr() == ("", "")
    train_here(network(), examples(), examples(50, seed=9), RECIPE, progress=True)
    shown = capsys.readouterr()
    assert "epoch 3: loss" in shown.out and "validation errors" in shown.out
    assert shown.err == ""


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_on_a_gpu_it_learns_and_resumes_as_well(tmp_path: Path) -> None:
    train, validation = examples(300), examples(100, seed=9)
    options = {"device": "cuda", "checkpoint": tmp_path / "run.pt"}
    recipe = Recipe(epochs=6, batch_size=32)
    model = network(dropout=0.2)
    train_here(model, train, validation, recipe, augment=StopAt(25), **options)
    again = network(dropout=0.2)
    outcome = train_here(again, train, validation, recipe, augment=StopAt(), resume=True, **options)
    assert next(outcome.model.parameters()).is_cuda
    assert predict(outcome.model, validation.images).device.type == "cpu"
    assert min(outcome.history.validation_errors) <= 10


def test_resume_refuses_other_images_of_equal_number_and_another_augmentation(
    tmp_path: Path,
) -> None:
    train, path = examples(), tmp_path / "run.pt"
    train_here(network(), train, None, RECIPE, checkpoint=path)
    for other in (examples(seed=1), LabelledImages(train.images, train.labels.flip(0), train.ids)):
        with pytest.raises(ValueError, match="images, labels and validation part must be the same"):
            train_here(network(), other, None, RECIPE, checkpoint=path, resume=True)
    with pytest.raises(ValueError, match="must be the same"):
        train_here(network(), train, train, RECIPE, checkpoint=path, resume=True)
    with pytest.raises(ValueError, match=r"made with augment=None, now it is StopAt\(\)"):
        options = {"checkpoint": path, "resume": True, "augment": StopAt()}
        train_here(network(), train, None, RECIPE, **options)


def test_a_place_that_cannot_be_written_is_refused_before_the_first_epoch(tmp_path: Path) -> None:
    seen = []

    def note(batch: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        seen.append(batch)
        return batch

    (tmp_path / "file").write_bytes(b"")
    for path, message in (
        (tmp_path, "is a folder: expected the name of a file"),
        (tmp_path / "file" / "run.pt", "cannot be written .*choose a file in a folder"),
    ):
        with pytest.raises(CheckpointError, match=message):
            train_here(network(), examples(), None, RECIPE, augment=note, checkpoint=path)
    assert not seen


def test_a_disk_that_fills_up_costs_the_checkpoint_and_not_the_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoints, "whole_file", full)
    with pytest.warns(UserWarning, match="No space left on device.: make room.*goes on without"):
        outcome = train_here(network(), examples(), None, RECIPE, checkpoint=tmp_path / "run.pt")
    assert len(outcome.history) == 3 and same(
        outcome.model, train_here(network(), examples(), None, RECIPE).model
    )
