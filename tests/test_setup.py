"""The course's set-up: course.py, the Makefile, the lock, and what conda users are given."""

from __future__ import annotations

import ast
import os
import re
import shutil
import signal
import subprocess
import sys
import textwrap
import time
import tomllib
import venv
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

import course

ROOT = course.ROOT
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PY = Path("py")  # stands for the environment's interpreter where none is run


def read(name: str) -> str:
    """The text of a file of the repository."""
    return (ROOT / name).read_text(encoding="utf-8")


# --- an environment that is made, refreshed, interrupted, with nothing installed -------------


class Installer:
    """Stands in for `course.run`: notes what would be run, and can fail or be interrupted."""

    def __init__(self, setup: course.Setup) -> None:
        self.setup = setup
        self.calls: list[str] = []
        self.fail_at: str | None = None
        self.interrupt_at: str | None = None

    def __call__(self, command: list[str], env: dict | None, cwd: Path, keep: tuple) -> int:
        kind = self.kind(command)
        self.calls.append(kind)
        assert cwd == self.setup.root
        assert not self.setup.is_ready(), "counts as ready while it is being made"
        if kind == self.interrupt_at:
            raise KeyboardInterrupt
        if kind == self.fail_at:
            return 1
        if kind == "venv":
            self.setup.python.parent.mkdir(parents=True)
            self.setup.python.touch()
            (self.setup.venv / "pyvenv.cfg").touch()
        return 0

    @staticmethod
    def kind(command: list[str]) -> str:
        """A word for what a command of the set-up does."""
        if command[1:3] == ["-m", "venv"]:
            return "venv"
        if command[1] == "-c":
            return "import"
        assert command[1:4] == ["-m", "pip", "install"], command
        assert "-c constraints.txt" in " ".join(command), command
        return "editable" if "-e" in command else "setuptools"


NEW = ["venv", "setuptools", "editable", "import"]  # what making an environment takes
REFRESH = NEW[1:]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with the two files that an environment is made from."""
    folder = tmp_path / "course"
    folder.mkdir()
    (folder / "pyproject.toml").write_text("[project]\nname = 'x'\n", encoding="utf-8")
    (folder / "constraints.txt").write_text("numpy==2.0.0\n", encoding="utf-8")
    return folder


@pytest.fixture
def setup_in(monkeypatch: pytest.MonkeyPatch):
    """A function that gives (Setup, Installer) for a folder, as a new process would have them."""
    # The stand-in interpreter is an empty file: it "works" when venv got as far as its settings.
    monkeypatch.setattr(course.Setup, "works", lambda s: (s.venv / "pyvenv.cfg").is_file())

    def make(folder: Path) -> tuple[course.Setup, Installer]:
        setup = course.Setup(folder)
        setup.run = installer = Installer(setup)
        return setup, installer

    return make


def ensure(setup_in, folder: Path) -> list[str]:
    """Run the set-up in `folder`; returns what it called."""
    setup, installer = setup_in(folder)
    assert setup.ensure() == setup.python
    assert setup.is_ready()
    return installer.calls


def test_a_second_setup_of_an_unchanged_tree_runs_nothing(root, setup_in) -> None:
    assert ensure(setup_in, root) == NEW
    assert ensure(setup_in, root) == []


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt"])
def test_a_changed_file_is_noticed_and_installed_over(root, setup_in, name) -> None:
    ensure(setup_in, root)
    (root / name).write_text("# changed\n", encoding="utf-8")
    assert ensure(setup_in, root) == REFRESH
    assert ensure(setup_in, root) == []


def test_line_ends_are_no_change(root, setup_in) -> None:
    ensure(setup_in, root)
    path = root / "constraints.txt"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert ensure(setup_in, root) == []


def test_another_python_takes_a_new_environment(root, setup_in, monkeypatch) -> None:
    ensure(setup_in, root)
    monkeypatch.setattr(course, "PYTHON_VERSION", "3.99")
    assert ensure(setup_in, root) == NEW


def test_a_moved_folder_takes_a_new_environment(root, setup_in) -> None:
    ensure(setup_in, root)
    moved = root.rename(root.with_name("moved"))
    assert ensure(setup_in, moved) == NEW


def test_an_interpreter_that_went_away_is_noticed(root, setup_in) -> None:
    ensure(setup_in, root)
    setup, _ = setup_in(root)
    setup.python.unlink()
    (setup.venv / "pyvenv.cfg").unlink()
    assert ensure(setup_in, root) == NEW


@pytest.mark.parametrize("how", ["interrupt_at", "fail_at"])
@pytest.mark.parametrize(
    ("kind", "step"),
    [("new", step) for step in NEW] + [("refreshed", step) for step in REFRESH],
)
def test_a_half_made_environment_is_noticed_and_made_anew(root, setup_in, kind, step, how) -> None:
    if kind == "refreshed":
        ensure(setup_in, root)
        (root / "constraints.txt").write_text("numpy==2.1.0\n", encoding="utf-8")
    setup, installer = setup_in(root)
    setattr(installer, how, step)
    error = KeyboardInterrupt if how == "interrupt_at" else course.CourseError
    with pytest.raises(error):
        setup.ensure()
    assert installer.calls[-1] == step, "went on after the failure"
    assert not setup.is_ready()
    remains = setup.venv / "half-copied.py"
    remains.touch()

    assert ensure(setup_in, root) == NEW
    assert not remains.exists()
    assert not list(root.glob(".venv.old-*"))


def test_a_failed_installation_says_that_nothing_is_ready(root, setup_in) -> None:
    setup, installer = setup_in(root)
    installer.fail_at = "editable"
    with pytest.raises(course.CourseError, match="installing the packages failed") as error:
        setup.ensure()
    assert "The environment is not ready" in str(error.value)


@pytest.mark.parametrize("content", ["", "{", "[1]", "{}", '{"state": "finished"}'])
def test_a_damaged_stamp_is_no_stamp_of_success(root, setup_in, content) -> None:
    ensure(setup_in, root)
    (root / ".venv" / course.STAMP).write_text(content, encoding="utf-8")
    assert ensure(setup_in, root) == NEW


def test_an_environment_made_by_hand_is_kept_and_completed(root, setup_in) -> None:
    setup, _ = setup_in(root)
    setup.python.parent.mkdir(parents=True)
    setup.python.touch()
    (setup.venv / "pyvenv.cfg").touch()
    own = setup.venv / "own.txt"
    own.touch()
    assert ensure(setup_in, root) == REFRESH
    assert own.exists()


def test_works_tells_a_whole_environment_from_a_torn_one(tmp_path) -> None:
    setup = course.Setup(tmp_path)
    assert not setup.works()
    venv.create(setup.venv, with_pip=False)
    assert not setup.works(), "without pip nothing can be installed"
    (setup.venv / "pyvenv.cfg").unlink()
    setup.python.unlink()
    setup.python.write_text("no program\n", encoding="utf-8")
    assert not setup.works()


def test_a_missing_lock_is_named(root, setup_in) -> None:
    (root / "constraints.txt").unlink()
    setup, installer = setup_in(root)
    with pytest.raises(course.CourseError, match=r"constraints\.txt is missing"):
        setup.ensure()
    assert installer.calls == []


def test_two_processes_at_once_make_one_environment(root) -> None:
    script = textwrap.dedent(
        """
        import sys, time
        from pathlib import Path
        import course
        root = Path(sys.argv[1])
        def run(command, env, cwd, keep):
            print("at work", flush=True)
            while not (root / "go").exists():
                time.sleep(0.05)
            with (root / "calls.txt").open("a") as log:
                log.write(" ".join(command[1:3]) + "\\n")
            if command[1:3] == ["-m", "venv"]:
                setup.python.parent.mkdir(parents=True)
                setup.python.touch()
            return 0
        setup = course.Setup(root, run)
        setup.ensure()
        assert setup.is_ready()
        """
    )
    env = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    }
    command = [sys.executable, "-c", script, str(root)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    first = subprocess.Popen(command, env=env, **pipes)
    while "at work" not in (line := first.stdout.readline()):
        assert line, "the first process ended early"
    second = subprocess.Popen(command, env=env, **pipes)
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
        import sys, time
        from pathlib import Path
        import course
        wait = "import os; os.write(1, b'at work '); os.read(0, 1)"
        def run(command, env, cwd, keep):
            return course.run([sys.executable, "-c", wait], env, cwd, keep)
        course.Setup(Path(sys.argv[1]), run).ensure()
        """
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    killed = subprocess.Popen([sys.executable, "-c", script, str(root)], cwd=ROOT, **pipes)
    said = b""
    while b"at work" not in said:
        said += os.read(killed.stdout.fileno(), 100)
    killed.kill()
    killed.wait()
    with (root / ".venv.lock").open("a+") as file:
        assert not course.try_lock(file), "the installer still works in the environment"
        killed.communicate(b"\n", timeout=30)  # ends it
        end = time.monotonic() + 20
        while not course.try_lock(file):
            assert time.monotonic() < end, "nobody works there, and the lock is still held"
            time.sleep(0.05)


# --- what stands in the way of an environment ------------------------------------------------


@pytest.mark.parametrize("missing", ["ensurepip", "venv"])
def test_a_python_without_ensurepip_is_told_what_to_install(
    root, setup_in, monkeypatch, missing
) -> None:
    monkeypatch.setattr(course, "has_module", lambda name: name != missing)
    monkeypatch.setattr(course, "may_install_packages", lambda: False)
    setup, installer = setup_in(root)
    with pytest.raises(course.CourseError) as error:
        setup.ensure()
    assert missing in str(error.value)
    assert f"sudo apt-get install python{course.PYTHON_VERSION}-venv" in str(error.value)
    assert installer.calls == []
    assert not setup.venv.exists()


def test_in_a_container_the_missing_package_is_installed(root, setup_in, monkeypatch) -> None:
    setup, installer = setup_in(root)
    there = []  # what apt-get has installed

    def run(command, *rest) -> int:
        if "apt-get" not in command:
            return installer(command, *rest)
        there.extend(["ensurepip"] if "install" in command else [])
        asked.append(command[4:])
        return 0

    asked: list[list[str]] = []
    setup.run = run
    monkeypatch.setattr(course, "has_module", lambda name: name == "venv" or name in there)
    monkeypatch.setattr(course, "may_install_packages", lambda: True)
    setup.ensure()
    assert asked[-1][-1] == f"python{course.PYTHON_VERSION}-venv"
    assert setup.is_ready()


def test_a_package_that_cannot_be_installed_is_named(root, setup_in, monkeypatch) -> None:
    setup, _ = setup_in(root)
    setup.run = lambda *_: 100  # apt-get fails: no network
    monkeypatch.setattr(course, "has_module", lambda name: name == "venv")
    monkeypatch.setattr(course, "may_install_packages", lambda: True)
    with pytest.raises(course.CourseError, match="sudo apt-get install python3"):
        setup.ensure()
    assert not setup.venv.exists()


def test_a_venv_command_that_fails_is_told_what_to_install(root, setup_in) -> None:
    setup, installer = setup_in(root)
    installer.fail_at = "venv"
    with pytest.raises(course.CourseError, match="sudo apt-get install python3"):
        setup.ensure()


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
    ast.parse(read("course.py"), feature_version=(3, 7))


def test_here_refuses_a_python_without_the_course(tmp_path) -> None:
    venv.create(tmp_path / "empty", with_pip=False)
    python = course.Setup(tmp_path).python
    python = tmp_path / "empty" / python.relative_to(tmp_path / ".venv")
    env = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "COURSE_HERE")}
    for arguments, more in (["--here", "test"], {}), (["test"], {"COURSE_HERE": "1"}):
        done = subprocess.run(
            [str(python), "course.py", *arguments],
            cwd=ROOT,
            env=env | more,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1
        assert "course_utils is not installed for" in done.stderr
        assert "conda env create -f environment.yml" in done.stderr
        assert "Traceback" not in done.stderr


def test_here_refuses_another_folders_course(tmp_path) -> None:
    with pytest.raises(course.CourseError, match="lies in .*course_utils, not in"):
        course.check_here(Path(sys.executable), tmp_path)


def test_here_takes_this_environment_as_it_is() -> None:
    command = [sys.executable, "course.py", "--here", "test", "--collect-only", "-q"]
    done = subprocess.run(
        [*command, "tests/test_setup.py"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "test_here_takes_this_environment_as_it_is" in done.stdout
    assert "Installing" not in done.stdout


# --- what the commands run -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("test", ["py -m pytest --nbval -n2 --dist=loadfile --no-loadscope-reorder -k data"]),
        ("workbook", ["py -m tools.workbook -k data"]),
        ("execute", ["py -m tools.execute -k data"]),
        ("results", ["py -m tools.results -k data"]),
        ("bench", ["py -m benchmarks -k data"]),
        ("models", ["py -m tools.models -k data"]),
        ("lint", ["py -m ruff check -k data", "py -m ruff format --check -k data"]),
        ("format", ["py -m ruff check --fix -k data", "py -m ruff format -k data"]),
        ("setup", []),
    ],
)
def test_a_command_runs_what_it_says_from_the_root(command, expected) -> None:
    seen = []

    def run(line: list[str], env: dict[str, str], cwd: Path) -> int:
        seen.append(" ".join(line))
        assert cwd == ROOT
        assert env["PATH"].startswith(str(PY.parent) + os.pathsep)
        return 0

    assert course.perform(command, PY, ["-k", "data"], run=run) == 0
    assert seen == expected


def test_every_command_is_tried_here() -> None:
    assert set(course.COMMANDS) == {"lab", "setup", "lock", *course.MODULES}


@pytest.mark.parametrize(("command", "count"), [("lint", 2), ("format", 1), ("lab", 2)])
def test_the_first_failure_is_the_exit_status(command, count) -> None:
    seen = []

    def run(line: list[str], env: dict[str, str], cwd: Path) -> int:
        seen.append(line)
        return 3

    assert course.perform(command, PY, [], run=run) == 3
    assert len(seen) == count


def test_an_unknown_command_is_told_the_known_ones(capsys) -> None:
    assert course.main(["tset"]) == 2
    assert "lab, test, setup" in capsys.readouterr().err


def test_lab_makes_the_copies_first_and_then_opens_the_first(tmp_path) -> None:
    def run(line: list[str], env: dict[str, str], cwd: Path) -> int:
        if line[2] == "tools.workbook":
            for name in ("02_more", "01_first"):
                (tmp_path / "workbook" / name).mkdir(parents=True)
                (tmp_path / "workbook" / name / f"{name}.ipynb").touch()
        else:
            assert line[:3] == ["py", "-m", "jupyterlab"]
            assert f"--ServerApp.root_dir={tmp_path / 'workbook'}" in line
            assert "--LabApp.default_url=/lab/tree/01_first/01_first.ipynb" in line
            assert line[-2:] == ["--port", "9999"]
        return 0

    assert course.perform("lab", PY, ["--port", "9999"], root=tmp_path, run=run) == 0


def test_lab_goes_back_to_where_the_learner_was(tmp_path) -> None:
    (tmp_path / "01_first").mkdir()
    (tmp_path / "01_first" / "01_first.ipynb").touch()
    assert course.first_notebook(tmp_path) == "01_first/01_first.ipynb"
    (tmp_path / ".lab" / "workspaces").mkdir(parents=True)
    (tmp_path / ".lab" / "workspaces" / "default.jupyterlab-workspace").touch()
    assert course.first_notebook(tmp_path) is None


@pytest.mark.parametrize("user", [0, 1000])
def test_lab_as_root_is_allowed(user, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user, raising=False)
    assert ("--allow-root" in course.lab_command(PY, tmp_path, [])) == (user == 0)


@pytest.mark.parametrize(
    ("system", "variables", "opens"),
    [
        ("linux", {}, False),
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("linux", {"DISPLAY": ":0", "CI": "true"}, False),
        ("darwin", {}, True),
        ("win32", {}, True),
        ("win32", {"CI": "true"}, False),
    ],
)
def test_lab_opens_a_browser_only_where_there_is_a_screen(
    system, variables, opens, tmp_path, monkeypatch
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "CI"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(course.sys, "platform", system)
    assert ("--no-browser" not in course.lab_command(PY, tmp_path, [])) == opens


def test_programs_of_the_environment_come_first() -> None:
    python = ROOT / ".venv" / "bin" / "python"
    base = {"PATH": "elsewhere", "PIP_USER": "1", "PYTHONHOME": "x", "KEPT": "y"}
    env = course.environment(python, base)
    assert env["PATH"].split(os.pathsep) == [str(python.parent), "elsewhere"]
    assert "PIP_USER" not in env and "PYTHONHOME" not in env
    assert env["KEPT"] == "y"
    assert base["PIP_USER"] == "1", "changed the caller's own"
    settings = Path(env["JUPYTER_CONFIG_PATH"]) / "labconfig" / "default_setting_overrides.json"
    assert settings.is_file()


def test_run_gives_the_status_and_stands_in_the_given_folder(tmp_path) -> None:
    script = "import os, sys; sys.exit(7 if os.path.samefile('.', sys.argv[1]) else 1)"
    assert course.run([sys.executable, "-c", script, str(tmp_path)], cwd=tmp_path) == 7


@pytest.mark.skipif(os.name == "nt", reason="Windows ends a process without telling it")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_run_lets_the_command_end_in_its_own_way(name) -> None:
    """Ctrl-C reaches both; a request to terminate reaches the parent alone."""
    child = textwrap.dedent(
        """
        import os, signal, sys, time
        def end(*_):
            time.sleep(0.5)  # JupyterLab, too, has things to put away
            os.write(1, b"ended in order\\n")
            sys.exit(5)
        signal.signal(signal.SIGTERM, end)
        signal.signal(signal.SIGINT, end)
        os.write(1, b"started\\n")
        time.sleep(60)
        """
    )
    script = "import course, sys; sys.exit(course.run([sys.executable, '-c', sys.argv[1]]))"
    parent = subprocess.Popen(
        [sys.executable, "-c", script, child],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert parent.stdout.readline() == "started\n"
    if name == "SIGINT":
        os.killpg(parent.pid, signal.SIGINT)
    else:
        parent.terminate()
    said, _ = parent.communicate(timeout=30)
    assert said == "ended in order\n"
    assert parent.returncode == 5


# --- the lock --------------------------------------------------------------------------------


def lock(root: Path, text: str, status: int = 0) -> tuple[int, list[str]]:
    """Run `course.py lock` in `root` with a uv that writes `text`; (status, command line)."""
    seen = []

    def run(line: list[str], env: dict[str, str], cwd: Path) -> int:
        seen.extend(line)
        draft = cwd / line[line.index("-o") + 1]
        assert draft.read_text(encoding="utf-8") == "numpy==2.0.0\n", "uv must see the old pins"
        draft.write_text(text, encoding="utf-8")
        return status

    return course.lock_packages(PY, ["--upgrade"], {}, root, run), seen


def test_lock_replaces_the_lock_by_a_complete_one(root) -> None:
    text = "# header\nnumpy==2.1.0 ; sys_platform == 'linux'\n    # via x\n"
    status, line = lock(root, text)
    assert status == 0
    assert (root / "constraints.txt").read_text(encoding="utf-8") == text
    assert line[:5] == ["py", "-m", "uv", "pip", "compile"]
    said = " ".join(line)
    for part in ("--universal", "--python-version 3.11", "--all-extras", "--upgrade"):
        assert part in said
    assert line[line.index("--custom-compile-command") + 1] == "make lock"
    assert sorted(path.name for path in root.iterdir()) == ["constraints.txt", "pyproject.toml"]


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://example.org/simple",
        "numpy @ https://example.org/numpy.whl",
        "-e .",
        "./numpy.whl",
        "numpy>=2",
        "numpy",
        "# from https://example.org/simple",
    ],
)
def test_lock_takes_nothing_but_exact_pins(root, line) -> None:
    with pytest.raises(course.CourseError, match="the new lock was not taken"):
        lock(root, f"scipy==1.0\n{line}\n")
    assert (root / "constraints.txt").read_text(encoding="utf-8") == "numpy==2.0.0\n"
    assert not (root / "constraints.new.txt").exists()


def test_a_failed_lock_leaves_the_old_one(root) -> None:
    status, _ = lock(root, "half", status=2)
    assert status == 2
    assert (root / "constraints.txt").read_text(encoding="utf-8") == "numpy==2.0.0\n"
    assert not (root / "constraints.new.txt").exists()


def pins() -> list[Requirement]:
    """The lines of constraints.txt."""
    lines = read("constraints.txt").splitlines()
    return [Requirement(line) for line in lines if line and not line.lstrip().startswith("#")]


def pinned_version(name: str) -> Version | None:
    """The version of a package that constraints.txt gives this system; None when it gives none."""
    versions = [
        Version(next(iter(pin.specifier)).version)
        for pin in pins()
        if canonicalize_name(pin.name) == name and (pin.marker is None or pin.marker.evaluate())
    ]
    assert len(versions) < 2, f"{name} is pinned more than once for this system: {versions}"
    return versions[0] if versions else None


def installed_requirements(start: str) -> set[str]:
    """The names of all packages that `start`, like name[extra], needs on this system."""
    waiting, done = [Requirement(start)], set()
    while waiting:
        wanted = waiting.pop()
        for extra in ("", *wanted.extras):
            key = (canonicalize_name(wanted.name), extra)
            if key in done:
                continue
            done.add(key)
            for text in metadata.requires(wanted.name) or []:
                needed = Requirement(text)
                if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                    waiting.append(needed)
    return {name for name, _ in done}


def test_the_lock_is_nothing_but_exact_pins() -> None:
    course.check_lock(read("constraints.txt"))
    for pin in pins():
        assert pin.url is None
        assert [part.operator for part in pin.specifier] == ["=="], pin


def test_the_lock_is_what_is_installed_to_the_last_package() -> None:
    names = installed_requirements("course-utils[dev]") - {"course-utils"}
    assert len(names) > 100, "the walk through the requirements missed most of them"
    found = {name: Version(metadata.version(name)) for name in names}
    locked = {name: pinned_version(name) for name in names}
    wrong = {
        name: f"installed {found[name]}, locked {locked[name]}"
        for name in sorted(names)
        # A build for one processor (2.15.0+cpu) is the same version.
        if locked[name] is None or Version(found[name].public) != Version(locked[name].public)
    }
    assert not wrong


def test_pyproject_admits_what_the_lock_pins() -> None:
    wanted = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]]
    for requirement in map(Requirement, wanted):
        versions = [
            next(iter(pin.specifier)).version
            for pin in pins()
            if canonicalize_name(pin.name) == canonicalize_name(requirement.name)
        ]
        assert versions, f"{requirement.name} is not locked: run `python course.py lock`"
        for version in versions:
            assert requirement.specifier.contains(version, prereleases=True), requirement


# --- files that must say the same ------------------------------------------------------------


def conda() -> dict:
    """environment.yml."""
    return yaml.safe_load(read("environment.yml"))


def test_the_bounds_on_python_are_the_same_everywhere() -> None:
    bounds = SpecifierSet(PROJECT["requires-python"])
    oldest, too_new = course.OLDEST, course.TOO_NEW
    assert bounds == SpecifierSet(f">={oldest[0]}.{oldest[1]},<{too_new[0]}.{too_new[1]}")
    (python,) = (line for line in conda()["dependencies"] if str(line).startswith("python "))
    assert SpecifierSet(python.removeprefix("python ")) == bounds
    workflow = read(".github/workflows/tests.yml")
    tried = re.findall(r"\b3\.\d+\b", workflow)
    assert tried, "the workflow names no version of Python"
    assert all(bounds.contains(version) for version in tried), tried


def test_conda_users_get_the_same_environment() -> None:
    content = conda()
    assert content["name"] == "handwriting"
    assert content["channels"] == ["conda-forge", "nodefaults"]
    assert len(content["dependencies"]) == 3, "python, pip, and the rest through pip"
    assert content["dependencies"][1] == "pip"
    (extra,) = PROJECT["optional-dependencies"]
    assert content["dependencies"][2] == {"pip": ["-c constraints.txt", f"-e .[{extra}]"]}


def test_the_makefile_has_every_command_and_nothing_else() -> None:
    targets = re.search(r"^TARGETS := (.+)$", read("Makefile"), flags=re.MULTILINE)[1]
    assert tuple(targets.split()) == course.COMMANDS


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize("target", course.COMMANDS)
def test_make_passes_on_the_target_and_its_arguments(target) -> None:
    # What `make test PYTHON=...` hands on to a make below it is not what is asked about here.
    handed_on = ("PYTHON", "ARGS", "MAKEFLAGS", "MFLAGS", "MAKEOVERRIDES", "MAKELEVEL")
    env = {key: value for key, value in os.environ.items() if key not in handed_on}
    command = ["make", "--no-print-directory", "-n", target, "ARGS=-k data"]
    said = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    assert said.stdout == f"python3 course.py {target} -k data\n"


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_every_make_command_of_the_documents_exists(name) -> None:
    text = read(name)
    named = set(re.findall(r"(?:^ *|`)(?:\$ )?make ([a-z]+)", text, flags=re.MULTILINE))
    named |= set(re.findall(r"course\.py (?:--here )?([a-z]+)", text))
    assert named, f"{name} names no command"
    assert named <= {"help", *course.COMMANDS}, named - set(course.COMMANDS)


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
        ".ci/run",
        ".github/workflows/tests.yml",
        ".pre-commit-config.yaml",
    ],
)
def test_no_file_says_where_packages_come_from(name) -> None:
    found = re.findall(
        r"(?i)index-url|find-links|trusted-host|https?://[^\s\"']*(?:simple|pypi)\S*", read(name)
    )
    assert not found
