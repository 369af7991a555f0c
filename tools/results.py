"""The results of all chapters, gathered from the executed notebooks.

    python -m tools.results [--check]

reads what each chapter's final exam and hard digits left in the metadata of its outputs, writes
``notebooks/results.json``, and puts the table of final exams between the two ``results`` markers of
the README. ``--check`` writes nothing and exits 1 when either would change.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from tools import notebooks

BEGIN, END = "<!-- results:begin -->", "<!-- results:end -->"
HARD_DIGITS = 24
TEST_IMAGES = 10_000
KINDS = {  # of records by their key in the metadata: their name here, and their own keys
    "exam": ("exams", {"chapter", "model", "errors", "n", "low", "high"}),
    "verdicts": ("verdicts", {"chapter", "model", "predictions"}),
}

Record = dict[str, Any]


def _course_metadata(nb: NotebookNode) -> Iterator[tuple[str, Record]]:
    """Where, and what: the course's metadata of every output that has some."""
    for index, cell in enumerate(nb.cells):
        for output in cell.get("outputs", []):
            course = output.get("metadata", {}).get("course")
            if isinstance(course, dict):
                yield notebooks.label(index, cell), course


def _is_count(value: object, most: int) -> bool:
    """Whether a value is a whole number from 0 to ``most``."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most


def record_problem(record: object, keys: set[str], chapter: str) -> str:
    """What is wrong with a record of a final exam or of the hard digits; empty when nothing is."""
    if not isinstance(record, dict) or set(record) != keys:
        found = sorted(record) if isinstance(record, dict) else type(record).__name__
        return f"expected the keys {sorted(keys)}, found {found}"
    if record["chapter"] != chapter:
        return f"expected the chapter {chapter!r}, found {record['chapter']!r}"
    if not isinstance(record["model"], str) or not record["model"].strip():
        return f"expected a model's name, found {record['model']!r}"
    return _exam_problem(record) if "errors" in record else _verdict_problem(record)


def _exam_problem(record: Record) -> str:
    errors, n, low, high = (record[key] for key in ("errors", "n", "low", "high"))
    if not _is_count(n, sys.maxsize) or n == 0 or not _is_count(errors, n):
        return f"expected 0 ≤ errors ≤ n, found errors = {errors!r} and n = {n!r}"
    numbers = all(isinstance(x, (int, float)) and not isinstance(x, bool) for x in (low, high))
    if not numbers or not 0 <= low <= 1 - errors / n <= high <= 1:
        return (
            f"expected an interval within 0 … 1 around the accuracy {1 - errors / n:.4f}, "
            f"found low = {low!r} and high = {high!r}"
        )
    return ""


def _verdict_problem(record: Record) -> str:
    found = record["predictions"]
    if not isinstance(found, list) or len(found) != HARD_DIGITS:
        return f"expected {HARD_DIGITS} predictions, found {found!r}"
    if not all(_is_count(digit, 9) for digit in found):
        return f"expected digits from 0 to 9, found {found!r}"
    return ""


def records(nb: NotebookNode, chapter: str) -> dict[str, list[Record]]:
    """The records in one notebook, in its order: ``{"exams": […], "verdicts": […]}``.

    Raises ValueError, naming the cell, when one is malformed, names another chapter, or gives a
    model a second time.
    """
    found: dict[str, list[Record]] = {"exams": [], "verdicts": []}
    for where, course in _course_metadata(nb):
        for key, (kind, keys) in KINDS.items():
            if key not in course:
                continue
            record = course[key]
            if problem := record_problem(record, keys, chapter):
                raise ValueError(f"{where}: record of {kind}: {problem}")
            if record["model"] in [other["model"] for other in found[kind]]:
                raise ValueError(f"{where}: a second record of {kind} of {record['model']!r}")
            found[kind].append(dict(record))
    return found


def gather(folder: Path = notebooks.NOTEBOOKS) -> dict[str, list[Record]]:
    """The records of all chapters under ``folder``, in chapter order.

    Raises ValueError, naming the notebook and the cell, when one is malformed.
    """
    found: dict[str, list[Record]] = {"exams": [], "verdicts": []}
    for path in notebooks.chapters(folder):
        try:
            inside = records(notebooks.read(path), path.parent.name)
        except ValueError as error:
            raise ValueError(f"{notebooks.shown(path)}: {error}") from error
        for kind in found:
            found[kind] += inside[kind]
    return found


def as_json(found: dict[str, list[Record]]) -> str:
    """The records as JSON with sorted keys, one record a line."""
    blocks = []
    for kind, records_ in sorted(found.items()):
        lines = [json.dumps(record, sort_keys=True, ensure_ascii=False) for record in records_]
        inside = "\n  " + ",\n  ".join(lines) + "\n " if lines else ""
        blocks.append(f' "{kind}": [{inside}]')
    return "{\n" + ",\n".join(blocks) + "\n}\n"


def _row(exam: Record) -> str:
    """The table's row for one final exam."""
    name, errors, n = exam["chapter"], exam["errors"], exam["n"]
    link = f"[{notebooks.title(name)}](notebooks/{name}/{name}.ipynb)"
    count = f"{errors:,}" if n == TEST_IMAGES else f"{errors:,} of {n:,}"
    interval = f"{100 * exam['low']:.2f}–{100 * exam['high']:.2f} %"
    model = exam["model"].replace("|", "\\|")
    return f"| {link} | {model} | {100 * (1 - errors / n):.2f} % | {interval} | {count} |"


def table(exams: list[Record]) -> str:
    """The README's table of final exams, in Markdown."""
    head = [
        f"| Chapter | Model | Right on the test set | 95 % interval | Errors of {TEST_IMAGES:,} |",
        "|:--|:--|--:|--:|--:|",
    ]
    return "\n".join([*head, *map(_row, exams)])


def with_table(readme: str, exams: list[Record]) -> str:
    """The README's text with the present table between its markers.

    Raises ValueError when the two markers are not there once each, in order.
    """
    markers = [marker for marker in (BEGIN, END) for _ in range(readme.count(marker))]
    if markers != [BEGIN, END] or readme.index(BEGIN) > readme.index(END):
        raise ValueError(
            f"expected {BEGIN} and, below it, {END} once each in the README: put them where the "
            "results table belongs"
        )
    before, rest = readme.split(BEGIN)
    after = rest.split(END)[1]
    return f"{before}{BEGIN}\n{table(exams)}\n{END}{after}"


def update(folder: Path, readme: Path, *, check: bool = False) -> list[Path]:
    """Bring ``folder/results.json`` and the README up to date; return the files that changed.

    With ``check`` nothing is written. Raises ValueError when a record is malformed or a marker is
    missing, FileNotFoundError when there is no README; then nothing is written either.
    """
    found = gather(folder)
    old_readme = readme.read_bytes().decode("utf-8").replace("\r\n", "\n")
    wanted = {
        folder / "results.json": as_json(found),
        readme: with_table(old_readme, found["exams"]),
    }
    stale = []
    for path, text in wanted.items():
        old = path.read_bytes().decode("utf-8").replace("\r\n", "\n") if path.exists() else None
        if old != text:
            stale.append(path)
            if not check:
                notebooks.write_bytes(path, text.encode("utf-8"))
    return stale


def main(argv: list[str] | None = None) -> int:
    """Update or check the results; 0 when all is well, 1 when not."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.results", description="Gather the results of all chapters."
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 if something is out of date"
    )
    check = parser.parse_args(argv).check
    try:
        stale = update(notebooks.NOTEBOOKS, notebooks.ROOT / "README.md", check=check)
    except (ValueError, FileNotFoundError) as error:
        print(error, file=sys.stderr)
        return 1
    for path in stale:
        news = "out of date: run python -m tools.results" if check else "written"
        print(f"{notebooks.shown(path)}: {news}")
    if not stale:
        print("results.json and README.md say what the notebooks say")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
