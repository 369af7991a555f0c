"""While the tests run, connections to other machines are refused, in child processes as well."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tools.sound import write_cells
from tools import execute, notebooks

GUARDED = """\
import socket
for host in ("192.0.2.1", "server.invalid"):
    try:
        socket.create_connection((host, 80), timeout=5)
    except OSError as error:
        print(type(error).__name__, host in str(error))"""

OUTSIDE = ["192.0.2.1", "2001:db8::1", "server.invalid", b"server.invalid", "192.0.2.1%lo"]
INSIDE = ["127.0.0.1", "127.1.2.3", "::1", "localhost", "a.localhost", "", None, b"127.0.0.1"]


def guard_module() -> object:
    """The guard's module under a name at which it hides no ``sitecustomize``."""
    import importlib.util

    place = notebooks.ROOT / "tests" / "no_network" / "sitecustomize.py"
    spec = importlib.util.spec_from_file_location("guard", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("host", OUTSIDE)
def test_other_machines_are_seen(host: object) -> None:
    assert not guard_module().is_own_machine(host)


@pytest.mark.parametrize("host", INSIDE)
def test_this_machine_is_seen(host: object) -> None:
    assert guard_module().is_own_machine(host)


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda s: s.connect(("192.0.2.1", 80)), "192.0.2.1"),
        (lambda s: s.connect_ex(("192.0.2.1", 80)), "192.0.2.1"),
        (lambda s: s.sendto(b"x", ("192.0.2.1", 80)), "192.0.2.1"),
        (lambda s: s.sendto(b"x", ("255.255.255.255", 9)), "255.255.255.255"),
        (lambda s: socket.getaddrinfo("server.invalid", 80), "server.invalid"),
        (lambda s: socket.gethostbyname("server.invalid"), "server.invalid"),
        (lambda s: socket.gethostbyname_ex("server.invalid"), "server.invalid"),
        (lambda s: socket.gethostbyaddr("192.0.2.1"), "192.0.2.1"),
        (lambda s: socket.getnameinfo(("192.0.2.1", 80), 0), "192.0.2.1"),
        (lambda s: socket.create_connection(("server.invalid", 80)), "server.invalid"),
    ],
)
def test_network_is_blocked_in_this_process(call: Callable, named: str) -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s,
        pytest.raises(OSError, match=f"network blocked: .*{named}"),
    ):
        s.settimeout(5)
        call(s)


def test_a_download_says_that_the_network_is_blocked() -> None:
    import urllib.request

    with pytest.raises(OSError, match=r"network blocked: .*server\.invalid"):
        urllib.request.urlopen("http://server.invalid/mnist.gz", timeout=5)


def test_loopback_works() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        for host in ("127.0.0.1", "localhost"):
            with socket.create_connection((host, server.getsockname()[1]), timeout=5):
                server.accept()[0].close()


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no unix sockets here")
def test_unix_sockets_work(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)  # a relative name, as a path may be too long for a socket
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind("socket")
        server.listen()
        client.connect("socket")


def python(code_text: str, *path: Path) -> str:
    """What a child process prints; folders of ``path`` follow the guard's on its PYTHONPATH."""
    extra = os.pathsep.join([os.environ["PYTHONPATH"], *map(str, path)])
    done = subprocess.run(
        [sys.executable, "-c", code_text],
        env={**os.environ, "PYTHONPATH": extra},
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    return done.stdout + done.stderr


def test_network_is_blocked_in_child_processes() -> None:
    printed = python(
        GUARDED
        + "\nserver = socket.create_server(('127.0.0.1', 0))"
        + "\nsocket.create_connection(server.getsockname(), timeout=5)\nprint('loopback works')"
        + "\nimport multiprocessing.connection, subprocess, sys"
        + f"\nsubprocess.run([sys.executable, '-c', {GUARDED!r}])"
    )
    expected = ["NetworkBlockedError True"] * 2 + ["loopback works"]
    assert sorted(printed.split("\n")) == ["", *expected[:2] * 2, expected[2]], printed


def test_network_is_blocked_in_kernels(tmp_path: Path) -> None:
    nb = notebooks.read(write_cells(tmp_path / "a.ipynb", GUARDED))
    printed = execute.run(nb, tmp_path).cells[0].outputs[0].text
    assert printed == "NetworkBlockedError True\n" * 2


def test_the_guard_lets_another_sitecustomize_run(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import builtins\nbuiltins.other = 'ran, too'\n")
    printed = python("import sitecustomize\nprint(other, sitecustomize.__file__)", tmp_path)
    assert printed == f"ran, too {tmp_path / 'sitecustomize.py'}\n"
    assert "NetworkBlockedError True" in python(GUARDED, tmp_path)


def test_no_proxy_leads_around_the_guard() -> None:
    import urllib.request

    assert urllib.request.getproxies_environment().keys() <= {"no"}
    assert urllib.request.proxy_bypass("server.invalid")
