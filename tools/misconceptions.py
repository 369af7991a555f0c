"""Rebuild ``notebooks/misconceptions.md``: what each chapter teaches, asks and catches.

    python course.py misconceptions

Goals, prerequisites and exercises come from the notebooks, the misconceptions from the wrong
answers in ``tests/exercises``, of which a test shows that the exercise's check rejects every one.
So the page says only what is so; another test fails when it is not up to date.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.harness import load_answers
from tools.notebooks import (
    NOTEBOOKS,
    ROOT,
    chapters,
    first_line,
    is_exercise_answer,
    is_exercise_check,
    is_markdown,
    nbgrader,
    read,
    title,
    write_bytes,
)

PAGE = "misconceptions.md"
HEAD = """\
# What the chapters teach, and what their exercises catch

For instructors. Made by `python course.py misconceptions` from the notebooks and from
`tests/exercises`; do not edit. Every line below an exercise is a wrong answer that its check
rejects with a message of its own, as a test shows; *hidden* means that only the hidden tests reject
it. A message that many learners of a class get names what to talk about.

The minutes are estimates, not measured: five, and one and a half for each line of the solution,
rounded up to five. They are for learners who have just read what stands before the exercise.
"""
_SOLUTION = re.compile(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", flags=re.DOTALL)


def page(notebooks: Path = NOTEBOOKS, answers: Path = ROOT / "tests" / "exercises") -> str:
    """The page for all chapters in ``notebooks``; ``answers`` holds a file for each."""
    parts = [HEAD]
    for path in chapters(notebooks):
        parts += chapter(path, answers / f"{path.parent.name}.py")
    return "\n".join(parts)


def chapter(path: Path, answers: Path) -> Iterator[str]:
    """The lines for one chapter. Raises FileNotFoundError when it has no file of answers."""
    wrong = load_answers(answers).wrong
    nb = read(path)
    yield f"## {title(path.parent.name)}\n"
    for name in ("You will be able to", "Before you start", "Time"):
        text = section(nb.cells[0].source, name)
        if text:
            yield (
                f"**{name}.** {text}\n" if "\n- " not in f"\n{text}" else f"**{name}**\n\n{text}\n"
            )
    heading = lines = ""
    for cell in nb.cells:
        if is_markdown(cell) and first_line(cell).startswith("### Exercise "):
            heading = first_line(cell)
        elif is_exercise_answer(cell):
            lines = "".join(_SOLUTION.findall(cell.source))
        if is_exercise_check(cell):
            name = str(nbgrader(cell)["grade_id"]).rpartition("_")[0]
            yield f"{heading}, about {minutes(lines)} minutes\n"
            for answer in wrong.get(name, []):
                yield f"- {answer.name}{' (*hidden*)' * answer.hidden}"
            yield ""


def section(text: str, name: str) -> str:
    """What a chapter's first cell says under a name in bold: a paragraph or a list."""
    found = re.search(rf"\*\*{name}\.?\*\*\s+(.+?)(?=\n\n|\Z)", text, flags=re.DOTALL)
    return found[1].strip() if found else ""


def minutes(solution: str) -> int:
    """An estimate of the time an exercise takes, from its solution's lines of code."""
    code = [line for line in solution.splitlines() if line.split("#")[0].strip()]
    return 5 * -(-int(10 + 3 * len(code)) // 10)


def main(arguments: list[str] | None = None) -> int:
    """Write the page; returns the exit status."""
    parser = argparse.ArgumentParser(prog="course.py misconceptions", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.parse_args(arguments)
    write_bytes(NOTEBOOKS / PAGE, page().encode("utf-8"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
