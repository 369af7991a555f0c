"""A made-up course of one tiny chapter, for tests of the tools that handle chapters."""

from __future__ import annotations

import shutil
from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tools.notebooks import ROOT, complete_ids, write

CHAPTER = "01_tiny_chapter"

SOLUTION = """\
def double(numbers):
    ### BEGIN SOLUTION
    return [2 * number for number in numbers]
    ### END SOLUTION"""

CHECK = """\
result = double(numbers)
assert result is not None, "double returns nothing: end it with return"
assert len(result) == len(numbers), "the result needs one number per number"
assert result == [2, 4, 6], f"twice {numbers} is not {result}"
### BEGIN HIDDEN TESTS
assert double([50]) == [100], "other numbers count too"
### END HIDDEN TESTS
print("right")"""


def setup_cell(source: str) -> NotebookNode:
    """A code cell tagged ``setup``."""
    return new_code_cell(source, metadata={"tags": ["setup"]})


def answer_cell(name: str, source: str) -> NotebookNode:
    """The answer cell of exercise ``name`` (``"ex1"``)."""
    return _marked(source, f"{name}_answer", solution=True, grade=False, locked=False)


def check_cell(name: str, source: str, points: int = 2) -> NotebookNode:
    """The check cell of exercise ``name`` (``"ex1"``)."""
    cell = _marked(source, f"{name}_check", solution=False, grade=True, locked=True)
    cell.metadata.nbgrader["points"] = points
    return cell


def manual_cell(grade_id: str, source: str, points: int = 3) -> NotebookNode:
    """A text to be written by the learner and graded by a person."""
    marks = _marks(grade_id, solution=True, grade=True, locked=False, points=points)
    return new_markdown_cell(source, metadata={"nbgrader": marks})


def _marked(source: str, grade_id: str, **marks: bool) -> NotebookNode:
    marks = _marks(grade_id, **marks)
    return new_code_cell(source, metadata={"nbgrader": marks, "tags": ["raises-exception"]})


def _marks(grade_id: str, **marks: bool | int) -> dict[str, bool | int | str]:
    return {"schema_version": 3, "task": False, "grade_id": grade_id, **marks}


def exercise(name: str, solution: str, check: str) -> list[NotebookNode]:
    """The three cells of an exercise."""
    heading = new_markdown_cell(f"### Exercise {name.removeprefix('ex')} · Try it")
    return [heading, answer_cell(name, solution), check_cell(name, check)]


def notebook(*cells: NotebookNode, setup: str = "numbers = [1, 2, 3]") -> NotebookNode:
    """A chapter's notebook: title, set-up cell, the given cells, and a last cell that prints."""
    result = new_notebook(
        cells=[
            new_markdown_cell("# 1 · Tiny chapter"),
            setup_cell(setup),
            *cells,
            new_code_cell("print('the last cell', sum(numbers))"),
        ],
        metadata={
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
            "course": {"source_hash": "0" * 64},
        },
    )
    result.cells[-1].outputs = [new_output("stream", name="stdout", text="the last cell 6\n")]
    result.cells[-1].execution_count = 1
    complete_ids(result)
    return result


def simple_notebook() -> NotebookNode:
    """A sound chapter with one exercise of 2 points."""
    return notebook(*exercise("ex1", SOLUTION, CHECK))


def make_course(root: Path, chapter: NotebookNode, name: str = CHAPTER) -> Path:
    """A course folder with this chapter and the repository's nbgrader settings; returns it."""
    folder = root / "notebooks" / name
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "nbgrader_config.py", root)
    write(folder / f"{name}.ipynb", chapter)
    return root
