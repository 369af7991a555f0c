"""Checkpoints: files of tensors and plain values, with a checksum, written whole or not at all."""

import hashlib
import io
import tempfile
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor, nn

from course_utils.data import data_folder, whole_file
from course_utils.models import DeepCNN
from course_utils.training.recipe import Fit, History, Recipe
from course_utils.training.run import Run

_FORMAT = "course checkpoint 2"
_FIELDS = {
    "format", "architecture", "weights", "recipe", "history", "best_epoch", "torch", "training",
}  # fmt: skip
# A file is what torch.save writes, and behind it this mark with the SHA-256 of all before it.
_MARK = b"\ncourse checkpoint, SHA-256 "
_TRAILER = len(_MARK) + 64


class CheckpointError(RuntimeError):
    """A file is no checkpoint, is damaged, cannot be written, or belongs to another model."""


def save_checkpoint(path: Path | str, outcome: Fit) -> None:
    """Save a trained model's weights with its recipe, seed and history.

    The file holds tensors and plain values only, no code. It is written whole or not at all.
    Raises CheckpointError when it cannot be written.
    """
    _write(Path(path), _contents(outcome, outcome.model.state_dict()))


def load_checkpoint(path: Path | str, model: nn.Module) -> Fit:
    """Put a checkpoint's weights into a model of the same build.

    Raises FileNotFoundError when there is no file, CheckpointError when it is no checkpoint, is
    damaged or belongs to another model; the model is unchanged then.
    """
    saved = read_checkpoint(Path(path))
    outcome = Fit(model, Recipe(**saved["recipe"]), History(**saved["history"]))
    outcome.best_epoch = saved["best_epoch"]
    _check_weights(model, saved["weights"], Path(path), saved["architecture"])
    model.load_state_dict(saved["weights"])
    return outcome


def best_network(folder: Path | None = None) -> Fit:
    """The course's best network, trained: ``DeepCNN`` from data/models/deep_cnn.pt, ready to read.

    The card beside the file tells what it was made from and how well it reads.
    Raises FileNotFoundError when there is no such file, CheckpointError when it is damaged.
    """
    path = (folder or data_folder() / "models") / "deep_cnn.pt"
    if not path.exists():
        raise FileNotFoundError(
            f"{path} is missing: restore it with git, or train it anew with `make models` "
            "(`python course.py models`)"
        )
    outcome = load_checkpoint(path, DeepCNN())
    outcome.model.eval()
    return outcome


def read_checkpoint(path: Path | str) -> dict:
    """All that a checkpoint holds, as a dictionary of tensors and plain values.

    Raises FileNotFoundError and CheckpointError as ``load_checkpoint`` does.
    """
    try:
        content = Path(path).read_bytes()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise CheckpointError(
            f"{path} cannot be read ({error.strerror}): expected a file that save_checkpoint wrote"
        ) from error
    body, trailer = content[:-_TRAILER], content[-_TRAILER:]
    if trailer != _MARK + hashlib.sha256(body).hexdigest().encode("ascii"):
        raise CheckpointError(
            f"{path} cannot be read as a checkpoint: expected a file that ends with its own "
            "checksum, got one that is damaged or of another kind. Restore it from a copy, or "
            "train again and save it with save_checkpoint"
        )
    try:
        saved = torch.load(io.BytesIO(body), map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds
        raise CheckpointError(
            f"{path} cannot be read as a checkpoint ({type(error).__name__}). Train again to make "
            "a new one"
        ) from error
    _check_contents(path, saved)
    return saved


def check_can_be_written(path: Path) -> Path:
    """The path, once its folder is there. Raises CheckpointError when no file can be put there."""
    if path.is_dir():
        raise CheckpointError(f"{path} is a folder: expected the name of a file to write")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            return path
    except OSError as error:
        raise _not_written(path, error) from error


def save_run(path: Path, run: Run) -> None:
    """Write all that is needed to go on; the best weights can be loaded by themselves.

    Raises CheckpointError when the file cannot be written.
    """
    _write(path, _contents(run.outcome(), run.best_weights) | {"training": run.state()})


def load_run(path: Path, run: Run) -> None:
    """Go back to where a saved run stood. Raises CheckpointError, or ValueError: another run's."""
    saved = read_checkpoint(path)
    if saved["training"] is None:
        raise ValueError(f"{path} holds a finished model and no training to go on with")
    _check_weights(run.model, saved["training"]["weights"], path, saved["architecture"])
    run.go_back_to(saved, path)


def _contents(outcome: Fit, weights: dict[str, Tensor]) -> dict:
    return {
        "format": _FORMAT,
        "architecture": str(outcome.model),
        "weights": {name: tensor.cpu() for name, tensor in weights.items()},
        "recipe": asdict(outcome.recipe),
        "history": asdict(outcome.history),
        "best_epoch": outcome.best_epoch,
        "torch": str(torch.__version__),
        "training": None,
    }


def _write(path: Path, contents: dict) -> None:
    buffer = io.BytesIO()
    torch.save(contents, buffer)
    body = buffer.getvalue()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as out:
            out.write(body)
            out.write(_MARK + hashlib.sha256(body).hexdigest().encode("ascii"))
    except OSError as error:
        raise _not_written(path, error) from error


def _not_written(path: Path, error: OSError) -> CheckpointError:
    return CheckpointError(
        f"{path} cannot be written ({error.strerror or error}): make room, or choose a file in a "
        "folder that you may write to"
    )


def _check_contents(path: Path | str, saved: object) -> None:
    """Raise CheckpointError unless these are the fields of this format, with sound weights."""
    if not isinstance(saved, dict) or saved.get("format") != _FORMAT:
        raise CheckpointError(
            f"{path} is no checkpoint of this course (expected format {_FORMAT!r}); "
            "save_checkpoint writes one"
        )
    asked = {
        "": (_FIELDS, set(saved)),
        "recipe ": (set(asdict(Recipe())), set(saved.get("recipe") or ())),
        "history ": (set(asdict(History())), set(saved.get("history") or ())),
    }
    for part, (expected, got) in asked.items():
        if expected != got:
            raise CheckpointError(
                f"{path} was written by another version of the course: missing {part}fields "
                f"{sorted(expected - got) or 'none'}, unknown {sorted(got - expected) or 'none'}"
            )
    for name, tensor in saved["weights"].items():
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            raise CheckpointError(
                f"{path} holds a network that cannot read: expected finite weights, got nan or "
                f"infinity in {name}. Train again, with a smaller max_lr"
            )


def _check_weights(
    model: nn.Module, weights: dict[str, Tensor], path: Path, architecture: str
) -> None:
    """Refuse weights that do not fit in every name and shape."""
    ours = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    theirs = {name: tuple(tensor.shape) for name, tensor in weights.items()}
    if ours != theirs:
        name = next(n for n in [*ours, *theirs] if ours.get(n) != theirs.get(n))
        raise CheckpointError(
            f"{path} belongs to another model: {name} has shape {theirs.get(name, 'none')} in the "
            f"file and {ours.get(name, 'none')} in yours. Build the model as the file's was, then "
            f"load:\n{architecture}"
        )
