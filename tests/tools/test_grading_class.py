"""A class with one submission of every kind is graded, and nobody is done wrong."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from nbformat import NotebookNode
from nbgrader.api import Gradebook

from tests.tiny_course import CHAPTER, make_course
from tests.tools.classroom import DOUBLE, Kind, chapter, kinds, solved, submission
from tools.grading import steps
from tools.grading.collect import collect
from tools.grading.grade import Grading, Row, grade_class, table, write_tables
from tools.grading.sandbox import sandbox_kind
from tools.workbook import learner_copy, load_config

SECONDS = 1.5
KINDS = kinds(Path("/"))  # for their names


@dataclass
class Class:
    """A graded class."""

    root: Path
    came: Path
    kinds: dict[str, Kind]
    released: NotebookNode
    rows: dict[str, Row]
    files: dict[str, str]

    def grade(self, learners: list[str] | None = None) -> dict[str, Row]:
        rows = grade_class(self.grading(), learners or [])
        return {row.learner: row for row in rows}

    def grading(self) -> Grading:
        return Grading(CHAPTER, self.root, whole=False, seconds=SECONDS)


def digests(*folders: Path) -> dict[str, str]:
    """A fingerprint of every file."""
    paths = [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def hand_in(came: Path, learner: str, kind: Kind, released: NotebookNode) -> None:
    path = came / kind.place.format(learner=learner, chapter=CHAPTER)
    path.parent.mkdir(parents=True, exist_ok=True)
    content = submission(released, kind)
    if learner == "untouched":
        content = json.dumps(released).encode()
    path.write_bytes(content)


def make_class(root: Path, only: set[str] | None = None) -> Class:
    make_course(root, chapter())
    released = learner_copy(chapter(), load_config(root))
    found = {name: kind for name, kind in kinds(root).items() if not only or name in only}
    came = root.parent / "came in"
    for learner, kind in found.items():
        hand_in(came, learner, kind, released)
    (came / "perfect" / CHAPTER / "scratch.ipynb").write_text('{"cells": [], "nbformat": 4}')
    (came / "zipped").mkdir(parents=True)
    (came / "zipped" / "all.zip").write_bytes(b"PK")
    collect(came, root)
    made = Class(root, came, found, released, {}, digests(root / "submitted", root / "notebooks"))
    made.rows = made.grade()
    return made


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Class:
    return make_class(tmp_path_factory.mktemp("class") / "course")


@pytest.mark.parametrize("learner", KINDS)
def test_points_and_remarks(graded: Class, learner: str) -> None:
    kind, row = graded.kinds[learner], graded.rows[learner]
    points = (row.points["ex1_check"][0], row.points["ex2_check"][0])
    assert points == kind.points, row.remarks
    assert [most for _, most in row.points.values()] == [2, 2]
    said = "\n".join(row.remarks)
    if kind.said:
        assert re.search(kind.said, said), said
    else:
        assert not said
    assert row.graded == (None not in kind.points)


def test_nobody_is_missing_and_nobody_is_graded_by_hand(graded: Class) -> None:
    assert set(graded.rows) == set(graded.kinds)
    with Gradebook(f"sqlite:///{graded.root / 'gradebook.db'}") as gradebook:
        for found in gradebook.assignment_submissions(CHAPTER):
            assert {g.manual_score for g in found.notebooks[0].grades} == {None}
            assert found.score == sum(graded.kinds[found.student.id].points)


def test_nothing_of_the_class_was_changed(graded: Class) -> None:
    assert digests(graded.root / "submitted", graded.root / "notebooks") == graded.files


def test_everything_else_that_came_in_is_told(graded: Class) -> None:
    told = json.loads((graded.root / "grading" / "collected.json").read_text())
    assert "an archive" in told[""]["zipped"]["set_aside"]


def test_tables_show_no_nought_for_what_nobody_graded(graded: Class) -> None:
    rows = list(graded.rows.values())
    lines = table(rows)
    (line,) = [line for line in lines if line.startswith("not_json ")]
    assert re.search(r"– of 4 +ex1 –  ex2 –", line)
    long, short = write_tables(rows, CHAPTER, graded.root / "grading")
    with long.open(encoding="utf-8") as file:
        found = {(r["learner"], r["exercise"]): r for r in csv.DictReader(file)}
    assert found["empty", "ex1"]["points"] == "" and "empty" in found["empty", "all"]["remark"]
    assert found["endless", "ex1"]["points"] == "0"
    assert "not done" in found["endless", "ex1"]["remark"]
    assert found["endless", "ex2"]["remark"] == ""
    with short.open(encoding="utf-8") as file:
        totals = {row["learner"]: row["points"] for row in csv.DictReader(file)}
    assert (totals["perfect"], totals["untouched"], totals["bom"]) == ("4", "0", "4")
    assert totals["not_json"] == ""


def test_graded_notebooks_and_feedback_show_no_hidden_test(graded: Class) -> None:
    grading = graded.grading()
    done = grading.api.generate_feedback(CHAPTER, "one_wrong")
    assert done["success"], done
    page = graded.root / "feedback" / "one_wrong" / CHAPTER / f"{CHAPTER}.html"
    text = page.read_text(encoding="utf-8")
    shown = re.sub(r"<[^>]+>", "", text)
    assert "other numbers count too" in shown and "return [2, 4, 6]" in shown
    assert "double([50])" not in shown and "assert result == [2, 4, 6]" in shown


def test_what_was_graded_is_left_and_a_resubmission_is_graded(graded: Class) -> None:
    place = graded.root / "autograded" / "perfect" / CHAPTER / f"{CHAPTER}.ipynb"
    before = place.stat().st_mtime_ns
    again = graded.grade(["perfect", "one_wrong"])
    assert place.stat().st_mtime_ns == before
    assert again["one_wrong"].total == 2
    hand_in(graded.came, "one_wrong", Kind((2, 2)), graded.released)
    collect(graded.came, graded.root)
    row = graded.grade(["one_wrong"])["one_wrong"]
    assert row.total == 4 and "graded anew" in row.remarks
    assert list((graded.root / "grading" / "earlier" / "one_wrong").iterdir())


WITHOUT = {"gradebook", "deletes_submitted", "reads_solutions", "endless", "os_exit", "perfect"}


def test_without_namespaces_attacks_are_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "sandbox_kind", lambda: "limits")
    monkeypatch.setattr(steps.SandboxExecute, "_servers", {})
    weak = make_class(tmp_path / "course", WITHOUT)
    for learner, row in weak.rows.items():
        points = (row.points["ex1_check"][0], row.points["ex2_check"][0])
        assert points == weak.kinds[learner].points, (learner, row.remarks)
    said = {learner: "\n".join(row.remarks) for learner, row in weak.rows.items()}
    assert "changed gradebook.db; it was put back" in said["gradebook"]
    assert re.search("changed submitted|opens .*submitted", said["deletes_submitted"])
    assert "opens" in said["reads_solutions"]
    assert digests(weak.root / "submitted", weak.root / "notebooks") == weak.files


def test_a_sandbox_is_said_plainly() -> None:
    assert sandbox_kind() in ("namespaces", "user", "limits")


def test_the_whole_notebook_is_run_for_its_outputs(tmp_path: Path) -> None:
    root = make_course(tmp_path / "course", chapter())
    released = learner_copy(chapter(), load_config(root))
    place = tmp_path / "came" / "ada" / CHAPTER / f"{CHAPTER}.ipynb"
    place.parent.mkdir(parents=True)
    nb = solved(released, DOUBLE, "def total(n):\n    return 0")
    place.write_text(json.dumps(nb))
    collect(tmp_path / "came", root)
    (row,) = grade_class(Grading(CHAPTER, root, seconds=20), [])
    assert (row.total, row.remarks) == (2, [])
    done = json.loads((root / "autograded" / "ada" / CHAPTER / f"{CHAPTER}.ipynb").read_text())
    assert done["cells"][-1]["outputs"][0]["text"] == ["the last cell 6\n"]
