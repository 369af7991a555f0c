"""The learner's own folder: where it lies for whom, and how far the learner has come in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from nbformat.v4 import new_output

from course_utils import workbook
from course_utils.workbook import progress, workbook_folder
from tests.tiny_course import CHAPTER, CHECK, SOLUTION, exercise, make_course, notebook
from tests.tools.learner import cell_marked, edit
from tools import progress as command
from tools.notebooks import ROOT
from tools.workbook import make_workbook


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A course of one chapter with two exercises, in a place of its own."""
    nb = notebook(*exercise("ex1", SOLUTION, CHECK), *exercise("ex2", SOLUTION, CHECK))
    nb.cells[0].source += "\n\n**Time.** About an hour of\nreading. The computing takes a minute."
    root = make_course(tmp_path / "course", nb)
    monkeypatch.setattr(workbook, "_COURSE", root)
    monkeypatch.delenv("COURSE_WORKBOOK", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    return root


def solve(nb, name: str, passed: bool = True) -> None:
    answer, check = (cell_marked(nb, f"{name}_{part}") for part in ("answer", "check"))
    answer.update(source=SOLUTION, execution_count=1)
    check.execution_count = 2
    text = new_output("stream", name="stdout", text=f"✓ Exercise {name}: right\n")
    error = new_output("error", ename="AssertionError", evalue="no", traceback=[])
    check.outputs = [text] if passed else [error]


def test_progress_tells_what_is_solved_and_what_is_next(course: Path) -> None:
    make_workbook(course)
    path = course / "workbook" / CHAPTER / f"{CHAPTER}.ipynb"
    said = repr(progress())
    assert "1 · Tiny chapter" in said and "0 of 2 solved; left: 1, 2" in said
    assert said.endswith("Next: 1 · Tiny chapter. About an hour of reading.")
    edit(path, lambda nb: (solve(nb, "ex1"), solve(nb, "ex2", passed=False)))
    before = path.read_bytes()
    assert "1 of 2 solved; left: 2 (tried)" in repr(progress())
    assert path.read_bytes() == before
    edit(path, lambda nb: solve(nb, "ex2"))
    assert repr(progress()).endswith("All exercises are solved.")


def test_a_check_counts_only_if_it_ran_after_its_answer(course: Path) -> None:
    make_workbook(course)
    path = course / "workbook" / CHAPTER / f"{CHAPTER}.ipynb"
    edit(path, lambda nb: solve(nb, "ex1"))
    edit(path, lambda nb: cell_marked(nb, "ex1_answer").update(execution_count=3))
    assert "0 of 2 solved; left: 1 (tried), 2" in repr(progress())


def test_a_notebook_that_cannot_be_read_is_told(course: Path) -> None:
    make_workbook(course)
    (course / "workbook" / CHAPTER / f"{CHAPTER}.ipynb").write_text("{")
    assert "It cannot be read" in repr(progress())


def test_without_a_workbook_progress_says_how_to_make_one(course: Path, capsys) -> None:
    with pytest.raises(FileNotFoundError, match="no chapters in .*course.py workbook"):
        progress()
    assert command.main([]) == 1
    assert "course.py workbook" in capsys.readouterr().err
    make_workbook(course)
    assert command.main([]) == 0
    assert "0 of 2 solved" in capsys.readouterr().out


def test_the_workbook_lies_in_the_course_of_one_user(course: Path) -> None:
    assert workbook_folder() == course / "workbook"
    (course / "workbook").mkdir()
    assert workbook_folder() == course / "workbook"


def test_a_variable_puts_the_workbook_anywhere(course: Path, monkeypatch) -> None:
    monkeypatch.setenv("COURSE_WORKBOOK", "~/mine")
    assert workbook_folder() == Path.home() / "mine"


def test_where_the_course_is_read_only_the_workbook_lies_at_home(course: Path, monkeypatch) -> None:
    monkeypatch.setattr(workbook.os, "access", lambda place, mode: False)
    assert workbook_folder() == Path.home() / "handwriting-workbook"


@pytest.mark.skipif(os.name == "nt", reason="Windows tells no owner by a number")
def test_in_somebody_elses_course_every_user_has_a_folder_of_his_own(course, monkeypatch) -> None:
    owner = course.stat().st_uid
    monkeypatch.setattr(workbook.os, "geteuid", lambda: owner or 1000)
    stat = Path.stat
    ids = {"course": 4321, "workbook": 4321}

    def as_told(path: Path, **options: bool) -> os.stat_result:
        values = list(stat(path, **options))
        values[4] = ids.get(path.name, values[4])
        return os.stat_result(values)

    monkeypatch.setattr(Path, "stat", as_told)
    assert workbook_folder() == Path.home() / "handwriting-workbook"
    ids["course"] = owner or 1000  # the course is this user's, the folder in it another's
    (course / "workbook").mkdir()
    assert workbook_folder() == Path.home() / "handwriting-workbook"
    ids["workbook"] = owner or 1000
    assert workbook_folder() == course / "workbook"


# -- two users, one installation ------------------------------------------------------------------

EXAM = """
from unittest import mock
import torch
from course_utils.evaluation import exam
few = mock.Mock(images=torch.zeros(20, 28, 28), labels=torch.zeros(20, dtype=torch.int64))
with mock.patch.object(exam, "locked_test_set", lambda: few):
    exam.final_exam("01_x", "a model", lambda images: torch.zeros(20, dtype=torch.int64))
"""


def powerless() -> list[str] | None:
    """What to put before a command so that file permissions bind it; None where they cannot.

    Root ignores permissions. In a user namespace of Linux it is a user like any other.
    """
    if os.name == "nt":
        return None  # what a folder's permissions mean there is another matter
    if os.geteuid() != 0:
        return []
    prefix = ["unshare", "--user", "--map-user=65534", "--map-group=65534"]
    can = shutil.which("unshare") and subprocess.run([*prefix, "true"], check=False).returncode == 0
    return prefix if can else None


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Path]:
    """What a learner's commands need of this course, with one small chapter, read-only."""
    root = tmp_path / "installation"
    ignored = shutil.ignore_patterns("__pycache__", "*.md")
    for name in ("course_utils", "tools"):
        shutil.copytree(ROOT / name, root / name, ignore=ignored)
    make_course(root, notebook(*exercise("ex1", SOLUTION, CHECK)))
    folders = [root, *(path for path in root.rglob("*") if path.is_dir())]
    for path in root.rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    root.chmod(0o555)
    yield root
    for path in folders:
        path.chmod(0o755)


def test_two_users_work_with_one_read_only_installation(installation: Path, tmp_path: Path) -> None:
    prefix = powerless()
    if prefix is None:
        pytest.skip("file permissions do not bind this user here; the rules are tested above")
    before = sorted(installation.rglob("*"))
    astray = ("COURSE_WORKBOOK", "COURSE_EXAM_LOG", "IPYTHONDIR", "PYTEST_CURRENT_TEST")
    env = {key: value for key, value in os.environ.items() if key not in astray}
    env |= {"PYTHONPATH": str(installation), "PYTHONDONTWRITEBYTECODE": "1"}

    def run(home: Path, *command: str) -> str:
        done = subprocess.run(
            [*prefix, sys.executable, *command],
            cwd=installation,
            env=env | {"HOME": str(home)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    with pytest.raises(AssertionError, match="PermissionError|Read-only"):
        run(tmp_path, "-c", "open('course_utils/new.py', 'w')")  # it is read-only
    for user, sittings in (("ada", 1), ("bob", 2)):
        home = tmp_path / user
        home.mkdir()
        run(home, "-m", "tools.workbook")
        said = run(home, "-c", EXAM * sittings)
        assert said.splitlines()[-1] == f"This is sitting {sittings}."
        mine = home / "handwriting-workbook"
        assert len((mine / "exam_log.jsonl").read_text().splitlines()) == sittings
        assert "0 of 1 solved" in run(home, "-m", "tools.progress")
        edit(mine / CHAPTER / f"{CHAPTER}.ipynb", lambda nb: solve(nb, "ex1"))
        assert "1 of 1 solved" in run(home, "-m", "tools.progress")
    assert sorted(installation.rglob("*")) == before, "nothing was written into the installation"
