"""A folder to set up in, and an installer that installs nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import course


class Installer:
    """Stands in for `course.run`: notes what would be run, and can fail or be interrupted."""

    def __init__(self, setup: course.Setup) -> None:
        self.setup = setup
        self.calls: list[str] = []
        self.commands: list[list[str]] = []
        self.fail_at: set[str] = set()
        self.interrupt_at: str | None = None

    def __call__(self, command: list[str], python: Path, root: Path) -> int:
        kind = self.kind(command)
        self.calls.append(kind)
        self.commands.append(command)
        assert (python, root) == (self.setup.python, self.setup.root)
        assert self.setup.changes(), "counts as ready while it is being made"
        if kind == self.interrupt_at:
            raise KeyboardInterrupt
        if kind in self.fail_at:
            return 1
        if kind.endswith("venv"):
            assert not self.setup.venv.exists(), "made over what was there"
            self.setup.python.parent.mkdir(parents=True)
            self.setup.python.touch()
        if kind.endswith("course"):
            self.install("numpy-2.0.0", "torch-2.15.0")
        return 0

    def install(self, *names: str) -> None:
        """Make the folders by which installed packages are told."""
        libs = self.setup.venv / "lib" / f"python{course.PYTHON_VERSION}" / "site-packages"
        for name in names:
            (libs / f"{name}.dist-info").mkdir(parents=True, exist_ok=True)

    @staticmethod
    def kind(command: list[str]) -> str:
        """Words for what a command of the set-up does: the tool, and what it installs."""
        said = " ".join(command)
        if command[1] == "-c":
            return "import"
        if " -m venv " in said or " venv --" in said:
            return "venv" if " -m venv " in said else "uv venv"
        assert " -c constraints.txt" in said, command
        tool = "uv" if "uv pip install" in said else "pip"
        assert tool == "uv" or command[1:4] == ["-m", "pip", "install"], command
        what = "course" if "-e" in command else "torch" if "torchvision" in command else command[-1]
        return f"{tool} {what}"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with the two files that an environment is made from."""
    folder = tmp_path / "course"
    folder.mkdir()
    (folder / "pyproject.toml").write_text("[project]\nname = 'x'\n", encoding="utf-8")
    (folder / "constraints.txt").write_text("numpy==2.0.0\n", encoding="utf-8")
    return folder


@pytest.fixture
def setup_in(monkeypatch: pytest.MonkeyPatch) -> Callable:
    """A function that gives (Setup, Installer) for a folder, as a new process would have them."""
    for name in ("COURSE_TORCH", "COURSE_TORCH_INDEX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(course.shutil, "which", lambda name: None)  # neither uv nor apt-get

    def make(folder: Path) -> tuple[course.Setup, Installer]:
        setup = course.Setup(folder)
        setup._run = installer = Installer(setup)
        return setup, installer

    return make


@pytest.fixture
def ensure(setup_in: Callable) -> Callable:
    """A function that runs the set-up in a folder and returns what it called."""

    def run(folder: Path) -> list[str]:
        setup, installer = setup_in(folder)
        assert setup.ensure() == setup.python
        assert setup.changes() == []
        return installer.calls

    return run
