"""JupyterLab or Voila and a real browser, for the tests that look at the page a learner sees.

Used by tests/test_browser.py, tests/test_drawing_pad.py and tools/screenshot.py.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import course
from tests.pages import (
    browser_page,
    open_notebook,
    restart_and_run_all,
    shown_cells,
    wait_until_still,
)

__all__ = [
    "ALL_CELLS_IN_PAGE",
    "BROWSER_NAMES",
    "Server",
    "browser_page",
    "driver_problem",
    "find_browser",
    "free_port",
    "jupyter_env",
    "lab_server",
    "open_notebook",
    "require_browser",
    "restart_and_run_all",
    "shown_cells",
    "voila_server",
    "wait_until_still",
]
BROWSER_NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
)
# JupyterLab leaves cells that are out of view out of the page; a test needs them all.
ALL_CELLS_IN_PAGE = {"@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"}}


@dataclass(frozen=True)
class Server:
    """A running JupyterLab or Voila.

    Its base address (no trailing slash), its token, its log file, and a path that answers as soon
    as the server is ready.
    """

    url: str
    token: str
    log: Path
    status: str = "/api/status"

    def page(self, path: str) -> str:
        """The address of `path` in JupyterLab; it starts at the served folder, with '/' between."""
        return f"{self.url}/lab/tree/{urllib.parse.quote(path)}?token={self.token}"


def find_browser() -> str | None:
    """The path of a Chromium-like browser: COURSE_BROWSER, else the first known name on PATH."""
    named = os.environ.get("COURSE_BROWSER")
    if named:
        found = shutil.which(named)
        if found is None:
            raise FileNotFoundError(
                f"COURSE_BROWSER names {named!r}, which is not a program that can be run: "
                "set it to the path of a Chromium or Chrome, or unset it."
            )
        return found
    return next((path for name in BROWSER_NAMES if (path := shutil.which(name))), None)


def require_browser() -> str:
    """The path of a browser for a test; without one the test is skipped, on a Linux CI it fails.

    The same where Playwright, which drives the browser, cannot start.
    """
    import pytest  # here, as tools/screenshot.py has no use for it

    found = find_browser()
    reason = (
        f"no browser: none of {', '.join(BROWSER_NAMES)} is on PATH; "
        "install Chromium or Chrome, or set COURSE_BROWSER to its path"
    )
    if found is not None:
        reason = driver_problem()
    if not reason:
        return found
    if os.environ.get("CI", "").lower() not in ("", "0", "false") and sys.platform == "linux":
        pytest.fail(f"{reason} (on a CI machine this test must run)")
    pytest.skip(reason)


def driver_problem() -> str:
    """Why Playwright's own program does not start on this system; empty when it does."""
    command = [sys.executable, "-m", "playwright", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return ""
    return (
        f"Playwright does not start: {done.stderr.strip()[-500:]}\n"
        "On Debian and Ubuntu it needs the package libatomic1."
    )


def free_port() -> int:
    """A TCP port on this machine that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def jupyter_env(folder: Path, settings: dict[str, dict] | None = None) -> dict[str, str]:
    """The environment of `course.py lab` with Jupyter's own folders moved below `folder`.

    The user's own JupyterLab settings then neither matter nor change. `settings` are JupyterLab's
    settings to start from, as {plugin: {key: value}}.
    """
    config = folder / "config"
    labconfig = config / "labconfig"
    labconfig.mkdir(parents=True, exist_ok=True)
    overrides = labconfig / "default_setting_overrides.json"
    overrides.write_text(json.dumps(settings or ALL_CELLS_IN_PAGE), encoding="utf-8")
    return course.environment(Path(sys.executable), dict(os.environ)) | {
        "JUPYTER_CONFIG_DIR": str(config),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
        "IPYTHONDIR": str(folder / "ipython"),
    }


@contextlib.contextmanager
def lab_server(
    served: Path,
    state: Path,
    *,
    settings: dict[str, dict] | None = None,
    env: dict[str, str] | None = None,
    timeout: float = 90,
) -> Iterator[Server]:
    """JupyterLab as `course.py lab` starts it, on a port of its own, showing the folder `served`.

    The folder `state` takes its log and Jupyter's own folders; `settings` are JupyterLab's settings
    to start from, as {plugin: {key: value}}; `env` is added to the environment; `timeout` is in
    seconds. The server and its kernels end with the `with` block. Raises RuntimeError with the end
    of the log when the server stops or does not answer in time.
    """
    state.mkdir(parents=True, exist_ok=True)
    port, token, log = free_port(), secrets.token_hex(16), state / "server.log"
    extra = [
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        f"--IdentityProvider.token={token}",
        "--LabApp.expose_app_in_browser=True",
        "--ServerApp.open_browser=False",
    ]
    server = Server(f"http://127.0.0.1:{port}", token, log)
    command = course.lab_command(Path(sys.executable), served, extra)
    with _running(server, command, jupyter_env(state, settings) | (env or {}), timeout):
        yield server


@contextlib.contextmanager
def voila_server(
    notebook: Path, state: Path, *, env: dict[str, str] | None = None, timeout: float = 90
) -> Iterator[Server]:
    """Voila showing one notebook at its base address, on a port of its own.

    The notebook runs anew, in a kernel of its own, for each time its page is opened. For `state`,
    `env`, `timeout` and the errors see `lab_server`.
    """
    state.mkdir(parents=True, exist_ok=True)
    port = free_port()
    command = [sys.executable, "-m", "voila", str(notebook), "--no-browser", f"--port={port}"]
    command += ["--Voila.ip=127.0.0.1", "--Voila.port_retries=0"]
    log = state / "server.log"
    server = Server(f"http://127.0.0.1:{port}", "", log, status="/voila/static/voila-style.js")
    with _running(server, command, jupyter_env(state) | (env or {}), timeout):
        yield server


@contextlib.contextmanager
def _running(
    server: Server, command: list[str], env: dict[str, str], timeout: float
) -> Iterator[None]:
    """The server's program, from the moment it answers to the end of the `with` block."""
    with server.log.open("w", encoding="utf-8") as sink:
        process = subprocess.Popen(
            command,
            cwd=course.ROOT,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            env=env,
        )
        try:
            _wait_until_it_answers(server, process, timeout)
            yield
        finally:
            _stop(server, process)


def _wait_until_it_answers(server: Server, process: subprocess.Popen, timeout: float) -> None:
    """Return when the server's status path answers; RuntimeError when it ends or stays silent."""
    end = time.monotonic() + timeout
    while True:
        with contextlib.suppress(OSError):
            _ask(server, "GET", server.status)
            return
        if process.poll() is not None:
            what = f"stopped with exit code {process.returncode}"
        elif time.monotonic() > end:
            what = f"did not answer within {timeout:.0f} s"
        else:
            time.sleep(0.2)
            continue
        tail = server.log.read_text(encoding="utf-8", errors="replace")[-3000:]
        raise RuntimeError(f"the server {what}. The end of its log:\n{tail}")


def _ask(server: Server, method: str, path: str) -> bytes:
    """One request to the server's own interface; OSError when it fails."""
    headers = {"Authorization": f"token {server.token}"}
    request = urllib.request.Request(server.url + path, method=method, headers=headers)
    # No proxy: the server is on this machine, whatever the environment says.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=10) as answer:
        return answer.read()


def _stop(server: Server, process: subprocess.Popen) -> None:
    """Ask the server to shut down, which ends its kernels too; insist if it does not."""
    insist = [process.kill]
    if process.poll() is None:
        try:
            _ask(server, "POST", "/api/shutdown")
            insist.insert(0, process.terminate)
        except OSError:  # Voila has no such path: it ends its kernels when it is terminated
            process.terminate()
    for act in insist:
        try:
            process.wait(timeout=20)
            return
        except subprocess.TimeoutExpired:
            act()
    process.wait()
