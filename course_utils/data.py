"""The labelled image sets: their files, their fixed split, and the locked test set."""

import gzip
import hashlib
import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch
from sklearn.model_selection import train_test_split
from torch import Tensor
from torchvision.datasets import MNIST

N_CLASSES = 10
IMAGE_SHAPE = (28, 28)
VALIDATION_SIZE = 10_000
SPLIT_SEED = 0  # fixes which 10,000 images are held back; never change it

_CHUNK = 1 << 20
_STALE_AFTER = 600  # seconds after which a temporary file cannot belong to a living process


class DataError(RuntimeError):
    """A data file is missing, damaged or not the one the course was written for."""


@dataclass(frozen=True)
class DataFile:
    """One packed file of ``data/`` and what it holds once unpacked (sizes in bytes)."""

    name: str
    packed_sha256: str
    unpacked_sha256: str
    unpacked_size: int

    @property
    def packed_name(self) -> str:
        """File name as stored in the repository."""
        return self.name + ".gz"


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


WRITERS_NAME = "writers.npz"
WRITERS_SHA256 = "8bbf3e1a08f732a7dc20d9738ef3aad39fceff710cd048f31186ca813b10a7ea"
FIRST_STUDENT = 2100  # writers with lower numbers were employees of the Census Bureau


@dataclass(frozen=True)
class LabelledImages:
    """Images with their labels, in one fixed order.

    ``images``: uint8 tensor (n, 28, 28), 0 = background, 255 = full ink.
    ``labels``: int64 tensor (n,), the digit 0-9 that the image shows.
    ``ids``: int64 tensor (n,), the position of each image in the original MNIST file.
    """

    images: Tensor
    labels: Tensor
    ids: Tensor

    def __post_init__(self) -> None:
        if self.images.dtype != torch.uint8 or self.images.shape[1:] != IMAGE_SHAPE:
            raise ValueError(
                "images must be a uint8 tensor of shape (n, 28, 28), got "
                f"{self.images.dtype} of shape {tuple(self.images.shape)}"
            )
        for name in ("labels", "ids"):
            column = getattr(self, name)
            if column.dtype != torch.int64 or column.shape != (len(self.images),):
                raise ValueError(
                    f"{name} must be an int64 tensor of shape ({len(self.images)},), one per "
                    f"image, got {column.dtype} of shape {tuple(column.shape)}"
                )

    def __len__(self) -> int:
        return len(self.images)

    def __repr__(self) -> str:
        return f"LabelledImages({len(self):,} images of 28 × 28)"

    def select(self, indices: Tensor | np.ndarray | Sequence[int]) -> "LabelledImages":
        """The images at the given positions (0 … n-1), in that order.

        Raises IndexError for a position outside the set.
        """
        at = torch.as_tensor(indices, dtype=torch.int64)
        return LabelledImages(self.images[at], self.labels[at], self.ids[at])

    def numpy(self) -> tuple[np.ndarray, np.ndarray]:
        """Images (n, 28, 28) uint8 and labels (n,) int64 as NumPy arrays sharing this memory."""
        return self.images.numpy(), self.labels.numpy()


@dataclass(frozen=True)
class Mnist:
    """What may be learned from: 50,000 training and 10,000 validation images.

    The parts are reached by name on purpose: a pair can be unpacked in the wrong order.
    """

    train: LabelledImages
    validation: LabelledImages

    def together(self) -> LabelledImages:
        """All 60,000, training images first: for the last training, when all has been chosen."""
        both = (self.train, self.validation)
        return LabelledImages(
            *(torch.cat([getattr(part, f.name) for part in both]) for f in fields(LabelledImages))
        )


def data_folder() -> Path:
    """Folder of the data sets: ``$COURSE_DATA`` when set, else ``data/`` of the repository."""
    override = os.environ.get("COURSE_DATA")
    return Path(override) if override else Path(__file__).resolve().parent.parent / "data"


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


def load_writers(folder: Path | None = None) -> Tensor:
    """Who wrote each image of MNIST's training file: int64 (60000,), at the images' ``ids``.

    The numbers are NIST's; those from ``FIRST_STUDENT`` on are high-school students.
    Raises DataError when the file is missing or is not the one the course was written for.
    Source: C. Yadav, L. Bottou, Cold case: the lost MNIST digits (2019).
    """
    path = Path(folder or data_folder()) / WRITERS_NAME
    _check_packed(path, WRITERS_SHA256)
    with np.load(path, allow_pickle=False) as arrays:
        return torch.from_numpy(arrays["writer"].astype(np.int64))


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
        if not _is_intact(raw / file.name, file):
            _check_packed(raw / file.packed_name, file.packed_sha256)
            _remove_stale_parts(raw, file)
            _unpack(raw / file.packed_name, raw / file.name, file)


def check_packed_files(folder: Path | None = None) -> None:
    """Check the four packed MNIST files against their checksums.

    Raises DataError naming the first file that is missing, damaged or foreign.
    """
    raw = Path(folder or data_folder()) / "MNIST" / "raw"
    for file in MNIST_FILES:
        _check_packed(raw / file.packed_name, file.packed_sha256)


def _is_intact(path: Path, file: DataFile) -> bool:
    """Whether the unpacked file is there, whole and unaltered (the cheap test first)."""
    try:
        return path.stat().st_size == file.unpacked_size and _sha256(path) == file.unpacked_sha256
    except FileNotFoundError:
        return False


def _check_packed(path: Path, sha256: str) -> None:
    if not path.is_file():
        raise DataError(
            f"{path} is missing.\nExpected: a file with SHA-256 {sha256}.\n{_remedy(path)}"
        )
    found = _sha256(path)
    if found != sha256:
        raise DataError(
            f"{path} is damaged, or is another file of that name ({path.stat().st_size:,} bytes).\n"
            f"Expected SHA-256: {sha256}\nFound SHA-256:    {found}\n{_remedy(path)}"
        )


def _remedy(path: Path) -> str:
    name = path.name if path.name == WRITERS_NAME else f"MNIST/raw/{path.name}"
    return (
        f"Remedy: restore it with `git checkout -- data/{name}`, or copy it from another copy of "
        "the course; data/README.md tells how to rebuild it. If you set COURSE_DATA, check that "
        f"it names a folder that holds {name}."
    )


def _unpack(packed: Path, target: Path, file: DataFile) -> None:
    try:
        handle, name = tempfile.mkstemp(prefix=f".{file.name}.", suffix=".part", dir=packed.parent)
    except PermissionError as error:
        raise DataError(
            f"{packed.parent} cannot be written to, and {target.name} must be unpacked there.\n"
            "Remedy: make the folder writable, or copy data/ elsewhere and set COURSE_DATA to it."
        ) from error
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as out, gzip.open(packed, "rb") as source:
            while chunk := source.read(_CHUNK):
                out.write(chunk)
        part.chmod(0o644)
        if not _is_intact(part, file):
            raise DataError(
                f"{packed} did not unpack to what was expected.\n"
                f"Expected SHA-256: {file.unpacked_sha256}\nFound SHA-256:    {_sha256(part)}\n"
                f"{_remedy(packed)}"
            )
        _move_into_place(part, target, file)
    finally:
        part.unlink(missing_ok=True)


def _move_into_place(part: Path, target: Path, file: DataFile) -> None:
    try:
        os.replace(part, target)
    except PermissionError:
        # Windows refuses to replace a file that another process holds open; when that process
        # has just finished the same work, there is nothing left to do.
        if not _is_intact(target, file):
            raise


def _remove_stale_parts(raw: Path, file: DataFile) -> None:
    """Remove what a killed process left; a young file may belong to a process still at work."""
    for part in raw.glob(f".{file.name}.*.part"):
        try:
            if time.time() - part.stat().st_mtime > _STALE_AFTER:
                part.unlink()
        except FileNotFoundError:
            pass  # its owner was quicker


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
