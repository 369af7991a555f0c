"""Fixtures of the tests of the notebook tools."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.tiny_course import CHAPTER, make_course
from tests.tools.learner import chapter_version
from tests.tools.sound import NAME, sound
from tools import execute, notebooks


@pytest.fixture(scope="session")
def executed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sound notebook, executed. Tests change copies only."""
    path = tmp_path_factory.mktemp("sound") / NAME / f"{NAME}.ipynb"
    path.parent.mkdir()
    notebooks.write(path, sound())
    assert execute.main([str(path)]) == 0
    return path


@pytest.fixture
def chapter(executed: Path, tmp_path: Path) -> Path:
    """A copy of the executed sound notebook."""
    path = tmp_path / NAME / f"{NAME}.ipynb"
    path.parent.mkdir()
    (tmp_path / "broken.ipynb").write_text("{}", encoding="utf-8")
    return shutil.copy(executed, path)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with names that must not be found in a notebook."""
    monkeypatch.setattr("getpass.getuser", lambda: "ada.lovelace")
    monkeypatch.setattr("socket.gethostname", lambda: "engine.example.org")


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A course of one tiny chapter, with a table beside the notebook."""
    make_course(tmp_path, chapter_version(1))
    (tmp_path / "notebooks" / CHAPTER / "table.csv").write_text("1,2\n")
    return tmp_path
