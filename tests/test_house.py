"""The house stands as CONTRIBUTING draws it; offences against floors, doors and sizes are seen."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests import house
from tools.notebooks import ROOT

SOUND = {
    "course.py": "import sys\n",
    "course_utils/__init__.py": "",
    "course_utils/augment.py": "import numpy as np\nx = np._globals\n",
    "course_utils/data/__init__.py": "from .mnist import *\n__all__ = ['load', 'mnist']\n",
    "course_utils/data/mnist.py": "from . import files\nfrom .files import _read\n",
    "course_utils/data/files.py": "def _read(): ...\n",
    "course_utils/training/__init__.py": "from course_utils.data import load\n",
    "course_utils/studies/__init__.py": "",
    "course_utils/studies/augmentation.py": "from course_utils.training import fit\n",
    "tools/__init__.py": "",
    "tools/models.py": "from tools import _own\nfrom course_utils import training as t\nt.fit()",
    "benchmarks/runs.py": "import tools.models\nfrom course_utils.studies.augmentation import run",
    "tests/data/test_files.py": "from course_utils.data import files\nfiles._read()\n",
    "tests/test_data_more.py": "from course_utils.data.files import _read\n",
    "tests/test_other.py": "from course_utils.data import mnist\nimport course_utils.data\n",
}


def planted(root: Path, files: dict[str, str]) -> Path:
    """A house with these files in it."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def problems(root: Path) -> list[str]:
    return house.room_problems(root) + house.import_problems(root) + house.size_problems(root)


@pytest.mark.parametrize("rule", [house.room_problems, house.import_problems, house.size_problems])
def test_house(rule) -> None:
    found = rule(ROOT)
    assert not found, f"{len(found)} offences:\n" + "\n".join(found)


def test_every_file_is_looked_at() -> None:
    seen = {path for path, _ in house.code_files(ROOT)}
    assert {"course.py", "tools/notebooks.py", "tests/test_house.py"} <= seen
    assert any(path.startswith("course_utils/data/") for path in seen)
    assert any(path.endswith(".ipynb") for path in seen)


def test_sound_house_has_no_offence(tmp_path: Path) -> None:
    assert problems(planted(tmp_path, SOUND)) == []


OFFENCES = {
    "upwards": ("course_utils/data/mnist.py", "from course_utils.training import fit",
                "data imports training, which is on a floor above"),
    "upwards by module": ("course_utils/augment.py", "import course_utils.studies.augmentation",
                          "augment imports studies, which is on a floor above"),
    "upwards in a function": ("course_utils/augment.py", "def f():\n    from .training import fit",
                              "augment imports training, which is on a floor above"),
    "upwards, relative": ("course_utils/data/mnist.py", "from .. import training",
                          "data imports training, which is on a floor above"),
    "sideways": ("course_utils/augment.py", "from course_utils.data import load",
                 "augment imports data, which is on the same floor"),
    "out of the house": ("course_utils/training/__init__.py", "from tools import models",
                         "training imports tools: a room imports only from rooms"),
    "past the door": ("course_utils/training/loop.py", "from course_utils.data.mnist import load",
                      "course_utils.data.mnist.load: import it from course_utils.data"),
    "a file as a module": ("tools/models.py", "from course_utils.data import files",
                           "course_utils.data.files: import it from course_utils.data"),
    "a file by its path": ("benchmarks/runs.py", "import course_utils.data.mnist as m",
                           "course_utils.data.mnist: import it from course_utils.data"),
    "past the door in a test": ("tests/test_other.py", "from course_utils.data import files",
                                "course_utils.data.files: import it from course_utils.data"),
    "private name": ("course_utils/training/loop.py", "from course_utils.data import _read",
                     "course_utils.data._read: a private name of another room"),
    "private name of a tool": ("benchmarks/runs.py", "from tools.models import _train",
                               "tools.models._train: a private name of another room"),
    "private attribute": ("tools/models.py", "from course_utils import plots as p\np._ticks()",
                          "p._ticks: a private name of another room"),
    "private name in a test": ("tests/test_other.py", "from course_utils.data import _read",
                               "course_utils.data._read: a private name of another room"),
    "no room": ("course_utils/second_look.py", "", "course_utils/second_look: on no floor"),
    "no room, a folder": ("course_utils/odd/mend.py", "", "course_utils/odd: on no floor"),
    "long file": ("benchmarks/runs.py", "#\n" * 351, "benchmarks/runs.py: 351 lines: at most 350"),
    "long function": ("tools/models.py", "def train():\n" + "    pass\n" * 60,
                      "tools/models.py: train has 61 lines: at most 60"),
    "long course.py": ("course.py", "#\n" * 351, "course.py: 351 lines: at most 350"),
}  # fmt: skip


@pytest.mark.parametrize("name", OFFENCES)
def test_offence_is_seen(name: str, tmp_path: Path) -> None:
    path, text, expected = OFFENCES[name]
    found = problems(planted(tmp_path, {**SOUND, path: text}))
    assert len(found) == 1, found
    assert expected in found[0]
    assert found[0].startswith(path.removesuffix(".py").removesuffix("/mend"))


def test_rooms_beside_are_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = planted(tmp_path, {**SOUND, "course_utils/augment.py": "import course_utils.data"})
    assert len(problems(root)) == 1
    monkeypatch.setattr(house, "BESIDE", frozenset({("augment", "data")}))
    assert problems(root) == []
    assert all(
        house.FLOOR[room] == house.FLOOR[other]
        and house.FLOORS[house.FLOOR[room]].index(other)
        < house.FLOORS[house.FLOOR[room]].index(room)
        for room, other in house.BESIDE
    )


def test_notebooks_are_looked_into(tmp_path: Path) -> None:
    source = ["%matplotlib inline\n", "from course_utils.data.mnist import load"]
    cells = [{"cell_type": "code", "source": source}, {"cell_type": "markdown", "source": ["a"]}]
    nb = json.dumps({"cells": cells})
    root = planted(tmp_path, {**SOUND, "notebooks/01_a/01_a.ipynb": nb})
    assert problems(root) == [
        "notebooks/01_a/01_a.ipynb: course_utils.data.mnist.load: import it from course_utils.data"
    ]


@pytest.mark.parametrize("package", ["course_utils", "tools"])
def test_large_packages_are_seen(package: str, tmp_path: Path) -> None:
    room = {"course_utils": "data/", "tools": ""}[package]
    most = house.MAX_TOTAL[package]
    many = {f"{package}/{room}file_{n}.py": "#\n" * 300 for n in range(most // 300 + 1)}
    root = planted(tmp_path, {**SOUND, **many})
    (found,) = problems(root)
    assert found.startswith(f"{package}: ")
    assert found.endswith(f"lines in all: at most {most}")


@pytest.mark.parametrize("room", ["reading", "checking"])
def test_some_rooms_are_not_counted(room: str, tmp_path: Path) -> None:
    many = {f"course_utils/{room}/file_{n}.py": "#\n" * 300 for n in range(20)}
    assert problems(planted(tmp_path, {**SOUND, **many})) == []
