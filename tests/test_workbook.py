"""The learner's copies: what they hold, that they run, and that no work in them is ever lost."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from tests.tiny_course import CHAPTER, CHECK, SOLUTION, exercise, make_course, notebook
from tools import workbook
from tools.exercises import run_notebook
from tools.notebooks import ROOT, chapters, nbgrader, read, tags, write
from tools.workbook import Report, WorkbookError, make_workbook

NAME = f"{CHAPTER}/{CHAPTER}.ipynb"
ANSWER = "def double(numbers):\n    return 'my own answer'"


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A course of one tiny chapter, with a table beside the notebook."""
    make_course(tmp_path, chapter_version(1))
    (tmp_path / "notebooks" / CHAPTER / "table.csv").write_text("1,2\n")
    return tmp_path


def chapter_version(number: int) -> NotebookNode:
    """The tiny chapter in a version of its own."""
    cells = exercise("ex1", SOLUTION, CHECK)
    return notebook(new_markdown_cell(f"This is version {number}."), *cells)


def change_chapter(course: Path, number: int) -> None:
    write(course / "notebooks" / NAME, chapter_version(number))


def mine(course: Path, name: str = NAME) -> Path:
    return course / "workbook" / name


def beside(course: Path, *suffixes: str) -> list[str]:
    """Names of the notebooks in the learner's folder; the suffixes are those expected."""
    found = sorted(path.name for path in mine(course).parent.glob("*.ipynb"))
    expected = sorted(f"{CHAPTER}{suffix}.ipynb" for suffix in ("", *suffixes))
    assert found == expected
    return found


def edit(path: Path, change: Callable[[NotebookNode], object]) -> bytes:
    """Change a notebook as its reader does, and return the file's new content."""
    nb = read(path)
    change(nb)
    write(path, nb)
    return path.read_bytes()


def answer(nb: NotebookNode, text: str = ANSWER) -> None:
    cell_marked(nb, "ex1_answer").source = text


def cell_marked(nb: NotebookNode, grade_id: str) -> NotebookNode:
    return next(cell for cell in nb.cells if nbgrader(cell).get("grade_id") == grade_id)


def run_last_cell(nb: NotebookNode, text: str = "the last cell 6\n") -> None:
    last = [cell for cell in nb.cells if cell.cell_type == "code"][-1]
    last.execution_count = 9
    last.outputs = [new_output("stream", name="stdout", text=text)]


def version_in(path: Path) -> str:
    return re.search(r"This is version (\d+)", path.read_text(encoding="utf-8"))[1]


# -- what a copy holds --------------------------------------------------------------------------


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


def test_outputs_are_kept_beside_the_update(course: Path) -> None:
    make_workbook(course)
    for number in (2, 3):
        old = edit(mine(course), run_last_cell)
        change_chapter(course, number)
        report = make_workbook(course)
        assert report.updated == [NAME] and "before-update" in report.notes[0]
        assert version_in(mine(course)) == str(number)
        name = f"{CHAPTER}.before-update{'-2' * (number == 3)}.ipynb"
        assert (mine(course).parent / name).read_bytes() == old
    assert make_workbook(course).notes == []
    beside(course, ".before-update", ".before-update-2")


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


# -- what is work ---------------------------------------------------------------------------------


def add_note(nb: NotebookNode) -> None:
    nb.cells.insert(1, new_markdown_cell("My note."))


def change_text(nb: NotebookNode) -> None:
    nb.cells[0].source += "\nMy remark."


def delete_cell(nb: NotebookNode) -> None:
    del nb.cells[2]


def swap_cells(nb: NotebookNode) -> None:
    nb.cells[0], nb.cells[1] = nb.cells[1], nb.cells[0]


def change_check(nb: NotebookNode) -> None:
    cell_marked(nb, "ex1_check").source = "print('passed')"


def change_kind(nb: NotebookNode) -> None:
    nb.cells[0] = new_code_cell(nb.cells[0].source, id=nb.cells[0].id)


def attach(nb: NotebookNode) -> None:
    nb.cells[0]["attachments"] = {"photo.png": {"image/png": "aGVsbG8="}}


def empty_answer(nb: NotebookNode) -> None:
    answer(nb, "")


def add_picture(nb: NotebookNode) -> None:
    nb.cells.append(new_markdown_cell("", attachments={"photo.png": {"image/png": "aGVsbG8="}}))


WORK = [
    answer,
    add_note,
    change_text,
    delete_cell,
    swap_cells,
    change_check,
    change_kind,
    attach,
    add_picture,
]


@pytest.mark.parametrize("change", [*WORK, empty_answer], ids=lambda change: change.__name__)
def test_work_stays_and_the_new_version_is_put_beside_it(course: Path, change: Callable) -> None:
    make_workbook(course)
    work = edit(mine(course), change)
    report = make_workbook(course)  # no newer chapter: nothing to say
    assert (report.kept, report.notes) == ([NAME], [])
    beside(course)
    change_chapter(course, 2)
    report = make_workbook(course)
    assert mine(course).read_bytes() == work
    assert len(report.notes) == 1 and f"{CHAPTER}.new.ipynb" in report.notes[0]
    beside(course, ".new")
    new = mine(course).with_name(f"{CHAPTER}.new.ipynb")
    assert version_in(new) == "2"
    written = new.stat().st_mtime_ns
    report = make_workbook(course)  # and not again
    assert (report.notes, new.stat().st_mtime_ns) == ([], written)
    assert mine(course).read_bytes() == work


def test_new_version_beside_work_is_replaced_by_a_newer_one(course: Path) -> None:
    make_workbook(course)
    work = edit(mine(course), answer)
    for number in (2, 3):
        change_chapter(course, number)
        make_workbook(course)
        beside(course, ".new")
        assert version_in(mine(course).with_name(f"{CHAPTER}.new.ipynb")) == str(number)
    assert mine(course).read_bytes() == work


def test_version_the_copy_once_had_is_new_beside_work_begun_with_another(course: Path) -> None:
    for number in (1, 2, 1):
        change_chapter(course, number)
        make_workbook(course)
    work = edit(mine(course), answer)
    for number in (2, 3, 2):
        change_chapter(course, number)
        make_workbook(course)
        beside(course, ".new")
        assert version_in(mine(course).with_name(f"{CHAPTER}.new.ipynb")) == str(number)
    assert mine(course).read_bytes() == work


def test_work_in_the_new_version_stays_too(course: Path) -> None:
    make_workbook(course)
    work = edit(mine(course), answer)
    change_chapter(course, 2)
    make_workbook(course)
    new = mine(course).with_name(f"{CHAPTER}.new.ipynb")
    second = edit(new, lambda nb: answer(nb, "def double(numbers):\n    return 'second'"))
    change_chapter(course, 3)
    make_workbook(course)
    beside(course, ".new", ".new-2")
    assert (mine(course).read_bytes(), new.read_bytes()) == (work, second)
    assert version_in(mine(course).with_name(f"{CHAPTER}.new-2.ipynb")) == "3"


def test_learner_who_goes_over_to_the_new_version_is_left_in_peace(course: Path) -> None:
    make_workbook(course)
    edit(mine(course), answer)
    change_chapter(course, 2)
    make_workbook(course)
    new = mine(course).with_name(f"{CHAPTER}.new.ipynb")
    os.replace(new, mine(course))
    assert NAME in make_workbook(course).current
    edit(mine(course), answer)
    assert make_workbook(course).kept == [NAME]
    beside(course)


def test_changed_tags_alone_are_not_put_beside_work(course: Path) -> None:
    make_workbook(course)
    edit(mine(course), answer)
    chapter = chapter_version(1)
    cell_marked(chapter, "ex1_check").metadata.nbgrader.points = 5
    write(course / "notebooks" / NAME, chapter)
    assert make_workbook(course).kept == [NAME]
    beside(course)


def test_other_files_are_treated_alike(course: Path) -> None:
    table = f"{CHAPTER}/table.csv"
    make_workbook(course)
    (course / "notebooks" / table).write_text("3,4\n")
    assert make_workbook(course).updated == [table]
    assert mine(course, table).read_text() == "3,4\n"
    mine(course, table).write_text("mine\n")
    (course / "notebooks" / table).write_text("5,6\n")
    assert make_workbook(course).kept == [table]
    assert mine(course, table).read_text() == "mine\n"
    assert mine(course, f"{CHAPTER}/table.new.csv").read_text() == "5,6\n"


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe", b"[]", b'{"cells": 3}', b'{"cells": [{"source": 1}]}'],
    ids=["empty", "cut", "not UTF-8", "list", "cells missing", "source missing"],
)
def test_unreadable_file_of_the_learner_stays(course: Path, content: bytes) -> None:
    make_workbook(course)
    mine(course).write_bytes(content)
    change_chapter(course, 2)
    assert make_workbook(course).kept == [NAME]
    assert mine(course).read_bytes() == content
    beside(course, ".new")


def markers(folder: Path) -> set[str]:
    """Everything a learner wrote or let a cell print, in all files."""
    found: set[str] = set()
    for path in folder.rglob("*.ipynb"):
        found |= set(re.findall(r"learner-\d+-", path.read_text(encoding="utf-8")))
    return found


def act(course: Path, path: Path, mark: str, chance: random.Random) -> None:
    """Something that may happen to a course and to one notebook of the learner."""
    manifest = course / "workbook" / ".manifest.json"
    acts = {
        lambda: edit(path, lambda nb: answer(nb, f"# {mark}")): 1,
        lambda: edit(path, lambda nb: run_last_cell(nb, mark)): 6,
        lambda: edit(path, lambda nb: nb.cells.append(new_markdown_cell(mark))): 1,
        lambda: change_chapter(course, chance.randrange(6)): 10,
        lambda: mine(course).unlink(): 3,
        lambda: manifest.write_text("{"): 1,
        lambda: manifest.unlink(missing_ok=True): 1,
    }
    chance.choices(list(acts), list(acts.values()))[0]()


def test_nothing_a_learner_made_is_lost_in_a_long_story(course: Path) -> None:
    chance = random.Random(7)
    make_workbook(course)
    counts = {"created": 0, "updated": 0, "kept": 0}
    for step in range(200):
        others = sorted(mine(course).parent.glob("*.ipynb"))
        path = chance.choice([mine(course)] * 9 + others)
        act(course, path, f"learner-{step}-", chance)
        before = markers(course / "workbook")
        report = make_workbook(course)
        assert markers(course / "workbook") == before
        assert not report.problems
        for what in counts:
            counts[what] += NAME in getattr(report, what)
    assert min(counts.values()) >= 4, f"the story is too quiet: {counts}"


# -- accidents -----------------------------------------------------------------------------------

DAMAGED = [
    "",
    '{"format": 1, "fil',
    "[]",
    '{"format": 99, "files": {}}',
    '{"format": 1, "files": {"a": {"versions": [{"work": "x"}], "offered": null}}}',
    '{"format": 1, "files": {"a": 3}}',
]


@pytest.mark.parametrize("text", DAMAGED)
def test_damaged_manifest_is_put_aside(course: Path, text: str) -> None:
    make_workbook(course)
    manifest = course / "workbook" / ".manifest.json"
    manifest.write_text(text)
    report = make_workbook(course)
    assert len(report.current) == 2 and "damaged" in report.notes[0]
    assert (course / "workbook" / ".manifest.damaged.json").read_text() == text
    change_chapter(course, 2)
    assert make_workbook(course).updated == [NAME], "the copy was recognised again"
    work = edit(mine(course), answer)
    manifest.write_text(text)
    change_chapter(course, 3)
    make_workbook(course)
    assert mine(course).read_bytes() == work
    beside(course, ".new")


def test_without_manifest_an_older_copy_counts_as_work(course: Path) -> None:
    make_workbook(course)
    old = mine(course).read_bytes()
    (course / "workbook" / ".manifest.json").unlink()
    change_chapter(course, 2)
    assert make_workbook(course).kept == [NAME]
    assert mine(course).read_bytes() == old
    beside(course, ".new")


class PowerCutError(BaseException):
    """Ends a run as a power cut does: nothing is tidied up."""


def make_until_write(course: Path, number: int, patch: pytest.MonkeyPatch) -> Report | None:
    """A run that ends at its write of this number, half a file left behind; None if it did."""
    count = 0

    def cut(path: Path, content: bytes) -> None:
        nonlocal count
        count += 1
        if count == number:
            path.with_name(f".{path.name}.0123abcd.tmp").write_bytes(content[: len(content) // 2])
            raise PowerCutError
        write_bytes(path, content)

    write_bytes = workbook.write_bytes
    with patch.context() as within:
        within.setattr(workbook, "write_bytes", cut)
        try:
            return make_workbook(course)
        except PowerCutError:
            return None


def interruptions(course: Path, story: str, patch: pytest.MonkeyPatch) -> Iterator[None]:
    """The course after a run that was cut off at its first write, its second, …, and not at all."""
    cuts = 0
    for number in range(1, 20):
        shutil.rmtree(course / "workbook", ignore_errors=True)
        change_chapter(course, 1)
        if story != "first":
            make_workbook(course)
            change_chapter(course, 2)
        if story == "work":
            edit(mine(course), answer)
        if story == "update with outputs":
            edit(mine(course), lambda nb: run_last_cell(nb, "learner-1-"))
        finished = make_until_write(course, number, patch)
        yield
        if finished:
            break
        cuts += 1
    assert cuts >= 2


STORIES = ["first", "update", "update with outputs", "work"]


@pytest.mark.parametrize("story", STORIES)
def test_interrupted_run_is_repaired_by_the_next(
    course: Path, story: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in interruptions(course, story, monkeypatch):
        make_workbook(course)
        suffixes = {"update with outputs": [".before-update"], "work": [".new"]}.get(story, [])
        beside(course, *suffixes)
        assert not list((course / "workbook").rglob(".*.tmp"))
        assert version_in(mine(course)) == ("1" if story in ("first", "work") else "2")
        assert ("my own answer" in mine(course).read_text()) == (story == "work")
        assert markers(course / "workbook") == ({"learner-1-"} if "outputs" in story else set())


@pytest.mark.parametrize("story", STORIES)
def test_interrupted_run_never_makes_a_copy_look_like_work(
    course: Path, story: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in interruptions(course, story, monkeypatch):
        change_chapter(course, 3)
        report = make_workbook(course)
        assert (NAME in report.kept) == (story == "work")
        assert version_in(mine(course)) == ("1" if story == "work" else "3")
        assert markers(course / "workbook") == ({"learner-1-"} if "outputs" in story else set())


def test_file_saved_during_the_update_stays(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_workbook(course)
    edit(mine(course), run_last_cell)
    change_chapter(course, 2)
    write_bytes = workbook.write_bytes

    def learner_saves(path: Path, content: bytes) -> None:
        write_bytes(path, content)
        if "before-update" in path.name:
            edit(mine(course), answer)

    monkeypatch.setattr(workbook, "write_bytes", learner_saves)
    report = make_workbook(course)
    assert re.search("saved while it was being updated: run this again", report.problems[0])
    assert "my own answer" in mine(course).read_text(encoding="utf-8")


def test_run_waits_for_another_and_says_so(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_workbook(course)
    monkeypatch.setattr(workbook, "LOCK_SECONDS", 0.1)
    with (
        FileLock(course / "workbook" / workbook.LOCK),
        pytest.raises(WorkbookError, match="another run is busy"),
    ):
        make_workbook(course)


def test_place_taken_by_a_folder_is_a_problem(course: Path) -> None:
    mine(course).mkdir(parents=True)
    assert re.search("is not a file: move it away", make_workbook(course).problems[0])


def test_chapter_that_cannot_be_converted_does_not_stop_the_others(course: Path) -> None:
    broken = chapter_version(1)
    answer(broken, "### BEGIN SOLUTION\npass")
    make_course(course, broken, "00_broken")
    twice = chapter_version(1)
    twice.cells.append(cell_marked(chapter_version(1), "ex1_check"))
    twice.cells[-1].id = "another"
    make_course(course, twice, "02_twice")
    (course / "notebooks" / "03_cut").mkdir()
    (course / "notebooks" / "03_cut" / "03_cut.ipynb").write_text("{")
    report = make_workbook(course)
    assert NAME in report.created
    assert [re.search(r"\d\d_\w+", problem)[0] for problem in report.problems] == [
        "00_broken",
        "02_twice",
        "03_cut",
    ]
    assert "no end solution statement" in report.problems[0]


@pytest.mark.parametrize("target", [".", "notebooks", f"notebooks/{CHAPTER}", ".."])
def test_instructors_folder_is_refused_as_target(course: Path, target: str) -> None:
    before = {p: p.read_bytes() for p in course.rglob("*") if p.is_file()}
    with pytest.raises(WorkbookError, match="choose another --target"):
        make_workbook(course, course / target)
    assert {p: p.read_bytes() for p in course.rglob("*") if p.is_file()} == before


def test_course_without_chapters_or_settings_is_an_error(course: Path) -> None:
    shutil.rmtree(course / "notebooks" / CHAPTER)
    with pytest.raises(WorkbookError, match="expected chapters"):
        make_workbook(course)
    (course / "nbgrader_config.py").unlink()
    with pytest.raises(WorkbookError, match="expected nbgrader_config.py"):
        make_workbook(course)


# -- the command ----------------------------------------------------------------------------------


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
