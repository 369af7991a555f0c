"""Runs the checks of an exercise on a learner's cells, in the sandbox; needs Python alone.

Started once for a chapter: it runs the chapter's own set-up cells, and is then a process that
every check begins from as a copy (fork), with nothing of any learner in it. For each learner a copy
goes into the jail and makes from itself a copy for each check. That one runs the cells which the
answer needs, puts replaced functions of the libraries back, runs the assignment's own check in a
namespace of its own and hands back a verdict with a secret that no answer has seen.

Messages on stdin and stdout: eight bytes of length, then JSON.
"""

import json
import os
import select
import signal
import struct
import sys
import time
import types

import jail
from examine import Pristine, examine

OUTPUT = 100_000  # bytes kept of what a check and its answer print
REPLY = 20_000_000


def read_exactly(fd: int, size: int) -> bytes:
    """So many bytes, or fewer at the end of the stream."""
    parts = []
    while size and (part := os.read(fd, min(size, 1 << 16))):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def send(fd: int, message: object) -> None:
    """Write one message."""
    content = json.dumps(message).encode()
    content = struct.pack(">Q", len(content)) + content
    while content:
        content = content[os.write(fd, content) :]


def serve() -> None:
    """Run the set-up cells, then the jobs that come in, one after the other."""
    source, reply = os.dup(0), os.dup(1)
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    os.dup2(0, 1)
    namespace, before = prepare(json.loads(read_exactly(source, length(source))))
    send(reply, {"error": before if isinstance(before, str) else ""})
    while size := length(source):
        inner, outer = os.pipe()
        child = os.fork()
        if not child:
            os.close(inner)
            os.close(reply)
            job = json.loads(read_exactly(source, size))
            os.close(source)
            try:
                send(outer, warden(job, namespace, before))
            except Exception as error:  # noqa: BLE001 (whatever it was, it is told)
                send(outer, {"error": f"{type(error).__name__}: {error}"})
            os._exit(0)
        os.close(outer)
        answer = read_exactly(inner, REPLY)
        os.close(inner)
        os.waitpid(child, 0)
        try:
            message = json.loads(answer[8:])
        except ValueError:
            message = {"error": "the sandbox ended before its time"}
        send(reply, message)


def length(fd: int) -> int:
    """The length of the next message; 0 at the end of the stream."""
    header = read_exactly(fd, 8)
    return struct.unpack(">Q", header)[0] if len(header) == 8 else 0


def prepare(setup: list[str]) -> tuple[dict, "Pristine | str"]:
    """The notebook's namespace after the set-up cells, and how the libraries were then."""
    main = types.ModuleType("__main__")
    sys.modules["__main__"] = main
    for name in ("jail", "examine"):
        sys.modules.pop(name, None)
    sys.path[:] = [path for path in sys.path if path != os.path.dirname(os.path.abspath(__file__))]
    try:
        for source in setup:
            exec(compile(source, "<set-up>", "exec"), vars(main))  # noqa: S102
    except Exception as error:  # noqa: BLE001 (whatever it was, it is told)
        return vars(main), f"the chapter's set-up fails: {type(error).__name__}: {error}"
    return vars(main), Pristine()


def warden(job: dict, namespace: dict, before: Pristine) -> dict:
    """Go into the jail and have the learner's exercises checked there, each in its own process."""
    alone = job["spec"]["kind"] == "namespaces"
    place = jail.confine(job["spec"])
    jail.hide_memory()
    os.environ.update({"HOME": place, "TMPDIR": place, "COURSE_EXAM_LOG": os.devnull})
    results = {}
    for check in job["checks"]:
        results[check["name"]] = run(job, check, namespace, before, alone)
    return {"error": "", "checks": results}


def run(job: dict, check: dict, namespace: dict, before: Pristine, alone: bool) -> dict:
    """Check one exercise in a process of its own, within the limits."""
    out, verdict = os.pipe(), os.pipe()
    child = os.fork()
    if not child:
        os.close(out[0])
        os.close(verdict[0])
        examine(job, check, namespace, before, out[1], verdict[1])
    os.close(out[1])
    os.close(verdict[1])
    kept = {out[0]: b"", verdict[0]: b""}
    stopped = watch(child, kept, verdict[0], job, alone)
    end(child, alone)
    for fd in kept:
        os.close(fd)
    secret, *fields = kept[verdict[0]].split(b"\0")
    result = {"printed": kept[out[0]].decode("utf-8", "replace"), "stopped": stopped}
    if secret != job["nonce"].encode() or len(fields) != 5:
        reason = stopped or "the process ended before its check did (exit, os._exit or a crash)"
        return {**result, "passed": False, "kind": "Stopped", "message": reason, "trace": ""}
    passed, kind, message, trace, notes = (field.decode("utf-8", "replace") for field in fields)
    result |= {"kind": kind, "message": message, "trace": trace}
    return {**result, "passed": passed == "passed", "notes": notes.splitlines()}


def watch(child: int, kept: dict[int, bytes], verdict: int, job: dict, alone: bool) -> str:
    """Read what the process prints until it has said its verdict; why it was stopped, if so."""
    latest, last_look = time.monotonic() + job["seconds"], 0.0
    for fd in kept:
        os.set_blocking(fd, False)
    ended, open_ends = 0.0, set(kept)
    while True:
        ready, _, _ = select.select(open_ends, [], [], 0 if ended else 0.1)
        now = time.monotonic()
        for fd in ready:
            part = os.read(fd, 1 << 16)
            kept[fd] += part[: OUTPUT - len(kept[fd])]
            if not part:
                open_ends.discard(fd)
                ended = ended or now * (fd == verdict)
        if ended and (not ready or now > ended + 1):
            return ""
        if not ended and now > latest:
            return f"not done after {job['seconds']:g} seconds, and ended"
        if alone and now - last_look > 0.3:
            last_look = now
            if used() > job["spec"]["limits"]["memory"]:
                return f"took more than {job['spec']['limits']['memory'] / 1e9:g} GB of memory"
        if not ended and os.waitpid(child, os.WNOHANG)[0]:
            ended = now


def used() -> int:
    """Bytes of memory of all processes of the jail but this one, as far as they are not shared."""
    total = 0
    for name in filter(str.isdecimal, os.listdir("/proc") if os.path.isdir("/proc/1") else ()):
        try:
            with open(f"/proc/{name}/statm") as file:
                _, resident, shared, *_ = map(int, file.read().split())
        except (OSError, ValueError):
            continue
        total += (resident - shared) * os.sysconf("SC_PAGE_SIZE") * (int(name) != os.getpid())
    return total


def end(child: int, alone: bool) -> None:
    """End the process and whatever it has started."""
    for kill, target in ((os.killpg, child), (os.kill, child)):
        try:
            kill(target, signal.SIGKILL)
        except OSError:
            pass
    alone = alone and os.getpid() == 1  # outside a jail, -1 below would be every process there is
    if alone:  # process 1 of the jail: everything but itself
        try:
            os.kill(-1, signal.SIGKILL)
        except OSError:
            pass
    try:
        while os.waitpid(-1, os.WNOHANG if not alone else 0)[0]:
            pass
    except ChildProcessError:
        pass


if __name__ == "__main__":
    serve()
