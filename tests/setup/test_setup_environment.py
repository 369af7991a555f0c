"""course.py: an environment that is made, refreshed, damaged, interrupted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

import course
from tools.groundwork import try_lock

NEW = ["venv", "pip setuptools", "pip course", "import"]  # what making an environment takes
REFRESH = NEW[1:]


def packages(root: Path) -> Path:
    """Where the packages of the environment in `root` are."""
    return root / ".venv" / "lib" / f"python{course.PYTHON_VERSION}" / "site-packages"


def test_a_second_setup_of_an_unchanged_tree_runs_nothing(root, ensure) -> None:
    assert ensure(root) == NEW
    assert ensure(root) == []


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt"])
def test_a_changed_file_is_noticed_and_installed_over(root, ensure, name) -> None:
    ensure(root)
    own = root / ".venv" / "own.txt"
    own.touch()
    (root / name).write_text("# changed\n", encoding="utf-8")
    assert ensure(root) == REFRESH
    assert ensure(root) == []
    assert own.exists()


def test_line_ends_are_no_change(root, ensure) -> None:
    ensure(root)
    path = root / "constraints.txt"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert ensure(root) == []


def test_another_version_of_a_package_is_noticed_named_and_repaired(root, ensure, capsys) -> None:
    """What `!pip install numpy==1.26` in a notebook does."""
    ensure(root)
    (packages(root) / "numpy-2.0.0.dist-info").rename(packages(root) / "numpy-1.26.0.dist-info")
    capsys.readouterr()
    assert ensure(root) == REFRESH
    assert "Changed since the set-up: numpy-2.0.0." in capsys.readouterr().out
    assert ensure(root) == []


def test_a_removed_package_is_noticed(root, ensure) -> None:
    ensure(root)
    (packages(root) / "torch-2.15.0.dist-info").rmdir()
    assert ensure(root) == REFRESH


@pytest.mark.parametrize("name", ["pandas-3.0.0", "pip-26.3"])
def test_a_package_of_ones_own_and_a_new_pip_are_let_be(root, ensure, name) -> None:
    ensure(root)
    (packages(root) / f"{name}.dist-info").mkdir()
    assert ensure(root) == []


def test_a_hundred_packages_are_compared_in_a_moment(root, ensure, setup_in) -> None:
    ensure(root)
    setup, installer = setup_in(root)
    installer.install(*(f"package{i}-1.0" for i in range(200)))
    setup.stamp.write_text(
        json.dumps({**setup.wanted(), "packages": setup.packages()}), encoding="utf-8"
    )
    start = time.perf_counter()
    assert setup.changes() == []
    assert time.perf_counter() - start < 0.2


def test_another_python_takes_a_new_environment(root, ensure, monkeypatch) -> None:
    ensure(root)
    monkeypatch.setattr(course, "PYTHON_VERSION", "3.99")
    assert ensure(root) == NEW


def test_a_moved_folder_takes_a_new_environment(root, ensure) -> None:
    ensure(root)
    moved = root.rename(root.with_name("moved"))
    assert ensure(moved) == NEW


def test_an_interpreter_that_went_away_is_noticed(root, ensure, setup_in) -> None:
    ensure(root)
    setup_in(root)[0].python.unlink()
    assert ensure(root) == NEW


@pytest.mark.parametrize("how", ["interrupt", "fail"])
@pytest.mark.parametrize(
    ("kind", "step"),
    [("new", step) for step in NEW] + [("refreshed", step) for step in REFRESH],
)
def test_a_half_made_environment_is_noticed_and_made_anew(
    root, ensure, setup_in, kind, step, how
) -> None:
    if kind == "refreshed":
        ensure(root)
        (root / "constraints.txt").write_text("numpy==2.1.0\n", encoding="utf-8")
    setup, installer = setup_in(root)
    if how == "interrupt":
        installer.interrupt_at = step
    else:
        installer.fail_at = {step}
    with pytest.raises(KeyboardInterrupt if how == "interrupt" else course.CourseError):
        setup.ensure()
    assert installer.calls[-1] == step, "went on after the failure"
    assert setup.changes()
    remains = setup.venv / "half-copied.py"
    remains.parent.mkdir(exist_ok=True)
    remains.touch()

    assert ensure(root) == NEW
    assert not remains.exists()
    assert not list(root.glob(".venv.old-*"))


@pytest.mark.parametrize("content", ["", "{", "[1]", "{}", '{"packages": []}'])
def test_a_damaged_stamp_is_no_stamp_of_success(root, ensure, setup_in, content) -> None:
    ensure(root)
    setup_in(root)[0].stamp.write_text(content, encoding="utf-8")
    assert ensure(root) == NEW


# --- with uv, and without CUDA ----------------------------------------------------------------


@pytest.fixture
def uv(setup_in, monkeypatch) -> str:
    """Another place's uv, on PATH."""
    monkeypatch.setattr(course.shutil, "which", lambda name: "/x/uv" if name == "uv" else None)
    return "/x/uv"


UV = ["uv venv", "uv setuptools", "uv course", "import"]


def test_uv_is_used_where_it_is_installed(root, setup_in, ensure, uv) -> None:
    setup, installer = setup_in(root)
    setup.ensure()
    assert installer.calls == UV
    assert installer.commands[0][:3] == [uv, "venv", "--quiet"]
    assert "--seed" in installer.commands[0], "without pip, `%pip install` fails in a notebook"
    for command in installer.commands[1:3]:
        assert command[:5] == [uv, "pip", "install", "--python", str(setup.python)]
    (root / "constraints.txt").write_text("numpy==2.1.0\n", encoding="utf-8")
    assert ensure(root) == UV[1:]


@pytest.mark.parametrize("step", UV)
def test_where_uv_fails_pip_makes_the_environment_anew(root, setup_in, uv, step, capsys) -> None:
    setup, installer = setup_in(root)
    installer.fail_at = {step} if step != "import" else {"uv course"}
    setup.ensure()
    assert installer.calls[-len(NEW) :] == NEW
    assert "Once more, with pip" in capsys.readouterr().err


def test_uv_of_the_environment_itself_is_not_used(root, setup_in, monkeypatch) -> None:
    setup, installer = setup_in(root)
    monkeypatch.setattr(course.shutil, "which", lambda _: str(setup.python.with_name("uv")))
    setup.ensure()
    assert installer.calls == NEW


CPU = ["venv", "pip setuptools", "pip uv", "uv torch", "pip course", "import"]


def test_cpu_takes_torch_from_where_uv_knows_it(root, setup_in, ensure, monkeypatch) -> None:
    monkeypatch.setenv("COURSE_TORCH", "cpu")
    setup, installer = setup_in(root)
    monkeypatch.setenv("COURSE_TORCH", "cpu")
    setup.ensure()
    assert installer.calls == CPU
    assert "--torch-backend=cpu" in installer.commands[3]
    assert "--no-deps" in installer.commands[3], "the rest comes from the usual index"
    monkeypatch.delenv("COURSE_TORCH")
    assert ensure(root) == [], "once made for the CPU, it stays so"
    (root / "constraints.txt").write_text("numpy==2.1.0\n", encoding="utf-8")
    assert ensure(root) == CPU[1:]
    monkeypatch.setenv("COURSE_TORCH", "usual")
    assert ensure(root) == NEW


def test_cpu_takes_torch_from_the_users_own_index(root, setup_in, monkeypatch) -> None:
    setup, installer = setup_in(root)
    monkeypatch.setenv("COURSE_TORCH", "cpu")
    monkeypatch.setenv("COURSE_TORCH_INDEX", "file:///wheels")
    setup.ensure()
    assert installer.calls == ["venv", "pip setuptools", "pip torch", "pip course", "import"]
    said = " ".join(installer.commands[2])
    assert "-c constraints.txt --index-url file:///wheels --no-deps torch torchvision" in said


def test_an_environment_without_a_cpu_build_is_completed_and_told(
    root, setup_in, monkeypatch, capsys
) -> None:
    setup, installer = setup_in(root)
    monkeypatch.setenv("COURSE_TORCH", "cpu")
    installer.fail_at = {"uv torch"}
    setup.ensure()
    assert installer.calls == CPU
    assert "No CPU build of torch could be had" in capsys.readouterr().out
    assert setup.changes() == []


def test_an_unknown_build_of_torch_is_refused(root, setup_in, monkeypatch) -> None:
    setup, installer = setup_in(root)
    monkeypatch.setenv("COURSE_TORCH", "gpu")
    with pytest.raises(course.CourseError, match="expected cpu or usual, got 'gpu'"):
        setup.ensure()
    assert installer.calls == []


# --- more than one process ---------------------------------------------------------------------


def test_two_processes_at_once_make_one_environment(root) -> None:
    script = textwrap.dedent(
        """
        import shutil, sys, time
        from pathlib import Path
        import course
        root = Path(sys.argv[1])
        shutil.which = lambda name: None
        def run(command, python, root):
            print("at work", flush=True)
            while not (root / "go").exists():
                time.sleep(0.05)
            with (root / "calls.txt").open("a") as log:
                log.write(" ".join(command[1:3]) + "\\n")
            if command[1:3] == ["-m", "venv"]:
                python.parent.mkdir(parents=True)
                python.touch()
            return 0
        setup = course.Setup(root, run)
        setup.ensure()
        assert not setup.changes()
        """
    )
    path = os.pathsep.join([str(course.ROOT), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-c", script, str(root)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    pipes["env"] = os.environ | {"PYTHONPATH": path}
    first = subprocess.Popen(command, **pipes)
    while "at work" not in (line := first.stdout.readline()):
        assert line, "the first process ended early"
    second = subprocess.Popen(command, **pipes)
    assert "waiting" in second.stdout.readline()
    (root / "go").touch()
    said = [process.communicate(timeout=60)[0] for process in (first, second)]
    assert [first.returncode, second.returncode] == [0, 0], said
    assert said[1] == "", "the second process installed something too"
    calls = (root / "calls.txt").read_text(encoding="utf-8").splitlines()
    assert len(calls) == len(NEW), calls


@pytest.mark.skipif(os.name == "nt", reason="Windows cannot hand on a lock")
def test_the_lock_holds_until_a_left_over_installer_has_ended(root) -> None:
    script = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        import course
        wait = "import os; os.write(1, b'at work '); os.read(0, 1)"
        def run(command, python, root):
            return course.run([sys.executable, "-c", wait], Path(sys.executable), root)
        course.Setup(Path(sys.argv[1]), run).ensure()
        """
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    killed = subprocess.Popen([sys.executable, "-c", script, str(root)], cwd=course.ROOT, **pipes)
    said = b""
    while b"at work" not in said:
        said += os.read(killed.stdout.fileno(), 100)
    killed.kill()
    killed.wait()
    with (root / ".venv.lock").open("a+") as file:
        assert not try_lock(file), "the installer still works in the environment"
        killed.communicate(b"\n", timeout=30)  # ends it
        end = time.monotonic() + 20
        while not try_lock(file):
            assert time.monotonic() < end, "nobody works there, and the lock is still held"
            time.sleep(0.05)
