"""The drawings that stand in for a hand where nobody draws."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from course_utils.data import N_CLASSES, DataError, data_folder


@dataclass(frozen=True)
class Drawings:
    """Digits as strokes, with their labels, in one fixed order.

    ``drawings``: for each digit its strokes, float64 arrays (n_points, 2), x to the right, y down,
    in pixels of the pad. ``labels``: int64 tensor (n,). ``styles``: for each the way it is written,
    in words. ``pad_size``: width and height of the pad in pixels.
    """

    drawings: list[list[np.ndarray]]
    labels: Tensor
    styles: list[str]
    pad_size: tuple[float, float]

    def __len__(self) -> int:
        return len(self.drawings)

    def __repr__(self) -> str:
        return f"Drawings({len(self):,} digits drawn on a pad of {self.pad_size[0]:g} pixels)"


def load_strokes(folder: Path | None = None) -> Drawings:
    """The 150 digits of ``data/strokes.json``, 15 of each, made from curves for this course.

    They were not recorded from a pen: ``data/README.md`` says how they came about.
    Raises DataError when the file is missing or damaged.
    """
    path = (folder or data_folder()) / "strokes.json"
    remedy = (
        "Remedy: restore it with `git checkout -- data/strokes.json`, or make it anew with "
        "`python -m tools.draw_digits`. If you set COURSE_DATA, copy the file there."
    )
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        entries, pad = content["drawings"], float(content["pad"])
        drawings = [[np.asarray(s, dtype=np.float64) for s in e["strokes"]] for e in entries]
        labels = torch.tensor([e["label"] for e in entries], dtype=torch.int64)
        styles = [str(e["style"]) for e in entries]
    except FileNotFoundError as error:
        raise DataError(f"{path} is missing.\n{remedy}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} is damaged: {error}\n{remedy}") from error
    whole = all(d and all(s.ndim == 2 and s.shape[1] == 2 for s in d) for d in drawings)
    if not entries or not whole or not 0 <= int(labels.min()) <= int(labels.max()) < N_CLASSES:
        raise DataError(
            f"{path} is damaged: a drawing or a label is not as it should be.\n{remedy}"
        )
    return Drawings(drawings, labels, styles, (pad, pad))
