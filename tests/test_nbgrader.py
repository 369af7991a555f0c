"""Assigning and grading with nbgrader's own commands: solutions get all points, stubs get none."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import pytest
from nbformat import NotebookNode
from nbgrader.api import Gradebook

from tests.browser import free_port, jupyter_env
from tests.harness import Try, run_tries
from tests.tiny_course import (
    CHAPTER,
    CHECK,
    SOLUTION,
    exercise,
    make_course,
    manual_cell,
    notebook,
)
from tools.grading.collect import collect
from tools.notebooks import NOTEBOOKS, ROOT, chapters, is_code, nbgrader, read, tags, write
from tools.workbook import make_workbook

# Whose untouched copy is graded whole; of the others, the set-up and exercise cells are enough.
GRADED_WHOLE = {"01_explore_the_data"}


@dataclass(frozen=True)
class Course:
    """A course folder of its own in which nbgrader's commands are run."""

    root: Path

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run ``nbgrader`` with these arguments; its exit status is for the caller to judge."""
        settings = self.root.parent / "jupyter"
        environment = {
            **os.environ,
            # nbgrader starts the command `alembic`; the environment need not be active here.
            "PATH": os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]]),
            # Nobody's personal settings or kernels.
            "JUPYTER_CONFIG_DIR": str(settings),
            "JUPYTER_DATA_DIR": str(settings),
            "JUPYTER_PREFER_ENV_PATH": "1",
            "COURSE_EXAM_LOG": str(self.root.parent / "exam_log.jsonl"),
            "PYTHONPATH": str(ROOT),  # for the course's own steps of grading, in tools/
        }
        environment.pop("PYTEST_CURRENT_TEST", None)  # kernels look at it
        return subprocess.run(
            [sys.executable, "-m", "nbgrader", *arguments],
            cwd=self.root,
            env=environment,
            capture_output=True,
            text=True,
            timeout=1800,
            check=False,
        )

    def assign(self, chapter: str) -> Path:
        """Generate a chapter's released copy and return it."""
        done = self.command("generate_assignment", chapter)
        released = self.root / "release" / chapter / f"{chapter}.ipynb"
        assert released.is_file(), done.stderr
        return released

    def submit(self, student: str, chapter: str, nb: NotebookNode) -> None:
        """Put a notebook where a student's collected work lies."""
        folder = self.root / "submitted" / student / chapter
        shutil.copytree(self.root / "release" / chapter, folder)
        write(folder / f"{chapter}.ipynb", nb)

    def autograde(self, chapter: str, whole: bool = True) -> str:
        """Grade all students' work on a chapter; returns what nbgrader logged.

        With ``whole`` all cells are run for their outputs, not the checks alone.
        """
        return self.command("autograde", chapter, f"--SandboxExecute.whole={whole}").stderr

    def graded(self, student: str, chapter: str) -> NotebookNode:
        """A student's notebook as it was executed in grading."""
        return read(self.root / "autograded" / student / chapter / f"{chapter}.ipynb")

    def scores(self, student: str, chapter: str) -> dict[str, tuple[float | None, float]]:
        """Automatic and maximal points of each graded cell; None is for a person to decide."""
        with Gradebook(f"sqlite:///{self.root / 'gradebook.db'}") as gradebook:
            found = gradebook.find_submission_notebook(chapter, chapter, student)
            return {grade.name: (grade.auto_score, grade.max_score) for grade in found.grades}


def solved(released: NotebookNode, source: NotebookNode) -> NotebookNode:
    """A released copy with the instructor's answers in it."""
    answers = {nbgrader(cell).get("grade_id"): cell.source for cell in source.cells}
    for cell in released.cells:
        if nbgrader(cell).get("solution"):
            cell.source = answers[nbgrader(cell)["grade_id"]]
    return released


def cut(nb: NotebookNode) -> NotebookNode:
    """Only what the exercises need: set-up cells, answers and checks."""
    nb.cells = [cell for cell in nb.cells if "setup" in tags(cell) or nbgrader(cell)]
    return nb


def checks(nb: NotebookNode) -> dict[str, float]:
    """Points of the checks of a notebook, by grade_id."""
    marked = [nbgrader(cell) for cell in nb.cells if is_code(cell)]
    return {m["grade_id"]: m["points"] for m in marked if m.get("grade") and not m.get("solution")}


# -- the chapters ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A copy of the course's chapters and of its nbgrader settings."""
    root = tmp_path_factory.mktemp("grading") / "course"
    root.mkdir()
    shutil.copy(ROOT / "nbgrader_config.py", root)
    shutil.copytree(NOTEBOOKS, root / "notebooks")
    return Course(root)


@pytest.mark.parametrize("path", chapters(), ids=lambda path: path.parent.name)
def test_chapter_solved_scores_all_and_untouched_scores_nothing(course: Course, path: Path) -> None:
    chapter = path.parent.name
    source = read(course.root / "notebooks" / chapter / path.name)
    released = course.assign(chapter)
    points = checks(source)
    untouched = read(released) if chapter in GRADED_WHOLE else cut(read(released))
    course.submit("untouched", chapter, untouched)
    course.submit("solved", chapter, cut(solved(read(released), source)))
    log = course.autograde(chapter, whole=chapter in GRADED_WHOLE)
    assert course.scores("solved", chapter) == {c: (p, p) for c, p in points.items()}, log
    assert course.scores("untouched", chapter) == {c: (0, p) for c, p in points.items()}, log
    assert min(points.values()) > 0
    if chapter in GRADED_WHOLE:
        assert_ran_to_the_end(course.graded("untouched", chapter), len(untouched.cells))


def assert_ran_to_the_end(graded: NotebookNode, n_cells: int) -> None:
    """Every code cell was executed, in order, and only open exercises failed."""
    assert len(graded.cells) == n_cells
    code = [cell for cell in graded.cells if is_code(cell)]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    for cell in code:
        errors = {out.ename for out in cell.outputs if out.output_type == "error"}
        if nbgrader(cell).get("solution"):
            errors -= {"NotImplementedError"}  # an answer that is no function says it itself
        expected = {"NotImplementedError"} if nbgrader(cell).get("grade") else set()
        assert errors == expected, cell.source


@pytest.mark.parametrize("path", chapters(), ids=lambda path: path.parent.name)
def test_learners_copy_is_the_released_copy(course: Course, path: Path, tmp_path: Path) -> None:
    """What learners study with can be handed in: the same cells, marks and checksums."""
    chapter = path.parent.name
    released = course.root / "release" / chapter / f"{chapter}.ipynb"
    if not released.is_file():
        course.assign(chapter)
    make_workbook(course.root, tmp_path / "workbook")
    copy = tmp_path / "workbook" / chapter
    expected = read(released)
    expected.metadata.pop("course", None)
    mine = read(copy / f"{chapter}.ipynb")
    mine.metadata.pop("course", None)
    assert mine == expected
    names = [
        {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
        for folder in (copy, released.parent)
    ]
    assert names[0] == names[1]


# -- how answers are graded -----------------------------------------------------------------------

BY_HEART = "def double(numbers):\n    return [2, 4, 6]"
RIGHT = "def double(numbers):\n    return [n + n for n in numbers]"
WARNS = "import warnings\n" + RIGHT.replace("return", "warnings.warn('old'); return")

ANSWERS = {
    "right": (RIGHT, 2),
    "by heart": (BY_HEART, 0),  # passes every visible test
    "warns": (WARNS, 2),  # a right answer stays right
    "endless": ("def double(numbers):\n    while True:\n        pass", 0),
    "check overwritten": ("double = None", 0),
}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """The tiny course, graded for one student per answer; no cell may take over 5 seconds."""
    root = make_course(
        tmp_path_factory.mktemp("tiny course"), notebook(*exercise("ex1", SOLUTION, CHECK))
    )
    settings = root / "nbgrader_config.py"
    settings.write_text(settings.read_text().replace("seconds = 60 ", "seconds = 5 "))
    course = Course(root)
    released = course.assign(CHAPTER)
    for student, (answer, _) in ANSWERS.items():
        nb = read(released)
        for cell in nb.cells:
            if nbgrader(cell).get("solution"):
                cell.source = answer
            if nbgrader(cell).get("grade") and student == "check overwritten":
                cell.source = "print('right')"
        course.submit(student, CHAPTER, nb)
    (root / "log.txt").write_text(course.autograde(CHAPTER))
    return course


@pytest.mark.parametrize("student", ANSWERS)
def test_points_of_an_answer(tiny: Course, student: str) -> None:
    points = ANSWERS[student][1]
    log = (tiny.root / "log.txt").read_text()
    assert tiny.scores(student, CHAPTER) == {"ex1_check": (points, 2)}, log
    graded = tiny.graded(student, CHAPTER)
    assert graded.cells[-1].outputs[0].text == "the last cell 6\n", "grading reached the last cell"


def test_answer_by_heart_passes_for_the_learner(tiny: Course) -> None:
    """So its 0 points above come from the hidden tests."""
    released = read(tiny.root / "release" / CHAPTER / f"{CHAPTER}.ipynb")
    check = next(cell for cell in released.cells if nbgrader(cell).get("grade"))
    assert "other numbers count too" not in check.source
    (outcome,) = run_tries(["numbers = [1, 2, 3]"], [Try(BY_HEART, check.source)], tiny.root)
    assert outcome.check.error == ""
    graded = tiny.graded("by heart", CHAPTER)
    check = next(cell for cell in graded.cells if nbgrader(cell).get("grade"))
    assert check.outputs[-1].evalue == "other numbers count too"


def test_feedback_is_written_without_hidden_tests(tiny: Course) -> None:
    tiny.command("generate_feedback", CHAPTER)
    page = tiny.root / "feedback" / "by heart" / CHAPTER / f"{CHAPTER}.html"
    text = re.sub(r"<[^>]+>", "", page.read_text(encoding="utf-8"))
    assert "other numbers count too" in text and "return [2, 4, 6]" in text
    assert "double([50])" not in text


def test_commands_work_from_another_folder(tiny: Course, tmp_path: Path) -> None:
    """The settings find the course by their own place."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    released = tiny.root / "release" / CHAPTER / f"{CHAPTER}.ipynb"
    released.unlink()
    command = ("generate_assignment", CHAPTER, "--force", f"--course-dir={tiny.root}")
    done = Course(folder).command(*command)
    assert released.is_file(), done.stderr
    assert list(folder.iterdir()) == []


# -- Formgrader -----------------------------------------------------------------------------------


class Formgrader:
    """A Jupyter server started in a course's folder, asked as its Formgrader pages ask it."""

    def __init__(self, course: Course, state: Path) -> None:
        self.address, self.token = f"http://127.0.0.1:{free_port()}", "a-token-for-this-test"
        command = [sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root"]
        options = [f"--ServerApp.port={self.address.rpartition(':')[2]}"]
        options += [f"--IdentityProvider.token={self.token}", "--ServerApp.port_retries=0"]
        environment = {**jupyter_env(state), "COURSE_EXAM_LOG": str(state / "exam_log.jsonl")}
        environment["PYTHONPATH"] = str(ROOT)
        self.log = state / "server.log"
        with self.log.open("wb") as sink:
            self.process = subprocess.Popen(
                [*command, *options], cwd=course.root, env=environment, stdout=sink, stderr=sink
            )
        end = time.monotonic() + 90
        while True:
            try:
                self.ask("GET", "status")
                return
            except OSError:
                assert self.process.poll() is None and time.monotonic() < end, self.log.read_text()
                time.sleep(0.2)

    def ask(self, method: str, path: str, body: object = None) -> object:
        """What Formgrader answers to a request; OSError when it does not."""
        request = urllib.request.Request(
            f"{self.address}/formgrader/api/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"token {self.token}"},
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=120) as answer:
            return json.loads(answer.read())

    def stop(self) -> None:
        """End the server."""
        self.process.terminate()
        self.process.wait(timeout=30)


def test_formgrader_assigns_and_grades(tmp_path: Path) -> None:
    source = notebook(*exercise("ex1", SOLUTION, CHECK), manual_cell("ex2_answer", "Because."))
    course = Course(make_course(tmp_path / "course", source))
    formgrader = Formgrader(course, tmp_path)
    try:
        (assignment,) = formgrader.ask("GET", "assignments")
        assert (assignment["name"], assignment["status"]) == (CHAPTER, "draft")
        answer = formgrader.ask("POST", f"assignment/{CHAPTER}/assign")
        assert answer["success"], answer
        released = read(course.root / "release" / CHAPTER / f"{CHAPTER}.ipynb")
        course.submit("ada", CHAPTER, solved(released, source))
        answer = formgrader.ask("POST", f"submission/{CHAPTER}/ada/autograde")
        assert answer["success"], answer
        (submission,) = formgrader.ask("GET", f"submissions/{CHAPTER}")
        assert (submission["score"], submission["max_score"]) == (2, 5)
        assert submission["needs_manual_grade"]
        (opened,) = formgrader.ask("GET", f"submitted_notebooks/{CHAPTER}/{CHAPTER}")
        grades = formgrader.ask("GET", f"grades?submission_id={opened['id']}")
        (grade,) = [grade for grade in grades if grade["name"] == "ex2_answer"]
        formgrader.ask("PUT", f"grade/{grade['id']}", {"manual_score": 1.5})
        (submission,) = formgrader.ask("GET", f"submissions/{CHAPTER}")
        assert (submission["score"], submission["needs_manual_grade"]) == (3.5, False)
    finally:
        formgrader.stop()


# -- faults of earlier versions ----------------------------------------------------------------


def test_new_graded_cells_are_refused_and_the_release_stays(tiny: Course) -> None:
    source = tiny.root / "notebooks" / CHAPTER / f"{CHAPTER}.ipynb"
    released = tiny.root / "release" / CHAPTER / f"{CHAPTER}.ipynb"
    before, content = source.read_bytes(), released.read_bytes()
    try:
        write(source, notebook(*exercise("ex1", SOLUTION, CHECK), *exercise("ex2", "x = 1", "x")))
        done = tiny.command("generate_assignment", CHAPTER, "--force")
        assert done.returncode != 0 and "added: ex2_answer, ex2_check" in done.stderr
        assert released.read_bytes() == content
    finally:
        source.write_bytes(before)


def test_a_doubled_cell_stops_nobody(tiny: Course) -> None:
    nb = read(tiny.root / "release" / CHAPTER / f"{CHAPTER}.ipynb")
    answer = next(cell for cell in nb.cells if nbgrader(cell).get("solution"))
    answer.source = RIGHT
    nb.cells.append(NotebookNode({**answer, "id": "copied"}))
    tiny.submit("doubled", CHAPTER, nb)
    tiny.submit(
        "zoe", CHAPTER, solved(read(tiny.root / "release" / CHAPTER / f"{CHAPTER}.ipynb"), nb)
    )
    tiny.autograde(CHAPTER)
    for student in ("doubled", "zoe"):
        assert tiny.scores(student, CHAPTER) == {"ex1_check": (2, 2)}


def test_feedback_is_released_to_the_exchange(tiny: Course) -> None:
    """Also of work that came by mail: ``collect`` gives it what nbgrader asks for."""
    came = tiny.root.parent / "came" / "mailed" / f"{CHAPTER}.ipynb"
    came.parent.mkdir(parents=True)
    shutil.copy(tiny.root / "submitted" / "right" / CHAPTER / f"{CHAPTER}.ipynb", came)
    collect(came.parents[1], tiny.root)
    (tiny.root / "exchange").mkdir()
    assert tiny.command("release_assignment", CHAPTER).returncode == 0
    tiny.command("autograde", CHAPTER, "--student=mailed")
    tiny.command("generate_feedback", CHAPTER, "--student=mailed")
    done = tiny.command("release_feedback", CHAPTER, "--student=mailed")
    assert done.returncode == 0, done.stderr
    assert list((tiny.root / "exchange").glob("*/feedback/*.html"))
