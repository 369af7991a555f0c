"""What course.py needs before anything is installed: the standard library alone will do."""

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parents[1]
COURSE = ".[lab,dev]"  # this folder, with all extras of pyproject.toml


class CourseError(Exception):
    """Something the user can put right; its text says what and how."""


def free_space(root: Path) -> str:
    """A sentence on the room that an environment takes and the room that there is."""
    free = {p: shutil.disk_usage(p).free / 1e9 for p in (str(root), "/tmp") if os.path.isdir(p)}
    places = ", ".join(f"{size:.1f} GB in {place}" for place, size in free.items())
    return f"It takes 7 GB of disk (with --cpu 2 GB); free are {places}."


def check_here(python: Path, root: Path = ROOT) -> None:
    """Raise CourseError unless `python` has this folder's course_utils installed."""
    probe = "import importlib.util as u; s = u.find_spec('course_utils'); print(s and s.origin)"
    # From another folder: from this one, course_utils could be imported without being installed.
    answer = subprocess.check_output([str(python), "-c", probe], cwd=root.anchor, text=True)
    if Path(answer.strip()).resolve().parent != root / "course_utils":
        raise CourseError(
            f"--here: expected course_utils of {root} in {python}, found {answer.strip()}.\n"
            "Activate its environment (conda activate handwriting), make it (conda env create -f "
            "environment.yml)\nor install it with this Python's pip (install -c constraints.txt "
            f"-e {COURSE}); or leave --here out."
        )


def choose_workbook(argv: list[str]) -> None:
    """Take `--workbook PATH` out of `argv`, into COURSE_WORKBOOK, as seen from where we are."""
    for at, word in enumerate(argv):
        option, equals, path = word.partition("=")
        if option == "--workbook":
            path = path if equals else (argv[at + 1 : at + 2] or [""])[0]
            if not path or path.startswith("-"):
                raise CourseError("--workbook: expected a folder behind it.")
            os.environ["COURSE_WORKBOOK"] = path
            del argv[at : at + (1 if equals else 2)]
            break
    if os.environ.get("COURSE_WORKBOOK"):
        os.environ["COURSE_WORKBOOK"] = os.path.abspath(
            os.path.expanduser(os.environ["COURSE_WORKBOOK"])
        )


@contextlib.contextmanager
def lock(path: Path) -> Iterator[None]:
    """Hold the lock file `path`; wait for another process that holds it.

    It is held until this process and its children have ended, however: pip survives a kill of this.
    """
    with path.open("a+") as file:
        if not try_lock(file):
            print("Another course.py is setting up the environment; waiting ...", flush=True)
            while not try_lock(file):
                time.sleep(0.5)
        os.set_inheritable(file.fileno(), os.name != "nt")
        yield


def try_lock(file: IO[str]) -> bool:
    """Take the lock on an open file without waiting; False when somebody else has it."""
    with contextlib.suppress(OSError):
        if os.name == "nt":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False
