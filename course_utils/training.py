"""Seeds, devices, the training loop, predictions and checkpoints."""

import contextlib
import math
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from course_utils.data import LabelledImages, data_folder
from course_utils.models import DeepCNN, as_input


def set_seed(seed: int) -> None:
    """Seed Python's, NumPy's and torch's global generators (every device's).

    The same seed gives the same numbers on the same machine and library versions; another
    processor or thread count may still round differently.
    Raises ValueError for a seed that is negative or does not fit in 32 bits.
    """
    if not 0 <= seed < 2**32:
        raise ValueError(f"seed must be between 0 and 2**32 - 1, got {seed}")
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def choose_device() -> torch.device:
    """The device to compute on: CUDA if there is one, then MPS, then the CPU.

    The environment variable ``COURSE_DEVICE`` (cpu, cuda, cuda:1, mps) overrides the choice.
    Raises ValueError for a name that torch does not know, and RuntimeError for a device that this
    machine does not have.
    """
    wanted = os.environ.get("COURSE_DEVICE", "").strip()
    if wanted:
        return _device_named(wanted)
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def _device_named(name: str) -> torch.device:
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ValueError(f"COURSE_DEVICE must be cpu, cuda, cuda:N or mps, got {name!r}") from error
    if device.type not in ("cpu", "cuda", "mps"):
        raise ValueError(f"COURSE_DEVICE must be cpu, cuda, cuda:N or mps, got {name!r}")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise RuntimeError(
            f"COURSE_DEVICE is {name!r}, but torch sees {torch.cuda.device_count()} CUDA devices; "
            "unset it to let the course choose, or set it to cpu"
        )
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise RuntimeError(
            "COURSE_DEVICE is 'mps', but this machine or this torch build has no MPS device; "
            "unset it to let the course choose, or set it to cpu"
        )
    return device


# -- the recipe and what comes of it -------------------------------------------------------------

Augment = Callable[[Tensor, torch.Generator], Tensor]

_FORMAT = "course checkpoint 1"
_CHECK_EVERY = 64  # steps between two looks at the loss: each look makes a GPU wait


class TrainingError(RuntimeError):
    """The training cannot go on."""


class CheckpointError(RuntimeError):
    """A file is no checkpoint, is damaged, or belongs to another model or run."""


@dataclass(frozen=True)
class Recipe:
    """How to train. The learning rate rises to ``max_lr`` and falls to almost 0: "one cycle".

    ``warm_up``: share of the steps in which it rises. ``optimiser``: "adamw", or "sgd" with
    Nesterov momentum 0.9. ``precision``: "float32", "bfloat16" for the layers that allow it, or
    "auto": bfloat16 where the device has instructions for it. ``seed`` fixes the order of the
    images, dropout and augmentation; the model's first weights are drawn before, by its maker.
    Raises ValueError for a value out of its range.
    Source: L. N. Smith, N. Topin, Super-convergence (2018).
    """

    epochs: int = 8
    batch_size: int = 256
    max_lr: float = 3e-3
    warm_up: float = 0.25
    optimiser: str = "adamw"
    weight_decay: float = 0.0
    label_smoothing: float = 0.1
    precision: str = "auto"
    seed: int = 0

    def __post_init__(self) -> None:
        conditions = {
            "epochs must be 1 or more": self.epochs >= 1,
            "batch_size must be 1 or more": self.batch_size >= 1,
            "max_lr must be a number above 0": 0 < self.max_lr < math.inf,
            "warm_up must lie between 0 and 1": 0 < self.warm_up < 1,
            "optimiser must be adamw or sgd": self.optimiser in ("adamw", "sgd"),
            "weight_decay must be 0 or more": 0 <= self.weight_decay < math.inf,
            "label_smoothing must be 0 or more and below 1": 0 <= self.label_smoothing < 1,
            "precision must be auto, float32 or bfloat16": self.precision
            in ("auto", "float32", "bfloat16"),
            "seed must be between 0 and 2**32 - 1": 0 <= self.seed < 2**32,
        }
        broken = [text for text, holds in conditions.items() if not holds]
        if broken:
            raise ValueError(f"{'; '.join(broken)}; got {self}")


@dataclass
class History:
    """What was measured after each epoch. Losses are means per image, as the recipe smooths them.

    ``train_loss`` is the mean over the epoch, while the weights were changing.
    """

    train_loss: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    validation_errors: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.train_loss)


@dataclass
class Fit:
    """The outcome of ``fit``: the model holds the weights of ``best_epoch`` (counted from 1).

    ``best_epoch`` is 0, and the model as it was, when not one epoch was finished.
    """

    model: nn.Module
    recipe: Recipe
    history: History
    best_epoch: int = 0
    interrupted: bool = False


# -- predictions ---------------------------------------------------------------------------------


def logits(model: nn.Module, images: Tensor, batch_size: int = 2_000) -> Tensor:
    """The model's scores (n, classes) for uint8 images (n, 28, 28), as float32 on the CPU.

    The model is put in evaluation mode meanwhile. Computed where its weights are.
    Raises ValueError for images of another shape or dtype, for none, and for a model that does not
    give one row of scores per image.
    """
    as_input(images[:1])
    device = next((p.device for p in model.parameters()), torch.device("cpu"))
    parts = []
    with _evaluation_mode(model), torch.no_grad():
        for part in images.split(batch_size):
            scores = model(as_input(part.to(device)))
            if scores.ndim != 2 or len(scores) != len(part):
                raise ValueError(
                    f"the model must return one row of scores per image, ({len(part)}, classes), "
                    f"but returned shape {tuple(scores.shape)}"
                )
            parts.append(scores.float().cpu())
    return torch.cat(parts)


def predict(model: nn.Module, images: Tensor, batch_size: int = 2_000) -> Tensor:
    """The class (n,) with the highest score for each uint8 image (n, 28, 28).

    Raises ValueError as ``logits`` does.
    """
    return logits(model, images, batch_size).argmax(1)


@contextlib.contextmanager
def _evaluation_mode(model: nn.Module) -> Iterator[None]:
    """Evaluation mode, and afterwards every part back in the mode it was in."""
    modes = [(part, part.training) for part in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for part, training in modes:
            part.training = training


# -- the loop ------------------------------------------------------------------------------------


def fit(
    model: nn.Module,
    train: LabelledImages,
    validation: LabelledImages | None = None,
    recipe: Recipe | None = None,
    *,
    augment: Augment | None = None,
    checkpoint: Path | str | None = None,
    resume: bool = False,
    device: torch.device | str | None = None,
    progress: bool = True,
) -> Fit:
    """Train a model in place, and leave it with the weights of its best epoch.

    Best is the epoch with the fewest validation errors (the first of equals), or the last epoch
    when there is no validation part. The same recipe, data and first weights give the same
    result on the same machine. ``augment`` changes a batch (n, 1, 28, 28), 0 … 1, with the given
    generator. After each epoch all that is needed to go on is saved in ``checkpoint``; with
    ``resume`` a file that exists is gone on from, and the result is that of an unbroken run.
    Interrupting the kernel ends the training cleanly: the result says ``interrupted``.
    Raises ValueError for an empty set, for labels the model has no score for, and for a recipe or
    data other than the checkpoint's; TrainingError when the loss is no longer a number.
    """
    recipe = recipe or Recipe()
    _check_set(model, train, "training")
    if validation is not None:
        _check_set(model, validation, "validation")
    if resume and checkpoint is None:
        raise ValueError("resume needs to know the file: pass checkpoint=…")
    device = torch.device(device) if device is not None else choose_device()
    run = _Run(model.to(device), train, validation, recipe, augment, device)
    with _own_randomness(recipe.seed, device):
        if resume and Path(checkpoint).exists():
            run.load(Path(checkpoint))
        return _go_on(run, checkpoint, progress)


def _go_on(run: "_Run", checkpoint: Path | str | None, progress: bool) -> Fit:
    """Train from where the run stands to its last epoch, or until interrupted."""
    todo = run.recipe.epochs - len(run.history)
    bar = tqdm(
        total=todo * run.steps_per_epoch, unit="batch", disable=not progress, file=sys.stdout
    )
    interrupted = False
    try:
        for _ in range(todo):
            run.one_epoch(bar)
            if checkpoint is not None:
                run.save(Path(checkpoint))
    except KeyboardInterrupt:
        interrupted = True
        bar.set_description_str(f"interrupted, keeping epoch {run.best_epoch}")
    finally:
        bar.close()
        run.model.load_state_dict(run.best_weights)
    return Fit(run.model, run.recipe, run.history, run.best_epoch, interrupted)


class _Run:
    """A training under way: everything that changes from step to step."""

    def __init__(
        self,
        model: nn.Module,
        train: LabelledImages,
        validation: LabelledImages | None,
        recipe: Recipe,
        augment: Augment | None,
        device: torch.device,
    ) -> None:
        self.model, self.recipe, self.augment, self.device = model, recipe, augment, device
        self.images, self.labels = train.images.to(device), train.labels.to(device)
        self.validation = validation
        self.steps_per_epoch = len(self._batches(torch.arange(len(train))))
        self.optimiser = _optimiser(model, recipe)
        steps = recipe.epochs * self.steps_per_epoch
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimiser,
            max_lr=recipe.max_lr,
            total_steps=steps,
            # OneCycleLR divides by zero when the rise takes exactly one step.
            pct_start=max(recipe.warm_up, min(1.5 / steps, 0.9)),
        )
        # On the CPU, whatever the device: so the order of the images is the same everywhere.
        self.generator = torch.Generator().manual_seed(recipe.seed)
        self.bfloat16 = recipe.precision == "bfloat16" or (
            recipe.precision == "auto" and bfloat16_pays(device)
        )
        self.history = History()
        self.best_epoch, self.fewest_errors = 0, math.inf
        self.best_weights = _copy(model.state_dict())

    def one_epoch(self, bar: tqdm) -> None:
        """Show the model every training image once, then measure and note the best weights."""
        begin = time.perf_counter()
        self.model.train()
        total = torch.zeros((), device=self.device)
        order = torch.randperm(len(self.images), generator=self.generator)
        for step, index in enumerate(self._batches(order)):
            total += self._step(index.to(self.device)) * len(index)
            if step % _CHECK_EVERY == 0:
                self._check_loss(total)
            bar.update()
        train_loss = self._check_loss(total) / len(self.images)
        self._measure(train_loss, begin)
        bar.set_description_str(_in_words(self.history))

    def _batches(self, order: Tensor) -> list[Tensor]:
        """Positions cut into batches; a single one left over goes with the batch before it."""
        batches = list(order.split(self.recipe.batch_size))
        if len(batches) > 1 and len(batches[-1]) == 1 < self.recipe.batch_size:
            # BatchNorm cannot learn the spread of one value.
            batches[-2:] = [torch.cat(batches[-2:])]
        return batches

    def _step(self, index: Tensor) -> Tensor:
        """Change the weights by one batch and return its mean loss."""
        batch = as_input(self.images[index])
        if self.augment is not None:
            batch = self.augment(batch, self.generator)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bfloat16):
            scores = self.model(batch)
        loss = nn.functional.cross_entropy(
            scores.float(), self.labels[index], label_smoothing=self.recipe.label_smoothing
        )
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        self.schedule.step()
        return loss.detach()

    def _check_loss(self, total: Tensor) -> float:
        """The sum of the losses so far; once infinite or no number it stays so, hence one look."""
        value = total.item()
        if not math.isfinite(value):
            raise TrainingError(
                f"the loss became {value} in epoch {len(self.history) + 1}: the steps are too "
                f"long or the model divides by zero. Try a smaller max_lr (it is "
                f"{self.recipe.max_lr:g}); if that does not help, look for log(0) or x / 0 in the "
                "model. The model has the weights of its last good epoch"
            )
        return value

    def _measure(self, train_loss: float, begin: float) -> None:
        """Note the epoch's figures, and its weights when they are the best so far."""
        history, errors = self.history, -math.inf
        if self.validation is not None:
            scores = logits(self.model, self.validation.images)
            smoothing = self.recipe.label_smoothing
            loss = nn.functional.cross_entropy(
                scores, self.validation.labels, label_smoothing=smoothing
            )
            errors = int((scores.argmax(1) != self.validation.labels).sum())
            history.validation_loss.append(loss.item())
            history.validation_errors.append(errors)
        history.train_loss.append(train_loss)
        history.seconds.append(time.perf_counter() - begin)
        if errors < self.fewest_errors or self.validation is None:
            self.best_epoch, self.fewest_errors = len(history), errors
            self.best_weights = _copy(self.model.state_dict())

    def save(self, path: Path) -> None:
        """Write all that is needed to go on; the best weights can be loaded by themselves."""
        training = {
            "n_images": len(self.images),
            "weights": self.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "schedule": self.schedule.state_dict(),
            "generator": self.generator.get_state(),
            "random": torch.get_rng_state(),
            "fewest_errors": self.fewest_errors,
        }
        if self.device.type == "cuda":
            training["random_cuda"] = torch.cuda.get_rng_state(self.device)
        outcome = Fit(self.model, self.recipe, self.history, self.best_epoch)
        _write_checkpoint(path, _contents(outcome, self.best_weights) | {"training": training})

    def load(self, path: Path) -> None:
        """Go back to where a saved run stood. Raises ValueError when it was another run."""
        saved = read_checkpoint(path)
        training = saved["training"]
        if training is None:
            raise ValueError(f"{path} holds a finished model and no training to go on with")
        self._check_same_run(path, saved)
        _load_weights(self.model, training["weights"], path, saved["architecture"])
        self.optimiser.load_state_dict(training["optimiser"])
        self.schedule.load_state_dict(training["schedule"])
        self.generator.set_state(training["generator"])
        torch.set_rng_state(training["random"])
        if self.device.type == "cuda" and "random_cuda" in training:
            torch.cuda.set_rng_state(training["random_cuda"], self.device)
        self.history = History(**saved["history"])
        self.best_epoch, self.best_weights = saved["best_epoch"], _copy(saved["weights"])
        self.fewest_errors = training["fewest_errors"]

    def _check_same_run(self, path: Path, saved: dict) -> None:
        ours, theirs = asdict(self.recipe), saved["recipe"]
        other = [k for k in ours | theirs if ours.get(k) != theirs.get(k)]
        if other:
            differences = ", ".join(f"{k} was {theirs.get(k)}, is {ours.get(k)}" for k in other)
            raise ValueError(
                f"{path} was made with another recipe ({differences}). Resume with the same "
                "recipe, or start anew: resume=False, or another checkpoint file"
            )
        n_images = saved["training"]["n_images"]
        if n_images != len(self.images):
            raise ValueError(
                f"{path} was trained on {n_images:,} images, now there are {len(self.images):,}; "
                "resume with the same data, or start anew"
            )


def _optimiser(model: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    if recipe.optimiser == "adamw":
        return torch.optim.AdamW(
            model.parameters(), lr=recipe.max_lr, weight_decay=recipe.weight_decay
        )
    return torch.optim.SGD(
        model.parameters(),
        lr=recipe.max_lr,
        momentum=0.9,
        nesterov=True,
        weight_decay=recipe.weight_decay,
    )


def bfloat16_pays(device: torch.device) -> bool:
    """Whether the device multiplies matrices of bfloat16 faster than of float32.

    On a CPU without such instructions it would be slower; there and on MPS the answer is no.
    """
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type != "cpu":
        return False
    ask = getattr(torch.cpu, "get_capabilities", dict)
    found = ask()
    return bool(found.get("amx_bf16") or found.get("avx512_bf16"))


@contextlib.contextmanager
def _own_randomness(seed: int, device: torch.device) -> Iterator[None]:
    """Seed torch's global generators for dropout; afterwards they are as they were."""
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        yield


def _check_set(model: nn.Module, examples: LabelledImages, part: str) -> None:
    """Refuse what would fail later, or silently teach nonsense."""
    if not isinstance(examples, LabelledImages):
        raise TypeError(
            f"the {part} part must be LabelledImages, as in load_mnist().train, "
            f"got {type(examples).__name__}"
        )
    if len(examples) == 0:
        raise ValueError(f"the {part} part is empty: expected at least one image")
    n_classes = logits(model, examples.images[:2]).shape[1]
    low, high = int(examples.labels.min()), int(examples.labels.max())
    if low < 0 or high >= n_classes:
        raise ValueError(
            f"the {part} labels run from {low} to {high}, but the model has {n_classes} scores, "
            f"for the labels 0 … {n_classes - 1}: give it more classes, or count labels from 0"
        )


def _in_words(history: History) -> str:
    text = f"epoch {len(history)}: loss {history.train_loss[-1]:.3f}"
    if history.validation_errors:
        text += f", {history.validation_errors[-1]} validation errors"
    return text


def _copy(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in weights.items()}


# -- checkpoints ---------------------------------------------------------------------------------


def save_checkpoint(path: Path | str, outcome: Fit) -> None:
    """Save a trained model's weights with its recipe, seed and history.

    The file holds tensors and plain values only, no code. It is written whole or not at all.
    """
    _write_checkpoint(Path(path), _contents(outcome, outcome.model.state_dict()))


def load_checkpoint(path: Path | str, model: nn.Module) -> Fit:
    """Put a checkpoint's weights into a model of the same build.

    Raises FileNotFoundError when there is no file, CheckpointError when it is no checkpoint, is
    damaged or belongs to another model; the model is unchanged then.
    """
    saved = read_checkpoint(Path(path))
    _load_weights(model, saved["weights"], Path(path), saved["architecture"])
    recipe, history = Recipe(**saved["recipe"]), History(**saved["history"])
    return Fit(model, recipe, history, saved["best_epoch"])


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
        saved = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise
    except Exception as error:  # torch raises many kinds for a file that is not its own
        raise CheckpointError(
            f"{path} cannot be read as a checkpoint: it is damaged, or of another kind "
            f"({type(error).__name__}). Train again to make a new one"
        ) from error
    if not isinstance(saved, dict) or saved.get("format") != _FORMAT:
        raise CheckpointError(
            f"{path} is no checkpoint of this course (expected format {_FORMAT!r}); "
            "save_checkpoint writes one"
        )
    return saved


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


def _write_checkpoint(path: Path, contents: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            torch.save(contents, stream)
        part.chmod(0o644)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def _load_weights(
    model: nn.Module, weights: dict[str, Tensor], path: Path, architecture: str
) -> None:
    """Load weights that fit in every name and shape; refuse all others before changing any."""
    ours = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    theirs = {name: tuple(tensor.shape) for name, tensor in weights.items()}
    if ours != theirs:
        name = next(n for n in [*ours, *theirs] if ours.get(n) != theirs.get(n))
        raise CheckpointError(
            f"{path} belongs to another model: {name} has shape {theirs.get(name, 'none')} in the "
            f"file and {ours.get(name, 'none')} in yours. Build the model as the file's was, then "
            f"load:\n{architecture}"
        )
    model.load_state_dict(weights)
