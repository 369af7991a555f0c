"""What measurements of several runs share: a process for each, and a file for all."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from tools.notebooks import write_bytes

Row = TypeVar("Row")


def apart(measure: Callable[..., Row], *arguments: object) -> Row:
    """``measure(*arguments)`` in a fresh process, so that its memory is its own.

    Raises what it raised.
    """
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(measure, arguments)


def write_json(path: Path, rows: Sequence[Any]) -> None:
    """Write rows (dataclasses) to ``path``, whole or not at all."""
    text = json.dumps([asdict(row) for row in rows], indent=1) + "\n"
    write_bytes(path, text.encode("utf-8"))
