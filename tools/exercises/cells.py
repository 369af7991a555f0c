"""The exercises of a chapter as its notebook holds them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from nbformat import NotebookNode
from traitlets.config import Config

from tools.notebooks import is_code, is_exercise_answer, is_exercise_check, nbgrader, tags
from tools.workbook import learner_copy


@dataclass(frozen=True)
class Exercise:
    """Sources of one exercise: answer and check, each as instructor and as learner have it."""

    name: str
    solution: str
    stub: str
    check: str
    visible_check: str


def setup_sources(notebook: NotebookNode) -> list[str]:
    """Sources of the code cells tagged ``setup``, in order."""
    return [cell.source for cell in notebook.cells if is_code(cell) and "setup" in tags(cell)]


def find_exercises(notebook: NotebookNode, config: Config) -> tuple[list[Exercise], list[str]]:
    """The exercises of an instructor's notebook and what is wrong with their cells.

    Code cells that nbgrader marks as an answer or as a check must form pairs ``exN_answer``,
    ``exN_check`` in this order; manually graded cells are none of them. Raises WorkbookError when
    no learner's copy can be made.
    """
    sources = _graded_sources(notebook)
    learners = _graded_sources(learner_copy(notebook, config))
    exercises, problems = [], []
    ids = list(sources)
    for grade_id in ids:
        name, _, part = grade_id.rpartition("_")
        if part not in ("answer", "check") or not re.fullmatch(r"ex\d+", name):
            problems.append(f"{grade_id}: expected a grade_id like ex1_answer or ex1_check")
        elif part == "check":
            answer = f"{name}_answer"
            if answer not in ids[: ids.index(grade_id)]:
                problems.append(f"{name}: expected a cell {answer} before {grade_id}, found none")
                continue
            exercise = Exercise(
                name, sources[answer], learners[answer], sources[grade_id], learners[grade_id]
            )
            exercises.append(exercise)
        elif f"{name}_check" not in ids:
            problems.append(f"{name}: expected a cell {name}_check after {grade_id}, found none")
    return exercises, problems


def _graded_sources(notebook: NotebookNode) -> dict[str, str]:
    """Sources of the code cells that are an answer or a check, by grade_id."""
    found = {}
    for cell in notebook.cells:
        # What is both is graded by hand: an answer without a check.
        if is_code(cell) and is_exercise_answer(cell) != is_exercise_check(cell):
            found[str(nbgrader(cell)["grade_id"])] = cell.source
    return found
