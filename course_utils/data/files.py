"""Files of ``data/``: checksums, safe unpacking, and writing a file whole or not at all."""

import contextlib
import gzip
import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

CHUNK = 1 << 20  # bytes read at a time
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


def data_folder() -> Path:
    """Folder of the data sets: ``$COURSE_DATA`` when set, else ``data/`` of the repository."""
    override = os.environ.get("COURSE_DATA")
    return Path(override) if override else Path(__file__).resolve().parents[2] / "data"


@contextlib.contextmanager
def whole_file(path: Path, check: Callable[[Path], None] | None = None) -> Iterator[IO[bytes]]:
    """A binary file, open for writing, that appears under its name only when it is complete.

    It is written under a temporary name in the same folder and renamed at the end; ``check`` looks
    at it before that. When anything is raised, whatever was at ``path`` is as it was.
    Raises OSError as the system does.
    """
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as out:
            yield out
        part.chmod(0o644)
        if check is not None:
            check(part)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def is_intact(path: Path, file: DataFile) -> bool:
    """Whether the unpacked file is there, whole and unaltered (the cheap test first)."""
    try:
        return path.stat().st_size == file.unpacked_size and sha256_of(path) == file.unpacked_sha256
    except FileNotFoundError:
        return False


def check_packed(path: Path, sha256: str, name: str | None = None) -> None:
    """Raise DataError unless the file is there, readable, and has this checksum.

    ``name``: where it lies in the data folder; without one, beside MNIST's files.
    """
    remedy = _remedy(name or f"MNIST/raw/{path.name}")
    try:
        found = sha256_of(path)
    except OSError as error:
        problem = "is missing" if not path.exists() else f"cannot be read ({error.strerror})"
        raise DataError(
            f"{path} {problem}.\nExpected: a file with SHA-256 {sha256}.\n{remedy}"
        ) from error
    if found != sha256:
        raise DataError(
            f"{path} is damaged, or is another file of that name ({path.stat().st_size:,} bytes).\n"
            f"Expected SHA-256: {sha256}\nFound SHA-256:    {found}\n{remedy}"
        )


def _remedy(name: str) -> str:
    return (
        f"Remedy: restore it with `git checkout -- data/{name}`, or copy it from another copy of "
        "the course; data/README.md tells how to rebuild it. If you set COURSE_DATA, check that "
        f"it names a folder that holds {name}."
    )


def unpack(packed: Path, target: Path, file: DataFile) -> None:
    """Unpack a checked .gz file beside itself, whole or not at all.

    Raises DataError when it holds something else, and when the folder cannot be written to.
    """
    _remove_stale_parts(packed.parent, file)
    try:
        with (
            whole_file(target, lambda part: _check_unpacked(packed, part, file)) as out,
            gzip.open(packed, "rb") as source,
        ):
            while chunk := source.read(CHUNK):
                out.write(chunk)
    except OSError as error:
        # Windows refuses to replace a file that another process holds open; when that process
        # has just finished the same work, there is nothing left to do.
        if is_intact(target, file):
            return
        raise DataError(
            f"{packed.parent} cannot be written to ({error.strerror or error}), and {target.name} "
            f"({file.unpacked_size:,} bytes) must be unpacked there.\nRemedy: make room, make the "
            "folder writable, or copy data/ elsewhere and set COURSE_DATA to it."
        ) from error


def _check_unpacked(packed: Path, part: Path, file: DataFile) -> None:
    if not is_intact(part, file):
        raise DataError(
            f"{packed} did not unpack to what was expected.\n"
            f"Expected SHA-256: {file.unpacked_sha256}\nFound SHA-256:    {sha256_of(part)}\n"
            f"{_remedy(f'MNIST/raw/{packed.name}')}"
        )


def _remove_stale_parts(raw: Path, file: DataFile) -> None:
    """Remove what a killed process left; a young file may belong to a process still at work."""
    for part in raw.glob(f".{file.name}.*.part"):
        with contextlib.suppress(OSError):  # its owner was quicker, or holds it open
            if time.time() - part.stat().st_mtime > _STALE_AFTER:
                part.unlink()


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, as hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
