"""tools.lab: what JupyterLab is started with, and what the learner is told."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import urllib.error
import urllib.request

import pytest

import course
from tests.browser import free_port, jupyter_env
from tools import lab


def test_lab_opens_the_first_chapter(tmp_path) -> None:
    for name in ("02_more", "01_first"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.ipynb").touch()
    options = lab.settings(tmp_path)
    assert f"--ServerApp.root_dir={tmp_path}" in options
    assert "--LabApp.default_url=/lab/tree/01_first/01_first.ipynb" in options


def test_lab_goes_back_to_where_the_learner_was(tmp_path) -> None:
    (tmp_path / "01_first").mkdir()
    (tmp_path / "01_first" / "01_first.ipynb").touch()
    assert lab.first_notebook(tmp_path) == "01_first/01_first.ipynb"
    (tmp_path / ".lab" / "workspaces").mkdir(parents=True)
    (tmp_path / ".lab" / "workspaces" / "default.jupyterlab-workspace").touch()
    assert lab.first_notebook(tmp_path) is None


@pytest.mark.parametrize("user", [0, 1000])
def test_lab_as_root_is_allowed(user, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user, raising=False)
    assert ("--allow-root" in lab.settings(tmp_path)) == (user == 0)


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
    monkeypatch.setattr(lab.sys, "platform", system)
    assert ("--no-browser" not in lab.settings(tmp_path)) == opens
    told = lab.where("http://localhost:8889/lab", "abc", 8889, "localhost")
    assert told[0].startswith("JupyterLab: http://127.0.0.1:8889/lab?token=abc ")
    assert len(told) == (1 if opens else 2)
    if not opens:
        assert re.search(r" ssh -L 8889:127.0.0.1:8889 \S+@\S+ ", told[1])


def test_a_server_for_all_the_network_needs_no_tunnel(monkeypatch) -> None:
    monkeypatch.setenv("CI", "true")
    assert len(lab.where("http://host:8888/lab", "", 8888, "0.0.0.0")) == 1


@pytest.mark.parametrize("verbose", [False, True])
def test_the_log_is_shown_when_it_is_asked_for(verbose, tmp_path, monkeypatch) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr(lab.LabApp, "launch_instance", started.append)
    monkeypatch.setattr(lab.LabApp, "serverapp_class", lab.ServerApp)
    monkeypatch.setattr(lab.logging, "captureWarnings", lambda capture: None)
    monkeypatch.setattr(lab.logging.getLogger("py.warnings"), "disabled", False)
    monkeypatch.setattr(lab.subprocess, "call", lambda *_, **__: pytest.fail("made copies"))
    for name in ("JUPYTER_TOKEN", "JUPYTER_CONFIG_PATH", "COURSE_WORKBOOK"):
        monkeypatch.setenv(name, "abc")
    lab.main(["--folder", str(tmp_path), "--port=9999", *["--verbose"] * verbose])
    (options,) = started
    assert options[-1] == "--port=9999", "the user's own options come last and win"
    assert ("--Application.log_level=ERROR" in options) == (not verbose)
    assert (lab.LabApp.serverapp_class is lab.ServerApp) == verbose
    assert os.environ["COURSE_WORKBOOK"] == str(tmp_path), "the exam's log lies with the work"


@pytest.mark.parametrize("verbose", [False, True])
def test_copies_are_made_where_the_workbook_is(verbose, tmp_path, monkeypatch) -> None:
    made: list[list[str]] = []
    monkeypatch.setattr(lab.LabApp, "launch_instance", made.append)
    monkeypatch.setattr(lab.LabApp, "serverapp_class", lab.ServerApp)
    monkeypatch.setattr(lab.subprocess, "call", lambda line, **_: made.append(line))
    monkeypatch.setattr(lab.logging, "captureWarnings", lambda capture: None)
    monkeypatch.setattr(lab.logging.getLogger("py.warnings"), "disabled", False)
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "")
    monkeypatch.setenv("COURSE_WORKBOOK", str(tmp_path))
    monkeypatch.setenv("JUPYTER_TOKEN", "abc")
    lab.main(["--verbose"] * verbose)
    assert made[0][2:] == ["tools.workbook", *["--quiet"] * (not verbose)]
    assert f"--ServerApp.root_dir={tmp_path}" in made[1]
    monkeypatch.setenv("COURSE_WORKBOOK", str(tmp_path / "cannot be made"))
    with pytest.raises(SystemExit, match="1"):
        lab.main([])


def test_lab_says_where_it_is_and_nothing_else(tmp_path) -> None:
    port = free_port()
    (tmp_path / "served").mkdir()
    command = [sys.executable, "-m", "tools.lab", "--folder", str(tmp_path / "served")]
    server = subprocess.Popen(
        [*command, f"--port={port}"],
        cwd=course.ROOT,
        env=jupyter_env(tmp_path / "state") | {"CI": "true"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    watchdog = threading.Timer(400, server.kill)  # a silent server must not stop the tests
    watchdog.start()
    try:
        said = [server.stdout.readline() for _ in range(2)]
        address = re.fullmatch(r"JupyterLab: (\S+)    \(Ctrl-C ends it\)\n", said[0])
        assert address, said
        assert f":{port}/lab?token=" in address[1]
        assert f"ssh -L {port}:127.0.0.1:{port} " in said[1]
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        page = opener.open(address[1], timeout=30).read().decode()
        assert "<title>JupyterLab</title>" in page, "the address leads to the page, without log-in"
        settings = json.loads(re.search(r'id="jupyter-config-data"[^>]*>(.+?)</script>', page)[1])
        assert "@jupyter/nbgrader" in settings["disabledExtensions"], "teachers' panels are shown"
        token = address[1].partition("?")[2]
        with pytest.raises(urllib.error.HTTPError, match="404"):
            opener.open(f"http://127.0.0.1:{port}/formgrader?{token}", timeout=30)
        assert server.poll() is None
    finally:
        watchdog.cancel()
        server.terminate()
        rest, _ = server.communicate(timeout=30)
    assert len(rest.splitlines()) <= 1, rest  # that it was asked to end
