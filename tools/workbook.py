"""Make the learner's copies of the chapters in ``workbook/``, never overwriting work that is there.

    python -m tools.workbook [--target DIR] [--quiet]

nbgrader's own preprocessors take the solutions, the hidden tests and the outputs out of
``notebooks/NN_words/``; the other files of a chapter's folder are copied as they are. A manifest in
the target remembers what was generated, so that a later run can tell a learner's work from a copy
nobody has written in:

- a missing file is made;
- a file in which no cell was changed is brought up to date with its chapter (outputs alone are not
  work, answers and notes are); if it had outputs, it is kept in ``.before-update/`` first;
- a file with the learner's changes is never touched, unless ``tools.update`` asks for it: then the
  newer version is merged into it, and the file as it was is kept in ``.before-update/``.

A copy runs to its last cell with nothing solved: the cells of an exercise carry the tag
``raises-exception``, and the stub of an answer, a function, raises NotImplementedError in the check
that calls it. ``tests.harness`` refuses an answer at the top level of its cell.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import errno
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import nbformat.v4
from filelock import FileLock, Timeout
from nbformat import NotebookNode
from nbgrader.converters import GenerateAssignment
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import SaveCells
from nbgrader.utils import find_all_files
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from course_utils.workbook import workbook_folder
from tools.keep import Keep
from tools.manifest import Manifest, Version, fingerprint, readable_cells
from tools.merge import merge
from tools.notebooks import ROOT, chapters, dumps, read, write_bytes

UPDATE = "`python course.py update` takes it and keeps your work"
UNDO = "`python course.py update --undo` brings it back"
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
    merged: list[str] = field(default_factory=list)
    restored: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def summary(self) -> str:
        """One line of counts."""
        counts = {"created": self.created, "updated": self.updated, "up to date": self.current}
        counts["updated with your changes in them"] = self.merged
        counts["with your changes, left as they are"] = self.kept
        counts["as before the update"] = self.restored
        parts = [f"{len(paths)} {what}" for what, paths in counts.items() if paths]
        return ", ".join(parts) or "nothing done"


@dataclass
class Workbook:
    """The learner's folder while it is being brought up to date."""

    target: Path
    manifest: Manifest
    report: Report
    keep: Keep
    take: bool = False  # a newer version into files with the learner's changes

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
            self._keep_or_merge(key, version, old, new)
        elif self._is_outdated(key, old, version):
            self._update(key, version, old, new)
        else:
            self.keep.give(key, version, new)
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
        self.keep.give(key, version, content)
        self.manifest.remember(key, version)
        path = self.target / key
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, content)

    def _update(self, key: str, version: Version, old: bytes, new: bytes) -> None:
        """Replace a file nobody wrote in; with outputs in it, it is kept."""
        if any(cell.get("outputs") for cell in readable_cells(key, old) or []):
            self.keep.put_aside(key, old)
            self.report.notes.append(f"{key}: updated; what it showed is kept: {UNDO}")
        self._unchanged(key, old)
        self._put(key, version, new)
        self.report.updated.append(key)

    def _unchanged(self, key: str, old: bytes) -> None:
        """Raise WorkbookError when the learner has saved a file since it was read."""
        if self._read(self.target / key) != old:
            raise WorkbookError(f"{key} was saved while it was being updated: run this again")

    def _keep_or_merge(self, key: str, version: Version, old: bytes, new: bytes) -> None:
        """Of a file with the learner's changes: say that there is a newer version, or take it."""
        known = self.manifest.versions.get(key, [])
        readable = readable_cells(key, old) is not None
        mine = read(self.target / key) if readable else None
        base = self.keep.begun_with(key, mine, known) if mine else None
        begun = known[-1] if known else None
        if base is not None:
            begun = fingerprint(key, dumps(base).encode("utf-8"))
        if begun and version.work == begun.work and not (self.take and version != begun):
            self.keep.give(key, version, new)
            self.report.kept.append(key)
        elif not self.take:
            self.report.kept.append(key)
            self.report.notes.append(f"{key}: has your changes; its chapter is newer: {UPDATE}")
        elif mine is not None:
            merged = merge(base, mine, nbformat.v4.reads(new.decode("utf-8")))
            content = dumps(merged.notebook).encode("utf-8")
            self._take(key, version, old, new, content, merged.conflicts)
        elif key.endswith(".ipynb"):
            raise WorkbookError(f"{key} cannot be read as a notebook: it is left as it is")
        else:
            self._take(key, version, old, new, new, [f"the chapter's now; yours is kept: {UNDO}"])

    def _take(
        self, key: str, version: Version, old: bytes, new: bytes, content: bytes, notes: list[str]
    ) -> None:
        """Put ``content``, made of the learner's file and the version ``new``, in its place."""
        self.keep.put_aside(key, old)
        self._unchanged(key, old)
        write_bytes(self.target / key, content)
        self.keep.give(key, version, new)
        self.manifest.remember(key, version)
        self.report.merged.append(key)
        self.report.notes += [f"{key}: {note}" for note in notes]


def make_workbook(
    root: Path = ROOT, target: Path | None = None, take: bool = False, only: Sequence[str] = ()
) -> Report:
    """Make or refresh the learner's copies of all chapters of the course at ``root``.

    ``target`` is the learner's folder, ``root/workbook`` by default. With ``take`` newer versions
    go into files with the learner's changes, too. ``only`` names chapters by their folders, all if
    empty. A chapter that cannot be converted or written is named in the report's problems, and the
    others are made all the same. Raises WorkbookError when there is no such chapter, when the
    target lies in the instructor's folder or cannot be written to, or when another run does not end
    within a minute.
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
    names = [folder.name for folder in folders]
    if not set(only) <= set(names):
        raise WorkbookError(f"expected names of chapters ({', '.join(names)}), got {[*only]}")
    with busy(target):
        return _make([f for f in folders if not only or f.name in only], target, config, take)


@contextlib.contextmanager
def busy(target: Path) -> Iterator[None]:
    """Keep other runs out of a learner's folder, which is made. Raises WorkbookError."""
    try:
        target.mkdir(parents=True, exist_ok=True)
        with FileLock(target / LOCK, timeout=LOCK_SECONDS):
            yield
    except Timeout:
        raise WorkbookError(
            f"another run is busy in {target} (waited {LOCK_SECONDS} s): wait for it to end"
        ) from None
    except OSError as error:
        raise WorkbookError(explained(error, target)) from error


def explained(error: OSError, target: Path) -> str:
    """What went wrong with a file in the learner's folder, and what to do."""
    path = error.filename or target
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"{path}: the disk is full; make room and run this again, nothing was overwritten"
    return (
        f"{path}: {error.strerror or error}; make it writable, or choose another folder for your "
        "work: `--workbook PATH` or the variable COURSE_WORKBOOK"
    )


def _make(folders: list[Path], target: Path, config: Config, take: bool) -> Report:
    for path in target.rglob(".*.tmp"):  # left by an interrupted run
        if HALF_WRITTEN.fullmatch(path.name):
            path.unlink()
    manifest, notes = Manifest.load(target / MANIFEST)
    workbook = Workbook(target, manifest, Report(notes=notes), Keep(target), take)
    for folder in folders:
        try:
            for name, content in chapter_files(folder, config).items():
                workbook.settle(f"{folder.name}/{name}", content)
        except WorkbookError as error:
            workbook.report.problems.append(str(error))
        except OSError as error:
            workbook.report.problems.append(explained(error, target))
    return workbook.report


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit status, 1 when a chapter could not be made."""
    parser = argparse.ArgumentParser(prog="python -m tools.workbook", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--target", type=Path, help="the learner's folder, in place of the usual")
    parser.add_argument("--quiet", action="store_true", help="say what needs attention only")
    options = parser.parse_args(arguments)
    target = options.target or workbook_folder()
    return say(lambda: make_workbook(ROOT, target), target, "workbook", options.quiet)


def say(make: Callable[[], Report], target: Path, command: str, quiet: bool = False) -> int:
    """Print the report of a run and its problems; returns the exit status."""
    try:
        report = make()
    except WorkbookError as error:
        print(f"{command}: {error}", file=sys.stderr)
        return 1
    for line in report.problems:
        print(f"{command}: {line}", file=sys.stderr)
    lines = [*report.notes] if quiet else [*report.notes, f"{target}: {report.summary()}"]
    print("".join(f"{line}\n" for line in lines), end="")
    return 1 if report.problems else 0


if __name__ == "__main__":
    sys.exit(main())
