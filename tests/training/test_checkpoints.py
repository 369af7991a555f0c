"""Checkpoints: what comes back, what is refused, and that nothing is left half-written."""

import hashlib
import os
import pickle
import random
from pathlib import Path

import pytest
import torch

from course_utils.data import LabelledImages
from course_utils.models import MLP
from course_utils.training import (
    CheckpointError,
    Fit,
    Recipe,
    fit,
    load_checkpoint,
    predict,
    read_checkpoint,
    save_checkpoint,
)

RECIPE = Recipe(epochs=2, batch_size=32, max_lr=2e-3, seed=11)


def examples(n: int = 100) -> LabelledImages:
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (n, 28, 28), generator=generator, dtype=torch.uint8)
    labels = torch.randint(0, 10, (n,), generator=generator)
    return LabelledImages(images, labels, torch.arange(n))


def trained(**options: object) -> Fit:
    torch.manual_seed(2)
    data = examples()
    return fit(MLP((20,)), data, data, RECIPE, device="cpu", progress=False, **options)


def weights(model: torch.nn.Module) -> list[torch.Tensor]:
    return [tensor.clone() for tensor in model.state_dict().values()]


def test_what_was_saved_comes_back(tmp_path: Path) -> None:
    path, outcome = tmp_path / "deep" / "er" / "mlp.pt", trained()
    save_checkpoint(path, outcome)
    model = MLP((20,))
    restored = load_checkpoint(path, model)
    assert restored.model is model
    assert all(map(torch.equal, weights(model), weights(outcome.model)))
    assert torch.equal(*(predict(m, examples().images) for m in (model, outcome.model)))
    assert restored.recipe == RECIPE and restored.recipe.seed == 11
    assert restored.history == outcome.history
    assert restored.best_epoch == outcome.best_epoch
    assert [p.name for p in path.parent.iterdir()] == ["mlp.pt"]


def test_file_holds_tensors_and_plain_values_only(tmp_path: Path) -> None:
    path = tmp_path / "mlp.pt"
    trained(checkpoint=path)  # with all the state of a training
    contents = read_checkpoint(path)  # torch.load(weights_only=True), behind a checksum
    assert contents["recipe"]["seed"] == 11
    assert contents["training"] is not None


def test_checkpoint_of_a_training_can_be_loaded_as_a_model(tmp_path: Path) -> None:
    path = tmp_path / "run.pt"
    outcome = trained(checkpoint=path)
    model = MLP((20,))
    load_checkpoint(path, model)
    assert all(map(torch.equal, weights(model), weights(outcome.model)))


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (MLP((30,)), r"layers.0.weight has shape \(20, 784\) in the file and \(30, 784\) in yours"),
        (MLP((20, 20)), r"layers.1.weight has shape \(10, 20\) in the file and \(20, 20\)"),
        (MLP((20,), n_classes=26), r"layers.1.weight has shape \(10, 20\).*\(26, 20\)"),
        (torch.nn.Linear(3, 2), r"weight has shape none in the file"),
    ],
    ids=["width", "depth", "classes", "another kind"],
)
def test_another_model_is_refused_and_left_alone(
    tmp_path: Path, model: torch.nn.Module, message: str
) -> None:
    path = tmp_path / "mlp.pt"
    save_checkpoint(path, trained())
    before = weights(model)
    with pytest.raises(CheckpointError, match=f"(?s)another model: .*{message}.*Build the model"):
        load_checkpoint(path, model)
    assert all(map(torch.equal, before, weights(model)))


def test_message_shows_how_the_files_model_was_built(tmp_path: Path) -> None:
    path = tmp_path / "mlp.pt"
    save_checkpoint(path, trained())
    with pytest.raises(CheckpointError, match="in_features=784, out_features=20"):
        load_checkpoint(path, MLP((30,)))


def test_resuming_another_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.pt"
    trained(checkpoint=path)
    with pytest.raises(CheckpointError, match="belongs to another model"):
        fit(MLP((30,)), examples(), None, RECIPE, checkpoint=path, resume=True, progress=False)


def test_resuming_a_finished_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mlp.pt"
    save_checkpoint(path, trained())
    with pytest.raises(ValueError, match="holds a finished model and no training to go on with"):
        fit(MLP((20,)), examples(), None, RECIPE, checkpoint=path, resume=True, progress=False)


def damaged(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-500])


def no_torch_file(path: Path) -> None:
    path.write_text("not a checkpoint", encoding="utf-8")


def empty(path: Path) -> None:
    path.write_bytes(b"")


class Evil:
    ran = False

    def __reduce__(self) -> tuple:
        return (setattr, (Evil, "ran", True))


def code(path: Path) -> None:
    torch.save({"format": Evil()}, path)
    sign(path)


def plain_pickle(path: Path) -> None:
    path.write_bytes(pickle.dumps(Evil()))
    sign(path)


def sign(path: Path) -> None:
    """Put the checksum behind what is in the file, as save_checkpoint would."""
    body = path.read_bytes()
    digest = hashlib.sha256(body).hexdigest()
    path.write_bytes(body + b"\ncourse checkpoint, SHA-256 " + digest.encode("ascii"))


def test_any_single_flipped_bit_is_noticed(tmp_path: Path) -> None:
    path, chance = tmp_path / "mlp.pt", random.Random(0)
    save_checkpoint(path, trained())
    sound, model = path.read_bytes(), MLP((20,))
    before = weights(model)
    for _ in range(150):
        bit, spoiled = chance.randrange(8 * len(sound)), bytearray(sound)
        spoiled[bit // 8] ^= 1 << bit % 8
        path.write_bytes(spoiled)
        with pytest.raises(CheckpointError, match="damaged"):
            load_checkpoint(path, model)
    assert all(map(torch.equal, before, weights(model)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c["recipe"].update(colour=1), r"missing recipe fields none, unknown .'colour'"),
        (lambda c: c["recipe"].pop("epochs"), r"missing recipe fields .'epochs'., unknown none"),
        (lambda c: c["history"].update(more=[]), r"history fields none, unknown .'more'"),
        (lambda c: c.pop("history"), r"missing fields .'history'"),
        (lambda c: c["weights"]["layers.0.bias"].fill_(torch.nan), "nan or infinity in layers.0.b"),
    ],
    ids=["a new field", "a field less", "history", "a part less", "nan"],
)
def test_other_contents_are_refused_by_name_and_the_model_left_alone(
    tmp_path: Path, change, message: str
) -> None:
    path, model = tmp_path / "mlp.pt", MLP((20,))
    save_checkpoint(path, trained())
    contents, before = read_checkpoint(path), weights(model)
    change(contents)
    torch.save(contents, path)
    sign(path)
    with pytest.raises(CheckpointError, match=message):
        load_checkpoint(path, model)
    assert all(map(torch.equal, before, weights(model)))


def test_a_folder_is_no_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="cannot be read .Is a directory"):
        load_checkpoint(tmp_path, MLP((20,)))
    with pytest.raises(CheckpointError, match="cannot be written"):
        save_checkpoint(tmp_path, trained())


@pytest.mark.parametrize("spoil", [damaged, no_torch_file, empty, code, plain_pickle])
def test_files_that_cannot_be_read_are_refused(tmp_path: Path, spoil) -> None:
    path = tmp_path / "mlp.pt"
    save_checkpoint(path, trained())
    spoil(path)
    with pytest.raises(CheckpointError, match="cannot be read as a checkpoint.*[Tt]rain again"):
        load_checkpoint(path, MLP((20,)))
    assert not Evil.ran


@pytest.mark.parametrize("contents", [{"weights": {}}, [1, 2], {"format": "course checkpoint 0"}])
def test_other_torch_files_are_refused(tmp_path: Path, contents: object) -> None:
    path = tmp_path / "other.pt"
    torch.save(contents, path)
    sign(path)
    with pytest.raises(CheckpointError, match="no checkpoint of this course.*save_checkpoint"):
        read_checkpoint(path)


def test_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_checkpoint(tmp_path / "none.pt", MLP((20,)))


def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, outcome = tmp_path / "mlp.pt", trained()
    save_checkpoint(path, outcome)
    before = path.read_bytes()

    def no_room(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", no_room)
    with pytest.raises(CheckpointError, match="cannot be written .No space left.*make room"):
        save_checkpoint(path, outcome)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["mlp.pt"]


def test_the_new_file_takes_the_place_of_the_old_in_one_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, outcome = tmp_path / "mlp.pt", trained()
    save_checkpoint(path, outcome)
    before = path.read_bytes()

    def killed(source: Path, target: Path) -> None:
        assert load_checkpoint(source, MLP((20,))).recipe == RECIPE  # already whole
        assert target.read_bytes() == before
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        save_checkpoint(path, outcome)
    assert path.read_bytes() == before
