"""Drawings that a learner made on the pad and kept: in a file of their own, so that they last."""

import json
import os
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from course_utils.data import DataError, whole_file
from course_utils.ink.strokes import check_strokes

FILE = "my_drawings.json"  # beside the notebook; git ignores it
FOLDER_VARIABLE = "COURSE_DRAWINGS"  # another folder for it

Drawing = list[np.ndarray]


class KeptDrawings(Sequence[Drawing]):
    """The drawings of one file, oldest first: strokes (n_points, 2) in shares of the pad's side.

    A slice is a plain list. Nothing is written before something is kept, so a notebook that only
    runs leaves no file behind.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._drawings = _read(path)

    def __len__(self) -> int:
        return len(self._drawings)

    def __getitem__(self, at: int | slice) -> Drawing | list[Drawing]:
        return self._drawings[at]

    def __iter__(self) -> Iterator[Drawing]:
        return iter(list(self._drawings))

    def __repr__(self) -> str:
        return f"KeptDrawings({len(self)} drawings in {self.path.name})"

    def keep(self, strokes: Sequence[np.ndarray], pad_size: float = 1.0) -> None:
        """Add a drawing and write the file; without strokes nothing happens.

        ``strokes``: arrays (n_points, 2) in the pad's pixels, of which a side has ``pad_size``.
        Where the file cannot be written, a warning says so, and the drawing lasts as long as the
        kernel. Raises ValueError as ``from_strokes`` does, and for a size that is not positive.
        """
        if not len(strokes):
            return
        if not pad_size > 0:
            raise ValueError(f"expected a pad_size above 0, got {pad_size}")
        self._drawings.append([stroke / pad_size for stroke in check_strokes(strokes)])
        self._write()

    def forget(self) -> None:
        """Begin anew: remove all kept drawings, and their file."""
        self._drawings = []
        try:
            self.path.unlink(missing_ok=True)
        except OSError as error:
            _warn(self.path, error)

    def _write(self) -> None:
        rounded = [[np.round(s, 5).tolist() for s in drawing] for drawing in self._drawings]
        text = json.dumps({"drawings": rounded}) + "\n"
        try:
            with whole_file(self.path) as file:
                file.write(text.encode("utf-8"))
        except OSError as error:
            _warn(self.path, error)


def my_drawings(folder: Path | None = None) -> KeptDrawings:
    """The drawings kept in ``my_drawings.json``, none if there is no such file yet.

    ``folder``: where it lies, by default the folder that the environment variable COURSE_DRAWINGS
    names, else the notebook's own. Raises DataError when the file cannot be read; it is left as it
    is then.
    """
    return KeptDrawings(Path(folder or os.environ.get(FOLDER_VARIABLE) or ".") / FILE)


def _read(path: Path) -> list[Drawing]:
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))["drawings"]
        return [check_strokes(drawing) for drawing in entries]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{path.name} cannot be read: expected the drawings that were kept, got {error!r}. "
            "Remedy: move the file away, or delete it and draw anew."
        ) from error


def _warn(path: Path, error: OSError) -> None:
    warnings.warn(
        f"{path.name} cannot be written ({error.strerror or error}): the drawings last as long as "
        "this kernel. Remedy: make room or the folder writable, then keep them again.",
        stacklevel=3,
    )
