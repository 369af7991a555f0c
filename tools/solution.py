"""Show the solution of one exercise, and nothing else; or all of a chapter, as a handout.

    python -m tools.solution 03 2
    python -m tools.solution 03 --all > solutions.md

The first prints exercise 2 of chapter 3 as a cell of the notebook would hold it, the second a page
in Markdown: each exercise's text, then its solution.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from tools.notebooks import (
    NOTEBOOKS,
    chapters,
    first_line,
    is_code,
    is_exercise_answer,
    is_markdown,
    nbgrader,
    read,
    title,
)

_MARK = re.compile(r"^[ \t]*### (BEGIN|END) SOLUTION[ \t]*(\n|\Z)", flags=re.MULTILINE)
_HINT = re.compile(r"<details>.*?</details>\n*", flags=re.DOTALL)


class NoSolutionError(Exception):
    """There is no such chapter or exercise; the message names those that there are."""


def solution(chapter: str, exercise: str, folder: Path = NOTEBOOKS) -> str:
    """The answer cell of an exercise (``"2"``) of a chapter (``"03"``), without nbgrader's marks.

    The chapter may be named by its number or its folder. Raises NoSolutionError.
    """
    path = find_chapter(chapter, folder)
    found = {}
    for cell in read(path).cells:
        match = re.fullmatch(r"ex(\d+)_answer", str(nbgrader(cell).get("grade_id", "")))
        if match and is_code(cell) and is_exercise_answer(cell):
            found[int(match[1])] = cell.source
    number = int(exercise.removeprefix("ex")) if re.fullmatch(r"(ex)?\d+", exercise) else None
    if number not in found:
        known = ", ".join(map(str, sorted(found))) or "none"
        raise NoSolutionError(
            f"expected the number of an exercise of {path.stem} ({known}), got {exercise!r}"
        )
    return _MARK.sub("", found[number]).rstrip("\n")


def handout(chapter: str, folder: Path = NOTEBOOKS) -> str:
    """All solutions of a chapter, each below its exercise's text, in Markdown."""
    path = find_chapter(chapter, folder)
    parts, task = [f"# Solutions: {title(path.parent.name)}"], ""
    for cell in read(path).cells:
        if is_markdown(cell) and first_line(cell).startswith("### Exercise "):
            task = _HINT.sub("", cell.source).rstrip("\n").replace("### ", "## ", 1)
        elif is_exercise_answer(cell):
            answer = _MARK.sub("", cell.source).rstrip("\n")
            parts += [task, f"```python\n{answer}\n```" if is_code(cell) else answer]
    return "\n\n".join(parts)


def find_chapter(chapter: str, folder: Path = NOTEBOOKS) -> Path:
    """The notebook of a chapter, by its number or its folder's name. Raises NoSolutionError."""
    found = {path.parent.name: path for path in chapters(folder)}
    for name, path in found.items():
        number = chapter.isdecimal() and int(chapter) == int(name[:2])
        if number or chapter.rstrip("/").split("/")[-1] == name:
            return path
    known = ", ".join(name[:2] for name in found) or "none"
    raise NoSolutionError(f"expected the number of a chapter ({known}), got {chapter!r}")


def main(arguments: list[str] | None = None) -> int:
    """Print the solution that the command line names; the exit status is 2 when there is none."""
    parser = argparse.ArgumentParser(
        prog="solution", description="Show the solution of one exercise, or all of a chapter."
    )
    parser.add_argument("chapter", help="the chapter's number, for example 03")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("exercise", nargs="?", help="the exercise's number, for example 2")
    which.add_argument("--all", action="store_true", help="a handout of all, in Markdown")
    options = parser.parse_args(arguments)
    try:
        page = handout(options.chapter) if options.all else None
        print(page or solution(options.chapter, options.exercise))
    except NoSolutionError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
