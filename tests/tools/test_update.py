"""A chapter's newer version in a learner's notebook: nothing is lost, and it can be undone."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from tests.tiny_course import CHAPTER, CHECK, SOLUTION, exercise, notebook
from tests.tools.learner import (
    ANSWER,
    NAME,
    answer,
    beside,
    cell_marked,
    change_chapter,
    edit,
    mine,
    run_last_cell,
)
from tools import update
from tools.merge import CHAPTERS, YOURS, merge
from tools.notebooks import dumps, nbgrader, read, write
from tools.workbook import make_workbook

OWN = "my_experiment = double([7])"
SOLUTION_2 = SOLUTION.replace("2 * number", "3 * number").replace("double", "triple")
CHECK_2 = CHECK.replace("double", "triple").replace("[2, 4, 6]", "[3, 6, 9]").replace("100", "150")


def text_cell(name: str, source: str) -> NotebookNode:
    return new_markdown_cell(source, id=name)


def chapter(*cells: NotebookNode) -> NotebookNode:
    return notebook(*cells)


def old_chapter() -> NotebookNode:
    return chapter(
        text_cell("intro", "An old introduction."),
        new_code_cell("step = 1\nprint(step)", id="step"),
        *exercise("ex1", SOLUTION, CHECK),
        text_cell("gone", "A cell that goes."),
        *exercise("ex2", SOLUTION_2, CHECK_2),
    )


def new_chapter() -> NotebookNode:
    nb = chapter(
        text_cell("rule1", "---"),
        text_cell("intro", "A new introduction."),
        text_cell("rule2", "---"),
        text_cell("added", "A cell that was added."),
        new_code_cell("step = 2\nprint(step)", id="step"),
        *exercise("ex1", SOLUTION, CHECK + "\nprint('a better check')"),
        *exercise("ex3", SOLUTION.replace("double", "twice"), CHECK.replace("double", "twice")),
        *exercise("ex2", SOLUTION_2, CHECK_2),
    )
    cell_marked(nb, "ex1_check").metadata.nbgrader.points = 4
    return nb


def begin(course: Path) -> None:
    write(course / "notebooks" / NAME, old_chapter())
    make_workbook(course)


def take(course: Path) -> tuple[NotebookNode, list[str]]:
    """Update the learner's folder; returns the notebook and what the learner was told."""
    report = make_workbook(course, take=True)
    assert not report.problems
    return read(mine(course)), report.notes


def sources(nb: NotebookNode) -> list[str]:
    return [cell.source for cell in nb.cells]


def work(nb: NotebookNode) -> None:
    """An answer, an own cell in the middle and one at the end, an own output."""
    answer(nb)
    at = next(n for n, c in enumerate(nb.cells) if nbgrader(c).get("grade_id") == "ex1_answer")
    nb.cells.insert(at + 1, new_code_cell(OWN))
    run_last_cell(nb, "learner's output")
    nb.cells.append(new_markdown_cell("My last note."))


def test_changed_added_and_removed_cells_keep_every_answer(course: Path) -> None:
    begin(course)
    before = edit(mine(course), work)
    write(course / "notebooks" / NAME, new_chapter())
    nb, notes = take(course)
    assert notes == [], "nothing was changed by both"
    found = sources(nb)
    assert "A new introduction." in found and "A cell that was added." in found
    assert found.count("---") == 2, "cells with one text are two cells"
    assert "A cell that goes." not in found and "step = 2\nprint(step)" in found
    assert cell_marked(nb, "ex1_answer").source == ANSWER
    assert "a better check" in cell_marked(nb, "ex1_check").source
    assert cell_marked(nb, "ex1_check").metadata.nbgrader.points == 4
    assert "still open" in cell_marked(nb, "ex3_answer").source
    assert found.index(OWN) == found.index(ANSWER) + 1, "behind the cell it stood behind"
    assert found[-1] == "My last note."
    assert [c for c in nb.cells if c.cell_type == "code"][-1].outputs[0].text == "learner's output"
    marks = [nbgrader(c)["grade_id"] for c in nb.cells if nbgrader(c)]
    assert marks == ["ex1_answer", "ex1_check", "ex3_answer", "ex3_check"] + [
        "ex2_answer",
        "ex2_check",
    ]
    assert len({cell.id for cell in nb.cells}) == len(nb.cells)
    beside(course)
    assert make_workbook(course, take=True).merged == [], "and not again"
    update.undo(course / "workbook")
    assert mine(course).read_bytes() == before
    assert len(make_workbook(course).notes) == 1, "the newer version is news again"
    update.undo(course / "workbook")
    assert read(mine(course)) == nb, "undone twice, nothing has changed"


def test_what_both_changed_is_left_twice_and_said(course: Path) -> None:
    begin(course)

    def change(nb: NotebookNode) -> None:
        answer(nb)
        next(c for c in nb.cells if c.id == "step").source = "step = 7"
        next(c for c in nb.cells if c.id == "gone").source += " I need it."

    edit(mine(course), change)
    chapter = new_chapter()
    renamed = cell_marked(chapter, "ex1_answer")
    renamed.source = renamed.source.replace("(numbers)", "(numbers: list)")
    write(course / "notebooks" / NAME, chapter)
    nb, notes = take(course)
    assert len(notes) == 3, notes
    found = sources(nb)
    assert cell_marked(nb, "ex1_answer").source == ANSWER, "the answer stays where it counts"
    stub = found[found.index(ANSWER) + 1]
    assert stub.startswith(CHAPTERS) and "(numbers: list)" in stub
    own = found[found.index("step = 2\nprint(step)") + 1]
    assert own.startswith(YOURS) and "step = 7" in own
    assert "A cell that goes. I need it." in found
    old = read(course / "workbook" / NAME)
    again = merge(read(course / "notebooks" / NAME), old, nb).notebook
    assert sources(again) == found, "the same update once more adds nothing"


def test_a_changed_check_is_put_back_and_kept(course: Path) -> None:
    begin(course)
    edit(mine(course), lambda nb: cell_marked(nb, "ex1_check").update(source="print('passed')"))
    write(course / "notebooks" / NAME, new_chapter())
    nb, notes = take(course)
    assert "a better check" in cell_marked(nb, "ex1_check").source
    assert any(YOURS in s and "print('passed')" in s for s in sources(nb)) and len(notes) == 1


def test_a_change_of_the_learners_alone_stays_as_it_is(course: Path) -> None:
    begin(course)
    edit(mine(course), lambda nb: setattr(nb.cells[0], "source", "# My own title"))
    write(course / "notebooks" / NAME, new_chapter())
    nb, notes = take(course)
    assert nb.cells[0].source == "# My own title" and notes == []


def split(nb: NotebookNode) -> None:
    """As JupyterLab splits a cell: two with the same marks."""
    at = nb.cells.index(cell_marked(nb, "ex1_answer"))
    second = nb.cells[at].copy()
    second.update(id="other", source="    return 'my own answer'")
    nb.cells[at].source = "def double(numbers):"
    nb.cells.insert(at + 1, second)


def delete_exercise(nb: NotebookNode) -> None:
    nb.cells = [c for c in nb.cells if not str(nbgrader(c).get("grade_id")).startswith("ex1")]


def strip_marks(nb: NotebookNode) -> None:
    answer(nb)
    for cell in nb.cells:
        cell.metadata = {}


def strip_ids(nb: NotebookNode) -> None:
    answer(nb)
    nb.nbformat_minor = 4
    for cell in nb.cells:
        del cell["id"]


@pytest.mark.parametrize("accident", [split, delete_exercise, strip_marks, strip_ids])
def test_odd_notebooks_come_out_sound(course: Path, accident) -> None:
    begin(course)
    nb = read(mine(course))
    accident(nb)
    mine(course).write_text(dumps(nb), encoding="utf-8")
    write(course / "notebooks" / NAME, new_chapter())
    nb, _ = take(course)
    marks = {nbgrader(c)["grade_id"] for c in nb.cells if nbgrader(c)}
    assert marks == {f"ex{n}_{part}" for n in (1, 2, 3) for part in ("answer", "check")}
    assert "a better check" in cell_marked(nb, "ex1_check").source
    if accident is split:
        found = sources(nb)
        assert found[found.index("def double(numbers):") + 1] == "    return 'my own answer'"
    if accident in (strip_marks, strip_ids):
        assert cell_marked(nb, "ex1_answer").source == ANSWER


def test_an_exercise_that_is_gone_leaves_its_answer_as_a_plain_cell(course: Path) -> None:
    begin(course)
    edit(mine(course), answer)
    chapter = new_chapter()
    delete_exercise(chapter)
    write(course / "notebooks" / NAME, chapter)
    nb, notes = take(course)
    (kept,) = [cell for cell in nb.cells if cell.source == ANSWER]
    assert not nbgrader(kept) and "deletable" not in kept.metadata
    assert len(notes) == 1 and "gone from the chapter" in notes[0]


def test_without_the_version_it_began_with_both_texts_are_left(course: Path) -> None:
    begin(course)
    edit(mine(course), work)
    shutil.rmtree(course / "workbook" / ".generated")
    write(course / "notebooks" / NAME, new_chapter())
    nb, notes = take(course)
    found = "\n".join(sources(nb))
    assert cell_marked(nb, "ex1_answer").source == ANSWER and OWN in found
    for text in ("An old introduction.", "A new introduction.", "step = 1", "step = 2"):
        assert text in found
    assert notes


def test_the_command_updates_one_chapter_or_all_and_takes_it_back(
    course: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr(update, "ROOT", course)
    monkeypatch.setenv("COURSE_WORKBOOK", str(course / "workbook"))
    make_workbook(course)
    before = edit(mine(course), answer)
    change_chapter(course, 2)
    assert update.main(["02_none"]) == 1
    assert f"expected names of chapters ({CHAPTER})" in capsys.readouterr().err
    assert update.main([f"notebooks/{CHAPTER}/"]) == 0
    said = capsys.readouterr().out
    assert "1 updated with your changes in them" in said and "Reload Notebook from Disk" in said
    assert update.main(["--undo", CHAPTER]) == 0
    assert "1 as before the update" in capsys.readouterr().out
    assert mine(course).read_bytes() == before


def test_a_full_disk_says_what_to_do_and_overwrites_nothing(
    course: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_workbook(course)
    before = edit(mine(course), answer)
    change_chapter(course, 2)

    def full(self: Path, content: bytes) -> None:
        raise OSError(28, "No space left on device", str(self))

    monkeypatch.setattr(Path, "write_bytes", full)
    (problem,) = make_workbook(course, take=True).problems
    assert "the disk is full; make room and run this again" in problem
    monkeypatch.undo()
    assert mine(course).read_bytes() == before
