"""Make the learner's copies of the chapters in ``workbook/``, never overwriting work that is there.

    python -m tools.workbook [--target DIR]

nbgrader's own preprocessors take the solutions, the hidden tests and the outputs out of
``notebooks/NN_words/``; the other files of a chapter's folder are copied as they are. A manifest in
the target remembers what was generated, so that a later run can tell a learner's work from a copy
nobody has written in:

- a missing file is made;
- a file in which no cell was changed is brought up to date with its chapter; if it had outputs, it
  is kept as ``NAME.before-update.ipynb`` first (outputs alone are not work, answers and notes are);
- a file with the learner's changes is never touched. When its chapter has changed, the new version
  is put beside it, once, as ``NAME.new.ipynb``.

A copy runs to its last cell with nothing solved: the cells of an exercise carry the tag
``raises-exception``, and the stub of an answer, a function, raises NotImplementedError in the check
that calls it. ``tools.exercises`` refuses an answer at the top level of its cell.
"""

from __future__ import annotations

import argparse
import copy
import itertools
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock, Timeout
from nbformat import NotebookNode
from nbgrader.converters import GenerateAssignment
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import SaveCells
from nbgrader.utils import find_all_files
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from tools.manifest import Manifest, Version, fingerprint, readable_cells
from tools.notebooks import ROOT, chapters, dumps, read, write_bytes

MANIFEST = ".manifest.json"
LOCK = ".workbook.lock"
HALF_WRITTEN = re.compile(r"\..+\.[0-9a-f]{8}\.tmp")  # as write_bytes names it
LOCK_SECONDS = 60


class WorkbookError(Exception):
    """The learner's copies cannot be made; the message says why and what to do."""


def load_config(root: Path = ROOT) -> Config:
    """The settings in ``root/nbgrader_config.py``; WorkbookError when there is no such file."""
    if not (root / "nbgrader_config.py").is_file():
        raise WorkbookError(f"expected nbgrader_config.py in {root}: run from the course")
    return PyFileConfigLoader("nbgrader_config.py", path=str(root)).load_config()


def learner_copy(notebook: NotebookNode, config: Config, name: str = "notebook") -> NotebookNode:
    """A chapter as a learner gets it: no solutions, no hidden tests, no outputs, checks locked.

    These are the steps of ``nbgrader generate_assignment --no-db``, in its order. ``notebook`` is
    left as it is; ``name`` appears in messages. Raises WorkbookError when a step fails, for example
    on a solution that does not end or a grade_id that occurs twice.
    """
    result = copy.deepcopy(notebook)
    resources = {"metadata": {"name": name}, "nbgrader": {"notebook": name}}
    steps = GenerateAssignment(config=config).preprocessors
    try:
        for step in steps:
            if step is not SaveCells:  # that one writes to the gradebook
                result, resources = step(config=config)(result, resources)
    except Exception as error:
        raise WorkbookError(f"{name}: no learner's copy can be made: {error}") from error
    result.metadata.get("course", {}).pop("source_hash", None)  # that of cells with solutions
    if not result.metadata.get("course"):
        result.metadata.pop("course", None)
    return result


def chapter_files(folder: Path, config: Config) -> dict[str, bytes]:
    """What a learner gets of a chapter's folder: paths within it (with ``/``) and contents.

    Like nbgrader, takes the notebooks at the folder's top and every other file at any depth, less
    what ``CourseDirectory.ignore`` names. Raises WorkbookError, see ``learner_copy``.
    """
    ignore = CourseDirectory(config=config).ignore
    others = find_all_files(str(folder), [*ignore, "*.ipynb"])
    files = {Path(f).relative_to(folder).as_posix(): Path(f).read_bytes() for f in sorted(others)}
    skipped = {path for pattern in ignore for path in folder.glob(pattern)}
    for path in sorted(set(folder.glob("*.ipynb")) - skipped):
        try:
            notebook = read(path)
        except ValueError as error:
            raise WorkbookError(str(error)) from error
        files[path.name] = dumps(learner_copy(notebook, config, path.stem)).encode("utf-8")
    return files


@dataclass
class Report:
    """What a run did: paths within the target, and lines for the learner."""

    created: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    current: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def summary(self) -> str:
        """One line of counts."""
        counts = {"created": self.created, "updated": self.updated, "up to date": self.current}
        counts["with your changes, left as they are"] = self.kept
        parts = [f"{len(paths)} {what}" for what, paths in counts.items() if paths]
        return ", ".join(parts) or "nothing done"


@dataclass
class Workbook:
    """The learner's folder while it is being brought up to date."""

    target: Path
    manifest: Manifest
    report: Report

    def settle(self, key: str, new: bytes) -> None:
        """Bring the file at ``key`` up to date with ``new`` unless the learner has changed it.

        Raises WorkbookError when the place is taken by a folder or the file changes meanwhile.
        """
        path = self.target / key
        version = fingerprint(key, new)
        if not os.path.lexists(path):
            self._put(key, version, new)
            self.report.created.append(key)
            return
        old = self._read(path)
        if self._is_learners(key, old, version):
            self.report.kept.append(key)
            self._offer(key, version, new)
        elif self._is_outdated(key, old, version):
            self._update(key, version, old, new)
        else:
            self.manifest.remember(key, version)
            self.report.current.append(key)

    def _is_learners(self, key: str, old: bytes, version: Version) -> bool:
        """Whether someone has written in a file since it was generated."""
        generated = {v.work for v in [version, *self.manifest.versions.get(key, [])]}
        return fingerprint(key, old).work not in generated

    def _is_outdated(self, key: str, old: bytes, version: Version) -> bool:
        """Of an unchanged file: whether the chapter has another text, or other tags than it had."""
        found = fingerprint(key, old)
        known = self.manifest.versions.get(key, [])
        return found.work != version.work or (found != version and found in known)

    def _read(self, path: Path) -> bytes:
        if not path.is_file():
            raise WorkbookError(f"{path} is not a file: move it away and run this again")
        return path.read_bytes()

    def _put(self, key: str, version: Version, content: bytes) -> None:
        self.manifest.remember(key, version)
        path = self.target / key
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, content)

    def _update(self, key: str, version: Version, old: bytes, new: bytes) -> None:
        """Replace a file nobody wrote in; with outputs in it, it is kept under another name."""
        path = self.target / key
        if any(cell.get("outputs") for cell in readable_cells(key, old) or []):
            for backup in _beside(path, ".before-update"):
                if not os.path.lexists(backup):
                    write_bytes(backup, old)
                if backup.is_file() and backup.read_bytes() == old:
                    break
            note = f"{key}: updated; the copy with your outputs is now {backup.name}"
            self.report.notes.append(note)
        if self._read(path) != old:
            raise WorkbookError(f"{key} was saved while it was being updated: run this again")
        self._put(key, version, new)
        self.report.updated.append(key)

    def _offer(self, key: str, version: Version, new: bytes) -> None:
        """Put ``new`` beside the learner's file, unless that began with this text or has had it."""
        begun = [v.work for v in self.manifest.versions.get(key, [])[-1:]]
        if version.work in [*begun, self.manifest.offered.get(key)]:
            return
        for path in _beside(self.target / key, ".new"):
            candidate = path.relative_to(self.target).as_posix()
            if not os.path.lexists(path):
                self._put(candidate, version, new)
                break
            if not path.is_file() or self._is_learners(candidate, path.read_bytes(), version):
                continue  # the learner works in that one: take the next name
            if self._is_outdated(candidate, path.read_bytes(), version):
                self._update(candidate, version, path.read_bytes(), new)
            break
        self.manifest.offer(key, version)
        self.report.notes.append(
            f"{key}: has your changes and stays as it is; "
            f"the chapter's new version is beside it: {path.name}"
        )


def _beside(path: Path, suffix: str) -> Iterator[Path]:
    """Places for a second copy: ``01/01.new.ipynb``, ``01/01.new-2.ipynb``, …"""
    for number in itertools.count(1):
        mark = suffix if number == 1 else f"{suffix}-{number}"
        yield path.with_name(path.stem + mark + path.suffix)


def make_workbook(root: Path = ROOT, target: Path | None = None) -> Report:
    """Make or refresh the learner's copies of all chapters of the course at ``root``.

    ``target`` is the learner's folder, ``root/workbook`` by default. A chapter that cannot be
    converted or written is named in the report's problems, and the others are made all the same.
    Raises WorkbookError when there is no chapter, when the target lies in the instructor's folder,
    or when another run does not end within a minute.
    """
    config = load_config(root)
    source = root / CourseDirectory(config=config).source_directory
    target = (target or root / "workbook").resolve()
    if target.is_relative_to(source.resolve()) or source.resolve().is_relative_to(target):
        raise WorkbookError(
            f"expected a folder of its own for the learner's copies, got {target}, which holds or "
            f"lies in the instructor's folder {source}: choose another --target"
        )
    folders = list(dict.fromkeys(path.parent for path in chapters(source)))
    if not folders:
        raise WorkbookError(f"expected chapters like 01_words/01_words.ipynb in {source}, got none")
    target.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(target / LOCK, timeout=LOCK_SECONDS):
            return _make(folders, target, config)
    except Timeout:
        raise WorkbookError(
            f"another run is busy in {target} (waited {LOCK_SECONDS} s): wait for it to end"
        ) from None


def _make(folders: list[Path], target: Path, config: Config) -> Report:
    for path in target.rglob(".*.tmp"):  # left by an interrupted run
        if HALF_WRITTEN.fullmatch(path.name):
            path.unlink()
    manifest, notes = Manifest.load(target / MANIFEST)
    workbook = Workbook(target, manifest, Report(notes=notes))
    for folder in folders:
        try:
            for name, content in chapter_files(folder, config).items():
                workbook.settle(f"{folder.name}/{name}", content)
        except (WorkbookError, OSError) as error:
            workbook.report.problems.append(str(error))
    return workbook.report


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit status, 1 when a chapter could not be made."""
    parser = argparse.ArgumentParser(prog="python -m tools.workbook", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--target", type=Path, help="the learner's folder (default: workbook)")
    target = parser.parse_args(arguments).target or ROOT / "workbook"
    try:
        report = make_workbook(ROOT, target)
    except WorkbookError as error:
        print(f"workbook: {error}", file=sys.stderr)
        return 1
    for line in report.problems:
        print(f"workbook: {line}", file=sys.stderr)
    print(*report.notes, f"{target}: {report.summary()}", sep="\n")
    return 1 if report.problems else 0


if __name__ == "__main__":
    sys.exit(main())
