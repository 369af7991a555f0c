#!/usr/bin/env python3
"""One command for everything: python course.py lab | test | setup | ...

    lab       make the learner's copies and open JupyterLab in workbook/ (--verbose: with its log)
    test      all tests, every notebook executed and compared with its stored outputs
    setup     make or refresh the environment, nothing else
    progress  which exercises are solved in your workbook, and which chapter is next
    update    take the newest chapters into your workbook, keeping your work (--undo takes it back)
    solution  show the solution of an exercise: course.py solution CHAPTER EXERCISE (or --all)
    workbook  make the learner's copies in workbook/, never overwriting one
    slides    slides of a chapter's figures, predictions and conclusions: course.py slides CHAPTER
    alike     which submitted answers to a chapter are alike: course.py alike CHAPTER
    collect   take in what learners handed in: course.py collect FOLDER
    grade     grade everybody's notebook in a sandbox: course.py grade CHAPTER
    execute   execute notebooks in place, reproducibly
    results   rebuild the results table from the executed notebooks
    misconceptions  rebuild the page of goals and of the wrong answers that exercises catch
    lint      check all code and notebooks with ruff
    format    format all code and notebooks with ruff
    lock      rebuild constraints.txt from pyproject.toml (--upgrade: newest versions)
    bench     speed and memory of the chapters
    models    train the course's best network anew and store it with its card

What follows a command is passed on to it: python course.py test -k data. Each command first makes
`.venv` or brings it up to date, with uv where it is installed, else with pip. Beside a command:

    --cpu     torch without CUDA's libraries, where that can be had (the same: COURSE_TORCH=cpu;
              COURSE_TORCH_INDEX is the address of a package index that has it)
    --here    no `.venv` but the running Python's packages, for conda users (COURSE_HERE=1)
    --workbook PATH   another folder for your work (COURSE_WORKBOOK); without it `workbook/`, or
              `~/handwriting-workbook` where the course is read-only or somebody else's
"""

# It runs before anything is installed, so it uses the standard library alone.
import contextlib
import hashlib
import importlib.util
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

# It, too, needs nothing but Python.
from tools.groundwork import (
    COURSE,
    ROOT,
    CourseError,
    check_here,
    choose_workbook,
    free_space,
    lock,
)

OLDEST, TOO_NEW = (3, 11), (3, 15)  # requires-python in pyproject.toml; a test compares them

if not OLDEST <= sys.version_info[:2] < TOO_NEW:
    sys.exit(
        f"course.py: expected Python {OLDEST[0]}.{OLDEST[1]} to {TOO_NEW[0]}.{TOO_NEW[1] - 1}, "
        f"found {platform.python_version()} ({sys.executable}).\n"
        "Install one of those and start it by its name, for example\n"
        "    python3.13 course.py lab        or, with make:    make lab PYTHON=python3.13"
    )

PYTHON_VERSION = "{}.{}".format(*sys.version_info)
COMMANDS = tuple(re.findall(r"^    (\w+) {2,}", __doc__ or "", flags=re.MULTILINE))


def environment(python: Path, base: dict[str, str]) -> dict[str, str]:
    """The environment variables `base`, changed so that `python` and its programs come first."""
    astray = ("PYTHONHOME", "PIP_TARGET", "PIP_PREFIX")  # where these send packages and imports
    env = {key: value for key, value in base.items() if key not in astray}
    env["PIP_USER"] = "0"
    env["PATH"] = os.pathsep.join([str(python.parent), base.get("PATH", os.defpath)])
    if (python.parent.parent / "pyvenv.cfg").is_file():
        env["VIRTUAL_ENV"] = str(python.parent.parent)
    env["JUPYTER_PREFER_ENV_PATH"] = "1"  # this environment's kernel, not the user's
    settings = [str(ROOT / "tools" / "jupyter"), base.get("JUPYTER_CONFIG_PATH")]
    env["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, settings))
    return env


def run(command: list[str], python: Path, root: Path = ROOT) -> int:
    """Run `command` in `root`, with the environment of `python`; returns its exit status.

    Ctrl-C is left to the command (JupyterLab asks before it stops); if it fails thereupon,
    KeyboardInterrupt. A request to terminate is handed on to it.
    """
    env = environment(python, dict(os.environ))
    child = subprocess.Popen(command, env=env, cwd=root, close_fds=False)  # it keeps the `lock`
    interrupted = False
    before = signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    while child.returncode is None:
        try:
            child.wait()
        except KeyboardInterrupt:
            interrupted = True
    signal.signal(signal.SIGTERM, before)
    if interrupted and child.returncode != 0:
        raise KeyboardInterrupt
    return child.returncode


class Setup:
    """Makes and refreshes one virtual environment; `run` is replaced in tests."""

    def __init__(self, root: Path = ROOT, run: Callable[..., int] = run) -> None:
        self.root, self._run = root, run
        self.venv = root / ".venv"
        self.stamp = self.venv / "course-setup.json"  # there as long as a set-up is finished
        folder, name = ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")
        self.python = self.venv / folder / name

    def wanted(self) -> dict[str, str]:
        """What the environment is to be; the stamp of a finished one says the same."""
        files = hashlib.sha256()
        for name in ("pyproject.toml", "constraints.txt"):
            # Line ends differ between systems that share a folder; the content does not.
            files.update((self.root / name).read_bytes().replace(b"\r\n", b"\n") + b"\0")
        torch = os.environ.get("COURSE_TORCH") or self.found().get("torch", "usual")
        if torch not in ("cpu", "usual"):
            raise CourseError(f"COURSE_TORCH: expected cpu or usual, got {torch!r}.")
        return {
            "python": f"{PYTHON_VERSION} {sys.platform} {platform.machine()}",
            "place": os.path.normcase(os.path.realpath(self.root)),  # a moved .venv is of no use
            "torch": torch,
            "requirements": files.hexdigest(),
        }

    def found(self) -> dict:
        """What the stamp says; {} where no set-up was finished."""
        with contextlib.suppress(OSError, ValueError):
            stamp = json.loads(self.stamp.read_text(encoding="utf-8"))
            return stamp if isinstance(stamp, dict) and self.python.exists() else {}
        return {}

    def packages(self) -> list[str]:
        """Names and versions of what is installed, as the names of its folders say (quick)."""
        libs = ("Lib/site-packages", f"lib/python{PYTHON_VERSION}/site-packages")
        found = {path.stem for lib in libs for path in self.venv.glob(f"{lib}/*.dist-info")}
        return sorted(name for name in found if not name.startswith("pip-"))

    def changes(self) -> list[str]:
        """What is not as the last set-up left it; [] where the environment is ready."""
        wanted, found = self.wanted(), self.found()
        gone = set(found.get("packages", [])) - set(self.packages())
        return [key for key in wanted if wanted[key] != found.get(key)] + sorted(gone)

    def ensure(self) -> Path:
        """Make or refresh the environment if need be; returns its Python. Raises CourseError."""
        changes = self.changes()
        if changes and not os.access(self.root, os.W_OK):
            if self.found():
                return self.python  # whoever keeps this installation refreshes it
            raise CourseError(
                f"the environment of {self.root} is not ready, and you may not write there:\n"
                "ask whoever keeps this installation to run `python course.py setup` in it."
            )
        if changes:
            with lock(self.root / ".venv.lock"):
                if self.changes():  # another process may have seen to it meanwhile
                    self.make()
        return self.python

    def make(self) -> None:
        """Bring the environment up to date, or make it anew where anything is odd."""
        wanted, changes = self.wanted(), self.changes()
        refresh = not {"python", "place", "torch"} & set(changes)
        if refresh:
            print(f"Changed since the set-up: {', '.join(changes)}.", flush=True)
        uv = shutil.which("uv")
        if uv and Path(uv).is_relative_to(self.venv):
            uv = None  # it would go with its environment
        try:
            self.install(refresh, wanted["torch"], uv)
        except CourseError as problem:
            if not uv:
                raise
            print(f"With uv, {problem}\nOnce more, with pip.", file=sys.stderr, flush=True)
            self.install(False, wanted["torch"], None)
        draft = self.stamp.with_suffix(".tmp")
        draft.write_text(json.dumps({**wanted, "packages": self.packages()}), encoding="utf-8")
        os.replace(draft, self.stamp)

    def install(self, refresh: bool, torch: str, uv: str | None) -> None:
        """Install everything, over what is there (`refresh`) or into a new environment."""
        self.stamp.unlink(missing_ok=True)  # so that an interruption at any point is noticed
        if not refresh:
            self.create(uv)
        print(f"Installing the packages into {self.venv} (minutes the first time) ...", flush=True)
        python = str(self.python)
        pip = [uv, "pip", "install", "--python", python]
        if not uv:
            pip = [python, "-m", "pip", "install", "--disable-pip-version-check"]
        pip += ["--quiet"] * refresh + ["-c", "constraints.txt"]
        self.step("installing setuptools", *pip, "setuptools")
        if torch == "cpu":
            self.install_cpu_torch(pip)
        self.step("installing the packages", *pip, "--no-build-isolation", "-e", COURSE)
        imports = "import course_utils, jupyterlab, pytest, torch, torchvision"
        self.step("importing what was installed", python, "-c", imports)

    def install_cpu_torch(self, pip: list[str]) -> None:
        """Install torch without CUDA's libraries where that can be had, else say so."""
        index = os.environ.get("COURSE_TORCH_INDEX")
        source = ["--index-url", index]
        if not index:  # uv knows where such builds are, pip does not
            self.step("installing uv", *pip, "uv")
            pip = [str(self.python), "-m", "uv", "pip", "install", "-c", "constraints.txt"]
            source = ["--python", str(self.python), "--torch-backend=cpu"]
        if self.run(*pip, *source, "--no-deps", "torch", "torchvision") != 0:
            print("No CPU build of torch could be had (see above). Going on with the usual one, on")
            print("Linux a download of 3 GB; Ctrl-C stops it. If you know an index that has one:")
            print("set COURSE_TORCH_INDEX to it, remove .venv, once more.", flush=True)

    def create(self, uv: str | None) -> None:
        """Make an empty environment, in place of whatever is there. Raises CourseError."""
        with contextlib.suppress(FileNotFoundError):
            # Renamed first: a half-removed one must not look whole.
            os.replace(self.venv, self.root / f".venv.old-{os.getpid()}")
        for old in self.root.glob(".venv.old-*"):
            shutil.rmtree(old, ignore_errors=True)
        print(f"Making {self.venv} with Python {platform.python_version()} ...", flush=True)
        # The interpreter that runs this may be the old environment's own: take the one below it.
        python = getattr(sys, "_base_executable", None) or sys.executable
        command = [uv, "venv", "--quiet", "--seed", "--python", python, str(self.venv)]
        if not uv:
            command = [python, "-m", "venv", str(self.venv)]
            self.complete_python()
        self.step("making an environment", *command)

    def complete_python(self) -> None:
        """As root with Debian's own Python (a container): install what Debian packs apart."""
        spec = importlib.util.find_spec("ensurepip")
        debian = sys.prefix == "/usr" and os.geteuid() == 0 and shutil.which("apt-get")
        if debian and (spec is None or spec.origin is None):
            package = f"python{PYTHON_VERSION}-venv"
            self.run("apt-get", "update", "-q")
            self.run("apt-get", "install", "-qy", "--no-install-recommends", package)

    def run(self, *command: str) -> int:
        """Run one command of the set-up; returns its exit status."""
        return self._run(list(command), self.python, self.root)

    def step(self, what: str, *command: str) -> None:
        """Run one command of the set-up; CourseError when it fails."""
        status = self.run(*command)
        if status != 0:
            why = f"exit status {status}; the messages above say why: network? disk?"
            end = "The environment is not ready; the same command makes it anew."
            raise CourseError(f"{what} failed ({why}).\n{free_space(self.root)}\n{end}")


def choose_python(command: str) -> Path:
    """The Python to run `command` with; makes the environment where needed. Raises CourseError."""
    if os.environ.get("COURSE_HERE", "0") not in ("", "0"):
        check_here(Path(sys.executable))
        return Path(sys.executable)
    setup = Setup()
    # To rebuild the lock an old environment will do; a new one may need that very lock.
    return setup.python if command == "lock" and setup.found() else setup.ensure()


def perform(command: str, python: Path, extra: list[str], run: Callable[..., int] = run) -> int:
    """Run `command` with the environment of `python`; returns the first exit status but 0."""
    if command == "setup":
        print(f"The environment is ready: {python}")
    # Two test files at a time, each whole and in its order: notebooks wait for their kernels, and
    # a second thread gains less than a second file. The longest, the last chapters, come last.
    test = "pytest --nbval -n2 --dist=loadfile --no-loadscope-reorder"
    modules = {
        "setup": [],
        "test": [test],
        "lint": ["ruff check", "ruff format --check"],
        "format": ["ruff check --fix", "ruff format"],
        "bench": ["benchmarks"],
    }.get(command, [f"tools.{command}"])
    results = [run([str(python), "-m", *module.split(), *extra], python) for module in modules]
    return next(filter(None, results), 0)


def main(argv: list[str]) -> int:
    """Carry out the command line `argv` (without the program's name); returns the exit status."""
    for option, name, value in (("--cpu", "COURSE_TORCH", "cpu"), ("--here", "COURSE_HERE", "1")):
        if option in argv[:2]:
            argv.remove(option)
            os.environ[name] = value
    try:
        choose_workbook(argv)
        command, *extra = argv or ["help"]
        # The tools tell of themselves, once they are installed.
        if command in ("-h", "--help", "help") or (
            {"-h", "--help"} & set(extra) and Setup().changes()
        ):
            print(__doc__)
            return 0
        if command not in COMMANDS:
            raise CourseError(f"expected one of {', '.join(COMMANDS)}; got {command!r}.")
        return perform(command, choose_python(command), extra)
    except CourseError as problem:
        sys.exit(f"course.py: {problem}")
    except OSError as problem:
        more = "Or does something, such as JupyterLab, still run in .venv?"
        sys.exit(f"course.py: {problem}\nIs the disk full? {free_space(ROOT)}\n{more}")
    except KeyboardInterrupt:
        print("course.py: interrupted.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
