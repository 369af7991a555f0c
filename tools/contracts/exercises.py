"""The exercises: their number, cells, metadata, hints, markers and last lines."""

import ast
import re
from collections.abc import Iterator

from tools import notebooks
from tools.contracts.chapter import Chapter, Problem
from tools.contracts.code import parse

COUNTS = range(4, 8)
FLAGS = {
    "answer": {"solution": True, "grade": False, "locked": False},
    "check": {"solution": False, "grade": True, "locked": True},
}
EVERYWHERE = {"schema_version": 3, "task": False}
HINT = re.compile(
    r"<details>\s*<summary>Hint (\d+)</summary>[ \t]*\n[ \t]*\n(.+?)\n[ \t]*\n\s*</details>",
    re.DOTALL,
)
MIN_HINT = 4  # words
MARKERS = (  # what, in which cells, and how the two markers end
    ("solution", notebooks.is_exercise_answer, "SOLUTION"),
    ("hidden tests", notebooks.is_exercise_check, "HIDDEN TESTS"),
)


def check_count(chapter: Chapter) -> Iterator[Problem]:
    """There are enough exercises, not too many, numbered 1, 2, 3 …"""
    numbers = [exercise.number for exercise in chapter.exercises]
    if len(numbers) not in COUNTS:
        yield f"{len(numbers)} exercises: {min(COUNTS)} to {max(COUNTS)} expected"
    if numbers != list(range(1, len(numbers) + 1)):
        yield f"exercises numbered {numbers}: 1, 2, 3 … expected"


def check_pairs(chapter: Chapter) -> Iterator[Problem]:
    """Each exercise is a heading, one answer cell and one check cell, with nothing in between."""
    paired = set()
    for exercise in chapter.exercises:
        name, answer, check = f"exercise {exercise.number}", exercise.answer, exercise.check
        if answer is None or check is None:
            yield f"{name}: no {'answer' if answer is None else 'check'} cell after its heading"
            continue
        paired |= {answer, check}
        if check < answer or any(answer < i < check for i, _ in chapter.code):
            yield f"{name}: the check cell does not follow the answer cell"
    for index, cell in chapter.cells:
        if notebooks.nbgrader(cell) and index not in paired:
            yield index, "nbgrader metadata outside an exercise's two cells"


def check_metadata(chapter: Chapter) -> Iterator[Problem]:
    """The nbgrader metadata of both cells is as expected, and an error in them stops nothing."""
    for exercise in chapter.exercises:
        for role, index in (("answer", exercise.answer), ("check", exercise.check)):
            if index is None:
                continue
            cell = chapter.nb.cells[index]
            wanted = {"grade_id": f"ex{exercise.number}_{role}", **EVERYWHERE, **FLAGS[role]}
            found = {"task": False, **notebooks.nbgrader(cell)}
            points = found.pop("points", None) if wanted["grade"] else 1
            for key in sorted(wanted.keys() | found.keys()):
                has, value = found.get(key), wanted.get(key)
                if has != value:
                    yield index, f"nbgrader {key} is {has!r}: {value!r} expected"
            if isinstance(points, bool) or not isinstance(points, (int, float)) or points <= 0:
                yield index, f"points {points!r}: a number above 0 expected"
            if "raises-exception" not in notebooks.tags(cell):
                yield index, "not tagged raises-exception: an open exercise stops what follows"


def check_hints(chapter: Chapter) -> Iterator[Problem]:
    """Each exercise offers two hints, folded, between the code before it and its answer cell."""
    for exercise in chapter.exercises:
        end = exercise.answer or 0
        start = max((i + 1 for i, _ in chapter.code if i < end), default=0)
        text = "\n\n".join(map(notebooks.source, chapter.nb.cells[start:end]))
        found = HINT.findall(text)
        numbers = [int(number) for number, hint in found if len(hint.split()) >= MIN_HINT]
        if numbers != [1, 2] or text.count("<summary>Hint") != 2:
            yield (
                f"exercise {exercise.number}: hints {numbers}: [1, 2] expected before its answer "
                "cell, each <details><summary>Hint 1</summary>, a blank line, the hint, a blank "
                "line, </details>"
            )


def regions(text: str, what: str, stub: str = "") -> tuple[list[str], str] | None:
    """What stands between ``BEGIN what`` and ``END what``, and the text with ``stub`` for it.

    None when the markers are not balanced.
    """
    markers = re.findall(rf"(BEGIN|END) {what}", text)
    if markers != ["BEGIN", "END"] * (len(markers) // 2):
        return None
    region = rf"^([ \t]*)[^\n]*BEGIN {what}[^\n]*\n(.*?)^[^\n]*END {what}[^\n]*$"
    pattern = re.compile(region, re.DOTALL | re.MULTILINE)
    inside = [match[2] for match in pattern.finditer(text)]
    return inside, pattern.sub(lambda match: match[1] + stub, text)


def check_markers(chapter: Chapter) -> Iterator[Problem]:
    """Solutions stand in answer cells, hidden tests in check cells, each between two markers."""
    for index, cell in chapter.cells:
        text = notebooks.source(cell)
        for what, belongs, name in MARKERS:
            found = regions(text, name)
            if not belongs(cell):
                if f"BEGIN {name}" in text or f"END {name}" in text:
                    yield index, f"{what} markers do not belong in this cell"
            elif found is None:
                yield index, f"{what} markers are not balanced"
            elif not found[0] or not all(map(has_statements, found[0])):
                yield index, f"no {what} between ### BEGIN {name} and ### END {name}"


def has_statements(text: str) -> bool:
    """Whether there is more in a text than blank lines and comments."""
    return any(line.strip() and not line.lstrip().startswith("#") for line in text.splitlines())


def check_frames(chapter: Chapter) -> Iterator[Problem]:
    """A check begins by saying whose it is and ends by saying that all is well.

    Its first line is all that JupyterLab shows of it folded; the value of a last expression would
    be a partial score for nbgrader. Both hold without its hidden tests as well.
    """
    for exercise in chapter.exercises:
        if exercise.check is None:
            continue
        text = notebooks.source(chapter.nb.cells[exercise.check])
        first = f"# Check of exercise {exercise.number}"
        if text.split("\n", 1)[0].rstrip() != first:
            yield exercise.check, f"the first line of a check: {first!r} expected"
        found = regions(text, "HIDDEN TESTS")
        versions = {"": text, " without its hidden tests": found[1] if found else text}
        for which, version in versions.items():
            if not ends_well(version):
                yield exercise.check, f"does not end with a print call or answer.passed(…){which}"


def ends_well(text: str) -> bool:
    """Whether the last statement of a cell's source is a call of print or of ``….passed``."""
    tree = parse(text)
    last = tree.body[-1] if tree and tree.body else None
    call = last.value if isinstance(last, ast.Expr) else None
    return isinstance(call, ast.Call) and (
        (isinstance(call.func, ast.Name) and call.func.id == "print")
        or (isinstance(call.func, ast.Attribute) and call.func.attr == "passed")
    )


def check_stubs(chapter: Chapter) -> Iterator[Problem]:
    """With its solution taken out an answer cell is still Python."""
    for index, cell in chapter.code:
        if notebooks.is_exercise_answer(cell):
            found = regions(notebooks.source(cell), "SOLUTION", "raise NotImplementedError()")
            if found and parse(found[1]) is None:
                yield index, "no valid Python once the solution is out"
