"""What measurements of several runs share: a process for each, an exam, and a file for all."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from torch import Tensor

from course_utils.evaluation import final_exam
from tools.models import unlogged_exam
from tools.notebooks import write_bytes

Row = TypeVar("Row")


def apart(measure: Callable[..., Row], *arguments: object) -> Row:
    """``measure(*arguments)`` in a fresh process, so that its memory is its own.

    Raises what it raised.
    """
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(measure, arguments)


def exam_errors(model: str, read: Callable[[Tensor], Tensor]) -> int:
    """Wrong readings of the 10,000 test images; the sitting is not logged with the learner's.

    ``read`` takes uint8 images (10000, 28, 28) and returns one digit for each.
    """
    with unlogged_exam():
        return final_exam("benchmarks", model, read).accuracy.errors


def write_json(path: Path, rows: Sequence[Any]) -> None:
    """Write rows (dataclasses) to ``path``, whole or not at all."""
    text = json.dumps([asdict(row) for row in rows], indent=1) + "\n"
    write_bytes(path, text.encode("utf-8"))
