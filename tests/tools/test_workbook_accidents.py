"""The learner's copies after damage, interruptions, and where they cannot be made."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from tests.tiny_course import CHAPTER, make_course
from tests.tools.learner import (
    NAME,
    answer,
    beside,
    cell_marked,
    change_chapter,
    chapter_version,
    edit,
    markers,
    mine,
    run_last_cell,
    version_in,
)
from tools import keep, manifest, workbook
from tools.workbook import Report, WorkbookError, make_workbook

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
    assert make_workbook(course, take=True).merged == [NAME], "the version it began with was kept"
    assert version_in(mine(course)) == "3" and "my own answer" in mine(course).read_text()


def test_without_manifest_an_older_copy_counts_as_work(course: Path) -> None:
    make_workbook(course)
    old = mine(course).read_bytes()
    (course / "workbook" / ".manifest.json").unlink()
    change_chapter(course, 2)
    assert make_workbook(course).kept == [NAME]
    assert mine(course).read_bytes() == old
    beside(course)


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
        for module in (workbook, manifest, keep):
            within.setattr(module, "write_bytes", cut)
        try:
            return make_workbook(course, take=True)
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
        make_workbook(course, take=True)
        beside(course)
        assert not list((course / "workbook").rglob(".*.tmp"))
        assert version_in(mine(course)) == ("1" if story == "first" else "2")
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
        if story != "work":
            assert version_in(mine(course)) == "3"
        assert markers(course / "workbook") == ({"learner-1-"} if "outputs" in story else set())


def test_file_saved_during_the_update_stays(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_workbook(course)
    edit(mine(course), run_last_cell)
    change_chapter(course, 2)
    write_bytes = workbook.write_bytes

    def learner_saves(path: Path, content: bytes) -> None:
        write_bytes(path, content)
        if "before-update" in path.as_posix():
            edit(mine(course), answer)

    monkeypatch.setattr(keep, "write_bytes", learner_saves)
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
