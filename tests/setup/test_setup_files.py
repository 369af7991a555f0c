"""Files that must say the same: pyproject.toml, environment.yml, the workflow, the hooks."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from importlib import metadata

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import course

ROOT = course.ROOT


def read(name: str) -> str:
    """The text of a file of the repository."""
    return (ROOT / name).read_text(encoding="utf-8")


PYPROJECT = tomllib.loads(read("pyproject.toml"))
PROJECT = PYPROJECT["project"]


def conda() -> dict:
    """environment.yml."""
    return yaml.safe_load(read("environment.yml"))


def workflow() -> dict:
    """The jobs of the workflow that tests every change."""
    return yaml.safe_load(read(".github/workflows/tests.yml"))["jobs"]


def imported(path) -> set[str]:
    """The top-level names that a Python file imports, wherever it does."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {a.name for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names}
    names |= {
        node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module
    }
    return {name.split(".")[0] for name in names} - sys.stdlib_module_names


def test_what_course_utils_imports_is_its_dependency_and_nothing_else_is() -> None:
    owners = metadata.packages_distributions()
    names = set().union(*(imported(path) for path in (ROOT / "course_utils").rglob("*.py")))
    needed = {canonicalize_name(owners[name][0]) for name in names - {"course_utils"}}
    declared = {canonicalize_name(Requirement(text).name) for text in PROJECT["dependencies"]}
    lab = PROJECT["optional-dependencies"]["lab"]
    for_notebooks = {canonicalize_name(Requirement(text).name) for text in lab}
    missing = needed - declared - (for_notebooks | {"traitlets"})  # traitlets comes with anywidget
    assert not missing
    assert declared <= needed, "declared without being imported"


def test_every_room_of_course_utils_is_installed_by_itself() -> None:
    tool = PYPROJECT["tool"]["setuptools"]
    assert tool["packages"] == {"find": {"include": ["course_utils*"]}}, "no list kept by hand"
    for folder in {path.parent for path in (ROOT / "course_utils").rglob("*.py")}:
        assert (folder / "__init__.py").is_file(), f"{folder} is no package, and is not installed"


def test_the_bounds_on_python_are_the_same_everywhere() -> None:
    bounds = SpecifierSet(PROJECT["requires-python"])
    oldest, too_new = course.OLDEST, course.TOO_NEW
    assert bounds == SpecifierSet(f">={oldest[0]}.{oldest[1]},<{too_new[0]}.{too_new[1]}")
    (python,) = (line for line in conda()["dependencies"] if str(line).startswith("python "))
    assert SpecifierSet(python.removeprefix("python ")) == bounds
    tried = workflow()["test"]["strategy"]["matrix"]["python"]
    assert tried == [f"3.{minor}" for minor in range(oldest[1], too_new[1])]


def test_all_extras_are_installed_by_course_py_and_by_conda() -> None:
    extras = ",".join(PROJECT["optional-dependencies"])
    assert f".[{extras}]" == course.COURSE
    content = conda()
    assert content["name"] == "handwriting"
    assert content["channels"] == ["conda-forge", "nodefaults"]
    assert len(content["dependencies"]) == 3, "python, pip, and the rest through pip"
    assert content["dependencies"][1] == "pip"
    assert content["dependencies"][2] == {"pip": ["-c constraints.txt", f"-e .[{extras}]"]}


def test_ci_runs_the_commands_that_the_readme_names() -> None:
    for command in ("make test", "make lint"):
        assert f"\n{command}\n" in read(".ci/run")
        assert command in read("README.md")
    assert "run: python course.py test\n" in read(".github/workflows/tests.yml")


def test_the_hooks_fetch_nothing() -> None:
    repos = yaml.safe_load(read(".pre-commit-config.yaml"))["repos"]
    assert [repo["repo"] for repo in repos] == ["local"]
    assert {hook["language"] for hook in repos[0]["hooks"]} == {"system"}
    command = [sys.executable, "-m", "pre_commit", "validate-config", ".pre-commit-config.yaml"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "name",
    [
        "course.py",
        "pyproject.toml",
        "constraints.txt",
        "environment.yml",
        "Makefile",
        "tools/lock.py",
        ".ci/run",
        ".github/workflows/tests.yml",
        ".pre-commit-config.yaml",
    ],
)
def test_no_file_says_where_packages_come_from(name) -> None:
    found = re.findall(
        r"(?i)index-url\s*=|find-links|trusted-host|https?://[^\s\"']*(?:simple|pypi|whl)\S*",
        read(name),
    )
    assert not found
