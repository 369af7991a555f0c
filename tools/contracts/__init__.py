"""What every chapter's notebook must keep, as small checks by subject, a file for each.

    python -m tools.contracts [NOTEBOOK or chapter ...]

prints ``path: problem`` lines and exits 1 when there are any. A check is a function named
``check_…`` in a file of this folder: it takes a ``Chapter`` and yields its problems, sentences
about the notebook or pairs of a cell's index and a sentence about the cell.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from tools import notebooks, results
from tools.contracts import (
    code,
    comparison,
    execution,
    exercises,
    links,
    names,
    privacy,
    structure,
)
from tools.contracts.chapter import Chapter, Check, Problem, load

__all__ = ["GROUPS", "Chapter", "Check", "Problem", "load", "main", "problems"]


def check_records(chapter: Chapter) -> Iterator[Problem]:
    """The notebook holds a final exam's result and what its model makes of the hard digits."""
    try:
        found = results.records(chapter.nb, chapter.path.parent.name)
    except ValueError as error:
        yield str(error)
        return
    for key in ("exams", "verdicts"):
        if not found[key]:
            yield f"no output carries a record of {key} in its metadata"


def _checks(module: object) -> tuple[Check, ...]:
    """The checks that a file defines, in its order."""
    return tuple(check for name, check in vars(module).items() if name.startswith("check_"))


GROUPS: dict[str, tuple[Check, ...]] = {
    "execution": _checks(execution),
    "privacy": _checks(privacy),
    "comparison": _checks(comparison),
    "structure": _checks(structure),
    "links": _checks(links),
    "code": _checks(code),
    "names": _checks(names),
    "exercises": _checks(exercises),
    "results": (check_records,),
}


def problems(path: Path, group: str | None = None) -> list[str]:
    """Everything that is wrong with a notebook, one line each; only one group's when named."""
    try:
        chapter = load(path)
    except ValueError as error:
        return [f"cannot be read: {error}"]
    if errors := notebooks.format_errors(chapter.nb):
        return [f"not a valid notebook: {error}" for error in errors]
    checks = GROUPS[group] if group else [check for each in GROUPS.values() for check in each]
    found = [problem for check in checks for problem in check(chapter)]
    return [chapter.sentence(problem) for problem in found]


def main(argv: list[str] | None = None) -> int:
    """Check the notebooks named on the command line; 1 when there are problems, 2 for bad usage."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.contracts", description="Check what every chapter must keep."
    )
    parser.add_argument(
        "notebooks", nargs="*", help="notebooks, folders or chapter names (default: all chapters)"
    )
    try:
        paths = notebooks.find(parser.parse_args(argv).notebooks)
    except FileNotFoundError as error:
        print(error, file=sys.stderr)
        return 2
    found = [(path, problem) for path in paths for problem in problems(path)]
    for path, problem in found:
        print(f"{notebooks.shown(path)}: {problem}")
    if not paths:
        print(f"no chapters in {notebooks.shown(notebooks.NOTEBOOKS)}", file=sys.stderr)
    return 1 if found or not paths else 0
