"""A learner's work in a copy stays, whatever happens to the chapter."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from tests.tiny_course import CHAPTER
from tests.tools.learner import (
    ANSWER,
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
)
from tools.notebooks import read, write
from tools.update import undo
from tools.workbook import make_workbook


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
def test_work_stays_and_a_newer_chapter_is_told(course: Path, change: Callable) -> None:
    make_workbook(course)
    work = edit(mine(course), change)
    report = make_workbook(course)  # no newer chapter: nothing to say
    assert (report.kept, report.notes) == ([NAME], [])
    change_chapter(course, 2)
    for _ in range(2):
        report = make_workbook(course)
        assert mine(course).read_bytes() == work
        assert len(report.notes) == 1 and "python course.py update" in report.notes[0]
        beside(course)  # nothing that could be worked in, or handed in, by mistake


def test_version_the_copy_once_had_is_news_for_work_begun_with_another(course: Path) -> None:
    for number in (1, 2, 1):
        change_chapter(course, number)
        make_workbook(course)
    work = edit(mine(course), answer)
    for number, news in ((2, 1), (3, 1), (1, 0)):
        change_chapter(course, number)
        assert len(make_workbook(course).notes) == news
    assert mine(course).read_bytes() == work


def test_changed_tags_alone_are_no_news(course: Path) -> None:
    make_workbook(course)
    edit(mine(course), answer)
    chapter = chapter_version(1)
    cell_marked(chapter, "ex1_check").metadata.nbgrader.points = 5
    write(course / "notebooks" / NAME, chapter)
    assert make_workbook(course).notes == []
    assert make_workbook(course, take=True).merged == [NAME]
    assert cell_marked(read(mine(course)), "ex1_check").metadata.nbgrader.points == 5
    assert cell_marked(read(mine(course)), "ex1_answer").source == ANSWER


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
    assert make_workbook(course, take=True).merged == [table]
    assert mine(course, table).read_text() == "5,6\n"
    undo(course / "workbook")
    assert mine(course, table).read_text() == "mine\n"


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
    assert "cannot be read" in make_workbook(course, take=True).problems[0]
    assert mine(course).read_bytes() == content
    beside(course)


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
    counts = {"created": 0, "updated": 0, "kept": 0, "merged": 0}
    for step in range(200):
        others = sorted(mine(course).parent.glob("*.ipynb"))
        path = chance.choice([mine(course)] * 9 + others)
        act(course, path, f"learner-{step}-", chance)
        before = markers(course / "workbook")
        if not step % 20:
            undo(course / "workbook")
        report = make_workbook(course, take=not step % 3)
        assert markers(course / "workbook") == before
        assert not report.problems
        for what in counts:
            counts[what] += NAME in getattr(report, what)
    assert min(counts.values()) >= 4, f"the story is too quiet: {counts}"
