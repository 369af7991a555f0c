"""The learner's copies: what they hold, that they run, and how they are brought up to date."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from tests.harness import run_notebook
from tests.tiny_course import CHAPTER
from tests.tools.learner import (
    NAME,
    beside,
    cell_marked,
    change_chapter,
    chapter_version,
    edit,
    mine,
    run_last_cell,
    version_in,
)
from tools import workbook
from tools.notebooks import ROOT, chapters, nbgrader, read, tags, write
from tools.workbook import make_workbook


def test_copy_has_neither_solutions_nor_hidden_tests_nor_outputs(course: Path) -> None:
    assert sorted(make_workbook(course).created) == [NAME, f"{CHAPTER}/table.csv"]
    nb = read(mine(course))
    text = mine(course).read_text(encoding="utf-8")
    assert "2 * number" not in text and "SOLUTION" not in text
    assert "HIDDEN" not in text and "other numbers count too" not in text
    assert "raise NotImplementedError" in cell_marked(nb, "ex1_answer").source
    assert "one number per number" in cell_marked(nb, "ex1_check").source
    assert all(not cell.get("outputs") for cell in nb.cells)
    assert all(cell.get("execution_count") is None for cell in nb.cells)
    assert "source_hash" not in text
    assert (mine(course).parent / "table.csv").read_text() == "1,2\n"


def test_check_is_locked_and_answer_cannot_be_deleted(course: Path) -> None:
    make_workbook(course)
    nb = read(mine(course))
    check, answer_cell = cell_marked(nb, "ex1_check"), cell_marked(nb, "ex1_answer")
    assert check.metadata.editable is False and check.metadata.deletable is False
    assert answer_cell.metadata.deletable is False
    assert answer_cell.metadata.get("editable", True) is True
    assert check.metadata.nbgrader.points == 2
    assert "checksum" in check.metadata.nbgrader and "checksum" in answer_cell.metadata.nbgrader


def test_files_that_are_no_part_of_the_chapter_are_left_out(course: Path) -> None:
    folder = course / "notebooks" / CHAPTER
    for name in (".ipynb_checkpoints/x.txt", "__pycache__/y.pyc", "exam_log.jsonl", "deep/in.txt"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("x")
    make_workbook(course)
    found = {p.relative_to(mine(course).parent).as_posix() for p in mine(course).parent.rglob("*")}
    assert found == {f"{CHAPTER}.ipynb", "table.csv", "deep", "deep/in.txt"}


# The first chapter stands for all: the contracts see to it that no cell needs an exercise's answer,
# and test_nbgrader runs the set-up and exercise cells of every untouched chapter.
@pytest.mark.parametrize("path", chapters()[:1], ids=lambda path: path.parent.name)
def test_untouched_copy_runs_to_its_last_cell(path: Path, tmp_path: Path) -> None:
    make_workbook(target=tmp_path / "workbook")
    copy = tmp_path / "workbook" / path.parent.name / path.name
    nb = read(copy)
    run_notebook(nb, copy.parent, timeout=600)
    code = [cell for cell in nb.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    failed = {
        nbgrader(cell).get("grade_id", cell.source): output.ename
        for cell in code
        for output in cell.outputs
        if output.output_type == "error"
    }
    assert set(failed.values()) == {"NotImplementedError"}
    checks = {nbgrader(c)["grade_id"] for c in code if nbgrader(c).get("grade")}
    answers = {nbgrader(c)["grade_id"] for c in code if nbgrader(c).get("solution")}
    assert checks <= set(failed) <= checks | answers, "an open exercise says so, nothing else fails"


# -- what is not work -----------------------------------------------------------------------------


def test_second_run_changes_nothing(course: Path) -> None:
    make_workbook(course)
    before = {p: p.stat().st_mtime_ns for p in (course / "workbook").rglob("*") if p.suffix}
    report = make_workbook(course)
    assert {p: p.stat().st_mtime_ns for p in before} == before
    assert (len(report.current), report.created, report.updated, report.kept) == (2, [], [], [])


def fold(nb: NotebookNode) -> None:
    """What JupyterLab writes into a file that is only looked at and run."""
    nb.metadata["kernelspec"] = {"name": "other", "display_name": "Other"}
    nb.metadata["widgets"] = {}
    nb.cells[1].metadata["collapsed"] = True
    nb.cells[1].metadata["execution"] = {"iopub.status.busy": "2026-01-01"}
    nb.cells[1].execution_count = 3


def add_empty_cell(nb: NotebookNode) -> None:
    nb.cells.append(new_code_cell(""))


@pytest.mark.parametrize("change", [fold, add_empty_cell], ids=["folded", "empty cell"])
def test_copy_nobody_wrote_in_is_updated(course: Path, change: Callable) -> None:
    make_workbook(course)
    edit(mine(course), change)
    change_chapter(course, 2)
    assert make_workbook(course).updated == [NAME]
    assert version_in(mine(course)) == "2"
    beside(course)


def test_outputs_are_kept_when_a_copy_is_updated(course: Path) -> None:
    make_workbook(course)
    for number in (2, 3):
        old = edit(mine(course), run_last_cell)
        change_chapter(course, number)
        report = make_workbook(course)
        assert report.updated == [NAME] and "update --undo" in report.notes[0]
        assert version_in(mine(course)) == str(number)
        kept = course / "workbook" / ".before-update" / f"000{number - 1}" / NAME
        assert kept.read_bytes() == old
    assert make_workbook(course).notes == []
    beside(course)


def test_chapter_that_goes_back_is_followed(course: Path) -> None:
    for number in (1, 2, 1, 2, 1):
        change_chapter(course, number)
        make_workbook(course)
        assert version_in(mine(course)) == str(number)
    beside(course)


def test_new_points_reach_a_copy_nobody_wrote_in(course: Path) -> None:
    make_workbook(course)
    chapter = chapter_version(1)
    cell_marked(chapter, "ex1_check").metadata.nbgrader.points = 5
    write(course / "notebooks" / NAME, chapter)
    assert make_workbook(course).updated == [NAME]
    assert cell_marked(read(mine(course)), "ex1_check").metadata.nbgrader.points == 5


def test_deleted_copy_is_made_again(course: Path) -> None:
    make_workbook(course)
    mine(course).unlink()
    assert make_workbook(course).created == [NAME]


def test_command_makes_the_copies_and_says_so(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tools.workbook", "--target", str(tmp_path / "copies")]
    running = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    printed = [process.communicate(timeout=120)[0] for process in running]  # two at once
    assert [process.returncode for process in running] == [0, 0]
    assert sorted(re.search(r"\d+ (created|up to date)", text)[1] for text in printed) == [
        "created",
        "up to date",
    ]
    for path in chapters():
        copy = read(tmp_path / "copies" / path.parent.name / path.name)
        assert [c.id for c in copy.cells] == [c.id for c in read(path).cells]
        assert all("raises-exception" in tags(c) for c in copy.cells if nbgrader(c))
    assert json.loads((tmp_path / "copies" / ".manifest.json").read_text())["format"] == 1


def test_command_fails_with_a_message(capsys: pytest.CaptureFixture) -> None:
    assert workbook.main(["--target", str(ROOT / "notebooks")]) == 1
    assert "choose another --target" in capsys.readouterr().err
