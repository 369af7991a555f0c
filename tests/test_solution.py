"""``python -m tools.solution`` shows one exercise's solution."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tiny_course import make_course, simple_notebook
from tools.exercises import find_exercises
from tools.notebooks import chapters, read
from tools.solution import NoSolutionError, main, solution
from tools.workbook import load_config

DOUBLE = """\
def double(numbers):
    return [2 * number for number in numbers]"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The notebooks of a course with one chapter."""
    return make_course(tmp_path, simple_notebook()) / "notebooks"


def test_the_answer_cell_is_shown_without_its_marks(folder: Path) -> None:
    for chapter in ("01", "1", "01_tiny_chapter", "notebooks/01_tiny_chapter/"):
        for exercise in ("1", "01", "ex1"):
            assert solution(chapter, exercise, folder) == DOUBLE


@pytest.mark.parametrize(
    ("chapter", "exercise", "message"),
    [
        ("02", "1", r"expected the number of a chapter \(01\), got '02'"),
        ("tiny", "1", "expected the number of a chapter"),
        ("01", "2", r"expected the number of an exercise of 01_tiny_chapter \(1\), got '2'"),
        ("01", "one", "expected the number of an exercise"),
    ],
)
def test_what_there_is_not_is_said_with_what_there_is(
    folder: Path, chapter: str, exercise: str, message: str
) -> None:
    with pytest.raises(NoSolutionError, match=message):
        solution(chapter, exercise, folder)


def test_a_folder_without_chapters(tmp_path: Path) -> None:
    with pytest.raises(NoSolutionError, match=r"chapter \(none\), got '01'"):
        solution("01", "1", tmp_path)


def test_the_command_prints_the_solution_and_nothing_else(capsys: pytest.CaptureFixture) -> None:
    path = chapters()[0]
    exercises, _ = find_exercises(read(path), load_config())
    number = exercises[0].name.removeprefix("ex")
    assert main([path.parent.name[:2], number]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    lines = exercises[0].solution.splitlines()
    assert out.splitlines() == [line for line in lines if "SOLUTION" not in line]
    assert main(["99", "1"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "expected the number of a chapter" in err
