"""What a learner does in a copy of the tiny chapter, and what a chapter's author does meanwhile."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell, new_output

from tests.tiny_course import CHAPTER, CHECK, SOLUTION, exercise, notebook
from tools.notebooks import nbgrader, read, write

NAME = f"{CHAPTER}/{CHAPTER}.ipynb"
ANSWER = "def double(numbers):\n    return 'my own answer'"


def chapter_version(number: int) -> NotebookNode:
    """The tiny chapter in a version of its own."""
    cells = exercise("ex1", SOLUTION, CHECK)
    return notebook(new_markdown_cell(f"This is version {number}."), *cells)


def change_chapter(course: Path, number: int) -> None:
    write(course / "notebooks" / NAME, chapter_version(number))


def mine(course: Path, name: str = NAME) -> Path:
    return course / "workbook" / name


def beside(course: Path) -> None:
    """The chapter's folder, which is handed in, holds one notebook and nothing put aside."""
    names = {path.name for path in mine(course).parent.iterdir()}
    assert names <= {f"{CHAPTER}.ipynb", "table.csv"}


def edit(path: Path, change: Callable[[NotebookNode], object]) -> bytes:
    """Change a notebook as its reader does, and return the file's new content."""
    nb = read(path)
    change(nb)
    write(path, nb)
    return path.read_bytes()


def answer(nb: NotebookNode, text: str = ANSWER) -> None:
    cell_marked(nb, "ex1_answer").source = text


def cell_marked(nb: NotebookNode, grade_id: str) -> NotebookNode:
    return next(cell for cell in nb.cells if nbgrader(cell).get("grade_id") == grade_id)


def run_last_cell(nb: NotebookNode, text: str = "the last cell 6\n") -> None:
    last = [cell for cell in nb.cells if cell.cell_type == "code"][-1]
    last.execution_count = 9
    last.outputs = [new_output("stream", name="stdout", text=text)]


def version_in(path: Path) -> str:
    return re.search(r"This is version (\d+)", path.read_text(encoding="utf-8"))[1]


def markers(folder: Path) -> set[str]:
    """Everything a learner wrote or let a cell print, in all files."""
    found: set[str] = set()
    for path in folder.rglob("*.ipynb"):
        found |= set(re.findall(r"learner-\d+-", path.read_text(encoding="utf-8")))
    return found
