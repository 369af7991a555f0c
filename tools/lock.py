"""Rebuild ``constraints.txt`` from ``pyproject.toml`` with uv, for all systems at once.

    python -m tools.lock [--upgrade] [uv's other options]

Versions stay as they are unless ``--upgrade`` is given or ``pyproject.toml`` no longer admits them.
The file is replaced only by a complete one that holds nothing but exact versions: no address of a
package index, no path.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from course import OLDEST, ROOT

PIN = re.compile(r"[A-Za-z0-9._-]+==[A-Za-z0-9.!+_-]+( ; .+)?")


class LockError(Exception):
    """The new lock was not taken; the message says what was wrong with it."""


def check(text: str) -> None:
    """Raise LockError when a lock holds more than exact pins: an address, a path, an option."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    bad = [line for line in lines if not PIN.fullmatch(line)]
    bad += [line for line in text.splitlines() if "://" in line and line not in bad]
    if bad or not lines:
        shown = "\n    ".join(bad[:5]) or "(empty)"
        raise LockError(
            f"the new lock was not taken: expected only lines NAME==VERSION, got\n    {shown}"
        )


def rebuild(extra: list[str], root: Path = ROOT, call: Callable[..., int] = subprocess.call) -> int:
    """Rebuild the lock in `root`, with `extra` options for uv; returns uv's exit status.

    `call` runs a command line in the folder `cwd`. Raises LockError when uv's lock is not to be
    had as it is.
    """
    final, draft = root / "constraints.txt", root / "constraints.new.txt"
    if final.exists():
        shutil.copyfile(final, draft)  # uv keeps the versions that it finds there
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal"]
    command += ["--python-version", "{}.{}".format(*OLDEST), "--all-extras"]
    command += ["--custom-compile-command", "make lock", "-o", draft.name, "pyproject.toml"]
    try:
        status = call([*command, *extra], cwd=root)
        if status == 0:
            check(draft.read_text(encoding="utf-8"))
            os.replace(draft, final)
            print("constraints.txt is up to date; the next command installs what changed.")
        return status
    finally:
        draft.unlink(missing_ok=True)


if __name__ == "__main__":
    try:
        sys.exit(rebuild(sys.argv[1:]))
    except LockError as problem:
        sys.exit(f"lock: {problem}")
