"""The networks that chapter 4 reads instead of training them."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import small_cnn
from course_utils.data import LabelledImages, Mnist, data_folder, load_mnist
from course_utils.models import SmallCNN
from course_utils.training import load_checkpoint


def no_training(*_: object) -> None:
    pytest.fail("what is there is not trained anew")


def test_the_stored_networks_are_those_of_the_card(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = data_folder() / "models"
    for seed in small_cnn.SEEDS:
        shutil.copy(stored / f"small_cnn_{seed}.pt", tmp_path)
    monkeypatch.setattr(small_cnn, "fit", no_training)
    assert small_cnn.main(["--folder", str(tmp_path)]) == 0
    card = (tmp_path / "small_cnn.md").read_text("utf-8").splitlines()
    kept = (stored / "small_cnn.md").read_text("utf-8").splitlines()
    assert [line for line in card if "| torch" not in line] == [
        line for line in kept if "| torch" not in line
    ]


def test_a_missing_network_is_trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def few(part: LabelledImages) -> LabelledImages:
        return part.select(range(0, len(part), 200))

    whole = load_mnist()
    part = Mnist(few(whole.train), few(whole.validation))
    monkeypatch.setattr(small_cnn, "load_mnist", lambda: part)
    assert small_cnn.main(["--folder", str(tmp_path)]) == 0
    for seed in small_cnn.SEEDS:
        found = load_checkpoint(tmp_path / f"small_cnn_{seed}.pt", SmallCNN())
        assert found.recipe == replace(small_cnn.RECIPE, seed=seed)
