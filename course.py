#!/usr/bin/env python3
"""One command for everything: python course.py lab | test | setup | ...

    lab       make the learner's copies and open JupyterLab in workbook/
    test      all tests, every notebook executed and compared with its stored outputs
    setup     make or refresh the environment, nothing else
    workbook  make the learner's copies in workbook/, never overwriting one
    execute   execute notebooks in place, reproducibly
    results   rebuild the results table from the executed notebooks
    lint      check all code and notebooks with ruff
    format    format all code and notebooks with ruff
    lock      rebuild constraints.txt from pyproject.toml (--upgrade: newest versions)
    bench     speed and memory of the chapters
    models    train the course's best network anew and store it with its card

What follows a command is passed on to it: python course.py test -k data. Each command first makes
`.venv` or brings it up to date. `--here` before the command, or COURSE_HERE=1 in the environment,
takes the running Python's own packages instead (conda users).

This file runs before anything is installed, so it uses the standard library alone.
"""

import contextlib
import hashlib
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

OLDEST, TOO_NEW = (3, 11), (3, 15)  # requires-python in pyproject.toml; a test compares them

if not OLDEST <= sys.version_info[:2] < TOO_NEW:
    sys.exit(
        f"course.py: expected Python {OLDEST[0]}.{OLDEST[1]} to {TOO_NEW[0]}.{TOO_NEW[1] - 1}, "
        f"found {platform.python_version()} ({sys.executable}).\n"
        "Install one of those and start it by its name, for example\n"
        "    python3.13 course.py lab        or, with make:    make lab PYTHON=python3.13"
    )

ROOT = Path(__file__).resolve().parent
COMMANDS = tuple(re.findall(r"^    (\w+) {2,}", __doc__ or "", flags=re.MULTILINE))
PYTHON_VERSION = "{}.{}".format(*sys.version_info)
STAMP = "course-setup.json"  # inside .venv: says whether, and from what, the set-up was finished
VENV_PACKAGE = f"python{PYTHON_VERSION}-venv"  # Debian's name for what `python -m venv` needs
IMPORTS = "import course_utils, jupyterlab, pytest, torch, torchvision"


Run = Callable[..., int]  # (command, env, cwd, keep) -> exit status, as `run` below


class CourseError(Exception):
    """Something the user can put right; its text says what and how."""


# --- running other programs -----------------------------------------------------------------


def run(
    command: list[str],
    env: dict[str, str] | None = None,
    cwd: Path = ROOT,
    keep: tuple[int, ...] = (),
) -> int:
    """Run `command` from the repository root and return its exit status.

    Ctrl-C is left to the command (JupyterLab asks before it stops); a request to terminate is
    handed on to it. `keep` are file descriptors that the command keeps open as well.
    """
    child = subprocess.Popen(command, env=env, cwd=cwd, pass_fds=keep)

    def hand_on(*_: object) -> None:
        child.terminate()

    before = signal.signal(signal.SIGTERM, hand_on)
    try:
        while True:
            with contextlib.suppress(KeyboardInterrupt):
                return child.wait()
    finally:
        signal.signal(signal.SIGTERM, before)


def environment(python: Path, base: dict[str, str]) -> dict[str, str]:
    """The environment variables `base`, changed so that `python` and its programs come first."""
    env = dict(base)
    # Settings of other installations that would send packages or imports astray.
    for name in ("PYTHONHOME", "PIP_USER", "PIP_TARGET", "PIP_PREFIX"):
        env.pop(name, None)
    env["PATH"] = os.pathsep.join([str(python.parent), base.get("PATH", os.defpath)])
    if (python.parent.parent / "pyvenv.cfg").is_file():
        env["VIRTUAL_ENV"] = str(python.parent.parent)
    env["JUPYTER_PREFER_ENV_PATH"] = "1"  # this environment's kernel, not the user's
    quiet = str(ROOT / "tools" / "jupyter")
    env["JUPYTER_CONFIG_PATH"] = os.pathsep.join(
        [quiet, *filter(None, [base.get("JUPYTER_CONFIG_PATH")])]
    )
    return env


# --- the environment ------------------------------------------------------------------------


class Setup:
    """Makes and refreshes one virtual environment; `run` is replaced in tests."""

    def __init__(self, root: Path = ROOT, run: Run = run) -> None:
        self.root = root
        self.venv = root / ".venv"
        self.stamp = self.venv / STAMP
        self.run = run
        self.keep: tuple[int, ...] = ()  # the lock, while it is held
        folder, name = ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")
        self.python = self.venv / folder / name

    def fingerprint(self) -> str:
        """What the environment depends on, in one hash: a change makes it out of date."""
        digest = hashlib.sha256()
        for name in ("pyproject.toml", "constraints.txt"):
            path = self.root / name
            if not path.is_file():
                raise CourseError(f"{name} is missing in {self.root}: restore it with git.")
            # Line ends differ between systems that share a folder; the content does not.
            digest.update(path.read_bytes().replace(b"\r\n", b"\n") + b"\0")
        # A moved or copied folder counts too: its .venv still points to the old place.
        where = os.path.normcase(os.path.realpath(self.root))
        digest.update(f"{PYTHON_VERSION} {sys.platform} {platform.machine()} {where}".encode())
        return digest.hexdigest()

    def what_it_is(self) -> dict[str, str]:
        """What cannot be changed about an environment: of which Python it is, and where."""
        return {"python": PYTHON_VERSION, "place": str(self.root)}

    def read_stamp(self) -> dict[str, str] | None:
        """The stamp's content; {} when it is unreadable; None when there is none."""
        try:
            stamp = json.loads(self.stamp.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError):
            return {}
        return stamp if isinstance(stamp, dict) else {}

    def write_stamp(self, state: str) -> None:
        """Say in the environment that its set-up is `state`: "unfinished" or "finished"."""
        stamp = {"state": state, "fingerprint": self.fingerprint(), **self.what_it_is()}
        draft = self.stamp.with_suffix(".tmp")
        draft.write_text(json.dumps(stamp, indent=1) + "\n", encoding="utf-8")
        os.replace(draft, self.stamp)

    def is_ready(self) -> bool:
        """Whether the environment was finished from the files as they are now."""
        stamp = self.read_stamp() or {}
        finished = stamp.get("state") == "finished" and self.python.exists()
        return finished and stamp.get("fingerprint") == self.fingerprint()

    def ensure(self) -> Path:
        """Make or refresh the environment if need be; returns its Python. Raises CourseError."""
        if not self.is_ready():
            with lock(self.root / ".venv.lock") as file:
                # pip holds the lock as well: should this process be killed, pip goes on.
                self.keep = () if os.name == "nt" else (file.fileno(),)
                if not self.is_ready():  # another process may have done it while we waited
                    self.make()
        return self.python

    def make(self) -> None:
        """Bring the environment up to date, or make it anew where that is not safe."""
        pip = [str(self.python), "-m", "pip", "install", "--disable-pip-version-check"]
        if self.can_be_refreshed():
            pip += ["--quiet"]  # most lines would say that a package is there already
        else:
            self.create()
        self.write_stamp("unfinished")
        print(f"Installing the packages into {self.venv} (minutes the first time) ...", flush=True)
        pip += ["-c", "constraints.txt"]
        self.step([*pip, "setuptools"], "installing setuptools")
        self.step([*pip, "--no-build-isolation", "-e", ".[dev]"], "installing the packages")
        self.step([str(self.python), "-c", IMPORTS], "importing what was installed")
        self.write_stamp("finished")

    def step(self, command: list[str], what: str) -> None:
        """Run one command of the set-up; CourseError when it fails."""
        status = self.run(command, environment(self.python, dict(os.environ)), self.root, self.keep)
        if status != 0:
            raise CourseError(
                f"{what} failed (exit status {status}); the messages above say why.\n"
                "The environment is not ready. Once the cause is mended (network? disk space: "
                "about 6 GB?), run the same command again: it starts anew."
            )

    def can_be_refreshed(self) -> bool:
        """Whether what is in .venv can be installed over: whole, of this Python, in this place."""
        stamp = self.read_stamp()
        if stamp is not None:
            # Another Python, another place, or interrupted: beyond repair.
            if stamp.get("state") != "finished" or not self.what_it_is().items() <= stamp.items():
                return False
        elif not (self.venv / "pyvenv.cfg").is_file():
            return False
        # No stamp, but a pyvenv.cfg: somebody made it by hand. Keep it if it works.
        return self.works()

    def works(self) -> bool:
        """Whether the environment's Python starts, is of this version and has pip."""
        probe = "import sys, pip; print('{}.{}'.format(*sys.version_info))"
        try:
            answer = subprocess.run(
                [str(self.python), "-c", probe],
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
        except (OSError, subprocess.SubprocessError):
            return False
        return answer.stdout.strip() == PYTHON_VERSION

    def create(self) -> None:
        """Make an empty environment, in place of whatever is there. Raises CourseError."""
        self.check_venv_can_be_made()
        self.remove()
        print(f"Making {self.venv} with Python {platform.python_version()} ...", flush=True)
        self.venv.mkdir()
        # First of all the mark, so that an interruption at any point is noticed.
        self.write_stamp("unfinished")
        # The interpreter that runs this may be the old environment's own: take the one below it.
        python = getattr(sys, "_base_executable", None) or sys.executable
        status = self.run([python, "-m", "venv", str(self.venv)], None, self.root, self.keep)
        if status != 0:
            raise CourseError(
                f"{python} -m venv failed (exit status {status}); its message is above.\n"
                + how_to_get_venv()
            )

    def check_venv_can_be_made(self) -> None:
        """Raise CourseError when this Python lacks what `python -m venv` needs.

        Debian packs it apart from Python; in a container, as root, that package is installed.
        """
        missing = missing_modules()
        if missing and may_install_packages():
            print(
                f"This Python comes without {' and '.join(missing)}: installing it ...", flush=True
            )
            apt = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y"]
            for step in (["update"], ["install", "--no-install-recommends", VENV_PACKAGE]):
                self.run([*apt, *step], None, self.root, self.keep)
            missing = missing_modules()
        if missing:
            raise CourseError(
                f"this Python ({sys.executable}) comes without {' and '.join(missing)}.\n"
                + how_to_get_venv()
            )

    def remove(self) -> None:
        """Remove .venv. It is renamed first: a half-removed one must not look whole."""
        with contextlib.suppress(FileNotFoundError):
            old = self.root / f".venv.old-{os.getpid()}"
            try:
                os.replace(self.venv, old)
            except FileNotFoundError:
                raise
            except OSError as error:
                raise CourseError(
                    f"{self.venv} has to be made anew and cannot be moved away ({error}).\n"
                    "Close JupyterLab and whatever else runs in it (`deactivate` in this "
                    "terminal), then run the same command again."
                ) from error
        for old in self.root.glob(".venv.old-*"):
            shutil.rmtree(old, ignore_errors=True)


def has_module(name: str) -> bool:
    """Whether this Python's standard library has the module (some systems split it up)."""
    from importlib.util import find_spec

    spec = find_spec(name)
    return spec is not None and spec.origin is not None  # without one, it is an empty folder


def missing_modules() -> list[str]:
    """What `python -m venv` needs and this Python lacks."""
    import importlib

    importlib.invalidate_caches()
    return [name for name in ("venv", "ensurepip") if not has_module(name)]


def may_install_packages() -> bool:
    """Whether this is root on a system of Debian's kind, with Debian's own Python."""
    is_root = getattr(os, "geteuid", lambda: 1)() == 0
    return is_root and sys.prefix == "/usr" and shutil.which("apt-get") is not None


def how_to_get_venv() -> str:
    """What to install when virtual environments cannot be made."""
    return (
        "On Debian and Ubuntu that is a package of its own; install it and run this again:\n"
        f"    sudo apt-get install {VENV_PACKAGE}\n"
        "(or python3-venv, where there is no package of that name). Elsewhere, reinstall Python "
        "with venv and ensurepip."
    )


@contextlib.contextmanager
def lock(path: Path) -> Iterator[IO[str]]:
    """Hold the lock file `path`; wait for another process that holds it.

    The operating system lets go of it when the process, and those it handed the open file to,
    have ended, however they end.
    """
    with path.open("a+") as file:
        waiting = False
        while not try_lock(file):
            if not waiting:
                print("Another course.py is setting up the environment; waiting ...", flush=True)
                waiting = True
            time.sleep(0.5)
        yield file


def try_lock(file: IO[str]) -> bool:
    """Take the lock on an open file without waiting; False when somebody else has it."""
    try:
        if os.name == "nt":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def check_here(python: Path, root: Path = ROOT) -> None:
    """Raise CourseError unless `python` has this folder's course_utils installed."""
    probe = (
        "import importlib.util as u; s = u.find_spec('course_utils'); "
        "print(s.origin if s and s.origin else '')"
    )
    # From another folder: from this one, course_utils could be imported without being installed.
    answer = subprocess.run(
        [str(python), "-c", probe],
        capture_output=True,
        text=True,
        cwd=Path(root.anchor),
        check=False,
    )
    found = answer.stdout.strip()
    if not found:
        raise CourseError(
            f"--here: course_utils is not installed for {python}.\n"
            "Activate the course's environment first (conda activate handwriting), or make it "
            "(conda env create -f environment.yml); or leave --here out, and course.py makes "
            "its own."
        )
    if Path(found).resolve().parent != root / "course_utils":
        raise CourseError(
            f"--here: course_utils of {python} lies in {Path(found).parent}, not in {root}.\n"
            "Install it from this folder:  python -m pip install -c constraints.txt -e .[dev]"
        )


# --- the commands ---------------------------------------------------------------------------


def lab_command(python: Path, workbook: Path, extra: list[str]) -> list[str]:
    """The command line that serves `workbook` in JupyterLab, `extra` arguments last."""
    command = [str(python), "-m", "jupyterlab", f"--ServerApp.root_dir={workbook}"]
    # Nothing is fetched at the start; the question about news is off in tools/jupyter.
    command += ["--LabApp.news_url=None"]
    command += ["--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    command += [f"--LabApp.workspaces_dir={workbook / '.lab' / 'workspaces'}"]
    first = first_notebook(workbook)
    if first is not None:
        command += [f"--LabApp.default_url=/lab/tree/{first}"]
    if getattr(os, "geteuid", lambda: 1)() == 0:
        command += ["--allow-root"]  # containers
    if not has_display():
        command += ["--no-browser"]  # the address is printed instead
    return [*command, *extra]


def first_notebook(workbook: Path) -> str | None:
    """The notebook to open: chapter 1's, until JupyterLab has a layout of its own to restore."""
    if any(workbook.glob(".lab/workspaces/*")):
        return None
    for path in sorted(workbook.glob("*/*.ipynb")):
        if path.stem == path.parent.name:
            return f"{path.parent.name}/{path.name}"
    return None


def has_display() -> bool:
    """Whether a browser can be opened for the user."""
    if os.environ.get("CI"):
        return False
    if not sys.platform.startswith("linux"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def lock_packages(python: Path, extra: list[str], env: dict[str, str], root: Path, run: Run) -> int:
    """Rebuild constraints.txt in `root` with uv, for all systems; returns the exit status.

    Versions stay as they are unless `extra` says --upgrade or pyproject.toml no longer admits
    them. The file is replaced only by a complete one.
    """
    final, draft = root / "constraints.txt", root / "constraints.new.txt"
    if final.exists():
        shutil.copyfile(final, draft)  # uv keeps the versions it finds there
    command = [str(python), "-m", "uv", "pip", "compile", "--quiet", "--universal"]
    command += ["--python-version", "{}.{}".format(*OLDEST), "--all-extras"]
    command += ["--custom-compile-command", "make lock", "-o", draft.name, "pyproject.toml"]
    try:
        status = run([*command, *extra], env, root)
        if status == 0:
            check_lock(draft.read_text(encoding="utf-8"))
            os.replace(draft, final)
            print("constraints.txt is up to date; the next command installs what changed.")
        return status
    finally:
        draft.unlink(missing_ok=True)


def check_lock(text: str) -> None:
    """Raise CourseError when a lock holds more than exact pins: an address, a path, an option."""
    pin = re.compile(r"[A-Za-z0-9._-]+==[A-Za-z0-9.!+_-]+( ; .+)?")
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    bad = [line for line in lines if not pin.fullmatch(line) or "://" in line]
    bad += [line for line in text.splitlines() if "://" in line and line not in bad]
    if bad or not lines:
        shown = "\n    ".join(bad[:5]) or "(empty)"
        raise CourseError(
            f"the new lock was not taken: expected only lines NAME==VERSION, got\n    {shown}"
        )


MODULES = {
    # Two files at a time, each whole and in its order: notebooks wait for their kernels, and a
    # second thread gains less than a second file. The longest, the last chapters, come last.
    "test": [["pytest", "--nbval", "-n2", "--dist=loadfile", "--no-loadscope-reorder"]],
    "workbook": [["tools.workbook"]],
    "execute": [["tools.execute"]],
    "results": [["tools.results"]],
    "lint": [["ruff", "check"], ["ruff", "format", "--check"]],
    "format": [["ruff", "check", "--fix"], ["ruff", "format"]],
    "bench": [["benchmarks"]],
    "models": [["tools.models"]],
}


def steps(command: str, python: Path, extra: list[str], root: Path = ROOT) -> Iterator[list[str]]:
    """The command lines that `command` stands for, each to be run before the next is asked for."""
    if command == "lab":
        yield [str(python), "-m", "tools.workbook"]
        yield lab_command(python, root / "workbook", extra)
        return
    for module in MODULES[command]:
        yield [str(python), "-m", *module, *extra]


def perform(
    command: str, python: Path, extra: list[str], *, root: Path = ROOT, run: Run = run
) -> int:
    """Run `command` with the environment of `python`; returns the first exit status but 0."""
    env = environment(python, dict(os.environ))
    if command == "setup":
        print(f"The environment is ready: {python}")
        return 0
    if command == "lock":
        return lock_packages(python, extra, env, root, run)
    results = []
    for step in steps(command, python, extra, root):
        results.append(run(step, env, root))
        # Lint shows all there is to mend; one chapter that cannot be copied closes no other.
        if results[-1] != 0 and command not in ("lint", "lab"):
            break
    return next((status for status in results if status != 0), 0)


def choose_python(command: str, here: bool) -> Path:
    """The Python to run `command` with; makes the environment where needed. Raises CourseError."""
    if here:
        python = Path(sys.executable)
        check_here(python)
        return python
    setup = Setup()
    stamp = setup.read_stamp() or {}
    if command == "lock" and stamp.get("state") == "finished" and setup.python.exists():
        # An old environment will do, and a new one may need the lock that is to be made.
        return setup.python
    return setup.ensure()


def main(argv: list[str]) -> int:
    """Carry out the command line `argv` (without the program's name); returns the exit status."""
    here = os.environ.get("COURSE_HERE", "") not in ("", "0")
    if argv and argv[0] == "--here":
        here, argv = True, argv[1:]
    if not argv or argv[0] in ("-h", "--help", "help"):
        print(__doc__)
        return 0
    command, *extra = argv
    if command not in COMMANDS:
        print(
            f"course.py: expected one of {', '.join(COMMANDS)}; got {command!r}.", file=sys.stderr
        )
        return 2
    try:
        return perform(command, choose_python(command, here), extra)
    except CourseError as problem:
        print(f"course.py: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("course.py: interrupted.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
