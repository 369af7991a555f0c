"""The instructor's side of the sandbox: what kind this machine allows, and jobs sent into it."""

from __future__ import annotations

import functools
import json
import os
import secrets
import selectors
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tools.notebooks import ROOT

HERE = Path(__file__).resolve().parent
KINDS = {
    "namespaces": "each learner alone: no network, no other file than Python's and the course's "
    "package and data, read-only; limits of time, memory, output, files and processes",
    "user": "no namespaces here: each learner as the user nobody, with limits, and nothing of the "
    "class in his folder; the network and files that everybody may read are open to him",
    "limits": "no namespaces here: limits alone; an answer runs as you, with your files and your "
    "network. Grade where that does no harm: a container, an account of its own",
}
PROBE = "import jail, json, sys; jail.confine(json.loads(sys.argv[1])); import ctypes, numpy"
HIDDEN = (
    "notebooks",
    "gradebook.db",
    "release",
    "submitted",
    "autograded",
    "feedback",
    "grading",
    "tests",
)


class SandboxError(Exception):
    """The sandbox did not do its work; the message says why."""


@dataclass(frozen=True)
class Limits:
    """What one learner may use; seconds for one exercise, bytes, and processes at a time."""

    seconds: float = 60
    memory: int = 6_000_000_000
    files: int = 200_000_000
    processes: int = 512

    def spec(self) -> dict[str, int]:
        """What the jail is told."""
        return {"memory": self.memory, "files": self.files, "processes": self.processes}


def environment() -> dict[str, str]:
    """The environment variables in the sandbox: none of the instructor's own but the paths."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), "/usr/bin", "/bin"]),
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONWARNINGS": "ignore",
        "COURSE_EXAM_LOG": os.devnull,
        "JUPYTER_PREFER_ENV_PATH": "1",
        "LANG": "C.UTF-8",
        **threads,
    }


def paths_shown() -> list[str]:
    """What the sandbox shows of this machine, beside the system's own libraries."""
    found = [sys.prefix, sys.base_prefix, os.path.realpath(sys.base_prefix)]
    own = [str(ROOT / "course_utils"), os.environ.get("COURSE_DATA") or str(ROOT / "data")]
    inside = [p for p in found if os.path.isdir(p)]
    inside += [p for p in sys.path if p.endswith("-packages") and os.path.isdir(p)]
    kept: list[str] = []
    for path in sorted({os.path.abspath(p) for p in [*inside, *own]}, key=len):
        if not any(path.startswith(f"{k}/") for k in kept) and not ROOT.is_relative_to(path):
            kept.append(path)
    return [path for path in kept if not path.startswith(("/usr/", "/lib"))]


@contextmanager
def jail_folder(kind: str, limits: Limits, files: Path | None) -> Iterator[dict]:
    """A folder for one stay in the jail, and what the jail is told of it."""
    with tempfile.TemporaryDirectory(prefix="course-jail-", ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o755)
        show = paths_shown() if kind == "namespaces" else []
        yield {
            "kind": kind,
            "folder": folder,
            "show": show,
            "files": str(files) if files else None,
            "limits": limits.spec(),
        }


@functools.cache
def sandbox_kind() -> str:
    """The strongest kind of sandbox that this machine allows, tried out. Raises SandboxError."""
    if not hasattr(os, "fork"):
        raise SandboxError(
            "expected Linux, macOS or WSL: Windows cannot copy a process (os.fork), of which the "
            "sandbox is made; grade in WSL or in a container"
        )
    kinds = ["namespaces", "user"] if os.geteuid() == 0 else ["namespaces"]
    for kind in kinds if sys.platform.startswith("linux") else []:
        with jail_folder(kind, Limits(), None) as spec:
            command = [sys.executable, "-c", PROBE, json.dumps(spec)]
            env = {**environment(), "PYTHONPATH": os.pathsep.join([str(HERE), str(ROOT)])}
            done = subprocess.run(command, env=env, capture_output=True, timeout=120, check=False)
            if done.returncode == 0:
                return kind
    return "limits"


@functools.cache
def unpack_data() -> None:
    """Unpack the images where they are not: in the sandbox nothing can be written beside them."""
    folder = Path(os.environ.get("COURSE_DATA") or ROOT / "data") / "MNIST" / "raw"
    if len(list(folder.glob("*-ubyte"))) < len(list(folder.glob("*-ubyte.gz"))):
        command = "from course_utils.data import unpack_mnist; unpack_mnist()"
        subprocess.run([sys.executable, "-c", command], cwd=ROOT, check=False)


class Server:
    """A process that has run a chapter's set-up cells and checks one learner after the other."""

    def __init__(self, setup: list[str], kind: str) -> None:
        self.setup, self.kind = setup, kind
        self._process: subprocess.Popen[bytes] | None = None
        self._log = tempfile.TemporaryFile()  # noqa: SIM115

    def _start(self) -> subprocess.Popen[bytes]:
        unpack_data()
        env = {**environment(), "MPLBACKEND": "agg"}
        process = subprocess.Popen(
            [sys.executable, str(HERE / "inside.py")],
            env=env,
            cwd=tempfile.gettempdir(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            start_new_session=True,
        )
        self._process = process
        answer = self._ask(self.setup, 600)
        if answer["error"]:
            self.close()
            raise SandboxError(answer["error"])
        return process

    def check(
        self,
        cells: list[dict],
        checks: list[dict],
        limits: Limits,
        files: Path | None = None,
        course: Path = ROOT,
    ) -> dict[str, dict]:
        """The verdict on each of `checks` for a learner's `cells`; see ``inside``.

        Where they cannot be hidden, Python's own opening of the course's other files is refused.
        Raises SandboxError when there is no verdict at all.
        """
        if self._process is None or self._process.poll() is not None:
            self._start()
        hidden = [os.path.join(root, name) for root in (ROOT, course) for name in HIDDEN]
        hidden = [] if self.kind == "namespaces" else hidden
        with jail_folder(self.kind, limits, files) as spec:
            nonce = secrets.token_hex(16)
            job = {"spec": spec, "seconds": limits.seconds, "nonce": nonce, "hidden": hidden}
            job |= {"cells": cells, "checks": checks}
            answer = self._ask(job, 30 + (limits.seconds + 5) * len(checks))
        if answer["error"]:
            raise SandboxError(answer["error"])
        return answer["checks"]

    def _ask(self, message: object, seconds: float) -> dict:
        """Send one message and wait for the answer; a process that gives none is ended."""
        process, latest = self._process, time.monotonic() + seconds
        assert process is not None and process.stdin and process.stdout
        content = json.dumps(message).encode()
        answer, size = b"", 8
        with suppress(BrokenPipeError), selectors.DefaultSelector() as ready:
            process.stdin.write(struct.pack(">Q", len(content)) + content)
            process.stdin.flush()
            ready.register(process.stdout, selectors.EVENT_READ)
            while len(answer) < size and ready.select(max(0, latest - time.monotonic())):
                part = os.read(process.stdout.fileno(), 1 << 16)
                answer += part
                if len(answer) >= 8:
                    size = 8 + struct.unpack(">Q", answer[:8])[0]
                if not part:
                    break
        if len(answer) < size:
            self.close()
            self._log.seek(max(0, self._log.tell() - 500))
            said = self._log.read().decode("utf-8", "replace").strip()
            return {"error": f"the sandbox gave no answer within {seconds:g} s. {said}"}
        return json.loads(answer[8:])

    def close(self) -> None:
        """End the process and all that it has started."""
        if self._process is not None:
            if self._process.poll() is None:
                with suppress(OSError):
                    os.killpg(self._process.pid, 9)
            self._process.communicate()
            self._process = None


def run_whole(job: dict, kind: str, limits: Limits, files: Path | None, seconds: float) -> dict:
    """Run a learner's whole notebook in the jail; see ``rerun``. An empty answer has `error`."""
    with jail_folder(kind, limits, files) as spec, tempfile.TemporaryFile() as out:
        script = HERE / "rerun.py"
        place = HERE if kind == "namespaces" else Path(spec["folder"])
        if kind == "namespaces":
            spec["show"] = [*spec["show"], str(script)]
        else:
            shutil.copy(script, place)
        env = {**environment(), "MPLBACKEND": "module://matplotlib_inline.backend_inline"}
        spec |= {"environment": env, "command": [sys.executable, str(place / script.name)]}
        process = subprocess.Popen(
            [sys.executable, str(HERE / "jail.py"), json.dumps(spec)],
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            process.communicate(json.dumps(job).encode(), timeout=seconds)
            out.seek(0)
            return json.loads(out.read(limits.files))
        except subprocess.TimeoutExpired:
            with suppress(OSError):  # not later: its number could be another's by then
                os.killpg(process.pid, 9)
            process.wait()
            return {"error": f"the notebook took more than {seconds:g} seconds, and was ended"}
        except ValueError:
            return {"error": "the notebook's process ended before its time"}
