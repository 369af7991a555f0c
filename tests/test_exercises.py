"""The exercises of every chapter under solutions, stubs, right and wrong answers, and saboteurs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.exercises import check_exercises, load_answers
from tools.notebooks import ROOT, chapters, read
from tools.workbook import load_config

FOLDER = ROOT / "tests" / "exercises"


@pytest.mark.parametrize("path", chapters(), ids=lambda path: path.parent.name)
def test_exercises_of_chapter(path: Path) -> None:
    answers = load_answers(FOLDER / f"{path.parent.name}.py")
    assert check_exercises(read(path), answers, path.parent, load_config()) == []


def test_answers_belong_to_chapters() -> None:
    files = sorted(path.stem for path in FOLDER.glob("[0-9]*.py"))
    assert files == [path.parent.name for path in chapters()]
    assert files
