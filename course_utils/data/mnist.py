"""MNIST: its files, its fixed split into training and validation, and the locked test set."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self, TypeVar

import numpy as np
import torch
from sklearn.model_selection import train_test_split
from torch import Tensor
from torchvision.datasets import MNIST

from course_utils.data.files import DataFile, check_packed, data_folder, is_intact, unpack

N_CLASSES = 10
IMAGE_SHAPE = (28, 28)
LETTER_SHAPE = (16, 8)  # of the letters, which are trained with and judged in the same way
VALIDATION_SIZE = 10_000
SPLIT_SEED = 0  # fixes which 10,000 images are held back; never change it


MNIST_FILES = (
    DataFile(
        "train-images-idx3-ubyte",
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        47_040_016,
    ),
    DataFile(
        "train-labels-idx1-ubyte",
        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        60_008,
    ),
    DataFile(
        "t10k-images-idx3-ubyte",
        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        7_840_016,
    ),
    DataFile(
        "t10k-labels-idx1-ubyte",
        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        10_008,
    ),
)


@dataclass(frozen=True)
class LabelledImages:
    """Images with their labels, in one fixed order.

    ``images``: uint8 tensor (n, 28, 28), or (n, 16, 8) for letters, 0 = background, 255 = full ink.
    ``labels``: int64 tensor (n,), the digit 0-9 that the image shows.
    ``ids``: int64 tensor (n,), the position of each image in the original MNIST file.
    Raises ValueError for other shapes and dtypes.
    """

    images: Tensor
    labels: Tensor
    ids: Tensor

    def __post_init__(self) -> None:
        shape = tuple(self.images.shape[1:])
        if self.images.dtype != torch.uint8 or shape not in (IMAGE_SHAPE, LETTER_SHAPE):
            raise ValueError(
                "images must be a uint8 tensor of shape (n, 28, 28) or (n, 16, 8), got "
                f"{self.images.dtype} of shape {tuple(self.images.shape)}"
            )
        for name in (f.name for f in fields(self) if f.name != "images"):
            column = getattr(self, name)
            if column.dtype != torch.int64 or column.shape != (len(self.images),):
                raise ValueError(
                    f"{name} must be an int64 tensor of shape ({len(self.images)},), one per "
                    f"image, got {column.dtype} of shape {tuple(column.shape)}"
                )

    def __len__(self) -> int:
        return len(self.images)

    def __repr__(self) -> str:
        height, width = self.images.shape[1:]
        return f"LabelledImages({len(self):,} images of {height} × {width})"

    def select(self, which: Tensor | np.ndarray | Sequence[int]) -> Self:
        """The images at the given positions (0 … n-1), in that order, or where a mask is True.

        ``which``: whole numbers (m,), or n truth values. Raises IndexError for a position outside
        the set, ValueError for a mask of another length, TypeError for anything else.
        """
        at = _positions(which, len(self))
        return type(self)(*(getattr(self, f.name)[at] for f in fields(self)))

    def numpy(self) -> tuple[np.ndarray, np.ndarray]:
        """Images uint8, as above, and labels (n,) int64 as NumPy arrays sharing this memory."""
        return self.images.numpy(), self.labels.numpy()


Images = TypeVar("Images", bound=LabelledImages)


def joined(parts: Sequence[Images]) -> Images:
    """Parts of one kind, one or more, one after the other."""
    columns = (torch.cat([getattr(p, f.name) for p in parts]) for f in fields(parts[0]))
    return type(parts[0])(*columns)


def _positions(which: Tensor | np.ndarray | Sequence[int], n: int) -> Tensor:
    """Positions int64 (m,) that ``which`` names or, as a mask, marks; see ``select``."""
    found = torch.as_tensor(which)
    if found.ndim == 1 and len(found) == 0:
        return torch.empty(0, dtype=torch.int64)
    if found.ndim != 1 or found.is_floating_point() or found.is_complex():
        raise TypeError(
            "select needs positions, whole numbers of shape (m,), or a mask of truth values of "
            f"shape ({n},), got {found.dtype} of shape {tuple(found.shape)}"
        )
    if found.dtype == torch.bool:
        if len(found) != n:
            raise ValueError(
                f"a mask must have one truth value per image, {n:,}, got {len(found):,}"
            )
        return torch.nonzero(found).flatten()
    low, high = int(found.min()), int(found.max())
    if low < 0 or high >= n:
        raise IndexError(f"positions must lie in 0 … {n - 1}, got {low} … {high}")
    return found.long()


@dataclass(frozen=True)
class Mnist:
    """What may be learned from: 50,000 training and 10,000 validation images.

    The parts are reached by name on purpose: a pair can be unpacked in the wrong order.
    """

    train: LabelledImages
    validation: LabelledImages

    def together(self) -> LabelledImages:
        """All 60,000, training images first: for the last training, when all has been chosen."""
        return joined([self.train, self.validation])


def load_mnist(folder: Path | None = None) -> Mnist:
    """Load MNIST's 60,000 training images, split once and for all into 50,000 and 10,000.

    The split is stratified: both parts have the same share of each digit (to within one image).
    The 10,000 test images stay locked; see ``course_utils.evaluation.final_exam``.
    Raises DataError when a file is missing, damaged or foreign, and says how to mend it.
    Source: LeCun, Cortes and Burges, The MNIST database of handwritten digits (1998).
    """
    whole = _load_part(folder or data_folder(), train=True)
    positions = np.arange(len(whole))
    train, validation = train_test_split(
        positions,
        test_size=VALIDATION_SIZE,
        stratify=whole.labels.numpy(),
        random_state=SPLIT_SEED,
    )
    return Mnist(whole.select(np.sort(train)), whole.select(np.sort(validation)))


def locked_test_set(folder: Path | None = None) -> LabelledImages:
    """The 10,000 test images. Only ``course_utils.evaluation.final_exam`` opens them.

    Looking at them before a model is finished, even once, makes its exam worthless.
    Raises DataError as ``load_mnist`` does.
    """
    return _load_part(folder or data_folder(), train=False)


def _load_part(folder: Path, train: bool) -> LabelledImages:
    unpack_mnist(folder)  # all four: torchvision insists on seeing every file
    part = MNIST(str(folder), train=train, download=False)
    return LabelledImages(part.data, part.targets, torch.arange(len(part.data)))


def unpack_mnist(folder: Path | None = None) -> None:
    """Unpack the four .gz files beside themselves, where torchvision looks for them.

    A file already unpacked is checked and kept; a half-written or altered one is made again. Each
    file is written under a temporary name and renamed when its checksum is right, so that an
    interruption leaves nothing half-written and two processes may do this at once.
    Raises DataError when a packed file is missing, damaged or foreign, or the folder is read-only.
    """
    raw = Path(folder or data_folder()) / "MNIST" / "raw"
    for file in MNIST_FILES:
        if not is_intact(raw / file.name, file):
            check_packed(raw / file.packed_name, file.packed_sha256)
            unpack(raw / file.packed_name, raw / file.name, file)


def check_packed_files(folder: Path | None = None) -> None:
    """Check the four packed MNIST files against their checksums.

    Raises DataError naming the first file that is missing, damaged or foreign.
    """
    raw = Path(folder or data_folder()) / "MNIST" / "raw"
    for file in MNIST_FILES:
        check_packed(raw / file.packed_name, file.packed_sha256)
