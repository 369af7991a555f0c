"""What the property test draws for each public function, and the form of a sound answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from torch import nn

from course_utils import augment, data, evaluation, models, plots, studies, training
from course_utils.studies import augmentation

Strategy = st.SearchStrategy

NUMBERS = st.one_of(
    st.floats(-3, 3), st.floats(), st.integers(-3, 3), st.sampled_from([1e30, 2**32, 2**32 - 1])
)
COUNTS = st.one_of(st.integers(-2, 40), st.sampled_from([2**31, 1.5, float("nan"), float("inf")]))
DTYPES = [torch.uint8, torch.int64, torch.int32, torch.bool, torch.float32, torch.float64]


@st.composite
def tensors(draw: st.DrawFn, *shapes: tuple[int, ...], dtypes: list = DTYPES) -> torch.Tensor:
    """Tensors of the given shapes or of odd ones, sound values or not."""
    odd = st.lists(st.integers(0, 5), max_size=4).map(tuple)
    shape = draw(st.one_of(st.sampled_from(shapes), odd))
    dtype = draw(st.sampled_from(dtypes))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 99)))
    scale = draw(st.sampled_from([1, 9, 255, -300]))
    values = torch.rand(shape, generator=generator) * scale
    if dtype.is_floating_point and draw(st.booleans()):
        values = values.masked_fill(
            values > 0.9 * scale, draw(st.sampled_from([0.5, np.nan, np.inf]))
        )
    return values.to(dtype)


LABELS = st.one_of(
    tensors((12,), (1,)),
    hnp.arrays(
        np.int64, st.sampled_from([(12,), (1,), (0,), (3, 4)]), elements=st.integers(-1, 10)
    ),
)
IMAGES = tensors((3, 28, 28), (1, 28, 28), (0, 28, 28), (28, 28), (1, 784))
WIDTHS = st.lists(st.integers(-1, 6), max_size=5)


@dataclass(frozen=True)
class Case:
    """A public function, how its arguments are drawn, and what holds of every answer."""

    function: Callable[..., Any]
    arguments: Mapping[str, Strategy]
    holds: Callable[..., bool]
    also: tuple[type[Exception], ...] = field(default=())  # documented by a class it makes


def _finite_share(low: float, high: float) -> bool:
    return 0 <= low <= high <= 1


def _scores(model: nn.Module, images: torch.Tensor) -> torch.Tensor:
    return model.eval()(models.as_input(images))


def _makes(kind: type) -> Callable[..., bool]:
    return lambda answer, **_: isinstance(answer, kind)


def _small(function: Callable) -> Callable:
    """The function of a network with one hidden layer, so that only images are drawn."""

    def of_images(images: torch.Tensor) -> torch.Tensor:
        torch.manual_seed(0)
        return function(models.MLP((4,)), images)

    of_images.__doc__ = function.__doc__
    return of_images


def _digits(n: int) -> data.LabelledImages:
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (n, 28, 28), generator=generator, dtype=torch.uint8)
    labels = torch.arange(n) % 10
    return data.LabelledImages(images, labels, torch.arange(n))


def _fit(**settings: Any) -> training.Fit:
    device = settings.pop("device")
    torch.manual_seed(0)
    recipe = training.Recipe(**{"epochs": 1} | settings)
    return training.fit(models.MLP((3,)), _digits(20), None, recipe, device=device, progress=False)


_fit.__doc__ = f"{training.Recipe.__doc__} {training.fit.__doc__}"
STRENGTHS = {name: NUMBERS for name in ("rotation", "shift", "scale", "shear", "elastic", "noise")}
SEEDS = st.one_of(st.sampled_from([0, 1, 2**32 - 1, 2**32, -1, 1.5]), st.integers())

CASES = {
    "data.LabelledImages": Case(
        data.LabelledImages,
        {"images": IMAGES, "labels": tensors((3,), (1,), (0,)), "ids": tensors((3,), (1,), (0,))},
        lambda answer, **_: len(answer) == len(answer.images),
    ),
    "data.LabelledImages.select": Case(
        _digits(7).select,
        {"which": tensors((3,), (7,), (0,))},
        lambda answer, which: set(answer.ids.tolist()) <= set(range(7)),
    ),
    "augment.Augment": Case(
        augment.Augment,
        STRENGTHS | {"sigma": NUMBERS, "erase": COUNTS},
        _makes(augment.Augment),
    ),
    "augment.Augment.__call__": Case(
        augment.Augment(10, 2, 0.1, 0.1, 1.0, 4.0, 4, 0.1).__call__,
        {"images": tensors((3, 1, 9, 7), (1, 1, 28, 28))},
        lambda answer, images: (
            answer.shape == images.shape and 0 <= answer.min() <= answer.max() <= 1
        ),
    ),
    "augment.linear_maps": Case(
        augment.linear_maps,
        {name: tensors((3,)) for name in ("rotation", "wide", "high", "shear")},
        lambda answer, rotation, **_: answer.shape == (len(rotation), 2, 2),
    ),
    "augment.sampling_grid": Case(
        augment.sampling_grid,
        {
            "maps": tensors((3, 2, 2), dtypes=[torch.float32, torch.float64, torch.int64]),
            "shifts": tensors((3, 2)),
            "size": st.tuples(st.integers(-1, 6), st.integers(0, 6)),
        },
        lambda answer, maps, size, **_: answer.shape == (len(maps), *size, 2),
    ),
    "augment.warp": Case(
        augment.warp,
        {
            "images": tensors((3, 1, 6, 5)),
            "maps": tensors((3, 2, 2)),
            "shifts": tensors((3, 2)),
            "field": st.one_of(st.none(), tensors((3, 2, 6, 5))),
        },
        lambda answer, images, **_: answer.shape == images.shape,
    ),
    "augment.elastic_field": Case(
        augment.elastic_field,
        {
            "n": st.integers(-1, 4),
            "size": st.tuples(st.integers(-1, 9), st.integers(0, 9)),
            "elastic": NUMBERS,
            "sigma": NUMBERS,
        },
        lambda answer, n, size, **_: answer.shape == (n, 2, *size),
    ),
    **{
        f"models.{kind.__name__}": Case(
            kind,
            {name: st.integers(-1, 5) for name in (size, "blocks", "n_classes")},
            lambda answer, n_classes, **_: (
                _scores(answer, _digits(2).images).shape == (2, n_classes)
            ),
        )
        for kind, size in (
            (models.ResNet, "width"),
            (models.PreActResNet, "width"),
            (models.DenseNet, "growth"),
        )
    },
    "models.as_input": Case(
        models.as_input,
        {"images": IMAGES},
        lambda answer, images: answer.shape == (len(images), 1, 28, 28) and answer.max() <= 1,
    ),
    "models.Standardise": Case(
        models.Standardise, {"mean": NUMBERS, "deviation": NUMBERS}, _makes(nn.Module)
    ),
    "models.MLP": Case(
        models.MLP,
        {"widths": WIDTHS, "n_classes": st.integers(-1, 30), "dropout": NUMBERS},
        lambda answer, n_classes, **_: _scores(answer, _digits(2).images).shape == (2, n_classes),
    ),
    **{
        f"models.{kind.__name__}": Case(
            kind,
            {"widths": WIDTHS, "n_classes": st.integers(-1, 30)},
            lambda answer, n_classes, **_: (
                _scores(answer, _digits(2).images).shape == (2, n_classes)
            ),
        )
        for kind in (models.SmallCNN, models.StridedCNN, models.DeepCNN)
    },
    "models.LetterCNN": Case(
        models.LetterCNN,
        {
            "widths": WIDTHS,
            "n_classes": st.integers(-1, 30),
            "hidden": st.integers(-1, 9),
            "dropout": NUMBERS,
        },
        lambda answer, n_classes, **_: (
            answer.eval()(torch.zeros(2, 1, 16, 8)).shape == (2, n_classes)
        ),
    ),
    "evaluation.wilson_interval": Case(
        evaluation.wilson_interval,
        {"right": COUNTS, "n": COUNTS, "confidence": NUMBERS},
        lambda answer, **_: _finite_share(*answer),
    ),
    "evaluation.accuracy": Case(
        evaluation.accuracy,
        {"predictions": LABELS, "labels": LABELS},
        lambda answer, labels, **_: 0 <= answer.right <= answer.n == len(labels),
    ),
    "evaluation.compare_paired": Case(
        evaluation.compare_paired,
        {"first": LABELS, "second": LABELS, "labels": LABELS},
        lambda answer, **_: 0 <= answer.p_value <= 1,
    ),
    "evaluation.claim": Case(
        evaluation.claim,
        {"text": st.just("it holds"), "holds": st.one_of(st.booleans(), NUMBERS, tensors((2,)))},
        lambda answer, holds, **_: answer is None and bool(holds),
    ),
    "evaluation.hard_digits": Case(
        evaluation.hard_digits,
        {"validation": st.integers(0, 30).map(_digits)},
        lambda *_, **__: False,
    ),
    "plots.montage": Case(
        plots.montage,
        {
            "images": tensors((3, 5, 4), (1, 28, 28)),
            "columns": st.integers(-2, 6),
            "gap": st.integers(0, 3),
        },
        lambda answer, **_: answer.ndim == 2,
    ),
    "studies.augmentation.epochs_for": Case(
        augmentation.epochs_for,
        {"n_images": COUNTS},
        lambda answer, n_images: answer >= 1 and answer * -(-n_images // 128) >= augmentation.STEPS,
    ),
    "studies.augmentation.balanced": Case(
        augmentation.balanced,
        {
            "train": st.sampled_from([0, 10, 35]).map(_digits),
            "n": st.integers(-5, 40),
            "seed": SEEDS,
        },
        lambda answer, n, **_: len(answer) == n,
    ),
    "studies.augmentation.corrupt": Case(
        augmentation.corrupt,
        {"images": IMAGES, "corruption": st.sampled_from([*augmentation.CORRUPTIONS, "fog", ""])},
        lambda answer, images, **_: answer.shape == images.shape and answer.dtype == torch.uint8,
    ),
    "training.set_seed": Case(
        training.set_seed, {"seed": SEEDS}, lambda answer, **_: answer is None
    ),
    "training.Recipe": Case(
        training.Recipe,
        {
            "epochs": COUNTS,
            "batch_size": COUNTS,
            "max_lr": NUMBERS,
            "warm_up": NUMBERS,
            "optimiser": st.sampled_from(["adamw", "sgd", "adam", ""]),
            "weight_decay": NUMBERS,
            "label_smoothing": NUMBERS,
            "precision": st.sampled_from(["auto", "float32", "bfloat16", "float16"]),
            "seed": SEEDS,
        },
        _makes(training.Recipe),
    ),
    "training.one_cycle": Case(
        training.one_cycle,
        {
            "step": st.integers(-1, 30),
            "steps": st.integers(-1, 30),
            "max_lr": NUMBERS,
            "warm_up": NUMBERS,
        },
        lambda answer, max_lr, **_: 0 < answer[0] <= max_lr * 1.0001 and 0.8 < answer[1] < 1,
    ),
    "training.logits": Case(
        _small(training.logits),
        {"images": IMAGES},
        lambda answer, images: answer.shape == (len(images), 10),
    ),
    "training.predict": Case(
        _small(training.predict),
        {"images": IMAGES},
        lambda answer, images: answer.shape == (len(images),),
    ),
    "training.predict_in_nine_positions": Case(
        _small(training.predict_in_nine_positions),
        {"images": IMAGES},
        lambda answer, images: answer.shape == (len(images),),
    ),
    "training.fit": Case(
        _fit,
        {
            "batch_size": st.integers(-1, 30),
            "max_lr": st.sampled_from([1e-3, 1e30, -1.0]),
            "seed": SEEDS,
            "device": st.sampled_from(["cpu", "cpu", None, "gpu", "cuda:77", ""]),
        },
        lambda answer, **_: len(answer.history) == 1,
    ),
}

# Names that are not functions of drawn values, by the reason.
EXEMPT = {
    name: reason
    for reason, names in {
        "reads or writes files, which tests/data and tests/training spoil": """
            data.check_packed data.check_packed_files data.data_folder data.load_mnist
            data.sha256_of data.locked_test_set data.unpack_mnist data.whole_file
            data.load_letters data.load_words data.split_letters
            training.best_network training.load_checkpoint training.read_checkpoint
            training.save_checkpoint evaluation.final_exam evaluation.earlier_verdicts
            studies.augmentation.stored studies.augmentation.results models.emnist_network
            models.mobilenet_features""",
        "holds what others have checked": """
            data.Mnist data.DataFile data.Letters data.LetterSplit evaluation.Accuracy
            evaluation.PairedComparison evaluation.ExamResult training.Fit training.History
            studies.augmentation.Run""",
        "an exception, or a type": """
            data.DataError evaluation.ClaimError training.CheckpointError training.TrainingError
            training.Augment""",
        "draws: tests/plots looks at the pictures": """
            plots.use_style plots.show plots.draw_digits plots.draw_map
            plots.show_hard_digits""",
        "asks the machine: tests/training answers for it": """
            training.choose_device training.bfloat16_pays""",
        "a base or a check of what is drawn here, or looked at in tests/models": """
            models.ConvNet models.check_images
            models.EmnistNet models.MobileNetFeatures models.multiply_adds""",
        "an experiment of minutes, or its bookkeeping: tests/studies": """
            studies.augmentation.run studies.augmentation.trained studies.augmentation.error
            studies.augmentation.errors studies.augmentation.settings""",
    }.items()
    for name in names.split()
}
ROOMS = {
    "data": data,
    "augment": augment,
    "models": models,
    "evaluation": evaluation,
    "plots": plots,
    "training": training,
    "studies.augmentation": studies.augmentation,
}
