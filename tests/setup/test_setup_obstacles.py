"""course.py: what stands in the way of an environment, and what the user is told."""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
import time
import venv
from pathlib import Path

import pytest

import course

ROOT = course.ROOT


def test_a_failed_installation_says_that_nothing_is_ready(root, setup_in) -> None:
    setup, installer = setup_in(root)
    installer.fail_at = {"pip course"}
    with pytest.raises(course.CourseError, match="installing the packages failed") as error:
        setup.ensure()
    assert "The environment is not ready" in str(error.value)
    assert f"GB in {root}" in str(error.value), "says where how much room is left"


def test_in_a_container_what_debian_packs_apart_is_installed(root, setup_in, monkeypatch) -> None:
    setup, installer = setup_in(root)
    asked: list[list[str]] = []

    def run(command, *rest) -> int:
        if command[0] != "apt-get":
            return installer(command, *rest)
        asked.append(command)
        return 0

    setup._run = run
    monkeypatch.setattr(course.sys, "prefix", "/usr")
    monkeypatch.setattr(course.os, "geteuid", lambda: 0, raising=False)
    monkeypatch.setattr(course.shutil, "which", lambda name: name if name == "apt-get" else None)
    setup.complete_python()
    assert asked == [], "nothing is missing"
    monkeypatch.setattr(course.importlib.util, "find_spec", lambda _: None)
    setup.ensure()
    assert asked[-1][-1] == f"python{course.PYTHON_VERSION}-venv"
    asked.clear()
    monkeypatch.setattr(course.os, "geteuid", lambda: 1000, raising=False)
    setup.complete_python()
    assert asked == [], "a user may not install packages of the system"


@pytest.mark.parametrize("version", [(3, 6, 15), (3, 10, 13), (3, 15, 0)])
def test_an_unfit_python_is_told_so(version) -> None:
    script = (
        f"import sys, runpy; sys.version_info = {(*version, 'final', 0)}; "
        "runpy.run_path('course.py', run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "expected Python 3.11 to 3.14" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_old_python_can_read_course_py_as_far_as_its_message() -> None:
    ast.parse((ROOT / "course.py").read_text(encoding="utf-8"), feature_version=(3, 7))


@pytest.mark.parametrize("name", ["course.py", "tools/groundwork.py", "tools/__init__.py"])
def test_course_py_imports_nothing_that_must_be_installed(name) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    tree = ast.parse(text, feature_version=(3, 7))
    names = {a.name for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names}
    names |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert names or name == "tools/__init__.py"
    assert {n.split(".")[0] for n in names - {"tools.groundwork"}} <= sys.stdlib_module_names


@pytest.mark.parametrize("problem", [OSError(28, "No space left on device"), PermissionError(13)])
def test_a_full_disk_or_a_read_only_folder_is_told_without_a_traceback(
    monkeypatch, problem
) -> None:
    def fail(command: str) -> Path:
        raise problem

    monkeypatch.setattr(course, "choose_python", fail)
    with pytest.raises(SystemExit) as told:
        course.main(["lint"])
    assert "Is the disk full? It takes" in told.value.code
    assert f"GB in {ROOT}" in told.value.code


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no Ctrl-C to a group of processes")
def test_ctrl_c_while_an_environment_is_made_says_just_that(root, tmp_path) -> None:
    slow = tmp_path / "uv"
    slow.write_text("#!/bin/sh\necho started\nexec sleep 60\n", encoding="utf-8")
    slow.chmod(0o755)
    script = (
        "import course, pathlib, sys; root = pathlib.Path(sys.argv[1]); "
        "course.Setup = lambda make=course.Setup: make(root); sys.exit(course.main(['setup']))"
    )
    process = subprocess.Popen(
        [sys.executable, "-u", "-c", script, str(root)],
        cwd=ROOT,
        env=os.environ | {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    while "started" not in (line := process.stdout.readline()):
        assert line, "ended before uv was started"
    time.sleep(0.2)
    os.killpg(process.pid, signal.SIGINT)
    said, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert said == "course.py: interrupted.\n"


@pytest.mark.parametrize("ready", [True, False])
def test_a_read_only_installation_is_used_as_it_is(root, ensure, monkeypatch, ready) -> None:
    if ready:
        ensure(root)
    (root / "constraints.txt").write_text("numpy==2.1.0\n", encoding="utf-8")
    monkeypatch.setattr(course.os, "access", lambda place, mode: False)
    setup = course.Setup(root, lambda *_: pytest.fail("changed somebody else's environment"))
    if ready:
        assert setup.ensure() == setup.python
    else:
        with pytest.raises(course.CourseError, match="ask whoever keeps this installation"):
            setup.ensure()


@pytest.fixture
def elsewhere() -> dict[str, str]:
    """Variables with which another Python does not find this course by itself."""
    return {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "COURSE_HERE")}


def test_here_refuses_a_python_without_the_course(tmp_path, elsewhere) -> None:
    venv.create(tmp_path / "empty", with_pip=False)
    python = course.Setup(tmp_path).python
    python = tmp_path / "empty" / python.relative_to(tmp_path / ".venv")
    for arguments, more in (["--here", "test"], {}), (["test"], {"COURSE_HERE": "1"}):
        done = subprocess.run(
            [str(python), "course.py", *arguments],
            cwd=ROOT,
            env=elsewhere | more,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1
        assert "expected course_utils of" in done.stderr
        assert "conda env create -f environment.yml" in done.stderr
        assert "Traceback" not in done.stderr


def test_here_refuses_another_folders_course(tmp_path) -> None:
    with pytest.raises(course.CourseError, match=r"found .*course_utils"):
        course.check_here(Path(sys.executable), tmp_path)


def test_here_takes_this_environment_as_it_is() -> None:
    command = [sys.executable, "course.py", "--here", "test", "--collect-only", "-q", __file__]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "test_here_takes_this_environment_as_it_is" in done.stdout
    assert "Installing" not in done.stdout
