"""Drawings that were kept last: through a restart, a damaged file, a folder that is read-only."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from course_utils.data import DataError
from course_utils.ink import my_drawings

ONE = [np.array([[140.0, 40.0], [140.0, 240.0]])]
DOT = [np.array([[70.0, 70.0]])]


def test_what_was_kept_is_there_after_a_restart(tmp_path: Path) -> None:
    mine = my_drawings(tmp_path)
    mine.keep(ONE, pad_size=280)
    mine.keep(DOT, pad_size=280)
    again = my_drawings(tmp_path)
    assert len(again) == 2 and isinstance(again[:10], list)
    assert np.allclose(again[0][0], ONE[0] / 280, atol=1e-4)
    assert [len(drawing) for drawing in again] == [1, 1]
    assert [path.name for path in tmp_path.iterdir()] == ["my_drawings.json"]


def test_a_notebook_that_only_runs_writes_nothing(tmp_path: Path) -> None:
    mine = my_drawings(tmp_path)
    mine.keep([], pad_size=280)
    assert len(mine) == 0 and mine[:10] == [] and list(tmp_path.iterdir()) == []


def test_forget_begins_anew(tmp_path: Path) -> None:
    mine = my_drawings(tmp_path)
    mine.keep(ONE)
    mine.forget()
    assert len(mine) == 0 == len(my_drawings(tmp_path)) and list(tmp_path.iterdir()) == []


def test_the_folder_may_be_named_by_a_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COURSE_DRAWINGS", str(tmp_path))
    my_drawings().keep(ONE)
    assert (tmp_path / "my_drawings.json").is_file()


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"drawings": [[[["x", 2]]]]}', '{"drawings": [[]]}']
)
def test_a_damaged_file_is_named_and_left_as_it_is(tmp_path: Path, text: str) -> None:
    path = tmp_path / "my_drawings.json"
    path.write_text(text)
    with pytest.raises(
        DataError, match=r"my_drawings\.json cannot be read: expected .* got .*Remedy"
    ):
        my_drawings(tmp_path)
    assert path.read_text() == text


def test_a_failed_writing_warns_and_keeps_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = my_drawings(tmp_path)
    mine.keep(ONE)
    before = (tmp_path / "my_drawings.json").read_text()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.warns(UserWarning, match="cannot be written .No space left"):
        mine.keep(DOT)
    assert len(mine) == 2 and (tmp_path / "my_drawings.json").read_text() == before
    assert len(list(tmp_path.iterdir())) == 1


def test_what_is_no_drawing_is_not_kept(tmp_path: Path) -> None:
    mine = my_drawings(tmp_path)
    for strokes, size in (([np.zeros((2, 3))], 1), ([np.array([[np.nan, 1]])], 1), (ONE, 0)):
        with pytest.raises(ValueError, match=r"expected .* got"):
            mine.keep(strokes, pad_size=size)
    assert len(mine) == 0 and list(tmp_path.iterdir()) == []


def test_the_room_opens_without_the_widgets() -> None:
    code = """
import sys
sys.modules.update(anywidget=None, ipywidgets=None)
from course_utils.ink import DrawingPad, from_strokes
try:
    DrawingPad(size=300)
except ImportError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install -e .[lab]" in done.stdout


def test_importing_the_room_loads_no_widgets() -> None:
    code = "import sys, course_utils.ink; print('anywidget' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
