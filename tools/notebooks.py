"""Where the chapters are, and how a notebook is read, labelled, hashed and written."""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import shutil
from pathlib import Path
from typing import Any

import nbformat.v4
from nbformat import NotebookNode
from nbformat.validator import iter_validate

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = ROOT / "notebooks"
SANITIZER = ROOT / ".nbval-sanitize.cfg"
CELL_TIMEOUT = 600  # seconds, for executing and for testing
FORMAT = (4, 5)
CHAPTER_NAME = re.compile(r"(\d\d)_([a-z0-9]+(?:_[a-z0-9]+)*)")
CELL_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


# -- finding -----------------------------------------------------------------------------------


def chapters(folder: Path = NOTEBOOKS) -> list[Path]:
    """The notebooks of all chapter folders under ``folder``, in chapter order."""
    found: list[Path] = []
    for chapter in sorted(folder.iterdir()) if folder.is_dir() else []:
        if chapter.is_dir() and CHAPTER_NAME.fullmatch(chapter.name):
            found.extend(sorted(chapter.glob("*.ipynb")))
    return found


def find(arguments: list[str], folder: Path = NOTEBOOKS) -> list[Path]:
    """The notebooks that command-line arguments name; all chapters when there are none.

    An argument is a notebook, a folder with notebooks in it, or the name of a chapter. Raises
    FileNotFoundError, listing the chapters there are, for anything else.
    """
    if not arguments:
        return chapters(folder)
    found: list[Path] = []
    for argument in arguments:
        place = next((p for p in (Path(argument), folder / argument) if p.exists()), None)
        inside = sorted(place.glob("*.ipynb")) if place and place.is_dir() else [place]
        if not inside or inside[0] is None or inside[0].suffix != ".ipynb":
            known = ", ".join(path.stem for path in chapters(folder)) or "none"
            raise FileNotFoundError(
                f"{argument}: expected a notebook, a folder with notebooks or a chapter's name; "
                f"the chapters are: {known}"
            )
        found.extend(path for path in inside if path)
    return found


def title(name: str) -> str:
    """A chapter's title from its folder's name: ``01_two_words`` gives ``1 · Two words``.

    Raises ValueError when the name has not the form ``NN_words``.
    """
    match = CHAPTER_NAME.fullmatch(name)
    if not match:
        raise ValueError(
            f"{name!r} is no chapter name: expected NN_words, like 01_explore_the_data"
        )
    words = match[2].replace("_", " ")
    return f"{int(match[1])} · {words[0].upper()}{words[1:]}"


def shown(path: Path) -> str:
    """The path relative to the repository where it lies inside, with forward slashes."""
    path = Path(path).resolve()
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else str(path)


# -- reading and writing -----------------------------------------------------------------------


def read(path: Path) -> NotebookNode:
    """Read a notebook as it is stored: nothing is upgraded, repaired or given an id.

    Raises ValueError when the file is not a notebook of format 4.
    """
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: not a notebook: expected JSON in UTF-8 ({error})") from error
    if not isinstance(data, dict) or data.get("nbformat") != FORMAT[0] or "cells" not in data:
        found = data.get("nbformat") if isinstance(data, dict) else type(data).__name__
        raise ValueError(f"{path}: expected a notebook of format {FORMAT[0]}, found {found}")
    try:
        return nbformat.v4.to_notebook(data)
    except (AttributeError, TypeError) as error:
        raise ValueError(f"{path}: a notebook with parts missing ({error})") from error


def dumps(nb: NotebookNode) -> str:
    """The notebook as text: JSON with sorted keys, indent 1, and a newline at the end."""
    return nbformat.v4.writes(nb) + "\n"


def write(path: Path, nb: NotebookNode) -> None:
    """Write a notebook whole or not at all. Raises ValueError when it is not valid."""
    errors = format_errors(nb)
    if errors:
        raise ValueError(f"{path}: not written, the notebook is not valid: {errors[0]}")
    write_bytes(path, dumps(nb).encode("utf-8"))


def write_bytes(path: Path, content: bytes) -> None:
    """Replace a file's content whole or not at all; the file's permissions are kept."""
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        temporary.write_bytes(content)
        if path.exists():
            shutil.copymode(path, temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def format_errors(nb: NotebookNode) -> list[str]:
    """What the notebook format forbids in this notebook, one line each; empty when valid."""
    if (nb.get("nbformat"), nb.get("nbformat_minor")) != FORMAT:
        found = f"{nb.get('nbformat')}.{nb.get('nbformat_minor')}"
        return [f"expected notebook format {FORMAT[0]}.{FORMAT[1]}, found {found}"]
    plain = json.loads(json.dumps(nb))
    return [str(error).split("\n", 1)[0] for error in iter_validate(plain)]


# -- cells -------------------------------------------------------------------------------------


def source(cell: NotebookNode) -> str:
    """A cell's source as one string, also in a notebook that lacks it."""
    return str(cell.get("source", ""))


def tags(cell: NotebookNode) -> list[str]:
    """The cell's tags; empty when it has none."""
    found = cell.get("metadata", {}).get("tags", [])
    return [str(tag) for tag in found] if isinstance(found, list) else []


def nbgrader(cell: NotebookNode) -> dict[str, Any]:
    """The cell's nbgrader metadata; empty when it has none."""
    found = cell.get("metadata", {}).get("nbgrader", {})
    return found if isinstance(found, dict) else {}


def is_code(cell: NotebookNode) -> bool:
    """Whether this is a code cell."""
    return cell.get("cell_type") == "code"


def is_markdown(cell: NotebookNode) -> bool:
    """Whether this is a markdown cell."""
    return cell.get("cell_type") == "markdown"


def is_exercise_answer(cell: NotebookNode) -> bool:
    """Whether the learner writes an exercise's answer in this cell."""
    return bool(nbgrader(cell).get("solution"))


def is_exercise_check(cell: NotebookNode) -> bool:
    """Whether this cell checks, and scores, an exercise's answer."""
    return bool(nbgrader(cell).get("grade"))


def is_ignored(cell: NotebookNode) -> bool:
    """Whether the comparison with the stored outputs leaves this cell out."""
    return "nbval-ignore-output" in tags(cell)


def first_line(cell: NotebookNode) -> str:
    """The first line of a cell's source that is not blank."""
    return next((line.strip() for line in source(cell).splitlines() if line.strip()), "")


def label(index: int, cell: NotebookNode) -> str:
    """How messages name a cell: its number among all cells, from 1, and its first line."""
    line = first_line(cell)
    return f"cell {index + 1} `{line if len(line) <= 60 else line[:59] + '…'}`"


def make_id(cell: NotebookNode, taken: set[str]) -> str:
    """An 8-letter cell id that follows from the cell's source and is not yet ``taken``."""
    count = 0
    while True:
        text = f"{cell.get('cell_type')}\n{count}\n{source(cell)}"
        name = hashlib.sha256(text.encode("utf-8")).hexdigest()[:8]
        if name not in taken:
            return name
        count += 1


def complete_ids(nb: NotebookNode) -> None:
    """Give an id to every cell that has none, or one that is malformed or stands earlier."""
    kept = {str(cell.get("id")) for cell in nb.cells}
    seen: set[str] = set()
    for cell in nb.cells:
        name = cell.get("id")
        if not isinstance(name, str) or not CELL_ID.fullmatch(name) or name in seen:
            cell["id"] = make_id(cell, kept | seen)
        seen.add(cell["id"])


def source_hash(nb: NotebookNode) -> str:
    """SHA-256 (hexadecimal) of what decides a notebook's outputs and grading.

    That is every cell's type, source, tags and nbgrader metadata, in order; not its outputs,
    counts or ids.
    """
    parts = [
        [cell.get("cell_type"), source(cell), sorted(tags(cell)), nbgrader(cell)]
        for cell in nb.cells
    ]
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def stored_hash(nb: NotebookNode) -> str | None:
    """The source hash noted when the notebook was last executed; None when there is none."""
    course = nb.get("metadata", {}).get("course", {})
    return course.get("source_hash") if isinstance(course, dict) else None


# -- running -----------------------------------------------------------------------------------


def run_environment(scratch: Path) -> dict[str, str]:
    """Environment variables for running notebooks, the same for executing and for testing.

    ``scratch`` is an empty folder. A fresh exam log makes every run the first sitting, and nobody's
    kept drawings come in; an empty IPython folder keeps a person's own start-up files out; figures
    go into the notebook whatever the person's Matplotlib backend is; threads that wait leave the
    cores to those that work, or two programs on two cores could hinder each other for minutes.
    """
    return {
        "COURSE_EXAM_LOG": str(Path(scratch) / "exam_log.jsonl"),
        "COURSE_DRAWINGS": str(scratch),
        "IPYTHONDIR": str(Path(scratch) / "ipython"),
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "OMP_WAIT_POLICY": "passive",
    }
