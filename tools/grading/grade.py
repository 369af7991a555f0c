"""Grade everybody's notebook of a chapter, each learner in a sandbox of his own.

    python course.py grade CHAPTER [--checks-only] [--seconds 60] [--again] [LEARNER ...]

nbgrader does the grading, so its gradebook, Formgrader, feedback and export go on from here. What
was graded before is left as it is, unless it or the chapter has changed since. The table at the end
is also written to grading/CHAPTER.csv (a line for each exercise) and grading/CHAPTER_points.csv (a
line for each learner, by id, for a learning platform). Ungraded is shown as –, never as 0.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import logging
import os
import sys
import traceback
import warnings
from dataclasses import dataclass, field
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from sqlalchemy.exc import SAWarning

from tools.grading.collect import collected
from tools.grading.repair import UnreadableError, load
from tools.grading.sandbox import KINDS, SandboxError, sandbox_kind
from tools.grading.steps import REMARKS
from tools.notebooks import ROOT, read, source_hash, write
from tools.workbook import WorkbookError, load_config


class GradeError(Exception):
    """The chapter cannot be graded; the message says why."""


@dataclass
class Row:
    """A learner's result: points of each exercise, None while nobody has graded it."""

    learner: str
    points: dict[str, tuple[float | None, float]] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    submitted: str = ""
    late: float = 0  # seconds
    graded: bool = False

    @property
    def total(self) -> float | None:
        """The sum of the points; None while a part of it is missing."""
        values = [points for points, _ in self.points.values()]
        return None if not self.graded or None in values else sum(filter(None, values))


class Grading:
    """One chapter's grading in the course at ``root``."""

    def __init__(self, chapter: str, root: Path = ROOT, **options: object) -> None:
        self.chapter, self.root = chapter, root
        self.config = load_config(root)
        self.config.SandboxExecute.update({k: v for k, v in options.items() if v is not None})
        self.course = CourseDirectory(config=self.config)
        self.source = Path(self._place(self.course.source_directory, ".")) / f"{chapter}.ipynb"
        if not self.source.is_file():
            known = ", ".join(
                sorted(p.parent.name for p in self.source.parents[1].glob("*/*.ipynb"))
            )
            raise GradeError(f"expected a chapter ({known}), got {chapter!r}")
        self.api = NbGraderAPI(self.course, config=self.config)
        self.api.log.setLevel(logging.CRITICAL)
        warnings.filterwarnings("ignore", category=SAWarning)  # nbgrader's gradebook, each time

    def _place(self, step: str, learner: str) -> str:
        return self.course.format_path(step, learner, self.chapter)

    def prepare(self) -> None:
        """Have the chapter in the gradebook. Raises GradeError."""
        # nbgrader starts the command alembic, which is where this Python is.
        os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        with Gradebook(self.course.db_url, self.course.course_id) as gradebook:
            try:
                if gradebook.find_assignment(self.chapter).notebooks:
                    return
            except MissingEntry:
                pass
        done = self.api.generate_assignment(self.chapter, force=True)
        if not done["success"]:
            raise GradeError(f"{self.chapter}: nbgrader cannot assign it:\n{done.get('log')}")

    def learners(self) -> list[str]:
        """Everybody of whom something came in."""
        place = Path(self.course.format_path(self.course.submitted_directory, "*", "x"))
        found = {path.parent.name for path in place.parents[1].glob(f"*/{self.chapter}")}
        return sorted(found | set(collected(self.root).get(self.chapter, {})))

    def grade(self, learner: str, again: bool = False) -> Row:
        """Grade one learner's notebook, if it is new; whatever happens, there is a row."""
        row = Row(learner)
        report = collected(self.root).get(self.chapter, {}).get(learner, {})
        row.remarks += [f"set aside: {report['set_aside']}"] if report.get("set_aside") else []
        row.remarks += report.get("remarks", [])
        came = Path(self._place(self.course.submitted_directory, learner)) / self.source.name
        done = Path(self._place(self.course.autograded_directory, learner)) / self.source.name
        try:
            if came.is_file():
                self._grade(learner, came, done, row, again)
            elif not report:
                row.remarks.append(f"no {came.name} in {came.parent}: run collect")
        except (UnreadableError, SandboxError) as error:
            row.remarks.append(f"not graded: {error}")
        except Exception as error:  # noqa: BLE001 (nobody's work stops the others')
            row.remarks.append(f"not graded: {type(error).__name__}: {error}")
        self._look_up(row, done)
        row.remarks = list(dict.fromkeys(row.remarks))
        return row

    def _grade(self, learner: str, came: Path, done: Path, row: Row, again: bool) -> None:
        content = came.read_bytes()
        load(content)
        state = hashlib.sha256(content + source_hash(read(self.source)).encode()).hexdigest()
        before = read(done).metadata.get(REMARKS, {}) if done.is_file() else {}
        if before.get("state") == state and not again:
            return
        if before:
            row.remarks.append("graded anew")
        result = self.api.autograde(self.chapter, learner, force=True)
        if not result["success"]:
            said = (result.get("error") or result.get("log") or "").strip().splitlines()
            reason = next((x for x in reversed(said) if "Error" in x and "NbGrader" not in x), "")
            raise GradeError(reason.strip() or " ".join(said[-2:]))
        nb = read(done)
        nb.metadata[REMARKS]["state"] = state
        done.chmod(0o644)
        write(done, nb)
        done.chmod(0o444)

    def _look_up(self, row: Row, done: Path) -> None:
        """What the gradebook has of a learner, and what was noted when the notebook ran."""
        with Gradebook(self.course.db_url, self.course.course_id) as gradebook:
            notebook = gradebook.find_notebook(self.chapter, self.chapter)
            row.points = {cell.name: (None, cell.max_score) for cell in notebook.grade_cells}
            if not done.is_file():
                row.remarks = row.remarks or ["not graded"]
                return
            row.graded = True
            row.remarks += read(done).metadata.get(REMARKS, {}).get("remarks", [])
            found = gradebook.find_submission(self.chapter, row.learner)
            row.submitted = f"{found.timestamp:%Y-%m-%d %H:%M}" if found.timestamp else ""
            row.late = found.total_seconds_late
            if row.late:
                row.remarks.append(f"late by {row.late / 3600:.1f} h")
            for grade in found.notebooks[0].grades:
                given = grade.manual_score is not None
                if grade.needs_manual_grade and not given:
                    row.remarks.append(f"{grade.name}: waits for a person's grade")
                open_one = grade.auto_score is None and not given
                row.points[grade.name] = (None if open_one else grade.score, grade.max_score)


def table(rows: list[Row]) -> list[str]:
    """The table for a person: a line for each learner, remarks below it."""
    width = max([len(row.learner) for row in rows], default=0)
    found = []
    for row in rows:
        of = sum(most for _, most in row.points.values())
        parts = [f"{name.removesuffix('_check')} {shown(p)}" for name, (p, _) in row.points.items()]
        total = f"{shown(row.total)} of {shown(of)}"
        found.append(f"{row.learner:<{width}}  {total:>9}   {'  '.join(parts)}")
        remarks = [" ".join(remark.split()) for remark in row.remarks]
        plain = ["".join(c if c.isprintable() else "?" for c in text) for text in remarks]
        found += [f"{'':<{width}}    · {text}" for text in plain]
    return found


def shown(points: float | None) -> str:
    """Points for a person; nothing that nobody has graded looks like a number."""
    return "–" if points is None else f"{points:g}"


def write_tables(rows: list[Row], chapter: str, folder: Path) -> list[Path]:
    """Write both tables; the columns of points are empty where nobody has graded."""
    folder.mkdir(exist_ok=True)
    long, short = folder / f"{chapter}.csv", folder / f"{chapter}_points.csv"
    with long.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["learner", "exercise", "points", "of", "remark"])
        for row in rows:
            for name, (points, most) in row.points.items():
                exercise = name.removesuffix("_check").removesuffix("_answer")
                number = exercise.removeprefix("ex")
                own = [r for r in row.remarks if f"exercise {number}" in r or name in r]
                out.writerow([row.learner, exercise, _cell(points), most, "; ".join(own)])
            out.writerow([row.learner, "all", _cell(row.total), "", "; ".join(row.remarks)])
    with short.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["learner", "chapter", "points", "of", "submitted", "hours_late"])
        for row in rows:
            of = sum(most for _, most in row.points.values())
            late = f"{row.late / 3600:.2f}" if row.late else ""
            out.writerow([row.learner, chapter, _cell(row.total), of, row.submitted, late])
    return [long, short]


def _cell(points: float | None) -> str:
    return "" if points is None else f"{points:g}"


def grade_class(grading: Grading, learners: list[str], again: bool = False) -> list[Row]:
    """Grade everybody and write the tables; says who is done."""
    grading.prepare()
    rows = []
    everybody = learners or grading.learners()
    for number, learner in enumerate(everybody, 1):
        row = grading.grade(learner, again)
        rows.append(row)
        print(f"[{number}/{len(everybody)}] {learner}: {shown(row.total)}", flush=True)
    return rows


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit status, 1 when somebody could not be graded."""
    parser = argparse.ArgumentParser(prog="course.py grade", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("chapter", help="for example 01_explore_the_data")
    parser.add_argument("learners", nargs="*", help="grade these only (default: everybody)")
    parser.add_argument("--checks-only", action="store_true", help="do not run the other cells")
    parser.add_argument("--seconds", type=float, help="the longest one exercise may take (60)")
    parser.add_argument("--again", action="store_true", help="grade what has not changed, too")
    options = parser.parse_args(arguments)
    whole = False if options.checks_only else None
    try:
        kind = sandbox_kind()
        print(f"Sandbox: {kind} ({KINDS[kind]})", flush=True)
        grading = Grading(options.chapter, whole=whole, seconds=options.seconds)
        rows = grade_class(grading, options.learners, options.again)
    except (GradeError, SandboxError, WorkbookError) as error:
        print(f"grade: {error}", file=sys.stderr)
        return 1
    except OSError:
        traceback.print_exc()
        return 1
    paths = write_tables(rows, options.chapter, ROOT / "grading")
    print("", *table(rows), "", *(f"written: {path}" for path in paths), sep="\n")
    return 0 if all(row.graded for row in rows) else 1
