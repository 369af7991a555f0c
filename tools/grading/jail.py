"""Put this process where it can do no harm: namespaces on Linux, and limits everywhere.

Imported, or started with a program and its arguments, by what grades; it needs Python alone. In the
jail there is no network, no other process, no file but Python, the system's libraries and the
course's package and data, all read-only, and a folder in memory to write to.
"""

import ctypes
import fcntl
import json
import os
import resource
import shutil
import signal
import socket
import struct
import sys

# Of <sched.h>, <sys/mount.h> and <sys/prctl.h>.
NEWNS, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET = (1 << n for n in (17, 26, 27, 28, 29, 30))
RDONLY, NOSUID, NODEV, REMOUNT, BIND, REC, PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
RELATIME, DETACH, LO_UP = 1 << 21, 2, 0x8914
PDEATHSIG, DUMPABLE, NO_NEW_PRIVS = 1, 4, 38
NOBODY = 65534
WORK = "/learner"  # where the learner's program may write, and its home
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/fonts", "/etc/ssl")
DEVICES = ("null", "zero", "full", "random", "urandom")


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _call(name: str, *arguments: object) -> None:
    """A function of the C library; OSError when it fails."""
    values = [a.encode() if isinstance(a, str) else a for a in arguments]
    if getattr(_libc(), name)(*values) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name} {arguments[:3]}: {os.strerror(number)}")


def _mount(source: str, target: str, kind: str | None, flags: int, options: str = "") -> None:
    _call("mount", source, target, kind, ctypes.c_ulong(flags), options)


def _bind(path: str, root: str, writable: bool = False) -> None:
    """Show `path` under `root` at the same place, read-only."""
    place = root + path
    if os.path.islink(path) and os.path.dirname(path) == "/":  # /bin is a link to usr/bin
        os.symlink(os.readlink(path), place)
        return
    if os.path.isdir(path):
        os.makedirs(place, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(place, "a"):
            pass
    _mount(path, place, None, BIND | REC)
    if not writable:
        held = os.statvfs(place).f_flag
        kept = held & (NOSUID | NODEV | 8 | 1024 | 2048) | (RELATIME if held & 4096 else 0)
        _mount("none", place, None, REMOUNT | BIND | RDONLY | kept)


def enter(spec: dict) -> None:
    """Go into a jail made of namespaces; the caller goes on inside as its first process.

    The process that called stays outside, waits and ends like the one inside. `spec`: `folder` (an
    empty one, to build in), `show` (paths that are seen), `files` (a folder that is copied to the
    place of work), `limits`. Raises OSError where the system has no namespaces for us.
    """
    uid, gid = os.geteuid(), os.getegid()
    spaces = NEWNS | NEWPID | NEWNET | NEWIPC | NEWUTS
    _call("unshare", spaces if uid == 0 else spaces | NEWUSER)
    if uid != 0:
        for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1")):
            _write(f"/proc/self/{name}", text)
        _write("/proc/self/gid_map", f"{gid} {gid} 1")
    root = spec["folder"]
    _mount("none", "/", None, REC | PRIVATE)
    _mount("tmpfs", root, "tmpfs", NOSUID | NODEV, "size=1m,mode=755")
    for path in dict.fromkeys([*SYSTEM, *spec["show"]]):
        if os.path.exists(path):
            _bind(path, root)
    for name in DEVICES:
        _bind(f"/dev/{name}", root, writable=True)
    size = spec["limits"]["files"]
    for place in (WORK, "/tmp", "/dev/shm"):
        os.makedirs(root + place, exist_ok=True)
        options = f"size={size},nr_inodes=20000,mode=1777"
        _mount("tmpfs", root + place, "tmpfs", NOSUID | NODEV, options)
    if spec.get("files"):
        _copy(spec["files"], root + WORK)
    _raise_loopback()
    _enter_as_first(root)
    if uid == 0:
        drop_user()


def _copy(source: str, target: str) -> None:
    """Copy the files of a folder, readable and writable for whoever works there."""
    shutil.copytree(source, target, copy_function=shutil.copyfile, dirs_exist_ok=True)
    os.chmod(target, 0o1777)


def _write(path: str, text: str) -> None:
    with open(path, "w") as file:
        file.write(text)


def _raise_loopback() -> None:
    """A notebook and its kernel speak over the loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, LO_UP, struct.pack("16sh", b"lo", 1 | 64))


def _enter_as_first(root: str) -> None:
    """Fork; the child is process 1 of the jail and sees `root` alone, the parent waits for it."""
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
    _call("prctl", PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    os.makedirs(f"{root}/proc", exist_ok=True)
    try:
        _mount("proc", f"{root}/proc", "proc", NOSUID | NODEV | 8)
    except OSError:
        pass  # some containers forbid it; little needs it
    os.makedirs(f"{root}/old")
    number = ctypes.c_long(
        {"x86_64": 155, "ppc64le": 203, "s390x": 217}.get(os.uname().machine, 41)
    )
    _call("syscall", number, root, f"{root}/old")  # pivot_root
    os.chdir("/")
    _call("umount2", "/old", DETACH)
    os.rmdir("/old")
    _mount("none", "/", None, REMOUNT | RDONLY | NOSUID | NODEV)


def drop_user() -> None:
    """Of root's rights keep none: go on as nobody."""
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


def limit(limits: dict, own_user: bool) -> None:
    """Set limits of memory, files and processes that cannot be raised again."""
    wanted = {"FSIZE": limits["files"], "CORE": 0, "DATA": limits["memory"], "NOFILE": 1024}
    if own_user:
        wanted["NPROC"] = limits["processes"]
    for name, value in wanted.items():
        kind = getattr(resource, f"RLIMIT_{name}", None)
        if kind is not None:
            most = resource.getrlimit(kind)[1]
            value = value if most < 0 else min(value, most)
            try:
                resource.setrlimit(kind, (value, value))
            except (OSError, ValueError):  # macOS has limits of its own
                pass
    if sys.platform.startswith("linux"):
        _call("prctl", NO_NEW_PRIVS, 1, 0, 0, 0)


def hide_memory() -> None:
    """No other process of the same user may look into this one."""
    if sys.platform.startswith("linux"):
        _call("prctl", DUMPABLE, 0, 0, 0, 0)


def confine(spec: dict) -> str:
    """Go into the strongest jail of kind ``spec["kind"]``; returns the folder to work in.

    Kinds: `namespaces`; `user`, for root where there are none: a user without rights; `limits`.
    """
    if spec["kind"] == "namespaces":
        enter(spec)
        place = WORK
    else:
        place = spec["folder"]
        if spec.get("files"):
            _copy(spec["files"], place)
        if spec["kind"] == "user":
            for folder, _, names in os.walk(place):
                for path in (folder, *(os.path.join(folder, name) for name in names)):
                    os.chown(path, NOBODY, NOBODY)
            drop_user()
    limit(spec["limits"], spec["kind"] != "limits")
    os.chdir(place)
    return place


if __name__ == "__main__":
    job = json.loads(sys.argv[1])
    home = confine(job)
    variables = {**job["environment"], "HOME": home, "TMPDIR": home, "JUPYTER_RUNTIME_DIR": home}
    os.execve(job["command"][0], job["command"], variables)
