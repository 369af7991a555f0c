"""nbgrader's steps of grading that are this course's own: repairing, and running in the sandbox.

``nbgrader_config.py`` puts them into nbgrader's own lists, so that ``nbgrader autograde``,
Formgrader and ``course.py grade`` grade alike. What is to be said of a learner's notebook is kept
in its copy in ``autograded/``, in the notebook's metadata under ``grading``.
"""

from __future__ import annotations

import atexit
import hashlib
import shutil
import tempfile
from pathlib import Path
from typing import ClassVar

from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Bool, Float, Int

from tools.grading.repair import repair, said
from tools.grading.sandbox import Limits, Server, run_whole, sandbox_kind
from tools.grading.watch import Watch
from tools.notebooks import is_code, nbgrader, read, tags
from tools.workbook import learner_copy

REMARKS = "grading"  # in a graded notebook's metadata
BEGIN, END = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"


class Chapter:
    """A chapter as the instructor has it, and as learners get it."""

    def __init__(self, source: NotebookNode, released: NotebookNode) -> None:
        self.source, self.released = source, released
        self.setup = [c.source for c in source.cells if "setup" in tags(c) and is_code(c)]
        self.known = {cell.source.strip() for cell in released.cells}
        self.hidden: set[str] = set()
        self.checks = list(self._checks())

    def _checks(self) -> list[dict]:
        """The checks with their hidden tests, each with the answers that stand before it."""
        answers, found = [], []
        for cell in self.source.cells:
            marks = nbgrader(cell)
            if marks.get("solution"):
                answers.append(marks["grade_id"])
            elif marks.get("grade") and is_code(cell):
                secret = cell.source.partition(BEGIN)[2].partition(END)[0].splitlines()
                lines = {line.strip() for line in cell.source.splitlines()}
                self.hidden |= {line.strip() for line in secret if len(line.strip()) > 15}
                visible = sorted(lines - {line.strip() for line in secret})
                found.append({"name": marks["grade_id"], "answers": answers})
                found[-1] |= {"source": cell.source, "visible": visible}
                answers = []
        return found


def chapter_of(config: object, assignment: str, notebook: str) -> Chapter:
    """The chapter that a submission belongs to. Raises ValueError when it is not to be had."""
    course = CourseDirectory(config=config)
    folder = course.format_path(course.source_directory, ".", assignment)
    source = read(Path(folder) / f"{notebook}.ipynb")
    return Chapter(source, learner_copy(source, config, notebook))


class Repair(NbGraderPreprocessor):
    """Puts doubled, split, deleted and stripped cells in order before anything looks at them."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        """The repaired notebook, with what was repaired in its metadata."""
        found = resources["nbgrader"]
        chapter = chapter_of(self.config, found["assignment"], found["notebook"])
        nb, told = repair(nb, chapter.released)
        nb.metadata[REMARKS] = {"remarks": told}
        return nb, resources


class SandboxExecute(NbGraderPreprocessor):
    """Has a learner's notebook run, and its answers checked, in the sandbox, never here."""

    seconds = Float(60, help="The longest that one exercise may take.").tag(config=True)
    cell_seconds = Int(600, help="The longest that any other cell may take.").tag(config=True)
    total_seconds = Float(3600, help="The longest that a notebook may take.").tag(config=True)
    memory = Int(6_000_000_000, help="Bytes of memory for one learner.").tag(config=True)
    whole = Bool(True, help="Run all cells for their outputs, beside the checks.").tag(config=True)

    _servers: ClassVar[dict[str, Server]] = {}

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        """The notebook with the outputs of its run; a check's say whether it was passed."""
        found = resources["nbgrader"]
        chapter = chapter_of(self.config, found["assignment"], found["notebook"])
        course = CourseDirectory(config=self.config)
        place = course.format_path(
            course.autograded_directory, found["student"], found["assignment"]
        )
        noted = nb.metadata.setdefault(REMARKS, NotebookNode(remarks=[])).remarks
        limits = Limits(seconds=self.seconds, memory=self.memory)
        watch = Watch(Path(course.root), sandbox_kind())
        try:
            with tempfile.TemporaryDirectory(prefix="course-files-") as files:
                ignore = shutil.ignore_patterns("*.ipynb")
                shutil.copytree(place, files, ignore=ignore, dirs_exist_ok=True)
                verdicts = self._check(nb, chapter, limits, Path(files), course.root)
                self._write(nb, chapter, verdicts, noted)
                if self.whole:
                    self._run(nb, chapter, verdicts, noted, limits, Path(files))
        finally:
            noted.extend(watch.put_back())
        code = [cell for cell in nb.cells if is_code(cell)]
        for number, cell in enumerate(code, 1):
            cell.execution_count = number
            for output in cell.outputs:
                if output.output_type == "execute_result":
                    output.execution_count = number
        return nb, resources

    def _check(
        self, nb: NotebookNode, chapter: Chapter, limits: Limits, files: Path, root: str
    ) -> dict[str, dict]:
        cells = [
            {
                "name": nbgrader(cell).get("grade_id", "") if nbgrader(cell) else "",
                "source": cell.source,
                "own": cell.source.strip() not in chapter.known,
            }
            for cell in nb.cells
            if is_code(cell) and not _is_check(cell)
        ]
        key = hashlib.sha256("\0".join(chapter.setup).encode()).hexdigest()
        server = self._servers.get(key)
        if server is None:
            server = self._servers[key] = Server(chapter.setup, sandbox_kind())
            atexit.register(server.close)
        return server.check(cells, chapter.checks, limits, files, Path(root))

    def _write(
        self, nb: NotebookNode, chapter: Chapter, verdicts: dict[str, dict], noted: list[str]
    ) -> None:
        """Put the verdicts into the outputs of the checks, where nbgrader looks for them."""
        for cell in filter(_is_check, nb.cells):
            name = nbgrader(cell)["grade_id"]
            verdict = verdicts.get(name)
            if verdict is None:
                continue
            printed = _without(chapter.hidden, verdict["printed"])
            cell.outputs = [new_output("stream", text=printed)] if printed else []
            exercise = said(name).partition(",")[0]
            noted.extend(f"{exercise}: {note}" for note in verdict.get("notes", []))
            if verdict["passed"]:
                continue
            kind, message = verdict["kind"], _without(chapter.hidden, verdict["message"])
            trace = _without(chapter.hidden, verdict["trace"])
            lines = [*trace.splitlines(), f"{kind}: {message}"]
            cell.outputs.append(new_output("error", ename=kind, evalue=message, traceback=lines))
            if kind == "Stopped":
                noted.append(f"{exercise}: {message}")

    def _run(
        self,
        nb: NotebookNode,
        chapter: Chapter,
        verdicts: dict[str, dict],
        noted: list[str],
        limits: Limits,
        files: Path,
    ) -> None:
        """Run the cells for what they show: without hidden tests, and without failed checks."""
        visible = {nbgrader(c)["grade_id"]: c.source for c in chapter.released.cells if nbgrader(c)}
        sources: list[str | None] = []
        for cell in nb.cells:
            source = cell.source if is_code(cell) else None
            if _is_check(cell):
                name = nbgrader(cell)["grade_id"]
                passed = verdicts.get(name, {}).get("passed")
                source = visible.get(name) if passed else None
            sources.append(source)
        job = {"cells": sources, "seconds": self.cell_seconds}
        result = run_whole(job, sandbox_kind(), limits, files, self.total_seconds)
        if result["error"] or result["ended"]:
            noted.append(
                f"the whole notebook, for its outputs: {result['error'] or result['ended']}"
            )
        for cell, outputs in zip(nb.cells, result.get("outputs", []), strict=False):
            if is_code(cell) and not _is_check(cell):
                cell.outputs = [NotebookNode(output) for output in outputs]
            elif _is_check(cell) and any(o["output_type"] == "error" for o in outputs):
                noted.append(
                    f"{said(nbgrader(cell)['grade_id'])}: passed on its own, fails in the notebook"
                )


def _is_check(cell: NotebookNode) -> bool:
    marks = nbgrader(cell)
    return is_code(cell) and bool(marks.get("grade")) and not marks.get("solution")


def _without(hidden: set[str], text: str) -> str:
    """A text without any line of a hidden test."""
    kept = [line if not any(h in line for h in hidden) else "[hidden]" for line in text.split("\n")]
    return "\n".join(kept)
